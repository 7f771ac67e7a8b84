//! Rules from the organisation's policy repository: read at the start, when it is pushed, and every minute.
//!
//! A moment in which the forge does not answer changes nothing; only when it goes on is it said in the verdicts. What
//! the forge answers for certain (no such repository, no such file, another repository under the name) is said at once.

use std::sync::Arc;
use std::time::Duration;

use policy::rules::Origin;
use policy::{Fact, Millis};
use tokio::sync::{Notify, watch};

use crate::config::RulesRepository;
use crate::github::{ForgeError, PolicyRead};
use crate::reconcile::Gate;
use crate::rulebook::Found;

/// Pushes are told by a delivery; a lost one, or one that another replica took, is made good after so long.
const EVERY: Duration = Duration::from_secs(60);
/// A replica that has just started waits so long for the first reading before it looks at anything.
const FIRST: Duration = Duration::from_secs(20);
/// A forge that does not answer for so long is no hiccup any more.
const SILENCE: i64 = 5 * 60_000;

/// Reads the rules of a policy repository.
pub(super) struct PolicyReader {
    gate: Arc<Gate>,
    at: RulesRepository,
    /// Rings when the repository was pushed.
    pushed: Arc<Notify>,
    /// When the forge answered last.
    answered: Millis,
}

impl PolicyReader {
    pub(super) fn new(gate: Arc<Gate>, at: RulesRepository, pushed: Arc<Notify>) -> Self {
        let answered = gate.clock.now();
        Self { gate, at, pushed, answered }
    }

    /// The first reading. Without it the rules that were last good are in force, or none.
    pub(super) async fn first(&mut self) {
        if tokio::time::timeout(FIRST, self.read()).await.is_err() {
            tracing::warn!(rules = %self.gate.rulebook.current().place, "the rules could not be read yet");
        }
    }

    /// Reads on until `stopped` turns true.
    pub(super) async fn watch(mut self, mut stopped: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = self.pushed.notified() => {}
                () = tokio::time::sleep(EVERY) => {}
                _ = stopped.wait_for(|stop| *stop) => return,
            }
            self.read().await;
        }
    }

    async fn read(&mut self) {
        let outcome = self.gate.github.policy(&self.at.repository, &self.at.path).await;
        let now = self.gate.clock.now();
        let found = match outcome {
            Ok(read) => {
                self.answered = now;
                self.found(read)
            }
            Err(error @ (ForgeError::Gone { .. } | ForgeError::Refused { .. })) => {
                tracing::warn!(%error, "the policy repository cannot be read");
                Err(format!(
                    "the App does not see the repository `{}`: it must be installed there with `contents: read`",
                    self.at.repository
                ))
            }
            Err(error) => {
                tracing::warn!(%error, "the policy repository could not be read this time");
                if now.0.saturating_sub(self.answered.0) < SILENCE {
                    return;
                }
                Err("the forge has not answered for some minutes".to_owned())
            }
        };
        self.gate.rulebook.take(found);
    }

    /// The rules, if this is the repository that is meant and they are there.
    fn found(&self, read: PolicyRead) -> Result<Found, String> {
        let id = read.repository.id;
        let expected = self.at.id.or_else(|| self.gate.rulebook.good().and_then(|good| good.repository));
        if let Some(expected) = expected.filter(|expected| *expected != id.0) {
            return Err(format!(
                "`{}` is now repository number {id}, not {expected}: somebody else may have taken the name. If it is \
                 meant, set `id = {id}` beside `repository` in the settings",
                self.at.repository
            ));
        }
        match read.text {
            Fact::Known(Some(text)) => Ok(Found {
                text: text.text,
                origin: Some(Origin { repository: id, path: self.at.path.clone() }),
                commit: read.commit,
            }),
            Fact::Known(None) => Err(format!(
                "there is no `{}` at the default branch of `{}`",
                self.at.path, self.at.repository
            )),
            Fact::Unknown(why) => Err(why),
        }
    }
}
