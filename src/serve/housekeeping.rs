//! What goes on beside deliveries: looks when the rules change, and old records thrown away.

use std::sync::Arc;
use std::time::Duration;

use policy::rules::Trouble;
use tokio::sync::{Notify, watch};

use crate::reconcile::Gate;
use crate::store::{Retention, StoreError};

/// Where the last good rules are remembered.
pub(super) const LAST_GOOD: &str = "rules.last_good";
/// Which rules everything open was last looked at by.
const LOOKED_AT_BY: &str = "rules.looked_at_by";
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

/// Wakes everything open unless it was looked at by these rules already: a restart is no reason.
async fn re_look(gate: &Gate) -> Result<(), StoreError> {
    let rules = gate.rulebook.current();
    if let (None, Some(good)) = (&rules.trouble, gate.rulebook.good()) {
        // What cannot be written down is not remembered; it stays in force until a restart.
        if let Ok(good) = serde_json::to_string(&*good) {
            gate.store.kv_put(LAST_GOOD, &good).await?;
        }
    }
    let digest = rules.in_force.as_ref().map_or("none", |rules| rules.digest.as_str());
    let trouble = rules.trouble.as_ref().map(Trouble::sentence).unwrap_or_default();
    let stamp = format!("{digest} {trouble}");
    if gate.store.kv_get(LOOKED_AT_BY).await?.as_deref() == Some(stamp.as_str()) {
        return Ok(());
    }
    let subjects = gate.store.wake_all(gate.clock.now()).await?;
    tracing::info!(subjects, "the rules changed; looking at everything open again");
    gate.store.kv_put(LOOKED_AT_BY, &stamp).await
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
