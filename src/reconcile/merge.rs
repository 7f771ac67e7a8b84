//! A look at a merge after the fact: did it pass the gate, and is what landed what was judged?
//!
//! Woken by the look that finds the pull request merged, once. The verdict that stood then is in the store; what landed is
//! compared by git. What is found is told as an incident and, where the rules say so, answered by a pull request that
//! takes it back.

use policy::act::{Landing, MergeFacts, Stood};
use policy::decide::judge_merge;
use policy::facts::PullState;
use policy::incident::{Kind, incidents};
use policy::rules::RuleSource;
use policy::verdict::{JudgedAs, Verdict};
use policy::{Action, Fact, Facts, Millis, PullSubject, Sha, Subject, plan_merge};

use super::gather::{self, Heard};
use super::own::own_rules;
use super::text::add_hidden;
use super::{Gate, PATIENCE, ReconcileError, act_record, lag, written};
use crate::github::{ForgeError, Landed, MergeRead, Onto};
use crate::lease::Lease;
use crate::store::{ActionOutcome, Next};

/// The kind under which a proposal is written down.
pub(super) const PROPOSED: &str = "propose_revert";

/// Looks at a merge.
pub(super) async fn look(gate: &Gate, lease: &Lease, subject: &PullSubject) -> Result<Next, ReconcileError> {
    let now = gate.clock.now();
    let rules = gate.rulebook.current();
    let head_name = gate.github.read(subject, rules.check()).await?.head_name().to_owned();
    let seen = gate.github.read_merge(subject, &head_name).await?;
    if !seen.merged {
        if lease.attempts() < PATIENCE {
            return Ok(lag(lease, now, "the forge does not show the merge yet"));
        }
        gate.store.record(lease, Vec::new(), Next::Ended, now).await?;
        return Ok(Next::Ended);
    }
    let node = seen.node.clone();
    let facts = Box::pin(facts(gate, lease, subject, seen, &rules, now)).await?;
    let verdict = judge_merge(&facts, &rules);
    let actions = plan_merge(&verdict, &facts);
    let record = act_record(&verdict, &facts, &rules, now)?;
    let opened = incidents(&verdict, Kind::MergedPast, &lease.subject().key(), now);
    let intended = gate.store.intend_with(lease, record, written(&actions)?, opened).await?;
    let mut outcomes = Vec::new();
    for (action, id) in actions.iter().zip(intended.actions) {
        let Action::ProposeRevert(revert) = action else { continue };
        match gate.github.propose_revert(lease, &node, revert).await {
            Ok(note) => outcomes.push((id, ActionOutcome::Done { note })),
            // It cannot be taken back by itself; the incident stays for people.
            Err(ForgeError::Refused { message, .. }) => {
                outcomes.push((id, ActionOutcome::Refused { error: message }));
            }
            Err(error) => {
                let outcome = ActionOutcome::Failed { error: error.to_string() };
                gate.store.settle(&id, outcome, gate.clock.now()).await?;
                return Err(error.into());
            }
        }
    }
    tracing::info!(subject = %lease.subject(), verdict = verdict.conclusion.as_str(), "judged");
    metrics::counter!("portcullis_verdicts_total", "conclusion" => verdict.conclusion.as_str()).increment(1);
    gate.store.record(lease, outcomes, Next::Ended, gate.clock.now()).await?;
    Ok(Next::Ended)
}

async fn facts(
    gate: &Gate,
    lease: &Lease,
    subject: &PullSubject,
    seen: MergeRead,
    rules: &RuleSource,
    now: Millis,
) -> Result<MergeFacts, ReconcileError> {
    let own_rules = own_rules(gate, subject.repo_id, &seen.own_rules, rules).await?;
    let stood = stood(gate, subject, &seen.head).await?;
    let peoples = stood.as_ref().is_some_and(|stood| stood.involvement.judged_as == JudgedAs::People);
    let landing = match peoples {
        true => Fact::unknown("people's own work is theirs to merge"),
        false => landing(gate, subject, &seen).await?,
    };
    let afterwards = match stood {
        Some(_) => None,
        None => Some(Box::new(Box::pin(afterwards(gate, lease, subject, &seen, rules, now)).await?)),
    };
    let commit = match &seen.commit {
        Fact::Known((commit, _)) => Fact::Known(commit.clone()),
        Fact::Unknown(why) => Fact::Unknown(why.clone()),
    };
    let queued = match &commit {
        Fact::Known(commit) => gate.store.group_passed(subject.repo_id, commit, &seen.base).await?,
        Fact::Unknown(_) => false,
    };
    let reverts = match gate.store.done(lease.subject(), PROPOSED).await? {
        Some(made) => Fact::Known(made.trim_start_matches('#').parse().into_iter().collect()),
        None => seen.reverts,
    };
    Ok(MergeFacts {
        now,
        repository: seen.repository,
        number: subject.number,
        title: seen.title,
        base: seen.base,
        head: seen.head,
        commit,
        by: seen.by,
        at: seen.at,
        queued,
        stood,
        afterwards,
        landing,
        reverts,
        own_rules,
    })
}

