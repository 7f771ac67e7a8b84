//! What is always allowed and what never is, whatever rules and registrations say.

use change::Class;

use crate::act::{Move, RefFacts};
use crate::decide::{cannot_see, hidden};
use crate::facts::{Account, Fact};
use crate::ids::UserId;
use crate::predicate::Scene;
use crate::verdict::{Code, Effect, Evidence, Finding};

/// GitHub's own account that makes the branches of merge groups, moves the base, and takes the branches away again.
const MERGE_QUEUE: UserId = UserId(118_344_674);
/// Where it makes them.
const QUEUE: &str = "gh-readonly-queue/";

/// The forge's merge queue made or deleted a branch of its own.
pub(super) fn made_by_the_queue(facts: &RefFacts, actor: &Account) -> bool {
    actor.id == MERGE_QUEUE && facts.name.branch().is_some_and(|branch| branch.starts_with(QUEUE))
}

/// The forge's merge queue landed it, and the gate had judged the group. The queue is nobody's hand.
pub(super) fn landed_by_the_queue(moved: &Move, actor: &Account) -> bool {
    let Fact::Known(landed) = &moved.landed else { return false };
    actor.id == MERGE_QUEUE
        && !moved.forced
        && !landed.is_empty()
        && landed.iter().all(|pull| pull.queued && pull.passed)
}

/// Whether it is nothing but the merge of pull requests that had all passed.
pub(super) fn landed_what_passed(moved: &Move) -> bool {
    let Fact::Known(landed) = &moved.landed else { return false };
    !moved.forced && !landed.is_empty() && landed.iter().all(|pull| pull.passed)
}

/// A commit was replaced by a copy of itself that nobody signed: it looks the same everywhere but in its signature.
pub(super) fn stripped(moved: &Move) -> Option<Finding> {
    moved.stripped.then(|| {
        denied(
            Code::SignatureStripped,
            "the new tip copies the one before, without its signature".to_owned(),
            Vec::new(),
            0,
            "Find out who made the copy; the signed commit is kept by its id.",
        )
    })
}

/// What governs and steers agents never reaches the default branch by an agent's own push, nor does text that people do
/// not see: nobody could have approved it. And no name is taken that reads like another.
pub(super) fn floor(facts: &RefFacts, moved: &Move, scene: &Scene<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if moved.is_creation()
        && let Some(why) = facts.name.confusing(&facts.default_branch)
    {
        findings.push(denied(
            Code::ConfusingName,
            format!("an agent may not take this name: {why}"),
            Vec::new(),
            0,
            "Use a name of plain ASCII letters, digits, `-`, `_`, `.` and `/`.",
        ));
    }
    let is_default = facts.name.branch() == Some(facts.default_branch.as_str());
    if !is_default || moved.is_deletion() || landed_what_passed(moved) {
        return findings;
    }
    match scene.files.get() {
        Ok(files) => {
            let proof = files.of_classes(&[Class::GOVERNANCE, Class::STEERING]);
            if proof.total > 0 {
                findings.push(denied(
                    Code::GovernanceFloor,
                    "what governs or steers agents never lands without a person's approval".to_owned(),
                    proof.evidence,
                    proof.total,
                    "Propose it in a pull request and have a person approve it.",
                ));
            }
        }
        // It is an agent's: what nobody could see must not stay there.
        Err(why) => {
            findings.push(Finding { effect: Effect::Denies, ..cannot_see(format!("what it changed: {why}")) })
        }
    }
    findings.extend(hidden::in_push(moved, &scene.files));
    findings
}

fn denied(
    code: Code,
    message: String,
    evidence: Vec<Evidence>,
    evidence_total: usize,
    way_out: &str,
) -> Finding {
    Finding {
        code,
        effect: Effect::Denies,
        rule: None,
        message,
        why: None,
        evidence,
        evidence_total,
        way_out: Some(way_out.to_owned()),
    }
}
