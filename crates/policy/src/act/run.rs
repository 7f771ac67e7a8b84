//! What was seen of a workflow run.
//!
//! A run is judged as one attempt at one commit: whoever runs it again is judged anew. What its jobs ask for comes from
//! signed deliveries and from the forge; what was not told is not known.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::facts::{Account, Fact, Going, OwnRules, Repository, Roster};
use crate::ids::{Millis, RunId, Sha};

/// Everything that a verdict about a workflow run rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFacts {
    /// When the look was taken.
    pub now: Millis,
    /// The repository that it runs in.
    pub repository: Repository,
    /// The repository's default branch, without `refs/heads/`.
    pub default_branch: String,
    /// The run itself.
    pub run: Run,
    /// Whether the workflow's file at the run's head is, byte for byte, that of the default branch.
    pub same_workflow: Fact<bool>,
    /// Whether the head is a tag's: there is no branch of its name, but a tag.
    pub of_tag: Fact<bool>,
    /// Labels of the runners that its jobs ask for, in lower case.
    pub runners: Fact<BTreeSet<String>>,
    /// The environments that its jobs deploy to.
    pub environments: Fact<BTreeSet<String>>,
    /// By the name of an agent that caused it: the agent's runs that began before it and go on. Only told where a quota
    /// asks.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub going: BTreeMap<String, Fact<Vec<Going>>>,
    /// When the forge last took a cancel of this attempt from the gate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<Millis>,
    /// Who belongs to the organisations and teams that the rules name.
    pub roster: Roster,
    /// The repository's own rules at its default branch.
    pub own_rules: Fact<OwnRules>,
}

/// A workflow run as the forge shows it now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its number.
    pub id: RunId,
    /// Which attempt, counted from one.
    pub attempt: u64,
    /// The commit that it runs at.
    pub head: Sha,
    /// The short name of a branch or tag; hostile text, and only a name.
    pub branch: Option<String>,
    /// The workflow's file. Hostile text.
    pub path: String,
    /// GitHub's word for what caused it.
    pub event: String,
    /// Who caused its first attempt. Platform evidence.
    pub actor: Fact<Account>,
    /// Who caused this attempt. Platform evidence.
    pub triggering_actor: Fact<Account>,
    /// Whether its head is in another repository.
    pub fork: Fact<bool>,
    /// How far it is.
    pub state: RunState,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// It runs, or will.
    Open,
    /// It waits for a person to let the run of a fork begin. Nothing runs before that.
    Held,
    /// It is over.
    Over,
}

/// What a delivery tells of one of a run's jobs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobTold {
    /// Which attempt of the run.
    pub attempt: u64,
    /// Labels of the runner that it asks for.
    pub labels: BTreeSet<String>,
    /// The environment that it deploys to.
    pub environment: Option<String>,
}

/// Events that somebody causes to have a run, and for nothing else.
const DISPATCHES: [&str; 2] = ["workflow_dispatch", "repository_dispatch"];

/// Workflows of GitHub's own begin with this and have no file in the repository.
const DYNAMIC: &str = "dynamic/";

impl Run {
    /// Whether somebody asked for the run itself, rather than did something that causes one.
    #[must_use]
    pub fn is_dispatch(&self) -> bool {
        DISPATCHES.contains(&self.event.as_str())
    }

    /// Whether it was run before.
    #[must_use]
    pub fn is_rerun(&self) -> bool {
        self.attempt > 1
    }

    /// Where the file stands that says what it does at its head; `None` when no commit of a pull request can say so:
    /// GitHub's own workflows, and `pull_request_target`, which takes the file of the base
    /// (<https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows>).
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        let from_head = !self.path.starts_with(DYNAMIC) && self.event != "pull_request_target";
        from_head.then_some(self.path.as_str())
    }
}
