//! What was seen of a merge group: pull requests that the forge's queue is about to land together.
//!
//! A group is only a way in for pull requests, so each of them is looked at as it stands now. What belongs to the group
//! alone is what landing it would make of them.

use serde::{Deserialize, Serialize};

use super::RefName;
use crate::facts::{Fact, Facts, OwnRules, Repository};
use crate::ids::{Millis, Sha};

/// Everything that a verdict about a merge group rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupFacts {
    /// When the look was taken.
    pub now: Millis,
    /// The repository.
    pub repository: Repository,
    /// The branch that the queue made for it.
    pub head_ref: RefName,
    /// Its tip: what would land. The check run is shown there.
    pub head: Sha,
    /// The branch that it would land on, without `refs/heads/`.
    pub base: String,
    /// Its pull requests in the order in which they land.
    pub members: Fact<Vec<Member>>,
    /// The repository's own rules at its default branch.
    pub own_rules: Fact<OwnRules>,
}

/// A pull request of a merge group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The pull request as it stands now, by its own head.
    pub facts: Facts,
    /// What landing it would make of it.
    pub landing: Fact<Landing>,
}

/// What became, or would become, of a head that is merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Landing {
    /// Whether the tree is the one that git makes of the base and the head.
    pub as_merged: bool,
    /// Commits that are neither the pull request's nor made by merging it.
    pub strangers: u64,
}

/// A merge group as one signed delivery tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupTold {
    /// What would land.
    pub head: Sha,
    /// What it is built on.
    pub base: Sha,
    /// The branch that it would land on.
    pub base_ref: RefName,
    /// Whether the group is no more.
    pub over: bool,
}
