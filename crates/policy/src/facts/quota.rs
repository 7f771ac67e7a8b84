//! What is counted for quotas: what else an agent did, within the day or at the same time.

use std::collections::BTreeMap;

use change::Class;
use serde::{Deserialize, Serialize};

use super::{Fact, PullState, Repository};
use crate::ids::{Millis, RepoId, RunId};

/// Another pull request of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Where it is.
    pub repository: Repository,
    /// Its number there.
    pub number: u64,
    /// When it was opened.
    pub opened_at: Millis,
    /// Whether it was opened before the one that is judged.
    pub earlier: bool,
    /// Whether it is open, closed or merged, as a look saw it last.
    pub state: PullState,
    /// When a look first saw it closed or merged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Millis>,
    /// How many lines it changes, by change class; of none when nobody asked at the time.
    pub lines: Fact<BTreeMap<Class, u64>>,
}

/// A push of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushTold {
    /// Where.
    pub repository: RepoId,
    /// When it was heard of.
    pub at: Millis,
}

/// A workflow run of an agent that goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Going {
    /// Where.
    pub repository: Repository,
    /// Its number.
    pub run: RunId,
    /// When this attempt of it began.
    pub begun_at: Millis,
}
