//! Make the forge show the verdict for one subject.
//!
//! The delivery that woke us is not looked at here: what counts is how the subject stands now. Calling this twice is as
//! good as calling it once. This module alone knows the order gather, decide, plan, intend, apply, record.
//!
//! Known races:
//! - The API may lag behind the webhook. Every delivery leaves a floor; what is older is not judged but read again.
//! - A crash between applying and recording. The next look reads what the forge shows and plans the difference, which
//!   is nothing when the effect took place.
//! - Pull requests with one head share one check run. Only the lease of the lowest-numbered open one acts; the others
//!   wake it.

mod act;
mod blind;
mod deploy;
mod gather;
mod group;
mod guard;
pub mod ledger;
mod lineage;
mod merge;
mod origin;
mod own;
mod publish;
mod pull;
mod quota;
mod refs;
pub mod resync;
mod runner;
mod runs;
mod strike;
mod text;

use std::sync::Arc;
use std::time::Duration;

use policy::act::ActVerdict;
use policy::rules::RuleSource;
use policy::{Action, Millis, Sha, Subject};
use serde::Serialize;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::github::{ForgeError, GitHub};
use crate::lease::Lease;
use crate::rulebook::Rulebook;
use crate::store::{ActionRecord, Next, Store, StoreError, VerdictRecord, backoff};

pub use own::OwnBook;
pub use runner::Runner;

/// Everything a look needs.
#[derive(Debug)]
pub struct Gate {
    /// What must survive a crash.
    pub store: Store,
    /// The forge.
    pub github: GitHub,
    /// The rules in force.
    pub rulebook: Arc<Rulebook>,
    /// Repositories' own rules, as they were written down.
    pub own_book: OwnBook,
    /// By which rules everything open was asked for a look last, by this process.
    pub rolled_out: watch::Sender<String>,
    /// What time it is.
    pub clock: Clock,
}

/// Why a look ended without the forge showing the verdict.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The forge did not answer as needed.
    #[error(transparent)]
    Forge(#[from] ForgeError),
    /// The store did not.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A look or a decision broke. The log has the place.
    #[error("the look broke")]
    Broken,
    /// Facts or a verdict that cannot be written down.
    #[error("cannot be written down: {0}")]
    Unwritable(#[from] serde_json::Error),
}

/// How soon to read again what the forge does not show yet.
const READ_LAG: Duration = Duration::from_millis(500);
/// Looks after which an equal moment with another head is taken for what it is: GitHub's moments have whole seconds,
/// and of two pushes within one the deliveries may come in either order. After as many, what the forge does not list
/// is taken for never to be listed.
const PATIENCE: u32 = 6;

/// Makes the forge show the verdict for the leased subject, and says when to look again.
///
/// # Errors
/// [`ReconcileError`]: the subject must be looked at again.
pub async fn reconcile(gate: &Gate, lease: &Lease) -> Result<Next, ReconcileError> {
    match lease.subject() {
        Subject::Pull(subject) => pull::look(gate, lease, subject).await,
        Subject::Ref(subject) => refs::look(gate, lease, subject).await,
        Subject::Run(subject) => runs::look(gate, lease, subject).await,
        Subject::Group(subject) => group::look(gate, lease, subject).await,
        Subject::Merge(subject) => merge::look(gate, lease, subject).await,
        Subject::Deployment(subject) => deploy::look(gate, lease, subject).await,
        Subject::Publication(subject) => publish::look(gate, lease, subject).await,
        Subject::Guard(subject) => guard::look(gate, lease, subject).await,
        Subject::Installation(subject) => guard::look_at_installation(gate, lease, subject).await,
    }
}

fn written(actions: &[Action]) -> Result<Vec<ActionRecord>, serde_json::Error> {
    let record = |action: &Action| {
        let (kind, once_key) = match action {
            Action::ShowCheck(show) => {
                ("show_check", format!("check/{}/{}/{}", show.name, show.head, show.external_id))
            }
            Action::PutBack(back) => {
                let sha = |sha: &Option<policy::Sha>| {
                    sha.as_ref().map_or("nothing", policy::Sha::as_str).to_owned()
                };
                let (from, to) = (sha(&back.from), sha(&back.to));
                ("put_back", format!("put-back/{}/{from}/{to}", back.name.as_str()))
            }
            Action::Undo(undo) => {
                let kind = if undo.propose { "propose_undo" } else { "undo" };
                (kind, format!("{kind}/{}/{}", undo.name.as_str(), undo.onto))
            }
            Action::CancelRun(cancel) => ("cancel_run", runs::once_key(cancel.run, cancel.attempt)),
            Action::DisableAutoMerge(stop) => {
                ("disable_auto_merge", format!("disable-auto-merge/{}#{}", stop.repository, stop.number))
            }
            Action::AnswerDeployment(answer) => (
                deploy::ANSWERED,
                format!(
                    "answer/{}/{}/{}/{:?}",
                    answer.run, answer.attempt, answer.environment, answer.answer
                ),
            ),
            Action::ProposeRevert(revert) => (merge::PROPOSED, format!("propose-revert/{}", revert.pull)),
        };
        Ok(ActionRecord { kind: kind.to_owned(), once_key, body: serde_json::to_string(action)? })
    };
    actions.iter().map(record).collect()
}

/// What is kept of a verdict about something that has happened.
fn act_record(
    verdict: &ActVerdict,
    facts: &impl Serialize,
    rules: &RuleSource,
    decided_at: Millis,
) -> Result<VerdictRecord, serde_json::Error> {
    Ok(VerdictRecord {
        seen: None,
        head: verdict.head.clone().unwrap_or_else(Sha::zero),
        conclusion: verdict.conclusion.as_str().to_owned(),
        enforcement: verdict.enforcement.as_str().to_owned(),
        digest: verdict.digest(),
        rules_digest: rules.key(),
        facts: serde_json::to_string(facts)?,
        verdict: serde_json::to_string(verdict)?,
        decided_at,
    })
}

/// The forge does not show yet what was told of: looked at again soon, and later each time.
fn lag(lease: &Lease, now: Millis, why: &str) -> Next {
    let wait = READ_LAG.max(backoff(lease.attempts(), &lease.subject().key()) / 2);
    Next::Retry { at: later(now, wait), error: why.to_owned() }
}

pub(crate) fn later(now: Millis, by: Duration) -> Millis {
    Millis(now.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
}
