//! What was seen of something that was published: a deployment made outside of workflow runs, a release, a package.
//!
//! All of it has happened when it is heard of, and who did it is told by the signed delivery alone.

use serde::{Deserialize, Serialize};

use super::Origin;
use crate::facts::{Account, Fact, OwnRules, Repository, Roster};
use crate::ids::{Millis, Sha};

/// Everything that a verdict about something published rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicationFacts {
    /// When the look was taken.
    pub now: Millis,
    /// The repository that it is of.
    pub repository: Repository,
    /// The repository's default branch, without `refs/heads/`.
    pub default_branch: String,
    /// What was done, oldest first.
    pub acts: Vec<Published>,
    /// Where the commit that was deployed comes from; only asked about deployments.
    pub origin: Fact<Origin>,
    /// Who belongs to the organisations and teams that the rules name.
    pub roster: Roster,
    /// The repository's own rules at its default branch.
    pub own_rules: Fact<OwnRules>,
}

/// One thing that was done, and who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The delivery that told of it.
    pub id: String,
    /// What was told.
    pub told: PublicationTold,
}

/// What a delivery tells of something published: what is kept of it until it was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicationTold {
    /// Who did it. Platform evidence.
    pub actor: Fact<Account>,
    /// GitHub's word for what was done: `created`, `published`, `edited`.
    pub action: String,
    /// What it was done to.
    pub what: Publication,
}

/// Something that is published. All names are hostile text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Publication {
    /// A deployment that belongs to no workflow run.
    Deployment {
        /// The environment.
        environment: String,
        /// The commit.
        commit: Sha,
        /// The branch, tag or commit that was named.
        reference: String,
        /// The App through which somebody did it, by its slug.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        through: Option<String>,
    },
    /// A release.
    Release {
        /// The tag that it is of.
        tag: String,
    },
    /// A package.
    Package {
        /// What it is called.
        name: String,
        /// GitHub's word for the registry: `npm`, `container`.
        registry: String,
        /// Which version.
        version: String,
    },
}

impl Publication {
    /// The environment, where something is deployed.
    #[must_use]
    pub fn environment(&self) -> Option<&str> {
        match self {
            Self::Deployment { environment, .. } => Some(environment),
            Self::Release { .. } | Self::Package { .. } => None,
        }
    }

    /// The App through which somebody did it.
    #[must_use]
    pub fn through(&self) -> Option<&str> {
        match self {
            Self::Deployment { through, .. } => through.as_deref(),
            Self::Release { .. } | Self::Package { .. } => None,
        }
    }

    /// The tag of a release.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        match self {
            Self::Release { tag } => Some(tag),
            Self::Deployment { .. } | Self::Package { .. } => None,
        }
    }
}
