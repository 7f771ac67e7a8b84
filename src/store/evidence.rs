//! What only a signed delivery tells of a subject, kept until a look has judged it, and after that as a record.
//!
//! A level can be read again, an edge cannot: who moved a branch is in the delivery alone. The store does not look
//! inside.

use policy::{Millis, Subject, UserId};
use sqlx::AnyConnection;

use super::row::{get, signed};
use super::rows::Insert;
use super::{Store, StoreError};

/// More than these are not read in one look; the next look goes on.
pub const MOST_EVIDENCE: usize = 1_000;

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The delivery that told it.
    pub id: String,
    /// What it tells, as JSON.
    pub body: String,
    /// When it came.
    pub at: Millis,
}

/// Evidence to keep.
#[derive(Debug)]
pub(super) struct Told<'a> {
    pub(super) subject: String,
    pub(super) id: &'a str,
    pub(super) body: &'a str,
    pub(super) actor: Option<UserId>,
    pub(super) at: Millis,
}

impl Store {
    /// What was told of the subject and no look has judged yet, oldest first. At most [`MOST_EVIDENCE`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn evidence(&self, subject: &Subject) -> Result<Vec<Evidence>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, body, at FROM evidence WHERE subject_key = $1 AND judged_at IS NULL \
             ORDER BY at, id LIMIT $2",
        )
        .bind(subject.key())
        .bind(MOST_EVIDENCE as i64)
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Evidence { id: get(row, "id")?, body: get(row, "body")?, at: Millis(get(row, "at")?) })
            })
            .collect()
    }
}

pub(super) async fn keep(tx: &mut AnyConnection, told: &[Told<'_>]) -> Result<(), StoreError> {
    let insert = Insert {
        table: "evidence",
        columns: &["subject_key", "id", "body", "actor_id", "at"],
        then: "ON CONFLICT (subject_key, id) DO NOTHING",
    };
    insert
        .all(tx, told, |query, told| {
            let actor = told.actor.map(|actor| signed(actor.0, "actor id")).transpose()?;
            Ok(query.bind(told.subject.as_str()).bind(told.id).bind(told.body).bind(actor).bind(told.at.0))
        })
        .await?;
    Ok(())
}

pub(super) async fn settle(
    tx: &mut AnyConnection,
    key: &str,
    judged: &[String],
    now: Millis,
) -> Result<(), StoreError> {
    for id in judged {
        sqlx::query(
            "UPDATE evidence SET judged_at = $3 WHERE subject_key = $1 AND id = $2 AND judged_at IS NULL",
        )
        .bind(key)
        .bind(id.as_str())
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}
