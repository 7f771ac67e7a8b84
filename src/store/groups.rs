//! What the store knows of merge groups and merges: which groups are open, what stood for a head, what went past the gate.
//!
//! Keys begin with the kind of subject and the repository, so each question is a look along the work of one repository or
//! the verdicts of one commit.

use policy::{Floor, RepoId, Sha, Subject};

use super::row::{from_json, get, signed};
use super::{Store, StoreError, StoredVerdict};

/// A repository rarely has more than a handful of groups at once.
const MOST_GROUPS: i64 = 200;

impl Store {
    /// The merge groups of a repository that are not over. At most 200.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn open_groups(&self, repo: RepoId) -> Result<Vec<Subject>, StoreError> {
        let rows = sqlx::query(
            "SELECT subject FROM work WHERE repo_id = $1 AND subject_key LIKE $2 AND ended = 0 \
             ORDER BY subject_key LIMIT $3",
        )
        .bind(signed(repo.0, "repository id")?)
        .bind(format!("group/{repo}/%"))
        .bind(MOST_GROUPS)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(|row| from_json(&get::<String, _>(row, "subject")?, "subject")).collect()
    }

    /// The least that a look at the subject must have seen, as deliveries told.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn floor(&self, subject: &Subject) -> Result<Floor, StoreError> {
        let row = sqlx::query(
            "SELECT floor_at, floor_head, floor_review, floor_review_state FROM work WHERE subject_key = $1",
        )
        .bind(subject.key())
        .fetch_optional(&self.readers)
        .await?;
        let Some(row) = row else { return Ok(Floor::default()) };
        super::work::read_floor(&row)
    }

    /// The verdict that stood for a head of the subject last, with when it was given.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn stood(&self, subject: &Subject, head: &Sha) -> Result<Option<StoredVerdict>, StoreError> {
        Ok(self.latest_verdict(subject).await?.filter(|stored| stored.record.head == *head))
    }

    /// Whether this commit came into its branch by a merge that went past the gate, as far as the audit of merges found
    /// where the rules were enforced. What depends on a commit that passed, such as its deployment, asks this.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn merged_past(&self, repo: RepoId, commit: &Sha) -> Result<bool, StoreError> {
        let row = sqlx::query(
            "SELECT 1 AS past FROM verdicts WHERE repo_id = $1 AND head = $2 AND subject_key LIKE $3 \
             AND replaced_at IS NULL AND conclusion <> 'success' AND enforcement = 'active' LIMIT 1",
        )
        .bind(signed(repo.0, "repository id")?)
        .bind(commit.as_str())
        .bind(format!("merge/{repo}/%"))
        .fetch_optional(&self.readers)
        .await?;
        Ok(row.is_some())
    }

    /// What came of an action of this kind that took effect for the subject, if one did.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn done(&self, subject: &Subject, kind: &str) -> Result<Option<String>, StoreError> {
        let row = sqlx::query(
            "SELECT outcome FROM actions WHERE subject_key = $1 AND kind = $2 AND state = 'done' LIMIT 1",
        )
        .bind(subject.key())
        .bind(kind)
        .fetch_optional(&self.readers)
        .await?;
        row.map_or(Ok(None), |row| get(&row, "outcome"))
    }
}
