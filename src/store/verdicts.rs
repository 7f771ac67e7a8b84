//! T3: a verdict and what it asks of the forge, written before anything is tried.
//!
//! A look that ends in the verdict that already stands adds none: the row stands for all looks that agreed, and the
//! history grows with changes, not with labels and comments.

use bytes::Bytes;
use policy::incident::Incident;
use policy::{Millis, RepoId, RepoName, Sha, Subject};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::actions::{self, ActionId, ActionRecord};
use super::incidents;
use super::lineage::{self, Seen};
use super::operation::Operation;
use super::row::{get, parsed, signed, unsigned};
use super::work::Hold;
use super::{Store, StoreError, pack};
use crate::lease::Lease;

/// Facts of a pull request with thousands of paths are some MiB; far above that is no row of ours.
const JSON_LIMIT: u64 = 64 * 1024 * 1024;
const COLUMNS: &str = "id, subject_key, repo_id, repo, number, head, conclusion, enforcement, digest, \
                       rules_digest, facts, verdict, decided_at";

/// The conclusion of a look at a pull request that is closed: nothing was judged, so nothing passed. No word of GitHub's.
pub const CLOSED: &str = "closed";

/// Identifies a verdict: its subject's key and its place among the subject's verdicts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VerdictId(String);

impl VerdictId {
    /// As it was read from the database.
    pub(super) fn stored(id: String) -> Self {
        Self(id)
    }

    /// As written in the database, `pull/<repository id>/<number>@<n>`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for VerdictId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A verdict to keep. JSON stays text: the store does not look inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerdictRecord {
    /// The head it was given for.
    pub head: Sha,
    /// GitHub's word for it, or [`CLOSED`].
    pub conclusion: String,
    /// Whether it blocks or only reports.
    pub enforcement: String,
    /// Over everything the verdict shows; an equal one on the same head adds no row.
    pub digest: String,
    /// Over the rules it was given by.
    pub rules_digest: String,
    /// The facts as JSON.
    pub facts: String,
    /// The verdict as JSON.
    pub verdict: String,
    /// When it was given.
    pub decided_at: Millis,
    /// The commits of the pull request, to be known again elsewhere; not read back.
    pub seen: Option<Seen>,
}

/// A verdict as it stands in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredVerdict {
    /// Its identity.
    pub id: VerdictId,
    /// [`Subject::key`] of what it is about.
    pub subject_key: String,
    /// The repository.
    pub repo_id: RepoId,
    /// The repository's name then.
    pub repo: RepoName,
    /// The pull request's number; 0 when it is about none.
    pub number: u64,
    /// What was decided on which facts.
    pub record: VerdictRecord,
}

/// What [`Store::intend`] wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intended {
    /// The verdict, new or standing.
    pub verdict: VerdictId,
    /// The actions, in the order given.
    pub actions: Vec<ActionId>,
}

impl Store {
    /// T3: writes a verdict and its actions as pending; what earlier looks left pending is superseded.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when the subject is no longer held: do not act.
    pub async fn intend(
        &self,
        lease: &Lease,
        record: VerdictRecord,
        actions: Vec<ActionRecord>,
    ) -> Result<Intended, StoreError> {
        self.intend_with(lease, record, actions, Vec::new()).await
    }

    /// [`Store::intend`], with what people are to look into. An incident that is known already is not opened again.
    ///
    /// # Errors
    /// As [`Store::intend`].
    pub async fn intend_with(
        &self,
        lease: &Lease,
        mut record: VerdictRecord,
        actions: Vec<ActionRecord>,
        incidents: Vec<Incident>,
    ) -> Result<Intended, StoreError> {
        // Taken out rather than copied: the facts may be some MiB.
        let facts = pack::pack(Bytes::from(std::mem::take(&mut record.facts))).await?;
        let verdict = pack::pack(Bytes::from(std::mem::take(&mut record.verdict))).await?;
        let subject = lease.subject().clone();
        let intend = Intend { hold: Hold::of(lease), subject, record, facts, verdict, actions, incidents };
        self.writer.run(intend).await
    }

