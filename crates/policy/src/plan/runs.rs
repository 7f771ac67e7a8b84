//! What must be done so that no run of an agent goes on against the rules.
//!
//! A run that is over needs nothing. One that was cancelled and goes on all the same is cancelled by force.

use serde::{Deserialize, Serialize};

use super::Action;
use crate::act::{ActVerdict, RunFacts, RunState};
use crate::ids::{Millis, RepoName, RunId};
use crate::rules::Respond;

/// Cancel a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelRun {
    /// Where, by the name that the repository has now.
    pub repository: RepoName,
    /// The run.
    pub run: RunId,
    /// The attempt that was judged.
    pub attempt: u64,
    /// Whether its jobs are not asked: a job that says `if: always()` goes on otherwise
    /// (<https://docs.github.com/en/rest/actions/workflow-runs#force-cancel-a-workflow-run>).
    pub force: bool,
}

/// What was cancelled and goes on for so long, in milliseconds, is cancelled by force.
const PATIENCE: i64 = 60_000;

/// When a run that the forge was asked to cancel must be looked at again.
#[must_use]
pub fn patient_until(cancelled: Millis) -> Millis {
    Millis(cancelled.0.saturating_add(PATIENCE))
}

/// What is to be done about a run.
#[must_use]
pub fn plan_run(verdict: &ActVerdict, facts: &RunFacts) -> Vec<Action> {
    let denied = verdict.deeds.iter().any(|deed| verdict.answer(deed) == Some(Respond::Cancel));
    if !denied || facts.run.state != RunState::Open {
        return Vec::new();
    }
    if facts.cancelled.is_some_and(|at| facts.now < patient_until(at)) {
        return Vec::new();
    }
    vec![Action::CancelRun(CancelRun {
        repository: facts.repository.name.clone(),
        run: facts.run.id,
        attempt: facts.run.attempt,
        force: facts.cancelled.is_some(),
    })]
}
