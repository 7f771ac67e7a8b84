//! What lies between two commits.
//!
//! No more than 250 commits and 300 files are told of, whatever there is.
//! <https://docs.github.com/en/rest/commits/commits#compare-two-commits>

use serde_json::{Value, json};

use super::{Answer, Asked};
use crate::auth::Level;
use crate::clock::rfc3339;
use crate::git::{self, Changed};
use crate::payload::{self, API, WEB, node_id, segment};
use crate::reply::Reply;
use crate::repo::{Commit, Ident, Repo};
use crate::world::World;

const MOST_COMMITS: usize = 250;
const MOST_FILES: usize = 300;

pub(super) async fn compare(asked: &Asked<'_>, name: (&str, &str), ends: &str) -> Answer {
    let (base, head) = ends.split_once("...").ok_or_else(Reply::not_found)?;
    let (repo, told, base, tip) = {
        let world = asked.shared.world();
        let repo = asked.repo(&world, name, "contents", Level::Read)?;
        let found = |name: &str| world.resolve(repo, name).map_err(|_| Reply::not_found());
        let (base_sha, head_sha) = (found(base)?, found(head)?);
        let told = told(asked, &world, repo, (&base_sha, &head_sha), ends)?;
        (repo.clone(), told.0, told.1, head_sha)
    };
    let broken = |error: git::GitError| Reply::message(500, &error.to_string());
    let files = git::changed(&repo.dir, &base, &tip).await.map_err(broken)?;
    let lines = git::counted(&repo.dir, &base, &tip).await.map_err(broken)?;
    let file = |file: &Changed| {
        let (added, removed) = lines.get(&file.path).copied().unwrap_or_default();
        file_json(&repo, &tip, file, (added, removed))
    };
    let listed: Vec<Value> = files.iter().take(MOST_FILES).map(file).collect();
    let mut reply = Reply::ok(told);
    if let Some(Value::Object(fields)) = &mut reply.body {
        fields.insert("files".to_owned(), json!(listed));
    }
    Ok(reply)
}

/// All but the files, and the merge base.
fn told(
    asked: &Asked<'_>,
    world: &World,
    repo: &Repo,
    (base, head): (&str, &str),
    ends: &str,
) -> Result<(Value, String), Reply> {
    let no_ancestor = || Reply::message(404, "No common ancestor between the two commits.");
    let graph = world.graph(repo).ok_or_else(Reply::not_found)?;
    let middle = graph.merge_base(head, base).ok_or_else(no_ancestor)?;
    let (ahead, behind) = (graph.between(base, head), graph.between(head, base));
    let status = match (ahead.len(), behind.len()) {
        (0, 0) => "identical",
        (_, 0) => "ahead",
        (0, _) => "behind",
        _ => "diverged",
    };
    let shown: Vec<&String> = match asked.query.get("page").and_then(|page| page.parse::<usize>().ok()) {
        Some(page) => {
            let size = asked.query.get("per_page").and_then(|size| size.parse().ok()).unwrap_or(30_usize);
            let size = size.clamp(1, 100);
            ahead.iter().skip(page.saturating_sub(1) * size).take(size).collect()
        }
        // Without pages it is the newest that are told of.
        None => ahead.iter().skip(ahead.len().saturating_sub(MOST_COMMITS)).collect(),
    };
    let commit = |sha: &str| graph.get(sha).map(|commit| commit_json(world, repo, commit));
    let commits: Vec<Value> = shown.into_iter().filter_map(|sha| commit(sha)).collect();
    let web = format!("{WEB}/{}/compare/{ends}", repo.full_name());
    let told = json!({
        "url": format!("{API}/repos/{}/compare/{ends}", repo.full_name()), "html_url": web, "permalink_url": web,
        "diff_url": format!("{web}.diff"), "patch_url": format!("{web}.patch"), "status": status,
        "base_commit": commit(base), "merge_base_commit": commit(&middle), "ahead_by": ahead.len(),
        "behind_by": behind.len(), "total_commits": ahead.len(), "commits": commits,
    });
    Ok((told, middle))
}

fn commit_json(world: &World, repo: &Repo, commit: &Commit) -> Value {
    let (api, web) = (format!("{API}/repos/{}", repo.full_name()), format!("{WEB}/{}", repo.full_name()));
    let sha = &commit.sha;
    let person = |who: &Ident| json!({ "name": who.name, "email": who.email, "date": rfc3339(commit.date) });
    let account = |who: &Ident| {
        let found =
            world.accounts.values().find(|account| !account.deleted && account.owns_email(&who.email));
        found.map(|account| payload::user(world, account.id))
    };
    let parents: Vec<Value> = (commit.parents.iter())
        .map(|sha| {
            json!({ "sha": sha, "url": format!("{api}/commits/{sha}"), "html_url": format!("{web}/commit/{sha}") })
        })
        .collect();
    let verified = commit.signature.as_ref().is_some_and(|signed| signed.state == "VALID");
    let reason = commit.signature.as_ref().map_or_else(|| "unsigned".to_owned(), |s| s.state.to_lowercase());
    json!({
        "sha": sha, "node_id": format!("{}{sha}", node_id("C", repo.id)), "url": format!("{api}/commits/{sha}"),
        "html_url": format!("{web}/commit/{sha}"), "comments_url": format!("{api}/commits/{sha}/comments"),
        "commit": {
            "url": format!("{api}/git/commits/{sha}"), "author": person(&commit.author),
            "committer": person(&commit.committer), "message": commit.message, "comment_count": 0,
            "tree": { "sha": commit.tree, "url": format!("{api}/git/trees/{}", commit.tree) },
            "verification": {
                "verified": verified, "reason": reason, "signature": null, "payload": null, "verified_at": null,
            },
        },
        "author": account(&commit.author), "committer": account(&commit.committer), "parents": parents,
    })
}

fn file_json(repo: &Repo, tip: &str, file: &Changed, (added, removed): (u64, u64)) -> Value {
    let (api, web) = (format!("{API}/repos/{}", repo.full_name()), format!("{WEB}/{}", repo.full_name()));
    let path: Vec<String> = file.path.split('/').map(segment).collect();
    let path = path.join("/");
    let status = match file.status {
        'A' => "added",
        'D' => "removed",
        'T' => "changed",
        _ => "modified",
    };
    json!({
        "sha": file.blob, "filename": file.path, "status": status, "additions": added, "deletions": removed,
        "changes": added + removed, "blob_url": format!("{web}/blob/{tip}/{path}"),
        "raw_url": format!("{web}/raw/{tip}/{path}"), "contents_url": format!("{api}/contents/{path}?ref={tip}"),
    })
}
