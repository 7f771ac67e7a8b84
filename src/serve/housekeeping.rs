//! What goes on beside deliveries: looks when the rules change, and old records thrown away.

use std::sync::Arc;
use std::time::Duration;

use policy::RepoId;
use tokio::sync::{Notify, watch};

use crate::reconcile::Gate;
use crate::store::{Retention, StoreError};

/// Where the last good rules are remembered.
pub(super) const LAST_GOOD: &str = "rules.last_good";

/// Where the number of a policy repository is remembered, whatever becomes of its rules.
pub(super) fn pin_key(place: &str) -> String {
    let repository: Vec<&str> = place.splitn(3, '/').take(2).collect();
    format!("rules.repository.{}", repository.join("/").to_ascii_lowercase())
}

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
    if let Some(origin) = rules.origin.as_ref() {
        let number = origin.repository.to_string();
        gate.store.kv_put(&pin_key(&rules.place), &number).await?;
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
/// file, and a push leaves no floor. So everything open in the repository is looked at once more after these.
const AFTER_A_PUSH: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(60)];

/// A repository's own rules may have changed.
pub(super) async fn re_look_on_own_rules(gate: Arc<Gate>, repo: RepoId, wake: Arc<Notify>) {
    for pause in AFTER_A_PUSH {
        tokio::time::sleep(pause).await;
        match gate.store.wake_repository(repo, gate.clock.now()).await {
            Ok(_) => wake.notify_one(),
            Err(error) => tracing::error!(%error, repository = %repo, "open subjects could not be woken"),
        }
    }
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
