//! The App, its installation and its tokens.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Asked, hour_ends};
use crate::auth::{TOKEN_LIFE, Token, token_text};
use crate::clock::rfc3339;
use crate::payload::{check, repository};
use crate::reply::{HOURLY, Reply};
use crate::repo::Repo;
use crate::world::World;

/// The most repositories one token may name.
const MOST_REPOSITORIES: usize = 500;

pub(super) fn rate_limit(asked: &Asked<'_>) -> Answer {
    let world = asked.shared.world();
    asked.token(&world).or_else(|refusal| {
        asked.as_app(&world).map_err(|_| refusal).map(|()| Token {
            permissions: BTreeMap::new(),
            repositories: None,
            expires_at: 0,
        })
    })?;
    let reset = hour_ends(&world);
    let bucket = |used: i64| json!({ "limit": HOURLY, "used": used, "remaining": (HOURLY - used).max(0), "reset": reset });
    let (core, graphql, search) = (bucket(world.spent.0), bucket(world.spent.1), bucket(0));
    // `rate` is what `core` was called first, and is still sent.
    let resources = json!({ "core": core, "graphql": graphql, "search": search });
    Ok(Reply::ok(json!({ "resources": resources, "rate": core })))
}

pub(super) fn app(asked: &Asked<'_>) -> Answer {
    let world = asked.shared.world();
    asked.as_app(&world)?;
    let mut app = check::app(&world, &world.poster());
    if let Value::Object(fields) = &mut app {
        fields.insert("installations_count".to_owned(), json!(1));
    }
    Ok(Reply::ok(app))
}

pub(super) fn installations(asked: &Asked<'_>) -> Answer {
    let world = asked.shared.world();
    asked.as_app(&world)?;
    let listed = if world.uninstalled { Vec::new() } else { vec![check::installation(&world)] };
    Ok(asked.page(&world, listed))
}

pub(super) fn installation(asked: &Asked<'_>, id: &str) -> Answer {
    let world = asked.shared.world();
    asked.as_app(&world)?;
    if asked.number(id)? != world.app.installation || world.uninstalled {
        return Err(Reply::not_found());
    }
    Ok(Reply::ok(check::installation(&world)))
}

pub(super) fn repo_installation(asked: &Asked<'_>, owner: &str, name: &str) -> Answer {
    let world = asked.shared.world();
    asked.as_app(&world)?;
    match world.repo(&format!("{owner}/{name}")) {
        Ok(repo) if repo.is_installed() => Ok(Reply::ok(check::installation(&world))),
        _ => Err(Reply::not_found()),
    }
}

#[derive(Debug, Default, Deserialize)]
struct Wanted {
    repositories: Option<Vec<String>>,
    repository_ids: Option<Vec<u64>>,
    permissions: Option<BTreeMap<String, String>>,
}

/// <https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app>
pub(super) fn create_token(asked: &Asked<'_>, id: &str) -> Answer {
    let mut world = asked.shared.world();
    asked.as_app(&world)?;
    if asked.number(id)? != world.app.installation || world.uninstalled {
        return Err(Reply::not_found());
    }
    if world.app.suspended {
        return Err(Reply::message(403, "This installation has been suspended"));
    }
    let wanted: Wanted = asked.body()?;
    let permissions = granted(&world, wanted.permissions.as_ref())?;
    let repositories = chosen(&world, &wanted)?;
    world.made_tokens += 1;
    let text = token_text(world.app.id, world.made_tokens);
    let expires_at = world.clock.wall() + TOKEN_LIFE;
    let mut answer = json!({
        "token": text, "expires_at": rfc3339(expires_at), "permissions": permissions,
        "repository_selection": if repositories.is_some() { "selected" } else { "all" },
    });
    if let (Some(ids), Value::Object(fields)) = (&repositories, &mut answer) {
        let listed: Vec<Value> =
            ids.iter().filter_map(|id| world.repos.get(id)).map(|repo| repository(&world, repo)).collect();
        fields.insert("repositories".to_owned(), json!(listed));
    }
    world.tokens.insert(text, Token { permissions, repositories, expires_at });
    Ok(Reply::json(201, answer))
}

/// A token may have less than the installation, never more.
fn granted(
    world: &World,
    wanted: Option<&BTreeMap<String, String>>,
) -> Result<BTreeMap<String, String>, Reply> {
    let has = &world.app.permissions;
    let Some(wanted) = wanted else { return Ok(has.clone()) };
    for (name, level) in wanted {
        let enough = match has.get(name).map(String::as_str) {
            Some("write") => matches!(level.as_str(), "read" | "write"),
            Some("read") => level == "read",
            _ => false,
        };
        if !enough {
            return Err(Reply::message(
                422,
                "The permissions requested are not granted to this installation.",
            ));
        }
    }
    let mut permissions = wanted.clone();
    permissions.entry("metadata".to_owned()).or_insert_with(|| "read".to_owned());
    Ok(permissions)
}

fn chosen(world: &World, wanted: &Wanted) -> Result<Option<Vec<u64>>, Reply> {
    let refused = || {
        let message = "There is at least one repository that does not exist or is not accessible to the parent \
                       installation.";
        Reply::message(422, message)
    };
    let mut ids = Vec::new();
    if wanted.repositories.is_none() && wanted.repository_ids.is_none() {
        return Ok(None);
    }
    for name in wanted.repositories.iter().flatten() {
        let named = |repo: &&Repo| repo.is_installed() && repo.name.eq_ignore_ascii_case(name);
        ids.push(world.repos.values().find(named).ok_or_else(refused)?.id);
    }
    for id in wanted.repository_ids.iter().flatten() {
        ids.push(world.repos.get(id).filter(|repo| repo.is_installed()).ok_or_else(refused)?.id);
    }
    if ids.len() > MOST_REPOSITORIES {
        return Err(Reply::message(422, "Too many repositories for installation"));
    }
    Ok(Some(ids))
}
