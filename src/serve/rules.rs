//! Rules from the organisation's policy repository: read at the start, when it is pushed, and every minute.
//!
//! A moment in which the forge does not answer, refuses, or shows what was there before changes nothing: that counts when
//! it goes on. Nobody is looked at again for it, and without any rules nobody is looked at at all.

use std::sync::Arc;
use std::time::Duration;

use policy::rules::Origin;
use policy::{Fact, Millis, Sha};
use tokio::sync::{Notify, watch};

use crate::config::RulesRepository;
use crate::github::{ForgeError, PolicyRead, RulesFile};
use crate::reconcile::Gate;
use crate::rulebook::Found;

/// Pushes are told by a delivery; a lost one, or one that another replica took, is made good after so long.
const EVERY: Duration = Duration::from_secs(60);
/// While nothing is known yet.
const SOON: Duration = Duration::from_secs(2);
/// The API may lag behind the delivery that told of a push: it is read again after these.
const AFTER_A_PUSH: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(20)];
/// The start waits so long for the first reading; what is looked at waits until it is there.
const FIRST: Duration = Duration::from_secs(20);
/// A forge that does not answer for so long is no hiccup any more.
const SILENCE: i64 = 5 * 60_000;
/// So many refusals in a row are believed when rules are in force: GitHub's replicas may know less for a moment.
const REFUSALS: u32 = 3;
/// So many earlier commits are remembered.
const EARLIER: usize = 20;

/// Reads the rules of a policy repository.
pub(super) struct PolicyReader {
    gate: Arc<Gate>,
    at: RulesRepository,
    /// Rings when the repository was pushed.
    pushed: Arc<Notify>,
    /// The repository's number, as it was when it was first read.
    pinned: Option<u64>,
    /// When the forge answered last.
    answered: Millis,
    refusals: u32,
    /// Commits that were in force before.
    earlier: Vec<Sha>,
    /// What the last reading would have taken back.
    doubted: Option<Option<Sha>>,
}

impl PolicyReader {
    pub(super) fn new(
        gate: Arc<Gate>,
        at: RulesRepository,
        pinned: Option<u64>,
        pushed: Arc<Notify>,
    ) -> Self {
        let answered = gate.clock.now();
        Self { gate, at, pushed, pinned, answered, refusals: 0, earlier: Vec::new(), doubted: None }
    }

    /// The first reading.
    pub(super) async fn first(&mut self) {
        if tokio::time::timeout(FIRST, self.read()).await.is_err() {
            tracing::warn!(rules = %self.gate.rulebook.current().place, "the rules could not be read yet");
        }
    }

    /// Whether it is known which rules there are, or that there are none: before that nothing may be looked at.
    pub(super) fn knows(&self) -> bool {
        let rules = self.gate.rulebook.current();
        rules.in_force.is_some() || rules.trouble.is_some()
    }

    /// Reads on until `stopped` turns true, and says once when it knows.
    pub(super) async fn watch(mut self, known: watch::Sender<bool>, mut stopped: watch::Receiver<bool>) {
        let mut again = Vec::new();
        loop {
            known.send_replace(self.knows());
            let wait = again.pop().unwrap_or(if self.knows() { EVERY } else { SOON });
            tokio::select! {
                () = self.pushed.notified() => again = AFTER_A_PUSH.into_iter().rev().collect(),
                () = tokio::time::sleep(wait) => {}
                _ = stopped.wait_for(|stop| *stop) => return,
            }
            self.read().await;
        }
    }

