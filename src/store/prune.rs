//! Forgetting what is old: bodies first, then rows. In small steps, so that nobody waits behind it.
//!
//! Never forgotten: deliveries that are still owed a look, the verdict that stands for a subject, and who pushed.

use std::time::Duration;

use policy::Millis;
use sqlx::AnyConnection;

use super::operation::Operation;
use super::{Store, StoreError};

const STEP: i64 = 200;

/// How long to keep things after they are settled.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Payloads.
    pub bodies: Duration,
    /// Deliveries without their payload.
    pub deliveries: Duration,
    /// Verdicts that another one has replaced, with their actions.
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
            if dropped == 0 {
                return Ok(total);
            }
        }
    }
}

const BODIES: &str = "UPDATE deliveries SET body = NULL WHERE guid IN \
    (SELECT guid FROM deliveries WHERE body IS NOT NULL AND state <> 'queued' AND settled_at < $1 LIMIT $2)";
const DELIVERIES: &str = "DELETE FROM deliveries WHERE guid IN \
    (SELECT guid FROM deliveries WHERE state <> 'queued' AND settled_at < $1 LIMIT $2)";
const VERDICTS: &str = "DELETE FROM verdicts WHERE id IN \
    (SELECT v.id FROM verdicts v WHERE v.decided_at < $1 AND EXISTS \
    (SELECT 1 FROM verdicts w WHERE w.subject_key = v.subject_key AND w.ordinal > v.ordinal) LIMIT $2)";

struct Step {
    sql: &'static str,
    before: Millis,
}

impl Operation for Step {
    type Output = u64;

    async fn run(&self, tx: &mut AnyConnection) -> Result<u64, StoreError> {
        let done = sqlx::query(self.sql).bind(self.before.0).bind(STEP).execute(tx).await?;
        Ok(done.rows_affected())
    }
}
