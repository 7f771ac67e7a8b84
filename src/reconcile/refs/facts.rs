//! What is seen of the moves of a branch or tag, beside where it stands now.

use policy::act::{Landed, Move, Pushed, RefFacts, Refused, Remedy};
use policy::decide::is_person;
use policy::facts::{AccountKind, Lines};
use policy::rules::RuleSource;
use policy::{Action, Fact, Millis, Place, RefSubject, Sha};

use super::super::act::roster;
use super::super::own::own_rules;
use super::super::quota::{self, Asked};
use super::super::{Gate, ReconcileError};
use super::order::{self, Told};
use crate::github::{Compared, RefRead};
use crate::lease::Lease;
use crate::store::Evidence;

/// So many of the latest moves of one look are read one by one; the forge's merge queue is known without.
const MOST_READ: usize = 20;

/// Everything that the verdict rests on. Of what was told it may be only a part, which leads elsewhere.
pub(super) async fn gather(
    gate: &Gate,
    lease: &Lease,
    subject: &RefSubject,
    (seen, part): (RefRead, bool),
    told: &[Told<'_>],
    rules: &RuleSource,
    now: Millis,
) -> Result<RefFacts, ReconcileError> {
    let own_rules = own_rules(gate, subject.repo_id, &seen.own_rules, rules).await?;
    let wanted = rules.wanted(&own_rules);
    let accounts = told.iter().filter_map(|told| Some(told.pushed.actor.get().ok()?.id)).collect();
    let roster = roster(gate, subject.installation, &wanted, &accounts).await?;
    let is_default =
        seen.default_branch.as_ref().is_some_and(|(name, _)| subject.name.branch() == Some(name));
    let look = Look {
        seen: &seen,
        asked: Asked { rules, own_rules: &own_rules, now },
        lines: wanted.lines,
        is_default,
        into_changes: is_default || rules.asks_what_moves_changed(&own_rules),
    };

    let moves = match (order::is_joined(told), part || order::end(told) == seen.tip.as_ref()) {
        (false, _) => Fact::unknown("some of its moves were not told"),
        (true, false) => Fact::unknown("its latest moves were not told"),
        (true, true) => {
            let mut moves = Vec::with_capacity(told.len());
            for (at, Told { evidence, pushed }) in told.iter().enumerate() {
                let own = is_own(gate, pushed).await?;
                let near = at + MOST_READ >= told.len();
                let agents = !own && !pushed.actor.get().is_ok_and(|actor| is_person(actor, &roster, rules));
                let one = One { evidence, pushed, own, agents, last: at + 1 == told.len(), near };
                moves.push(moved(gate, subject, &look, one).await?);
            }
            Fact::Known(moves)
        }
    };
    let refused = gate.store.refused(lease.subject()).await?;
    // What was refused before these moves began says nothing about them.
    let begun = told.iter().map(|told| told.evidence.at).min().unwrap_or(now);
    let since = refused.iter().filter(|action| action.at >= begun);
    let refused = since.filter_map(|action| refusal(action, seen.tip.as_ref())).collect();
    Ok(RefFacts {
        now,
        repository: seen.repository,
        name: subject.name.clone(),
        default_branch: seen.default_branch.map(|(name, _)| name).unwrap_or_default(),
        tip: seen.tip,
        moves,
        refused,
        roster,
        own_rules,
    })
}

/// One move of a look.
struct One<'a> {
    evidence: &'a Evidence,
    pushed: &'a Pushed,
    /// The gate did it.
    own: bool,
    /// Neither the gate nor, for all that is known, a person did it.
    agents: bool,
    /// None came after it.
    last: bool,
    /// Few came after it.
    near: bool,
}

/// How closely moves are looked at.
struct Look<'a> {
    seen: &'a RefRead,
    asked: Asked<'a>,
    lines: Lines,
    /// Whether it is the default branch.
    is_default: bool,
    /// Whether anything asks what they changed.
    into_changes: bool,
}

