//! A look at a pull request: make its check run show the verdict.

use std::sync::Arc;
use std::time::Duration;

use policy::decide::decide;
use policy::facts::{Pull, PullState};
use policy::plan::DisableAutoMerge;
use policy::rules::RuleSource;
use policy::verdict::{Code, Effect};
use policy::{
    Conclusion, Facts, Millis, Observed, PullSubject, RepoId, ShowCheck, Shows, Subject, Verdict, plan,
    plan_merging,
};
use serde::Serialize;
use tokio::sync::Semaphore;

use super::gather::{self, Heard};
use super::{Gate, ReconcileError, lag, later, lineage, written};
use crate::github::ForgeError;
use crate::lease::Lease;
use crate::report;
use crate::store::{ActionOutcome, CLOSED, Next, VerdictRecord};

/// Makes the forge show the verdict for the leased subject, and says when to look again.
///
/// # Errors
/// [`ReconcileError`]: the subject must be looked at again.
pub(super) async fn look(gate: &Gate, lease: &Lease, subject: &PullSubject) -> Result<Next, ReconcileError> {
    let now = gate.clock.now();
    let rules = gate.rulebook.current();
    let heard = Heard { floor: lease.floor(), attempts: lease.attempts() };
    let observed = Box::pin(gather::gather(gate, heard, subject, &rules, now)).await?;
    if heard.lags(&observed) {
        return Ok(lag(lease, now, "the forge shows an older state than a delivery told of"));
    }

    if observed.facts.pull.state == PullState::Merged {
        return merged(gate, lease, subject, &observed.facts).await;
    }
    let (verdict, observed) = judge(observed, &rules).await?;
    let first = first_sharing_head(&observed.facts, subject);
    let actions = if first.is_some() {
        Vec::new()
    } else {
        let mut actions = plan(&verdict, &observed.effects);
        actions.extend(plan_merging(&verdict, &observed.facts));
        actions
    };

    let mut record = record_of(&verdict, &observed.facts, &rules, now)?;
    record.seen = lineage::seen(gate, subject, &observed.facts, &rules).await?;
    if observed.facts.pull.state == PullState::Closed {
        // Whatever is said of others with this head: of this one nothing was judged, so it did not pass.
        CLOSED.clone_into(&mut record.conclusion);
    }
    let intended = gate.store.intend(lease, record, written(&actions)?).await?;
    let (mut outcomes, mut unshown) = (Vec::new(), false);
    for (action, id) in actions.iter().zip(intended.actions) {
        let show = match action {
            policy::Action::ShowCheck(show) => show,
            policy::Action::DisableAutoMerge(stop) => {
                let outcome = stop_auto_merge(gate, lease, stop).await;
                unshown |= matches!(outcome, ActionOutcome::Failed { .. });
                outcomes.push((id, outcome));
                continue;
            }
            policy::Action::PutBack(_)
            | policy::Action::Undo(_)
            | policy::Action::CancelRun(_)
            | policy::Action::ProposeRevert(_)
            | policy::Action::AnswerDeployment(_) => {
                continue;
            }
        };
        match gate.github.show_check(lease, show, &output_of(show, &verdict)).await {
            Ok(applied) => outcomes.push((id, ActionOutcome::Done { note: format!("{applied:?}") })),
            // The verdict stands; what is said of proposed rules is tried again later.
            Err(error) if show.what == Shows::ProposedRules => {
                tracing::warn!(%error, "the check of proposed rules could not be shown");
                outcomes.push((id, ActionOutcome::Failed { error: error.to_string() }));
                unshown = true;
            }
            Err(error) => {
                outcomes.push((id, ActionOutcome::Failed { error: error.to_string() }));
                for (id, outcome) in outcomes {
                    gate.store.settle(&id, outcome, gate.clock.now()).await?;
                }
                return Err(error.into());
            }
        }
    }
    if let Some(first) = first {
        gate.store.wake(&first, gate.clock.now()).await?;
    }
    tracing::info!(
        subject = %lease.subject(),
        head = observed.facts.pull.head.sha.short(),
        verdict = verdict.conclusion.as_str(),
        actions = actions.len(),
        "judged"
    );
    metrics::counter!("portcullis_verdicts_total", "conclusion" => verdict.conclusion.as_str()).increment(1);
    if verdict.shown() != Conclusion::Success {
        wake_groups(gate, subject.repo_id).await?;
    }
    let next = match next_of(&verdict, &observed.facts, &rules, now) {
        Next::At(at) if unshown => Next::At(at.min(later(now, UNSHOWN))),
        Next::Done if unshown => Next::At(later(now, UNSHOWN)),
        next => next,
    };
    gate.store.record(lease, outcomes, next.clone(), gate.clock.now()).await?;
    Ok(next)
}

/// The check blocks already, so that it is tried again later when it does not work out now.
async fn stop_auto_merge(gate: &Gate, lease: &Lease, stop: &DisableAutoMerge) -> ActionOutcome {
    match gate.github.disable_auto_merge(lease, stop).await {
        Ok(()) => ActionOutcome::Done { note: "auto-merge is off".to_owned() },
        Err(ForgeError::Refused { message, .. }) => {
            tracing::warn!(pull = stop.number, %message, "the forge does not let us switch auto-merge off");
            ActionOutcome::Refused { error: message }
        }
        Err(error) => {
            tracing::warn!(pull = stop.number, %error, "auto-merge could not be switched off");
            ActionOutcome::Failed { error: error.to_string() }
        }
    }
}

