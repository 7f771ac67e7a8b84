//! Counts what quotas ask for: an agent's other pull requests, its pushes, and its runs that go on.
//!
//! Everything is counted from what was seen before, so that it costs no call. What stands in the way of something is
//! looked at again before long, for a delivery that told of its end may have been lost. Of an agent without a quota nothing
//! is noted and nothing is asked.

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};
use std::time::Duration;

use policy::act::{Pushed, RunState};
use policy::decide::BACKLOG_DAYS;
use policy::facts::{Counted, Going, OwnRules, Pull, PullState, PushTold, Repository};
use policy::rules::{Counts, RuleSource};
use policy::{Fact, Millis, PullSubject, RunSubject, Subject};

use super::{Gate, ReconcileError};
use crate::github::{ForgeError, RunRead};
use crate::store::{Beside, Evidence, MOST_COUNTED, News, SeenUse, Use, UseKind};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A pull request that stands in another's way is looked at again when nobody has for so long.
const STALE_PULL: Duration = Duration::from_secs(60 * 60);
/// The same of a run, which the forge is asked about at once.
const STALE_RUN: Duration = Duration::from_secs(10 * 60);
/// More runs than these are not asked about in one look.
const MOST_ASKED: usize = 100;

/// What counts are taken for, and by which rules.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) rules: &'a RuleSource,
    pub(super) own_rules: &'a Fact<OwnRules>,
    pub(super) now: Millis,
}

/// Notes a pull request, and adds what else counts beside it.
pub(super) async fn count_pull(
    gate: &Gate,
    subject: &PullSubject,
    repository: &Repository,
    pull: &mut Pull,
    asked: Asked<'_>,
) -> Result<(), ReconcileError> {
    let opened_at = pull.opened_at.take();
    let Ok(author) = pull.author.get() else { return Ok(()) };
    let counts = asked.rules.counts(author.id, asked.own_rules);
    let Some(counts) = counts.filter(|counts| counts.pulls) else { return Ok(()) };
    let Some(opened_at) = opened_at else {
        pull.tally = Some(Fact::unknown("the forge does not tell when it was opened"));
        return Ok(());
    };
    pull.opened_at = Some(opened_at);
    let lines = match (pull.state, counts.lines) {
        (PullState::Open, true) => match asked.rules.lines_by_class(repository, &pull.change) {
            Fact::Known(lines) => Some(serde_json::to_string(&lines)?),
            Fact::Unknown(_) => None,
        },
        // What is over changes no more, and what nobody asks for is not missed.
        (PullState::Closed | PullState::Merged, true) => None,
        (_, false) => Some("{}".to_owned()),
    };
    let told = Use {
        subject: Subject::Pull(subject.clone()),
        account: author.id,
        kind: UseKind::Pull,
        repo: repository.name.clone(),
        begun_at: opened_at,
        state: pull.state,
        ended_at: None,
        lines,
    };
    note(gate, &told, &counts, asked.now).await?;
    if pull.state == PullState::Open {
        pull.tally = Some(tally(gate, &told, &counts, asked.now).await?);
    }
    Ok(())
}

/// Notes a use where that is news. What was never seen to go on does not begin to count when it is over.
async fn note(gate: &Gate, told: &Use, counts: &Counts, now: Millis) -> Result<(), ReconcileError> {
    let noted = gate.store.noted_use(&told.subject, told.account).await?;
    let news = match &noted {
        None if told.state != PullState::Open => return Ok(()),
        None => News::Changed,
        Some(noted) if is_same(&noted.told, told) => {
            if noted.seen_at > earlier(now, STALE_RUN) {
                return Ok(());
            }
            News::SeenAgain
        }
        Some(_) => News::Changed,
    };
    Ok(gate.store.note_use(told.clone(), counts.accounts.clone(), news, now).await?)
}

fn is_same(noted: &Use, told: &Use) -> bool {
    let lines = told.state != PullState::Open || noted.lines == told.lines;
    lines && noted.state == told.state && noted.begun_at == told.begun_at && noted.repo == told.repo
}

/// The agent's other pull requests that count.
async fn tally(
    gate: &Gate,
    told: &Use,
    counts: &Counts,
    now: Millis,
) -> Result<Fact<Vec<Counted>>, ReconcileError> {
    let days = u32::try_from(BACKLOG_DAYS).unwrap_or(u32::MAX);
    let beside = |since| Beside { of: told, accounts: &counts.accounts, since };
    let before = gate.store.uses_before(beside(earlier(now, DAY.saturating_mul(days)))).await?;
    let mut found: BTreeMap<String, (bool, SeenUse)> =
        before.into_iter().map(|other| (other.told.subject.key(), (true, other))).collect();
    if counts.lines {
        for other in gate.store.merged_lately(beside(earlier(now, DAY))).await? {
            found.entry(other.told.subject.key()).or_insert((false, other));
        }
    }
    if found.len() > MOST_COUNTED {
        return Ok(Fact::unknown(format!("it is more than {MOST_COUNTED} pull requests")));
    }
    let open = || found.values().filter(|(_, other)| other.told.state == PullState::Open);
    if counts.open.is_some_and(|limit| open().count() as u64 >= limit) {
        for (_, other) in open().filter(|(_, other)| other.seen_at < earlier(now, STALE_PULL)) {
            gate.store.wake(&other.told.subject, now).await?;
        }
    }
    let counted = found.into_values().map(|(earlier, other)| counted(earlier, other.told));
    Ok(Fact::Known(counted.collect::<Result<Vec<_>, _>>()?))
}

