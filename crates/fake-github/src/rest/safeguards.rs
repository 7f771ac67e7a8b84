//! What guards a branch, an environment, a repository: told here, and enforced by [`rules`](crate::rules).
//!
//! <https://docs.github.com/en/rest/repos/rules>, <https://docs.github.com/en/rest/branches/branch-protection>

use serde_json::{Value, json};

use super::{Answer, Asked};
use crate::auth::Level;
use crate::clock::{Clock, rfc3339};
use crate::payload::{self, API, deployment, node_id};
use crate::reply::Reply;
use crate::repo::Repo;
use crate::stage::{BypassSpec, CheckSpec, ClassicSpec, ReviewsSpec, RulesetSpec};
use crate::world::World;

/// The repositories of the installation, as a token sees them.
pub(super) fn repositories(asked: &Asked<'_>) -> Answer {
    let world = asked.shared.world();
    let token = asked.token(&world)?;
    let seen = world.repos.values().filter(|repo| repo.is_installed() && token.covers(repo.id));
    let listed: Vec<Value> = seen.map(|repo| payload::repository(&world, repo)).collect();
    let count = listed.len();
    let mut reply = asked.page(&world, listed);
    reply.body = reply
        .body
        .map(|page| json!({ "total_count": count, "repository_selection": "all", "repositories": page }));
    Ok(reply)
}

pub(super) fn branches(asked: &Asked<'_>, owner: &str, name: &str) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, (owner, name), "contents", Level::Read)?;
    let wanted = asked.query.get("protected").map(String::as_str);
    let mut listed = Vec::new();
    for (branch, sha) in &repo.branches {
        let protected = is_protected(repo, branch);
        if wanted.is_none_or(|wanted| wanted == protected.to_string()) {
            let commit = json!({ "sha": sha, "url": format!("{}/commits/{sha}", api(repo)) });
            listed.push(json!({ "name": branch, "commit": commit, "protected": protected }));
        }
    }
    Ok(asked.page(&world, listed))
}

fn is_protected(repo: &Repo, branch: &str) -> bool {
    let guards = &repo.safeguards;
    (!repo.protection_off && guards.classic.iter().any(|classic| classic.branch == branch))
        || guards.rulesets.iter().any(|ruleset| ruleset.holds(branch, &repo.default_branch))
}

fn api(repo: &Repo) -> String {
    format!("{API}/repos/{}", repo.full_name())
}

/// Needs metadata alone, and leaves out what is not active.
pub(super) fn rules(asked: &Asked<'_>, owner: &str, name: &str, branch: &str) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, (owner, name), "metadata", Level::Read)?;
    let mut listed = Vec::new();
    for ruleset in &repo.safeguards.rulesets {
        if !ruleset.holds(branch, &repo.default_branch) {
            continue;
        }
        let (kind, source) = source(ruleset, repo);
        for mut rule in rules_of(ruleset) {
            if let Value::Object(fields) = &mut rule {
                fields.insert("ruleset_source_type".to_owned(), json!(kind));
                fields.insert("ruleset_source".to_owned(), json!(source));
                fields.insert("ruleset_id".to_owned(), json!(ruleset.id));
            }
            listed.push(rule);
        }
    }
    Ok(asked.page(&world, listed))
}

fn source(ruleset: &RulesetSpec, repo: &Repo) -> (&'static str, String) {
    match &ruleset.organization {
        Some(organization) => ("Organization", organization.clone()),
        None => ("Repository", repo.full_name()),
    }
}

pub(crate) fn rules_of(ruleset: &RulesetSpec) -> Vec<Value> {
    let mut rules = Vec::new();
    if !ruleset.checks.is_empty() {
        let checks: Vec<Value> = ruleset.checks.iter().map(ruleset_check).collect();
        let parameters =
            json!({ "required_status_checks": checks, "strict_required_status_checks_policy": false });
        rules.push(json!({ "type": "required_status_checks", "parameters": parameters }));
    }
    if let Some(reviews) = &ruleset.reviews {
        let parameters = json!({
            "dismiss_stale_reviews_on_push": reviews.dismiss_stale, "require_code_owner_review": false,
            "require_last_push_approval": reviews.last_push,
            "required_approving_review_count": reviews.approvals, "required_review_thread_resolution": false,
        });
        rules.push(json!({ "type": "pull_request", "parameters": parameters }));
    }
    if ruleset.no_force_push {
        rules.push(json!({ "type": "non_fast_forward" }));
    }
    if ruleset.no_deletion {
        rules.push(json!({ "type": "deletion" }));
    }
    if ruleset.no_creation {
        rules.push(json!({ "type": "creation" }));
    }
    if ruleset.no_update {
        rules.push(json!({ "type": "update" }));
    }
    rules
}

fn ruleset_check(check: &CheckSpec) -> Value {
    match check.app {
        Some(app) => json!({ "context": check.context, "integration_id": app }),
        None => json!({ "context": check.context }),
    }
}

