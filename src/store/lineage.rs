//! What later looks must know of earlier ones: since when a head is there, and where a commit was seen first.

use policy::facts::Descent;
use policy::{Millis, RepoId, Sha, Subject};
use sqlx::AnyConnection;

use super::row::{get, parsed, signed, unsigned};
use super::rows::Insert;
use super::{Store, StoreError};

/// The commits of one pull request that are remembered; GitHub's REST lists end earlier.
const MOST: usize = 1_000;
/// How many commits are asked for at once.
const AT_ONCE: usize = 200;

/// The commits of a pull request, and whose they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Each with the agent whose it is; `None` when it is a person's. At most 1,000 are kept.
    pub commits: Vec<(Sha, Option<String>)>,
}

impl Store {
    /// Since when the subject has had this head without interruption, as looks saw it; `None` when none did.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn head_since(&self, subject: &Subject, head: &Sha) -> Result<Option<Millis>, StoreError> {
        let row = sqlx::query("SELECT since FROM heads WHERE subject_key = $1 AND head = $2")
            .bind(subject.key())
            .bind(head.as_str())
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| Ok(Millis(get(&row, "since")?))).transpose()
    }

    /// Which of these commits were first seen in another pull request, as an agent's.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn lineage(
        &self,
        repo_id: RepoId,
        number: u64,
        commits: &[&Sha],
    ) -> Result<Vec<Descent>, StoreError> {
        let mut found = Vec::new();
        for group in commits.chunks(AT_ONCE) {
            let places: Vec<String> = (3..group.len().saturating_add(3)).map(|n| format!("${n}")).collect();
            let sql = format!(
                "SELECT sha, agent, number FROM lineage WHERE repo_id = $1 AND number <> $2 \
                 AND agent IS NOT NULL AND sha IN ({}) ORDER BY number, sha",
                places.join(", ")
            );
            let query = sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(signed(repo_id.0, "repository id")?)
                .bind(signed(number, "number")?);
            let query = group.iter().fold(query, |query, sha| query.bind(sha.as_str().to_owned()));
            for row in query.fetch_all(&self.readers).await? {
                found.push(Descent {
                    oid: parsed(&get::<String, _>(&row, "sha")?, "commit", Sha::parse)?,
                    agent: get(&row, "agent")?,
                    number: unsigned(get(&row, "number")?, "number")?,
                });
            }
        }
        Ok(found)
    }
}

/// Notes the head that was judged, and since when it is the head.
pub(super) async fn note_head(
    tx: &mut AnyConnection,
    key: &str,
    head: &Sha,
    now: Millis,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO heads (subject_key, head, since) VALUES ($1, $2, $3) \
         ON CONFLICT (subject_key) DO UPDATE SET head = excluded.head, \
         since = CASE WHEN heads.head = excluded.head THEN heads.since ELSE excluded.since END",
    )
    .bind(key)
    .bind(head.as_str())
    .bind(now.0)
    .execute(tx)
    .await?;
    Ok(())
}

/// Forgets since when the head is there: while a pull request is closed nobody looks at it.
pub(super) async fn forget_head(tx: &mut AnyConnection, key: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM heads WHERE subject_key = $1").bind(key).execute(tx).await?;
    Ok(())
}

/// Notes commits that are seen for the first time; of the others somebody else is known.
pub(super) async fn note(
    tx: &mut AnyConnection,
    (repo_id, number): (RepoId, u64),
    seen: &Seen,
    now: Millis,
) -> Result<(), StoreError> {
    let insert = Insert {
        table: "lineage",
        columns: &["repo_id", "sha", "number", "agent", "at"],
        then: "ON CONFLICT (repo_id, sha) DO NOTHING",
    };
    let (repo, number) = (signed(repo_id.0, "repository id")?, signed(number, "number")?);
    let mut commits: Vec<&(Sha, Option<String>)> = seen.commits.iter().take(MOST).collect();
    // In one order, so that replicas that note the same commits do not wait for each other in a circle.
    commits.sort();
    commits.dedup_by_key(|(sha, _)| sha);
    insert
        .all(tx, &commits, |query, (sha, agent)| {
            Ok(query.bind(repo).bind(sha.as_str()).bind(number).bind(agent.as_deref()).bind(now.0))
        })
        .await?;
    Ok(())
}
