//! Workflows, runs and jobs as JSON, and the deliveries about them.

use serde_json::{Map, Value, json};

use super::event::post;
use super::{API, WEB, node_id, repository, segment, user};
use crate::clock::{Clock, rfc3339};
use crate::pull::PullStatus;
use crate::repo::{Commit, Ident, Repo};
use crate::run::{Attempt, Workflow, WorkflowJob, WorkflowRun};
use crate::step::Run;
use crate::world::World;

/// The fields that every repository inside of another object has.
const SHORT: [&str; 9] =
    ["id", "node_id", "name", "full_name", "owner", "private", "html_url", "description", "fork"];
/// Links that only a repository told in full has.
const LONG_LINKS: [&str; 4] = ["git_url", "ssh_url", "clone_url", "svn_url"];

/// A repository inside of a run.
pub(crate) fn short_repository(world: &World, repo: &Repo) -> Value {
    let Value::Object(fields) = repository(world, repo) else { return Value::Null };
    let is_short = |key: &str| {
        SHORT.contains(&key)
            || ((key == "url" || key.ends_with("_url")) && key != "mirror_url" && !LONG_LINKS.contains(&key))
    };
    let mut short: Map<String, Value> = fields.into_iter().filter(|(key, _)| is_short(key)).collect();
    if let Some(Value::Object(owner)) = short.get_mut("owner") {
        owner.remove("user_view_type");
    }
    Value::Object(short)
}

pub(crate) fn workflow(repo: &Repo, workflow: &Workflow) -> Value {
    let born = rfc3339(Clock::default().story());
    let (api, web) = (format!("{API}/repos/{}", repo.full_name()), format!("{WEB}/{}", repo.full_name()));
    let badge = format!("{web}/workflows/{}/badge.svg", segment(&workflow.name));
    json!({
        "id": workflow.id, "node_id": node_id("W", workflow.id), "name": workflow.name, "path": workflow.path,
        "state": "active", "created_at": born, "updated_at": born, "badge_url": badge,
        "url": format!("{api}/actions/workflows/{}", workflow.id),
        "html_url": format!("{web}/blob/{}/{}", segment(&repo.default_branch), workflow.path),
    })
}

/// A run as it stood in one attempt.
pub(crate) fn workflow_run(world: &World, repo: &Repo, run: &WorkflowRun, attempt: &Attempt) -> Value {
    let api = format!("{API}/repos/{}", repo.full_name());
    let url = format!("{api}/actions/runs/{}", run.id);
    let head = world.repos.get(&run.head_repo).unwrap_or(repo);
    let commit = world.commit(head, &run.head_sha).map(|commit| head_commit(commit));
    let previous = attempt
        .number
        .checked_sub(1)
        .filter(|number| *number > 0)
        .map(|number| format!("{url}/attempts/{number}"));
    json!({
        "id": run.id, "name": run.name, "node_id": node_id("WFR", run.id), "check_suite_id": run.suite,
        "check_suite_node_id": node_id("CS", run.suite), "head_branch": run.head_branch,
        "head_sha": run.head_sha, "path": run.path, "run_number": run.number, "run_attempt": attempt.number,
        "referenced_workflows": [], "event": run.event, "status": attempt.status,
        "conclusion": attempt.conclusion, "workflow_id": run.workflow, "url": url,
        "html_url": format!("{WEB}/{}/actions/runs/{}", repo.full_name(), run.id),
        "pull_requests": pull_requests(repo, run), "created_at": rfc3339(run.created_at),
        "updated_at": rfc3339(attempt.updated_at), "actor": user(world, run.actor),
        "triggering_actor": user(world, attempt.triggering_actor),
        "run_started_at": rfc3339(attempt.started_at), "jobs_url": format!("{url}/jobs"),
        "logs_url": format!("{url}/logs"), "check_suite_url": format!("{api}/check-suites/{}", run.suite),
        "artifacts_url": format!("{url}/artifacts"), "cancel_url": format!("{url}/cancel"),
        "rerun_url": format!("{url}/rerun"), "previous_attempt_url": previous,
        "workflow_url": format!("{api}/actions/workflows/{}", run.workflow), "head_commit": commit,
        "repository": short_repository(world, repo), "head_repository": short_repository(world, head),
        "display_title": run.title,
    })
}

fn head_commit(commit: &Commit) -> Value {
    let ident = |ident: &Ident| json!({ "name": ident.name, "email": ident.email });
    json!({
        "id": commit.sha, "tree_id": commit.tree, "message": commit.message, "timestamp": rfc3339(commit.date),
        "author": ident(&commit.author), "committer": ident(&commit.committer),
    })
}

