//! A look at what guards a repository, or at the gate's own installation: what became looser since the last one?
//!
//! Woken by the deliveries that tell of such changes and, since those may be lost, from time to time. What is read is
//! compared with what the last look kept; who did it is in the deliveries alone. Nothing on the forge is changed: people
//! are told, and where the rules say so agents are suspended.
//!
//! Known races:
//! - The API may lag behind the delivery. A look that was told of a change and sees none is taken once more before it is
//!   believed; what comes later still is found by a later look, which then does not know who it was.
//! - A crash before what was seen is kept. The next look finds the same again, under the same name, and tells nobody twice.

use std::collections::BTreeSet;

use policy::act::{GuardEvidence, GuardFacts, GuardTold, Guards, Lock};
use policy::decide::{GuardVerdict, judge_guard};
use policy::facts::Repository;
use policy::incident::{Kind, incidents};
use policy::rules::{RuleSource, Suspension};
use policy::{Fact, GuardSubject, InstallationId, InstallationSubject, Millis, RepoName, Subject};

use super::act::roster;
use super::{Gate, PATIENCE, READ_LAG, ReconcileError, act_record, later, own};
use crate::github::GuardsRead;
use crate::lease::Lease;
use crate::store::{Evidence, KeptGuards, Next, Testimony};

/// Looks that see nothing of what was told before that is believed.
const LAGS: u32 = 2;
/// Who suspends.
const GATE: &str = "portcullis";

/// What was known before a look.
struct Before {
    kept: Option<KeptGuards>,
    guards: Option<Guards>,
    told: Vec<GuardEvidence>,
    rules: std::sync::Arc<RuleSource>,
    now: Millis,
}

impl Before {
    async fn of(gate: &Gate, lease: &Lease) -> Result<Self, ReconcileError> {
        let kept = gate.store.guards(lease.subject()).await?;
        let guards = kept.as_ref().map(|kept| serde_json::from_str(&kept.body)).transpose()?;
        let told = gate.store.evidence(lease.subject()).await?.into_iter().map(read);
        Ok(Self {
            kept,
            guards,
            told: told.collect::<Result<_, _>>()?,
            rules: gate.rulebook.current(),
            now: gate.clock.now(),
        })
    }

    /// Whether the forge may not show yet what was told.
    fn lags(&self, lease: &Lease, seen: &Guards) -> bool {
        let settles = |one: &GuardEvidence| {
            !matches!(one.told.event.as_str(), "secret_scanning_alert" | "personal_access_token_request")
        };
        lease.attempts() < LAGS
            && self.guards.as_ref().is_some_and(|before| seen.kept(before) == *before)
            && self.told.iter().any(settles)
    }

    fn turn(&self) -> u64 {
        self.kept.as_ref().map_or(0, |kept| kept.turn)
    }
}

fn read(one: Evidence) -> Result<GuardEvidence, serde_json::Error> {
    Ok(GuardEvidence { id: one.id, told: serde_json::from_str::<GuardTold>(&one.body)? })
}

/// Looks at what guards a repository.
pub(super) async fn look(gate: &Gate, lease: &Lease, subject: &GuardSubject) -> Result<Next, ReconcileError> {
    let before = Before::of(gate, lease).await?;
    let guarded: BTreeSet<String> = before
        .guards
        .iter()
        .flat_map(Guards::iter)
        .filter(|guard| guard.lock == Lock::Check)
        .map(|guard| guard.on.clone())
        .collect();
    let (repository, seen) = match gate.github.read_guards(subject, before.rules.check(), &guarded).await? {
        Fact::Known(GuardsRead { repository, guards }) => (repository, Fact::Known(guards)),
        Fact::Unknown(why) => {
            (Repository { id: subject.repo_id, name: subject.repo.clone() }, Fact::Unknown(why))
        }
    };
    // Who may do less than before may have approved something that is still open.
    if before.told.iter().any(|one| matches!(one.told.event.as_str(), "member" | "team")) {
        gate.store.wake_pulls(subject.repo_id, before.now).await?;
    }
    let own_rules = own::remembered(gate, subject.repo_id).await;
    conclude(gate, lease, before, (subject.installation, repository, seen, own_rules)).await
}

