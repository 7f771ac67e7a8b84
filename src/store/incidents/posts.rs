//! The outbox: incidents on their way to somebody outside, once for each target.
//!
//! A post is claimed for a while and then settled. Whoever crashes between both is followed by another try of the same
//! post, which its receiver knows by the incident's id.

use std::time::Duration;

use policy::Millis;
use sqlx::AnyConnection;

use super::super::operation::Operation;
use super::super::row::{get, parsed, unsigned};
use super::super::{Store, StoreError};
use crate::lease::Errand;

/// A post that nobody has settled for so long is tried again.
const UNDER_WAY: Duration = Duration::from_secs(60);
/// So many are put into the outbox at a time.
const AT_ONCE: i64 = 100;
/// After so many tries the post is given up: more than two days.
const MOST_ATTEMPTS: i64 = 24;
/// What is kept of an outcome.
const OUTCOME_CHARS: usize = 500;

/// How far a post has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostState {
    /// It is to be posted.
    Due,
    /// It was.
    Posted,
    /// It could not be, for days.
    GivenUp,
}

impl PostState {
    /// The word that the database holds.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Posted => "posted",
            Self::GivenUp => "given_up",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Due, Self::Posted, Self::GivenUp].into_iter().find(|state| state.as_str() == text)
    }
}

/// A post as it stands in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPost {
    /// To whom: `issues` or `webhook`.
    pub target: String,
    /// How far it has come.
    pub state: PostState,
    /// How often it was tried.
    pub attempts: u64,
    /// What came of the last try: the address, or what went wrong.
    pub outcome: Option<String>,
    /// When it was posted.
    pub posted_at: Option<Millis>,
}

impl Store {
    /// Puts incidents that are not closed and that this target was never to be told of into its outbox.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn fill_outbox(&self, target: &'static str, now: Millis) -> Result<u64, StoreError> {
        self.writer.run(Fill { target, now }).await
    }

    /// Claims the post that is due longest, for a minute.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn claim_post(&self, target: &'static str, now: Millis) -> Result<Option<Errand>, StoreError> {
        self.writer.run(Claim { target, now }).await
    }

    /// The post came through.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn posted(&self, errand: &Errand, outcome: &str, now: Millis) -> Result<(), StoreError> {
        self.writer.run(Settle::of(errand, outcome, None, now)).await
    }

    /// The post did not come through, and is tried again at `again`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn not_posted(
        &self,
        errand: &Errand,
        outcome: &str,
        again: Millis,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.writer.run(Settle::of(errand, outcome, Some(again), now)).await
    }

    /// When the next post is due.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn next_post(&self) -> Result<Option<Millis>, StoreError> {
        let row = sqlx::query("SELECT MIN(due_at) AS due FROM incident_posts WHERE state = 'due'")
            .fetch_one(&self.readers)
            .await?;
        Ok(get::<Option<i64>, _>(&row, "due")?.map(Millis))
    }

    /// Whom an incident was told to.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn posts(&self, incident: &str) -> Result<Vec<StoredPost>, StoreError> {
        let rows = sqlx::query(
            "SELECT target, state, attempts, outcome, posted_at FROM incident_posts WHERE incident_id = $1 \
             ORDER BY target",
        )
        .bind(incident)
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(StoredPost {
                    target: get(row, "target")?,
                    state: parsed(&get::<String, _>(row, "state")?, "post", PostState::parse)?,
                    attempts: unsigned(get(row, "attempts")?, "attempts")?,
                    outcome: get(row, "outcome")?,
                    posted_at: get::<Option<i64>, _>(row, "posted_at")?.map(Millis),
                })
            })
            .collect()
    }
}

struct Fill {
    target: &'static str,
    now: Millis,
}

impl Operation for Fill {
    type Output = u64;

    async fn run(&self, tx: &mut AnyConnection) -> Result<u64, StoreError> {
        let missing = sqlx::query(
            "SELECT id FROM incidents WHERE state <> 'closed' AND NOT EXISTS (SELECT 1 FROM incident_posts \
             WHERE incident_posts.incident_id = incidents.id AND incident_posts.target = $1) \
             ORDER BY opened_at, id LIMIT $2",
        )
        .bind(self.target)
        .bind(AT_ONCE)
        .fetch_all(&mut *tx)
        .await?;
        let mut filled = 0;
        for row in &missing {
            let done = sqlx::query(
                "INSERT INTO incident_posts (incident_id, target, state, attempts, due_at) \
                 VALUES ($1, $2, 'due', 0, $3) ON CONFLICT (incident_id, target) DO NOTHING",
            )
            .bind(get::<String, _>(row, "id")?)
            .bind(self.target)
            .bind(self.now.0)
            .execute(&mut *tx)
            .await?;
            filled += done.rows_affected();
        }
        Ok(filled)
    }
}

struct Claim {
    target: &'static str,
    now: Millis,
}

impl Operation for Claim {
    type Output = Option<Errand>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Option<Errand>, StoreError> {
        let row = sqlx::query(
            "UPDATE incident_posts SET attempts = attempts + 1, due_at = $3 \
             WHERE target = $1 AND state = 'due' AND due_at <= $2 AND incident_id = (SELECT incident_id \
             FROM incident_posts WHERE target = $1 AND state = 'due' AND due_at <= $2 \
             ORDER BY due_at, incident_id LIMIT 1) RETURNING incident_id, attempts",
        )
        .bind(self.target)
        .bind(self.now.0)
        .bind(self.now.0.saturating_add(i64::try_from(UNDER_WAY.as_millis()).unwrap_or(i64::MAX)))
        .fetch_optional(tx)
        .await?;
        row.map(|row| {
            let attempts = unsigned(get(&row, "attempts")?, "attempts")?;
            Ok(Errand::grant_to_post(get(&row, "incident_id")?, self.target, attempts))
        })
        .transpose()
    }
}

struct Settle {
    incident: String,
    target: &'static str,
    attempts: u64,
    outcome: String,
    /// `None` when it came through.
    again: Option<Millis>,
    now: Millis,
}

impl Settle {
    fn of(errand: &Errand, outcome: &str, again: Option<Millis>, now: Millis) -> Self {
        Self {
            incident: errand.incident().to_owned(),
            target: errand.target(),
            attempts: errand.attempts(),
            outcome: outcome.chars().filter(|c| *c != '\0').take(OUTCOME_CHARS).collect(),
            again,
            now,
        }
    }
}

impl Operation for Settle {
    type Output = ();

    async fn run(&self, tx: &mut AnyConnection) -> Result<(), StoreError> {
        let attempts = i64::try_from(self.attempts).unwrap_or(i64::MAX);
        let (state, due_at, posted_at) = match self.again {
            None => (PostState::Posted, self.now, Some(self.now)),
            Some(again) if attempts < MOST_ATTEMPTS => (PostState::Due, again, None),
            Some(again) => (PostState::GivenUp, again, None),
        };
        // A try that somebody else has taken over does not undo what that one settled.
        sqlx::query(
            "UPDATE incident_posts SET state = $4, due_at = $5, posted_at = $6, outcome = $7 \
             WHERE incident_id = $1 AND target = $2 AND state = 'due' AND (attempts = $3 OR $4 = 'posted')",
        )
        .bind(self.incident.as_str())
        .bind(self.target)
        .bind(attempts)
        .bind(state.as_str())
        .bind(due_at.0)
        .bind(posted_at.map(|at| at.0))
        .bind(self.outcome.as_str())
        .execute(tx)
        .await?;
        Ok(())
    }
}
