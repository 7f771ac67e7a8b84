//! Deliveries about the App's installation, and about tokens that people ask for.

use serde_json::{Map, Value, json};

use super::event::post;
use super::{check, node_id, user};
use crate::clock::rfc3339;
use crate::step::TokenRequest;
use crate::world::World;

fn short(world: &World, repos: impl Iterator<Item = u64>) -> Vec<Value> {
    let found = repos.filter_map(|id| world.repos.get(&id));
    found
        .map(|repo| {
            json!({
                "id": repo.id, "node_id": node_id("R", repo.id), "name": repo.name,
                "full_name": repo.full_name(), "private": repo.private,
            })
        })
        .collect()
}

/// `installation`, told in full.
pub(crate) fn installation(world: &mut World, action: &'static str, sender: u64) {
    let covered = world.repos.values().filter(|repo| repo.is_installed()).map(|repo| repo.id);
    let own = json!({
        "installation": check::installation(world), "repositories": short(world, covered), "requester": null,
    });
    post(world, "installation", Some(action), None, sender, own);
}

/// `installation_repositories removed`.
pub(crate) fn repositories_removed(world: &mut World, sender: u64, gone: &[u64]) {
    let own = json!({
        "installation": check::installation(world), "repository_selection": "selected",
        "repositories_added": [], "repositories_removed": short(world, gone.iter().copied()),
        "requester": null,
    });
    post(world, "installation_repositories", Some("removed"), None, sender, own);
}

/// `personal_access_token_request created`.
pub(crate) fn token_requested(
    world: &mut World,
    sender: u64,
    id: u64,
    (request, repos): (&TokenRequest, &[u64]),
) {
    let Ok(org) = world.account(&request.org) else { return };
    let organization = super::organization(org);
    let permissions: Map<String, Value> =
        request.permissions.iter().map(|(name, level)| (name.clone(), json!(level))).collect();
    let granted = json!({ "repository": permissions });
    let own = json!({
        "personal_access_token_request": {
            "id": id, "owner": user(world, sender), "permissions_added": granted,
            "permissions_upgraded": {}, "permissions_result": granted,
            "repository_selection": if repos.is_empty() { "all" } else { "subset" },
            "repository_count": (!repos.is_empty()).then_some(repos.len()),
            "repositories": short(world, repos.iter().copied()),
            "created_at": rfc3339(world.clock.story()), "token_id": id + 1, "token_name": request.name,
            "token_expired": false, "token_expires_at": null, "token_last_used_at": null,
        },
        "organization": organization,
    });
    post(world, "personal_access_token_request", Some("created"), None, sender, own);
}