/// Who may go past it is told only to whoever may change it.
pub(super) fn ruleset(asked: &Asked<'_>, owner: &str, name: &str, id: &str) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, (owner, name), "metadata", Level::Read)?;
    let id = asked.number(id)?;
    let ruleset = repo.safeguards.rulesets.iter().find(|ruleset| ruleset.id == id);
    let ruleset = ruleset.ok_or_else(Reply::not_found)?;
    let (kind, source) = source(ruleset, repo);
    let born = rfc3339(Clock::default().story());
    let (target, include) = if ruleset.tags.is_empty() {
        ("branch", refs("refs/heads/", &ruleset.branches))
    } else {
        ("tag", refs("refs/tags/", &ruleset.tags))
    };
    let conditions = json!({ "ref_name": { "include": include, "exclude": [] } });
    let mut told = json!({
        "id": ruleset.id, "name": ruleset.name, "target": target, "source_type": kind, "source": source,
        "enforcement": ruleset.enforcement, "current_user_can_bypass": "never",
        "node_id": node_id("RRS", ruleset.id), "conditions": conditions, "rules": rules_of(ruleset),
        "created_at": born, "updated_at": born,
    });
    if asked.token(&world)?.allows("administration", Level::Write)
        && let Value::Object(fields) = &mut told
    {
        let actors: Vec<Value> = ruleset.bypass.iter().map(|actor| bypass(&world, actor)).collect();
        fields.insert("bypass_actors".to_owned(), json!(actors));
    }
    Ok(Reply::ok(told))
}

fn bypass(world: &World, actor: &BypassSpec) -> Value {
    let named = actor.login.as_deref().and_then(|login| world.account(login).ok());
    let (kind, id) = match named {
        Some(account) if account.id == world.own_bot() => ("Integration", Some(world.app.id)),
        Some(account) => ("User", Some(account.id)),
        None => (actor.kind.as_str(), actor.id),
    };
    json!({ "actor_id": id, "actor_type": kind, "bypass_mode": actor.mode })
}

fn refs(folder: &str, names: &[String]) -> Vec<String> {
    let full = |name: &String| if name.starts_with('~') { name.clone() } else { format!("{folder}{name}") };
    names.iter().map(full).collect()
}

pub(super) fn classic(asked: &Asked<'_>, owner: &str, name: &str, branch: &str) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, (owner, name), "administration", Level::Read)?;
    if !repo.branches.contains_key(branch) {
        return Err(Reply::message(404, "Branch not found"));
    }
    let classic = repo.safeguards.classic.iter().find(|classic| classic.branch == branch);
    let classic = classic.filter(|_| !repo.protection_off);
    let classic = classic.ok_or_else(|| Reply::message(404, "Branch not protected"))?;
    Ok(Reply::ok(protection(repo, classic)))
}

fn protection(repo: &Repo, classic: &ClassicSpec) -> Value {
    let url = format!("{}/branches/{}/protection", api(repo), payload::segment(&classic.branch));
    let switch = |on: bool| json!({ "enabled": on });
    let mut told = json!({
        "url": url,
        "enforce_admins": { "url": format!("{url}/enforce_admins"), "enabled": classic.enforce_admins },
        "required_linear_history": switch(false), "allow_force_pushes": switch(classic.allow_force_pushes),
        "allow_deletions": switch(classic.allow_deletions), "block_creations": switch(false),
        "required_conversation_resolution": switch(false), "lock_branch": switch(false),
        "allow_fork_syncing": switch(false),
        "required_signatures": { "url": format!("{url}/required_signatures"), "enabled": false },
    });
    let Value::Object(fields) = &mut told else { return told };
    if !classic.checks.is_empty() {
        let contexts: Vec<&str> = classic.checks.iter().map(|check| check.context.as_str()).collect();
        let check = |check: &CheckSpec| json!({ "context": check.context, "app_id": check.app });
        let checks: Vec<Value> = classic.checks.iter().map(check).collect();
        let required = json!({
            "url": format!("{url}/required_status_checks"), "strict": false, "contexts": contexts,
            "contexts_url": format!("{url}/required_status_checks/contexts"), "checks": checks,
        });
        fields.insert("required_status_checks".to_owned(), required);
    }
    if let Some(ReviewsSpec { approvals, dismiss_stale, last_push }) = &classic.reviews {
        let reviews = json!({
            "url": format!("{url}/required_pull_request_reviews"), "dismiss_stale_reviews": dismiss_stale,
            "require_code_owner_reviews": false, "required_approving_review_count": approvals,
            "require_last_push_approval": last_push,
        });
        fields.insert("required_pull_request_reviews".to_owned(), reviews);
    }
    told
}

pub(super) fn deploy_keys(asked: &Asked<'_>, owner: &str, name: &str) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, (owner, name), "administration", Level::Read)?;
    let born = rfc3339(Clock::default().story());
    let keys = repo.safeguards.deploy_keys.iter().map(|key| {
        let id = payload::guard::id_of(&key.title);
        json!({
            "id": id, "key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", "url": format!("{}/keys/{id}", api(repo)),
            "title": key.title, "verified": true, "created_at": born, "read_only": !key.write,
            "added_by": "alice", "last_used": null, "enabled": true,
        })
    });
    Ok(asked.page(&world, keys.collect()))
}

pub(super) fn fork_approval(asked: &Asked<'_>, owner: &str, name: &str) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, (owner, name), "administration", Level::Read)?;
    let policy = repo.safeguards.fork_approval.as_deref().unwrap_or("first_time_contributors");
    Ok(Reply::ok(json!({ "approval_policy": policy })))
}

pub(super) fn environments(asked: &Asked<'_>, owner: &str, name: &str) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, (owner, name), "actions", Level::Read)?;
    let listed: Vec<Value> = (1_u64..)
        .zip(&repo.safeguards.environments)
        .map(|(id, one)| deployment::environment(&world, repo, id, one))
        .collect();
    let count = listed.len();
    let mut reply = asked.page(&world, listed);
    reply.body = reply.body.map(|page| json!({ "total_count": count, "environments": page }));
    Ok(reply)
}
