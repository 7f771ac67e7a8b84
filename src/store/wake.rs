//! Reasons to look again that are no delivery: another subject's finding, or rules that changed.

use policy::{Floor, Millis, RepoId, Subject};
use sqlx::AnyConnection;

use super::operation::Operation;
use super::row::signed;
use super::work::{self, Ask, NOTHING_NEW, STAND_BACK};
use super::{Store, StoreError};

impl Store {
    /// Asks for one more look at a subject.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn wake(&self, subject: &Subject, now: Millis) -> Result<(), StoreError> {
        self.writer.run(Wake { subject: subject.clone(), now }).await
    }

    /// Asks for one more look at every subject that is not over, and says how many those are: the rules changed.
    /// Deliveries of the next minute go before these. What is over stays over: only a delivery, new or repeated, wakes it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn wake_all(&self, now: Millis) -> Result<u64, StoreError> {
        self.writer.run(WakeAll { now }).await
    }
}

impl Store {
    /// Asks for one more look at every subject that is not over and whose standing verdict rests on other rules, or that
    /// is being looked at now, by whichever rules, and says how many those are. Otherwise as [`Store::wake_all`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn wake_judged_otherwise(&self, rules: &str, now: Millis) -> Result<u64, StoreError> {
        self.writer.run(WakeJudgedOtherwise { rules: rules.to_owned(), now }).await
    }

    /// Asks for one more look at every subject of a repository that is not over, and says how many those are.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn wake_repository(&self, repo: RepoId, now: Millis) -> Result<u64, StoreError> {
        self.writer.run(WakeRepository { repo, of: "", now }).await
    }
}

impl Store {
    /// Asks for one more look at every pull request of a repository that is not over, and says how many those are.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn wake_pulls(&self, repo: RepoId, now: Millis) -> Result<u64, StoreError> {
        self.writer.run(WakeRepository { repo, of: "AND subject_key LIKE 'pull/%'", now }).await
    }
}

struct Wake {
    subject: Subject,
    now: Millis,
}

impl Operation for Wake {
    type Output = ();

    async fn run(&self, tx: &mut AnyConnection) -> Result<(), StoreError> {
        let ask = Ask {
            subject: self.subject.clone(),
            heard_at: NOTHING_NEW,
            floor: Floor::default(),
            looks: 1,
            now: self.now,
        };
        work::raise(tx, &[(self.subject.key(), ask)]).await.map(|_| ())
    }
}

struct WakeAll {
    now: Millis,
}

impl Operation for WakeAll {
    type Output = u64;

    async fn run(&self, tx: &mut AnyConnection) -> Result<u64, StoreError> {
        let done = sqlx::query(WAKE).bind(self.now.0).bind(stand_back(self.now).0);
        let done = done.execute(tx).await?;
        Ok(done.rows_affected())
    }
}

/// Of what is not over.
const WAKE: &str = "UPDATE work SET generation = generation + 1, due_at = CASE WHEN lease_token IS NULL \
     AND (due_at IS NULL OR due_at > $1) THEN $1 ELSE due_at END, \
     turn_at = CASE WHEN lease_token IS NULL AND (turn_at IS NULL OR turn_at > $2) THEN $2 \
     ELSE turn_at END WHERE ended = 0";

/// The same, of those for which a condition holds; its own places begin with `$3`.
pub(super) fn wake_where(condition: &str) -> String {
    format!("{WAKE} AND {condition}")
}

/// When it is the turn of what is woken without a delivery.
pub(super) fn stand_back(now: Millis) -> Millis {
    work::later(now, STAND_BACK)
}

struct WakeJudgedOtherwise {
    rules: String,
    now: Millis,
}

impl Operation for WakeJudgedOtherwise {
    type Output = u64;

    async fn run(&self, tx: &mut AnyConnection) -> Result<u64, StoreError> {
        let sql = format!(
            "{WAKE} AND (lease_token IS NOT NULL OR NOT EXISTS (SELECT 1 FROM verdicts \
             WHERE verdicts.subject_key = work.subject_key \
             AND verdicts.replaced_at IS NULL AND verdicts.rules_digest = $3))"
        );
        let done = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(self.now.0)
            .bind(stand_back(self.now).0)
            .bind(self.rules.as_str())
            .execute(tx)
            .await?;
        Ok(done.rows_affected())
    }
}

struct WakeRepository {
    repo: RepoId,
    /// Which of its subjects: a condition of ours, never of the outside.
    of: &'static str,
    now: Millis,
}

impl Operation for WakeRepository {
    type Output = u64;

    async fn run(&self, tx: &mut AnyConnection) -> Result<u64, StoreError> {
        let sql = wake_where(&format!("repo_id = $3 {}", self.of));
        let done = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(self.now.0)
            .bind(stand_back(self.now).0)
            .bind(signed(self.repo.0, "repository id")?)
            .execute(tx)
            .await?;
        Ok(done.rows_affected())
    }
}
