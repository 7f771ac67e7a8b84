//! What is known of pull requests beside what deliveries just told: for finding those of which none told.

use std::collections::BTreeMap;

use policy::{Floor, Millis, RepoId, Subject};
use sqlx::AnyConnection;

use super::operation::Operation;
use super::row::{from_json, get, signed};
use super::work::{self, Ask, NOTHING_NEW};
use super::{Store, StoreError};

/// How many subjects are asked for at once.
const AT_ONCE: usize = 200;

/// What is known of a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// What it was last told to be.
    pub floor: Floor,
    /// Whether only a delivery can bring news of it.
    pub over: bool,
}

impl Store {
    /// What is known of these subjects, by their keys; those that nobody ever told of are not there.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn heard(&self, subjects: &[Subject]) -> Result<BTreeMap<String, Heard>, StoreError> {
        let mut heard = BTreeMap::new();
        for group in subjects.chunks(AT_ONCE) {
            let places: Vec<String> = (1..=group.len()).map(|n| format!("${n}")).collect();
            let sql = format!(
                "SELECT subject_key, floor_at, floor_head, floor_review, floor_review_state, ended FROM work \
                 WHERE subject_key IN ({})",
                places.join(", ")
            );
            let query = sqlx::query(sqlx::AssertSqlSafe(sql));
            let query = group.iter().fold(query, |query, subject| query.bind(subject.key()));
            for row in query.fetch_all(&self.readers).await? {
                let over = get::<i64, _>(&row, "ended")? == 1;
                heard.insert(get(&row, "subject_key")?, Heard { floor: work::read_floor(&row)?, over });
            }
        }
        Ok(heard)
    }

    /// Asks for a look at how a subject stands now, which must not be older than `floor`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn hear(&self, subject: &Subject, floor: Floor, now: Millis) -> Result<(), StoreError> {
        self.writer.run(Hear { subject: subject.clone(), floor, now }).await
    }

    /// The pull request of the repository that is not over and comes after `after` in the order of keys, from the first
    /// again when none does.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn next_open_pull(
        &self,
        repo: RepoId,
        after: Option<&str>,
    ) -> Result<Option<Subject>, StoreError> {
        for after in [after.unwrap_or_default(), ""] {
            let row = sqlx::query(
                "SELECT subject FROM work WHERE repo_id = $1 AND ended = 0 AND subject_key LIKE 'pull/%' \
                 AND subject_key > $2 ORDER BY subject_key LIMIT 1",
            )
            .bind(signed(repo.0, "repository id")?)
            .bind(after)
            .fetch_optional(&self.readers)
            .await?;
            if let Some(row) = row {
                return from_json(&get::<String, _>(&row, "subject")?, "subject").map(Some);
            }
        }
        Ok(None)
    }
}

struct Hear {
    subject: Subject,
    floor: Floor,
    now: Millis,
}

impl Operation for Hear {
    type Output = ();

    async fn run(&self, tx: &mut AnyConnection) -> Result<(), StoreError> {
        let ask = Ask {
            subject: self.subject.clone(),
            heard_at: NOTHING_NEW,
            floor: self.floor.clone(),
            looks: 1,
            now: self.now,
        };
        work::raise(tx, &[(self.subject.key(), ask)]).await.map(|_| ())
    }
}
