//! A look at a workflow run: judge whoever caused it, and end what an agent has run against the rules.
//!
//! A run is judged as it stands now, by the attempt and commit that the forge shows. It stays open until it is over, so
//! that other rules judge it again.
//!
//! Known races:
//! - Somebody runs it again between the look and the cancel: then the new attempt is cancelled, and judged by the
//!   delivery that tells of it. Only who may run it again loses that attempt, and can have another.
//! - A crash after the cancel. The next look sees the run over, or cancels it once more, which changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use policy::act::{JobTold, RunFacts, RunState};
use policy::decide::{decide_run, is_person};
use policy::facts::OwnRules;
use policy::incident::{Kind, incidents};
use policy::plan::{patient_until, plan_run};
use policy::rules::RuleSource;
use policy::{Action, Fact, Millis, RunId, RunSubject};

use super::act::roster;
use super::own::own_rules;
use super::quota::{self, Asked};
use super::{Gate, ReconcileError, act_record, written};
use crate::github::{ForgeError, RunRead};
use crate::lease::Lease;
use crate::store::{ActionOutcome, Evidence, MOST_EVIDENCE, Next};

/// What the forge answers to the cancel of a run that is over.
const OVER: u16 = 409;

/// Tells one cancel from others.
pub(super) fn once_key(run: RunId, attempt: u64) -> String {
    format!("cancel/{run}/{attempt}")
}

/// Looks at a run.
pub(super) async fn look(gate: &Gate, lease: &Lease, subject: &RunSubject) -> Result<Next, ReconcileError> {
    let now = gate.clock.now();
    let rules = gate.rulebook.current();
    let told = gate.store.evidence(lease.subject()).await?;
    let seen = gate.github.read_run(subject).await?;
    let over = seen.run.state == RunState::Over;
    let mut next = if over { Next::Ended } else { Next::Done };
    let mut outcomes = Vec::new();
    if !by_people(gate, subject, &seen, &rules).await? {
        let facts = Box::pin(facts(gate, lease, subject, seen, &told, &rules, now)).await?;
        let verdict = decide_run(&facts, &rules);
        let actions = plan_run(&verdict, &facts);
        let record = act_record(&verdict, &facts, &rules, now)?;
        let opened = incidents(&verdict, Kind::Run, &lease.subject().key(), now);
        let intended = gate.store.intend_with(lease, record, written(&actions)?, opened).await?;
        if let Some(cancelled) = facts.cancelled.filter(|_| !over) {
            next = Next::At(patient_until(cancelled));
        }
        for (action, id) in actions.iter().zip(intended.actions) {
            let Action::CancelRun(cancel) = action else { continue };
            let note = match gate.github.cancel_run(lease, cancel).await {
                Ok(()) => "taken".to_owned(),
                Err(ForgeError::Refused { status: OVER, message, .. }) => message,
                Err(error) => {
                    let outcome = ActionOutcome::Failed { error: error.to_string() };
                    gate.store.settle(&id, outcome, gate.clock.now()).await?;
                    return Err(error.into());
                }
            };
            outcomes.push((id, ActionOutcome::Done { note }));
            next = Next::At(patient_until(now));
        }
        tracing::info!(
            subject = %lease.subject(),
            attempt = facts.run.attempt,
            verdict = verdict.conclusion.as_str(),
            actions = actions.len(),
            "judged"
        );
        metrics::counter!("portcullis_verdicts_total", "conclusion" => verdict.conclusion.as_str())
            .increment(1);
    }
    // What was told of jobs counts for as long as the run goes on.
    let judged = if over { told.into_iter().map(|told| told.id).collect() } else { Vec::new() };
    gate.store.record_judged(lease, outcomes, judged, next.clone(), gate.clock.now()).await?;
    Ok(next)
}

/// Whether people alone caused it: then there is nothing to judge and nothing more to read.
async fn by_people(
    gate: &Gate,
    subject: &RunSubject,
    seen: &RunRead,
    rules: &RuleSource,
) -> Result<bool, ReconcileError> {
    let (Ok(actor), Ok(triggering)) = (seen.run.actor.get(), seen.run.triggering_actor.get()) else {
        return Ok(false);
    };
    let wanted = rules.wanted(&Fact::Known(OwnRules::default()));
    let accounts = [actor.id, triggering.id].into();
    let roster = roster(gate, subject.installation, &wanted, &accounts).await?;
    Ok(is_person(actor, &roster, rules) && is_person(triggering, &roster, rules))
}

async fn facts(
    gate: &Gate,
    lease: &Lease,
    subject: &RunSubject,
    seen: RunRead,
    told: &[Evidence],
    rules: &RuleSource,
    now: Millis,
) -> Result<RunFacts, ReconcileError> {
    let around = gate.github.around_run(subject, &seen).await?;
    let own_rules = own_rules(gate, subject.repo_id, &around.own_rules, rules).await?;
    let wanted = rules.wanted(&own_rules);
    let going = match seen.run.state {
        // Nothing of it runs, and it is not judged.
        RunState::Held => BTreeMap::new(),
        RunState::Open | RunState::Over => {
            let asked = Asked { rules, own_rules: &own_rules, now };
            quota::going(gate, subject, &seen, asked).await?
        }
    };
    let RunRead { repository, run, .. } = seen;
    let actors = [&run.actor, &run.triggering_actor];
    let accounts = actors.into_iter().filter_map(|actor| Some(actor.get().ok()?.id)).collect();
    let roster = roster(gate, subject.installation, &wanted, &accounts).await?;
    let jobs = jobs(told, run.attempt)?;
    let (asks_runners, asks_environments) = rules.asks_of_jobs(&own_rules);
    let mut runners = Fact::unknown("no rule asks for it");
    if asks_runners {
        let labels =
            jobs.iter().flat_map(|job| &job.labels).map(|label| label.to_ascii_lowercase()).collect();
        runners = whole(told, with(gate.github.runners(subject, run.attempt).await?, labels));
    }
    let mut environments = Fact::unknown("no rule asks for it");
    if asks_environments {
        let named = jobs.iter().filter_map(|job| job.environment.clone()).collect();
        environments = whole(told, with(gate.github.pending_environments(subject).await?, named));
    }
    let cancelled = gate.store.done_at(lease.subject(), &once_key(run.id, run.attempt)).await?;
    Ok(RunFacts {
        now,
        repository,
        default_branch: around.default_branch,
        run,
        same_workflow: around.same_workflow,
        of_tag: around.of_tag,
        runners,
        environments,
        going,
        cancelled,
        roster,
        own_rules,
    })
}

/// What deliveries told of the jobs of this attempt.
fn jobs(told: &[Evidence], attempt: u64) -> Result<Vec<JobTold>, serde_json::Error> {
    let read = told.iter().map(|told| serde_json::from_str::<JobTold>(&told.body));
    Ok(read.collect::<Result<Vec<_>, _>>()?.into_iter().filter(|job| job.attempt == attempt).collect())
}

/// What was told of more jobs than are read says nothing of the others.
fn whole<T>(told: &[Evidence], fact: Fact<T>) -> Fact<T> {
    if told.len() < MOST_EVIDENCE { fact } else { Fact::unknown("it has more jobs than are read") }
}

/// What the forge shows and what was told, together.
fn with(shown: Fact<BTreeSet<String>>, told: BTreeSet<String>) -> Fact<BTreeSet<String>> {
    match shown {
        Fact::Known(shown) => Fact::Known(shown.into_iter().chain(told).collect()),
        Fact::Unknown(why) => Fact::Unknown(why),
    }
}
