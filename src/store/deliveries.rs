//! T1: what a delivery is to the store, and what becomes of it. How it gets in is `store/intake.rs`.
//!
//! GitHub repeats a delivery under the same GUID, so a GUID counts as dealt with only when its look was finished,
//! not when it was received (<https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks>).
//! One that was kept as ignored or failed is taken again when a newer binary understands it.

use bytes::Bytes;
use policy::{Floor, InstallationId, Millis, RepoId, RepoName, Sha, Subject, UserId};

use super::intake::Accept;
use super::row::signed;
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
        /// What only this delivery tells of one of them.
        evidence: Option<Box<Testimony>>,
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

/// What only a delivery tells of a subject: kept until a look has judged it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Testimony {
    /// Which subject.
    pub subject: Subject,
    /// What it tells, as JSON. The store does not look inside.
    pub body: String,
    /// Whose doing it tells of, where it is a push.
    pub actor: Option<UserId>,
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
    /// Every deployment of the repository that waits for an answer: people may have been asked.
    Waiting {
        /// The repository.
        repo_id: RepoId,
        /// Its name now.
        repo: RepoName,
        /// The installation to reach it through.
        installation: InstallationId,
    },
    /// Every subject of the repository that is not over: its own rules changed.
    Repository {
        /// The repository.
        repo_id: RepoId,
        /// Its name now.
        repo: RepoName,
        /// The installation to reach it through.
        installation: InstallationId,
    },
}

impl Target {
    /// The repository, all of whose open subjects are meant.
    #[must_use]
    pub fn repository(&self) -> Option<RepoId> {
        match self {
            Self::Repository { repo_id, .. } => Some(*repo_id),
            Self::Subject(_) | Self::Head { .. } | Self::Waiting { .. } => None,
        }
    }
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// Kept, and work raised for this many subjects.
    New {
        /// How many subjects will be looked at again; 0 when the fate asked for none or no subject was known.
        subjects: usize,
    },
    /// Seen before, but not finished or its subject was over: its work was raised once more.
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
