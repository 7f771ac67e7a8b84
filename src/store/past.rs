//! What the gate decided and did before, for those that depend on it: deployments of what was merged or pushed.

use std::collections::BTreeSet;

use policy::act::RefName;
use policy::{RepoId, Sha, Subject};

use super::actions::{StoredAction, stored};
use super::row::{get, parsed, signed};
use super::{Store, StoreError};

/// More that went past the gate than this are not compared with what is deployed.
const MOST_PAST: usize = 20;
/// More answers about one deployment are not needed.
const MOST_DONE: i64 = 50;

/// Something that went past the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// The pull request that was merged; `None` for a push.
    pub pull: Option<u64>,
    /// The commit; `None` when the forge named none.
    pub commit: Option<Sha>,
}

impl Store {
    /// What went past the gate where the rules were enforced, about which no incident was closed and which was not taken
    /// back, newest first: merges, and pushes to these branches. `None` when there is more than 20 of either.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn past(
        &self,
        repo: RepoId,
        branches: &BTreeSet<String>,
    ) -> Result<Option<Vec<Past>>, StoreError> {
        let Some(mut past) = self.past_merges(repo).await? else { return Ok(None) };
        for branch in branches {
            let rows = sqlx::query(
                "SELECT v.head AS head FROM incident_parts p JOIN incidents i ON i.id = p.incident_id \
                 JOIN verdicts v ON v.id = p.verdict_id WHERE p.subject_key = $1 AND i.state <> 'closed' \
                 AND v.enforcement = 'active' AND NOT EXISTS (SELECT 1 FROM actions a \
                 WHERE a.verdict_id = v.id AND a.kind IN ('put_back', 'undo') AND a.state = 'done') \
                 ORDER BY p.at DESC LIMIT $2",
            )
            .bind(format!("ref/{repo}/refs/heads/{branch}"))
            .bind(signed(MOST_PAST as u64 + 1, "limit")?)
            .fetch_all(&self.readers)
            .await?;
            if rows.len() > MOST_PAST {
                return Ok(None);
            }
            for row in &rows {
                let head = parsed(&get::<String, _>(row, "head")?, "commit", Sha::parse)?;
                // A branch that was deleted has none, and nothing is deployed from it.
                past.extend((!head.is_zero()).then_some(Past { pull: None, commit: Some(head) }));
            }
        }
        Ok(Some(past))
    }

    async fn past_merges(&self, repo: RepoId) -> Result<Option<Vec<Past>>, StoreError> {
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
            Ok(Past { pull: Some(number), commit: Some(head).filter(|head| !head.is_zero()) })
        };
        rows.iter().map(read).collect::<Result<_, StoreError>>().map(Some)
    }

    /// Whether an incident about a subject was closed: somebody has looked into it and let it be.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn is_settled(&self, subject: &Subject) -> Result<bool, StoreError> {
        let row = sqlx::query(
            "SELECT 1 AS settled FROM incident_parts p JOIN incidents i ON i.id = p.incident_id \
             WHERE p.subject_key = $1 AND i.state = 'closed' LIMIT 1",
        )
        .bind(subject.key())
        .fetch_optional(&self.readers)
        .await?;
        Ok(row.is_some())
    }

    /// Whether a merge of the repository still waits to be looked at.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn merges_wait(&self, repo: RepoId) -> Result<bool, StoreError> {
        let row = sqlx::query(
            "SELECT 1 AS waits FROM work WHERE repo_id = $1 AND ended = 0 AND subject_key LIKE $2 LIMIT 1",
        )
        .bind(signed(repo.0, "repository id")?)
        .bind(format!("merge/{repo}/%"))
        .fetch_optional(&self.readers)
        .await?;
        Ok(row.is_some())
    }

    /// Whether the gate ever judged a move of this branch to the commit, and it passed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn push_passed(&self, repo: RepoId, name: &RefName, commit: &Sha) -> Result<bool, StoreError> {
        let row = sqlx::query(
            "SELECT 1 AS passed FROM verdicts WHERE subject_key = $1 AND head = $2 \
             AND conclusion = 'success' AND enforcement = 'active' LIMIT 1",
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