/// The verdict that stood for the head when it was merged.
async fn stood(gate: &Gate, subject: &PullSubject, head: &Sha) -> Result<Option<Stood>, ReconcileError> {
    let Some(stored) = gate.store.stood(&Subject::Pull(subject.clone()), head).await? else {
        return Ok(None);
    };
    let verdict: Verdict = serde_json::from_str(&stored.record.verdict)?;
    let pull = verdict.pulls.into_iter().find(|pull| pull.number == subject.number);
    Ok(pull.map(|pull| Stood {
        conclusion: verdict.conclusion,
        enforcement: verdict.enforcement,
        involvement: pull.involvement,
    }))
}

/// What became of the head. On what the forge merged is told by the merge commit's parents; a rebase leaves no trace of
/// it, so there only what agrees is certain.
async fn landing(
    gate: &Gate,
    subject: &PullSubject,
    seen: &MergeRead,
) -> Result<Fact<Landing>, ReconcileError> {
    let (commit, parents) = match &seen.commit {
        Fact::Known(known) => known,
        Fact::Unknown(why) => return Ok(Fact::Unknown(why.clone())),
    };
    if *commit == seen.head {
        return Ok(Fact::Known(Landing { as_merged: true, strangers: 0 }));
    }
    let onto = async |onto: Onto<'_>| {
        let landed = Landed { onto, head: &seen.head, result: commit };
        gate.github.landing(subject, &seen.repository, landed).await
    };
    match parents.as_slice() {
        [base, _] => Ok(onto(Onto::Commit(base)).await?),
        [base] if seen.by_forge => Ok(onto(Onto::Commit(base)).await?),
        [_] => {
            let as_judged = Fact::Known(Landing { as_merged: true, strangers: 0 });
            for base in [Onto::Above(seen.commits), Onto::Commit(&seen.base_sha)] {
                if onto(base).await? == as_judged {
                    return Ok(as_judged);
                }
            }
            Ok(Fact::unknown("it is not certain which commits the merge made"))
        }
        _ => Ok(Fact::unknown("the merge commit has more parents than a merge of one pull request")),
    }
}

/// A merged pull request as it would be judged were it still open.
pub(super) async fn as_merged(
    gate: &Gate,
    lease: &Lease,
    subject: &PullSubject,
    rules: &RuleSource,
    now: Millis,
) -> Result<Facts, ReconcileError> {
    let head_name = gate.github.read(subject, rules.check()).await?.head_name().to_owned();
    let seen = gate.github.read_merge(subject, &head_name).await?;
    Box::pin(afterwards(gate, lease, subject, &seen, rules, now)).await
}

/// The pull request as it would be judged were it still open.
async fn afterwards(
    gate: &Gate,
    lease: &Lease,
    subject: &PullSubject,
    seen: &MergeRead,
    rules: &RuleSource,
    now: Millis,
) -> Result<Facts, ReconcileError> {
    let floor = gate.store.floor(&Subject::Pull(subject.clone())).await?;
    let heard = Heard { floor: &floor, attempts: lease.attempts() };
    let mut facts = Box::pin(gather::gather(gate, heard, subject, rules, now)).await?.facts;
    let base = match &seen.commit {
        Fact::Known((_, parents)) => parents.first().cloned().unwrap_or_else(|| seen.base_sha.clone()),
        Fact::Unknown(_) => seen.base_sha.clone(),
    };
    let lines = rules.wanted(&facts.own_rules).lines;
    let change =
        gate.github.moved_change(lease.subject().place(), &seen.repository, &base, &seen.head, lines).await?;
    facts.pull.state = PullState::Open;
    facts.pull.base.sha = base;
    facts.pull.change = change;
    gather::add_pushers(gate, heard, subject, rules, &mut facts).await?;
    Box::pin(add_hidden(gate, subject, rules, &mut facts)).await?;
    Ok(facts)
}