/// Looks at the installation itself.
pub(super) async fn look_at_installation(
    gate: &Gate,
    lease: &Lease,
    subject: &InstallationSubject,
) -> Result<Next, ReconcileError> {
    let before = Before::of(gate, lease).await?;
    let (guards, covered) = gate.github.read_installation(subject).await?;
    // A ruleset of the organisation's guards all of its repositories: each is looked at, and knows who changed it.
    for one in before.told.iter().filter(|one| one.told.event == "repository_ruleset") {
        for repository in &covered {
            let guard = GuardSubject {
                installation: subject.installation,
                repo_id: repository.id,
                repo: repository.name.clone(),
            };
            let body = serde_json::to_string(&one.told)?;
            let told = Testimony { subject: Subject::Guard(guard), body, actor: None };
            gate.store.testify(one.id.clone(), told, before.now).await?;
        }
    }
    let place = lease.subject().place();
    let repository = Repository { id: place.repo_id, name: RepoName::clone(place.repo) };
    let own_rules = Fact::Known(policy::facts::OwnRules::default());
    let mut before = before;
    let (elsewhere, here): (Vec<_>, Vec<_>) =
        before.told.into_iter().partition(|one| one.told.event == "repository_ruleset");
    before.told = here;
    let settled = elsewhere.into_iter().map(|one| one.id).collect();
    conclude_with(
        gate,
        lease,
        before,
        (subject.installation, repository, Fact::Known(guards), own_rules),
        settled,
    )
    .await
}

/// Where it is, what is seen of it, and what the repository's own rules say.
type Seen = (InstallationId, Repository, Fact<Guards>, Fact<policy::facts::OwnRules>);

async fn conclude(gate: &Gate, lease: &Lease, before: Before, seen: Seen) -> Result<Next, ReconcileError> {
    conclude_with(gate, lease, before, seen, Vec::new()).await
}

/// Compares, tells, suspends, and keeps what was seen. `settled` are deliveries that others were told of.
async fn conclude_with(
    gate: &Gate,
    lease: &Lease,
    before: Before,
    (installation, repository, seen, own_rules): Seen,
    mut settled: Vec<String>,
) -> Result<Next, ReconcileError> {
    if let Fact::Known(seen) = &seen
        && before.lags(lease, seen)
    {
        let at = later(gate.clock.now(), READ_LAG);
        return Ok(Next::Retry {
            at,
            error: "the forge does not show yet what a delivery told of".to_owned(),
        });
    }
    // What cannot be read at all may be a hiccup of the forge, or the repository is gone.
    if let (Fact::Unknown(why), true) = (&seen, lease.attempts() < PATIENCE) {
        let at = later(gate.clock.now(), READ_LAG);
        return Ok(Next::Retry { at, error: why.clone() });
    }
    let wanted = before.rules.wanted(&own_rules);
    let accounts = before.told.iter().filter_map(|one| Some(one.told.by.get().ok()?.id)).collect();
    let facts = GuardFacts {
        now: before.now,
        repository,
        turn: before.turn(),
        seen,
        roster: roster(gate, installation, &wanted, &accounts).await?,
        own_rules,
        before: before.guards,
        told: before.told,
    };
    let judged = judge_guard(&facts, &before.rules);
    if !judged.verdict.deeds.is_empty() {
        let record = act_record(&judged.verdict, &facts, &before.rules, before.now)?;
        let opened = incidents(&judged.verdict, Kind::Protection, &lease.subject().key(), before.now);
        gate.store.intend_with(lease, record, Vec::new(), opened).await?;
        suspend(gate, &judged, before.now).await?;
        tracing::warn!(subject = %lease.subject(), deeds = judged.verdict.deeds.len(), "protections are looser");
    }
    keep(gate, lease, &facts).await?;
    settled.extend(facts.told.into_iter().map(|one| one.id));
    // Nothing that is here changes by other rules: what is kept is compared, and what was told is told.
    gate.store.record_judged(lease, Vec::new(), settled, Next::Ended, gate.clock.now()).await?;
    Ok(Next::Ended)
}

async fn keep(gate: &Gate, lease: &Lease, facts: &GuardFacts) -> Result<(), ReconcileError> {
    let Fact::Known(seen) = &facts.seen else { return Ok(()) };
    let nothing = Guards::default();
    let kept = seen.kept(facts.before.as_ref().unwrap_or(&nothing));
    if facts.before.as_ref() == Some(&kept) {
        return Ok(());
    }
    let kept = KeptGuards { turn: facts.turn.saturating_add(1), body: serde_json::to_string(&kept)? };
    gate.store.keep_guards(lease, kept, facts.now).await?;
    Ok(())
}

/// At once and everywhere: whoever is suspended is so before anything else of theirs is judged here.
async fn suspend(gate: &Gate, judged: &GuardVerdict, now: Millis) -> Result<(), ReconcileError> {
    let mut any = false;
    for one in &judged.suspend {
        let suspension = Suspension { reason: one.reason.clone(), by: GATE.to_owned(), at: now };
        if gate.store.suspend(&one.agent, &suspension).await? {
            tracing::warn!(agent = %one.agent, "suspended: a protection was loosened");
            any = true;
        }
    }
    if any {
        gate.rulebook.suspend(gate.store.suspended().await?);
    }
    Ok(())
}
