//! T1: take a delivery in and say what to look at again, once per GUID.
//!
//! GitHub repeats a delivery under the same GUID, so a GUID counts as dealt with only when its look was finished,
//! not when it was received (<https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks>).
//! One that was kept as ignored or failed is taken again when a newer binary understands it.

use bytes::Bytes;
use policy::{Floor, InstallationId, Millis, RepoId, RepoName, Sha, Subject, UserId};
use sqlx::AnyConnection;

use super::row::{get, signed};
use super::work::{self, Ask};
use super::writer::Operation;
use super::{Store, StoreError, pack};

/// A delivery's GUID, `X-GitHub-Delivery`: up to 64 letters, digits and hyphens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guid(String);

impl Guid {
    /// Parses a GUID.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        (plain && (1..=64).contains(&text.len())).then(|| Self(text.to_owned()))
    }

    /// Its letters, digits and hyphens.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Guid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// An account as a signed delivery names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Identifies.
    pub id: UserId,
    /// As the forge spells it now; for showing only.
    pub login: String,
    /// GitHub's `type`: `User`, `Bot`, `Organization`.
    pub kind: String,
}

/// A verified delivery, ready to be kept.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    /// Its identity.
    pub guid: Guid,
    /// `X-GitHub-Event`.
    pub event: String,
    /// The payload's `action`.
    pub action: Option<String>,
    /// The repository it is about.
    pub repo: Option<(RepoId, RepoName)>,
    /// The installation it came through.
    pub installation: Option<InstallationId>,
    /// Who caused it.
    pub sender: Option<Actor>,
    /// When it came.
    pub received_at: Millis,
    /// The payload, byte by byte as signed.
    pub body: Bytes,
    /// What is to become of it.
    pub fate: Fate,
}

/// What is to become of a delivery.
#[derive(Debug, Clone)]
pub enum Fate {
    /// Look at these again.
    Queue {
        /// What to look at.
        targets: Vec<Target>,
        /// How fresh the look must be.
        floor: Floor,
        /// Who pushed to the subjects, when this delivery proves it.
        pusher: Option<Actor>,
    },
    /// Keep it, do nothing.
    Ignore {
        /// Why nothing is to be done.
        reason: String,
    },
    /// Keep it where people will see it: it should have meant something.
    Fail {
        /// The field that could not be read.
        path: String,
        /// What was wrong with it.
        error: String,
    },
}

/// What a delivery points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A subject by name.
    Subject(Subject),
    /// Every known subject of the repository whose newest head is this one: GitHub names no pull requests in the
    /// check runs of forks.
    Head {
        /// The base repository.
        repo_id: RepoId,
        /// Its name now.
        repo: RepoName,
        /// The installation to reach it through.
        installation: InstallationId,
        /// The head.
        head: Sha,
    },
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// Kept, and work raised for this many subjects.
    New {
        /// How many subjects will be looked at again; 0 when the fate asked for none or no subject was known.
        subjects: usize,
    },
    /// Seen before but not finished: its work was raised once more.
    Again,
    /// Seen before and dealt with: nothing was changed.
    AlreadyProcessed,
}

impl Store {
    /// T1: keeps a delivery and raises its work, durably when this returns.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when nothing was kept.
    pub async fn accept(&self, delivery: NewDelivery) -> Result<Accepted, StoreError> {
        let packed = pack::pack(delivery.body.clone()).await?;
        let body_bytes = signed(delivery.body.len() as u64, "body")?;
        let delivery = NewDelivery { body: Bytes::new(), ..delivery };
        self.writer.offer(Accept { delivery, packed, body_bytes }).await
    }
}

struct Accept {
    delivery: NewDelivery,
    packed: Vec<u8>,
    body_bytes: i64,
}

impl Operation for Accept {
    type Output = Accepted;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Accepted, StoreError> {
        if self.insert(tx).await? {
            return Ok(Accepted::New { subjects: self.pursue(tx).await? });
        }
        // The update comes first because it takes the row's lock on PostgreSQL.
        let row = sqlx::query("UPDATE deliveries SET seen = seen + 1 WHERE guid = $1 RETURNING state")
            .bind(self.delivery.guid.as_str())
            .fetch_one(&mut *tx)
            .await?;
        let state: String = get(&row, "state")?;
        match (state.as_str(), &self.delivery.fate) {
            ("queued", _) => {
                self.pursue(tx).await?;
                Ok(Accepted::Again)
            }
            ("ignored" | "failed", Fate::Queue { .. }) => {
                Ok(Accepted::New { subjects: self.pursue(tx).await? })
            }
            _ => Ok(Accepted::AlreadyProcessed),
        }
    }

    fn weight(&self) -> usize {
        self.packed.len() + 1024
    }
}

