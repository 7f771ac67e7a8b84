//! A look at a deployment that waits for us: may this commit go to that environment, and who says so?
//!
//! A level like any other: the look reads the run's attempt and commit and what the forge waits for, so a lost delivery
//! loses nothing that the next one does not bring, and what was answered about one attempt says nothing of another.
//!
//! Known races:
//! - The run is started again between the look and the answer. The forge starts no attempt while another waits: it has to
//!   be cancelled first, and then the answer is refused.
//! - A crash after the answer. The next look finds that nothing waits any more.
//! - Somebody lets the deployment go on past us. Then nothing waits any more either; the forge tells who in its own log.

use std::time::Duration;

use policy::act::{DeploymentFacts, RunState};
use policy::decide::decide_deployment;
use policy::incident::{Kind, incidents};
use policy::plan::{Answer, AnswerDeployment, plan_deployment};
use policy::rules::RuleSource;
use policy::verdict::Effect;
use policy::{Action, DeploymentSubject, Fact, Facts, Millis, PullSubject, RunSubject, Sha, act::ActVerdict};

use super::act::roster;
use super::origin::{Known, origin};
use super::own::own_rules;
use super::pull::UNSEEN;
use super::{Gate, PATIENCE, ReconcileError, act_record, lag, later, merge, written};
use crate::github::{ForgeError, MergedPull, RunRead};
use crate::lease::Lease;
use crate::store::{ActionOutcome, Next};

/// The kind under which answers are written down.
pub(super) const ANSWERED: &str = "answer_deployment";

/// So many looks find a run over before that is believed.
const OVER_TWICE: u32 = 2;
/// A deployment that waits for people is looked at again all the same: its run may have ended.
const AT_LEAST: Duration = Duration::from_secs(6 * 60 * 60);
/// How soon a merge that was woken is judged, as a rule.
const SOON: Duration = Duration::from_secs(2);

/// Looks at a deployment.
pub(super) async fn look(
    gate: &Gate,
    lease: &Lease,
    subject: &DeploymentSubject,
) -> Result<Next, ReconcileError> {
    let now = gate.clock.now();
    let rules = gate.rulebook.current();
    let DeploymentSubject { installation, repo_id, repo, run, environment } = subject.clone();
    let run = RunSubject { installation, repo_id, repo, run };
    let answered = answered(gate, lease).await?;
    let seen = gate.github.read_run(&run).await?;
    let settled = |told: &AnswerDeployment| told.attempt == seen.run.attempt && told.answer != Answer::Report;
    let settled = answered.iter().any(settled);
    if seen.run.state == RunState::Over {
        // Before another attempt is shown the one before it looks over.
        if lease.attempts() < OVER_TWICE {
            return Ok(lag(lease, now, "the run is over, as far as the forge shows"));
        }
        gate.store.record(lease, Vec::new(), Next::Ended, now).await?;
        return Ok(Next::Ended);
    }
    let named = |name: &String| name.to_lowercase() == environment.to_lowercase();
    let waits = match gate.github.pending_environments(&run).await? {
        Fact::Known(names) => names.iter().any(named),
        // An answer that nobody waits for is refused, and does no harm.
        Fact::Unknown(_) => true,
    };
    if !waits {
        if !settled && lease.attempts() < PATIENCE {
            return Ok(lag(lease, now, "the forge does not show yet that the deployment waits"));
        }
        gate.store.record(lease, Vec::new(), Next::Ended, now).await?;
        return Ok(Next::Ended);
    }
    // What waits although it was answered is another job of the same attempt, or waits for others than us.
    let told = if settled { Vec::new() } else { answered };
    let (facts, awaits) = Box::pin(facts(gate, lease, subject, seen, told, &rules, now)).await?;
    let verdict = decide_deployment(&facts, &rules);
    let actions = plan_deployment(&verdict, &facts);
    let record = act_record(&verdict, &facts, &rules, now)?;
    let opened = incidents(&verdict, Kind::Deployed, &lease.subject().key(), now);
    let intended = gate.store.intend_with(lease, record, written(&actions)?, opened).await?;
    let mut next = next_of(&verdict, &facts, &rules, awaits, now);
    let mut outcomes = Vec::new();
    for (action, id) in actions.iter().zip(intended.actions) {
        let Action::AnswerDeployment(answer) = action else { continue };
        match gate.github.answer_deployment(lease, answer).await {
            Ok(()) => {
                outcomes.push((id, ActionOutcome::Done { note: "taken".to_owned() }));
                if answer.answer != Answer::Report {
                    next = Next::Ended;
                }
            }
            // It waits no longer, or a permission is missing; in either case nothing went on without a yes of ours.
            Err(ForgeError::Refused { message, .. }) => {
                outcomes.push((id, ActionOutcome::Refused { error: message }));
                next = if settled { Next::Ended } else { Next::At(later(now, UNSEEN)) };
            }
            Err(error) => {
                let outcome = ActionOutcome::Failed { error: error.to_string() };
                gate.store.settle(&id, outcome, gate.clock.now()).await?;
                return Err(error.into());
            }
        }
    }
    tracing::info!(
        subject = %lease.subject(),
        attempt = facts.run.attempt,
        verdict = verdict.conclusion.as_str(),
        "judged"
    );
    metrics::counter!("portcullis_verdicts_total", "conclusion" => verdict.conclusion.as_str()).increment(1);
    gate.store.record(lease, outcomes, next.clone(), gate.clock.now()).await?;
    Ok(next)
}

