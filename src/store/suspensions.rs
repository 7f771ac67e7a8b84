//! Agents that may do nothing for now: who says so, since when and why, and when it ended.
//!
//! Written down by a person or after strikes, read by every replica: who is in force is part of the law.

mod steps;
mod strikes;

use policy::Millis;
use policy::rules::{Suspended, Suspension};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::operation::Operation;
use super::row::get;
use super::{Store, StoreError};

pub use steps::{Receipt, Step};

/// More are not read; rules register far fewer agents.
const MOST: i64 = 10_000;
/// What is kept of a reason and a name.
const TEXT_CHARS: usize = 1_000;

/// A suspension as it stands in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSuspension {
    /// The agent and how manieth suspension of it this is.
    pub id: String,
    /// The agent's name in the rules.
    pub agent: String,
    /// Why, by whom and since when.
    pub suspension: Suspension,
    /// When it ended and who ended it; `None` while it is in force.
    pub ended: Option<(Millis, String)>,
}

impl Store {
    /// Who may do nothing now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn suspended(&self) -> Result<Suspended, StoreError> {
        let rows = sqlx::query(
            "SELECT agent, reason, by_whom, at FROM suspensions WHERE ended_at IS NULL ORDER BY agent LIMIT $1",
        )
        .bind(MOST)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(|row| Ok((get(row, "agent")?, suspension(row)?))).collect()
    }

    /// Every suspension, of one agent or of all, newest first. At most 1,000.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn suspensions(&self, agent: Option<&str>) -> Result<Vec<StoredSuspension>, StoreError> {
        let of_agent = if agent.is_some() { "WHERE agent = $1" } else { "" };
        let sql = format!(
            "SELECT id, agent, reason, by_whom, at, ended_at, ended_by FROM suspensions {of_agent} \
             ORDER BY at DESC, id DESC LIMIT 1000"
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
        if let Some(agent) = agent {
            query = query.bind(agent);
        }
        query.fetch_all(&self.readers).await?.iter().map(read).collect()
    }

    /// Suspends an agent. `false` when it is suspended already: that stands as it is.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn suspend(&self, agent: &str, suspension: &Suspension) -> Result<bool, StoreError> {
        self.writer.run(Suspend { agent: agent.to_owned(), suspension: suspension.clone() }).await
    }

    /// Ends an agent's suspension. `false` when none is in force.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn resume(&self, agent: &str, by: &str, now: Millis) -> Result<bool, StoreError> {
        self.writer.run(Resume { agent: agent.to_owned(), by: by.to_owned(), now }).await
    }
}

fn suspension(row: &AnyRow) -> Result<Suspension, StoreError> {
    Ok(Suspension { reason: get(row, "reason")?, by: get(row, "by_whom")?, at: Millis(get(row, "at")?) })
}

fn read(row: &AnyRow) -> Result<StoredSuspension, StoreError> {
    let ended_at = get::<Option<i64>, _>(row, "ended_at")?.map(Millis);
    let ended_by = get::<Option<String>, _>(row, "ended_by")?.unwrap_or_default();
    Ok(StoredSuspension {
        id: get(row, "id")?,
        agent: get(row, "agent")?,
        suspension: suspension(row)?,
        ended: ended_at.map(|at| (at, ended_by)),
    })
}

struct Suspend {
    agent: String,
    suspension: Suspension,
}

impl Operation for Suspend {
    type Output = bool;

    async fn run(&self, tx: &mut AnyConnection) -> Result<bool, StoreError> {
        start(tx, &self.agent, &self.suspension).await
    }
}

/// `false` when one is in force already.
async fn start(tx: &mut AnyConnection, agent: &str, suspension: &Suspension) -> Result<bool, StoreError> {
    let row = sqlx::query("SELECT COUNT(*) AS count FROM suspensions WHERE agent = $1")
        .bind(agent)
        .fetch_one(&mut *tx)
        .await?;
    let before: i64 = get(&row, "count")?;
    let done = sqlx::query(
        "INSERT INTO suspensions (id, agent, reason, by_whom, at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT DO NOTHING",
    )
    .bind(format!("{agent}@{}", before.saturating_add(1)))
    .bind(agent)
    .bind(cut(&suspension.reason))
    .bind(cut(&suspension.by))
    .bind(suspension.at.0)
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

fn cut(text: &str) -> String {
    text.chars().filter(|c| *c != '\0').take(TEXT_CHARS).collect()
}

struct Resume {
    agent: String,
    by: String,
    now: Millis,
}

impl Operation for Resume {
    type Output = bool;

    async fn run(&self, tx: &mut AnyConnection) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE suspensions SET ended_at = $3, ended_by = $2 WHERE agent = $1 AND ended_at IS NULL",
        )
        .bind(self.agent.as_str())
        .bind(cut(&self.by))
        .bind(self.now.0)
        .execute(tx)
        .await?;
        Ok(done.rows_affected() == 1)
    }
}
