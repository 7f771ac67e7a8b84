//! A look at a merge group: judge each of its pull requests again, and show the strictest verdict on the group's head.
//!
//! What was known when they joined the queue is not good enough any more: approvals, permissions and memberships are read
//! anew. Which pull requests the group holds the queue itself tells; where that is not certain, the group does not pass.
//!
//! Known races:
//! - The group is destroyed, or lands, during the look. The check is then shown on a commit that nobody waits for, and
//!   the delivery that tells so ends the subject.
//! - An approval is withdrawn after the group has passed. The pull request's own look finds it, and wakes the group.

use futures_util::future::try_join_all;
use policy::act::{GroupFacts, GroupTold, Member};
use policy::decide::decide_group;
use policy::facts::{Effects, OwnRules};
use policy::rules::RuleSource;
use policy::verdict::{Effect, Verdict};
use policy::{Fact, GroupSubject, Millis, PullSubject, Sha, Subject, plan};

use super::gather::{self, Heard};
use super::own::own_rules;
use super::pull::{UNSEEN, record_of};
use super::{Gate, PATIENCE, ReconcileError, lag, later, written};
use crate::github::{Entry, GroupRead, Landed, Onto};
use crate::lease::Lease;
use crate::report;
use crate::store::{ActionOutcome, Evidence, Next};

/// So many pull requests of a group are read at once.
const AT_ONCE: usize = 4;

/// Looks at a merge group.
pub(super) async fn look(gate: &Gate, lease: &Lease, subject: &GroupSubject) -> Result<Next, ReconcileError> {
    let now = gate.clock.now();
    let evidence = gate.store.evidence(lease.subject()).await?;
    let Some(told) = standing(&evidence)? else { return ended(gate, lease, &evidence).await };
    let rules = gate.rulebook.current();
    let seen = gate.github.read_group(subject, &told, rules.check()).await?;
    let judged_before = gate.store.stood(lease.subject(), &told.head).await?.is_some();
    if seen.checks.is_none() || matches!(seen.entries, Fact::Known(None)) {
        if lease.attempts() < PATIENCE {
            return Ok(lag(lease, now, "the forge does not show the group that a delivery told of"));
        }
        // It was there when it was judged: it has landed or was dissolved, and nobody told.
        if judged_before || seen.checks.is_none() {
            return ended(gate, lease, &evidence).await;
        }
    }
    let effects = Effects { checks: seen.checks.clone().unwrap_or_default(), ..Effects::default() };
    let Some(facts) = Box::pin(facts(gate, lease, subject, &told, seen, &rules, now)).await? else {
        return Ok(lag(lease, now, "the forge shows an older state than a delivery told of"));
    };
    let verdict = decide_group(&facts, &rules);
    show(gate, lease, &verdict, &facts, &effects, &rules).await?;
    tracing::info!(
        subject = %lease.subject(),
        head = facts.head.short(),
        verdict = verdict.conclusion.as_str(),
        "judged"
    );
    metrics::counter!("portcullis_verdicts_total", "conclusion" => verdict.conclusion.as_str()).increment(1);
    let next = next_of(&verdict, &facts.own_rules, &rules, now);
    gate.store.record(lease, Vec::new(), next.clone(), gate.clock.now()).await?;
    Ok(next)
}

/// Shows on the newest head that deliveries told of that it could not be looked at.
pub(super) async fn tell(
    gate: &Gate,
    lease: &Lease,
    subject: &GroupSubject,
    why: &str,
) -> Result<(), ReconcileError> {
    let Some(told) = standing(&gate.store.evidence(lease.subject()).await?)? else { return Ok(()) };
    let facts = GroupFacts {
        now: gate.clock.now(),
        repository: policy::facts::Repository { id: subject.repo_id, name: subject.repo.clone() },
        head_ref: subject.head_ref.clone(),
        head: told.head,
        base: told.base_ref.branch().unwrap_or_default().to_owned(),
        members: Fact::unknown(why),
        own_rules: super::own::remembered(gate, subject.repo_id).await,
    };
    let rules = gate.rulebook.current();
    show(gate, lease, &decide_group(&facts, &rules), &facts, &Effects::default(), &rules).await
}

/// Makes the check run on the group's head show the verdict.
async fn show(
    gate: &Gate,
    lease: &Lease,
    verdict: &Verdict,
    facts: &GroupFacts,
    effects: &Effects,
    rules: &RuleSource,
) -> Result<(), ReconcileError> {
    let actions = plan(verdict, effects);
    let record = record_of(verdict, facts, rules, facts.now)?;
    let intended = gate.store.intend(lease, record, written(&actions)?).await?;
    let output = report::check_output(verdict);
    for (show, id) in actions.iter().filter_map(policy::Action::check).zip(intended.actions) {
        let shown = gate.github.show_check(lease, show, &output).await;
        let outcome = match &shown {
            Ok(applied) => ActionOutcome::Done { note: format!("{applied:?}") },
            Err(error) => ActionOutcome::Failed { error: error.to_string() },
        };
        gate.store.settle(&id, outcome, gate.clock.now()).await?;
        shown?;
    }
    Ok(())
}

