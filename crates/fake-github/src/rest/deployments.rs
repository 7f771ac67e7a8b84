//! Deployments, environments, and the App's answers to its protection rules.
//!
//! <https://docs.github.com/en/rest/deployments>

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Asked, runs};
use crate::auth::Level;
use crate::clock::rfc3339;
use crate::deployment::{Answer as Verdict, Deployment, LONGEST_COMMENT, MOST_REPORTS, Rule};
use crate::payload::{API, deployment as shown, node_id};
use crate::reply::Reply;
use crate::repo::Repo;
use crate::stage::EnvironmentSpec;
use crate::verbs::STATES;
use crate::world::World;

/// The most characters of a status' description.
const LONGEST_DESCRIPTION: usize = 140;

/// What a run waits for.
pub(super) fn pending(asked: &Asked<'_>, at: (&str, &str), id: &str) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, at, "actions", Level::Read)?;
    let run = runs::find(asked, &world, repo, id)?;
    let waits = |one: &&Deployment| one.of.is_some_and(|(of, _)| of == run.id) && one.waits();
    let mut listed = Vec::new();
    for deployment in world.deployments_of(repo.id).filter(waits) {
        let Ok((id, spec)) = named(repo, &deployment.environment) else { continue };
        let Value::Object(mut told) = shown::environment(&world, repo, id, spec) else { continue };
        told.retain(|key, _| ["id", "node_id", "name", "url", "html_url"].contains(&key.as_str()));
        listed.push(json!({
            "environment": told, "wait_timer": 0, "wait_timer_started_at": rfc3339(deployment.created_at),
            "current_user_can_approve": false, "reviewers": shown::reviewers(&world, spec),
        }));
    }
    Ok(Reply::ok(json!(listed)))
}

/// An environment with its number in the repository.
fn named<'r>(repo: &'r Repo, name: &str) -> Result<(u64, &'r EnvironmentSpec), Reply> {
    let mut numbered = (1_u64..).zip(&repo.safeguards.environments);
    numbered.find(|(_, spec)| spec.name.eq_ignore_ascii_case(name)).ok_or_else(Reply::not_found)
}

pub(super) fn environment(asked: &Asked<'_>, at: (&str, &str), name: &str) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, at, "actions", Level::Read)?;
    let (id, spec) = named(repo, name)?;
    Ok(Reply::ok(shown::environment(&world, repo, id, spec)))
}

/// The custom rules that guard an environment.
pub(super) fn rules(asked: &Asked<'_>, at: (&str, &str), name: &str) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, at, "actions", Level::Read)?;
    let (id, spec) = named(repo, name)?;
    let rule = |(number, slug): (u64, &String)| {
        let app = if *slug == world.app.slug { world.app.id } else { 50_000 + number };
        let id = 5000 + id * 10 + number;
        json!({
            "id": id, "node_id": node_id("GA", id), "enabled": true,
            "app": { "id": app, "slug": slug, "integration_url": format!("{API}/apps/{slug}"), "node_id": node_id("A", app) },
        })
    };
    let listed: Vec<Value> = (1_u64..).zip(&spec.protection).map(rule).collect();
    Ok(Reply::ok(json!({ "total_count": listed.len(), "custom_deployment_protection_rules": listed })))
}

#[derive(Debug, Deserialize)]
struct RuleBody {
    environment_name: Option<String>,
    state: Option<Verdict>,
    comment: Option<String>,
}