async fn moved(
    gate: &Gate,
    subject: &RefSubject,
    look: &Look<'_>,
    one: One<'_>,
) -> Result<Move, ReconcileError> {
    let seen = look.seen;
    let One { evidence, pushed, own, agents, last, near } = one;
    // What people and the gate itself did is not judged: nothing is fetched for it.
    let default_tip = seen.default_branch.as_ref().map(|(_, tip)| tip);
    let since = pushed.before.as_ref().or(default_tip);
    let change = match (since, &pushed.after) {
        _ if own => Fact::unknown("it is the gate's own"),
        _ if !look.into_changes => Fact::unknown("no rule asks what it changed"),
        (Some(since), Some(after)) if subject.name.branch().is_some() => {
            let RefSubject { installation, repo_id, repo, .. } = subject;
            let place = Place { installation: *installation, repo_id: *repo_id, repo };
            gate.github.moved_change(place, &seen.repository, since, after, look.lines).await?
        }
        _ => Fact::unknown("there is nothing to compare it with"),
    };
    let landed: Vec<Landed> = match (&pushed.after, near) {
        _ if own => Vec::new(),
        _ if last => judged(gate, subject, &seen.landed, pushed).await?,
        // An earlier move of the same look: what its commit merged is read on its own.
        (Some(after), true) => {
            let read = gate.github.read_ref(subject, (pushed.before.as_ref(), Some(after))).await?;
            judged(gate, subject, &read.landed, pushed).await?
        }
        _ => judged(gate, subject, &[], pushed).await?,
    };
    let passed = !landed.is_empty() && landed.iter().all(|pull| pull.passed);
    let hidden = match (since, &pushed.after) {
        (Some(base), Some(head)) if agents && look.is_default && !passed => {
            let RefSubject { installation, repo_id, repo, .. } = subject;
            let place = Place { installation: *installation, repo_id: *repo_id, repo };
            gate.github.hidden_text(place, &seen.repository, Compared { pull: 0, base, head }).await?
        }
        _ => Fact::unknown("not read"),
    };
    let pushed_before = match own {
        true => None,
        false => quota::pushed_before(gate, pushed, evidence, look.asked).await?,
    };
    let tag_moved = subject.name.tag().is_some() && pushed.before.is_some() && pushed.after.is_some();
    Ok(Move {
        id: evidence.id.clone(),
        actor: pushed.actor.clone(),
        own,
        before: pushed.before.clone(),
        after: pushed.after.clone(),
        forced: pushed.forced || tag_moved,
        at: evidence.at,
        stripped: last && seen.stripped,
        signed: signed(&change, &seen.signatures),
        pushed_before,
        change,
        hidden,
        landed: Fact::Known(landed),
    })
}

/// Whether every commit of the move is signed, as far as the newest hundred tell.
fn signed(change: &Fact<change::Change>, signatures: &[(Sha, bool)]) -> Fact<bool> {
    let change = match change {
        Fact::Known(change) => change,
        Fact::Unknown(why) => return Fact::Unknown(why.clone()),
    };
    let told = |commit: &change::Commit| {
        signatures.iter().find(|(oid, _)| *oid == commit.oid).map(|(_, signed)| *signed)
    };
    // One that is surely not signed says enough, whatever is not known of others.
    if change.commits.iter().any(|commit| told(commit) == Some(false)) {
        return Fact::Known(false);
    }
    match change.commits.iter().find(|commit| told(commit).is_none()) {
        Some(commit) => Fact::unknown(format!("the signature of {} was not told", commit.oid.short())),
        None => Fact::Known(true),
    }
}

/// What the move landed, and whether that had passed.
async fn judged(
    gate: &Gate,
    subject: &RefSubject,
    merged: &[Landed],
    pushed: &Pushed,
) -> Result<Vec<Landed>, ReconcileError> {
    let mut landed = Vec::new();
    if let (Some(after), Some(branch)) = (&pushed.after, subject.name.branch())
        && gate.store.group_passed(subject.repo_id, after, branch).await?
    {
        landed.push(Landed { number: 0, head: after.clone(), passed: true, queued: true });
        return Ok(landed);
    }
    for pull in merged {
        let passed = gate.store.passed(subject.repo_id, &pull.head, pull.number).await?;
        landed.push(Landed { passed, ..pull.clone() });
    }
    Ok(landed)
}

/// Whether the gate did this itself.
async fn is_own(gate: &Gate, pushed: &Pushed) -> Result<bool, ReconcileError> {
    match &pushed.actor {
        Fact::Known(actor) if actor.kind == AccountKind::Bot => {
            Ok(actor.login.eq_ignore_ascii_case(gate.github.own_login().await?))
        }
        _ => Ok(false),
    }
}

/// What was refused from where it stands now.
fn refusal(action: &crate::store::StoredAction, tip: Option<&Sha>) -> Option<Refused> {
    let (what, from) = match serde_json::from_str(&action.record.body).ok()? {
        Action::PutBack(back) => (Remedy::MoveBack, back.from),
        Action::Undo(undo) => (if undo.propose { Remedy::Propose } else { Remedy::Inverse }, Some(undo.onto)),
        Action::ShowCheck(_)
        | Action::CancelRun(_)
        | Action::DisableAutoMerge(_)
        | Action::ProposeRevert(_)
        | Action::AnswerDeployment(_) => return None,
    };
    let why = action.outcome.clone().unwrap_or_default();
    (from.as_ref() == tip).then_some(Refused { what, why })
}
