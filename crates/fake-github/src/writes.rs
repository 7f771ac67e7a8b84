//! What the App changes through the API, whichever API it uses.
//!
//! Unlike a verb this is asked for its permission: `contents: write`, and `workflows: write` where workflows change.
//! The App's own bot does it, and the rules of the repository hold for it as for anybody.

use crate::auth::{Level, Token};
use crate::git;
use crate::moves::Move;
use crate::refs::{Kind, NOTHING, is_full_name};
use crate::reply::Reply;
use crate::repo::Repo;
use crate::rules;
use crate::server::Shared;
use crate::verbs::VerbError;
use crate::world::World;

pub(crate) mod commits;

/// Why the forge does not do it.
#[derive(Debug, Clone)]
pub(crate) enum Refusal {
    /// A ref is not where it was expected.
    Stale(String),
    Unprocessable(String),
    Forbidden(String),
    NotFound(String),
}

impl Refusal {
    pub(crate) fn inaccessible() -> Self {
        Self::Forbidden("Resource not accessible by integration".to_owned())
    }

    /// GraphQL's error type, and the message.
    pub(crate) fn graphql(self) -> (&'static str, String) {
        match self {
            Self::Stale(message) => ("STALE_DATA", message),
            Self::Unprocessable(message) => ("UNPROCESSABLE", message),
            Self::Forbidden(message) => ("FORBIDDEN", message),
            Self::NotFound(message) => ("NOT_FOUND", message),
        }
    }

    pub(crate) fn reply(&self) -> Reply {
        match self {
            Self::Stale(message) | Self::Unprocessable(message) => Reply::message(422, message),
            Self::Forbidden(message) => Reply::message(403, message),
            Self::NotFound(_) => Reply::not_found(),
        }
    }
}

impl From<VerbError> for Refusal {
    fn from(error: VerbError) -> Self {
        Self::Unprocessable(error.to_string())
    }
}

/// A ref that is to move.
#[derive(Debug, Clone)]
pub(crate) struct Update {
    pub(crate) name: String,
    /// Where it must be before; [`NOTHING`] when it must not be there; anywhere when absent.
    pub(crate) before: Option<String>,
    /// Where it is to be; [`NOTHING`] when it is to go.
    pub(crate) after: String,
    pub(crate) force: bool,
}

impl Shared {
    /// Moves refs, all or none.
    pub(crate) async fn update_refs(
        &self,
        token: &Token,
        id: u64,
        updates: &[Update],
    ) -> Result<(), Refusal> {
        let _turn = self.turn.lock().await;
        let (actor, repo, moves) = {
            let mut world = self.world();
            world.clock.tick();
            let repo = writable(&world, token, id)?;
            let mut moves = Vec::new();
            for update in updates {
                let one = planned(&world, repo, update)?;
                if moves.iter().any(|other: &Move| other.name == one.name) {
                    return Err(Refusal::Unprocessable(format!("Reference {} is updated twice", one.name)));
                }
                if one.before != one.after {
                    moves.push(one);
                }
            }
            let actor = world.own_bot();
            permitted(&world, repo, actor, &moves)?;
            (actor, repo.clone(), moves)
        };
        self.workflows_stay(token, &repo, &moves).await?;
        Ok(self.move_refs(id, actor, &moves).await?)
    }

    /// Without `workflows: write` no branch may come to say another thing in `.github/workflows` than it did; a new
    /// branch is held against the default branch.
    async fn workflows_stay(&self, token: &Token, repo: &Repo, moves: &[Move]) -> Result<(), Refusal> {
        if token.allows("workflows", Level::Write) {
            return Ok(());
        }
        let default = repo.branches.get(&repo.default_branch);
        for one in moves.iter().filter(|one| Kind::of(&one.name).0 == Kind::Branch) {
            let (Some(before), Some(after)) = (one.before.as_ref().or(default), &one.after) else { continue };
            let old = git::workflows(&repo.dir, before).await.map_err(VerbError::from)?;
            let new = git::workflows(&repo.dir, after).await.map_err(VerbError::from)?;
            if old != new {
                let message = "refusing to allow a GitHub App to create or update workflow files without \
                               `workflows` permission";
                return Err(Refusal::Forbidden(message.to_owned()));
            }
        }
        Ok(())
    }
}

/// The repository, when the token may write to it.
pub(crate) fn writable<'w>(world: &'w World, token: &Token, id: u64) -> Result<&'w Repo, Refusal> {
    let found = world.repos.get(&id).filter(|repo| repo.is_installed() && token.covers(repo.id));
    let repo = found.ok_or_else(|| {
        Refusal::NotFound("Could not resolve to a node with the global id of the repository.".to_owned())
    })?;
    if token.allows("contents", Level::Write) { Ok(repo) } else { Err(Refusal::inaccessible()) }
}

fn permitted(world: &World, repo: &Repo, actor: u64, moves: &[Move]) -> Result<(), Refusal> {
    let violations = rules::violations(world, repo, actor, moves);
    if violations.is_empty() { Ok(()) } else { Err(Refusal::Unprocessable(rules::refusal(&violations))) }
}

fn planned(world: &World, repo: &Repo, update: &Update) -> Result<Move, Refusal> {
    let refused = |message: String| Err(Refusal::Unprocessable(message));
    let name = &update.name;
    if !is_full_name(name) || name.starts_with("refs/pull/") {
        return refused("Reference name must start with 'refs' and contain at least two slashes.".to_owned());
    }
    let after = Some(update.after.as_str()).filter(|after| *after != NOTHING);
    let one = Move::new(world, repo, name, after);
    let stands = one.before.as_deref().unwrap_or(NOTHING);
    if let Some(expected) = update.before.as_deref().filter(|expected| *expected != stands) {
        return Err(Refusal::Stale(format!("Reference {name} is at {stands} but expected {expected}")));
    }
    let kind = Kind::of(name).0;
    match after {
        None if one.before.is_none() => return refused("Reference does not exist".to_owned()),
        None if Kind::of(name) == (Kind::Branch, repo.default_branch.as_str()) => {
            return refused("Cannot delete the default branch".to_owned());
        }
        Some(sha) => {
            let graph = world.graph(repo);
            let is_commit = graph.is_some_and(|graph| graph.get(sha).is_some());
            let is_tag = graph.is_some_and(|graph| graph.tag(sha).is_some());
            if !is_commit && (!is_tag || kind == Kind::Branch) {
                return refused("Object does not exist".to_owned());
            }
        }
        None => {}
    }
    let is_moved_tag =
        kind == Kind::Tag && one.before.is_some() && after.is_some() && one.before != one.after;
    if (one.forced || is_moved_tag) && !update.force {
        return refused("Update is not a fast forward".to_owned());
    }
    match repo.in_the_way(name).filter(|_| one.before.is_none()) {
        Some(other) => refused(format!("Reference update failed: {other} is in the way")),
        None => Ok(one),
    }
}