/// The App's yes or no, or without one a report of how far it is.
///
/// What is not described there, such as the second answer to one question, is refused with 422.
/// <https://docs.github.com/en/actions/how-tos/deploy/configure-and-manage-deployments/create-custom-protection-rules>
pub(super) fn answer(asked: &Asked<'_>, at: (&str, &str), id: &str) -> Answer {
    let refused = |why: &str| Reply::message(422, why);
    let mut world = asked.shared.world();
    let repo = asked.repo(&world, at, "deployments", Level::Write)?;
    let run = runs::find(asked, &world, repo, id)?.id;
    let body: RuleBody = asked.body()?;
    let environment =
        body.environment_name.ok_or_else(|| refused("\"environment_name\" wasn't supplied."))?;
    if body.state.is_none() && body.comment.is_none() {
        return Err(refused("\"state\" or \"comment\" has to be supplied."));
    }
    let comment = body.comment.unwrap_or_default();
    if comment.chars().count() > LONGEST_COMMENT {
        return Err(refused("The comment is too long (maximum is 1024 characters)."));
    }
    let found = world.deployment_of_run(run, &environment);
    let found = found.ok_or_else(|| refused("The environment has no deployment in this run."))?;
    if !found.waits() {
        return Err(refused("The deployment is not waiting."));
    }
    let (id, slug) = (found.id, world.app.slug.clone());
    let own = |rule: &&mut Rule| rule.app == slug;
    let rule = world.deployment_mut(id).and_then(|found| found.rules.iter_mut().find(own));
    let rule = rule.ok_or_else(|| refused("The environment has no rule of this App."))?;
    if rule.answer.is_some() {
        return Err(refused("The rule was answered already."));
    }
    let Some(verdict) = body.state else {
        if rule.reports.len() >= MOST_REPORTS {
            return Err(refused("No more than 10 status reports are allowed for each deployment."));
        }
        rule.reports.push(comment);
        return Ok(empty());
    };
    (rule.answer, rule.comment) = (Some(verdict), comment);
    let sender = world.own_bot();
    world.weigh(id, verdict, sender);
    Ok(empty())
}

fn empty() -> Reply {
    Reply { status: 204, body: None, headers: Vec::new() }
}

/// Newest first.
pub(super) fn list(asked: &Asked<'_>, at: (&str, &str)) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, at, "deployments", Level::Read)?;
    let asks = |key: &str, value: &str| asked.query.get(key).is_none_or(|wanted| wanted == value);
    let fits = |one: &&Deployment| {
        asks("sha", &one.sha)
            && asks("ref", &one.reference)
            && asks("task", &one.task)
            && asks("environment", &one.environment)
    };
    let found = world.deployments_of(repo.id).rev().filter(fits);
    Ok(asked.page(&world, found.map(|one| shown::deployment(&world, repo, one)).collect()))
}

fn find<'w>(asked: &Asked<'_>, world: &'w World, repo: &Repo, id: &str) -> Result<&'w Deployment, Reply> {
    let id = asked.number(id)?;
    world.deployment(id).filter(|one| one.repo == repo.id).ok_or_else(Reply::not_found)
}

pub(super) fn read(asked: &Asked<'_>, at: (&str, &str), id: &str) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, at, "deployments", Level::Read)?;
    Ok(Reply::ok(shown::deployment(&world, repo, find(asked, &world, repo, id)?)))
}

/// Newest first.
pub(super) fn statuses(asked: &Asked<'_>, at: (&str, &str), id: &str) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, at, "deployments", Level::Read)?;
    let of = find(asked, &world, repo, id)?;
    let newest = of.statuses.iter().rev();
    Ok(asked.page(&world, newest.map(|status| shown::status_json(&world, repo, of, status)).collect()))
}

#[derive(Debug, Deserialize)]
struct StatusBody {
    state: Option<String>,
    #[serde(default)]
    target_url: String,
    #[serde(default)]
    log_url: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    environment_url: String,
}

pub(super) fn create_status(asked: &Asked<'_>, at: (&str, &str), id: &str) -> Answer {
    let mut world = asked.shared.world();
    let repo = asked.repo(&world, at, "deployments", Level::Write)?.clone();
    let id = find(asked, &world, &repo, id)?.id;
    let body: StatusBody = asked.body()?;
    let state = body.state.filter(|state| STATES.contains(&state.as_str()));
    let state = state.ok_or_else(|| Reply::message(422, "Validation Failed"))?;
    if body.description.chars().count() > LONGEST_DESCRIPTION {
        return Err(Reply::message(422, "Validation Failed"));
    }
    let sender = world.own_bot();
    let target = if body.target_url.is_empty() { body.log_url } else { body.target_url };
    let status = world.add_status(id, sender, &state, (body.description, target, body.environment_url));
    shown::status(&mut world, id, sender);
    let of = world.deployment(id).ok_or_else(Reply::not_found)?;
    let status = status.ok_or_else(Reply::not_found)?;
    Ok(Reply::json(201, shown::status_json(&world, &repo, of, &status)))
}
