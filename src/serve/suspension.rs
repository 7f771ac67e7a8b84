//! Who is suspended is read from the store every second, so that every replica learns it, and how far that has taken
//! effect is written down.
//!
//! A store that does not answer changes nothing: whoever was suspended stays so.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::reconcile::Gate;
use crate::store::StoreError;

/// A suspension takes effect so soon, plus the looks.
const EVERY: Duration = Duration::from_secs(1);

/// Reads on until `stopped` turns true.
pub(super) async fn watch(gate: Arc<Gate>, mut stopped: watch::Receiver<bool>) {
    let mut told = false;
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
        match read(&gate).await {
            Ok(()) => told = false,
            Err(error) if told => tracing::debug!(%error, "suspensions still cannot be read"),
            Err(error) => {
                tracing::error!(%error, "suspensions cannot be read; those that are known hold on");
                told = true;
            }
        }
    }
}

async fn read(gate: &Gate) -> Result<(), StoreError> {
    let suspended = gate.store.suspended().await?;
    let names: Vec<String> = suspended.keys().cloned().collect();
    gate.rulebook.suspend(suspended);
    for agent in names {
        if gate.store.is_followed(&agent).await? {
            gate.store.follow_suspension(&agent, gate.clock.now()).await?;
        }
    }
    Ok(())
}