/// Open pull requests with the run's head; those of forks are left out, as GitHub leaves them out.
fn pull_requests(repo: &Repo, run: &WorkflowRun) -> Vec<Value> {
    let url = format!("{API}/repos/{}", repo.full_name());
    let end = |name: &str, sha: &str| json!({ "ref": name, "sha": sha, "repo": { "id": repo.id, "url": url, "name": repo.name } });
    let pulls = repo.pulls.values().filter(|pull| {
        let state = pull.now();
        let is_here = run.head_repo == repo.id && state.head_repo == Some(repo.id);
        is_here && state.status == PullStatus::Open && state.ends.head_sha == run.head_sha
    });
    let shape = |pull: &crate::pull::Pull| {
        let ends = &pull.now().ends;
        json!({
            "id": pull.id, "number": pull.number, "url": format!("{url}/pulls/{}", pull.number),
            "head": end(&pull.head_ref, &ends.head_sha), "base": end(&ends.base_ref, &ends.base_sha),
        })
    };
    pulls.map(shape).collect()
}

pub(crate) fn job_json(repo: &Repo, run: &WorkflowRun, attempt: u64, job: &WorkflowJob) -> Value {
    let api = format!("{API}/repos/{}", repo.full_name());
    let runs = job.status == "in_progress" || job.status == "completed";
    let runner = (runs && job.conclusion.as_deref() != Some("cancelled")).then_some(job.id % 1000 + 1);
    let group = job.runner_group.clone().or_else(|| runner.map(|_| "GitHub Actions".to_owned()));
    json!({
        "id": job.id, "run_id": run.id, "run_url": format!("{api}/actions/runs/{}", run.id),
        "run_attempt": attempt, "node_id": node_id("CR", job.id), "head_sha": run.head_sha,
        "head_branch": run.head_branch, "workflow_name": run.name,
        "url": format!("{api}/actions/jobs/{}", job.id),
        "html_url": format!("{WEB}/{}/actions/runs/{}/job/{}", repo.full_name(), run.id, job.id),
        "status": job.status, "conclusion": job.conclusion, "created_at": rfc3339(job.created_at),
        "started_at": rfc3339(job.created_at), "completed_at": job.completed_at.map(rfc3339),
        "name": job.name, "steps": [], "check_run_url": format!("{api}/check-runs/{}", job.id),
        "labels": job.labels, "runner_id": runner, "runner_name": runner.map(|id| format!("runner {id}")),
        "runner_group_id": group.as_ref().map(|_| 1), "runner_group_name": group,
    })
}

/// `workflow_run`, as the run stands.
pub(crate) fn run(world: &mut World, action: &'static str, id: u64, sender: u64) {
    let Some(found) = world.run(id) else { return };
    let Some(repo) = world.repos.get(&found.repo) else { return };
    let at = (found.repo, found.path.clone());
    let known = world.automation.workflows.get(&at).map(|known| workflow(repo, known));
    let own = json!({ "workflow_run": workflow_run(world, repo, found, &found.attempt), "workflow": known });
    post(world, "workflow_run", Some(action), Some(at.0), sender, own);
}

/// `workflow_job`, with the deployment of the job when it has one.
pub(crate) fn job(world: &mut World, action: &'static str, (run, job): (u64, u64), sender: u64) {
    let Some(run) = world.run(run) else { return };
    let Some(repo) = world.repos.get(&run.repo) else { return };
    let Some(found) = run.job(job) else { return };
    let mut own = json!({ "workflow_job": job_json(repo, run, run.attempt.number, found) });
    let of = world.automation.deployments.iter().find(|one| one.of == Some((run.id, job)));
    if let (Value::Object(own), Some(of)) = (&mut own, of) {
        own.insert("deployment".to_owned(), super::deployment::deployment(world, repo, of));
    }
    let repo = repo.id;
    post(world, "workflow_job", Some(action), Some(repo), sender, own);
}

/// What goes before a run that somebody asked for by hand or through the API.
pub(crate) fn dispatched(world: &mut World, step: &Run, sender: u64, repo: u64) {
    let Some(found) = world.repos.get(&repo) else { return };
    let branch = step.branch.clone().unwrap_or_else(|| found.default_branch.clone());
    match step.event.as_str() {
        "workflow_dispatch" => {
            let own = json!({
                "ref": format!("refs/heads/{branch}"), "workflow": step.workflow, "inputs": step.inputs,
            });
            post(world, "workflow_dispatch", None, Some(repo), sender, own);
        }
        "repository_dispatch" => {
            let kind = step.event_type.as_deref().unwrap_or("dispatched");
            let own = json!({ "action": kind, "branch": branch, "client_payload": step.inputs });
            // The action is whatever the caller chose.
            post(world, "repository_dispatch", None, Some(repo), sender, own);
        }
        _ => {}
    }
}
