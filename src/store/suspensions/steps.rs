//! How far a suspension has taken effect: a receipt for each step, made from what the store knows of open subjects.
//!
//! Nothing is done here: who is suspended is part of the law, and whoever was judged by another law is judged again. So
//! the receipts can be made at any time, by any process and as often as one likes, and a receipt that is complete stays.

use policy::Millis;
use policy::rules::suspension;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::super::operation::Operation;
use super::super::row::{get, parsed, unsigned};
use super::super::{Store, StoreError};

/// What a suspension does, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Every open pull request is judged again, and the agent's are refused.
    RefusePulls,
    /// Auto-merge of the agent's pull requests is switched off.
    DisableAutoMerge,
    /// Workflow runs of the agent are cancelled.
    CancelRuns,
    /// Deployments that wait for us are judged again.
    RejectDeployments,
    /// All of that is complete.
    Report,
}

impl Step {
    /// All of them, in order.
    pub const ALL: [Self; 5] =
        [Self::RefusePulls, Self::DisableAutoMerge, Self::CancelRuns, Self::RejectDeployments, Self::Report];

    /// The word that the database holds.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RefusePulls => "refuse pull requests",
            Self::DisableAutoMerge => "disable auto-merge",
            Self::CancelRuns => "cancel runs",
            Self::RejectDeployments => "reject deployments",
            Self::Report => "report",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == text)
    }
}

/// How far a step has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// Which step.
    pub step: Step,
    /// Subjects that it concerns.
    pub concerned: u64,
    /// Subjects on which it has taken effect.
    pub done: u64,
    /// Subjects on which it could not, up to now.
    pub failed: u64,
    /// When it was complete; `None` until then.
    pub at: Option<Millis>,
}

impl Store {
    /// The receipts of an agent's suspension that is in force, as they stand now, and writes them down. Empty when none is.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn follow_suspension(&self, agent: &str, now: Millis) -> Result<Vec<Receipt>, StoreError> {
        let Some(mark) = suspension::mark(&self.suspended().await?) else { return Ok(Vec::new()) };
        self.writer.run(Follow { agent: agent.to_owned(), mark, now }).await
    }

    /// Whether an agent's suspension that is in force has a receipt that is not complete.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn is_followed(&self, agent: &str) -> Result<bool, StoreError> {
        let row = sqlx::query(
            "SELECT 1 AS followed FROM suspensions WHERE agent = $1 AND ended_at IS NULL AND NOT EXISTS \
             (SELECT 1 FROM suspension_steps WHERE suspension_steps.suspension_id = suspensions.id \
             AND suspension_steps.step = $2 AND suspension_steps.at IS NOT NULL)",
        )
        .bind(agent)
        .bind(Step::Report.as_str())
        .fetch_optional(&self.readers)
        .await?;
        Ok(row.is_some())
    }

    /// The receipts of a suspension as they were written down last.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn receipts(&self, suspension: &str) -> Result<Vec<Receipt>, StoreError> {
        let rows = sqlx::query(
            "SELECT step, concerned, done, failed, at FROM suspension_steps WHERE suspension_id = $1 \
             ORDER BY ordinal",
        )
        .bind(suspension)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(read).collect()
    }
}

fn read(row: &AnyRow) -> Result<Receipt, StoreError> {
    let count = |column| unsigned(get(row, column)?, "receipt");
    Ok(Receipt {
        step: parsed(&get::<String, _>(row, "step")?, "step", Step::parse)?,
        concerned: count("concerned")?,
        done: count("done")?,
        failed: count("failed")?,
        at: get::<Option<i64>, _>(row, "at")?.map(Millis),
    })
}

struct Follow {
    agent: String,
    /// How the key of the law ends under which subjects must have been judged.
    mark: String,
    now: Millis,
}

/// Subjects that it concerns, on which it is done, on which it failed.
type Counts = (i64, i64, i64);

impl Operation for Follow {
    type Output = Vec<Receipt>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Vec<Receipt>, StoreError> {
        let row = sqlx::query("SELECT id, at FROM suspensions WHERE agent = $1 AND ended_at IS NULL")
            .bind(self.agent.as_str())
            .fetch_optional(&mut *tx)
            .await?;
        let Some(row) = row else { return Ok(Vec::new()) };
        let (id, since): (String, i64) = (get(&row, "id")?, get(&row, "at")?);
        let kept = sqlx::query(
            "SELECT step, concerned, done, failed, at FROM suspension_steps WHERE suspension_id = $1",
        )
        .bind(id.as_str())
        .fetch_all(&mut *tx)
        .await?;
        let kept: Vec<Receipt> = kept.iter().map(read).collect::<Result<_, _>>()?;
        let mut receipts: Vec<Receipt> = Vec::with_capacity(Step::ALL.len());
        for (ordinal, step) in (0_i64..).zip(Step::ALL) {
            let complete = kept.iter().find(|receipt| receipt.step == step && receipt.at.is_some());
            let receipt = match complete {
                Some(receipt) => *receipt,
                None => self.receipt(tx, step, since, &receipts).await?,
            };
            if complete.is_none() {
                write(tx, &id, ordinal, &receipt).await?;
            }
            receipts.push(receipt);
        }
        Ok(receipts)
    }
}

