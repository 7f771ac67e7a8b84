//! Incidents as people look into them: what happened, and how far somebody has come with it.
//!
//! What was done about an incident is in the actions of the verdict that each part points to, see
//! [`Store::actions`]; those are forgotten with the verdict, the incident never is.

use policy::incident::Incident;
use policy::{Millis, RepoName};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::super::operation::Operation;
use super::super::row::{from_json, get, parsed, unsigned};
use super::super::verdicts::VerdictId;
use super::super::{Store, StoreError};

/// More parts than these are not shown; [`StoredIncident::parts`] says how many there are.
const MOST_PARTS: i64 = 200;
const COLUMNS: &str = "id, kind, repo, title, who_login, agent, state, reason, state_by, opened_at, last_at, \
                       state_at, parts";

/// How far somebody has come with an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncidentState {
    /// Nobody has looked yet.
    Open,
    /// Somebody looks into it.
    Acknowledged,
    /// It is over, with a reason.
    Closed,
}

impl IncidentState {
    /// All of them, in the order that they are gone through.
    pub const ALL: [Self; 3] = [Self::Open, Self::Acknowledged, Self::Closed];

    /// The word that the database holds.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Closed => "closed",
        }
    }

    /// The state that is written so.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// Which incidents to list.
#[derive(Debug, Clone, Default)]
pub struct IncidentFilter {
    /// Only those in this state.
    pub state: Option<IncidentState>,
    /// Only those of the repository that had this name.
    pub repo: Option<RepoName>,
    /// At most so many, newest first.
    pub limit: u32,
}

/// An incident as it stands in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredIncident {
    /// `INC-` and ten hexadecimal digits; the same on every replica.
    pub id: String,
    /// What happened, as [`policy::incident::Kind::as_str`].
    pub kind: String,
    /// The repository's name then.
    pub repo: String,
    /// One sentence, hostile text in it.
    pub title: String,
    /// Who did it, where that is known.
    pub who: Option<String>,
    /// The agent's name in the rules.
    pub agent: Option<String>,
    /// How far somebody has come with it.
    pub state: IncidentState,
    /// Why it was closed.
    pub reason: Option<String>,
    /// Who brought it into this state; `None` while it is open.
    pub by: Option<String>,
    /// When it was opened.
    pub opened_at: Millis,
    /// When its last part came.
    pub last_at: Millis,
    /// When it came into this state.
    pub state_at: Millis,
    /// How many things it is about.
    pub parts: u64,
}

/// One thing that an incident is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentPart {
    /// [`policy::Subject::key`] of what it happened to.
    pub subject_key: String,
    /// The verdict whose actions are what was done about it.
    pub verdict: VerdictId,
    /// What happened, with its findings.
    pub incident: Incident,
}

impl Store {
    /// Incidents, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn incidents(&self, filter: &IncidentFilter) -> Result<Vec<StoredIncident>, StoreError> {
        // Every state is one of three, so naming all of them is asking for any.
        let any = IncidentState::ALL.map(IncidentState::as_str);
        let [first, second, third] = filter.state.map_or(any, |state| [state.as_str(); 3]);
        let of_repo = if filter.repo.is_some() { "AND repo = $5" } else { "" };
        let sql = format!(
            "SELECT {COLUMNS} FROM incidents WHERE state IN ($1, $2, $3) {of_repo} \
             ORDER BY opened_at DESC, id LIMIT $4"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql));
        let mut query = query.bind(first).bind(second).bind(third).bind(i64::from(filter.limit.min(10_000)));
        if let Some(repo) = &filter.repo {
            query = query.bind(repo.to_string());
        }
        query.fetch_all(&self.readers).await?.iter().map(read).collect()
    }

    /// One incident.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn incident(&self, id: &str) -> Result<Option<StoredIncident>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM incidents WHERE id = $1");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id);
        query.fetch_optional(&self.readers).await?.as_ref().map(read).transpose()
    }

    /// What an incident is about, oldest first. At most 200.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn incident_parts(&self, id: &str) -> Result<Vec<IncidentPart>, StoreError> {
        let rows = sqlx::query(
            "SELECT subject_key, verdict_id, body FROM incident_parts WHERE incident_id = $1 \
             ORDER BY at, once_key LIMIT $2",
        )
        .bind(id)
        .bind(MOST_PARTS)
        .fetch_all(&self.readers)
        .await?;
        let part = |row: &AnyRow| {
            Ok(IncidentPart {
                subject_key: get(row, "subject_key")?,
                verdict: VerdictId::stored(get(row, "verdict_id")?),
                incident: from_json(&get::<String, _>(row, "body")?, "incident")?,
            })
        };
        rows.iter().map(part).collect()
    }

    /// Somebody looks into an open incident. Answers what it was before; `None` when there is no such incident. What is
    /// acknowledged or closed stays as it is.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn acknowledge(
        &self,
        id: &str,
        by: &str,
        now: Millis,
    ) -> Result<Option<IncidentState>, StoreError> {
        let step =
            Step { id: id.to_owned(), to: IncidentState::Acknowledged, reason: None, by: by.to_owned(), now };
        self.writer.run(step).await
    }

    /// An incident is over. Answers what it was before; `None` when there is no such incident. What is closed stays as
    /// it is.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn close_incident(
        &self,
        id: &str,
        reason: &str,
        by: &str,
        now: Millis,
    ) -> Result<Option<IncidentState>, StoreError> {
        let (to, reason) = (IncidentState::Closed, Some(reason.to_owned()));
        self.writer.run(Step { id: id.to_owned(), to, reason, by: by.to_owned(), now }).await
    }
}

fn read(row: &AnyRow) -> Result<StoredIncident, StoreError> {
    Ok(StoredIncident {
        id: get(row, "id")?,
        kind: get(row, "kind")?,
        repo: get(row, "repo")?,
        title: get(row, "title")?,
        who: get(row, "who_login")?,
        agent: get(row, "agent")?,
        state: parsed(&get::<String, _>(row, "state")?, "incident", IncidentState::parse)?,
        reason: get(row, "reason")?,
        by: get(row, "state_by")?,
        opened_at: Millis(get(row, "opened_at")?),
        last_at: Millis(get(row, "last_at")?),
        state_at: Millis(get(row, "state_at")?),
        parts: unsigned(get(row, "parts")?, "parts")?,
    })
}

/// Brings an incident further, never back.
struct Step {
    id: String,
    to: IncidentState,
    reason: Option<String>,
    by: String,
    now: Millis,
}

impl Operation for Step {
    type Output = Option<IncidentState>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Option<IncidentState>, StoreError> {
        let row = sqlx::query("SELECT state FROM incidents WHERE id = $1")
            .bind(self.id.as_str())
            .fetch_optional(&mut *tx)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let before = parsed(&get::<String, _>(&row, "state")?, "incident", IncidentState::parse)?;
        let further = match self.to {
            IncidentState::Open => false,
            IncidentState::Acknowledged => before == IncidentState::Open,
            IncidentState::Closed => before != IncidentState::Closed,
        };
        if further {
            sqlx::query(
                "UPDATE incidents SET state = $2, reason = $3, state_by = $4, state_at = $5 \
                 WHERE id = $1 AND state <> 'closed'",
            )
            .bind(self.id.as_str())
            .bind(self.to.as_str())
            .bind(self.reason.as_deref())
            .bind(self.by.as_str())
            .bind(self.now.0)
            .execute(tx)
            .await?;
        }
        Ok(Some(before))
    }
}
