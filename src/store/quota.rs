//! What quotas count: the pull requests and runs of an agent, and its pushes.
//!
//! Known race: two replicas note two pull requests at once, and neither sees the other's. So notes of one account wait for
//! each other, and whoever is noted first sees what came before it; whoever is noted later wakes those behind it.

use std::collections::BTreeSet;

use policy::facts::{PullState, PushTold};
use policy::{Millis, RepoId, RepoName, Subject, UserId};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::operation::Operation;
use super::row::{from_json, get, get_millis, parsed, signed, unsigned};
use super::wake::{stand_back, wake_where};
use super::{Store, StoreError};

/// More than these are not counted; a quota asks for fewer.
pub const MOST_COUNTED: usize = 1_000;
/// What is over is remembered for so long: a backlog of pull requests is let pass within it.
const REMEMBERED: i64 = 8 * 24 * 60 * 60 * 1_000;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UseKind {
    /// A pull request that the account opened.
    Pull,
    /// A run that the account caused.
    Run,
}

impl UseKind {
    const fn word(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Run => "run",
        }
    }
}

/// One pull request or run of an agent, as a look saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// Which.
    pub subject: Subject,
    /// Whose.
    pub account: UserId,
    /// What it is.
    pub kind: UseKind,
    /// The repository's name.
    pub repo: RepoName,
    /// When it was opened, or began.
    pub begun_at: Millis,
    /// Whether it goes on. A run is never merged.
    pub state: PullState,
    /// When a look first saw that it does not; not read when it is noted.
    pub ended_at: Option<Millis>,
    /// Changed lines as JSON. `None` when they are not known; when it is noted as over, those that are known stay.
    pub lines: Option<String>,
}

/// A use as it is read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenUse {
    /// What was noted.
    pub told: Use,
    /// When a look saw it last.
    pub seen_at: Millis,
}

/// What is new about a use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Others are judged by it otherwise than before.
    Changed,
    /// It was only seen again.
    SeenAgain,
}

/// For which use others are asked for.
#[derive(Debug, Clone, Copy)]
pub struct Beside<'a> {
    /// For which.
    pub of: &'a Use,
    /// All accounts of the agent.
    pub accounts: &'a BTreeSet<UserId>,
    /// What was over before this does not matter.
    pub since: Millis,
}

const COLUMNS: &str = "work.subject, quota_uses.account_id, quota_uses.kind, quota_uses.repo, quota_uses.begun_at, \
                       quota_uses.state, quota_uses.ended_at, quota_uses.lines, quota_uses.seen_at";

/// Before a use, in an order that stays: by when it began, then by repository and number.
const BEFORE: &str = "(quota_uses.begun_at < $3 OR (quota_uses.begun_at = $3 AND (quota_uses.repo_id < $4 \
                      OR (quota_uses.repo_id = $4 AND quota_uses.number < $5))))";

