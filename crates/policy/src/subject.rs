//! What a verdict is about, and how fresh a look at it must be.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::{InstallationId, Millis, RepoId, RepoName, Sha};

/// What a verdict is about. Two subjects are the same when their [`Subject::key`] is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Subject {
    /// A pull request.
    Pull(PullSubject),
}

/// A pull request as a subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullSubject {
    /// The installation through which the repository is reached.
    pub installation: InstallationId,
    /// The base repository; identifies.
    pub repo_id: RepoId,
    /// The base repository's name when it was last heard of; only a hint.
    pub repo: RepoName,
    /// The pull request's number; identifies.
    pub number: u64,
}

impl Subject {
    /// The identity of the subject: one row of work each. Free of anything that can be renamed.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Pull(pull) => format!("pull/{}/{}", pull.repo_id, pull.number),
        }
    }

    /// The repository's name when it was last heard of.
    #[must_use]
    pub fn repo(&self) -> &RepoName {
        match self {
            Self::Pull(pull) => &pull.repo,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pull(pull) => write!(f, "{}#{}", pull.repo, pull.number),
        }
    }
}

/// The least that a look at the subject must have seen: GitHub's API may lag behind its webhooks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Floor {
    /// `updated_at` of the newest delivery.
    pub updated_at: Option<Millis>,
    /// The head that came with it.
    pub head: Option<Sha>,
}

impl Floor {
    /// The stricter of both: the later moment, and what came with it. On a tie `newer` wins.
    #[must_use]
    pub fn raise(self, newer: Self) -> Self {
        if newer.updated_at >= self.updated_at { newer } else { self }
    }

    /// Whether something read with this `updated_at` and `head` is older than what a delivery already told.
    ///
    /// GitHub's moments have whole seconds, so an equal moment with another head counts as older.
    #[must_use]
    pub fn is_above(&self, updated_at: Millis, head: &Sha) -> bool {
        match self.updated_at {
            None => false,
            Some(floor) if updated_at < floor => true,
            Some(floor) if updated_at > floor => false,
            Some(_) => self.head.as_ref().is_some_and(|told| told != head),
        }
    }
}
