//! Issues and comments as JSON: a pull request is an issue, too.

use serde_json::{Value, json};

use super::pull::{association, label};
use super::{API, WEB, check, event::post, node_id, user};
use crate::clock::rfc3339;
use crate::discussion::{Comment, CommitComment, Issue, Thread};
use crate::pull::{Pull, PullState};
use crate::repo::Repo;
use crate::world::World;

/// A pull request's number as an issue has another id than the pull request itself.
const ISSUE_OF_PULL: u64 = 1_000_000_000;

fn reactions(url: &str) -> Value {
    json!({
        "url": format!("{url}/reactions"), "total_count": 0, "+1": 0, "-1": 0, "laugh": 0, "hooray": 0,
        "confused": 0, "heart": 0, "rocket": 0, "eyes": 0,
    })
}

/// What makes an issue, whichever it is.
struct Told<'a> {
    id: u64,
    node: String,
    number: u64,
    page: &'static str,
    author: u64,
    title: &'a str,
    body: Option<&'a str>,
    state: &'static str,
    state_reason: Option<&'a str>,
    labels: &'a [String],
    assignees: &'a [u64],
    comments: usize,
    created_at: i64,
    updated_at: i64,
    closed_at: Option<i64>,
    app: Value,
}

fn told(world: &World, repo: &Repo, told: Told<'_>) -> Value {
    let api = format!("{API}/repos/{}", repo.full_name());
    let url = format!("{api}/issues/{}", told.number);
    let people: Vec<Value> = told.assignees.iter().map(|id| user(world, *id)).collect();
    json!({
        "id": told.id, "node_id": told.node, "number": told.number, "url": url, "repository_url": api,
        "labels_url": format!("{url}/labels{{/name}}"), "comments_url": format!("{url}/comments"),
        "events_url": format!("{url}/events"), "timeline_url": format!("{url}/timeline"),
        "html_url": format!("{WEB}/{}/{}/{}", repo.full_name(), told.page, told.number),
        "title": told.title, "body": told.body, "user": user(world, told.author),
        "author_association": association(world, repo, told.author), "state": told.state,
        "state_reason": told.state_reason, "locked": false, "active_lock_reason": null,
        "labels": told.labels.iter().map(|name| label(repo, name)).collect::<Vec<_>>(),
        "assignee": people.first(), "assignees": people, "milestone": null, "comments": told.comments,
        "created_at": rfc3339(told.created_at), "updated_at": rfc3339(told.updated_at),
        "closed_at": told.closed_at.map(rfc3339), "performed_via_github_app": told.app,
        "reactions": reactions(&url),
    })
}

pub(crate) fn issue(world: &World, repo: &Repo, issue: &Issue) -> Value {
    let app = issue.app.as_ref().map_or(Value::Null, |app| check::app(world, app));
    told(
        world,
        repo,
        Told {
            id: issue.id,
            node: node_id("I", issue.id),
            number: issue.number,
            page: "issues",
            author: issue.author,
            title: &issue.title,
            body: issue.body.as_deref(),
            state: if issue.closed_at.is_some() { "closed" } else { "open" },
            state_reason: issue.state_reason.as_deref(),
            labels: &issue.labels,
            assignees: &[],
            comments: issue.comments.len(),
            created_at: issue.created_at,
            updated_at: issue.updated_at,
            closed_at: issue.closed_at,
            app,
        },
    )
}

fn of_pull(world: &World, repo: &Repo, pull: &Pull, state: &PullState) -> Value {
    let mut object = told(
        world,
        repo,
        Told {
            id: ISSUE_OF_PULL + pull.id,
            node: node_id("PR", pull.id),
            number: pull.number,
            page: "pull",
            author: pull.author,
            title: &state.title,
            body: state.body.as_deref(),
            state: state.status.rest_word(),
            state_reason: None,
            labels: &state.labels,
            assignees: &state.discussion.assignees,
            comments: state.discussion.comments.len(),
            created_at: pull.created_at,
            updated_at: state.updated_at,
            closed_at: state.closed_at,
            app: Value::Null,
        },
    );
    let html = format!("{WEB}/{}/pull/{}", repo.full_name(), pull.number);
    if let Value::Object(fields) = &mut object {
        fields.insert("draft".to_owned(), json!(state.draft));
        fields.insert(
            "pull_request".to_owned(),
            json!({
                "url": format!("{API}/repos/{}/pulls/{}", repo.full_name(), pull.number), "html_url": html,
                "diff_url": format!("{html}.diff"), "patch_url": format!("{html}.patch"),
                "merged_at": state.merged.as_ref().map(|merged| rfc3339(merged.at)),
            }),
        );
    }
    object
}

