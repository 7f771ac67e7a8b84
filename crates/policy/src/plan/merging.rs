//! What must be done so that a pull request does not merge by itself: auto-merge is switched off where the verdict says
//! so and the forge still shows it on.

use serde::{Deserialize, Serialize};

use super::Action;
use crate::facts::{Facts, Pull};
use crate::ids::RepoName;
use crate::verdict::{Enforcement, Verdict};

/// Switch auto-merge off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisableAutoMerge {
    /// Where, by the name that the repository has now.
    pub repository: RepoName,
    /// The pull request.
    pub number: u64,
    /// The forge's global id of it.
    pub node: String,
}

/// Every pull request of the verdict whose auto-merge is on and must not be. Nothing is done where the rules only
/// evaluate.
#[must_use]
pub fn plan_merging(verdict: &Verdict, facts: &Facts) -> Vec<Action> {
    if verdict.enforcement != Enforcement::Active {
        return Vec::new();
    }
    let siblings = facts.siblings.get().map(Vec::as_slice).unwrap_or_default();
    let shows = |pull: &&Pull| pull.auto_merge.is_some() && !pull.node.is_empty();
    let stops = |pull: &&Pull| {
        verdict.pulls.iter().any(|judged| judged.number == pull.number && judged.stop_auto_merge)
    };
    std::iter::once(&facts.pull)
        .chain(siblings)
        .filter(shows)
        .filter(stops)
        .map(|pull| {
            Action::DisableAutoMerge(DisableAutoMerge {
                repository: verdict.repository.name.clone(),
                number: pull.number,
                node: pull.node.clone(),
            })
        })
        .collect()
}
