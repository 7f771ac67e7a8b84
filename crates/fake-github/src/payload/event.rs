//! The deliveries that each happening causes, as GitHub would send them to the App.
//!
//! Nothing is sent for a repository on which the App is not installed, such as a fork.

use serde_json::{Map, Value, json};

use super::{API, WEB, check, node_id, organization, owning_organization, pull, repository, user};
use crate::account::{Account, Team};
use crate::check::CheckRun;
use crate::delivery::Letter;
use crate::pull::Review;
use crate::world::World;

mod push;

pub(crate) use push::pushed;

/// Sent to every App, whatever it is subscribed to.
/// <https://docs.github.com/en/webhooks/webhook-events-and-payloads#installation>
const UNASKED: [&str; 2] = ["installation", "installation_repositories"];

fn installation(world: &World) -> Value {
    json!({ "id": world.app.installation, "node_id": node_id("I", world.app.installation) })
}

/// Puts a delivery into the outbox when the App is subscribed: what is particular, then what every delivery has.
pub(super) fn post(
    world: &mut World,
    event: &'static str,
    action: Option<&'static str>,
    repo: Option<u64>,
    sender: u64,
    own: Value,
) {
    // An installation suspended in the story hears only of itself, and one that is gone of nothing.
    if world.uninstalled || (world.silenced && event != "installation") {
        return;
    }
    let is_subscribed = || world.app.events.iter().any(|subscribed| subscribed == event);
    if !UNASKED.contains(&event) && !is_subscribed() {
        return;
    }
    let mut payload = Map::new();
    if let Some(action) = action {
        payload.insert("action".to_owned(), json!(action));
    }
    if let Value::Object(own) = own {
        payload.extend(own);
    }
    if let Some(repo) = repo.and_then(|id| world.repos.get(&id)) {
        if !repo.is_installed() {
            return;
        }
        // In a push the repository has more than elsewhere, and brings its own.
        payload.entry("repository").or_insert_with(|| repository(world, repo));
        if let Some(organization) = owning_organization(world, repo) {
            payload.insert("organization".to_owned(), organization);
        }
    }
    payload.insert("sender".to_owned(), user(world, sender));
    // Where the delivery is about the installation, it brings its own, with all of it.
    payload.entry("installation").or_insert_with(|| installation(world));
    let action = payload.get("action").and_then(Value::as_str).map(str::to_owned);
    let letter = Letter { event, action, repository: repo, payload: Value::Object(payload) };
    let (app, secret) = (world.app.id, world.app.webhook_secret.clone());
    world.outbox.add(app, &secret, letter);
}

/// `pull_request`, with what the action adds.
pub(crate) fn pull_request(
    world: &mut World,
    action: &'static str,
    at: (u64, u64),
    sender: u64,
    extra: Value,
) {
    let (repo_id, number) = at;
    let Some(repo) = world.repos.get(&repo_id) else { return };
    let Some(found) = repo.pulls.get(&number) else { return };
    let shown = pull::full(world, repo, found, found.now());
    let mut own = json!({ "number": number, "pull_request": shown });
    if let (Value::Object(own), Value::Object(extra)) = (&mut own, extra) {
        own.extend(extra);
    }
    post(world, "pull_request", Some(action), Some(repo_id), sender, own);
}

/// `pull_request` with the label that came or went.
pub(crate) fn labelled(world: &mut World, action: &'static str, at: (u64, u64), sender: u64, name: &str) {
    let Some(repo) = world.repos.get(&at.0) else { return };
    let label = pull::label(repo, name);
    pull_request(world, action, at, sender, json!({ "label": label }));
}

pub(crate) fn review(world: &mut World, action: &'static str, at: (u64, u64), sender: u64, review: &Review) {
    let Some(repo) = world.repos.get(&at.0) else { return };
    let Some(found) = repo.pulls.get(&at.1) else { return };
    let own = json!({
        "review": pull::review(world, repo, found, review),
        "pull_request": pull::short(world, repo, found, found.now()),
    });
    post(world, "pull_request_review", Some(action), Some(at.0), sender, own);
}

pub(crate) fn check_run(world: &mut World, action: &'static str, sender: u64, run: &CheckRun) {
    let Some(repo) = world.repos.get(&run.repo) else { return };
    let own = json!({ "check_run": check::delivered(world, repo, run) });
    post(world, "check_run", Some(action), Some(run.repo), sender, own);
}

/// Somebody left the organisation.
pub(crate) fn member_removed(world: &mut World, sender: u64, org: u64, member: u64) {
    let Some(account) = world.accounts.get(&org) else { return };
    let url = format!("{API}/orgs/{}", account.login);
    let own = json!({
        "membership": {
            "url": format!("{url}/memberships/{member}"), "state": "inactive", "role": "member",
            "organization_url": url, "user": user(world, member), "direct_membership": true,
            "enterprise_teams_providing_indirect_membership": [],
        },
        "organization": organization(account),
    });
    post(world, "organization", Some("member_removed"), None, sender, own);
}

/// A team as deliveries show it, of an organisation's account.
pub(crate) fn team_json(org: &Account, team: &Team) -> Value {
    let url = format!("{API}/organizations/{}/team/{}", org.id, team.id);
    json!({
        "id": team.id, "node_id": node_id("T", team.id), "name": team.slug, "slug": team.slug,
        "description": null, "privacy": "closed", "permission": "pull", "parent": null, "url": url,
        "html_url": format!("{WEB}/orgs/{}/teams/{}", org.login, team.slug),
        "members_url": format!("{url}/members{{/member}}"), "repositories_url": format!("{url}/repos"),
        "notification_setting": "notifications_enabled",
    })
}

/// Somebody left a team.
pub(crate) fn team_left(world: &mut World, sender: u64, org: u64, team: &Team, member: u64) {
    membership(world, "removed", sender, (org, team, member));
}

/// Somebody came into a team, or left it.
pub(crate) fn membership(
    world: &mut World,
    action: &'static str,
    sender: u64,
    (org, team, member): (u64, &Team, u64),
) {
    let Some(account) = world.accounts.get(&org) else { return };
    let own = json!({
        "scope": "team", "member": user(world, member), "organization": organization(account),
        "team": team_json(account, team),
    });
    post(world, "membership", Some(action), None, sender, own);
}

/// Somebody is no collaborator any more.
pub(crate) fn collaborator_removed(world: &mut World, sender: u64, repo: u64, member: u64) {
    let own = json!({ "member": user(world, member) });
    post(world, "member", Some("removed"), Some(repo), sender, own);
}
