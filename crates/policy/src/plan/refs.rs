//! What must be done so that a branch or tag no longer shows what agents did against the rules.
//!
//! Nothing is lost: whatever is moved away from stays reachable below `refs/portcullis/quarantine`. A person's work is
//! never moved away from: when somebody who is no agent has moved the branch since, it goes back to where they left it,
//! and what came before is taken back by a commit on top. Each action names where the branch must stand when it is applied, so that a lost race changes
//! nothing and is looked at again.

use serde::{Deserialize, Serialize};

use super::{Action, line};
use crate::act::{ActVerdict, Deed, Move, Pushed, RefFacts, RefName, Remedy};
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
    /// Where it goes; `None` deletes it. Where it stands already, nothing moves and only names are given.
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

/// A move, and what was decided about it; nothing is decided about the gate's own.
type Judged<'a> = (&'a Move, Option<&'a Deed>);

/// What is to be done about the moves of a branch or tag.
#[must_use]
pub fn plan_ref(verdict: &ActVerdict, facts: &RefFacts) -> Vec<Action> {
    let open = open(verdict, facts);
    let since = since_offence(verdict, &open);
    let stands_as_told = since.last().is_some_and(|(last, _)| last.after == facts.tip);
    let Some((offence, _)) = since.first().filter(|_| stands_as_told) else { return Vec::new() };
    if offence.before == facts.tip {
        return Vec::new();
    }
    // What agents alone did last is moved away from. Where somebody else has gone on before that, the rest is taken back
    // on top of it.
    let back = if refused(facts, Remedy::MoveBack) { &[] } else { last_offences(verdict, since) };
    let rest = since.get(..since.len() - back.len()).unwrap_or_default();
    let onto = back.first().map_or(&facts.tip, |(moved, _)| &moved.before);
    let mut actions = Vec::new();
    if *onto != facts.tip {
        actions.push(Action::PutBack(PutBack {
            repository: facts.repository.name.clone(),
            name: facts.name.clone(),
            from: facts.tip.clone(),
            to: onto.clone(),
            keep: kept(facts, back),
        }));
    }
    actions.extend(take_back(verdict, facts, rest, onto.as_ref()));
    actions
}

/// What agents did in the end, when they had done more than was told: one move from where it began to the last that was
/// told of, to be put back with what is told next. Its name comes from the first of them.
#[must_use]
pub fn owed(verdict: &ActVerdict, facts: &RefFacts) -> Option<(String, Pushed)> {
    let open = open(verdict, facts);
    let back = last_offences(verdict, since_offence(verdict, &open));
    let ((first, _), (last, _)) = (back.first()?, back.last()?);
    let pushed = Pushed {
        actor: first.actor.clone(),
        before: first.before.clone(),
        after: last.after.clone(),
        forced: true,
    };
    Some((format!("sum-{}", first.id), pushed))
}

/// The moves that the gate has not answered. Putting a ref back to where a move began answers what came since; a commit
/// on top answers everything.
fn open<'a>(verdict: &'a ActVerdict, facts: &'a RefFacts) -> Vec<Judged<'a>> {
    let Fact::Known(moves) = &facts.moves else { return Vec::new() };
    let mut open: Vec<Judged<'a>> = Vec::new();
    for moved in moves {
        if moved.own {
            let began = open.iter().position(|(earlier, _)| earlier.before == moved.after);
            open.truncate(began.unwrap_or(0));
        } else {
            open.push((moved, verdict.deeds.iter().find(|deed| deed.id == moved.id)));
        }
    }
    open
}

fn reverts(verdict: &ActVerdict, (_, deed): &Judged<'_>) -> bool {
    deed.and_then(|deed| verdict.answer(deed)) == Some(Respond::Revert)
}

/// Everything from the first that is to be put back.
fn since_offence<'s, 'a>(verdict: &ActVerdict, moves: &'s [Judged<'a>]) -> &'s [Judged<'a>] {
    let first = moves.iter().position(|judged| reverts(verdict, judged));
    first.and_then(|first| moves.get(first..)).unwrap_or_default()
}

/// The same, after which nobody did anything but agents: only they may be moved away from.
fn last_offences<'s, 'a>(verdict: &ActVerdict, since: &'s [Judged<'a>]) -> &'s [Judged<'a>] {
    let others = since.iter().rposition(|(_, deed)| !deed.is_some_and(is_agents));
    since_offence(verdict, since.get(others.map_or(0, |other| other + 1)..).unwrap_or_default())
}

fn refused(facts: &RefFacts, what: Remedy) -> bool {
    facts.refused.iter().any(|refused| refused.what == what)
}

/// Takes content back with a commit on top, or proposes that. Where neither can be, what agents made unreachable is kept
/// at least.
fn take_back(
    verdict: &ActVerdict,
    facts: &RefFacts,
    rest: &[Judged<'_>],
    onto: Option<&Sha>,
) -> Option<Action> {
    let left: Vec<Kept> = rest.iter().filter_map(|judged| left_behind(facts, judged)).collect();
    let offences = rest.iter().filter(|judged| reverts(verdict, judged));
    let offences: Vec<(&Move, &Deed)> =
        offences.filter_map(|(moved, deed)| Some((*moved, (*deed)?))).collect();
    let spans: Vec<Span> = offences
        .iter()
        .rev()
        .filter_map(|(moved, _)| Some(Span { before: moved.before.clone()?, after: moved.after.clone()? }))
        .collect();
    let (repository, name) = (facts.repository.name.clone(), facts.name.clone());
    let keep: Vec<Kept> = kept(facts, rest).into_iter().chain(left.iter().cloned()).collect();
    let Some(onto) = onto.filter(|_| facts.name.branch().is_some() && !spans.is_empty()) else {
        let only_kept = PutBack { repository, name, from: facts.tip.clone(), to: facts.tip.clone(), keep };
        return (!left.is_empty() && !refused(facts, Remedy::MoveBack)).then_some(Action::PutBack(only_kept));
    };
    if refused(facts, Remedy::Propose) {
        return None;
    }
    Some(Action::Undo(Undo {
        repository,
        name,
        onto: onto.clone(),
        spans,
        keep,
        propose: refused(facts, Remedy::Inverse),
        message: message(&offences),
    }))
}

/// Whether it is surely no person's: only then it may be moved away from.
fn is_agents(deed: &Deed) -> bool {
    deed.involvement.judged_as == JudgedAs::Agents
}

fn kept(facts: &RefFacts, moves: &[Judged<'_>]) -> Vec<Kept> {
    let latest = moves.iter().skip(moves.len().saturating_sub(MOST_KEPT));
    latest
        .filter_map(|(moved, _)| Some(Kept { name: quarantine(facts, &moved.id), sha: moved.after.clone()? }))
        .collect()
}

/// What an agent's move made unreachable, when it is not put back.
fn left_behind(facts: &RefFacts, (moved, deed): &Judged<'_>) -> Option<Kept> {
    let sweeps = deed.is_some_and(|deed| is_agents(deed) && deed.sweeping);
    let name = format!("{}-left", quarantine(facts, &moved.id));
    Some(Kept { name, sha: moved.before.clone().filter(|_| sweeps)? })
}

fn quarantine(facts: &RefFacts, id: &str) -> String {
    format!("{QUARANTINE}/{}/{}", facts.now.date(), plain(id))
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
