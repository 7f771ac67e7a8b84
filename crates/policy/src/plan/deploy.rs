//! What the forge must be told about a deployment that waits: yes, no, or how far it is.
//!
//! One yes or no is all the forge takes. Reports are shown as they come, at most ten for each deployment
//! (<https://docs.github.com/en/rest/actions/workflow-runs#review-custom-deployment-protection-rules-for-a-workflow-run>).

use serde::{Deserialize, Serialize};

use super::{Action, plain};
use crate::act::{ActVerdict, DeploymentFacts};
use crate::ids::{RepoName, RunId};
use crate::verdict::{Effect, Enforcement, Finding};

/// Answer the forge about a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerDeployment {
    /// Where, by the name that the repository has now.
    pub repository: RepoName,
    /// The run.
    pub run: RunId,
    /// The attempt that was judged. What is answered about one attempt says nothing of another.
    pub attempt: u64,
    /// The environment.
    pub environment: String,
    /// What is answered.
    pub answer: Answer,
    /// Shown on the run; Markdown.
    pub comment: String,
}

/// What is answered about a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It may go on.
    Approve,
    /// The run ends.
    Reject,
    /// It goes on waiting, and people read what for.
    Report,
}

/// GitHub takes ten; the rest is for what people do by hand.
const MOST_REPORTS: usize = 8;
/// GitHub takes so many characters of a comment.
const COMMENT_CHARACTERS: usize = 1024;
/// More findings than these are only counted.
const MOST_FINDINGS: usize = 5;

/// What is to be answered.
#[must_use]
pub fn plan_deployment(verdict: &ActVerdict, facts: &DeploymentFacts) -> Vec<Action> {
    let Some(deed) = verdict.deeds.first().filter(|_| facts.waits) else { return Vec::new() };
    let strictest = deed.findings.iter().map(|finding| finding.effect).max();
    let answer = match (verdict.enforcement, strictest) {
        (Enforcement::Evaluate | Enforcement::Disabled, _) | (_, None | Some(Effect::Satisfied)) => {
            Answer::Approve
        }
        (Enforcement::Active, Some(Effect::Denies)) => Answer::Reject,
        (Enforcement::Active, Some(Effect::Waits | Effect::Unseen)) => Answer::Report,
    };
    let answer = AnswerDeployment {
        repository: facts.repository.name.clone(),
        run: facts.run.id,
        attempt: facts.run.attempt,
        environment: facts.environment.clone(),
        answer,
        comment: comment(verdict, facts, answer, &deed.findings),
    };
    if is_told(&answer, &facts.answered) { Vec::new() } else { vec![Action::AnswerDeployment(answer)] }
}

/// Whether the forge knows: nothing follows a yes or no about this attempt, and no report is told twice in a row.
fn is_told(answer: &AnswerDeployment, answered: &[AnswerDeployment]) -> bool {
    let of_attempt: Vec<_> =
        answered.iter().filter(|told| told.run == answer.run && told.attempt == answer.attempt).collect();
    let final_answer = of_attempt.iter().any(|told| told.answer != Answer::Report);
    let repeated = of_attempt.first().is_some_and(|told| told.comment == answer.comment);
    let too_many = answer.answer == Answer::Report && of_attempt.len() >= MOST_REPORTS;
    final_answer || (answer.answer == Answer::Report && repeated) || too_many
}

fn comment(verdict: &ActVerdict, facts: &DeploymentFacts, answer: Answer, findings: &[Finding]) -> String {
    let commit = facts.run.head.short();
    let against: Vec<&Finding> =
        findings.iter().filter(|finding| finding.effect > Effect::Satisfied).collect();
    let mut text = match (answer, verdict.enforcement) {
        (Answer::Approve, Enforcement::Disabled) => {
            "Nothing is judged here: enforcement is `disabled`.".to_owned()
        }
        (Answer::Approve, Enforcement::Evaluate) if !against.is_empty() => {
            format!("Commit {commit} goes on, for enforcement is `evaluate`. Otherwise:")
        }
        (Answer::Approve, _) => format!("Commit {commit} may be deployed."),
        (Answer::Reject, _) => format!("Commit {commit} may not be deployed:"),
        (Answer::Report, _) => format!("Commit {commit} waits:"),
    };
    for finding in against.iter().take(MOST_FINDINGS) {
        text.push_str("\n- ");
        text.push_str(&plain(&finding.message));
        if let Some(way_out) = &finding.way_out {
            text.push_str("\n  ");
            text.push_str(&plain(way_out));
        }
    }
    let more = against.len().saturating_sub(MOST_FINDINGS);
    if more > 0 {
        text.push_str(&format!("\n- and {more} more"));
    }
    text.chars().take(COMMENT_CHARACTERS).collect()
}