impl Store {
    /// Notes a use of an agent with these accounts. When it changed, those behind it are looked at again: their turn may
    /// have come, or gone.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn note_use(
        &self,
        told: Use,
        accounts: BTreeSet<UserId>,
        news: News,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.writer.run(Note { told, accounts, news, now }).await
    }

    /// What of an agent began before a use and goes on or ended lately, newest first; at most one more than
    /// [`MOST_COUNTED`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn uses_before(&self, beside: Beside<'_>) -> Result<Vec<SeenUse>, StoreError> {
        let condition = format!("{BEFORE} AND (quota_uses.state = 'open' OR quota_uses.begun_at > $6)");
        self.uses(&beside, &condition).await
    }

    /// What of an agent was merged lately, whenever it began; at most one more than [`MOST_COUNTED`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn merged_lately(&self, beside: Beside<'_>) -> Result<Vec<SeenUse>, StoreError> {
        let others = "NOT (quota_uses.begun_at = $3 AND quota_uses.repo_id = $4 AND quota_uses.number = $5)";
        let condition = format!("{others} AND quota_uses.state = 'merged' AND quota_uses.ended_at > $6");
        self.uses(&beside, &condition).await
    }

    async fn uses(&self, beside: &Beside<'_>, condition: &str) -> Result<Vec<SeenUse>, StoreError> {
        let (repo, number) = place(beside.of)?;
        let most = i64::try_from(MOST_COUNTED).unwrap_or(i64::MAX).saturating_add(1);
        let mut found = Vec::new();
        for account in beside.accounts {
            let sql = format!(
                "SELECT {COLUMNS} FROM quota_uses JOIN work ON work.subject_key = quota_uses.subject_key \
                 WHERE quota_uses.account_id = $1 AND quota_uses.kind = $2 AND {condition} \
                 ORDER BY quota_uses.begun_at DESC, quota_uses.repo_id DESC, quota_uses.number DESC LIMIT $7"
            );
            let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
                .bind(signed(account.0, "account")?)
                .bind(beside.of.kind.word())
                .bind(beside.of.begun_at.0)
                .bind(repo)
                .bind(number)
                .bind(beside.since.0)
                .bind(most)
                .fetch_all(&self.readers)
                .await?;
            for row in &rows {
                found.push(read(row)?);
            }
        }
        found.sort_by_key(|other| std::cmp::Reverse(other.told.begun_at));
        Ok(found)
    }

    /// The use as it was noted last.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn noted_use(&self, subject: &Subject, account: UserId) -> Result<Option<SeenUse>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM quota_uses JOIN work ON work.subject_key = quota_uses.subject_key \
             WHERE quota_uses.subject_key = $1 AND quota_uses.account_id = $2"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(subject.key())
            .bind(signed(account.0, "account")?)
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// What these accounts pushed before a push and after a moment, newest first; at most [`MOST_COUNTED`]. Of those of one
    /// moment the ones that were judged were before.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn pushes_before(
        &self,
        accounts: &BTreeSet<UserId>,
        (at, id): (Millis, &str),
        since: Millis,
    ) -> Result<Vec<PushTold>, StoreError> {
        let mut found = Vec::new();
        for account in accounts {
            let rows = sqlx::query(
                "SELECT subject_key, at FROM evidence WHERE actor_id = $1 AND at > $2 \
                 AND (at < $3 OR (at = $3 AND id <> $4 AND (judged_at IS NOT NULL OR id < $4))) ORDER BY at DESC, id DESC LIMIT $5",
            )
            .bind(signed(account.0, "account")?)
            .bind(since.0)
            .bind(at.0)
            .bind(id)
            .bind(i64::try_from(MOST_COUNTED).unwrap_or(i64::MAX))
            .fetch_all(&self.readers)
            .await?;
            for row in &rows {
                let key: String = get(row, "subject_key")?;
                let repo = key.split('/').nth(1).unwrap_or_default();
                let repository = parsed(repo, "repository id", |text| text.parse().ok().map(RepoId))?;
                found.push(PushTold { repository, at: Millis(get(row, "at")?) });
            }
        }
        found.sort_by_key(|push| std::cmp::Reverse(push.at));
        found.truncate(MOST_COUNTED);
        Ok(found)
    }
}

fn read(row: &AnyRow) -> Result<SeenUse, StoreError> {
    let kind = match get::<String, _>(row, "kind")?.as_str() {
        "pull" => UseKind::Pull,
        _ => UseKind::Run,
    };
    let told = Use {
        subject: from_json(&get::<String, _>(row, "subject")?, "subject")?,
        account: UserId(unsigned(get(row, "account_id")?, "account")?),
        kind,
        repo: parsed(&get::<String, _>(row, "repo")?, "repository name", RepoName::parse)?,
        begun_at: Millis(get(row, "begun_at")?),
        state: parsed(&get::<String, _>(row, "state")?, "state", state)?,
        ended_at: get_millis(row, "ended_at")?,
        lines: get(row, "lines")?,
    };
    Ok(SeenUse { told, seen_at: Millis(get(row, "seen_at")?) })
}

const STATES: [(&str, PullState); 3] =
    [("open", PullState::Open), ("closed", PullState::Closed), ("merged", PullState::Merged)];

fn state(word: &str) -> Option<PullState> {
    STATES.iter().find(|(known, _)| *known == word).map(|(_, state)| *state)
}

fn word(state: PullState) -> &'static str {
    STATES.iter().find(|(_, known)| *known == state).map_or("open", |(word, _)| word)
}

