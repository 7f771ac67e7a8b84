//! What goes on beside deliveries: looks when the rules change, and old records thrown away.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use policy::{Millis, RepoId};
use tokio::sync::{Notify, watch};

use crate::reconcile::{Gate, ledger, resync};
use crate::rulebook::LAST_GOOD;
use crate::store::{Retention, StoreError};

const STORE_DOWN: Duration = Duration::from_secs(5);

/// Verdicts belong to the rules they were given by: when the rules change, everything open is looked at again.
pub(super) async fn re_look_on_new_rules(
    gate: Arc<Gate>,
    wake: Arc<Notify>,
    mut stopped: watch::Receiver<bool>,
) {
    let changed = gate.rulebook.changed();
    loop {
        let pause = match re_look(&gate).await {
            Ok(()) => {
                wake.notify_one();
                None
            }
            Err(error) => {
                tracing::error!(%error, "the rules changed, but open subjects could not be woken yet");
                Some(STORE_DOWN)
            }
        };
        tokio::select! {
            () = changed.notified() => {}
            () = sleep_or_wait(pause) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}

async fn sleep_or_wait(pause: Option<Duration>) {
    match pause {
        Some(pause) => tokio::time::sleep(pause).await,
        None => std::future::pending().await,
    }
}

/// Wakes everything open that was not judged by these rules: a restart is no reason.
async fn re_look(gate: &Gate) -> Result<(), StoreError> {
    let rules = gate.rulebook.current();
    if let (None, Some(good)) = (&rules.trouble, gate.rulebook.good()) {
        // What cannot be written down is not remembered; it stays in force until a restart.
        if let Ok(good) = serde_json::to_string(&*good) {
            gate.store.kv_put(LAST_GOOD, &good).await?;
        }
    }
    // Not whoever was asked for a look, but whoever was judged by these rules: another replica may have judged by its
    // older ones meanwhile.
    let key = rules.key();
    let subjects = gate.store.wake_judged_otherwise(&key, gate.clock.now()).await?;
    if subjects > 0 {
        tracing::info!(subjects, "the rules changed; looking again at what was judged by others");
    }
    gate.rolled_out.send_replace(key);
    Ok(())
}

/// The API may lag behind the delivery that told of a push: whoever was looked at at once may have been judged by the old
/// file, and a push leaves no floor. So everything open in the repository is looked at once more after this.
const AFTER_A_PUSH: Duration = Duration::from_secs(15);

/// Looks again at what is open in repositories whose own rules may have changed; once for all pushes of a while.
pub(super) struct OwnRulesBell {
    gate: Arc<Gate>,
    wake: Arc<Notify>,
    pending: Arc<Mutex<BTreeSet<RepoId>>>,
}

impl OwnRulesBell {
    pub(super) fn new(gate: Arc<Gate>, wake: Arc<Notify>) -> Self {
        Self { gate, wake, pending: Arc::default() }
    }

    /// Rings for a repository.
    pub(super) fn changed(&self, repo: RepoId) {
        if !lock(&self.pending).insert(repo) {
            return;
        }
        let (gate, wake, pending) =
            (Arc::clone(&self.gate), Arc::clone(&self.wake), Arc::clone(&self.pending));
        tokio::spawn(async move {
            tokio::time::sleep(AFTER_A_PUSH).await;
            // Whoever pushes from here on is not served by this look any more.
            lock(&pending).remove(&repo);
            match gate.store.wake_repository(repo, gate.clock.now()).await {
                Ok(_) => wake.notify_one(),
                Err(error) => tracing::error!(%error, repository = %repo, "open subjects could not be woken"),
            }
        });
    }
}

fn lock(pending: &Mutex<BTreeSet<RepoId>>) -> MutexGuard<'_, BTreeSet<RepoId>> {
    pending.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Memberships change in bursts, as when a directory is synchronised.
const BURST: Duration = Duration::from_secs(10);

/// An approval counts only while its giver belongs: when memberships change, everything open is looked at again.
pub(super) async fn re_look_on_new_members(
    gate: Arc<Gate>,
    (changed, wake): (Arc<Notify>, Arc<Notify>),
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        tokio::select! {
            () = changed.notified() => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
        tokio::select! {
            () = tokio::time::sleep(BURST) => {}
            _ = stopped.wait_for(|stop| *stop) => {}
        }
        gate.github.forget_members();
        match gate.store.wake_all(gate.clock.now()).await {
            Ok(subjects) => {
                tracing::info!(subjects, "memberships changed; looking at everything open again");
                wake.notify_one();
            }
            Err(error) => {
                tracing::error!(%error, "memberships changed, but open subjects could not be woken yet");
                changed.notify_one();
            }
        }
    }
}

/// Each repository is compared as often as this; many repositories less often, so that comparing takes few calls.
const ROUND: Duration = Duration::from_secs(10 * 60);
/// A handful of calls at most as often as this.
const NEXT: Duration = Duration::from_secs(10);
/// Repositories that nothing was told of for so long are not compared.
const LATELY: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Finds moves of branches and tags and changes of pull requests that no delivery told of, one repository after another.
pub(super) async fn compare(gate: Arc<Gate>, wake: Arc<Notify>, mut stopped: watch::Receiver<bool>) {
    loop {
        let since =
            Millis(gate.clock.now().0.saturating_sub(i64::try_from(LATELY.as_millis()).unwrap_or(i64::MAX)));
        let repositories = gate.store.repositories(since).await.unwrap_or_else(|error| {
            tracing::error!(%error, "the repositories could not be listed");
            Vec::new()
        });
        let count = u32::try_from(repositories.len()).unwrap_or(u32::MAX).max(1);
        let pause = (ROUND / count).max(NEXT);
        for repository in repositories.into_iter().map(Some).chain([None]) {
            if let Some(repository) = repository {
                if let Err(error) = ledger::compare(&gate, &repository).await {
                    tracing::warn!(%error, repository = %repository.name, "its branches and tags could not be compared");
                }
                if let Err(error) = resync::compare(&gate, &repository).await {
                    tracing::warn!(%error, repository = %repository.name, "its pull requests could not be compared");
                }
                wake.notify_one();
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stopped.wait_for(|stop| *stop) => return,
            }
        }
    }
}

const EVERY: Duration = Duration::from_secs(60 * 60);

/// Throws away what is older than the retention setting, hourly.
pub(super) async fn prune(gate: Arc<Gate>, days: u32, mut stopped: watch::Receiver<bool>) {
    let keep = Duration::from_secs(u64::from(days) * 24 * 60 * 60);
    let retention = Retention { bodies: keep, deliveries: keep, verdicts: keep };
    loop {
        match gate.store.prune(gate.clock.now(), retention).await {
            Ok(pruned) => tracing::debug!(?pruned, "pruned"),
            Err(error) => tracing::error!(%error, "old records could not be thrown away"),
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}
