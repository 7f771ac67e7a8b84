//! Issues and comments: read, opened, closed and answered by the App.
//!
//! <https://docs.github.com/en/rest/issues>, <https://docs.github.com/en/rest/commits/comments>

use serde::Deserialize;
use serde_json::Value;

use super::{Answer, Asked};
use crate::auth::Level;
use crate::discussion::Issue;
use crate::payload::issue as shown;
use crate::pull::PullStatus;
use crate::reply::Reply;
use crate::repo::Repo;
use crate::world::World;

/// Comments belong to issues and to pull requests, so either permission does.
fn commentable<'w>(
    asked: &Asked<'_>,
    world: &'w World,
    name: (&str, &str),
    level: Level,
) -> Result<&'w Repo, Reply> {
    let repo = asked.repo(world, name, "metadata", Level::Read)?;
    let token = asked.token(world)?;
    let may = token.allows("issues", level) || token.allows("pull_requests", level);
    if may { Ok(repo) } else { Err(Reply::forbidden()) }
}

fn since(asked: &Asked<'_>) -> Result<Option<i64>, Reply> {
    let read = |text: &String| text.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_second);
    asked.query.get("since").map(read).transpose().map_err(|_| Reply::message(422, "Validation Failed"))
}

/// Oldest first; `since` looks at the last change.
pub(super) fn comments(asked: &Asked<'_>, owner: &str, name: &str, number: &str) -> Answer {
    let world = asked.shared.world();
    let repo = commentable(asked, &world, (owner, name), Level::Read)?;
    let since = since(asked)?;
    let thread = repo.thread(asked.number(number)?).ok_or_else(Reply::not_found)?;
    let fresh = thread.comments().iter().filter(|one| since.is_none_or(|since| one.updated_at() >= since));
    Ok(asked.page(&world, fresh.map(|one| shown::comment(&world, repo, thread, one)).collect()))
}

/// Of a pull request or of an issue, by its own number.
pub(super) fn one_comment(asked: &Asked<'_>, owner: &str, name: &str, id: &str) -> Answer {
    let world = asked.shared.world();
    let repo = commentable(asked, &world, (owner, name), Level::Read)?;
    let id = asked.number(id)?;
    let threads = repo.pulls.keys().chain(repo.issues.keys()).filter_map(|number| repo.thread(*number));
    let found = threads
        .filter_map(|thread| Some((thread, thread.comments().iter().find(|one| one.id == id)?)))
        .next();
    let (thread, one) = found.ok_or_else(Reply::not_found)?;
    Ok(Reply::json(200, shown::comment(&world, repo, thread, one)))
}

pub(super) fn commit_comments(asked: &Asked<'_>, owner: &str, name: &str, reference: &str) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, (owner, name), "contents", Level::Read)?;
    let sha = world.resolve(repo, reference).map_err(|_| Reply::not_found())?;
    let here = repo.commit_comments.iter().filter(|one| one.sha == sha);
    Ok(asked.page(&world, here.map(|one| shown::commit_comment(&world, repo, one)).collect()))
}

#[derive(Deserialize)]
struct Said {
    body: String,
}

pub(super) fn comment(asked: &Asked<'_>, owner: &str, name: &str, number: &str) -> Answer {
    let mut world = asked.shared.world();
    let repo = commentable(asked, &world, (owner, name), Level::Write)?.id;
    let at = (repo, asked.number(number)?);
    let said: Said = asked.body()?;
    if said.body.trim().is_empty() {
        return Err(Reply::message(422, "Validation Failed"));
    }
    let (author, app) = (world.own_bot(), world.poster());
    let id = world.add_comment(at, author, said.body, Some(app)).map_err(|_| Reply::not_found())?;
    let repo = world.repos.get(&repo).ok_or_else(Reply::not_found)?;
    let thread = repo.thread(at.1).ok_or_else(Reply::not_found)?;
    let made = thread.comments().iter().find(|one| one.id == id).ok_or_else(Reply::not_found)?;
    Ok(Reply::json(201, shown::comment(&world, repo, thread, made)))
}

