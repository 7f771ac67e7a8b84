//! Check runs and the App as JSON.

use serde_json::{Value, json};

use super::{API, WEB, node_id, segment, user};
use crate::auth::client_id;
use crate::check::{Annotation, CheckRun, Poster};
use crate::clock::{Clock, rfc3339};
use crate::pull::PullStatus;
use crate::repo::Repo;
use crate::world::World;

pub(crate) fn app(world: &World, poster: &Poster) -> Value {
    let own = poster.id == world.app.id;
    let born = rfc3339(Clock::default().story());
    let owner = world.orgs.first().map_or(world.own_bot(), |org| org.account);
    json!({
        "id": poster.id, "slug": poster.slug, "node_id": node_id("A", poster.id), "client_id": client_id(poster.id),
        "owner": user(world, owner), "name": poster.name, "description": null,
        "external_url": format!("https://{}.example", poster.slug),
        "html_url": format!("{WEB}/apps/{}", poster.slug), "created_at": born, "updated_at": born,
        "permissions": if own { json!(world.app.permissions) } else { json!({ "checks": "write" }) },
        "events": world.app.events,
    })
}

pub(crate) fn installation(world: &World) -> Value {
    let account = world.orgs.first().map_or(world.own_bot(), |org| org.account);
    let id = world.app.installation;
    let born = rfc3339(Clock::default().story());
    json!({
        "id": id, "account": user(world, account), "app_id": world.app.id, "app_slug": world.app.slug,
        "client_id": client_id(world.app.id), "target_id": account, "target_type": "Organization",
        "repository_selection": "all", "permissions": world.app.permissions, "events": world.app.events,
        "access_tokens_url": format!("{API}/app/installations/{id}/access_tokens"),
        "repositories_url": format!("{API}/installation/repositories"),
        "html_url": format!("{WEB}/settings/installations/{id}"), "created_at": &born, "updated_at": &born,
        "single_file_name": null, "has_multiple_single_files": false, "single_file_paths": [],
        "suspended_by": world.app.suspended.then(|| user(world, account)),
        "suspended_at": world.app.suspended.then_some(&born),
    })
}

pub(crate) fn check_run(world: &World, repo: &Repo, run: &CheckRun) -> Value {
    let api = format!("{API}/repos/{}", repo.full_name());
    let web = format!("{WEB}/{}/runs/{}", repo.full_name(), run.id);
    let fallback = format!("https://{}.example", run.app.slug);
    json!({
        "id": run.id, "node_id": node_id("CR", run.id), "head_sha": run.head_sha, "name": run.name,
        "external_id": run.external_id, "url": format!("{api}/check-runs/{}", run.id), "html_url": web,
        "details_url": run.details_url.as_ref().unwrap_or(&fallback),
        "status": run.status, "conclusion": run.conclusion,
        "started_at": rfc3339(run.started_at), "completed_at": run.completed_at.map(rfc3339),
        "output": {
            "title": run.title, "summary": run.summary, "text": run.text,
            "annotations_count": run.annotations.len(),
            "annotations_url": format!("{api}/check-runs/{}/annotations", run.id),
        },
        "check_suite": { "id": run.suite }, "app": app(world, &run.app),
        "pull_requests": pull_requests(repo, &run.head_sha),
    })
}

/// An annotation, with the place in the file that it is about.
pub(crate) fn annotation(repo: &Repo, run: &CheckRun, annotation: &Annotation) -> Value {
    let mut object = json!(annotation);
    if let Value::Object(fields) = &mut object {
        let path: Vec<String> = annotation.path.split('/').map(segment).collect();
        let blob = format!("{WEB}/{}/blob/{}/{}", repo.full_name(), run.head_sha, path.join("/"));
        fields.insert("blob_href".to_owned(), json!(blob));
    }
    object
}

/// Open pull requests with this head; those from forks are left out, as GitHub leaves them out.
fn pull_requests(repo: &Repo, sha: &str) -> Vec<Value> {
    let reference = |name: &str, sha: &str| {
        let url = format!("{API}/repos/{}", repo.full_name());
        json!({ "ref": name, "sha": sha, "repo": { "id": repo.id, "url": url, "name": repo.name } })
    };
    let mut listed = Vec::new();
    for pull in repo.pulls.values() {
        let state = pull.now();
        let here = state.head_repo == Some(repo.id) && state.ends.head_sha == sha;
        if here && state.status == PullStatus::Open {
            listed.push(json!({
                "id": pull.id, "number": pull.number,
                "url": format!("{API}/repos/{}/pulls/{}", repo.full_name(), pull.number),
                "head": reference(&pull.head_ref, sha),
                "base": reference(&state.ends.base_ref, &state.ends.base_sha),
            }));
        }
    }
    listed
}

/// The check run of a delivery, with the suite told in full.
pub(crate) fn delivered(world: &World, repo: &Repo, run: &CheckRun) -> Value {
    let mut object = check_run(world, repo, run);
    let branch = repo.branches.iter().find(|(_, sha)| **sha == run.head_sha).map(|(name, _)| name.clone());
    let pulls = pull_requests(repo, &run.head_sha);
    let suite = json!({
        "id": run.suite, "node_id": node_id("CS", run.suite), "head_branch": branch, "head_sha": run.head_sha,
        "status": run.status, "conclusion": run.conclusion, "before": null, "after": run.head_sha,
        "url": format!("{API}/repos/{}/check-suites/{}", repo.full_name(), run.suite),
        "pull_requests": pulls, "app": app(world, &run.app),
        "created_at": rfc3339(run.started_at), "updated_at": rfc3339(run.completed_at.unwrap_or(run.started_at)),
    });
    if let Value::Object(fields) = &mut object {
        fields.insert("check_suite".to_owned(), suite);
    }
    object
}
