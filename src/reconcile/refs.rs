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

use policy::act::Pushed;
use policy::decide::{decide_ref, is_person};
use policy::facts::OwnRules;
use policy::incident::{Kind, incidents};
use policy::plan::plan_ref;
use policy::rules::RuleSource;
use policy::strike::strikes;
use policy::{Action, Fact, RefSubject, Sha};

use super::act::roster;
use super::strike;
use super::{Gate, PATIENCE, READ_LAG, ReconcileError, act_record, lag, later, written};
use crate::github::ForgeError;
use crate::lease::Lease;
use crate::store::{ActionOutcome, Evidence, Next};

/// Looks at a branch or tag.
pub(super) async fn look(gate: &Gate, lease: &Lease, subject: &RefSubject) -> Result<Next, ReconcileError> {
    let now = gate.clock.now();
    let rules = gate.rulebook.current();
    let evidence = gate.store.evidence(lease.subject()).await?;
    if evidence.is_empty() {
        gate.store.record(lease, Vec::new(), Next::Ended, now).await?;
        return Ok(Next::Ended);
    }
    let told = order::in_order(&evidence)?;
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
        return Ok(lag(lease, now, "what deliveries tell does not lead to where it stands"));
    }
    let (node, tip) = (seen.node.clone(), seen.tip.clone());
    let facts = Box::pin(facts::gather(gate, lease, subject, seen, &told, &rules, now)).await?;
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
