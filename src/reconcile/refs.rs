//! A look at a branch or tag: judge how it came to stand where it stands, and answer what was done against the rules.
//!
//! Who moved it only the signed deliveries tell, so every move is kept as evidence until it was judged. The look reads
//! where the branch stands now: what the deliveries tell must lead there, or the look waits for the rest.
//!
//! Known races:
//! - Somebody pushes between the look and the answer. The answer names where the branch must stand, so it changes
//!   nothing, and the next look sees the new push.
//! - A crash after the answer. The next look sees the branch where it belongs, and nothing is left to do.

use policy::act::{Landed, Move, Pushed, RefFacts, Refused, Remedy};
use policy::decide::{decide_ref, is_person};
use policy::facts::{AccountKind, Lines, OwnRules};
use policy::incident::{Kind, incidents};
use policy::plan::plan_ref;
use policy::rules::RuleSource;
use policy::strike::strikes;
use policy::{Action, Fact, Millis, Place, RefSubject, Sha};

use super::act::roster;
use super::own::own_rules;
use super::strike;
use super::{Gate, PATIENCE, READ_LAG, ReconcileError, act_record, later, written};
use crate::github::{Compared, ForgeError, RefRead};
use crate::lease::Lease;
use crate::store::{ActionOutcome, Evidence, Next, backoff};

/// So many of the latest moves of one look are read one by one; the forge's merge queue is known without.
const MOST_READ: usize = 20;

/// Looks at a branch or tag.
pub(super) async fn look(gate: &Gate, lease: &Lease, subject: &RefSubject) -> Result<Next, ReconcileError> {
    let now = gate.clock.now();
    let rules = gate.rulebook.current();
    let evidence = gate.store.evidence(lease.subject()).await?;
    if evidence.is_empty() {
        gate.store.record(lease, Vec::new(), Next::Ended, now).await?;
        return Ok(Next::Ended);
    }
    let told = read_evidence(&evidence)?;
    let last = told.last().and_then(|(_, pushed)| pushed.after.as_ref());
    if by_people(gate, subject, &told, &rules).await? {
        gate.store
            .note_tips(subject.repo_id, vec![(subject.name.as_str().to_owned(), last.cloned())], now)
            .await?;
        let judged = told.iter().map(|(evidence, _)| evidence.id.clone()).collect();
        gate.store.record_judged(lease, Vec::new(), judged, Next::Ended, now).await?;
        return Ok(Next::Ended);
    }
    let before = told.last().and_then(|(_, pushed)| pushed.before.as_ref());
    let seen = gate.github.read_ref(subject, (before, last)).await?;
    if last != seen.tip.as_ref() && lease.attempts() < PATIENCE {
        return Ok(Next::Retry {
            at: later(now, READ_LAG.max(backoff(lease.attempts(), &lease.subject().key()) / 2)),
            error: "what deliveries tell does not lead to where it stands".to_owned(),
        });
    }
    let (node, tip) = (seen.node.clone(), seen.tip.clone());
    let facts = Box::pin(facts(gate, lease, subject, seen, &told, &rules, now)).await?;
    let verdict = decide_ref(&facts, &rules);
    let actions = plan_ref(&verdict, &facts);

    let record = act_record(&verdict, &facts, &rules, now)?;
    let opened = incidents(&verdict, Kind::Moved, &lease.subject().key(), now);
    let intended = gate.store.intend_with(lease, record, written(&actions)?, opened).await?;
    let mut outcomes = Vec::new();
    let mut refused = false;
    for (action, id) in actions.iter().zip(intended.actions) {
        let outcome = match apply(gate, lease, &node, action).await {
            Ok(note) => ActionOutcome::Done { note },
            // A ruleset stands in the way, which is remembered; or somebody was faster, which is not.
            Err(ForgeError::Refused { message, .. }) => {
                refused = true;
                let stands = gate.github.read_ref(subject, (None, None)).await?.tip == tip;
                if stands {
                    ActionOutcome::Refused { error: message }
                } else {
                    ActionOutcome::Failed { error: message }
                }
            }
            Err(error) => {
                let outcome = ActionOutcome::Failed { error: error.to_string() };
                gate.store.settle(&id, outcome, gate.clock.now()).await?;
                return Err(error.into());
            }
        };
        outcomes.push((id, outcome));
    }
    tracing::info!(
        subject = %lease.subject(),
        tip = tip.as_ref().map_or("gone", Sha::short),
        verdict = verdict.conclusion.as_str(),
        actions = actions.len(),
        "judged"
    );
    metrics::counter!("portcullis_verdicts_total", "conclusion" => verdict.conclusion.as_str()).increment(1);
    if refused {
        for (id, outcome) in outcomes {
            gate.store.settle(&id, outcome, gate.clock.now()).await?;
        }
        let at = later(now, READ_LAG);
        return Ok(Next::Retry { at, error: "the forge refused to take it back".to_owned() });
    }
    let struck = strikes(&verdict, &facts, &actions, &lease.subject().key());
    strike::count(gate, lease, (&intended.verdict, &rules), struck).await?;
    gate.store.note_tips(subject.repo_id, vec![(subject.name.as_str().to_owned(), tip)], now).await?;
    let judged = told.iter().map(|(evidence, _)| evidence.id.clone()).collect();
    gate.store.record_judged(lease, outcomes, judged, Next::Ended, gate.clock.now()).await?;
    Ok(Next::Ended)
}