/// The newest group of this name that was not destroyed. A name can come again with another head.
fn standing(evidence: &[Evidence]) -> Result<Option<GroupTold>, serde_json::Error> {
    let told: Vec<GroupTold> =
        evidence.iter().map(|one| serde_json::from_str(&one.body)).collect::<Result<_, _>>()?;
    let over: Vec<&Sha> = told.iter().filter(|group| group.over).map(|group| &group.head).collect();
    Ok(told.iter().rfind(|group| !group.over && !over.contains(&&group.head)).cloned())
}

/// There is no such group any more. That one was destroyed is kept for as long as it was not heard of before: deliveries
/// come in any order.
async fn ended(gate: &Gate, lease: &Lease, evidence: &[Evidence]) -> Result<Next, ReconcileError> {
    let mut asked = false;
    for one in evidence {
        asked |= !serde_json::from_str::<GroupTold>(&one.body)?.over;
    }
    let judged = evidence.iter().filter(|_| asked).map(|one| one.id.clone()).collect();
    gate.store.record_judged(lease, Vec::new(), judged, Next::Ended, gate.clock.now()).await?;
    Ok(Next::Ended)
}

/// Everything that the verdict rests on; `None` while the forge shows an older state than a delivery told of.
async fn facts(
    gate: &Gate,
    lease: &Lease,
    subject: &GroupSubject,
    told: &GroupTold,
    seen: GroupRead,
    rules: &RuleSource,
    now: Millis,
) -> Result<Option<GroupFacts>, ReconcileError> {
    let own_rules = own_rules(gate, subject.repo_id, &seen.own_rules, rules).await?;
    let members = match &seen.entries {
        Fact::Unknown(why) => Fact::Unknown(why.clone()),
        Fact::Known(None) => Fact::unknown("no entry of the queue leads to its head"),
        Fact::Known(Some(entries)) => {
            gate.github.renew_members(subject.installation, &rules.wanted(&own_rules), now).await?;
            let mut members = Vec::with_capacity(entries.len());
            for entries in entries.chunks(AT_ONCE) {
                let looks =
                    entries.iter().map(|entry| Box::pin(member(gate, lease, subject, entry, rules, now)));
                members.extend(try_join_all(looks).await?);
            }
            let Some(members) = members.into_iter().collect() else { return Ok(None) };
            Fact::Known(members)
        }
    };
    Ok(Some(GroupFacts {
        now,
        repository: seen.repository,
        head_ref: subject.head_ref.clone(),
        head: told.head.clone(),
        base: told.base_ref.branch().unwrap_or_default().to_owned(),
        members,
        own_rules,
    }))
}

async fn member(
    gate: &Gate,
    lease: &Lease,
    subject: &GroupSubject,
    entry: &Entry,
    rules: &RuleSource,
    now: Millis,
) -> Result<Option<Member>, ReconcileError> {
    let GroupSubject { installation, repo_id, repo, .. } = subject;
    let pull = PullSubject {
        installation: *installation,
        repo_id: *repo_id,
        repo: repo.clone(),
        number: entry.number,
    };
    let floor = gate.store.floor(&Subject::Pull(pull.clone())).await?;
    let heard = Heard { floor: &floor, attempts: lease.attempts() };
    let observed = Box::pin(gather::gather(gate, heard, &pull, rules, now)).await?;
    if heard.lags(&observed) {
        return Ok(None);
    }
    let facts = observed.facts;
    let landed = Landed { onto: Onto::Commit(&entry.base), head: &facts.pull.head.sha, result: &entry.head };
    let landing = gate.github.landing(&pull, &facts.repository, landed).await?;
    Ok(Some(Member { facts, landing }))
}

/// A registration may end while the group waits, and what could not be seen may be visible later.
fn next_of(verdict: &Verdict, own_rules: &Fact<OwnRules>, rules: &RuleSource, now: Millis) -> Next {
    let ends = rules.expiries(own_rules).into_iter().map(|expiry| expiry.end).filter(|end| *end > now);
    let findings = verdict.pulls.iter().flat_map(|pull| &pull.findings);
    let mut findings = findings.chain(verdict.group.iter().flat_map(|group| &group.findings));
    let again = findings.any(|finding| finding.effect == Effect::Unseen).then(|| later(now, UNSEEN));
    ends.chain(again).min().map_or(Next::Done, Next::At)
}
