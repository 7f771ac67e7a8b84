//! What guards a repository or an installation, as it was seen last. The store does not look inside.

use policy::{Millis, Subject};
use sqlx::AnyConnection;

use super::operation::Operation;
use super::row::{get, signed, unsigned};
use super::work::Hold;
use super::{Store, StoreError};
use crate::lease::Lease;

/// What a look kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptGuards {
    /// How many looks had found a change, that one included.
    pub turn: u64,
    /// What it saw, as JSON.
    pub body: String,
}

impl Store {
    /// What the last look that found a change kept.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn guards(&self, subject: &Subject) -> Result<Option<KeptGuards>, StoreError> {
        let row = sqlx::query("SELECT turn, body FROM guards WHERE subject_key = $1")
            .bind(subject.key())
            .fetch_optional(&self.readers)
            .await?;
        let read =
            |row| Ok(KeptGuards { turn: unsigned(get(&row, "turn")?, "turn")?, body: get(&row, "body")? });
        row.map(read).transpose()
    }

    /// Keeps what a look saw, in place of what an earlier one did.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when the subject is no longer held: somebody else compares.
    pub async fn keep_guards(&self, lease: &Lease, kept: KeptGuards, now: Millis) -> Result<(), StoreError> {
        if self.writer.run(Keep { hold: Hold::of(lease), kept, now }).await? {
            Ok(())
        } else {
            Err(StoreError::LeaseLost)
        }
    }
}

struct Keep {
    hold: Hold,
    kept: KeptGuards,
    now: Millis,
}

impl Operation for Keep {
    /// Whether the lease still held.
    type Output = bool;

    async fn run(&self, tx: &mut AnyConnection) -> Result<bool, StoreError> {
        // Taking the row's lock on PostgreSQL as well.
        let held = sqlx::query("UPDATE work SET due_at = due_at WHERE subject_key = $1 AND lease_token = $2")
            .bind(self.hold.key.as_str())
            .bind(self.hold.token.as_str())
            .execute(&mut *tx)
            .await?;
        if held.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query(
            "INSERT INTO guards (subject_key, turn, body, at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (subject_key) DO UPDATE SET turn = excluded.turn, body = excluded.body, at = excluded.at",
        )
        .bind(self.hold.key.as_str())
        .bind(signed(self.kept.turn, "turn")?)
        .bind(self.kept.body.as_str())
        .bind(self.now.0)
        .execute(tx)
        .await?;
        Ok(true)
    }

    fn weight(&self) -> usize {
        self.kept.body.len()
    }
}