/// Repository and number, as columns.
fn place(told: &Use) -> Result<(i64, i64), StoreError> {
    let number = match &told.subject {
        Subject::Pull(pull) => pull.number,
        Subject::Run(run) => run.run.0,
        // Nothing else is counted.
        _ => 0,
    };
    Ok((signed(told.subject.place().repo_id.0, "repository id")?, signed(number, "number")?))
}

struct Note {
    told: Use,
    accounts: BTreeSet<UserId>,
    news: News,
    now: Millis,
}

impl Operation for Note {
    type Output = ();

    async fn run(&self, tx: &mut AnyConnection) -> Result<(), StoreError> {
        // The lock: whoever notes for the same agent waits here on PostgreSQL.
        let first = self.accounts.first().unwrap_or(&self.told.account);
        sqlx::query(
            "INSERT INTO kv (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )
        .bind(format!("quota.{first}"))
        .bind(self.now.0.to_string())
        .execute(&mut *tx)
        .await?;
        self.upsert(tx).await?;
        self.forget(tx).await?;
        if self.news == News::SeenAgain {
            return Ok(());
        }
        for account in &self.accounts {
            self.wake_behind(tx, *account).await?;
        }
        Ok(())
    }
}

impl Note {
    async fn upsert(&self, tx: &mut AnyConnection) -> Result<(), StoreError> {
        let (repo, number) = place(&self.told)?;
        let ended = (self.told.state != PullState::Open).then_some(self.now.0);
        sqlx::query(
            "INSERT INTO quota_uses (subject_key, account_id, kind, repo_id, repo, number, begun_at, state, \
             ended_at, lines, seen_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
             ON CONFLICT (subject_key, account_id) DO UPDATE SET repo = excluded.repo, \
             begun_at = excluded.begun_at, state = excluded.state, \
             ended_at = CASE WHEN excluded.ended_at IS NULL THEN NULL \
                 ELSE COALESCE(quota_uses.ended_at, excluded.ended_at) END, \
             lines = CASE WHEN excluded.ended_at IS NULL THEN excluded.lines \
                 ELSE COALESCE(quota_uses.lines, excluded.lines) END, \
             seen_at = excluded.seen_at",
        )
        .bind(self.told.subject.key())
        .bind(signed(self.told.account.0, "account")?)
        .bind(self.told.kind.word())
        .bind(repo)
        .bind(self.told.repo.to_string())
        .bind(number)
        .bind(self.told.begun_at.0)
        .bind(word(self.told.state))
        .bind(ended)
        .bind(self.told.lines.as_deref())
        .bind(self.now.0)
        .execute(tx)
        .await?;
        Ok(())
    }

    /// What was over long ago counts for nothing.
    async fn forget(&self, tx: &mut AnyConnection) -> Result<(), StoreError> {
        sqlx::query(
            "DELETE FROM quota_uses WHERE (subject_key, account_id) IN \
             (SELECT subject_key, account_id FROM quota_uses WHERE ended_at < $1 LIMIT 50)",
        )
        .bind(self.now.0.saturating_sub(REMEMBERED))
        .execute(tx)
        .await?;
        Ok(())
    }

    /// Those that began later; all of them when one was merged, for its lines are used up whenever it began.
    async fn wake_behind(&self, tx: &mut AnyConnection, account: UserId) -> Result<(), StoreError> {
        let (repo, number) = place(&self.told)?;
        let all = i64::from(self.told.state == PullState::Merged);
        let sql = wake_where(
            "subject_key IN (SELECT subject_key FROM quota_uses WHERE account_id = $3 AND kind = $4 \
             AND state = 'open' AND subject_key <> $5 AND ($6 = 1 OR begun_at > $7 OR (begun_at = $7 \
             AND (repo_id > $8 OR (repo_id = $8 AND number > $9)))))",
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(self.now.0)
            .bind(stand_back(self.now).0)
            .bind(signed(account.0, "account")?)
            .bind(self.told.kind.word())
            .bind(self.told.subject.key())
            .bind(all)
            .bind(self.told.begun_at.0)
            .bind(repo)
            .bind(number)
            .execute(tx)
            .await?;
        Ok(())
    }
}