/// Newest first, pull requests among them; open ones when no state is asked for.
pub(super) fn list(asked: &Asked<'_>, owner: &str, name: &str) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, (owner, name), "issues", Level::Read)?;
    let state = asked.query.get("state").map_or("open", String::as_str);
    let since = since(asked)?;
    let labels: Vec<&str> =
        asked.query.get("labels").map(|text| text.split(',').collect()).unwrap_or_default();
    let creator = asked.query.get("creator").map(|login| world.account(login).map(|account| account.id));
    let fits = |is_open: bool, has: &[String], author: u64, updated_at: i64| {
        (state == "all" || (state == "open") == is_open)
            && labels.iter().all(|label| has.iter().any(|known| known.eq_ignore_ascii_case(label)))
            && creator.as_ref().is_none_or(|creator| creator.as_ref().is_ok_and(|id| *id == author))
            && since.is_none_or(|since| updated_at >= since)
    };
    let mut listed: Vec<(u64, Value)> = Vec::new();
    for issue in repo.issues.values() {
        if fits(issue.closed_at.is_none(), &issue.labels, issue.author, issue.updated_at) {
            listed.push((issue.number, shown::issue(&world, repo, issue)));
        }
    }
    for pull in repo.pulls.values() {
        let now = pull.now();
        if fits(now.status == PullStatus::Open, &now.labels, pull.author, now.updated_at)
            && let Some(thread) = repo.thread(pull.number)
        {
            listed.push((pull.number, shown::thread(&world, repo, thread)));
        }
    }
    listed.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    Ok(asked.page(&world, listed.into_iter().map(|(_, shown)| shown).collect()))
}

pub(super) fn read(asked: &Asked<'_>, owner: &str, name: &str, number: &str) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, (owner, name), "issues", Level::Read)?;
    let thread = repo.thread(asked.number(number)?).ok_or_else(Reply::not_found)?;
    Ok(Reply::ok(shown::thread(&world, repo, thread)))
}

#[derive(Deserialize)]
struct New {
    title: String,
    body: Option<String>,
    #[serde(default)]
    labels: Vec<String>,
}

pub(super) fn create(asked: &Asked<'_>, owner: &str, name: &str) -> Answer {
    let mut world = asked.shared.world();
    let repo = asked.repo(&world, (owner, name), "issues", Level::Write)?.id;
    let New { title, body, labels } = asked.body()?;
    if title.trim().is_empty() {
        return Err(Reply::message(422, "Validation Failed"));
    }
    let (author, app) = (world.own_bot(), world.poster());
    let made = world.add_issue(repo, author, (title, body, labels), Some(app));
    let number = made.map_err(|_| Reply::not_found())?;
    Ok(Reply::json(201, alone(&world, repo, number)?))
}

fn alone(world: &World, repo: u64, number: u64) -> Result<Value, Reply> {
    let repo = world.repos.get(&repo).ok_or_else(Reply::not_found)?;
    let issue = repo.issues.get(&number).ok_or_else(Reply::not_found)?;
    Ok(shown::issue(world, repo, issue))
}

#[derive(Deserialize)]
struct Changed {
    title: Option<String>,
    body: Option<String>,
    labels: Option<Vec<String>>,
    state: Option<State>,
    state_reason: Option<String>,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum State {
    Open,
    Closed,
}

impl Changed {
    /// Answers what GitHub calls it.
    fn apply(self, issue: &mut Issue, now: i64) -> &'static str {
        let mut action = "edited";
        match self.state {
            Some(State::Closed) if issue.closed_at.is_none() => {
                issue.closed_at = Some(now);
                issue.state_reason = Some(self.state_reason.unwrap_or_else(|| "completed".to_owned()));
                action = "closed";
            }
            Some(State::Open) if issue.closed_at.is_some() => {
                issue.closed_at = None;
                issue.state_reason = Some("reopened".to_owned());
                action = "reopened";
            }
            Some(State::Open | State::Closed) | None => {}
        }
        if let Some(title) = self.title {
            issue.title = title;
        }
        if self.body.is_some() {
            issue.body = self.body;
        }
        if let Some(labels) = self.labels {
            issue.labels = labels;
        }
        issue.updated_at = now;
        action
    }
}

/// Of issues only: a pull request is changed where pull requests are.
pub(super) fn update(asked: &Asked<'_>, owner: &str, name: &str, number: &str) -> Answer {
    let mut world = asked.shared.world();
    let repo = asked.repo(&world, (owner, name), "issues", Level::Write)?.id;
    let number = asked.number(number)?;
    let changed: Changed = asked.body()?;
    world.clock.tick();
    let (now, sender) = (world.clock.story(), world.own_bot());
    let found = world.repo_mut(repo).map_err(|_| Reply::not_found())?;
    let issue = found.issues.get_mut(&number).ok_or_else(Reply::not_found)?;
    let action = changed.apply(issue, now);
    shown::issues(&mut world, action, (repo, number), sender);
    Ok(Reply::ok(alone(&world, repo, number)?))
}