    /// Whether the verdict of a pull request that stands for this commit is a success.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn passed(&self, repo: RepoId, head: &Sha, pull: u64) -> Result<bool, StoreError> {
        let keys = self.keys_passed(repo, head).await?;
        Ok(keys.contains(&format!("pull/{repo}/{pull}")))
    }

    /// Whether the verdict of a merge group for this branch that stands for this commit is a success.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn group_passed(&self, repo: RepoId, head: &Sha, base: &str) -> Result<bool, StoreError> {
        let keys = self.keys_passed(repo, head).await?;
        let of_base = format!("group/{repo}/refs/heads/gh-readonly-queue/{base}/pr-");
        Ok(keys.iter().any(|key| key.starts_with(&of_base)))
    }

    /// The subjects whose standing verdict for this commit is a success.
    async fn keys_passed(&self, repo: RepoId, head: &Sha) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query(
            "SELECT subject_key FROM verdicts WHERE repo_id = $1 AND head = $2 \
             AND replaced_at IS NULL AND conclusion = 'success' LIMIT 100",
        )
        .bind(signed(repo.0, "repository id")?)
        .bind(head.as_str())
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(|row| get(row, "subject_key")).collect()
    }

    /// The verdict that stands for a subject.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn latest_verdict(&self, subject: &Subject) -> Result<Option<StoredVerdict>, StoreError> {
        let sql =
            format!("SELECT {COLUMNS} FROM verdicts WHERE subject_key = $1 ORDER BY ordinal DESC LIMIT 1");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(subject.key());
        query.fetch_optional(&self.readers).await?.as_ref().map(read).transpose()
    }

    /// The verdict that stands for pull request `number` of the repository that was last seen under this name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn latest_verdict_of(
        &self,
        repo: &RepoName,
        number: u64,
    ) -> Result<Option<StoredVerdict>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM verdicts WHERE repo = $1 AND number = $2 \
             ORDER BY decided_at DESC, ordinal DESC LIMIT 1"
        );
        let query =
            sqlx::query(sqlx::AssertSqlSafe(sql)).bind(repo.to_string()).bind(signed(number, "number")?);
        query.fetch_optional(&self.readers).await?.as_ref().map(read).transpose()
    }

    /// The verdict that stands for a subject of the repository that was last seen under this name: `kind` and `rest` of its
    /// key, without the repository's number.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn latest_verdict_at(
        &self,
        repo: &RepoName,
        (kind, rest): (&str, &str),
    ) -> Result<Option<StoredVerdict>, StoreError> {
        let row =
            sqlx::query("SELECT repo_id FROM verdicts WHERE repo = $1 ORDER BY decided_at DESC LIMIT 1")
                .bind(repo.to_string())
                .fetch_optional(&self.readers)
                .await?;
        let Some(row) = row else { return Ok(None) };
        let repo_id: i64 = get(&row, "repo_id")?;
        let sql =
            format!("SELECT {COLUMNS} FROM verdicts WHERE subject_key = $1 ORDER BY ordinal DESC LIMIT 1");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(format!("{kind}/{repo_id}/{rest}"));
        query.fetch_optional(&self.readers).await?.as_ref().map(read).transpose()
    }

    /// The standing verdicts of every subject whose standing verdict is for this head; of what is closed none stands. At
    /// most 100.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn verdicts_for_head(
        &self,
        repo_id: RepoId,
        head: &Sha,
    ) -> Result<Vec<StoredVerdict>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM verdicts v WHERE repo_id = $1 AND head = $2 AND conclusion <> $3 AND ordinal = \
             (SELECT MAX(w.ordinal) FROM verdicts w WHERE w.subject_key = v.subject_key) \
             ORDER BY subject_key LIMIT 100"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(signed(repo_id.0, "repository id")?)
            .bind(head.as_str())
            .bind(CLOSED);
        query.fetch_all(&self.readers).await?.iter().map(read).collect()
    }
}

fn read(row: &AnyRow) -> Result<StoredVerdict, StoreError> {
    let json = |column: &'static str| {
        let raw = pack::unpack(&get::<Vec<u8>, _>(row, column)?, JSON_LIMIT, column)?;
        String::from_utf8(raw)
            .map_err(|error| StoreError::Unreadable { what: column, reason: error.to_string() })
    };
    Ok(StoredVerdict {
        id: VerdictId(get(row, "id")?),
        subject_key: get(row, "subject_key")?,
        repo_id: RepoId(unsigned(get(row, "repo_id")?, "repository id")?),
        repo: parsed(&get::<String, _>(row, "repo")?, "repository name", RepoName::parse)?,
        number: unsigned(get(row, "number")?, "number")?,
        record: VerdictRecord {
            head: parsed(&get::<String, _>(row, "head")?, "head", Sha::parse)?,
            conclusion: get(row, "conclusion")?,
            enforcement: get(row, "enforcement")?,
            digest: get(row, "digest")?,
            rules_digest: get(row, "rules_digest")?,
            facts: json("facts")?,
            verdict: json("verdict")?,
            decided_at: Millis(get(row, "decided_at")?),
            seen: None,
        },
    })
}

