//! A look at something that was published: a deployment outside of workflow runs, a release, a package.
//!
//! It has happened, and who did it is told by deliveries alone, so each is judged as it was told. Nothing is read where
//! people alone did it.

use policy::act::{Publication, PublicationFacts, PublicationTold, Published};
use policy::decide::{decide_publication, is_person};
use policy::facts::OwnRules;
use policy::incident::{Kind, incidents};
use policy::rules::RuleSource;
use policy::verdict::Effect;
use policy::{Fact, Millis, PublicationSubject};

use super::act::roster;
use super::origin::{Known, origin};
use super::own::own_rules;
use super::{Gate, PATIENCE, ReconcileError, act_record, lag};
use crate::lease::Lease;
use crate::store::Next;

/// Looks at what deliveries told of something published.
pub(super) async fn look(
    gate: &Gate,
    lease: &Lease,
    subject: &PublicationSubject,
) -> Result<Next, ReconcileError> {
    let now = gate.clock.now();
    let rules = gate.rulebook.current();
    let told = gate.store.evidence(lease.subject()).await?;
    let read = told.iter().map(|one| {
        let told = serde_json::from_str::<PublicationTold>(&one.body)?;
        Ok(Published { id: one.id.clone(), told })
    });
    let acts: Vec<Published> = read.collect::<Result<_, serde_json::Error>>()?;
    if !by_people(gate, subject, &acts, &rules).await? {
        let (facts, awaits) = Box::pin(facts(gate, lease, subject, acts, &rules, now)).await?;
        if awaits && lease.attempts() < PATIENCE {
            return Ok(lag(lease, now, "what brought the commit is not judged yet"));
        }
        let kind = match facts.acts.first().map(|act| &act.told.what) {
            Some(Publication::Deployment { .. }) => Kind::Deployed,
            Some(Publication::Release { .. } | Publication::Package { .. }) | None => Kind::Published,
        };
        let verdict = decide_publication(&facts, &rules);
        let mut findings = verdict.deeds.iter().flat_map(|deed| &deed.findings);
        if findings.any(|finding| finding.effect == Effect::Unseen) && lease.attempts() < PATIENCE {
            return Ok(lag(lease, now, "not everything could be seen"));
        }
        let record = act_record(&verdict, &facts, &rules, now)?;
        let opened = incidents(&verdict, kind, &lease.subject().key(), now);
        gate.store.intend_with(lease, record, Vec::new(), opened).await?;
        tracing::info!(subject = %lease.subject(), verdict = verdict.conclusion.as_str(), "judged");
        metrics::counter!("portcullis_verdicts_total", "conclusion" => verdict.conclusion.as_str())
            .increment(1);
    }
    let judged = told.into_iter().map(|told| told.id).collect();
    gate.store.record_judged(lease, Vec::new(), judged, Next::Ended, gate.clock.now()).await?;
    Ok(Next::Ended)
}

async fn by_people(
    gate: &Gate,
    subject: &PublicationSubject,
    acts: &[Published],
    rules: &RuleSource,
) -> Result<bool, ReconcileError> {
    if acts.iter().any(|act| act.told.what.through().is_some()) {
        return Ok(false);
    }
    let actors: Option<Vec<_>> = acts.iter().map(|act| act.told.actor.get().ok()).collect();
    let Some(actors) = actors else { return Ok(false) };
    let wanted = rules.wanted(&Fact::Known(OwnRules::default()));
    let accounts = actors.iter().map(|actor| actor.id).collect();
    let roster = roster(gate, subject.installation, &wanted, &accounts).await?;
    Ok(actors.into_iter().all(|actor| is_person(actor, &roster, rules)))
}

async fn facts(
    gate: &Gate,
    lease: &Lease,
    subject: &PublicationSubject,
    acts: Vec<Published>,
    rules: &RuleSource,
    now: Millis,
) -> Result<(PublicationFacts, bool), ReconcileError> {
    let place = lease.subject().place();
    let deployed = acts.iter().rev().find_map(|act| match &act.told.what {
        Publication::Deployment { commit, reference, .. } => Some((commit.clone(), reference.clone())),
        Publication::Release { .. } | Publication::Package { .. } => None,
    });
    let (seen, origin, awaits) = match deployed {
        Some((commit, reference)) => {
            let branch = reference.strip_prefix("refs/heads/").unwrap_or(&reference);
            let Known { seen, origin, awaits } = origin(gate, place, &commit, Some(branch), rules).await?;
            (seen, origin, awaits)
        }
        None => {
            let seen = gate.github.read_source(place, &policy::Sha::zero(), None).await?;
            (seen, Fact::unknown("nothing was deployed"), false)
        }
    };
    let own_rules = own_rules(gate, subject.repo_id, &seen.own_rules, rules).await?;
    let wanted = rules.wanted(&own_rules);
    let pushed = origin.get().ok().and_then(|origin| Some(&origin.pushed.as_ref()?.by));
    let actors = acts.iter().map(|act| &act.told.actor).chain(pushed);
    let accounts = actors.filter_map(|actor| Some(actor.get().ok()?.id)).collect();
    let roster = roster(gate, subject.installation, &wanted, &accounts).await?;
    let facts = PublicationFacts {
        now,
        repository: seen.repository,
        default_branch: seen.default_branch.map(|(name, _)| name).unwrap_or_default(),
        acts,
        origin,
        roster,
        own_rules,
    };
    Ok((facts, awaits))
}
