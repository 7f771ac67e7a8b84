//! What is no act of anybody: adversity of the API, and time between two acts.
//!
//! Both end by themselves, so that a story always comes to its end.

use serde::Deserialize;

use crate::fault::Fault;

/// A fault that strikes the next calls of a route.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Strike {
    /// Such as `POST /repos/*/*/check-runs` or `graphql PullRequest`.
    pub route: String,
    /// What goes wrong.
    pub fault: Fault,
    /// How many calls are struck.
    #[serde(default = "one")]
    pub times: usize,
}

fn one() -> usize {
    1
}

/// Somebody acts between what a client has read and what it does next.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Before {
    /// Such as `updateRefs` (a mutation's field), `graphql PullRequest` or `PATCH /repos/*/*/git/refs/heads/main`.
    pub route: String,
    /// What happens, once.
    pub step: Box<super::Step>,
}

/// The story goes on when [`play_on`](crate::FakeGithub::play_on) is called: whoever listens comes to rest first.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wait {
    /// How many days pass, for whoever plays the story.
    #[serde(default)]
    pub days: u32,
}
