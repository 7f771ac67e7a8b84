//! What must be done so that the forge shows the verdict: the difference to what it shows already.
//!
//! Planning twice is as good as planning once: when the forge already shows the verdict the plan is empty.

use serde::{Deserialize, Serialize};

use crate::facts::Effects;
use crate::ids::{CheckRunId, RepoName, Sha};
use crate::verdict::{Conclusion, Verdict};

/// One effect on the forge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Make the check run show the verdict.
    ShowCheck(ShowCheck),
}

/// Create or update the check run that shows a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowCheck {
    /// Where, by the name that the repository has now.
    pub repository: RepoName,
    /// The run to update; `None` to create one.
    pub existing: Option<CheckRunId>,
    /// The commit.
    pub head: Sha,
    /// The check's name, as branch protection requires it.
    pub name: String,
    /// What to show.
    pub conclusion: Conclusion,
    /// Tells which verdict the run shows, so that nothing is posted twice.
    pub external_id: String,
}

/// Version of the text that is made of a verdict: raise it when the rendering changes, so that runs are refreshed.
const TEXT_VERSION: u32 = 2;

/// The difference between what the forge shows and what it must show, in order.
#[must_use]
pub fn plan(verdict: &Verdict, effects: &Effects) -> Vec<Action> {
    if verdict.pulls.is_empty() {
        return Vec::new();
    }
    let external_id = format!("v{TEXT_VERSION}:{}", verdict.digest());
    let conclusion = verdict.shown();
    let latest = effects.checks.iter().max_by_key(|check| check.id);
    let shown = latest.is_some_and(|check| {
        check.completed
            && check.conclusion.as_deref() == Some(conclusion.as_str())
            && check.external_id.as_deref() == Some(external_id.as_str())
    });
    if shown {
        return Vec::new();
    }
    vec![Action::ShowCheck(ShowCheck {
        repository: verdict.repository.name.clone(),
        existing: latest.map(|check| check.id),
        head: verdict.head.clone(),
        name: verdict.check.clone(),
        conclusion,
        external_id,
    })]
}
