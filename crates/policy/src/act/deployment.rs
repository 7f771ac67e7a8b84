//! What was seen of a deployment that waits for the gate's answer.
//!
//! The forge asks for each job of a run that names a guarded environment. What counts is the commit itself: where it
//! stands, who brought it there and what was decided about that; never the name that a run was started by, for a tag can
//! be called as a branch is.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Run;
use crate::facts::{Account, Fact, Facts, OwnRules, Repository, Roster};
use crate::ids::Millis;
use crate::plan::AnswerDeployment;
use crate::verdict::{Conclusion, JudgedAs};

/// Everything that a verdict about a deployment rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentFacts {
    /// When the look was taken.
    pub now: Millis,
    /// The repository that is deployed from.
    pub repository: Repository,
    /// The repository's default branch, without `refs/heads/`.
    pub default_branch: String,
    /// The run whose job deploys, with its attempt and commit.
    pub run: Run,
    /// The environment. Hostile text.
    pub environment: String,
    /// Whether the forge still waits for an answer.
    pub waits: bool,
    /// Where the commit comes from.
    pub origin: Fact<Origin>,
    /// Who can be asked about this commit: the pull request that brought it, with this commit for its head. Only read
    /// when some rule may ask for a tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Box<Facts>>,
    /// What the gate has answered about it before, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answered: Vec<AnswerDeployment>,
    /// Who belongs to the organisations and teams that the rules name.
    pub roster: Roster,
    /// The repository's own rules at its default branch.
    pub own_rules: Fact<OwnRules>,
}

/// Where a commit comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Of the default branch and the branch that is named as its source, those that contain it.
    pub on: BTreeSet<String>,
    /// The pull requests that brought it.
    pub pulls: Vec<Brought>,
    /// Who pushed it; only asked where no pull request brought it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushed: Option<PushedBy>,
    /// What it contains that went past the gate, and whose incident is not closed: pull requests, and pushes, in words.
    pub past: Fact<Vec<String>>,
}

/// A pull request that brought a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brought {
    /// Its number.
    pub number: u64,
    /// Whether the commit is the whole of it: its merge or its head, and none in between that nobody judged by itself.
    pub whole: bool,
    /// What the gate decided: about the merge where it is merged, else about its head. `None` when nothing yet.
    pub conclusion: Option<Conclusion>,
    /// Whose work it is.
    pub judged_as: JudgedAs,
    /// The registered agents that had a hand in it.
    pub agents: BTreeSet<String>,
}

/// Who pushed a commit that no pull request brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushedBy {
    /// Platform evidence.
    pub by: Fact<Account>,
    /// Whether the gate judged that push, and it passed.
    pub passed: bool,
}
