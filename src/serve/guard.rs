//! What guards repositories is looked at from time to time, for deliveries may be lost: one thing after another.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use policy::{GuardSubject, InstallationId, InstallationSubject, Millis, Subject};
use tokio::sync::{Notify, watch};

use crate::reconcile::Gate;
use crate::store::{KnownRepository, StoreError};

/// Each repository is looked at as often as this; many repositories less often, so that looking takes few calls.
const ROUND: Duration = Duration::from_secs(60 * 60);
/// One look, of a dozen calls or more, at most as often as this.
const NEXT: Duration = Duration::from_secs(30);
/// Repositories that nothing was told of for so long are not looked at.
const LATELY: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Asks for looks, until `stopped` turns true.
pub(super) async fn watch(gate: Arc<Gate>, wake: Arc<Notify>, mut stopped: watch::Receiver<bool>) {
    loop {
        let subjects = match subjects(&gate).await {
            Ok(subjects) => subjects,
            Err(error) => {
                tracing::error!(%error, "what is guarded could not be listed");
                Vec::new()
            }
        };
        let count = u32::try_from(subjects.len()).unwrap_or(u32::MAX).max(1);
        let pause = (ROUND / count).max(NEXT);
        for subject in subjects.into_iter().map(Some).chain([None]) {
            if let Some(subject) = subject {
                match gate.store.wake(&subject, gate.clock.now()).await {
                    Ok(()) => wake.notify_one(),
                    Err(error) => tracing::error!(%error, %subject, "it could not be woken"),
                }
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stopped.wait_for(|stop| *stop) => return,
            }
        }
    }
}

/// Every repository that deliveries told of lately, and the installations that reach them.
async fn subjects(gate: &Gate) -> Result<Vec<Subject>, StoreError> {
    let lately = i64::try_from(LATELY.as_millis()).unwrap_or(i64::MAX);
    let known = gate.store.repositories(Millis(gate.clock.now().0.saturating_sub(lately))).await?;
    let installations: BTreeMap<InstallationId, InstallationSubject> = known
        .iter()
        .filter_map(|one| {
            Some((one.installation, InstallationSubject::at(one.installation, one.name.owner())?))
        })
        .collect();
    let guard = |KnownRepository { id, name, installation }: KnownRepository| {
        Subject::Guard(GuardSubject { installation, repo_id: id, repo: name })
    };
    let installations = installations.into_values().map(Subject::Installation);
    Ok(installations.chain(known.into_iter().map(guard)).collect())
}
