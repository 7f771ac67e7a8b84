//! Takes due subjects and looks at them, many at a time, until told to stop.
//!
//! A stop is graceful: looks under way end and nothing new is taken.
//!
//! A lease is short and renewed for as long as its look goes on: a crashed replica's subjects are taken over soon, and
//! a look that takes minutes, because git fetches a large repository, is not overtaken.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use policy::Millis;
use tokio::sync::{Notify, watch};
use tokio::task::{JoinError, JoinSet};

use super::{Gate, ReconcileError, blind, later, reconcile};
use crate::github::Again;
use crate::lease::Lease;
use crate::store::{Next, StoreError, backoff};

/// How long a look may take; git may have to fetch a large repository first.
const LOOK: Duration = Duration::from_secs(8 * 60);
/// The longest nap: deliveries wake us at once, other replicas' deliveries only when we look.
const NAP: Duration = Duration::from_secs(2);
/// After this when the store cannot be written: trying at once would only fill the log.
const STORE_DOWN: Duration = Duration::from_secs(3);
/// A subject that seems gone may just not be visible yet: GitHub's replicas lag, installations are suspended for a
/// moment. After this many looks, about twenty minutes, it is believed.
const GONE_AFTER: u32 = 10;

/// Looks at due subjects.
#[derive(Debug, Clone)]
pub struct Runner {
    gate: Arc<Gate>,
    wake: Arc<Notify>,
    at_once: u32,
    lease: Duration,
}

impl Runner {
    /// A runner that looks at `at_once` subjects at a time and is woken by `wake`. Others take over what it holds when
    /// it has not been heard of for `lease`.
    #[must_use]
    pub fn new(gate: Arc<Gate>, wake: Arc<Notify>, at_once: u32, lease: Duration) -> Self {
        Self { gate, wake, at_once, lease }
    }

