//! Repositories, pull requests, and the people around them.

use serde_json::{Value, json};

use super::{Answer, Asked};
use crate::auth::Level;
use crate::clock::{Clock, rfc3339};
use crate::payload::{self, pull as shown};
use crate::reply::Reply;
use crate::repo::Repo;
use crate::world::World;

pub(super) fn read(asked: &Asked<'_>, owner: &str, name: &str) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, (owner, name), "metadata", Level::Read)?;
    Ok(Reply::ok(single(&world, repo)))
}

/// Read alone, a repository has two counts more.
pub(crate) fn single(world: &World, repo: &Repo) -> Value {
    let mut object = payload::repository(world, repo);
    if let Value::Object(fields) = &mut object {
        if let Some(security) = payload::guard::security_of(repo) {
            fields.insert("security_and_analysis".to_owned(), security);
        }
        fields.extend([("network_count".to_owned(), json!(0)), ("subscribers_count".to_owned(), json!(0))]);
    }
    object
}

pub(super) fn by_id(asked: &Asked<'_>, id: &str) -> Answer {
    let world = asked.shared.world();
    let found = world.repos.get(&asked.number(id)?).ok_or_else(Reply::not_found)?;
    let repo = asked.repo(&world, (&found.owner, &found.name), "metadata", Level::Read)?;
    Ok(Reply::ok(single(&world, repo)))
}

pub(super) fn pull(asked: &Asked<'_>, owner: &str, name: &str, number: &str) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, (owner, name), "pull_requests", Level::Read)?;
    let pull = repo.pulls.get(&asked.number(number)?).ok_or_else(Reply::not_found)?;
    Ok(Reply::ok(shown::full(&world, repo, pull, world.shown(pull))))
}

pub(super) fn permission(asked: &Asked<'_>, owner: &str, name: &str, user: &str) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, (owner, name), "metadata", Level::Read)?;
    let found =
        world.accounts.values().find(|account| !account.deleted && account.login.eq_ignore_ascii_case(user));
    let account = found.ok_or_else(|| Reply::message(404, &format!("{user} is not a user")))?;
    Ok(Reply::ok(payload::collaborator(&world, repo, account)))
}

fn people(world: &World, ids: impl IntoIterator<Item = u64>) -> Vec<Value> {
    ids.into_iter().map(|id| payload::user(world, id)).collect()
}

fn may_read_members(asked: &Asked<'_>, world: &World) -> Result<(), Reply> {
    if asked.token(world)?.allows("members", Level::Read) { Ok(()) } else { Err(Reply::forbidden()) }
}

/// <https://docs.github.com/en/rest/users/users#get-a-user-using-their-id>
pub(super) fn user_by_id(asked: &Asked<'_>, id: &str) -> Answer {
    let world = asked.shared.world();
    asked.token(&world)?;
    let account = world.living(asked.number(id)?).ok_or_else(Reply::not_found)?;
    let born = rfc3339(Clock::default().story());
    let mut user = payload::user(&world, account.id);
    if let Value::Object(fields) = &mut user {
        let more = json!({
            "name": account.login, "company": null, "blog": "", "location": null, "email": null,
            "hireable": null, "bio": null, "public_repos": 0, "public_gists": 0, "followers": 0,
            "following": 0, "created_at": born, "updated_at": born,
        });
        fields
            .extend(more.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
    }
    Ok(Reply::ok(user))
}

pub(super) fn org_members(asked: &Asked<'_>, org: &str) -> Answer {
    let world = asked.shared.world();
    may_read_members(asked, &world)?;
    let org = world.org(org).ok_or_else(Reply::not_found)?;
    Ok(asked.page(&world, people(&world, org.members.iter().copied())))
}

pub(super) fn team_members(asked: &Asked<'_>, org: &str, slug: &str) -> Answer {
    let world = asked.shared.world();
    may_read_members(asked, &world)?;
    let org = world.org(org).ok_or_else(Reply::not_found)?;
    let team = org.teams.iter().find(|team| team.slug == slug).ok_or_else(Reply::not_found)?;
    Ok(asked.page(&world, people(&world, team.members.iter().copied())))
}
