//! What rules can be about, and what can be answered to it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a rule is about; the words are GitHub's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum On {
    /// A proposed change.
    PullRequest,
    /// Commits that arrive on a branch.
    Push,
    /// A branch that is created or deleted.
    Branch,
    /// A tag that is created, moved or deleted.
    Tag,
    /// A workflow that runs.
    WorkflowRun,
    /// Something that is deployed to an environment.
    Deployment,
    /// A release that is published or changed.
    Release,
    /// A package that is published.
    Package,
    /// What guards a repository, or the gate, that becomes looser.
    Protection,
}

impl On {
    /// All of them, in the order of the documents.
    pub const ALL: &'static [Self] = &[
        Self::PullRequest,
        Self::Push,
        Self::Branch,
        Self::Tag,
        Self::WorkflowRun,
        Self::Deployment,
        Self::Release,
        Self::Package,
        Self::Protection,
    ];

    /// The word in `rules.toml`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PullRequest => "pull_request",
            Self::Push => "push",
            Self::Branch => "branch",
            Self::Tag => "tag",
            Self::WorkflowRun => "workflow_run",
            Self::Deployment => "deployment",
            Self::Release => "release",
            Self::Package => "package",
            Self::Protection => "protection",
        }
    }

    /// What agents do there, to begin a sentence with.
    #[must_use]
    pub(crate) const fn doings(self) -> &'static str {
        match self {
            Self::PullRequest => "changes",
            Self::Push => "pushes",
            Self::Branch => "new and deleted branches",
            Self::Tag => "tags",
            Self::WorkflowRun => "workflow runs",
            Self::Deployment => "deployments",
            Self::Release => "releases",
            Self::Package => "packages",
            Self::Protection => "changes of protections",
        }
    }

    /// Whether people can be asked first. What has happened already can only be answered.
    #[must_use]
    pub(crate) const fn can_wait(self) -> bool {
        match self {
            Self::PullRequest | Self::Deployment => true,
            Self::Push
            | Self::Branch
            | Self::Tag
            | Self::WorkflowRun
            | Self::Release
            | Self::Package
            | Self::Protection => false,
        }
    }
}

impl fmt::Display for On {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is done about something that has happened and is denied. Ordered from mild to strict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Respond {
    /// It is told of.
    Report,
    /// The run is cancelled.
    Cancel,
    /// The branch or tag is put back, and what was pushed is kept aside.
    Revert,
    /// The agent is suspended.
    Suspend,
}

impl Respond {
    /// All of them, mildest first.
    pub const ALL: &'static [Self] = &[Self::Report, Self::Cancel, Self::Revert, Self::Suspend];

    /// The word in `rules.toml`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Cancel => "cancel",
            Self::Revert => "revert",
            Self::Suspend => "suspend",
        }
    }

    /// Whether it is an answer to that.
    #[must_use]
    pub(crate) const fn answers(self, on: On) -> bool {
        match (self, on) {
            (Self::Report, on) => !on.can_wait(),
            (Self::Cancel, on) => matches!(on, On::WorkflowRun),
            (Self::Revert, on) => matches!(on, On::Push | On::Branch | On::Tag),
            (Self::Suspend, on) => matches!(on, On::Protection),
        }
    }
}

impl fmt::Display for Respond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
