//! What an App may do to a pull request by mutation: take back, never forward.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Effect, read, refused, unresolved};
use crate::auth::{Level, Token};
use crate::discussion::What;
use crate::graphql::root::forbidden;
use crate::graphql::walk::Trouble;
use crate::payload::{event, node_id};
use crate::pull::{PullState, PullStatus};
use crate::server::Shared;
use crate::world::World;

fn impossible(message: &str) -> Trouble {
    Trouble::Error("UNPROCESSABLE", message.to_owned())
}

/// What decides about merging. Enabling auto-merge needs both (whme/csshw pull request 234); nobody wrote down what
/// taking it back needs, so the same is asked here.
const MERGING: &[&str] = &["contents", "pull_requests"];
const WORDS: &[&str] = &["pull_requests"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OnPull {
    pull_request_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Queued {
    id: String,
}

/// Finds the pull request that an id names, for a token that may write all this.
fn find(world: &World, token: &Token, id: &str, permissions: &[&str]) -> Result<(u64, u64), Trouble> {
    for repo in world.repos.values().filter(|repo| repo.is_installed() && token.covers(repo.id)) {
        if let Some(pull) = repo.pulls.values().find(|pull| node_id("PR", pull.id) == id) {
            if !permissions.iter().all(|needed| token.allows(needed, Level::Write)) {
                return Err(forbidden());
            }
            return Ok((repo.id, pull.number));
        }
    }
    Err(unresolved(id))
}

/// Changes a pull request in the App's name, and tells of it.
async fn change(
    (shared, token, input): (&Shared, &Token, Value),
    permissions: &[&str],
    (action, extra): (&'static str, Value),
    check: impl FnOnce(&PullState) -> Result<(), Trouble>,
    apply: impl FnOnce(&mut PullState, (u64, i64)),
) -> Result<(u64, u64), Trouble> {
    let OnPull { pull_request_id } = read(input)?;
    let _turn = shared.turn.lock().await;
    let mut world = shared.world();
    let at = find(&world, token, &pull_request_id, permissions)?;
    world.clock.tick();
    let (now, sender) = (world.clock.story(), world.own_bot());
    let pull = world.pull_mut(at.0, at.1).map_err(|missing| impossible(&missing.to_string()))?;
    check(pull.now())?;
    pull.change(now, |state| apply(state, (sender, now)));
    event::pull_request(&mut world, action, at, sender, extra);
    Ok(at)
}

fn is_open(state: &PullState) -> Result<(), Trouble> {
    if state.status == PullStatus::Open { Ok(()) } else { Err(impossible("The pull request is closed.")) }
}

pub(super) async fn disable_auto_merge(
    shared: &Shared,
    token: &Token,
    input: Value,
) -> Result<Effect, Trouble> {
    let is_enabled = |state: &PullState| match state.auto_merge_by {
        Some(_) => Ok(()),
        None => Err(impossible("Can't disable auto-merge for this pull request.")),
    };
    let told = ("auto_merge_disabled", json!({ "reason": "disabled by an app" }));
    let asked = (shared, token, input);
    let off = change(asked, MERGING, told, is_enabled, |state, _| state.auto_merge_by = None);
    let (repo, number) = off.await?;
    Ok(Effect::AutoMergeOff { repo, number })
}

pub(super) async fn close(shared: &Shared, token: &Token, input: Value) -> Result<Effect, Trouble> {
    let told = ("closed", json!({}));
    let closed = change((shared, token, input), WORDS, told, is_open, |state, (_, now)| {
        state.status = PullStatus::Closed;
        state.closed_at = Some(now);
    });
    let (repo, number) = closed.await?;
    Ok(Effect::Pull { repo, number })
}

pub(super) async fn draft(shared: &Shared, token: &Token, input: Value) -> Result<Effect, Trouble> {
    let told = ("converted_to_draft", json!({}));
    let drafted = change((shared, token, input), WORDS, told, is_open, |state, (actor, now)| {
        state.draft = true;
        state.note(actor, now, What::ConvertToDraft);
    });
    let (repo, number) = drafted.await?;
    Ok(Effect::Pull { repo, number })
}

pub(super) async fn dequeue(shared: &Shared, token: &Token, input: Value) -> Result<Effect, Trouble> {
    let Queued { id } = read(input)?;
    let _turn = shared.turn.lock().await;
    let (pull, sender) = {
        let mut world = shared.world();
        let at = find(&world, token, &id, MERGING)?;
        world.clock.tick();
        (at, world.own_bot())
    };
    let out = shared.take_out(pull.0, &[pull.1], sender, ("MANUAL", "dequeued")).await;
    out.map_err(|problem| impossible(&problem.to_string()))?;
    Ok(Effect::Dequeued)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RevertPull {
    pull_request_id: String,
    title: Option<String>,
    body: Option<String>,
    #[serde(default)]
    draft: bool,
}

pub(super) async fn revert(shared: &Shared, token: &Token, input: Value) -> Result<Effect, Trouble> {
    let RevertPull { pull_request_id: id, title, body, draft } = read(input)?;
    let at = {
        let world = shared.world();
        let pulls = world.repos.values().flat_map(|repo| repo.pulls.values().map(|pull| (repo.id, pull)));
        let mut meant = pulls.filter(|(_, pull)| node_id("PR", pull.id) == id);
        meant.next().map(|(repo, pull)| (repo, pull.number)).ok_or_else(|| unresolved(&id))?
    };
    let revert = shared.revert_pull(token, at, (title, body, draft)).await.map_err(refused)?;
    Ok(Effect::Reverted { repo: at.0, number: at.1, revert })
}