impl Accept {
    /// `true` when the GUID was not there yet.
    async fn insert(&self, tx: &mut AnyConnection) -> Result<bool, StoreError> {
        let delivery = &self.delivery;
        let (state, settled_at, error_path, error) = match &delivery.fate {
            Fate::Queue { .. } => ("queued", None, None, None),
            Fate::Ignore { reason } => ("ignored", Some(delivery.received_at.0), None, Some(reason)),
            Fate::Fail { path, error } => {
                ("failed", Some(delivery.received_at.0), Some(path.as_str()), Some(error))
            }
        };
        let sender = delivery.sender.as_ref();
        let done = sqlx::query(
            "INSERT INTO deliveries (guid, event, action, repo_id, repo, installation_id, sender_id, \
             sender_login, sender_kind, received_at, seen, state, unfinished, settled_at, error_path, error, \
             body, body_bytes) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11, 0, $12, $13, $14, $15, $16) \
             ON CONFLICT (guid) DO NOTHING",
        )
        .bind(delivery.guid.as_str())
        .bind(delivery.event.as_str())
        .bind(delivery.action.as_deref())
        .bind(delivery.repo.as_ref().map(|(id, _)| signed(id.0, "repository id")).transpose()?)
        .bind(delivery.repo.as_ref().map(|(_, name)| name.to_string()))
        .bind(delivery.installation.map(|id| signed(id.0, "installation id")).transpose()?)
        .bind(sender.map(|actor| signed(actor.id.0, "sender id")).transpose()?)
        .bind(sender.map(|actor| actor.login.as_str()))
        .bind(sender.map(|actor| actor.kind.as_str()))
        .bind(delivery.received_at.0)
        .bind(state)
        .bind(settled_at)
        .bind(error_path)
        .bind(error.map(String::as_str))
        .bind(self.packed.as_slice())
        .bind(self.body_bytes)
        .execute(tx)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Raises the work of every target; returns how many subjects that were.
    async fn pursue(&self, tx: &mut AnyConnection) -> Result<usize, StoreError> {
        let Fate::Queue { targets, floor, pusher } = &self.delivery.fate else { return Ok(0) };
        let subjects = work::resolve(tx, targets).await?;
        let now = self.delivery.received_at;
        for subject in &subjects {
            let ask = Ask { subject, floor, now };
            let generation = work::raise(tx, &ask).await?;
            self.link(tx, subject, generation).await?;
            if let Some(pusher) = pusher {
                self.keep_pusher(tx, subject, pusher, floor.head.as_ref()).await?;
            }
        }
        self.count_unfinished(tx, subjects.len()).await?;
        Ok(subjects.len())
    }

    async fn link(
        &self,
        tx: &mut AnyConnection,
        subject: &Subject,
        generation: i64,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO delivery_work (guid, subject_key, generation) VALUES ($1, $2, $3) \
             ON CONFLICT (guid, subject_key) DO UPDATE SET generation = excluded.generation, done_at = NULL",
        )
        .bind(self.delivery.guid.as_str())
        .bind(subject.key())
        .bind(generation)
        .execute(tx)
        .await?;
        Ok(())
    }

    async fn keep_pusher(
        &self,
        tx: &mut AnyConnection,
        subject: &Subject,
        pusher: &Actor,
        head: Option<&Sha>,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO pushers (subject_key, guid, actor_id, login, kind, head, at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (subject_key, guid) DO NOTHING",
        )
        .bind(subject.key())
        .bind(self.delivery.guid.as_str())
        .bind(signed(pusher.id.0, "pusher id")?)
        .bind(pusher.login.as_str())
        .bind(pusher.kind.as_str())
        .bind(head.map(Sha::as_str))
        .bind(self.delivery.received_at.0)
        .execute(tx)
        .await?;
        Ok(())
    }

    /// A delivery that reaches no known subject has nothing to wait for.
    async fn count_unfinished(&self, tx: &mut AnyConnection, subjects: usize) -> Result<(), StoreError> {
        if subjects == 0 {
            sqlx::query(
                "UPDATE deliveries SET state = 'ignored', settled_at = $2, error_path = NULL, \
                 error = 'no known subject has this head' WHERE guid = $1 AND unfinished = 0",
            )
            .bind(self.delivery.guid.as_str())
            .bind(self.delivery.received_at.0)
            .execute(tx)
            .await?;
            return Ok(());
        }
        sqlx::query(
            "UPDATE deliveries SET state = 'queued', settled_at = NULL, error_path = NULL, error = NULL, \
             unfinished = (SELECT COUNT(*) FROM delivery_work WHERE guid = $1 AND done_at IS NULL) \
             WHERE guid = $1",
        )
        .bind(self.delivery.guid.as_str())
        .execute(tx)
        .await?;
        Ok(())
    }
}
