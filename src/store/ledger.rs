//! The ref ledger: where branches and tags stood when they were last seen, and what was told of their moves.

use std::collections::BTreeMap;

use policy::{InstallationId, Millis, RepoId, RepoName, Sha, Subject};
use sqlx::AnyConnection;

use super::deliveries::Testimony;
use super::evidence::{self, Told};
use super::operation::Operation;
use super::row::{get, parsed, signed, unsigned};
use super::work::{self, Ask, NOTHING_NEW};
use super::{Store, StoreError};

/// More refs than these of one repository are not remembered.
const MOST_REFS: i64 = 100_000;
/// More repositories than these are not gone through.
const MOST_REPOSITORIES: i64 = 10_000;

/// A repository that deliveries told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownRepository {
    /// Identifies.
    pub id: RepoId,
    /// Its name then.
    pub name: RepoName,
    /// How it was reached.
    pub installation: InstallationId,
}

impl Store {
    /// Where the refs of a repository stood, by their full names.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn tips(&self, repo: RepoId) -> Result<BTreeMap<String, Sha>, StoreError> {
        let rows = sqlx::query("SELECT name, tip FROM ledger WHERE repo_id = $1 LIMIT $2")
            .bind(signed(repo.0, "repository id")?)
            .bind(MOST_REFS)
            .fetch_all(&self.readers)
            .await?;
        let read = |row| Ok((get(row, "name")?, parsed(&get::<String, _>(row, "tip")?, "tip", Sha::parse)?));
        rows.iter().map(read).collect()
    }

    /// Where one ref stood when it was judged last, by its full name; `None` when that is not known or it was gone.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn tip(&self, repo: RepoId, name: &str) -> Result<Option<Sha>, StoreError> {
        let row = sqlx::query("SELECT tip FROM ledger WHERE repo_id = $1 AND name = $2")
            .bind(signed(repo.0, "repository id")?)
            .bind(name)
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| parsed(&get::<String, _>(&row, "tip")?, "tip", Sha::parse)).transpose()
    }

    /// Writes down where refs stand; `None` when they are gone.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn note_tips(
        &self,
        repo: RepoId,
        tips: Vec<(String, Option<Sha>)>,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.writer.run(Note { repo, tips, now }).await
    }

    /// What was ever told of a subject's moves since a moment, judged or not, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn told_since(&self, subject: &Subject, since: Millis) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query(
            "SELECT body FROM evidence WHERE subject_key = $1 AND at >= $2 \
             ORDER BY at, id LIMIT 10000",
        )
        .bind(subject.key())
        .bind(since.0)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(|row| get(row, "body")).collect()
    }

    /// Keeps what the forge's own records tell of a subject and no delivery did, and asks for a look. Answers whether it
    /// is new.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn testify(&self, id: String, told: Testimony, now: Millis) -> Result<bool, StoreError> {
        self.writer.run(Testify { id, told, now }).await
    }

    /// Repositories that deliveries told of lately, by number, each by its newest name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn repositories(&self, since: Millis) -> Result<Vec<KnownRepository>, StoreError> {
        let rows = sqlx::query(
            "SELECT repo_id, repo, installation_id FROM deliveries WHERE received_at >= $1 \
             AND repo_id IS NOT NULL AND repo IS NOT NULL AND installation_id IS NOT NULL \
             GROUP BY repo_id, repo, installation_id ORDER BY repo_id, MAX(received_at) LIMIT $2",
        )
        .bind(since.0)
        .bind(MOST_REPOSITORIES)
        .fetch_all(&self.readers)
        .await?;
        let mut newest = BTreeMap::new();
        for row in &rows {
            let id = RepoId(unsigned(get(row, "repo_id")?, "repository id")?);
            let name = parsed(&get::<String, _>(row, "repo")?, "repository name", RepoName::parse)?;
            let installation = InstallationId(unsigned(get(row, "installation_id")?, "installation id")?);
            newest.insert(id, KnownRepository { id, name, installation });
        }
        Ok(newest.into_values().collect())
    }
}

struct Note {
    repo: RepoId,
    tips: Vec<(String, Option<Sha>)>,
    now: Millis,
}

impl Operation for Note {
    type Output = ();

    async fn run(&self, tx: &mut AnyConnection) -> Result<(), StoreError> {
        let repo = signed(self.repo.0, "repository id")?;
        for (name, tip) in &self.tips {
            let query = match tip {
                Some(tip) => sqlx::query(
                    "INSERT INTO ledger (repo_id, name, tip, at) VALUES ($1, $2, $3, $4) \
                     ON CONFLICT (repo_id, name) DO UPDATE SET tip = excluded.tip, at = excluded.at",
                )
                .bind(repo)
                .bind(name.as_str())
                .bind(tip.as_str())
                .bind(self.now.0),
                None => sqlx::query("DELETE FROM ledger WHERE repo_id = $1 AND name = $2")
                    .bind(repo)
                    .bind(name.as_str()),
            };
            query.execute(&mut *tx).await?;
        }
        Ok(())
    }
}

struct Testify {
    id: String,
    told: Testimony,
    now: Millis,
}

impl Operation for Testify {
    type Output = bool;

    async fn run(&self, tx: &mut AnyConnection) -> Result<bool, StoreError> {
        let key = self.told.subject.key();
        let known = sqlx::query("SELECT 1 AS known FROM evidence WHERE subject_key = $1 AND id = $2")
            .bind(key.as_str())
            .bind(self.id.as_str())
            .fetch_optional(&mut *tx)
            .await?;
        if known.is_some() {
            return Ok(false);
        }
        let told = Told {
            subject: key.clone(),
            id: &self.id,
            body: &self.told.body,
            actor: self.told.actor,
            at: self.now,
        };
        evidence::keep(tx, &[told]).await?;
        let ask = Ask {
            subject: self.told.subject.clone(),
            heard_at: NOTHING_NEW,
            floor: policy::Floor::default(),
            looks: 1,
            now: self.now,
        };
        work::raise(tx, &[(key, ask)]).await?;
        Ok(true)
    }
}
