//! Workflow runs: listed, read and cancelled.
//!
//! <https://docs.github.com/en/rest/actions/workflow-runs>

use serde_json::{Value, json};

use super::{Answer, Asked};
use crate::auth::Level;
use crate::payload::run as shown;
use crate::reply::Reply;
use crate::repo::Repo;
use crate::run::WorkflowRun;
use crate::world::World;

/// GitHub answers no more runs than this to a search.
const MOST_FOUND: usize = 1000;
/// What narrows a list down, and makes a search of it.
const FILTERS: [&str; 5] = ["head_sha", "actor", "event", "status", "branch"];

pub(super) fn list(asked: &Asked<'_>, at: (&str, &str)) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, at, "actions", Level::Read)?;
    let fits = |run: &&WorkflowRun| {
        let actor = world.living(run.actor).map_or("ghost", |account| &account.login);
        FILTERS.iter().all(|filter| {
            let Some(wanted) = asked.query.get(*filter) else { return true };
            match *filter {
                "head_sha" => run.head_sha == *wanted,
                "actor" => actor.eq_ignore_ascii_case(wanted),
                "event" => run.event == *wanted,
                "branch" => run.head_branch == *wanted,
                // The one word may be a status or a conclusion.
                _ => run.attempt.status == wanted || run.attempt.conclusion.as_ref() == Some(wanted),
            }
        })
    };
    // What the API does not show yet is left out, as in every list.
    let known = world.runs_of(repo.id).count().saturating_sub(world.lag);
    let found: Vec<&WorkflowRun> = world.runs_of(repo.id).take(known).filter(fits).collect();
    let total = found.len();
    let is_search = FILTERS.iter().any(|filter| asked.query.contains_key(*filter));
    let most = if is_search { MOST_FOUND } else { usize::MAX };
    let newest = found.into_iter().rev().take(most);
    let shape = |run: &WorkflowRun| shown::workflow_run(&world, repo, run, &run.attempt);
    let mut reply = asked.page(&world, newest.map(shape).collect());
    reply.body = reply.body.map(|page| json!({ "total_count": total, "workflow_runs": page }));
    Ok(reply)
}

/// The run of this id, if it is one of the repository.
pub(super) fn find<'w>(
    asked: &Asked<'_>,
    world: &'w World,
    repo: &Repo,
    id: &str,
) -> Result<&'w WorkflowRun, Reply> {
    let id = asked.number(id)?;
    world.run(id).filter(|run| run.repo == repo.id).ok_or_else(Reply::not_found)
}

pub(super) fn read(asked: &Asked<'_>, at: (&str, &str), id: &str) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, at, "actions", Level::Read)?;
    let run = find(asked, &world, repo, id)?;
    Ok(Reply::ok(shown::workflow_run(&world, repo, run, &run.attempt)))
}

pub(super) fn attempt(asked: &Asked<'_>, at: (&str, &str), id: &str, number: &str) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, at, "actions", Level::Read)?;
    let run = find(asked, &world, repo, id)?;
    let number = asked.number(number)?;
    let attempt = run.attempts().find(|attempt| attempt.number == number).ok_or_else(Reply::not_found)?;
    Ok(Reply::ok(shown::workflow_run(&world, repo, run, attempt)))
}

/// Jobs of the newest attempt; `filter=all` shows those of every attempt.
pub(super) fn jobs(asked: &Asked<'_>, at: (&str, &str), id: &str) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, at, "actions", Level::Read)?;
    let run = find(asked, &world, repo, id)?;
    let all = asked.query.get("filter").is_some_and(|filter| filter == "all");
    let mut listed: Vec<Value> = Vec::new();
    for attempt in run.attempts().filter(|attempt| all || attempt.number == run.attempt.number) {
        listed.extend(attempt.jobs.iter().map(|job| shown::job_json(repo, run, attempt.number, job)));
    }
    let total = listed.len();
    let mut reply = asked.page(&world, listed);
    reply.body = reply.body.map(|page| json!({ "total_count": total, "jobs": page }));
    Ok(reply)
}

/// By id, or by the name of its file.
pub(super) fn workflow(asked: &Asked<'_>, at: (&str, &str), id: &str) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, at, "actions", Level::Read)?;
    let named = |path: &str| path.rsplit('/').next() == Some(id);
    let mut known = world.automation.workflows.values().filter(|known| known.repo == repo.id);
    let found = known.find(|known| known.id.to_string() == id || named(&known.path));
    Ok(Reply::ok(shown::workflow(repo, found.ok_or_else(Reply::not_found)?)))
}

/// Taken at once; a run with a job that ignores it goes on all the same.
pub(super) fn cancel(asked: &Asked<'_>, at: (&str, &str), id: &str) -> Answer {
    end(asked, at, id, |run| !run.hangs)
}

pub(super) fn force_cancel(asked: &Asked<'_>, at: (&str, &str), id: &str) -> Answer {
    end(asked, at, id, |_| true)
}

fn end(asked: &Asked<'_>, at: (&str, &str), id: &str, ends: impl Fn(&WorkflowRun) -> bool) -> Answer {
    let mut world = asked.shared.world();
    let repo = asked.repo(&world, at, "actions", Level::Write)?;
    let run = find(asked, &world, repo, id)?;
    if run.is_completed() {
        return Err(Reply::message(409, "Cannot cancel a workflow run that is completed."));
    }
    let (id, ends) = (run.id, ends(run));
    if ends {
        let sender = world.own_bot();
        world.end_run(id, "cancelled", sender);
    }
    Ok(Reply::json(202, json!({})))
}
