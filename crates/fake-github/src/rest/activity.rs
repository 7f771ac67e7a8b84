//! What was pushed where, by whom.
//!
//! <https://docs.github.com/en/rest/repos/repos#list-repository-activities>

use serde_json::{Value, json};

use super::{Answer, Asked};
use crate::auth::Level;
use crate::clock::rfc3339;
use crate::payload::{self, node_id};
use crate::reply::Reply;
use crate::repo::{Activity, Repo};
use crate::world::World;

/// Activities of a repository, newest first, paged by cursors; `ref` narrows them down to one branch.
pub(super) fn list(asked: &Asked<'_>, owner: &str, name: &str) -> Answer {
    let world = asked.shared.world();
    let repo = readable(asked, &world, (owner, name))?;
    let wanted = asked.query.get("ref").map(|name| match name.strip_prefix("refs/") {
        Some(_) => name.clone(),
        None => format!("refs/heads/{name}"),
    });
    let since = asked.query.get("time_period").map(|period| since(&world, period)).transpose()?;
    let kind = asked.query.get("activity_type");
    let actor = asked.query.get("actor").map(|login| world.account(login).map_or(0, |account| account.id));
    let fits = |one: &&Activity| {
        wanted.as_ref().is_none_or(|wanted| one.reference == *wanted)
            && since.is_none_or(|since| one.at >= since)
            && kind.is_none_or(|kind| one.kind == kind)
            && actor.is_none_or(|actor| one.actor == actor)
    };
    // What the API does not show yet is left out of every list alike.
    let shown = repo.activities.len().saturating_sub(world.lag);
    let all: Vec<&Activity> = repo.activities.iter().take(shown).rev().filter(fits).collect();
    let per_page = asked.query.get("per_page").and_then(|text| text.parse().ok()).unwrap_or(30_usize);
    let per_page = per_page.clamp(1, 100);
    let cursor = |key: &str| asked.query.get(key).and_then(|text| text.parse::<u64>().ok());
    let place = |id: u64| all.iter().position(|one| one.id == id);
    let from = match (cursor("after"), cursor("before")) {
        (Some(after), _) => place(after).map_or(all.len(), |at| at + 1),
        (None, Some(before)) => place(before).unwrap_or(0).saturating_sub(per_page),
        (None, None) => 0,
    };
    let page: Vec<&Activity> = all.iter().skip(from).take(per_page).copied().collect();
    let mut links = Vec::new();
    let mut link = |key: &str, one: &Activity, rel: &str| {
        let kept = ["ref", "time_period", "activity_type", "actor"].into_iter();
        let kept = kept.filter_map(|key| asked.query.get(key).map(|value| format!("&{key}={value}")));
        let narrowed: String = kept.collect();
        let (url, path, id) = (&world.url, asked.path, one.id);
        links.push(format!("<{url}{path}?per_page={per_page}&{key}={id}{narrowed}>; rel=\"{rel}\""));
    };
    if let Some(last) = page.last().filter(|_| from + page.len() < all.len()) {
        link("after", last, "next");
    }
    if let Some(first) = page.first().filter(|_| from > 0) {
        link("before", first, "prev");
    }
    let reply = Reply::ok(page.iter().map(|one| shape(&world, one)).collect());
    Ok(if links.is_empty() { reply } else { reply.header("link", links.join(", ")) })
}

/// When a period began, in epoch seconds of the story.
fn since(world: &World, period: &str) -> Result<i64, Reply> {
    let days = match period {
        "day" => 1,
        "week" => 7,
        "month" => 30,
        "quarter" => 90,
        "year" => 365,
        _ => return Err(Reply::message(422, "Validation Failed")),
    };
    Ok(world.clock.story() - days * 86_400)
}

/// Where the App is installed its token needs `contents`; elsewhere any token reads what is public.
fn readable<'w>(asked: &Asked<'_>, world: &'w World, name: (&str, &str)) -> Result<&'w Repo, Reply> {
    asked.token(world)?;
    let repo = world.repo(&format!("{}/{}", name.0, name.1)).map_err(|_| Reply::not_found())?;
    if repo.is_installed() {
        return asked.repo(world, name, "contents", Level::Read);
    }
    if repo.private { Err(Reply::not_found()) } else { Ok(repo) }
}

fn shape(world: &World, one: &Activity) -> Value {
    let actor = world.living(one.actor).map(|account| payload::user(world, account.id));
    json!({
        "id": one.id, "node_id": node_id("PSH", one.id), "before": one.before, "after": one.after,
        "ref": one.reference, "timestamp": rfc3339(one.at), "activity_type": one.kind, "actor": actor,
    })
}
