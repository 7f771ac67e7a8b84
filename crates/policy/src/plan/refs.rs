//! What must be done so that a branch or tag no longer shows what agents did against the rules.
//!
//! Nothing is lost: whatever is moved away from stays reachable below `refs/portcullis/quarantine`. A person's work is
//! never moved away from: when somebody who is no agent has moved the branch since, the content is taken back by a
//! commit on top. Each action names where the branch must stand when it is applied, so that a lost race changes
//! nothing and is looked at again.

use serde::{Deserialize, Serialize};

use super::{Action, line};
use crate::act::{ActVerdict, Deed, Move, RefFacts, RefName, Remedy};
use crate::facts::Fact;
use crate::ids::{RepoName, Sha};
use crate::rules::Respond;
use crate::verdict::JudgedAs;

/// Move a branch or tag, if it stands where it is expected, and keep what it stood on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutBack {
    /// Where, by the name that the repository has now.
    pub repository: RepoName,
    /// The branch or tag.
    pub name: RefName,
    /// Where it must stand when it is moved; `None` when it must not be there.
    pub from: Option<Sha>,
    /// Where it goes; `None` deletes it.
    pub to: Option<Sha>,
    /// What stays reachable, written in the same step.
    pub keep: Vec<Kept>,
}

/// A name under which commits stay reachable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The full name of a ref that people and patterns do not meet.
    pub name: String,
    /// What it points to.
    pub sha: Sha,
}

/// Take the content of some moves back on top of a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undo {
    /// Where, by the name that the repository has now.
    pub repository: RepoName,
    /// The branch.
    pub name: RefName,
    /// Where it must stand.
    pub onto: Sha,
    /// What is taken back, latest first.
    pub spans: Vec<Span>,
    /// What stays reachable.
    pub keep: Vec<Kept>,
    /// Whether it is only proposed: the forge takes no commit of ours on the branch.
    pub propose: bool,
    /// For whoever reads the commit: what is taken back and why.
    pub message: String,
}

/// From one commit to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Before.
    pub before: Sha,
    /// After.
    pub after: Sha,
}

/// Where what was moved away from stays reachable.
const QUARANTINE: &str = "refs/portcullis/quarantine";
/// So many of the latest moves are kept by a name each; what came before is mostly part of them.
const MOST_KEPT: usize = 50;

/// What is to be done about the moves of a branch or tag.
#[must_use]
pub fn plan_ref(verdict: &ActVerdict, facts: &RefFacts) -> Vec<Action> {
    let Fact::Known(moves) = &facts.moves else { return Vec::new() };
    // What the gate itself did answered everything before.
    let answered = moves.iter().rposition(|moved| moved.own).map_or(0, |own| own + 1);
    let open: Vec<(&Move, Option<&Deed>)> = moves
        .iter()
        .skip(answered)
        .map(|moved| (moved, verdict.deeds.iter().find(|deed| deed.id == moved.id)))
        .collect();
    let reverts = |deed: Option<&Deed>| deed.and_then(|deed| verdict.answer(deed)) == Some(Respond::Revert);
    let Some(first) = open.iter().position(|(_, deed)| reverts(*deed)) else { return Vec::new() };
    let since = open.get(first..).unwrap_or_default();
    let stands_as_told = since.last().is_some_and(|(last, _)| last.after == facts.tip);
    let Some((offence, _)) = since.first().filter(|_| stands_as_told) else { return Vec::new() };
    if offence.before == facts.tip {
        return Vec::new();
    }
    let latest = since.len().saturating_sub(MOST_KEPT);
    let keep = kept(facts, since.iter().skip(latest).map(|(moved, _)| *moved));
    let agents_only = since.iter().all(|(_, deed)| deed.is_some_and(is_agents));
    let refused = |what: Remedy| facts.refused.iter().any(|refused| refused.what == what);
    let repository = facts.repository.name.clone();
    if agents_only && !refused(Remedy::MoveBack) {
        let (from, to) = (facts.tip.clone(), offence.before.clone());
        return vec![Action::PutBack(PutBack { repository, name: facts.name.clone(), from, to, keep })];
    }
    let (Some(onto), true) = (&facts.tip, facts.name.branch().is_some()) else { return Vec::new() };
    let offences: Vec<(&Move, &Deed)> = since
        .iter()
        .filter(|(_, deed)| reverts(*deed))
        .filter_map(|(moved, deed)| Some((*moved, (*deed)?)))
        .collect();
    let spans: Vec<Span> = offences
        .iter()
        .rev()
        .filter_map(|(moved, _)| Some(Span { before: moved.before.clone()?, after: moved.after.clone()? }))
        .collect();
    if spans.is_empty() || refused(Remedy::Propose) {
        return Vec::new();
    }
    vec![Action::Undo(Undo {
        repository,
        name: facts.name.clone(),
        onto: onto.clone(),
        spans,
        keep,
        propose: refused(Remedy::Inverse),
        message: message(&offences),
    })]
}

/// Whether it is surely no person's: only then it may be moved away from.
fn is_agents(deed: &Deed) -> bool {
    deed.involvement.judged_as == JudgedAs::Agents
}

fn kept<'m>(facts: &RefFacts, moves: impl Iterator<Item = &'m Move>) -> Vec<Kept> {
    let date = facts.now.date();
    moves
        .filter_map(|moved| {
            let name = format!("{QUARANTINE}/{date}/{}", plain(&moved.id));
            Some(Kept { name, sha: moved.after.clone()? })
        })
        .collect()
}

/// The id as part of a ref's name: deliveries are named by their sender.
fn plain(id: &str) -> String {
    id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).take(80).collect()
}

fn message(offences: &[(&Move, &Deed)]) -> String {
    let mut text = "Take back what was pushed against the rules\n".to_owned();
    for (moved, deed) in offences.iter().take(20) {
        let ids = [&moved.before, &moved.after].map(|sha| sha.as_ref().map_or("nothing", |sha| sha.short()));
        text.push_str(&format!("\n{} to {}:\n", ids[0], ids[1]));
        for finding in deed.findings.iter().take(5) {
            text.push_str(&format!("- {}\n", line(finding)));
        }
    }
    text
}
