//! The verbs of the merge queue.

use serde::Deserialize;

/// Pull requests put into the merge queue of their base branch, as one group.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enqueue {
    /// Who puts them there.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name`.
    pub repo: String,
    /// The number, of a group of one.
    pub pull: Option<u64>,
    /// The numbers, in the order they land.
    #[serde(default)]
    pub pulls: Vec<u64>,
}

impl Enqueue {
    /// One group of these pull requests.
    #[must_use]
    pub fn new(actor: &str, repo: &str, pulls: &[u64]) -> Self {
        Self { actor: actor.to_owned(), repo: repo.to_owned(), pull: None, pulls: pulls.to_vec() }
    }

    /// All of them, in order.
    pub(crate) fn numbers(&self) -> Vec<u64> {
        self.pull.iter().chain(&self.pulls).copied().collect()
    }
}

/// A pull request taken out of the merge queue; its group goes away, and what stands behind is formed anew.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dequeue {
    /// Who takes it out.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name`.
    pub repo: String,
    /// The number.
    pub pull: u64,
    /// GitHub's word, such as `MANUAL` or `BRANCH_PROTECTIONS`.
    #[serde(default = "manual")]
    pub reason: String,
}

fn manual() -> String {
    "MANUAL".to_owned()
}

/// The first group of the queue is merged.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LandGroup {
    /// `owner/name`.
    pub repo: String,
    /// The number of any pull request of the group.
    pub pull: u64,
    /// Whether it lands without its required checks.
    #[serde(default)]
    pub force: bool,
}

/// Why a group is no more, other than that it was merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Destruction {
    /// A check failed, or the base changed.
    #[default]
    Invalidated,
    /// Its pull requests were taken out.
    Dequeued,
}

impl Destruction {
    /// GitHub's word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Invalidated => "invalidated",
            Self::Dequeued => "dequeued",
        }
    }

    /// Why each pull request of the group was taken out, in GitHub's words.
    pub(crate) fn removal(self) -> &'static str {
        match self {
            Self::Invalidated => "CI_FAILURE",
            Self::Dequeued => "MANUAL",
        }
    }
}

/// A whole group leaves the queue.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DestroyGroup {
    /// `owner/name`.
    pub repo: String,
    /// The number of any pull request of the group.
    pub pull: u64,
    /// Why.
    #[serde(default)]
    pub reason: Destruction,
}
