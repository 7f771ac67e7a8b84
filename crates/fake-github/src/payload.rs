//! GitHub's JSON objects, the same in REST answers and webhook payloads.
//!
//! Field lists follow GitHub's published schemas (`@octokit/openapi-webhooks`), required fields first of all.
//! Links name hosts that do not exist, never the port of the day, so that a payload is the same in every run.

use serde_json::{Map, Value, json};

use crate::account::{Account, GHOST};
use crate::clock::rfc3339;
use crate::repo::{Permission, Repo};
use crate::world::World;

pub(crate) mod access;
pub(crate) mod check;
pub(crate) mod deployment;
pub(crate) mod event;
pub(crate) mod guard;
pub(crate) mod issue;
pub(crate) mod pull;
pub(crate) mod queue;
pub(crate) mod release;
pub(crate) mod run;

pub(crate) const API: &str = "https://api.github.example";
pub(crate) const WEB: &str = "https://github.example";

pub(crate) fn node_id(kind: &str, id: u64) -> String {
    format!("{kind}_kwFake{id:08}")
}

/// A text as one segment of an address: `renovate[bot]` is `renovate%5Bbot%5D` there.
pub(crate) fn segment(text: &str) -> String {
    let mut safe = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                safe.push(char::from(byte))
            }
            _ => safe.push_str(&format!("%{byte:02X}")),
        }
    }
    safe
}

pub(crate) fn user(world: &World, id: u64) -> Value {
    match world.living(id) {
        Some(account) => account_json(&account.login, account.id, account.kind.word()),
        None => account_json(GHOST.0, GHOST.1, "User"),
    }
}

/// A user in the older shape that some objects still have inside.
pub(crate) fn older_user(world: &World, id: u64) -> Value {
    let mut shown = user(world, id);
    if let Value::Object(fields) = &mut shown {
        fields.remove("user_view_type");
    }
    shown
}

fn account_json(login: &str, id: u64, kind: &str) -> Value {
    let name = segment(login);
    let api = format!("{API}/users/{name}");
    json!({
        "login": login, "id": id, "node_id": node_id("U", id), "type": kind, "site_admin": false,
        "user_view_type": "public", "gravatar_id": "",
        "avatar_url": format!("{WEB}/avatars/{id}"), "html_url": format!("{WEB}/{name}"), "url": api,
        "followers_url": format!("{api}/followers"), "following_url": format!("{api}/following{{/other_user}}"),
        "gists_url": format!("{api}/gists{{/gist_id}}"), "starred_url": format!("{api}/starred{{/owner}}{{/repo}}"),
        "subscriptions_url": format!("{api}/subscriptions"), "organizations_url": format!("{api}/orgs"),
        "repos_url": format!("{api}/repos"), "events_url": format!("{api}/events{{/privacy}}"),
        "received_events_url": format!("{api}/received_events"),
    })
}

pub(crate) fn organization(account: &Account) -> Value {
    let login = &account.login;
    let api = format!("{API}/orgs/{login}");
    json!({
        "login": login, "id": account.id, "node_id": node_id("O", account.id), "url": api,
        "repos_url": format!("{api}/repos"), "events_url": format!("{api}/events"),
        "hooks_url": format!("{api}/hooks"), "issues_url": format!("{api}/issues"),
        "members_url": format!("{api}/members{{/member}}"),
        "public_members_url": format!("{api}/public_members{{/member}}"),
        "avatar_url": format!("{WEB}/avatars/{}", account.id), "description": "",
    })
}

/// The organisation that owns the repository, if it is one.
pub(crate) fn owning_organization(world: &World, repo: &Repo) -> Option<Value> {
    let owner = world.account(&repo.owner).ok()?;
    world.orgs.iter().any(|org| org.account == owner.id).then(|| organization(owner))
}

/// The link templates of a repository object: key, and what follows the repository's own address.
const REPOSITORY_LINKS: [(&str, &str); 37] = [
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
    ("url", ""),
];

pub(crate) fn repository(world: &World, repo: &Repo) -> Value {
    let full_name = repo.full_name();
    let mut object = Map::new();
    for (key, rest) in REPOSITORY_LINKS {
        object.insert(key.to_owned(), json!(format!("{API}/repos/{full_name}{rest}")));
    }
    let owner = world.account(&repo.owner).map_or(GHOST.1, |owner| owner.id);
    let issues = repo.issues.values().filter(|issue| issue.closed_at.is_none()).count();
    let pulls = issues + repo.pulls.values().filter(|pull| pull.now().closed_at.is_none()).count();
    let born = rfc3339(crate::clock::Clock::default().story());
    let rest = json!({
        "id": repo.id, "node_id": node_id("R", repo.id), "name": repo.name, "full_name": full_name,
        "owner": user(world, owner), "private": repo.private,
        "visibility": if repo.private { "private" } else { "public" },
        "fork": repo.fork_of.is_some(), "default_branch": repo.default_branch, "archived": repo.archived,
        "disabled": false, "description": null, "homepage": null, "language": null, "license": null,
        "mirror_url": null, "html_url": format!("{WEB}/{full_name}"), "svn_url": format!("{WEB}/{full_name}"),
        "clone_url": format!("{WEB}/{full_name}.git"), "git_url": format!("git://github.example/{full_name}.git"),
        "ssh_url": format!("git@github.example:{full_name}.git"), "created_at": born, "updated_at": born,
        "pushed_at": born, "size": 1, "stargazers_count": 0, "watchers_count": 0, "watchers": 0, "forks": 0,
        "forks_count": 0, "open_issues": pulls, "open_issues_count": pulls, "has_issues": true,
        "has_projects": true, "has_downloads": true, "has_wiki": true, "has_pages": false,
        "has_discussions": false, "allow_forking": true, "is_template": false,
        "web_commit_signoff_required": false, "topics": [],
    });
    if let Value::Object(rest) = rest {
        object.extend(rest);
    }
    Value::Object(object)
}

/// The answer of `GET …/collaborators/{user}/permission`.
pub(crate) fn collaborator(world: &World, repo: &Repo, account: &Account) -> Value {
    let permission = world.permission(repo, account.id);
    let mut shown = user(world, account.id);
    if let Value::Object(fields) = &mut shown {
        let has = |needed: Permission| permission >= needed;
        fields.insert("role_name".to_owned(), json!(permission.word()));
        fields.insert(
            "permissions".to_owned(),
            json!({
                "pull": has(Permission::Read), "triage": has(Permission::Write), "push": has(Permission::Write),
                "maintain": has(Permission::Admin), "admin": has(Permission::Admin),
            }),
        );
    }
    json!({ "permission": permission.word(), "role_name": permission.word(), "user": shown })
}

#[cfg(test)]
mod tests {
    use super::segment;

    #[test]
    fn a_segment_has_no_meaning_of_its_own() {
        assert_eq!(segment("renovate[bot]"), "renovate%5Bbot%5D");
        assert_eq!(segment("a/b ?é"), "a%2Fb%20%3F%C3%A9");
        assert_eq!(segment("octo-cat_1.x~"), "octo-cat_1.x~");
    }
}
