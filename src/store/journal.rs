//! Reading deliveries back: for people, for pages, and as evidence of who pushed.

use policy::{InstallationId, Millis, RepoId, RepoName, Sha, Subject, UserId};
use sqlx::any::AnyRow;

use super::deliveries::{Actor, Guid};
use super::row::{get, get_id, get_millis, parsed, unsigned};
use super::{Store, StoreError, pack};

/// GitHub sends no payload above 25 MiB, and the ingress takes none.
const BODY_LIMIT: u64 = 25 * 1024 * 1024;
const MOST: u32 = 1000;

/// How far a delivery has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// A look is still owed.
    Queued,
    /// Every subject it named was looked at since.
    Processed,
    /// It asks for nothing.
    Ignored,
    /// It should have meant something, but could not be read.
    Failed,
}

impl DeliveryState {
    /// The word that the database holds.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Processed => "processed",
            Self::Ignored => "ignored",
            Self::Failed => "failed",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Queued, Self::Processed, Self::Ignored, Self::Failed]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// A delivery as it stands in the store, without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDelivery {
    /// Its identity.
    pub guid: Guid,
    /// `X-GitHub-Event`.
    pub event: String,
    /// The payload's `action`.
    pub action: Option<String>,
    /// The repository.
    pub repo_id: Option<RepoId>,
    /// The repository's name then.
    pub repo: Option<RepoName>,
    /// The installation it came through.
    pub installation: Option<InstallationId>,
    /// Who caused it.
    pub sender: Option<Actor>,
    /// When it first came.
    pub received_at: Millis,
    /// How often it came.
    pub seen: u64,
    /// How far it has come.
    pub state: DeliveryState,
    /// When it was processed, ignored or failed.
    pub settled_at: Option<Millis>,
    /// The field that could not be read.
    pub error_path: Option<String>,
    /// Why it was ignored or failed.
    pub error: Option<String>,
    /// The size of the body as received.
    pub body_bytes: u64,
}

/// Which deliveries to list. The default is the newest 50 of all.
#[derive(Debug, Clone)]
pub struct DeliveryFilter {
    /// Only those in this state.
    pub state: Option<DeliveryState>,
    /// Only those received before this moment, for paging.
    pub before: Option<Millis>,
    /// At most so many, and never more than 1,000.
    pub limit: u32,
}

impl Default for DeliveryFilter {
    fn default() -> Self {
        Self { state: None, before: None, limit: 50 }
    }
}

/// Who pushed to a pull request, as one signed delivery tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pusher {
    /// Who pushed.
    pub actor: Actor,
    /// The head after the push.
    pub head: Option<Sha>,
    /// The delivery that proves it.
    pub delivery: Guid,
    /// When the delivery came.
    pub at: Millis,
}

impl Store {
    /// Deliveries, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Vec<StoredDelivery>, StoreError> {
        let rows = sqlx::query(
            "SELECT guid, event, action, repo_id, repo, installation_id, sender_id, sender_login, sender_kind, \
             received_at, seen, state, settled_at, error_path, error, body_bytes FROM deliveries \
             WHERE ($1 = '' OR state = $1) AND received_at < $2 ORDER BY received_at DESC, guid DESC LIMIT $3",
        )
        .bind(filter.state.map_or("", DeliveryState::as_str))
        .bind(filter.before.map_or(i64::MAX, |at| at.0))
        .bind(i64::from(filter.limit.min(MOST)))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(read_delivery).collect()
    }

    /// Known deliveries that could not be read, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn failed_deliveries(&self, limit: u32) -> Result<Vec<StoredDelivery>, StoreError> {
        self.deliveries(&DeliveryFilter { state: Some(DeliveryState::Failed), before: None, limit }).await
    }

    /// One delivery.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn delivery(&self, guid: &Guid) -> Result<Option<StoredDelivery>, StoreError> {
        let row = sqlx::query(
            "SELECT guid, event, action, repo_id, repo, installation_id, sender_id, sender_login, sender_kind, \
             received_at, seen, state, settled_at, error_path, error, body_bytes FROM deliveries WHERE guid = $1",
        )
        .bind(guid.as_str())
        .fetch_optional(&self.readers)
        .await?;
        row.as_ref().map(read_delivery).transpose()
    }

    /// A delivery's payload as it was signed; `None` when unknown or pruned.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn delivery_body(&self, guid: &Guid) -> Result<Option<Vec<u8>>, StoreError> {
        let row = sqlx::query("SELECT body FROM deliveries WHERE guid = $1")
            .bind(guid.as_str())
            .fetch_optional(&self.readers)
            .await?;
        let Some(row) = row else { return Ok(None) };
        get::<Option<Vec<u8>>, _>(&row, "body")?
            .map(|packed| pack::unpack(&packed, BODY_LIMIT, "body"))
            .transpose()
    }

    /// Everybody who is known to have pushed to the subject, each with the newest push, newest first. At most 1,000
    /// people: however often one of them pushes, nobody else is cut off.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn pushers(&self, subject: &Subject) -> Result<Vec<Pusher>, StoreError> {
        let rows = sqlx::query(
            "SELECT guid, actor_id, login, kind, head, at FROM (SELECT guid, actor_id, login, kind, head, at, \
             ROW_NUMBER() OVER (PARTITION BY actor_id ORDER BY at DESC, guid DESC) AS place \
             FROM pushers WHERE subject_key = $1) AS pushes WHERE place = 1 ORDER BY at DESC, guid DESC LIMIT 1000",
        )
        .bind(subject.key())
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(read_pusher).collect()
    }
}

fn read_delivery(row: &AnyRow) -> Result<StoredDelivery, StoreError> {
    let sender = get_id(row, "sender_id", UserId)?
        .map(|id| {
            let text =
                |column| Ok::<_, StoreError>(get::<Option<String>, _>(row, column)?.unwrap_or_default());
            Ok::<_, StoreError>(Actor { id, login: text("sender_login")?, kind: text("sender_kind")? })
        })
        .transpose()?;
    let repo = get::<Option<String>, _>(row, "repo")?;
    Ok(StoredDelivery {
        guid: parsed(&get::<String, _>(row, "guid")?, "GUID", Guid::parse)?,
        event: get(row, "event")?,
        action: get(row, "action")?,
        repo_id: get_id(row, "repo_id", RepoId)?,
        repo: repo.map(|name| parsed(&name, "repository name", RepoName::parse)).transpose()?,
        installation: get_id(row, "installation_id", InstallationId)?,
        sender,
        received_at: Millis(get(row, "received_at")?),
        seen: unsigned(get(row, "seen")?, "count")?,
        state: parsed(&get::<String, _>(row, "state")?, "delivery", DeliveryState::parse)?,
        settled_at: get_millis(row, "settled_at")?,
        error_path: get(row, "error_path")?,
        error: get(row, "error")?,
        body_bytes: unsigned(get(row, "body_bytes")?, "size")?,
    })
}

fn read_pusher(row: &AnyRow) -> Result<Pusher, StoreError> {
    let head = get::<Option<String>, _>(row, "head")?;
    Ok(Pusher {
        actor: Actor {
            id: UserId(unsigned(get(row, "actor_id")?, "actor id")?),
            login: get(row, "login")?,
            kind: get(row, "kind")?,
        },
        head: head.map(|head| parsed(&head, "head", Sha::parse)).transpose()?,
        delivery: parsed(&get::<String, _>(row, "guid")?, "GUID", Guid::parse)?,
        at: Millis(get(row, "at")?),
    })
}