    /// Looks at due subjects until `stop` turns true; then finishes what is under way.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut looks = JoinSet::new();
        while !*stop.borrow() {
            while let Some(ended) = looks.try_join_next() {
                told(ended);
            }
            let free = self.at_once.saturating_sub(u32::try_from(looks.len()).unwrap_or(u32::MAX));
            if free == 0 {
                looks.join_next().await.into_iter().for_each(told);
                continue;
            }
            let (leases, nap) = match self.gate.store.claim(self.gate.clock.now(), self.lease, free).await {
                Ok(leases) if leases.is_empty() => (leases, self.nap().await),
                Ok(leases) => (leases, Duration::ZERO),
                Err(error) => {
                    tracing::error!(%error, "no work can be taken from the store");
                    (Vec::new(), STORE_DOWN)
                }
            };
            if leases.is_empty() {
                tokio::select! {
                    () = self.wake.notified() => {}
                    () = tokio::time::sleep(nap) => {}
                    _ = stop.changed() => {}
                }
            }
            if *stop.borrow() {
                self.give_back(leases).await;
                break;
            }
            for lease in leases {
                let runner = self.clone();
                looks.spawn(async move {
                    runner.look(lease).await;
                    // It may have woken others, and its own next look may be soon.
                    runner.wake.notify_one();
                });
            }
        }
        while let Some(ended) = looks.join_next().await {
            told(ended);
        }
    }

    /// Looks at everything that is due now, one after another, until nothing is. For tests and the demo.
    ///
    /// # Errors
    /// [`StoreError`] when the store does not answer.
    pub async fn drain(&self) -> Result<usize, StoreError> {
        let mut looks = 0;
        loop {
            let leases = self.gate.store.claim(self.gate.clock.now(), self.lease, 1).await?;
            let Some(lease) = leases.into_iter().next() else { return Ok(looks) };
            self.look(lease).await;
            looks += 1;
        }
    }

    /// Told to stop while work was being taken: others may look at once.
    async fn give_back(&self, leases: Vec<Lease>) {
        for lease in leases {
            if let Err(error) = self.gate.store.release(&lease, self.gate.clock.now()).await {
                tracing::warn!(%error, subject = %lease.subject(), "the subject comes back when its lease runs out");
            }
        }
    }

    async fn nap(&self) -> Duration {
        let now = self.gate.clock.now();
        match self.gate.store.next_due().await {
            Ok(Some(due)) => {
                let wait = u64::try_from(due.0.saturating_sub(now.0)).unwrap_or(0);
                Duration::from_millis(wait.max(20)).min(NAP)
            }
            _ => NAP,
        }
    }

    /// One look; whatever comes of it, the subject is let go with a moment for the next.
    #[tracing::instrument(skip_all, fields(subject = %lease.subject()))]
    async fn look(&self, lease: Lease) {
        let started = std::time::Instant::now();
        let outcome = tokio::select! {
            // A look that has just ended knows better than a renewal that no longer finds its lease.
            biased;
            outcome = tokio::time::timeout(LOOK, unbroken(Box::pin(reconcile(&self.gate, &lease)))) => outcome,
            lost = self.hold(&lease) => Ok(Err(lost.into())),
        };
        metrics::histogram!("portcullis_look_seconds").record(started.elapsed().as_secs_f64());
        let now = self.gate.clock.now();
        let next = match outcome {
            Ok(Ok(next @ Next::Retry { .. })) => next,
            // Recorded together with the outcomes.
            Ok(Ok(Next::Done | Next::Ended | Next::At(_))) => return,
            Ok(Err(ReconcileError::Store(StoreError::LeaseLost))) => {
                tracing::warn!("the lease ran out during the look; somebody else has the subject");
                // Something may have been shown after theirs: whoever has it looks once more.
                if let Err(error) = self.gate.store.wake(lease.subject(), now).await {
                    tracing::error!(%error, "the subject could not be woken");
                }
                return;
            }
            Ok(Err(error)) => next_after(&error, &lease, now),
            Err(_) => retry(&lease, now, format!("the look took longer than {} s", LOOK.as_secs())),
        };
        if let Err(error) = blind::tell(&self.gate, &lease, UNREADABLE).await {
            tracing::warn!(%error, "that the subject cannot be seen could not be shown either");
        }
        if let Next::Retry { at, error } = &next {
            metrics::counter!("portcullis_retries_total").increment(1);
            tracing::warn!(in_ms = at.0 - now.0, attempt = lease.attempts() + 1, %error, "looking again later");
        }
        if let Err(error) = self.gate.store.finish(&lease, next, now).await {
            tracing::error!(%error, "the subject comes back when its lease runs out");
        }
    }

    /// Renews the lease three times as often as it would run out. Returns only when it is lost.
    async fn hold(&self, lease: &Lease) -> StoreError {
        let mut until = later(self.gate.clock.now(), self.lease);
        loop {
            tokio::time::sleep(self.lease / 3).await;
            let now = self.gate.clock.now();
            match self.gate.store.renew(lease, later(now, self.lease)).await {
                Ok(()) => until = later(now, self.lease),
                // Nobody else acts before it has run out; the store may be back until then.
                Err(error) if now < until && !matches!(error, StoreError::LeaseLost) => {
                    tracing::warn!(%error, "the lease could not be renewed");
                }
                Err(_) => return StoreError::LeaseLost,
            }
        }
    }
}

/// A look that breaks is one that failed: its subject must be told of like any other that cannot be looked at.
async fn unbroken(look: impl Future<Output = Result<Next, ReconcileError>>) -> Result<Next, ReconcileError> {
    AssertUnwindSafe(look).catch_unwind().await.unwrap_or(Err(ReconcileError::Broken))
}

fn told(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a look broke; its subject comes back when its lease runs out");
    }
}

/// What the check says when look after look came to nothing. Always the same words: the log has the details.
const UNREADABLE: &str = "the forge could not be read for several looks in a row";

/// When to look again after a look that came to nothing.
fn next_after(error: &ReconcileError, lease: &Lease, now: Millis) -> Next {
    let ReconcileError::Forge(forge) = error else { return retry(lease, now, error.to_string()) };
    match forge.again(now, lease.attempts()) {
        Again::At(at) => Next::Retry { at, error: error.to_string() },
        Again::WhenTold if lease.attempts() < GONE_AFTER => retry(lease, now, error.to_string()),
        // The pull request, the repository or the installation is gone: nothing can be shown any more.
        Again::WhenTold => {
            tracing::info!(%error, "nothing to show");
            Next::Ended
        }
    }
}

fn retry(lease: &Lease, now: Millis, error: String) -> Next {
    Next::Retry { at: later(now, backoff(lease.attempts() + 1, &lease.subject().key())), error }
}