/// What the gate has answered about it, newest first.
async fn answered(gate: &Gate, lease: &Lease) -> Result<Vec<AnswerDeployment>, ReconcileError> {
    let done = gate.store.all_done(lease.subject(), ANSWERED).await?;
    let read = done.iter().map(|done| serde_json::from_str::<Action>(&done.record.body));
    let answers = read.collect::<Result<Vec<_>, _>>()?.into_iter().filter_map(|action| match action {
        Action::AnswerDeployment(answer) => Some(answer),
        _ => None,
    });
    Ok(answers.collect())
}

async fn facts(
    gate: &Gate,
    lease: &Lease,
    subject: &DeploymentSubject,
    seen: RunRead,
    answered: Vec<AnswerDeployment>,
    rules: &RuleSource,
    now: Millis,
) -> Result<(DeploymentFacts, bool), ReconcileError> {
    let (run, begun_at) = (seen.run, seen.begun_at);
    let place = lease.subject().place();
    let Known { seen: source, origin, awaits } =
        origin(gate, place, &run.head, run.branch.as_deref(), rules).await?;
    let own_rules = own_rules(gate, subject.repo_id, &source.own_rules, rules).await?;
    let wanted = rules.wanted(&own_rules);
    let pushed = origin.get().ok().and_then(|origin| Some(&origin.pushed.as_ref()?.by));
    let actors = [Some(&run.actor), Some(&run.triggering_actor), pushed];
    let accounts = actors.into_iter().flatten().filter_map(|actor| Some(actor.get().ok()?.id)).collect();
    let roster = roster(gate, subject.installation, &wanted, &accounts).await?;
    let asks = !awaits && rules.asks_before_deployments(&own_rules);
    let counts = |pull: &&MergedPull| {
        origin.get().is_ok_and(|origin| origin.pulls.iter().any(|brought| brought.number == pull.number))
    };
    let pulls: Vec<&MergedPull> = source.pulls.get().into_iter().flatten().filter(counts).collect();
    let brought_by = by_merge(&pulls, &run.head).filter(|_| asks);
    let asked = match brought_by {
        Some(number) => {
            let pull = PullSubject {
                installation: subject.installation,
                repo_id: subject.repo_id,
                repo: source.repository.name.clone(),
                number,
            };
            Some(Box::new(Box::pin(about(gate, lease, &pull, (&run.head, begun_at), rules, now)).await?))
        }
        None => None,
    };
    let facts = DeploymentFacts {
        now,
        repository: source.repository,
        default_branch: source.default_branch.map(|(name, _)| name).unwrap_or_default(),
        run,
        environment: subject.environment.clone(),
        waits: true,
        origin,
        asked,
        answered,
        roster,
        own_rules,
    };
    Ok((facts, awaits))
}

/// The pull request whose merge the commit is, or else the one that brought it: of several none speaks for the others.
fn by_merge(pulls: &[&MergedPull], commit: &Sha) -> Option<u64> {
    let merge = pulls.iter().find(|pull| pull.commit.as_ref() == Some(commit));
    let only = pulls.first().filter(|_| pulls.len() == 1);
    merge.or(only).map(|pull| pull.number)
}

/// The pull request as it was merged, with the deployed commit for its head: approvals must name that one.
async fn about(
    gate: &Gate,
    lease: &Lease,
    pull: &PullSubject,
    (commit, begun_at): (&Sha, Option<Millis>),
    rules: &RuleSource,
    now: Millis,
) -> Result<Facts, ReconcileError> {
    let mut facts = Box::pin(merge::as_merged(gate, lease, pull, rules, now)).await?;
    facts.pull.head.sha = commit.clone();
    let since = gate.store.head_since(lease.subject(), commit).await?.unwrap_or(now);
    facts.pull.head_since = Some(since);
    // Approving the merge was not approving this: only what was said of the commit since this attempt began counts.
    facts.pull.carried.clear();
    if let Fact::Known(reviews) = &mut facts.pull.reviews {
        reviews.iter_mut().for_each(|review| review.commit = None);
    }
    match (begun_at, &mut facts.pull.comments) {
        (Some(begun), Fact::Known(comments)) => comments.retain(|comment| comment.at >= begun),
        (None, comments) => *comments = Fact::unknown("the forge does not tell when the run began"),
        (Some(_), Fact::Unknown(_)) => {}
    }
    gate.github.ask_about_comments(pull, &mut facts.pull).await?;
    let authors = facts.pull.comments.get().into_iter().flatten();
    let authors = authors.filter_map(|comment| Some(comment.author.get().ok()?.id)).collect();
    gate.github.enroll(pull.installation, &authors, &mut facts.roster).await?;
    Ok(facts)
}

/// While it waits: what could not be seen may be visible later, tiers change with time, and registrations end.
fn next_of(
    verdict: &ActVerdict,
    facts: &DeploymentFacts,
    rules: &RuleSource,
    awaits: bool,
    now: Millis,
) -> Next {
    let ends = rules.expiries(&facts.own_rules).into_iter().map(|expiry| expiry.end);
    let tiers = verdict.tiers.iter().filter_map(|tier| tier.changes_at);
    let mut findings = verdict.deeds.iter().flat_map(|deed| &deed.findings);
    let unseen = findings.any(|finding| finding.effect == Effect::Unseen);
    let again = unseen.then(|| later(now, if awaits { SOON } else { UNSEEN }));
    let at = ends.chain(tiers).filter(|end| *end > now).chain(again).min();
    Next::At(at.unwrap_or_else(|| later(now, AT_LEAST)))
}
