//! What a verdict asks of the forge, and what came of it.

use policy::{Millis, Subject};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::operation::Operation;
use super::row::{get, parsed};
use super::verdicts::VerdictId;
use super::{Store, StoreError};

/// One intended effect on the forge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionRecord {
    /// What kind of effect.
    pub kind: String,
    /// The same for two actions that must not both take effect.
    pub once_key: String,
    /// The action as JSON.
    pub body: String,
}

/// Which action: the verdict it belongs to and its place in there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ActionId {
    pub(super) verdict: VerdictId,
    pub(super) ordinal: i64,
}

/// What came of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionOutcome {
    /// The forge shows it.
    Done {
        /// What the forge answered, as JSON or plain text.
        note: String,
    },
    /// The forge does not show it.
    Failed {
        /// Why not.
        error: String,
    },
    /// The forge understood and will not: trying the same again changes nothing.
    Refused {
        /// Its words.
        error: String,
    },
}

/// How far an action has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionState {
    /// Intended; it may or may not have reached the forge.
    Pending,
    /// The forge shows it.
    Done,
    /// The forge does not show it.
    Failed,
    /// The forge does not show it and never will.
    Refused,
    /// A later look intended something else before the outcome was known.
    Superseded,
}

impl ActionState {
    /// The word that the database holds.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Superseded => "superseded",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Done, Self::Failed, Self::Refused, Self::Superseded]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// An action as it stands in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAction {
    /// What was intended.
    pub record: ActionRecord,
    /// How far it has come.
    pub state: ActionState,
    /// What came of it.
    pub outcome: Option<String>,
    /// When that was written.
    pub at: Millis,
}

impl Store {
    /// Records one outcome at once, when losing it before [`Store::record`] would matter.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn settle(&self, id: &ActionId, outcome: ActionOutcome, now: Millis) -> Result<(), StoreError> {
        self.writer.run(Settle { id: id.clone(), outcome, now }).await
    }

    /// The actions of a verdict in order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn actions(&self, verdict: &VerdictId) -> Result<Vec<StoredAction>, StoreError> {
        let rows = sqlx::query(
            "SELECT kind, once_key, body, state, outcome, at FROM actions \
             WHERE verdict_id = $1 ORDER BY ordinal LIMIT 1000",
        )
        .bind(verdict.as_str())
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(stored).collect()
    }
}

impl Store {
    /// What the forge refused to do about a subject, newest first. At most 20.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn refused(&self, subject: &Subject) -> Result<Vec<StoredAction>, StoreError> {
        let rows = sqlx::query(
            "SELECT kind, once_key, body, state, outcome, at FROM actions \
             WHERE subject_key = $1 AND state = 'refused' ORDER BY at DESC LIMIT 20",
        )
        .bind(subject.key())
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(stored).collect()
    }
}

impl Store {
    /// When an action of a subject was last done, if it ever was.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn done_at(&self, subject: &Subject, once_key: &str) -> Result<Option<Millis>, StoreError> {
        let row = sqlx::query(
            "SELECT MAX(at) AS at FROM actions WHERE subject_key = $1 AND once_key = $2 AND state = 'done'",
        )
        .bind(subject.key())
        .bind(once_key)
        .fetch_one(&self.readers)
        .await?;
        Ok(get::<Option<i64>, _>(&row, "at")?.map(Millis))
    }
}

pub(super) fn stored(row: &AnyRow) -> Result<StoredAction, StoreError> {
    Ok(StoredAction {
        record: ActionRecord {
            kind: get(row, "kind")?,
            once_key: get(row, "once_key")?,
            body: get(row, "body")?,
        },
        state: parsed(&get::<String, _>(row, "state")?, "action", ActionState::parse)?,
        outcome: get(row, "outcome")?,
        at: Millis(get(row, "at")?),
    })
}

struct Settle {
    id: ActionId,
    outcome: ActionOutcome,
    now: Millis,
}

impl Operation for Settle {
    type Output = ();

    async fn run(&self, tx: &mut AnyConnection) -> Result<(), StoreError> {
        settle(tx, &self.id, &self.outcome, self.now).await
    }
}

pub(super) async fn settle(
    tx: &mut AnyConnection,
    id: &ActionId,
    outcome: &ActionOutcome,
    now: Millis,
) -> Result<(), StoreError> {
    let (state, text) = match outcome {
        ActionOutcome::Done { note } => (ActionState::Done, note),
        ActionOutcome::Failed { error } => (ActionState::Failed, error),
        ActionOutcome::Refused { error } => (ActionState::Refused, error),
    };
    sqlx::query(
        "UPDATE actions SET state = $3, outcome = $4, at = $5 WHERE verdict_id = $1 AND ordinal = $2",
    )
    .bind(id.verdict.as_str())
    .bind(id.ordinal)
    .bind(state.as_str())
    .bind(text.as_str())
    .bind(now.0)
    .execute(tx)
    .await?;
    Ok(())
}

/// Actions of earlier looks whose outcome nobody recorded: the new look saw the forge as they left it.
pub(super) async fn supersede(tx: &mut AnyConnection, key: &str, now: Millis) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE actions SET state = 'superseded', at = $2 WHERE subject_key = $1 AND state = 'pending'",
    )
    .bind(key)
    .bind(now.0)
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn append(
    tx: &mut AnyConnection,
    verdict: &VerdictId,
    subject: &Subject,
    records: &[ActionRecord],
    now: Millis,
) -> Result<Vec<ActionId>, StoreError> {
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let row = sqlx::query("SELECT COUNT(*) AS count FROM actions WHERE verdict_id = $1")
        .bind(verdict.as_str())
        .fetch_one(&mut *tx)
        .await?;
    let first: i64 = get(&row, "count")?;
    let mut ids = Vec::with_capacity(records.len());
    for (ordinal, record) in (first..).zip(records) {
        sqlx::query(
            "INSERT INTO actions (verdict_id, ordinal, subject_key, kind, once_key, body, state, at) \
             VALUES ($1, $2, $3, $4, $5, $6, 'pending', $7)",
        )
        .bind(verdict.as_str())
        .bind(ordinal)
        .bind(subject.key())
        .bind(record.kind.as_str())
        .bind(record.once_key.as_str())
        .bind(record.body.as_str())
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        ids.push(ActionId { verdict: verdict.clone(), ordinal });
    }
    Ok(ids)
}
