//! What must be done about a merge past the gate: at most one pull request that takes it back. It is never merged by us.

use serde::{Deserialize, Serialize};

use super::{Action, line};
use crate::act::{ActVerdict, MergeFacts};
use crate::facts::Fact;
use crate::ids::RepoName;
use crate::rules::Respond;

/// Open a pull request that takes a merged one back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposeRevert {
    /// Where, by the name that the repository has now.
    pub repository: RepoName,
    /// The pull request that was merged.
    pub pull: u64,
    /// The title of the new one.
    pub title: String,
    /// What it says: why.
    pub body: String,
}

/// What is to be done about a merge: nothing when it has been proposed already, or when that cannot be seen.
#[must_use]
pub fn plan_merge(verdict: &ActVerdict, facts: &MergeFacts) -> Vec<Action> {
    let answered = verdict.deeds.iter().find(|deed| verdict.answer(deed) == Some(Respond::Revert));
    let Some(deed) = answered.filter(|_| facts.reverts == Fact::Known(Vec::new())) else {
        return Vec::new();
    };
    let mut body = format!("Portcullis found that #{} was merged past the gate:\n", facts.number);
    for finding in deed.findings.iter().take(5) {
        body.push_str(&format!("\n- {}", line(finding)));
    }
    body.push_str("\n\nMerge this to take it back, or close it if it may stay.");
    vec![Action::ProposeRevert(ProposeRevert {
        repository: facts.repository.name.clone(),
        pull: facts.number,
        title: format!("Revert #{}, which was merged past the gate", facts.number),
        body,
    })]
}