struct Intend {
    hold: Hold,
    subject: Subject,
    record: VerdictRecord,
    facts: Vec<u8>,
    verdict: Vec<u8>,
    actions: Vec<ActionRecord>,
    incidents: Vec<Incident>,
}

impl Operation for Intend {
    type Output = Intended;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Intended, StoreError> {
        let now = self.record.decided_at;
        let last = self.hold_on(tx).await?;
        let standing = self.standing(tx).await?;
        if let Some(pull) = self.subject.pull() {
            if self.record.conclusion == CLOSED {
                lineage::forget_head(tx, &self.hold.key).await?;
            } else {
                lineage::note_head(tx, &self.hold.key, &self.record.head, now).await?;
            }
            if let Some(seen) = self.record.seen.as_ref().filter(|_| standing.is_none()) {
                lineage::note(tx, (pull.repo_id, pull.number), seen, now).await?;
            }
        }
        let verdict = match standing {
            Some(id) => id,
            None => self.insert(tx, last.saturating_add(1)).await?,
        };
        for incident in &self.incidents {
            incidents::open(tx, &self.subject, &verdict, incident).await?;
        }
        actions::supersede(tx, &self.hold.key, now).await?;
        let actions = actions::append(tx, &verdict, &self.subject, &self.actions, now).await?;
        Ok(Intended { verdict, actions })
    }

    fn weight(&self) -> usize {
        self.facts.len() + self.verdict.len()
    }
}

impl Intend {
    /// Proves the lease, locks the subject's row on PostgreSQL, and tells how many verdicts there are.
    async fn hold_on(&self, tx: &mut AnyConnection) -> Result<i64, StoreError> {
        let row = sqlx::query(
            "UPDATE work SET verdict_head = $3 WHERE subject_key = $1 AND lease_token = $2 RETURNING verdicts",
        )
        .bind(self.hold.key.as_str())
        .bind(self.hold.token.as_str())
        .bind(self.record.head.as_str())
        .fetch_optional(tx)
        .await?;
        row.map_or(Err(StoreError::LeaseLost), |row| get(&row, "verdicts"))
    }

    /// The subject's last verdict, when it says the same.
    async fn standing(&self, tx: &mut AnyConnection) -> Result<Option<VerdictId>, StoreError> {
        let row = sqlx::query(
            "SELECT id, head, conclusion, enforcement, digest, rules_digest FROM verdicts \
             WHERE subject_key = $1 ORDER BY ordinal DESC LIMIT 1",
        )
        .bind(self.hold.key.as_str())
        .fetch_optional(tx)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let ours = [
            ("head", self.record.head.as_str()),
            ("conclusion", &self.record.conclusion),
            ("enforcement", &self.record.enforcement),
            ("digest", &self.record.digest),
            ("rules_digest", &self.record.rules_digest),
        ];
        for (column, value) in ours {
            if get::<String, _>(&row, column)? != value {
                return Ok(None);
            }
        }
        Ok(Some(VerdictId(get(&row, "id")?)))
    }

    async fn insert(&self, tx: &mut AnyConnection, ordinal: i64) -> Result<VerdictId, StoreError> {
        let place = self.subject.place();
        let number = self.subject.pull().map_or(0, |pull| pull.number);
        let id = VerdictId(format!("{}@{ordinal}", self.hold.key));
        sqlx::query("UPDATE verdicts SET replaced_at = $3 WHERE subject_key = $1 AND ordinal = $2")
            .bind(self.hold.key.as_str())
            .bind(ordinal.saturating_sub(1))
            .bind(self.record.decided_at.0)
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "INSERT INTO verdicts (id, subject_key, ordinal, repo_id, repo, number, head, conclusion, \
             enforcement, digest, rules_digest, facts, verdict, decided_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        )
        .bind(id.as_str())
        .bind(self.hold.key.as_str())
        .bind(ordinal)
        .bind(signed(place.repo_id.0, "repository id")?)
        .bind(place.repo.to_string())
        .bind(signed(number, "number")?)
        .bind(self.record.head.as_str())
        .bind(self.record.conclusion.as_str())
        .bind(self.record.enforcement.as_str())
        .bind(self.record.digest.as_str())
        .bind(self.record.rules_digest.as_str())
        .bind(self.facts.as_slice())
        .bind(self.verdict.as_slice())
        .bind(self.record.decided_at.0)
        .execute(&mut *tx)
        .await?;
        sqlx::query("UPDATE work SET verdicts = $2 WHERE subject_key = $1")
            .bind(self.hold.key.as_str())
            .bind(ordinal)
            .execute(tx)
            .await?;
        Ok(id)
    }
}