    async fn read(&mut self) {
        let outcome = self.gate.github.policy(&self.at.repository, &self.at.path).await;
        let now = self.gate.clock.now();
        let governed = self.gate.rulebook.current().in_force.is_some();
        let found = match outcome.map(|read| (matches!(read.file, Fact::Unknown(_)), read)) {
            Ok((false, read)) if governed && self.may_lag(&read) => return,
            Ok((false, read)) => {
                (self.answered, self.refusals) = (now, 0);
                self.found(read).await
            }
            Ok((true, read)) => {
                tracing::warn!(file = ?read.file, "the rules could not be read this time");
                if !governed || now.0.saturating_sub(self.answered.0) < SILENCE {
                    return;
                }
                Err("the forge has not shown the rules for some minutes".to_owned())
            }
            Err(error @ (ForgeError::Gone { .. } | ForgeError::Refused { .. })) => {
                tracing::warn!(%error, "the policy repository cannot be read");
                self.refusals = self.refusals.saturating_add(1);
                if governed && self.refusals < REFUSALS {
                    return;
                }
                Err(format!(
                    "the App does not see the repository `{}`: it must be installed there with `contents: read`",
                    self.at.repository
                ))
            }
            Err(error) => {
                tracing::warn!(%error, "the policy repository could not be read this time");
                // Without rules nothing is judged until the forge answers: the required check is missing meanwhile.
                if !governed || now.0.saturating_sub(self.answered.0) < SILENCE {
                    return;
                }
                Err("the forge has not answered for some minutes".to_owned())
            }
        };
        self.gate.rulebook.take(found);
    }

    /// Remembers the repository's number, whatever becomes of its rules.
    async fn pin(&mut self, id: u64) {
        if self.pinned == Some(id) {
            return;
        }
        let key = pin_key(&self.gate.rulebook.current().place);
        match self.gate.store.kv_put(&key, &id.to_string()).await {
            Ok(()) => self.pinned = Some(id),
            Err(error) => tracing::error!(%error, "the policy repository's number could not be remembered"),
        }
    }

    /// A replica of the forge that lags shows an older commit, or no file yet: what takes back is believed only when it is
    /// read again. A revert is a new commit, so that going back to an old one is rare.
    fn may_lag(&mut self, read: &PolicyRead) -> bool {
        let now = self.gate.rulebook.current().commit.clone();
        let is_missing = matches!(read.file, Fact::Known(RulesFile::Missing));
        let takes_back = is_missing
            || (read.commit != now && read.commit.as_ref().is_some_and(|old| self.earlier.contains(old)));
        let told_before = self.doubted.replace(read.commit.clone()) == Some(read.commit.clone());
        if !takes_back {
            self.doubted = None;
            self.earlier.extend(now.filter(|now| Some(now) != read.commit.as_ref()));
            let old = self.earlier.len().saturating_sub(EARLIER);
            self.earlier.drain(..old);
        }
        takes_back && !told_before
    }

    /// The rules, if this is the repository that is meant and they are there.
    async fn found(&mut self, read: PolicyRead) -> Result<Found, String> {
        let id = read.repository.id;
        let expected = self.at.id.or(self.pinned);
        if let Some(expected) = expected.filter(|expected| *expected != id.0) {
            return Err(format!(
                "`{}` is now repository number {id}, not {expected}: somebody else may have taken the name. If it is \
                 meant, set `id = {id}` beside `repository` in the settings",
                self.at.repository
            ));
        }
        match read.file {
            Fact::Known(RulesFile::Text(text)) => {
                self.pin(id.0).await;
                Ok(Found {
                    text: text.text,
                    origin: Some(Origin { repository: id, path: self.at.path.clone() }),
                    commit: read.commit,
                })
            }
            Fact::Known(RulesFile::Missing) => Err(format!(
                "there is no `{}` at the default branch of `{}`",
                self.at.path, self.at.repository
            )),
            Fact::Known(RulesFile::Unusable(why)) | Fact::Unknown(why) => Err(why),
        }
    }
}

/// Where the number of a policy repository is remembered.
pub(super) fn pin_key(place: &str) -> String {
    let repository: Vec<&str> = place.splitn(3, '/').take(2).collect();
    format!("rules.repository.{}", repository.join("/").to_ascii_lowercase())
}
