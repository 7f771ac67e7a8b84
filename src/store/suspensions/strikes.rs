//! Strikes of agents, and what they lead to: at the last that is borne, the agent is suspended.
//!
//! Counted, suspended and told of in one transaction, so that nothing of it is done by halves. A strike that is told
//! twice counts once.

use std::time::Duration;

use policy::rules::Suspension;
use policy::strike::Strike;
use policy::{Millis, Subject};
use sqlx::AnyConnection;

use super::super::operation::Operation;
use super::super::row::get;
use super::super::verdicts::VerdictId;
use super::super::{Store, StoreError, incidents};

/// Strikes count for so long.
const WITHIN: Duration = Duration::from_secs(24 * 60 * 60);
/// Who suspends after strikes.
const GATE: &str = "portcullis";

impl Store {
    /// Writes strikes down, and suspends agents that have `most` of them on this branch or tag within a day and since
    /// they were last suspended. Answers who is suspended now and was not before.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn strike(
        &self,
        subject: &Subject,
        verdict: &VerdictId,
        strikes: Vec<Strike>,
        most: u32,
        now: Millis,
    ) -> Result<Vec<String>, StoreError> {
        if strikes.is_empty() {
            return Ok(Vec::new());
        }
        let (subject, verdict) = (subject.clone(), verdict.clone());
        self.writer.run(Count { subject, verdict, strikes, most, now }).await
    }
}

struct Count {
    subject: Subject,
    verdict: VerdictId,
    strikes: Vec<Strike>,
    most: u32,
    now: Millis,
}

impl Operation for Count {
    type Output = Vec<String>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Vec<String>, StoreError> {
        let mut suspended = Vec::new();
        for strike in &self.strikes {
            sqlx::query(
                "INSERT INTO strikes (subject_key, id, agent, at) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (subject_key, id) DO NOTHING",
            )
            .bind(self.subject.key())
            .bind(strike.id.as_str())
            .bind(strike.agent.as_str())
            .bind(self.now.0)
            .execute(&mut *tx)
            .await?;
            if self.standing(tx, &strike.agent).await? < i64::from(self.most) {
                continue;
            }
            let suspension = Suspension { reason: strike.reason.clone(), by: GATE.to_owned(), at: self.now };
            if super::start(tx, &strike.agent, &suspension).await? {
                incidents::open(tx, &self.subject, &self.verdict, &strike.incident).await?;
                suspended.push(strike.agent.clone());
            }
        }
        Ok(suspended)
    }
}

impl Count {
    /// How many strikes of the agent stand on this branch or tag. Those before a suspension ended are paid for.
    async fn standing(&self, tx: &mut AnyConnection, agent: &str) -> Result<i64, StoreError> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS count FROM strikes WHERE subject_key = $1 AND agent = $2 AND at > $3 \
             AND NOT EXISTS (SELECT 1 FROM suspensions WHERE suspensions.agent = $2 \
             AND suspensions.ended_at >= strikes.at)",
        )
        .bind(self.subject.key())
        .bind(agent)
        .bind(self.now.0.saturating_sub(i64::try_from(WITHIN.as_millis()).unwrap_or(i64::MAX)))
        .fetch_one(tx)
        .await?;
        get(&row, "count")
    }
}