/// Proposed rules are read one after another, whoever proposes how many.
static PROPOSALS: Semaphore = Semaphore::const_new(1);

/// Decides; away from the threads that answer deliveries where anybody may have written a rules file to be read.
async fn judge(observed: Observed, rules: &Arc<RuleSource>) -> Result<(Verdict, Observed), ReconcileError> {
    let siblings = observed.facts.siblings.get().map(Vec::as_slice).unwrap_or_default();
    let proposes = |pull: &Pull| !pull.proposed_rules.is_empty();
    if !siblings.iter().chain([&observed.facts.pull]).any(proposes) {
        return Ok((decide(&observed.facts, rules), observed));
    }
    let (rules, turn) = (Arc::clone(rules), PROPOSALS.acquire().await);
    let judged = tokio::task::spawn_blocking(move || {
        // Kept until it is done, even when nobody waits for it any more.
        let _turn = turn;
        (decide(&observed.facts, &rules), observed)
    });
    judged.await.map_err(|_| ReconcileError::Broken)
}

/// A merged pull request is judged no more, and the verdict that stood when it was merged goes on standing: by that the
/// merge is judged.
async fn merged(
    gate: &Gate,
    lease: &Lease,
    subject: &PullSubject,
    facts: &Facts,
) -> Result<Next, ReconcileError> {
    let now = gate.clock.now();
    // One check run serves all with this head, and it may have been as strict as this one was.
    if let Some(first) = first_sharing_head(facts, subject) {
        gate.store.wake(&first, now).await?;
    }
    let merge = Subject::Merge(subject.clone());
    if gate.store.latest_verdict(&merge).await?.is_none() {
        gate.store.wake(&merge, now).await?;
    }
    gate.store.record(lease, Vec::new(), Next::Ended, now).await?;
    Ok(Next::Ended)
}

/// A group that is about to land may hold what has just been found not to pass.
async fn wake_groups(gate: &Gate, repo: RepoId) -> Result<(), ReconcileError> {
    for group in gate.store.open_groups(repo).await? {
        gate.store.wake(&group, gate.clock.now()).await?;
    }
    Ok(())
}

/// The lowest-numbered open pull request with this head, when that is another subject.
fn first_sharing_head(facts: &Facts, own: &PullSubject) -> Option<Subject> {
    let siblings = facts.siblings.get().ok()?;
    let open = |pull: &&Pull| pull.state == PullState::Open;
    let first = siblings.iter().filter(open).map(|pull| pull.number).min()?;
    let own_turn = facts.pull.state == PullState::Open && own.number < first;
    (!own_turn).then(|| Subject::Pull(PullSubject { number: first, ..own.clone() }))
}

/// How long until a check of proposed rules that could not be shown is tried again.
const UNSHOWN: Duration = Duration::from_secs(2 * 60);
/// How long until what could not be seen is looked at again without anybody asking.
pub(super) const UNSEEN: Duration = Duration::from_secs(10 * 60);

/// How long until it is looked at again whether what is in the way of a pull request still is.
const IN_THE_WAY: Duration = Duration::from_secs(2 * 60 * 60);

/// A verdict may change by itself: a turn comes, a registration ends, and what could not be seen may be visible later.
fn next_of(verdict: &Verdict, facts: &Facts, rules: &RuleSource, now: Millis) -> Next {
    if verdict.pulls.is_empty() {
        return Next::Ended;
    }
    let ends = rules.expiries(&facts.own_rules).into_iter().map(|expiry| expiry.end);
    let tiers = verdict.pulls.iter().flat_map(|pull| &pull.tiers).filter_map(|tier| tier.changes_at);
    let turns = verdict.pulls.iter().filter_map(|pull| pull.turn);
    let end = ends.chain(tiers).chain(turns).filter(|end| *end > now).min();
    let unseen = verdict.pulls.iter().flat_map(|pull| &pull.findings).any(|f| f.effect == Effect::Unseen);
    let again = unseen.then(|| later(now, UNSEEN));
    let beyond = verdict.pulls.iter().flat_map(|pull| &pull.findings).any(|f| f.code == Code::OverQuota);
    let in_the_way = beyond.then(|| later(now, IN_THE_WAY));
    match end.into_iter().chain(again).chain(in_the_way).min() {
        Some(at) => Next::At(at),
        None => Next::Done,
    }
}

/// The text of the check run that an action makes.
fn output_of(show: &ShowCheck, verdict: &Verdict) -> report::CheckOutput {
    match show.what {
        Shows::Verdict => report::check_output(verdict),
        Shows::ProposedRules => report::rules_output(verdict),
    }
}

pub(super) fn record_of(
    verdict: &Verdict,
    facts: &impl Serialize,
    rules: &RuleSource,
    decided_at: Millis,
) -> Result<VerdictRecord, serde_json::Error> {
    Ok(VerdictRecord {
        head: verdict.head.clone(),
        conclusion: verdict.conclusion.as_str().to_owned(),
        enforcement: serde_json::to_value(verdict.enforcement)?.as_str().unwrap_or_default().to_owned(),
        digest: verdict.digest(),
        rules_digest: rules.key(),
        facts: serde_json::to_string(facts)?,
        verdict: serde_json::to_string(verdict)?,
        decided_at,
        seen: None,
    })
}