pub(crate) fn thread(world: &World, repo: &Repo, of: Thread<'_>) -> Value {
    match of {
        Thread::Pull(pull, state) => of_pull(world, repo, pull, state),
        Thread::Issue(one) => issue(world, repo, one),
    }
}

pub(crate) fn comment(world: &World, repo: &Repo, of: Thread<'_>, comment: &Comment) -> Value {
    let (page, number) = match of {
        Thread::Pull(pull, _) => ("pull", pull.number),
        Thread::Issue(issue) => ("issues", issue.number),
    };
    let api = format!("{API}/repos/{}", repo.full_name());
    let url = format!("{api}/issues/comments/{}", comment.id);
    json!({
        "id": comment.id, "node_id": node_id("IC", comment.id), "url": url,
        "issue_url": format!("{api}/issues/{number}"),
        "html_url": format!("{WEB}/{}/{page}/{number}#issuecomment-{}", repo.full_name(), comment.id),
        "user": user(world, comment.author), "body": comment.body,
        "author_association": association(world, repo, comment.author),
        "created_at": rfc3339(comment.created_at), "updated_at": rfc3339(comment.updated_at()),
        "performed_via_github_app": comment.app.as_ref().map(|app| check::app(world, app)),
        "reactions": reactions(&url),
    })
}

pub(crate) fn commit_comment(world: &World, repo: &Repo, on: &CommitComment) -> Value {
    let comment = &on.comment;
    let url = format!("{API}/repos/{}/comments/{}", repo.full_name(), comment.id);
    let html = format!("{WEB}/{}/commit/{}#commitcomment-{}", repo.full_name(), on.sha, comment.id);
    json!({
        "id": comment.id, "node_id": node_id("CC", comment.id), "url": url, "html_url": html,
        "user": user(world, comment.author), "body": comment.body, "commit_id": on.sha, "path": on.path,
        "position": null, "line": null, "author_association": association(world, repo, comment.author),
        "created_at": rfc3339(comment.created_at), "updated_at": rfc3339(comment.updated_at()),
        "reactions": reactions(&url),
    })
}

/// `issue_comment`, with what the action adds.
pub(crate) fn commented(
    world: &mut World,
    action: &'static str,
    (repo_id, number): (u64, u64),
    sender: u64,
    (said, extra): (&Comment, Value),
) {
    let Some(repo) = world.repos.get(&repo_id) else { return };
    let Some(of) = repo.thread(number) else { return };
    let mut own = json!({ "issue": thread(world, repo, of), "comment": comment(world, repo, of, said) });
    if let (Value::Object(own), Value::Object(extra)) = (&mut own, extra) {
        own.extend(extra);
    }
    post(world, "issue_comment", Some(action), Some(repo_id), sender, own);
}

pub(crate) fn commit_commented(world: &mut World, repo_id: u64, sender: u64, said: &CommitComment) {
    let Some(repo) = world.repos.get(&repo_id) else { return };
    let own = json!({ "comment": commit_comment(world, repo, said) });
    post(world, "commit_comment", Some("created"), Some(repo_id), sender, own);
}

/// `issues`.
pub(crate) fn issues(world: &mut World, action: &'static str, (repo_id, number): (u64, u64), sender: u64) {
    let Some(repo) = world.repos.get(&repo_id) else { return };
    let Some(found) = repo.issues.get(&number) else { return };
    let own = json!({ "issue": issue(world, repo, found) });
    post(world, "issues", Some(action), Some(repo_id), sender, own);
}
