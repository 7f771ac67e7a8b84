//! Strikes: an agent whose moves are put back again and again is suspended, at once and everywhere.

use policy::rules::RuleSource;
use policy::strike::Strike;

use super::{Gate, ReconcileError};
use crate::lease::Lease;
use crate::store::VerdictId;

/// Counts what was put back. Whoever is suspended by it may do nothing from here on; other replicas learn it within
/// seconds.
pub(super) async fn count(
    gate: &Gate,
    lease: &Lease,
    (verdict, rules): (&VerdictId, &RuleSource),
    strikes: Vec<Strike>,
) -> Result<(), ReconcileError> {
    let Some(law) = rules.in_force.as_ref().filter(|_| !strikes.is_empty()) else { return Ok(()) };
    let now = gate.clock.now();
    let suspended = gate.store.strike(lease.subject(), verdict, strikes, law.gate.strikes, now).await?;
    if suspended.is_empty() {
        return Ok(());
    }
    for agent in suspended {
        tracing::warn!(%agent, subject = %lease.subject(), "suspended: it was put back too often");
    }
    gate.rulebook.suspend(gate.store.suspended().await?);
    Ok(())
}
