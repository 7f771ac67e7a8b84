//! Deployments, their statuses and environments as JSON, and the deliveries about them.

use serde_json::{Map, Value, json};

use super::event::post;
use super::{API, WEB, node_id, older_user, pull, run as runs, segment, user};
use crate::clock::{Clock, rfc3339};
use crate::deployment::{Answer, Deployment, DeploymentStatus};
use crate::pull::PullStatus;
use crate::repo::Repo;
use crate::stage::EnvironmentSpec;
use crate::world::World;

pub(crate) fn deployment(world: &World, repo: &Repo, of: &Deployment) -> Value {
    let api = format!("{API}/repos/{}", repo.full_name());
    let url = format!("{api}/deployments/{}", of.id);
    let updated = of.statuses.last().map_or(of.created_at, |status| status.at);
    json!({
        "id": of.id, "node_id": node_id("DE", of.id), "url": url, "sha": of.sha, "ref": of.reference,
        "task": of.task, "payload": of.payload, "original_environment": of.environment,
        "environment": of.environment, "description": of.description, "creator": user(world, of.creator),
        "created_at": rfc3339(of.created_at), "updated_at": rfc3339(updated),
        "statuses_url": format!("{url}/statuses"), "repository_url": api, "transient_environment": false,
        "production_environment": of.production, "performed_via_github_app": null,
    })
}

pub(crate) fn status_json(world: &World, repo: &Repo, of: &Deployment, status: &DeploymentStatus) -> Value {
    let api = format!("{API}/repos/{}", repo.full_name());
    let url = format!("{api}/deployments/{}", of.id);
    let target = match of.of {
        Some((run, job)) if status.target_url.is_empty() => {
            format!("{WEB}/{}/actions/runs/{run}/job/{job}", repo.full_name())
        }
        _ => status.target_url.clone(),
    };
    let mut told = json!({
        "id": status.id, "node_id": node_id("DES", status.id), "url": format!("{url}/statuses/{}", status.id),
        "state": status.state, "creator": user(world, status.creator), "description": status.description,
        "environment": of.environment, "target_url": target, "created_at": rfc3339(status.at),
        "updated_at": rfc3339(status.at), "deployment_url": url, "repository_url": api,
        "performed_via_github_app": null,
    });
    if let Value::Object(fields) = &mut told {
        for (key, address) in [("log_url", &target), ("environment_url", &status.environment_url)] {
            if !address.is_empty() {
                fields.insert(key.to_owned(), json!(address));
            }
        }
    }
    told
}

/// An environment by its number in the repository.
pub(crate) fn environment(world: &World, repo: &Repo, id: u64, spec: &EnvironmentSpec) -> Value {
    let born = rfc3339(Clock::default().story());
    let mut rules = Vec::new();
    if !spec.reviewers.is_empty() {
        rules.push(json!({
            "id": 3000 + id, "node_id": node_id("GA", 3000 + id), "type": "required_reviewers",
            "prevent_self_review": spec.prevent_self_review, "reviewers": reviewers(world, spec),
        }));
    }
    if !spec.branches.is_empty() {
        let id = 4000 + id;
        rules.push(json!({ "id": id, "node_id": node_id("GA", id), "type": "branch_policy" }));
    }
    let policy = json!({ "protected_branches": false, "custom_branch_policies": true });
    json!({
        "id": id, "node_id": node_id("EN", id), "name": spec.name,
        "url": format!("{API}/repos/{}/environments/{}", repo.full_name(), segment(&spec.name)),
        "html_url": format!("{WEB}/{}/deployments/activity_log?environments_filter={}", repo.full_name(), spec.name),
        "created_at": born, "updated_at": born, "can_admins_bypass": spec.admins_bypass,
        "protection_rules": rules,
        "deployment_branch_policy": if spec.branches.is_empty() { Value::Null } else { policy },
    })
}

pub(crate) fn reviewers(world: &World, spec: &EnvironmentSpec) -> Vec<Value> {
    let person = |login: &String| {
        let id = world.account(login).map_or(0, |account| account.id);
        json!({ "type": "User", "reviewer": older_user(world, id) })
    };
    spec.reviewers.iter().map(person).collect()
}

/// The run and workflow of a deployment as its deliveries tell them: without the commit, and without attempts.
fn of_run(world: &World, repo: &Repo, of: &Deployment) -> (Value, Value) {
    let run = of.of.and_then(|(run, _)| world.run(run));
    let known = run.and_then(|run| world.automation.workflows.get(&(run.repo, run.path.clone())));
    let mut shown = run.map_or(Value::Null, |run| runs::workflow_run(world, repo, run, &run.attempt));
    if let Value::Object(fields) = &mut shown {
        for left_out in ["head_commit", "previous_attempt_url"] {
            fields.insert(left_out.to_owned(), Value::Null);
        }
    }
    (shown, known.map_or(Value::Null, |known| runs::workflow(repo, known)))
}

