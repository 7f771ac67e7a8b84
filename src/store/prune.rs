//! Forgetting what is old: bodies first, then rows. In small steps, each an operation of its own between which others
//! get their turn, and along an index that holds nothing else, so that having nothing to forget costs nothing.
//!
//! Never forgotten: deliveries that are still owed a look, the verdict that stands for a subject, and who pushed.

use std::time::Duration;

use policy::Millis;
use sqlx::AnyConnection;

use super::operation::Operation;
use super::{Store, StoreError};

/// Rows per step: deliveries that wait behind one must not notice.
const STEP: u32 = 50;

/// How long to keep things after they are settled.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Payloads.
    pub bodies: Duration,
    /// Deliveries without their payload.
    pub deliveries: Duration,
    /// Verdicts after another one has replaced them, with their actions.
    pub verdicts: Duration,
}

/// What was forgotten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Payloads dropped.
    pub bodies: u64,
    /// Deliveries dropped.
    pub deliveries: u64,
    /// Verdicts dropped.
    pub verdicts: u64,
}

impl Store {
    /// Forgets what was settled longer ago than the retention says.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; what was dropped until then stays dropped.
    pub async fn prune(&self, now: Millis, retention: Retention) -> Result<Pruned, StoreError> {
        let before = |keep: Duration| {
            Millis(now.0.saturating_sub(i64::try_from(keep.as_millis()).unwrap_or(i64::MAX)))
        };
        Ok(Pruned {
            bodies: self.prune_all(BODIES, before(retention.bodies)).await?,
            deliveries: self.prune_all(DELIVERIES, before(retention.deliveries)).await?,
            verdicts: self.prune_all(VERDICTS, before(retention.verdicts)).await?,
        })
    }

    async fn prune_all(&self, sql: &'static str, before: Millis) -> Result<u64, StoreError> {
        let mut total = 0;
        loop {
            let dropped = self.writer.run(Step { sql, before }).await?;
            total += dropped;
            if dropped < u64::from(STEP) {
                return Ok(total);
            }
        }
    }
}

pub(super) const BODIES: &str = "UPDATE deliveries SET body = NULL WHERE guid IN \
    (SELECT guid FROM deliveries WHERE body IS NOT NULL AND state <> 'queued' AND settled_at < $1 LIMIT $2)";
pub(super) const DELIVERIES: &str = "DELETE FROM deliveries WHERE guid IN \
    (SELECT guid FROM deliveries WHERE state <> 'queued' AND settled_at < $1 LIMIT $2)";
pub(super) const VERDICTS: &str =
    "DELETE FROM verdicts WHERE id IN (SELECT id FROM verdicts WHERE replaced_at < $1 LIMIT $2)";

struct Step {
    sql: &'static str,
    before: Millis,
}

impl Operation for Step {
    type Output = u64;

    async fn run(&self, tx: &mut AnyConnection) -> Result<u64, StoreError> {
        let done = sqlx::query(self.sql).bind(self.before.0).bind(i64::from(STEP)).execute(tx).await?;
        Ok(done.rows_affected())
    }
}
