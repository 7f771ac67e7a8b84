//! What the gate decided and did before, for those that depend on it: deployments of what was merged or pushed.

use policy::act::RefName;
use policy::{RepoId, Sha, Subject};

use super::actions::{StoredAction, stored};
use super::row::{get, parsed, signed};
use super::{Store, StoreError};

/// More merges past the gate than these are not compared with what is deployed.
const MOST_PAST: usize = 20;
/// More answers about one deployment are not needed.
const MOST_DONE: i64 = 50;

/// A merge that went past the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastMerge {
    /// The pull request.
    pub number: u64,
    /// The commit that the forge called the merge; `None` when it named none.
    pub commit: Option<Sha>,
}

impl Store {
    /// The merges that went past the gate where the rules were enforced, and about which no incident was closed, newest
    /// first. `None` when there are more than 20.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn past_merges(&self, repo: RepoId) -> Result<Option<Vec<PastMerge>>, StoreError> {
        let prefix = format!("merge/{repo}/");
        let rows = sqlx::query(
            "SELECT subject_key, head FROM verdicts WHERE repo_id = $1 AND subject_key LIKE $2 \
             AND replaced_at IS NULL AND conclusion <> 'success' AND enforcement = 'active' \
             AND NOT EXISTS (SELECT 1 FROM incident_parts p JOIN incidents i ON i.id = p.incident_id \
             WHERE p.subject_key = verdicts.subject_key AND i.state = 'closed') \
             ORDER BY decided_at DESC LIMIT $3",
        )
        .bind(signed(repo.0, "repository id")?)
        .bind(format!("{prefix}%"))
        .bind(signed(MOST_PAST as u64 + 1, "limit")?)
        .fetch_all(&self.readers)
        .await?;
        if rows.len() > MOST_PAST {
            return Ok(None);
        }
        let read = |row| {
            let number = |key: &str| key.strip_prefix(&prefix)?.parse().ok();
            let head = parsed(&get::<String, _>(row, "head")?, "commit", Sha::parse)?;
            let number = parsed(&get::<String, _>(row, "subject_key")?, "pull request", number)?;
            Ok(PastMerge { number, commit: Some(head).filter(|head| !head.is_zero()) })
        };
        rows.iter().map(read).collect::<Result<_, StoreError>>().map(Some)
    }

    /// Whether the gate ever judged a move of this branch to the commit, and it passed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn push_passed(&self, repo: RepoId, name: &RefName, commit: &Sha) -> Result<bool, StoreError> {
        let row = sqlx::query(
            "SELECT 1 AS passed FROM verdicts WHERE subject_key = $1 AND head = $2 \
             AND conclusion = 'success' LIMIT 1",
        )
        .bind(format!("ref/{repo}/{}", name.as_str()))
        .bind(commit.as_str())
        .fetch_optional(&self.readers)
        .await?;
        Ok(row.is_some())
    }

    /// Actions of this kind that took effect for a subject, newest first. At most 50.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn all_done(&self, subject: &Subject, kind: &str) -> Result<Vec<StoredAction>, StoreError> {
        let rows = sqlx::query(
            "SELECT kind, once_key, body, state, outcome, at FROM actions \
             WHERE subject_key = $1 AND kind = $2 AND state = 'done' ORDER BY at DESC, verdict_id LIMIT $3",
        )
        .bind(subject.key())
        .bind(kind)
        .bind(MOST_DONE)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(stored).collect()
    }
}
