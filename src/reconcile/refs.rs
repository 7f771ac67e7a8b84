//! A look at a branch or tag: judge how it came to stand where it stands, and answer what was done against the rules.
//!
//! Who moved it only the signed deliveries tell, so every move is kept as evidence until it was judged. The look reads
//! where the branch stands now: what the deliveries tell must lead there, or the look waits for the rest.
//!
//! Known races:
//! - Somebody pushes between the look and the answer. The answer names where the branch must stand, so it changes
//!   nothing, and the next look sees the new push.
//! - A crash after the answer. The next look sees the branch where it belongs, and nothing is left to do.

mod facts;
mod order;

use std::time::Duration;

use policy::act::{ActVerdict, RefFacts};
use policy::decide::{decide_ref, is_person};
use policy::facts::OwnRules;
use policy::incident::{Kind, incidents};
use policy::plan::{owed, plan_ref};
use policy::rules::RuleSource;
use policy::strike::strikes;
use policy::{Action, Fact, Millis, RefSubject, Sha, Subject};

use self::order::Told;
use super::act::roster;
use super::strike;
use super::{Gate, PATIENCE, READ_LAG, ReconcileError, act_record, lag, later, written};
use crate::github::{ForgeError, RefRead};
use crate::lease::Lease;
use crate::store::{ActionOutcome, Evidence, MOST_EVIDENCE, Next, Testimony};

/// What the forge answers when something else was going on: trying again may do.
const CONFLICT: u16 = 409;
/// More moves than these are not judged in one look.
const AT_ONCE: usize = 200;
/// So long after the last delivery others may still be on their way.
const QUIET: Duration = Duration::from_secs(15);

/// Looks at a branch or tag.
pub(super) async fn look(gate: &Gate, lease: &Lease, subject: &RefSubject) -> Result<Next, ReconcileError> {
    let now = gate.clock.now();
    let rules = gate.rulebook.current();
    let evidence = gate.store.evidence(lease.subject()).await?;
    if evidence.is_empty() {
        gate.store.record(lease, Vec::new(), Next::Ended, now).await?;
        return Ok(Next::Ended);
    }
    let stood = gate.store.tip(subject.repo_id, subject.name.as_str()).await?;
    let mut told = order::in_order(order::read(&evidence)?, stood.as_ref());
    let waits = evidence.len() < MOST_EVIDENCE && more_may_come(lease, &evidence, now);
    if waits && !order::is_whole(&told, stood.as_ref()) {
        return Ok(lag(lease, now, "deliveries are missing between those that came"));
    }
    let part = told.len() > AT_ONCE;
    told.truncate(AT_ONCE);
    let next = if part { Next::At(now) } else { Next::Ended };
    if by_people(gate, subject, &told, &rules).await? {
        note(gate, subject, order::end(&told), now).await?;
        let judged = told.iter().map(|told| told.evidence.id.clone()).collect();
        gate.store.record_judged(lease, Vec::new(), judged, next.clone(), now).await?;
        return Ok(next);
    }
    let (seen, mut told) = read(gate, subject, told).await?;
    if waits && !part && order::end(&told) != seen.tip.as_ref() {
        return Ok(lag(lease, now, "what deliveries tell does not lead to where it stands"));
    }
    let judged: Vec<String> = told.iter().map(|told| told.evidence.id.clone()).collect();
    if order::end(&told) == seen.tip.as_ref() {
        let late = order::take_late(&mut told, stood.as_ref());
        if !late.is_empty() {
            tracing::warn!(subject = %lease.subject(), moves = late.len(), "told after later moves were judged");
        }
    }
    let (node, tip) = (seen.node.clone(), seen.tip.clone());
    let facts = Box::pin(facts::gather(gate, lease, subject, (seen, part), &told, &rules, now)).await?;
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
            Err(ForgeError::Refused { status, message, .. }) => {
                refused = true;
                let stands = gate.github.read_ref(subject, (None, None)).await?.tip == tip;
                if stands && (status != CONFLICT || lease.attempts() >= PATIENCE) {
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
        if refused {
            break;
        }
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
    if part {
        sum_up(gate, lease, (&verdict, &facts), order::end(&told)).await?;
    } else {
        note(gate, subject, tip.as_ref(), now).await?;
    }
    gate.store.record_judged(lease, outcomes, judged, next.clone(), gate.clock.now()).await?;
    Ok(next)
}

/// Whether what was not told yet may be on its way: deliveries have come until a moment ago, or few looks were taken. Who
/// moves a branch again and again only puts the answer off, and all of it is answered then.
fn more_may_come(lease: &Lease, evidence: &[Evidence], now: Millis) -> bool {
    let newest = evidence.iter().map(|evidence| evidence.at).max().unwrap_or(now);
    lease.attempts() < PATIENCE || now < later(newest, QUIET)
}

/// Reads where it stands, and puts what was told into the order that leads there.
async fn read<'e>(
    gate: &Gate,
    subject: &RefSubject,
    told: Vec<Told<'e>>,
) -> Result<(RefRead, Vec<Told<'e>>), ReconcileError> {
    let seen = gate.github.read_ref(subject, order::last(&told)).await?;
    if order::end(&told) == seen.tip.as_ref() {
        return Ok((seen, told));
    }
    // Moves in a circle may begin anywhere.
    let told = order::in_order(told, seen.tip.as_ref());
    if order::end(&told) != seen.tip.as_ref() {
        return Ok((seen, told));
    }
    Ok((gate.github.read_ref(subject, order::last(&told)).await?, told))
}

/// Writes down where it stands.
async fn note(
    gate: &Gate,
    subject: &RefSubject,
    tip: Option<&Sha>,
    now: Millis,
) -> Result<(), ReconcileError> {
    let tips = vec![(subject.name.as_str().to_owned(), tip.cloned())];
    Ok(gate.store.note_tips(subject.repo_id, tips, now).await?)
}

/// More was told than one look judges. What is to be put back is handed on to the next as one move: otherwise it would
/// put the rest back to where this part of it led.
async fn sum_up(
    gate: &Gate,
    lease: &Lease,
    (verdict, facts): (&ActVerdict, &RefFacts),
    end: Option<&Sha>,
) -> Result<(), ReconcileError> {
    let Subject::Ref(subject) = lease.subject() else { return Ok(()) };
    let now = gate.clock.now();
    let Some((id, pushed)) = owed(verdict, facts) else { return note(gate, subject, end, now).await };
    let body = serde_json::to_string(&pushed)?;
    // What it adds up was counted as it came.
    let told = Testimony { subject: lease.subject().clone(), body, actor: None };
    gate.store.testify(id, told, now).await?;
    note(gate, subject, pushed.before.as_ref(), now).await
}

/// Whether people alone moved it, and left nothing behind: then there is nothing to judge and nothing to read.
async fn by_people(
    gate: &Gate,
    subject: &RefSubject,
    told: &[Told<'_>],
    rules: &RuleSource,
) -> Result<bool, ReconcileError> {
    let actors: Option<Vec<_>> = told.iter().map(|told| told.pushed.actor.get().ok()).collect();
    let Some(actors) = actors.filter(|_| !told.iter().any(|told| told.pushed.forced)) else {
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
        | Action::ProposeRevert(_)
        | Action::AnswerDeployment(_) => Ok(String::new()),
    }
}
