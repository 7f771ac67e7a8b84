//! What one push causes: `push`, `create` and `delete`, ref by ref, within GitHub's limits.
//!
//! Only branches and tags are told of. Of many tags moved at once nothing is told at all, of very many branches no
//! `push`: <https://docs.github.com/en/webhooks/webhook-events-and-payloads#push>.

use serde_json::{Value, json};

use super::post;
use crate::clock::rfc3339;
use crate::moves::Move;
use crate::payload::{WEB, repository};
use crate::refs::{Kind, NOTHING};
use crate::repo::{Commit, Graph, Ident, Repo};
use crate::world::World;

/// GitHub lists no more commits than this in a push.
const MOST_COMMITS: usize = 2048;
/// Of more tags at once nothing is told.
const MOST_TAGS: usize = 3;
/// Of more branches at once no `push` is told.
const MOST_BRANCHES: usize = 5000;

/// The deliveries of refs that have moved.
pub(crate) fn pushed(world: &mut World, sender: u64, repo: u64, moves: &[Move]) {
    let count = |wanted: Kind, fits: fn(&Move) -> bool| {
        moves.iter().filter(|one| Kind::of(&one.name).0 == wanted && fits(one)).count()
    };
    let tags_tell = count(Kind::Tag, |_| true) <= MOST_TAGS;
    let new_tags_tell = count(Kind::Tag, |one| one.before.is_none()) <= MOST_TAGS;
    let gone_tags_tell = count(Kind::Tag, |one| one.after.is_none()) <= MOST_TAGS;
    let branches_tell = count(Kind::Branch, |_| true) <= MOST_BRANCHES;
    for one in moves {
        let (kind, short) = Kind::of(&one.name);
        let Some(word) = kind.word() else { continue };
        let is_tag = kind == Kind::Tag;
        if one.before.is_none() && (new_tags_tell || !is_tag) {
            let master = world.repos.get(&repo).map(|repo| repo.default_branch.clone());
            let own = json!({
                "ref": short, "ref_type": word, "master_branch": master, "description": null,
                "pusher_type": "user",
            });
            post(world, "create", None, Some(repo), sender, own);
        }
        if one.after.is_none() && (gone_tags_tell || !is_tag) {
            let own = json!({ "ref": short, "ref_type": word, "pusher_type": "user" });
            post(world, "delete", None, Some(repo), sender, own);
        }
        if if is_tag { tags_tell } else { branches_tell } {
            push(world, sender, repo, one);
        }
    }
}

fn push(world: &mut World, sender: u64, id: u64, one: &Move) {
    let Some(repo) = world.repos.get(&id) else { return };
    let Some(graph) = world.graph(repo) else { return };
    let web = format!("{WEB}/{}", repo.full_name());
    let (before, after) = (one.before.as_deref().unwrap_or(NOTHING), one.after.as_deref().unwrap_or(NOTHING));
    let commits: Vec<Value> =
        fresh(repo, graph, one).iter().map(|commit| commit_json(world, &web, commit)).collect();
    let mut shown = repository(world, repo);
    if let Value::Object(fields) = &mut shown {
        // In a push, times of the repository are numbers.
        fields.insert("created_at".to_owned(), json!(crate::clock::Clock::default().story()));
        fields.insert("pushed_at".to_owned(), json!(world.clock.story()));
        fields.insert("master_branch".to_owned(), json!(repo.default_branch));
        fields.insert("stargazers".to_owned(), json!(0));
    }
    let pusher = world.living(sender).map_or("ghost", |account| &account.login);
    let head = graph.get(graph.peel(after)).map(|commit| commit_json(world, &web, commit));
    let own = json!({
        "ref": one.name, "before": before, "after": after, "created": one.before.is_none(),
        "deleted": one.after.is_none(), "forced": one.forced, "base_ref": base_ref(repo, graph, one),
        "compare": format!("{web}/compare/{before:.12}...{after:.12}"), "commits": commits, "head_commit": head,
        "repository": shown, "pusher": { "name": pusher, "email": null },
    });
    post(world, "push", None, Some(id), sender, own);
}

/// What a branch has now and had not before, oldest first; tags list nothing.
fn fresh<'w>(repo: &Repo, graph: &'w Graph, one: &Move) -> Vec<&'w Commit> {
    let (Some(after), (Kind::Branch, branch)) = (&one.after, Kind::of(&one.name)) else { return Vec::new() };
    let default_tip = repo.branches.get(&repo.default_branch).filter(|_| branch != repo.default_branch);
    let since = one.before.as_ref().or(default_tip).map_or(NOTHING, String::as_str);
    let fresh = graph.between(since, after);
    let listed = fresh.len().saturating_sub(MOST_COMMITS);
    fresh.iter().skip(listed).filter_map(|sha| graph.get(sha)).map(AsRef::as_ref).collect()
}

/// The branch that a new ref was made from, where its commit is the tip of one.
fn base_ref(repo: &Repo, graph: &Graph, one: &Move) -> Option<String> {
    let after = one.after.as_deref().filter(|_| one.before.is_none())?;
    let commit = graph.peel(after);
    let default = repo.branches.get_key_value(&repo.default_branch);
    let mut tips =
        default.into_iter().chain(&repo.branches).map(|(name, tip)| (format!("refs/heads/{name}"), tip));
    tips.find(|(name, tip)| *tip == commit && *name != one.name).map(|(name, _)| name)
}

fn commit_json(world: &World, web: &str, commit: &Commit) -> Value {
    json!({
        "id": commit.sha, "tree_id": commit.tree, "distinct": true, "message": commit.message,
        "timestamp": rfc3339(commit.date), "url": format!("{web}/commit/{}", commit.sha),
        "author": ident_json(world, &commit.author, commit.date),
        "committer": ident_json(world, &commit.committer, commit.date),
        "added": commit.touched.added, "removed": commit.touched.removed, "modified": commit.touched.modified,
    })
}

fn ident_json(world: &World, ident: &Ident, date: i64) -> Value {
    let mut object = json!({ "name": ident.name, "email": ident.email, "date": rfc3339(date) });
    let account = world.accounts.values().find(|account| account.owns_email(&ident.email));
    if let (Value::Object(fields), Some(account)) = (&mut object, account) {
        fields.insert("username".to_owned(), json!(account.login));
    }
    object
}
