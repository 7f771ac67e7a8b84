//! What goes on beside deliveries: looks when the rules change, and old records thrown away.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::reconcile::Gate;
use crate::store::Retention;

/// Verdicts belong to the rules they were given by: when the rules change, everything open is looked at again.
pub(super) async fn re_look_on_new_rules(gate: Arc<Gate>, mut stopped: watch::Receiver<bool>) {
    let changed = gate.rulebook.changed();
    loop {
        tokio::select! {
            () = changed.notified() => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
        match gate.store.wake_all(gate.clock.now()).await {
            Ok(subjects) => tracing::info!(subjects, "the rules changed; looking at everything open again"),
            Err(error) => tracing::error!(%error, "the rules changed, but open subjects could not be woken"),
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
