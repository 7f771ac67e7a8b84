//! Check runs: created, updated and read by the App that owns them.
//!
//! <https://docs.github.com/en/rest/checks/runs>

use serde_json::json;

use super::{Answer, Asked};
use crate::auth::Level;
use crate::check::{CheckRun, CheckRunBody};
use crate::payload::{check, event};
use crate::reply::Reply;
use crate::world::World;

pub(super) fn create(asked: &Asked<'_>, owner: &str, name: &str) -> Answer {
    let mut world = asked.shared.world();
    let repo = asked.repo(&world, (owner, name), "checks", Level::Write)?;
    let body: CheckRunBody = asked.body()?;
    for (given, what) in [(&body.name, "name"), (&body.head_sha, "head_sha")] {
        if given.as_ref().is_none_or(String::is_empty) {
            return Err(Reply::message(422, &format!("Invalid request.\n\n\"{what}\" wasn't supplied.")));
        }
    }
    body.validate().map_err(|problem| Reply::message(422, &problem))?;
    let sha = body.head_sha.clone().unwrap_or_default();
    if world.commit(repo, &sha).is_none() {
        return Err(Reply::message(422, &format!("No commit found for SHA: {sha}")));
    }
    let (repo, app) = (repo.id, world.poster());
    let run = world.add_check(repo, app, body);
    world.check_posts.0 += 1;
    let sender = world.own_bot();
    event::check_run(&mut world, "created", sender, &run);
    answer_with(&mut world, 201, &run, run.conclusion.is_some())
}

pub(super) fn update(asked: &Asked<'_>, owner: &str, name: &str, id: &str) -> Answer {
    let mut world = asked.shared.world();
    let repo = asked.repo(&world, (owner, name), "checks", Level::Write)?.id;
    let id = asked.number(id)?;
    let body: CheckRunBody = asked.body()?;
    let (own, now) = (world.app.id, world.clock.story());
    let run = world.checks.iter_mut().find(|run| run.id == id && run.repo == repo);
    let run = run.ok_or_else(Reply::not_found)?;
    if run.app.id != own {
        let problem = format!(
            "Invalid app_id `{own}` - check run can only be modified by the GitHub App that created it."
        );
        return Err(Reply::message(403, &problem));
    }
    body.validate().map_err(|problem| Reply::message(422, &problem))?;
    let completes = body.conclusion.is_some();
    run.apply(body, now);
    let run = run.clone();
    world.check_posts.1 += 1;
    answer_with(&mut world, 200, &run, completes)
}

fn answer_with(world: &mut World, status: u16, run: &CheckRun, completes: bool) -> Answer {
    if completes {
        let sender = world.own_bot();
        event::check_run(world, "completed", sender, run);
    }
    let repo = world.repos.get(&run.repo).ok_or_else(Reply::not_found)?;
    Ok(Reply::json(status, check::check_run(world, repo, run)))
}

fn find<'w>(
    asked: &Asked<'_>,
    world: &'w World,
    name: (&str, &str),
    id: &str,
) -> Result<(&'w crate::repo::Repo, &'w CheckRun), Reply> {
    let repo = asked.repo(world, name, "checks", Level::Read)?;
    let id = asked.number(id)?;
    let run = world.checks.iter().find(|run| run.id == id && run.repo == repo.id);
    Ok((repo, run.ok_or_else(Reply::not_found)?))
}

pub(super) fn read(asked: &Asked<'_>, owner: &str, name: &str, id: &str) -> Answer {
    let world = asked.shared.world();
    let (repo, run) = find(asked, &world, (owner, name), id)?;
    Ok(Reply::ok(check::check_run(&world, repo, run)))
}

pub(super) fn annotations(asked: &Asked<'_>, owner: &str, name: &str, id: &str) -> Answer {
    let world = asked.shared.world();
    let (repo, run) = find(asked, &world, (owner, name), id)?;
    let shown = run.annotations.iter().map(|annotation| check::annotation(repo, run, annotation));
    Ok(asked.page(&world, shown.collect()))
}

/// Check runs of a commit, newest first. `filter=latest` (the default) shows the newest of each name and App.
pub(super) fn list(asked: &Asked<'_>, owner: &str, name: &str, reference: &str) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, (owner, name), "checks", Level::Read)?;
    let no_commit = |_| Reply::message(422, &format!("No commit found for SHA: {reference}"));
    let sha = world.resolve(repo, reference).map_err(no_commit)?;
    let wanted = |key: &str, value: &str| asked.query.get(key).is_none_or(|asked| asked == value);
    let all = asked.query.get("filter").is_some_and(|filter| filter == "all");
    let mut seen = Vec::new();
    let mut runs = Vec::new();
    for run in world.checks.iter().rev().filter(|run| run.repo == repo.id && run.head_sha == sha) {
        let key = (&run.name, run.app.id);
        let fits = wanted("check_name", &run.name)
            && wanted("status", &run.status)
            && wanted("app_id", &run.app.id.to_string());
        if fits && (all || !seen.contains(&key)) {
            seen.push(key);
            runs.push(check::check_run(&world, repo, run));
        }
    }
    let total = runs.len();
    let mut reply = asked.page(&world, runs);
    reply.body = reply.body.map(|runs| json!({ "total_count": total, "check_runs": runs }));
    Ok(reply)
}