/// `deployment`.
pub(crate) fn created(world: &mut World, id: u64, sender: u64) {
    let Some(of) = world.deployment(id) else { return };
    let Some(repo) = world.repos.get(&of.repo) else { return };
    let (run, workflow) = of_run(world, repo, of);
    let own = json!({ "deployment": deployment(world, repo, of), "workflow": workflow, "workflow_run": run });
    let repo = repo.id;
    post(world, "deployment", Some("created"), Some(repo), sender, own);
}

/// `deployment_status`, of the newest status.
pub(crate) fn status(world: &mut World, id: u64, sender: u64) {
    let Some(of) = world.deployment(id) else { return };
    let Some(repo) = world.repos.get(&of.repo) else { return };
    let Some(status) = of.statuses.last() else { return };
    let (run, workflow) = of_run(world, repo, of);
    let own = json!({
        "deployment": deployment(world, repo, of), "deployment_status": status_json(world, repo, of, status),
        "workflow": workflow, "workflow_run": run,
    });
    let repo = repo.id;
    post(world, "deployment_status", Some("created"), Some(repo), sender, own);
}

/// `deployment_protection_rule`, when the App is among those that the environment asks.
///
/// The address of the callback is told as GitHub tells it, unless the environment has another one: an answer that is
/// sent wherever a delivery says is an answer, and a token, given away.
pub(crate) fn rule_requested(world: &mut World, id: u64, sender: u64) {
    let Some(of) = world.deployment(id) else { return };
    let Some(repo) = world.repos.get(&of.repo) else { return };
    let Some(run) = of.of.and_then(|(run, _)| world.run(run)) else { return };
    if !of.rules.iter().any(|rule| rule.app == world.app.slug) {
        return;
    }
    let true_url =
        format!("{API}/repos/{}/actions/runs/{}/deployment_protection_rule", repo.full_name(), run.id);
    let wrong_url = world.environment(of.repo, &of.environment).and_then(|spec| spec.callback_url.clone());
    let is_head = |pull: &&crate::pull::Pull| {
        let state = pull.now();
        let is_here = run.head_repo == repo.id && state.head_repo == Some(repo.id);
        is_here && state.status == PullStatus::Open && state.ends.head_sha == run.head_sha
    };
    let pulls: Vec<Value> = repo
        .pulls
        .values()
        .filter(is_head)
        .map(|found| pull::full(world, repo, found, found.now()))
        .collect();
    let own = json!({
        "environment": of.environment, "event": run.event, "sha": of.sha, "ref": of.reference,
        "deployment_callback_url": wrong_url.unwrap_or(true_url),
        "deployment": deployment(world, repo, of), "pull_requests": pulls,
    });
    let repo = repo.id;
    post(world, "deployment_protection_rule", Some("requested"), Some(repo), sender, own);
}

/// `deployment_review`, when people are asked.
pub(crate) fn review_requested(world: &mut World, id: u64, sender: u64) {
    let Some(of) = world.deployment(id) else { return };
    let (Some(spec), Some(_)) = (world.environment(of.repo, &of.environment), &of.review) else { return };
    let (reviewers, environment) = (reviewers(world, spec), of.environment.clone());
    let Some(mut own) = review_json(world, of) else { return };
    let job = own.remove("workflow_job_runs").and_then(|jobs| jobs.get(0).cloned());
    own.insert("workflow_job_run".to_owned(), json!(job));
    own.insert("environment".to_owned(), json!(environment));
    own.insert("reviewers".to_owned(), json!(reviewers));
    own.insert("requestor".to_owned(), user(world, of.creator));
    let repo = of.repo;
    post(world, "deployment_review", Some("requested"), Some(repo), sender, Value::Object(own));
}

/// `deployment_review`, when a person answered.
pub(crate) fn reviewed(world: &mut World, id: u64, sender: u64, answer: Answer) {
    let Some(of) = world.deployment(id) else { return };
    let Some(spec) = world.environment(of.repo, &of.environment) else { return };
    let reviewers = reviewers(world, spec);
    let Some(mut own) = review_json(world, of) else { return };
    let comment = of.review.as_ref().map(|review| review.comment.clone());
    own.insert("approver".to_owned(), user(world, sender));
    own.insert("comment".to_owned(), json!(comment.unwrap_or_default()));
    own.insert("reviewers".to_owned(), json!(reviewers));
    let repo = of.repo;
    post(world, "deployment_review", Some(answer.word()), Some(repo), sender, Value::Object(own));
}

fn review_json(world: &World, of: &Deployment) -> Option<Map<String, Value>> {
    let repo = world.repos.get(&of.repo)?;
    let (run, job) = of.of?;
    let found = world.run(run)?;
    let job = found.job(job)?;
    let (shown, _) = of_run(world, repo, of);
    let Value::Object(own) = json!({
        "workflow_run": shown, "since": rfc3339(of.created_at),
        "workflow_job_runs": [{
            "id": job.id, "name": null, "status": job.status, "conclusion": null, "environment": of.environment,
            "created_at": rfc3339(job.created_at), "updated_at": rfc3339(found.attempt.updated_at),
            "html_url": format!("{WEB}/{}/actions/runs/{run}/job/{}", repo.full_name(), job.id),
        }],
    }) else {
        return None;
    };
    Some(own)
}
