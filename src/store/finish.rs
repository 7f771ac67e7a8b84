//! T4: write down what came of the actions and let the subject go.
//!
//! Outcomes are kept even when the lease was lost meanwhile: they happened. Only the subject's row is left alone then.

use policy::Millis;
use sqlx::AnyConnection;

use super::actions::{self, ActionId, ActionOutcome};
use super::evidence;
use super::operation::Operation;
use super::work::Hold;
use super::{Store, StoreError};
use crate::lease::Lease;

/// Errors are shown to people; a forge's error page is not worth keeping whole.
const ERROR_CHARS: usize = 2000;

/// When the subject is to be looked at next. A generation that moved during the look goes before: due at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// The forge shows the verdict; nothing to do until the next delivery.
    Done,
    /// There is nothing to judge any more, as of a closed pull request: only a delivery can change that.
    Ended,
    /// The forge shows the verdict, which may change by itself at this moment.
    At(Millis),
    /// There is no verdict for what was asked (the forge lags or fails): the deliveries stay queued, an attempt is
    /// counted. [`super::backoff`] says how long to wait.
    Retry {
        /// When to look again.
        at: Millis,
        /// What stood in the way, for people.
        error: String,
    },
}

impl Store {
    /// T4: records outcomes and ends the lease, in one transaction. Deliveries up to the lease's generation are
    /// processed unless `next` is a retry.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when the subject is no longer held: the outcomes were kept all the same.
    pub async fn record(
        &self,
        lease: &Lease,
        outcomes: Vec<(ActionId, ActionOutcome)>,
        next: Next,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.record_judged(lease, outcomes, Vec::new(), next, now).await
    }

    /// [`Store::record`], after which the evidence of these ids is judged and no later look sees it again.
    ///
    /// # Errors
    /// As [`Store::record`]; the evidence is then judged again.
    pub async fn record_judged(
        &self,
        lease: &Lease,
        outcomes: Vec<(ActionId, ActionOutcome)>,
        judged: Vec<String>,
        next: Next,
        now: Millis,
    ) -> Result<(), StoreError> {
        let finish = Finish { hold: Hold::of(lease), outcomes, judged, next, now };
        if self.writer.run(finish).await? { Ok(()) } else { Err(StoreError::LeaseLost) }
    }

    /// [`Store::record`] with no outcomes: nothing was to be done, or each was settled as it came.
    ///
    /// # Errors
    /// As [`Store::record`].
    pub async fn finish(&self, lease: &Lease, next: Next, now: Millis) -> Result<(), StoreError> {
        self.record(lease, Vec::new(), next, now).await
    }
}

struct Finish {
    hold: Hold,
    outcomes: Vec<(ActionId, ActionOutcome)>,
    judged: Vec<String>,
    next: Next,
    now: Millis,
}

impl Operation for Finish {
    /// Whether the lease still held.
    type Output = bool;

    async fn run(&self, tx: &mut AnyConnection) -> Result<bool, StoreError> {
        for (id, outcome) in &self.outcomes {
            actions::settle(tx, id, outcome, self.now).await?;
        }
        match &self.next {
            Next::Retry { at, error } => self.postpone(tx, *at, error).await,
            Next::Done => self.conclude(tx, None, 0).await,
            Next::Ended => self.conclude(tx, None, 1).await,
            Next::At(at) => self.conclude(tx, Some(*at), 0).await,
        }
    }
}

impl Finish {
    async fn postpone(&self, tx: &mut AnyConnection, at: Millis, error: &str) -> Result<bool, StoreError> {
        let error: String = error.chars().take(ERROR_CHARS).filter(|c| *c != '\0').collect();
        let done = sqlx::query(
            "UPDATE work SET lease_token = NULL, attempts = attempts + 1, last_error = $3, \
             due_at = CASE WHEN generation > $4 THEN $5 ELSE $6 END, \
             turn_at = CASE WHEN generation > $4 THEN $5 ELSE $6 END \
             WHERE subject_key = $1 AND lease_token = $2",
        )
        .bind(self.hold.key.as_str())
        .bind(self.hold.token.as_str())
        .bind(error)
        .bind(self.hold.generation)
        .bind(self.now.0)
        .bind(at.0)
        .execute(tx)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn conclude(
        &self,
        tx: &mut AnyConnection,
        again: Option<Millis>,
        ended: i64,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE work SET lease_token = NULL, attempts = 0, last_error = NULL, due_since = NULL, \
             done_generation = $3, due_at = CASE WHEN generation > $3 THEN $4 ELSE $5 END, \
             turn_at = CASE WHEN generation > $3 THEN $4 ELSE $5 END, \
             ended = CASE WHEN generation > $3 THEN 0 ELSE $6 END \
             WHERE subject_key = $1 AND lease_token = $2",
        )
        .bind(self.hold.key.as_str())
        .bind(self.hold.token.as_str())
        .bind(self.hold.generation)
        .bind(self.now.0)
        .bind(again.map(|at| at.0))
        .bind(ended)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        evidence::settle(tx, &self.hold.key, &self.judged, self.now).await?;
        self.settle_deliveries(tx).await?;
        Ok(true)
    }

    /// A delivery is processed when the last of its subjects is. It is counted down rather than looked up: two
    /// replicas that finish its last two subjects at once would not see each other's.
    async fn settle_deliveries(&self, tx: &mut AnyConnection) -> Result<(), StoreError> {
        let rows = sqlx::query(
            "UPDATE delivery_work SET done_at = $3 \
             WHERE subject_key = $1 AND generation <= $2 AND done_at IS NULL RETURNING guid",
        )
        .bind(self.hold.key.as_str())
        .bind(self.hold.generation)
        .bind(self.now.0)
        .fetch_all(&mut *tx)
        .await?;
        for row in rows {
            sqlx::query(
                "UPDATE deliveries SET unfinished = unfinished - 1, \
                 state = CASE WHEN unfinished <= 1 THEN 'processed' ELSE state END, \
                 settled_at = CASE WHEN unfinished <= 1 THEN $2 ELSE settled_at END \
                 WHERE guid = $1 AND state = 'queued'",
            )
            .bind(super::row::get::<String, _>(&row, "guid")?)
            .bind(self.now.0)
            .execute(&mut *tx)
            .await?;
        }
        Ok(())
    }
}
