//! Whether an agent's push or run is within the agent's quota. It has happened: what is beyond is denied and answered.

use crate::act::{Move, RefFacts, RunFacts};
use crate::decide::bounds::Bound;
use crate::decide::cannot_see;
use crate::decide::quota::{after, before, plural};
use crate::facts::{Fact, Going, PushTold};
use crate::verdict::{Effect, Evidence, Finding};

/// So many runs that go on are named.
const MOST_NAMED: usize = 20;

/// The day ends with the push itself, however late it is looked at.
pub(super) fn pushes(facts: &RefFacts, moved: &Move, bound: &Bound<'_>) -> Option<Finding> {
    let limit = bound.quota()?.pushes_a_day?;
    let agent = bound.name();
    let unseen = |why: &str| Some(cannot_see(format!("how often agent `{agent}` has pushed: {why}")));
    let told = match &moved.pushed_before {
        Some(Fact::Known(told)) => told,
        Some(Fact::Unknown(why)) => return unseen(why),
        None => return unseen("its pushes were not counted"),
    };
    let here = facts.repository.id;
    let counts = |push: &&PushTold| push.at > before(moved.at) && bound.counts(push.repository, here);
    let mut pushes: Vec<&PushTold> = told.iter().filter(counts).collect();
    if (pushes.len() as u64) < limit {
        return None;
    }
    pushes.sort_by_key(|push| std::cmp::Reverse(push.at));
    // With this one as the newest, room is made when the one at the limit is a day old.
    let at_limit = usize::try_from(limit).ok().and_then(|limit| limit.checked_sub(2));
    let frees = match at_limit {
        Some(at) => pushes.get(at).map(|push| push.at),
        None => (limit > 0).then_some(moved.at),
    };
    let until =
        frees.map_or_else(String::new, |at| format!("; the next may come at {}", after(at, 1).minute()));
    let message = format!(
        "agent `{agent}` had pushed {} within 24 hours before, of {limit}{until}",
        plural(pushes.len(), "time")
    );
    Some(bound.beyond(Effect::Denies, message, "What was taken back can be pushed again later."))
}

/// Runs that began first go on.
pub(super) fn runs(facts: &RunFacts, bound: &Bound<'_>) -> Option<Finding> {
    let limit = bound.quota()?.runs?;
    let agent = bound.name();
    let unseen = |why: &str| Some(cannot_see(format!("which runs of agent `{agent}` go on: {why}")));
    let going = match facts.going.get(agent) {
        Some(Fact::Known(going)) => going,
        Some(Fact::Unknown(why)) => return unseen(why),
        None => return unseen("they were not counted"),
    };
    let counts = |run: &&Going| bound.counts(run.repository.id, facts.repository.id);
    let runs: Vec<&Going> = going.iter().filter(counts).collect();
    if (runs.len() as u64) < limit {
        return None;
    }
    let message = format!(
        "{} of agent `{agent}` went on when this one began, of {limit} at a time; another may begin when one \
         of them is over",
        plural(runs.len(), "run")
    );
    let named = runs.iter().take(MOST_NAMED).map(|run| {
        Evidence::Note(format!("run {} in {}, since {}", run.run, run.repository.name, run.begun_at.minute()))
    });
    let finding = bound.beyond(Effect::Denies, message, "Wait until one of them is over, and run it again.");
    Some(Finding { evidence: named.collect(), evidence_total: runs.len(), ..finding })
}