fn counted(earlier: bool, other: Use) -> Result<Counted, serde_json::Error> {
    let number = other.subject.pull().map_or(0, |pull| pull.number);
    let repository = Repository { id: other.subject.place().repo_id, name: other.repo };
    let lines = match other.lines {
        Some(lines) => Fact::Known(serde_json::from_str(&lines)?),
        None => Fact::unknown("they could not be counted"),
    };
    let Use { begun_at: opened_at, state, ended_at, .. } = other;
    Ok(Counted { repository, number, opened_at, earlier, state, ended_at, lines })
}

/// How often the agent pushed in the day before a push; nothing where no quota asks.
pub(super) async fn pushed_before(
    gate: &Gate,
    pushed: &Pushed,
    evidence: &Evidence,
    asked: Asked<'_>,
) -> Result<Option<Fact<Vec<PushTold>>>, ReconcileError> {
    let Ok(actor) = pushed.actor.get() else { return Ok(None) };
    let counts = asked.rules.counts(actor.id, asked.own_rules);
    let Some(counts) = counts.filter(|counts| counts.pushes) else { return Ok(None) };
    let since = earlier(evidence.at, DAY);
    let before = gate.store.pushes_before(&counts.accounts, (evidence.at, &evidence.id), since).await?;
    Ok(Some(Fact::Known(before)))
}

/// Notes a run, and tells which other runs go on of the agents that caused it.
pub(super) async fn going(
    gate: &Gate,
    subject: &RunSubject,
    seen: &RunRead,
    asked: Asked<'_>,
) -> Result<BTreeMap<String, Fact<Vec<Going>>>, ReconcileError> {
    let mut found = BTreeMap::new();
    let causes = [&seen.run.actor, &seen.run.triggering_actor];
    let accounts: BTreeSet<_> = causes.into_iter().filter_map(|cause| Some(cause.get().ok()?.id)).collect();
    for account in accounts {
        let counts = asked.rules.counts(account, asked.own_rules);
        let Some(counts) = counts.filter(|counts| counts.runs.is_some()) else { continue };
        let Some(begun_at) = seen.begun_at else {
            found.insert(counts.agent, Fact::unknown("the forge does not tell when it began"));
            continue;
        };
        let told = Use {
            subject: Subject::Run(subject.clone()),
            account,
            kind: UseKind::Run,
            repo: seen.repository.name.clone(),
            begun_at,
            state: if seen.run.state == RunState::Open { PullState::Open } else { PullState::Closed },
            ended_at: None,
            lines: None,
        };
        note(gate, &told, &counts, asked.now).await?;
        if let Entry::Vacant(entry) = found.entry(counts.agent.clone()) {
            entry.insert(beside_run(gate, &told, &counts, asked.now).await?);
        }
    }
    Ok(found)
}

/// Those that began before and go on. Where they are too many, the forge is asked about each that nobody has looked at
/// lately.
async fn beside_run(
    gate: &Gate,
    told: &Use,
    counts: &Counts,
    now: Millis,
) -> Result<Fact<Vec<Going>>, ReconcileError> {
    let beside = Beside { of: told, accounts: &counts.accounts, since: now };
    let mut seen = BTreeSet::new();
    let mut before = gate.store.uses_before(beside).await?;
    before.retain(|other| other.told.state == PullState::Open && seen.insert(other.told.subject.key()));
    if before.len() > MOST_COUNTED {
        return Ok(Fact::unknown(format!("it is more than {MOST_COUNTED} runs")));
    }
    let beyond = counts.runs.is_some_and(|limit| before.len() as u64 >= limit);
    let mut asks = if beyond && told.state == PullState::Open { MOST_ASKED } else { 0 };
    let mut going = Vec::new();
    for other in before {
        let stale = other.seen_at < earlier(now, STALE_RUN);
        if stale && asks > 0 {
            asks -= 1;
            if !goes_on(gate, &other.told, counts, now).await? {
                continue;
            }
        }
        let Subject::Run(run) = &other.told.subject else { continue };
        let repository = Repository { id: run.repo_id, name: other.told.repo };
        going.push(Going { repository, run: run.run, begun_at: other.told.begun_at });
    }
    Ok(Fact::Known(going))
}

/// Asks the forge whether a run goes on and is still the agent's, and notes what it says.
async fn goes_on(gate: &Gate, other: &Use, counts: &Counts, now: Millis) -> Result<bool, ReconcileError> {
    let Subject::Run(subject) = &other.subject else { return Ok(false) };
    let goes_on = match gate.github.read_run(subject).await {
        Ok(read) => {
            let causes = [&read.run.actor, &read.run.triggering_actor];
            let is_its = |cause: &Fact<policy::facts::Account>| {
                cause.get().map_or(true, |cause| counts.accounts.contains(&cause.id))
            };
            read.run.state == RunState::Open && causes.into_iter().any(is_its)
        }
        Err(ForgeError::Gone { .. }) => false,
        Err(error) => return Err(error.into()),
    };
    let state = if goes_on { PullState::Open } else { PullState::Closed };
    let told = Use { state, ..other.clone() };
    let news = if goes_on { News::SeenAgain } else { News::Changed };
    gate.store.note_use(told, counts.accounts.clone(), news, now).await?;
    Ok(goes_on)
}

fn earlier(now: Millis, by: Duration) -> Millis {
    Millis(now.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
}