/// Whether people alone moved it, and left nothing behind: then there is nothing to judge and nothing to read.
async fn by_people(
    gate: &Gate,
    subject: &RefSubject,
    told: &[(&Evidence, Pushed)],
    rules: &RuleSource,
) -> Result<bool, ReconcileError> {
    let actors: Option<Vec<_>> = told.iter().map(|(_, pushed)| pushed.actor.get().ok()).collect();
    let Some(actors) = actors.filter(|_| !told.iter().any(|(_, pushed)| pushed.forced)) else {
        return Ok(false);
    };
    let wanted = rules.wanted(&Fact::Known(OwnRules::default()));
    let accounts = actors.iter().map(|actor| actor.id).collect();
    let roster = roster(gate, subject.installation, &wanted, &accounts).await?;
    Ok(actors.iter().all(|actor| is_person(actor, &roster, rules)))
}

async fn apply(gate: &Gate, lease: &Lease, node: &str, action: &Action) -> Result<String, ForgeError> {
    match action {
        Action::PutBack(back) => {
            gate.github.put_back(lease, node, back).await?;
            Ok(back.to.as_ref().map_or("gone", Sha::as_str).to_owned())
        }
        Action::Undo(undo) => gate.github.undo(lease, node, undo).await,
        // Refs show no check, are no pull request, and do not run.
        Action::ShowCheck(_)
        | Action::CancelRun(_)
        | Action::DisableAutoMerge(_)
        | Action::ProposeRevert(_) => Ok(String::new()),
    }
}

/// What deliveries told, in the order in which one move leads to the next.
fn read_evidence(evidence: &[Evidence]) -> Result<Vec<(&Evidence, Pushed)>, ReconcileError> {
    let mut rest = Vec::with_capacity(evidence.len());
    for one in evidence {
        rest.push((one, serde_json::from_str::<Pushed>(&one.body)?));
    }
    let mut ordered: Vec<(&Evidence, Pushed)> = Vec::with_capacity(rest.len());
    // The first is the one that no other leads to; deliveries of one second come in any order.
    while !rest.is_empty() {
        let next = match ordered.last() {
            Some((_, last)) => rest.iter().position(|(_, pushed)| pushed.before == last.after),
            None => {
                let leads_here = |(_, pushed): &(&Evidence, Pushed)| {
                    !rest.iter().any(|(_, other)| other.after == pushed.before && other != pushed)
                };
                rest.iter().position(leads_here)
            }
        };
        ordered.push(rest.remove(next.unwrap_or(0)));
    }
    Ok(ordered)
}

async fn facts(
    gate: &Gate,
    lease: &Lease,
    subject: &RefSubject,
    seen: RefRead,
    told: &[(&Evidence, Pushed)],
    rules: &RuleSource,
    now: Millis,
) -> Result<RefFacts, ReconcileError> {
    let own_rules = own_rules(gate, subject.repo_id, &seen.own_rules, rules).await?;
    let wanted = rules.wanted(&own_rules);
    let accounts = told.iter().filter_map(|(_, pushed)| Some(pushed.actor.get().ok()?.id)).collect();
    let roster = roster(gate, subject.installation, &wanted, &accounts).await?;
    let is_default =
        seen.default_branch.as_ref().is_some_and(|(name, _)| subject.name.branch() == Some(name));
    let into_changes = is_default || rules.asks_what_moves_changed(&own_rules);
    let look = Look { seen: &seen, lines: wanted.lines, is_default, into_changes };

    let leads_here = told.last().and_then(|(_, pushed)| pushed.after.clone()) == seen.tip;
    let joined = told.windows(2).all(|pair| matches!(pair, [(_, a), (_, b)] if a.after == b.before));
    let moves = match (joined, leads_here) {
        (false, _) => Fact::unknown("some of its moves were not told"),
        (true, false) => Fact::unknown("its latest moves were not told"),
        (true, true) => {
            let mut moves = Vec::with_capacity(told.len());
            for (at, (evidence, pushed)) in told.iter().enumerate() {
                let own = is_own(gate, pushed).await?;
                let near = at + MOST_READ >= told.len();
                let agents = !own && !pushed.actor.get().is_ok_and(|actor| is_person(actor, &roster, rules));
                let one = Told { evidence, pushed, own, agents, last: at + 1 == told.len(), near };
                moves.push(moved(gate, subject, &look, one).await?);
            }
            Fact::Known(moves)
        }
    };
    let refused = gate.store.refused(lease.subject()).await?;
    // What was refused before these moves began says nothing about them.
    let begun = told.iter().map(|(evidence, _)| evidence.at).min().unwrap_or(now);
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

/// One move that was told of.
struct Told<'a> {
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
    told: Told<'_>,
) -> Result<Move, ReconcileError> {
    let seen = look.seen;
    let Told { evidence, pushed, own, last, near, .. } = told;
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
        (Some(base), Some(head)) if told.agents && look.is_default && !passed => {
            let RefSubject { installation, repo_id, repo, .. } = subject;
            let place = Place { installation: *installation, repo_id: *repo_id, repo };
            gate.github.hidden_text(place, &seen.repository, Compared { pull: 0, base, head }).await?
        }
        _ => Fact::unknown("not read"),
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
    for commit in &change.commits {
        match signatures.iter().find(|(oid, _)| *oid == commit.oid) {
            Some((_, true)) => {}
            Some((_, false)) => return Fact::Known(false),
            None => return Fact::unknown(format!("the signature of {} was not told", commit.oid.short())),
        }
    }
    Fact::Known(true)
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
        | Action::ProposeRevert(_) => return None,
    };
    let why = action.outcome.clone().unwrap_or_default();
    (from.as_ref() == tip).then_some(Refused { what, why })
}
