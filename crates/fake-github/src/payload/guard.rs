//! Deliveries about what guards a repository: rulesets, protection, members, teams, keys, security.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::event::{post, team_json};
use super::{API, WEB, node_id, user};
use crate::account::Team;
use crate::clock::{Clock, rfc3339};
use crate::repo::{Permission, Repo};
use crate::rest::safeguards::rules_of;
use crate::stage::{ClassicSpec, DeployKeySpec, RulesetSpec};
use crate::world::World;

/// Repository and sender.
type At = (u64, u64);

pub(crate) fn switch(on: bool) -> Value {
    json!({ "status": if on { "enabled" } else { "disabled" } })
}

/// `repository`, with what the action adds.
pub(crate) fn repository_changed(world: &mut World, action: &'static str, at: At, extra: Value) {
    post(world, "repository", Some(action), Some(at.0), at.1, extra);
}

/// The same name has the same id.
pub(crate) fn id_of(text: &str) -> u64 {
    Sha256::digest(text.as_bytes()).iter().take(3).fold(0, |id, byte| id * 256 + u64::from(*byte))
}

/// `repository_ruleset`. What changed leaves out who may go past it, as GitHub does: that must be read.
pub(crate) fn ruleset(
    world: &mut World,
    action: &'static str,
    at: At,
    now: &RulesetSpec,
    before: Option<&RulesetSpec>,
) {
    let Some(repo) = world.repos.get(&at.0) else { return };
    let (kind, source) = match &now.organization {
        Some(organization) => ("Organization", organization.clone()),
        None => ("Repository", repo.full_name()),
    };
    let born = rfc3339(Clock::default().story());
    let mut own = json!({ "repository_ruleset": {
        "id": now.id, "name": now.name, "source_type": kind, "source": source, "enforcement": now.enforcement,
        "node_id": node_id("RRS", now.id), "rules": rules_of(now), "created_at": born,
        "updated_at": rfc3339(world.clock.story()),
    } });
    if let (Value::Object(own), Some(before)) = (&mut own, before) {
        own.insert("changes".to_owned(), ruleset_changes(now, before));
    }
    post(world, "repository_ruleset", Some(action), Some(at.0), at.1, own);
}

fn ruleset_changes(now: &RulesetSpec, before: &RulesetSpec) -> Value {
    let mut changes = Map::new();
    if now.name != before.name {
        changes.insert("name".to_owned(), json!({ "from": before.name }));
    }
    if now.enforcement != before.enforcement {
        changes.insert("enforcement".to_owned(), json!({ "from": before.enforcement }));
    }
    let (new, old) = (rules_of(now), rules_of(before));
    let without = |some: &[Value], others: &[Value]| -> Vec<Value> {
        some.iter().filter(|rule| !others.contains(rule)).cloned().collect()
    };
    let (added, deleted) = (without(&new, &old), without(&old, &new));
    if !added.is_empty() || !deleted.is_empty() {
        changes.insert("rules".to_owned(), json!({ "added": added, "deleted": deleted, "updated": [] }));
    }
    Value::Object(changes)
}

/// `branch_protection_configuration`: all of the repository's protection at once.
pub(crate) fn configuration(world: &mut World, action: &'static str, at: At) {
    post(world, "branch_protection_configuration", Some(action), Some(at.0), at.1, json!({}));
}

/// `branch_protection_rule`.
pub(crate) fn protection(
    world: &mut World,
    action: &'static str,
    at: At,
    now: &ClassicSpec,
    before: Option<&ClassicSpec>,
) {
    let rule = rule_json(world, at.0, now);
    let mut own = json!({ "rule": rule });
    if let (Value::Object(own), Some(before)) = (&mut own, before) {
        let old = rule_json(world, at.0, before);
        let told = [
            "admin_enforced",
            "pull_request_reviews_enforcement_level",
            "require_last_push_approval",
            "required_status_checks",
            "required_status_checks_enforcement_level",
        ];
        let changed = told.iter().filter(|key| rule.get(**key) != old.get(**key));
        let changes: Map<String, Value> =
            changed.map(|key| ((*key).to_owned(), json!({ "from": old.get(*key) }))).collect();
        own.insert("changes".to_owned(), Value::Object(changes));
    }
    post(world, "branch_protection_rule", Some(action), Some(at.0), at.1, own);
}

