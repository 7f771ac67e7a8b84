//! Refs one by one, and pull requests that the App opens.
//!
//! Nothing here compares before it swaps: who needs that uses GraphQL's `updateRefs`.
//! <https://docs.github.com/en/rest/git/refs>, <https://docs.github.com/en/rest/pulls/pulls#create-a-pull-request>

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Asked};
use crate::auth::{Level, Token};
use crate::payload::{API, node_id, pull as shown};
use crate::pull::PullStatus;
use crate::refs::NOTHING;
use crate::reply::Reply;
use crate::repo::Repo;
use crate::step::Open;
use crate::world::World;
use crate::writes::Update;

fn shape(world: &World, repo: &Repo, name: &str, sha: &str) -> Value {
    let api = format!("{API}/repos/{}/git", repo.full_name());
    let kind = if world.graph(repo).is_some_and(|graph| graph.tag(sha).is_some()) { "tag" } else { "commit" };
    json!({
        "ref": name, "node_id": node_id("REF", repo.id), "url": format!("{api}/{name}"),
        "object": { "type": kind, "sha": sha, "url": format!("{api}/{kind}s/{sha}") },
    })
}

/// Every ref whose name begins so; none is no error.
pub(super) fn matching(asked: &Asked<'_>, name: (&str, &str), below: &[&str]) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, name, "contents", Level::Read)?;
    let prefix = format!("refs/{}", below.join("/"));
    let found = repo.all_refs().into_iter().filter(|(name, _)| name.starts_with(&prefix));
    let listed = found.map(|(name, sha)| shape(&world, repo, &name, &sha)).collect();
    Ok(asked.page(&world, listed))
}

pub(super) fn read(asked: &Asked<'_>, name: (&str, &str), below: &[&str]) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, name, "contents", Level::Read)?;
    let full = format!("refs/{}", below.join("/"));
    let sha = repo.tip(&full).ok_or_else(Reply::not_found)?;
    Ok(Reply::ok(shape(&world, repo, &full, sha)))
}

/// The token and the repository of a call that may write.
fn writing(asked: &Asked<'_>, name: (&str, &str)) -> Result<(Token, u64), Reply> {
    let world = asked.shared.world();
    let repo = asked.repo(&world, name, "contents", Level::Write)?.id;
    Ok((asked.token(&world)?, repo))
}

async fn update(asked: &Asked<'_>, (token, repo): &(Token, u64), update: &Update) -> Result<(), Reply> {
    let moved = asked.shared.update_refs(token, *repo, std::slice::from_ref(update)).await;
    moved.map_err(|refusal| refusal.reply())
}

fn told(asked: &Asked<'_>, repo: u64, update: &Update, status: u16) -> Answer {
    let world = asked.shared.world();
    let repo = world.repos.get(&repo).ok_or_else(Reply::not_found)?;
    Ok(Reply::json(status, shape(&world, repo, &update.name, &update.after)))
}

#[derive(Deserialize)]
struct Create {
    #[serde(rename = "ref")]
    name: String,
    sha: String,
}

pub(super) async fn create(asked: &Asked<'_>, name: (&str, &str)) -> Answer {
    let who = writing(asked, name)?;
    let Create { name, sha } = asked.body()?;
    if is_there(asked, who.1, &name) {
        return Err(Reply::message(422, "Reference already exists"));
    }
    let wanted = Update { name, before: Some(NOTHING.to_owned()), after: sha, force: false };
    update(asked, &who, &wanted).await?;
    told(asked, who.1, &wanted, 201)
}

#[derive(Deserialize)]
struct Patch {
    sha: String,
    #[serde(default)]
    force: bool,
}

pub(super) async fn patch(asked: &Asked<'_>, name: (&str, &str), below: &[&str]) -> Answer {
    let who = writing(asked, name)?;
    let Patch { sha, force } = asked.body()?;
    let name = format!("refs/{}", below.join("/"));
    if !is_there(asked, who.1, &name) {
        return Err(Reply::message(422, "Reference does not exist"));
    }
    let wanted = Update { name, before: None, after: sha, force };
    update(asked, &who, &wanted).await?;
    told(asked, who.1, &wanted, 200)
}

pub(super) async fn delete(asked: &Asked<'_>, name: (&str, &str), below: &[&str]) -> Answer {
    let who = writing(asked, name)?;
    let name = format!("refs/{}", below.join("/"));
    update(asked, &who, &Update { name, before: None, after: NOTHING.to_owned(), force: true }).await?;
    Ok(Reply { status: 204, body: None, headers: Vec::new() })
}

fn is_there(asked: &Asked<'_>, repo: u64, name: &str) -> bool {
    asked.shared.world().repos.get(&repo).is_some_and(|repo| repo.tip(name).is_some())
}

#[derive(Deserialize)]
struct OpenBody {
    head: String,
    base: String,
    title: Option<String>,
    body: Option<String>,
    #[serde(default)]
    draft: bool,
}

/// Opens a pull request between two branches of the repository, as the App's bot.
pub(super) async fn open_pull(asked: &Asked<'_>, name: (&str, &str)) -> Answer {
    let _turn = asked.shared.turn.lock().await;
    let (open, repo) = {
        let mut world = asked.shared.world();
        let repo = asked.repo(&world, name, "pull_requests", Level::Write)?;
        let wanted: OpenBody = asked.body()?;
        let own = format!("{}:", repo.owner);
        let head = wanted.head.strip_prefix(&own).unwrap_or(&wanted.head).to_owned();
        let same = repo.pulls.values().any(|pull| {
            let state = pull.now();
            state.status == PullStatus::Open && pull.head_ref == head && state.ends.base_ref == wanted.base
        });
        if same {
            let message = format!("A pull request already exists for {own}{head}.");
            return Err(invalid(&json!({ "resource": "PullRequest", "code": "custom", "message": message })));
        }
        for (field, branch) in [("head", &head), ("base", &wanted.base)] {
            if !repo.branches.contains_key(branch) {
                return Err(invalid(
                    &json!({ "resource": "PullRequest", "field": field, "code": "invalid" }),
                ));
            }
        }
        let bot = world.living(world.own_bot()).ok_or_else(Reply::forbidden)?.login.clone();
        let mut open = Open::new(&bot, &repo.full_name(), &head).base(&wanted.base);
        open.title = wanted.title.unwrap_or_default();
        (open.body, open.draft) = (wanted.body, wanted.draft);
        let id = repo.id;
        world.clock.tick();
        (open, id)
    };
    let number = asked.shared.open(open).await.map_err(|error| {
        invalid(&json!({ "resource": "PullRequest", "code": "custom", "message": error.to_string() }))
    })?;
    let world = asked.shared.world();
    let repo = world.repos.get(&repo).ok_or_else(Reply::not_found)?;
    let pull = repo.pulls.get(&number).ok_or_else(Reply::not_found)?;
    Ok(Reply::json(201, shown::full(&world, repo, pull, pull.now())))
}

fn invalid(error: &Value) -> Reply {
    let mut reply = Reply::message(422, "Validation Failed");
    if let Some(Value::Object(fields)) = &mut reply.body {
        fields.insert("errors".to_owned(), json!([error]));
    }
    reply
}
