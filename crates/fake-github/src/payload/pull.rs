//! Pull requests, reviews and labels as JSON.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{API, WEB, node_id, repository, segment, user};
use crate::clock::rfc3339;
use crate::pull::{Pull, PullState, Review};
use crate::repo::Repo;
use crate::world::World;

/// The webhook's and the single read's pull request, counts included.
pub(crate) fn full(world: &World, repo: &Repo, pull: &Pull, state: &PullState) -> Value {
    let mut object = short(world, repo, pull, state);
    let stat = state.ends.stat;
    let merged = state.merged.as_ref();
    let counts = json!({
        "merged": merged.is_some(), "mergeable": null, "rebaseable": null, "mergeable_state": "unknown",
        "merged_by": merged.map(|merged| user(world, merged.by)),
        "comments": state.discussion.comments.len(), "review_comments": 0, "maintainer_can_modify": false,
        "commits": state.ends.commits.len(), "additions": stat.additions, "deletions": stat.deletions,
        "changed_files": stat.files,
    });
    if let (Value::Object(object), Value::Object(counts)) = (&mut object, counts) {
        object.extend(counts);
    }
    object
}

/// The pull request of a review delivery, which has no counts.
pub(crate) fn short(world: &World, repo: &Repo, pull: &Pull, state: &PullState) -> Value {
    let full_name = repo.full_name();
    let number = pull.number;
    let api = format!("{API}/repos/{full_name}");
    let html = format!("{WEB}/{full_name}/pull/{number}");
    let links = [
        ("self", format!("{api}/pulls/{number}")),
        ("html", html.clone()),
        ("issue", format!("{api}/issues/{number}")),
        ("comments", format!("{api}/issues/{number}/comments")),
        ("review_comments", format!("{api}/pulls/{number}/comments")),
        ("review_comment", format!("{api}/pulls/comments{{/number}}")),
        ("commits", format!("{api}/pulls/{number}/commits")),
        ("statuses", format!("{api}/statuses/{}", state.ends.head_sha)),
    ];
    let mut object = Map::new();
    for (name, address) in &links {
        let key = match *name {
            "self" => "url".to_owned(),
            other => format!("{other}_url"),
        };
        object.insert(key, json!(address));
    }
    let linked: Map<String, Value> =
        links.iter().map(|(name, address)| ((*name).to_owned(), json!({ "href": address }))).collect();
    let head_repo = state.head_repo.and_then(|id| world.repos.get(&id));
    let head_owner = world.account(&pull.head_owner).map_or(0, |owner| owner.id);
    let base_owner = world.account(&repo.owner).map_or(0, |owner| owner.id);
    let people: Vec<Value> = state.discussion.assignees.iter().map(|id| user(world, *id)).collect();
    let rest = json!({
        "id": pull.id, "node_id": node_id("PR", pull.id), "number": number,
        "state": state.status.rest_word(), "locked": false, "active_lock_reason": null,
        "title": state.title, "body": state.body, "user": user(world, pull.author), "draft": state.draft,
        "author_association": association(world, repo, pull.author),
        "labels": state.labels.iter().map(|name| label(repo, name)).collect::<Vec<_>>(),
        "assignee": people.first(), "assignees": people, "requested_reviewers": [], "requested_teams": [], "milestone": null,
        "created_at": rfc3339(pull.created_at), "updated_at": rfc3339(state.updated_at),
        "closed_at": state.closed_at.map(rfc3339), "merged_at": state.merged.as_ref().map(|merged| rfc3339(merged.at)),
        "merge_commit_sha": state.merged.as_ref().map(|merged| &merged.sha),
        "diff_url": format!("{html}.diff"), "patch_url": format!("{html}.patch"), "_links": linked,
        "auto_merge": state.auto_merge_by.map(|by| json!({
            "enabled_by": user(world, by), "merge_method": "merge", "commit_title": null, "commit_message": null,
        })),
        "head": {
            "label": format!("{}:{}", pull.head_owner, pull.head_ref), "ref": pull.head_ref,
            "sha": state.ends.head_sha, "user": user(world, head_owner),
            "repo": head_repo.map(|head| repository(world, head)),
        },
        "base": {
            "label": format!("{}:{}", repo.owner, state.ends.base_ref), "ref": state.ends.base_ref,
            "sha": state.ends.base_sha, "user": user(world, base_owner), "repo": repository(world, repo),
        },
    });
    if let Value::Object(rest) = rest {
        object.extend(rest);
    }
    Value::Object(object)
}

pub(crate) fn association(world: &World, repo: &Repo, account: u64) -> &'static str {
    let owner = world.account(&repo.owner).map_or(0, |owner| owner.id);
    if owner == account {
        "OWNER"
    } else if world.orgs.iter().any(|org| org.account == owner && org.members.contains(&account)) {
        "MEMBER"
    } else if repo.permissions.contains_key(&account) {
        "COLLABORATOR"
    } else {
        "NONE"
    }
}

pub(crate) fn label(repo: &Repo, name: &str) -> Value {
    // The same name is the same label, so its id comes from the name.
    let digest = Sha256::digest(name.as_bytes());
    let id = digest.iter().take(4).fold(0_u64, |id, byte| id * 256 + u64::from(*byte));
    json!({
        "id": id, "node_id": node_id("LA", id), "name": name, "color": "ededed", "default": false,
        "description": null, "url": format!("{API}/repos/{}/labels/{}", repo.full_name(), segment(name)),
    })
}

/// A review as webhooks show it, with the state in lower case.
pub(crate) fn review(world: &World, repo: &Repo, pull: &Pull, review: &Review) -> Value {
    let html = format!("{WEB}/{}/pull/{}#pullrequestreview-{}", repo.full_name(), pull.number, review.id);
    let pull_url = format!("{API}/repos/{}/pulls/{}", repo.full_name(), pull.number);
    json!({
        "id": review.id, "node_id": node_id("PRR", review.id), "user": user(world, review.author),
        "body": if review.body.is_empty() { Value::Null } else { json!(review.body) },
        "commit_id": review.commit, "submitted_at": rfc3339(review.submitted_at),
        "updated_at": rfc3339(review.submitted_at),
        "state": review.state.word().to_lowercase(), "html_url": html, "pull_request_url": pull_url,
        "author_association": association(world, repo, review.author),
        "_links": { "html": { "href": html }, "pull_request": { "href": pull_url } },
    })
}
