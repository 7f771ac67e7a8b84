//! Words in a commit's message that keep workflows from running.
//!
//! What checks a change must not be switched off by whoever proposes it. GitHub reads the newest commit alone:
//! <https://docs.github.com/en/actions/how-tos/manage-workflow-runs/skip-workflow-runs>

use super::cannot_see;
use crate::facts::Pull;
use crate::verdict::{Code, Effect, Evidence, Finding};

/// Anywhere in the message.
const WORDS: [&str; 5] = ["[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]"];
/// On a line of its own, spaces apart.
const LINE: &str = "skip-checks:true";

/// Whether the newest commit keeps workflows from running.
pub(super) fn check(pull: &Pull) -> Option<Finding> {
    let commits = &pull.change.get().ok()?.commits;
    let newest = commits.iter().find(|commit| commit.oid == pull.head.sha)?;
    let message = newest.message.to_lowercase();
    let line = |line: &str| line.chars().filter(|c| !c.is_whitespace()).eq(LINE.chars());
    let word = WORDS.into_iter().find(|word| message.contains(word));
    let said = word.or_else(|| message.lines().any(line).then_some(LINE));
    let Some(said) = said else {
        // Only so much of a message is kept.
        let cut = newest.message.len().saturating_add(4) > change::MAX_MESSAGE;
        return cut.then(|| cannot_see("the whole message of the newest commit".to_owned()));
    };
    Some(Finding {
        code: Code::SkipsChecks,
        effect: Effect::Denies,
        rule: None,
        message: format!("the newest commit says `{said}`, which keeps workflows from running"),
        why: None,
        evidence: vec![Evidence::Commit { oid: newest.oid.clone(), note: format!("says `{said}`") }],
        evidence_total: 1,
        way_out: Some("Take the words out of its message, and push it again.".to_owned()),
    })
}
