//! What must be done so that the forge shows the verdict: the difference to what it shows already.
//!
//! Planning twice is as good as planning once: when the forge already shows the verdict the plan is empty.

mod deploy;
mod merge;
mod merging;
mod refs;
mod runs;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::facts::{Effects, ShownCheck};
use crate::ids::{CheckRunId, RepoName, Sha};
pub use deploy::{Answer, AnswerDeployment, plan_deployment};
pub use merge::{ProposeRevert, plan_merge};
pub use merging::{DisableAutoMerge, plan_merging};
pub use refs::{Kept, PutBack, Span, Undo, owed, plan_ref};
pub use runs::{CancelRun, patient_until, plan_run};

use crate::verdict::{Conclusion, Effect, Finding, Proposal, ProposalState, Verdict, Whose};

/// One effect on the forge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Make the check run show the verdict.
    ShowCheck(ShowCheck),
    /// Put a branch or tag back to where it stood.
    PutBack(PutBack),
    /// Take content back with a commit on top, or propose that commit.
    Undo(Undo),
    /// Cancel a workflow run.
    CancelRun(CancelRun),
    /// Switch auto-merge off.
    DisableAutoMerge(DisableAutoMerge),
    /// Propose to take a merged pull request back.
    ProposeRevert(ProposeRevert),
    /// Answer the forge about a deployment.
    AnswerDeployment(AnswerDeployment),
}

impl Action {
    /// The check run that it makes, if it makes one.
    #[must_use]
    pub fn check(&self) -> Option<&ShowCheck> {
        match self {
            Self::ShowCheck(show) => Some(show),
            Self::PutBack(_)
            | Self::Undo(_)
            | Self::CancelRun(_)
            | Self::DisableAutoMerge(_)
            | Self::ProposeRevert(_)
            | Self::AnswerDeployment(_) => None,
        }
    }
}

/// Create or update a check run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowCheck {
    /// What it shows.
    #[serde(default)]
    pub what: Shows,
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

/// What a check run shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shows {
    /// The verdict. Branch protection requires this one.
    #[default]
    Verdict,
    /// Whether the rules that the pull request proposes are valid.
    ProposedRules,
}

/// Version of the text that is made of a verdict: raise it when the rendering changes, so that runs are refreshed.
const TEXT_VERSION: u32 = 2;

/// The name of the check that validates proposed rules, beside the gate's own.
#[must_use]
pub fn rules_check(check: &str) -> String {
    format!("{check}/rules")
}

/// The difference between what the forge shows and what it must show, in order.
#[must_use]
pub fn plan(verdict: &Verdict, effects: &Effects) -> Vec<Action> {
    if verdict.pulls.is_empty() && verdict.group.is_none() {
        return Vec::new();
    }
    let show = |what, name, conclusion, text: String| ShowCheck {
        what,
        repository: verdict.repository.name.clone(),
        existing: None,
        head: verdict.head.clone(),
        name,
        conclusion,
        external_id: format!("v{TEXT_VERSION}:{text}"),
    };
    let own = show(Shows::Verdict, verdict.check.clone(), verdict.shown(), verdict.digest());
    // Where surely nothing is proposed any more, a run that was shown must not go on telling of it.
    let mut findings = verdict.pulls.iter().flat_map(|pull| &pull.findings);
    let seen = findings.all(|finding| finding.effect != Effect::Unseen);
    let told = !verdict.proposals.is_empty() || (seen && !effects.rules_checks.is_empty());
    let rules = told.then(|| proposed(verdict)).map(|(conclusion, digest)| {
        let rules = show(Shows::ProposedRules, rules_check(&verdict.check), conclusion, digest);
        difference(rules, &effects.rules_checks)
    });
    difference(own, &effects.checks).into_iter().chain(rules.flatten()).map(Action::ShowCheck).collect()
}

/// A finding as one line of a text that the forge shows: short, and calling nobody.
fn line(finding: &Finding) -> String {
    format!("{} ({})", plain(&finding.message), finding.code.as_str())
}

/// Hostile text as a part of one line: cut, and calling nobody.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect::<String>().replace('@', "@\u{200b}")
}

/// What there is to do, if the forge does not show it already.
fn difference(show: ShowCheck, shown: &[ShownCheck]) -> Option<ShowCheck> {
    let latest = shown.iter().max_by_key(|check| check.id);
    let stands = latest.is_some_and(|check| {
        check.completed
            && check.conclusion.as_deref() == Some(show.conclusion.as_str())
            && check.external_id.as_deref() == Some(show.external_id.as_str())
    });
    (!stands).then(|| ShowCheck { existing: latest.map(|check| check.id), ..show })
}

/// Whether the rules that are proposed could all come into force, and a digest of what is to be said of them.
fn proposed(verdict: &Verdict) -> (Conclusion, String) {
    let usable = |proposal: &Proposal| match proposal.state {
        ProposalState::Valid => true,
        // A repository can do without rules of its own, the organisation cannot.
        ProposalState::Removed => proposal.whose == Whose::Repository,
        ProposalState::Invalid | ProposalState::Unseen(_) => false,
    };
    let conclusion =
        if verdict.proposals.iter().all(usable) { Conclusion::Success } else { Conclusion::Failure };
    let text = serde_json::to_vec(&verdict.proposals).unwrap_or_default();
    (conclusion, hex::encode(Sha256::digest(text)))
}