impl Follow {
    async fn receipt(
        &self,
        tx: &mut AnyConnection,
        step: Step,
        since: i64,
        before: &[Receipt],
    ) -> Result<Receipt, StoreError> {
        let all_before = before.iter().all(|receipt| receipt.at.is_some());
        let ((concerned, done, failed), complete) = match step {
            Step::RefusePulls => self.judged(tx, "pull/").await?,
            Step::CancelRuns => self.judged(tx, "run/").await?,
            Step::RejectDeployments => self.judged(tx, "deployment/").await?,
            Step::DisableAutoMerge => {
                // Which are concerned is known when all were judged.
                let (concerned, done, failed) = auto_merges(tx, since).await?;
                ((concerned, done, failed), all_before && done + failed == concerned)
            }
            Step::Report => {
                let sum = |count: fn(&Receipt) -> u64| {
                    before.iter().map(count).fold(0_i64, |sum, n| sum.saturating_add(n.cast_signed()))
                };
                ((sum(|r| r.concerned), sum(|r| r.done), sum(|r| r.failed)), all_before)
            }
        };
        Ok(Receipt {
            step,
            concerned: unsigned(concerned, "receipt")?,
            done: unsigned(done, "receipt")?,
            failed: unsigned(failed, "receipt")?,
            at: complete.then_some(self.now),
        })
    }

    /// Open subjects of a kind that were judged once: they must have been judged under these suspensions, and the forge
    /// must show it.
    async fn judged(&self, tx: &mut AnyConnection, kind: &str) -> Result<(Counts, bool), StoreError> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS concerned, \
             COALESCE(SUM(CASE WHEN shown = 1 THEN 1 ELSE 0 END), 0) AS done, \
             COALESCE(SUM(CASE WHEN shown = 0 AND attempts > 0 THEN 1 ELSE 0 END), 0) AS failed FROM \
             (SELECT work.attempts AS attempts, CASE WHEN work.attempts = 0 AND EXISTS \
             (SELECT 1 FROM verdicts v WHERE v.subject_key = work.subject_key AND v.replaced_at IS NULL \
             AND v.rules_digest LIKE $2 AND NOT EXISTS (SELECT 1 FROM actions a WHERE a.verdict_id = v.id \
             AND a.kind IN ('show_check', 'answer_deployment') AND a.state IN ('pending', 'failed') AND a.ordinal = \
             (SELECT MAX(b.ordinal) FROM actions b WHERE b.verdict_id = v.id \
             AND b.kind IN ('show_check', 'answer_deployment')))) \
             THEN 1 ELSE 0 END AS shown FROM work \
             WHERE work.subject_key LIKE $1 AND work.ended = 0 AND work.verdicts > 0) AS subjects",
        )
        .bind(format!("{kind}%"))
        .bind(format!("%{}", self.mark))
        .fetch_one(tx)
        .await?;
        let counts: Counts = (get(&row, "concerned")?, get(&row, "done")?, get(&row, "failed")?);
        Ok((counts, counts.0 == counts.1))
    }
}

/// Pull requests whose auto-merge was to be switched off since then.
async fn auto_merges(tx: &mut AnyConnection, since: i64) -> Result<Counts, StoreError> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS concerned, COALESCE(SUM(done), 0) AS done, \
         COALESCE(SUM(CASE WHEN done = 0 AND pending = 0 THEN 1 ELSE 0 END), 0) AS failed FROM \
         (SELECT once_key, MAX(CASE WHEN state = 'done' THEN 1 ELSE 0 END) AS done, \
         MAX(CASE WHEN state = 'pending' THEN 1 ELSE 0 END) AS pending \
         FROM actions WHERE kind = 'disable_auto_merge' AND at >= $1 GROUP BY once_key) AS pulls",
    )
    .bind(since)
    .fetch_one(tx)
    .await?;
    Ok((get(&row, "concerned")?, get(&row, "done")?, get(&row, "failed")?))
}

async fn write(tx: &mut AnyConnection, id: &str, ordinal: i64, receipt: &Receipt) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO suspension_steps (suspension_id, ordinal, step, concerned, done, failed, at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (suspension_id, ordinal) DO UPDATE SET \
         concerned = excluded.concerned, done = excluded.done, failed = excluded.failed, at = excluded.at",
    )
    .bind(id)
    .bind(ordinal)
    .bind(receipt.step.as_str())
    .bind(receipt.concerned.cast_signed())
    .bind(receipt.done.cast_signed())
    .bind(receipt.failed.cast_signed())
    .bind(receipt.at.map(|at| at.0))
    .execute(tx)
    .await?;
    Ok(())
}