fn rule_json(world: &World, repo: u64, rule: &ClassicSpec) -> Value {
    let who = if rule.enforce_admins { "everyone" } else { "non_admins" };
    let level = |on: bool| if on { who } else { "off" };
    let reviews = rule.reviews.clone().unwrap_or_default();
    let contexts: Vec<&str> = rule.checks.iter().map(|check| check.context.as_str()).collect();
    json!({
        "id": id_of(&rule.branch), "repository_id": repo, "name": rule.branch,
        "created_at": rfc3339(Clock::default().story()), "updated_at": rfc3339(world.clock.story()),
        "pull_request_reviews_enforcement_level": level(rule.reviews.is_some()),
        "required_approving_review_count": reviews.approvals,
        "dismiss_stale_reviews_on_push": reviews.dismiss_stale, "require_code_owner_review": false,
        "authorized_dismissal_actors_only": false, "ignore_approvals_from_contributors": false,
        "require_last_push_approval": reviews.last_push,
        "required_status_checks": contexts,
        "required_status_checks_enforcement_level": level(!contexts.is_empty()),
        "strict_required_status_checks_policy": false, "signature_requirement_enforcement_level": "off",
        "linear_history_requirement_enforcement_level": "off", "admin_enforced": rule.enforce_admins,
        "create_protected": false,
        "allow_force_pushes_enforcement_level": if rule.allow_force_pushes { "everyone" } else { "off" },
        "allow_deletions_enforcement_level": if rule.allow_deletions { "everyone" } else { "off" },
        "merge_queue_enforcement_level": "off", "required_deployments_enforcement_level": "off",
        "required_conversation_resolution_level": "off", "lock_branch_enforcement_level": "off",
        "lock_allows_fork_sync": false, "authorized_actors_only": false, "authorized_actor_names": [],
    })
}

/// `member`, added or edited.
pub(crate) fn member(world: &mut World, action: &'static str, at: At, account: u64, changes: &Value) {
    let own = json!({ "member": user(world, account), "changes": changes });
    post(world, "member", Some(action), Some(at.0), at.1, own);
}

/// `team`, of an organisation's account; `before` is what it might do until now.
pub(crate) fn team(
    world: &mut World,
    action: &'static str,
    at: At,
    (org, team): &(u64, Team),
    before: Option<Permission>,
) {
    let Some(account) = world.accounts.get(org) else { return };
    let mut own = json!({ "team": team_json(account, team) });
    if let (Value::Object(own), Some(before)) = (&mut own, before) {
        let from = json!({
            "pull": before >= Permission::Read, "push": before >= Permission::Write,
            "admin": before >= Permission::Admin,
        });
        let changes = json!({ "repository": { "permissions": { "from": from } } });
        own.insert("changes".to_owned(), changes);
    }
    post(world, "team", Some(action), Some(at.0), at.1, own);
}

/// `deploy_key`.
pub(crate) fn deploy_key(world: &mut World, action: &'static str, at: At, key: &DeployKeySpec) {
    let Some(repo) = world.repos.get(&at.0) else { return };
    let id = id_of(&key.title);
    let own = json!({ "key": {
        "id": id, "key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", "title": key.title, "verified": true,
        "url": format!("{API}/repos/{}/keys/{id}", repo.full_name()), "read_only": !key.write,
        "created_at": rfc3339(world.clock.story()),
    } });
    post(world, "deploy_key", Some(action), Some(at.0), at.1, own);
}

/// `security_and_analysis`, which has no action.
pub(crate) fn security(world: &mut World, at: At, before: &Value) {
    let Some(repo) = world.repos.get(&at.0) else { return };
    // Here the repository is told in full, as it is read alone.
    let shown = crate::rest::repos::single(world, repo);
    let own = json!({ "changes": { "from": { "security_and_analysis": before } }, "repository": shown });
    post(world, "security_and_analysis", None, Some(at.0), at.1, own);
}

/// What `GET /repos/…` says of security features; nothing where none was ever switched.
pub(crate) fn security_of(repo: &Repo) -> Option<Value> {
    let features = repo.security.iter().map(|(name, on)| (name.clone(), switch(*on)));
    (!repo.security.is_empty()).then(|| Value::Object(features.collect()))
}

/// `secret_scanning_alert created`. Never the secret itself, as GitHub does.
pub(crate) fn secret(world: &mut World, at: At, number: u64, kind: &str) {
    let Some(repo) = world.repos.get(&at.0) else { return };
    let url = format!("{API}/repos/{}/secret-scanning/alerts/{number}", repo.full_name());
    let now = rfc3339(world.clock.story());
    let own = json!({ "alert": {
        "number": number, "created_at": now, "updated_at": now, "url": url,
        "html_url": format!("{WEB}/{}/security/secret-scanning/{number}", repo.full_name()),
        "locations_url": format!("{url}/locations"), "resolution": null, "resolved_at": null,
        "resolved_by": null, "resolution_comment": null, "secret_type": kind,
        "secret_type_display_name": kind.replace('_', " "), "validity": "unknown",
        "push_protection_bypassed": false, "push_protection_bypassed_by": null,
        "push_protection_bypassed_at": null, "publicly_leaked": false, "multi_repo": false,
    } });
    post(world, "secret_scanning_alert", Some("created"), Some(at.0), at.1, own);
}
