//! What an App may do to a pull request by mutation: take back, never forward.

use serde_json::json;

use super::{Act, Acted, Made};
use crate::auth::Level;
use crate::discussion::What;
use crate::graphql::root::forbidden;
use crate::graphql::walk::Trouble;
use crate::payload::{event, node_id};
use crate::pull::{PullState, PullStatus};
use crate::world::World;

fn refused(message: &str) -> Trouble {
    Trouble::Error("UNPROCESSABLE", message.to_owned())
}

/// What decides about merging. Enabling auto-merge needs both (whme/csshw pull request 234); nobody wrote down what
/// taking it back needs, so the same is asked here.
const MERGING: &[&str] = &["contents", "pull_requests"];
const WORDS: &[&str] = &["pull_requests"];

/// Finds the pull request that an id names, for a token that may write all this.
fn find(world: &World, act: &Act<'_>, field: &str, permissions: &[&str]) -> Result<(u64, u64), Trouble> {
    let wanted = act.text(field);
    for repo in world.repos.values().filter(|repo| repo.is_installed() && act.token.covers(repo.id)) {
        if let Some(pull) = repo.pulls.values().find(|pull| node_id("PR", pull.id) == wanted) {
            if !permissions.iter().all(|needed| act.token.allows(needed, Level::Write)) {
                return Err(forbidden());
            }
            return Ok((repo.id, pull.number));
        }
    }
    let message = format!("Could not resolve to a node with the global id of '{wanted}'");
    Err(Trouble::Error("NOT_FOUND", message))
}

/// Changes an open pull request in the App's name, and tells of it.
fn change(
    (act, permissions): (&Act<'_>, &[&str]),
    (action, extra): (&'static str, serde_json::Value),
    check: impl FnOnce(&PullState) -> Result<(), Trouble>,
    apply: impl FnOnce(&mut PullState, (u64, i64)),
) -> Result<(u64, u64), Trouble> {
    let mut world = act.shared.world();
    let at = find(&world, act, "pullRequestId", permissions)?;
    world.clock.tick();
    let (now, sender) = (world.clock.story(), world.own_bot());
    let pull = world.pull_mut(at.0, at.1).map_err(|missing| refused(&missing.to_string()))?;
    check(pull.now())?;
    pull.change(now, |state| apply(state, (sender, now)));
    event::pull_request(&mut world, action, at, sender, extra);
    Ok(at)
}

fn is_open(state: &PullState) -> Result<(), Trouble> {
    if state.status == PullStatus::Open { Ok(()) } else { Err(refused("The pull request is closed.")) }
}

pub(super) fn disable_auto_merge(act: &Act<'_>) -> Acted {
    let is_enabled = |state: &PullState| match state.auto_merge_by {
        Some(_) => Ok(()),
        None => Err(refused("Can't disable auto-merge for this pull request.")),
    };
    let told = ("auto_merge_disabled", json!({ "reason": "disabled by an app" }));
    let pull = change((act, MERGING), told, is_enabled, |state, _| state.auto_merge_by = None)?;
    let fields = &["actor", "pullRequest"];
    Ok(Made { typename: "DisablePullRequestAutoMergePayload", fields, pull })
}

pub(super) fn close(act: &Act<'_>) -> Acted {
    let pull = change((act, WORDS), ("closed", json!({})), is_open, |state, (_, now)| {
        state.status = PullStatus::Closed;
        state.closed_at = Some(now);
    })?;
    Ok(Made { typename: "ClosePullRequestPayload", fields: &["pullRequest"], pull })
}

pub(super) fn draft(act: &Act<'_>) -> Acted {
    let pull = change((act, WORDS), ("converted_to_draft", json!({})), is_open, |state, (actor, now)| {
        state.draft = true;
        state.note(actor, now, What::ConvertToDraft);
    })?;
    Ok(Made { typename: "ConvertPullRequestToDraftPayload", fields: &["pullRequest"], pull })
}

pub(super) async fn dequeue(act: &Act<'_>) -> Acted {
    let _turn = act.shared.turn.lock().await;
    let (pull, sender) = {
        let mut world = act.shared.world();
        let at = find(&world, act, "id", MERGING)?;
        world.clock.tick();
        (at, world.own_bot())
    };
    let out = act.shared.take_out(pull.0, &[pull.1], sender, ("MANUAL", "dequeued")).await;
    out.map_err(|problem| refused(&problem.to_string()))?;
    Ok(Made { typename: "DequeuePullRequestPayload", fields: &["mergeQueueEntry"], pull })
}
