//! Decides about deployments that wait for the gate's answer.
//!
//! The commit must stand where one deploys from, and have come there past no gate. An agent that deploys needs leave of
//! its own. Rules about `deployment` are asked wherever an agent had a hand: in deploying, or in what is deployed. Unlike
//! most of what happens a deployment waits, so people can be asked: by tier, about this very commit.

use std::collections::BTreeSet;

use super::actors::Actors;
use super::origin::Source;
use crate::act::{ActVerdict, Deed, DeploymentFacts};
use crate::decide::approval::Bench;
use crate::decide::bounds::{Bound, kept_out, outside_repository, unregistered_among};
use crate::decide::demand::{self, Demands};
use crate::decide::{cannot_see, conclude_findings, ungoverned_finding};
use crate::facts::Fact;
use crate::predicate::{About, Scene, Shipped};
use crate::rules::in_force::InForce;
use crate::rules::shelf::PathSet;
use crate::rules::{Agent, On, Respond, RuleSource, Verb};
use crate::verdict::{
    Code, Disqualification, Effect, Enforcement, Finding, Involvement, JudgedAs, RulesInForce, TierState,
    quoted,
};

/// Decides about a deployment of one attempt of a run.
#[must_use]
pub fn decide_deployment(facts: &DeploymentFacts, source: &RuleSource) -> ActVerdict {
    let in_force = source.law(&facts.own_rules);
    let law = in_force.as_ref();
    let enforcement = law.map_or(Enforcement::Active, InForce::enforcement);
    let judged = match law {
        // Once there are valid rules it is judged by them; until then it waits.
        None => Judged {
            findings: vec![Finding { effect: Effect::Unseen, ..ungoverned_finding(source) }],
            ..Judged::new(JudgedAs::Unknown)
        },
        Some(_) if enforcement == Enforcement::Disabled => Judged::new(JudgedAs::Unknown),
        Some(law) => judge(facts, law),
    };
    let run = &facts.run;
    let mut findings = judged.findings;
    let conclusion = conclude_findings(&mut findings);
    let denied = findings.iter().any(|finding| finding.effect == Effect::Denies);
    let deed = Deed {
        id: format!("{}/{}/{}", run.id, run.attempt, run.head),
        what: what(facts),
        sweeping: false,
        conclusion,
        involvement: Involvement {
            author: run.triggering_actor.get().ok().cloned(),
            judged_as: judged.judged_as,
            agents: judged.agents,
        },
        findings,
        // A refusal shows on the run. What an agent tried is told of besides.
        respond: (denied && judged.judged_as == JudgedAs::Agents).then_some(Respond::Report),
    };
    ActVerdict {
        repository: facts.repository.clone(),
        about: format!("{} at {} by run {}, attempt {}", facts.environment, run.head, run.id, run.attempt),
        head: Some(run.head.clone()),
        conclusion,
        enforcement,
        rules: RulesInForce { own: law.and_then(|law| law.stamp.clone()), ..source.stamp() },
        deeds: vec![deed],
        tiers: judged.tiers,
    }
}

struct Judged {
    judged_as: JudgedAs,
    agents: Vec<crate::verdict::AgentTrace>,
    findings: Vec<Finding>,
    tiers: Vec<TierState>,
}

impl Judged {
    fn new(judged_as: JudgedAs) -> Self {
        Self { judged_as, agents: Vec::new(), findings: Vec::new(), tiers: Vec::new() }
    }
}

fn judge(facts: &DeploymentFacts, law: &InForce<'_>) -> Judged {
    let run = &facts.run;
    let commit = Source {
        commit: &run.head,
        default_branch: &facts.default_branch,
        origin: &facts.origin,
        roster: &facts.roster,
    };
    let actors = Actors::of([&run.actor, &run.triggering_actor], &facts.roster, law.rules);
    let mut findings = commit.check(law);
    findings.extend(runs_otherwise(&run.event));
    findings.extend(actors.unseen.iter().cloned().map(cannot_see));
    let traces = actors.traces(&what(facts));
    findings.extend(unregistered_among(&traces));
    let deploying = actors.registered();
    for agent in deploying.iter().filter_map(|name| law.rules.agents.get(name)) {
        findings.extend(bounds(facts, law, agent));
    }
    let judged_as = match (actors.are_people(), traces.is_empty(), commit.is_peoples(law)) {
        (true, _, false) => JudgedAs::Assisted,
        (true, _, true) => JudgedAs::People,
        (false, true, _) => JudgedAs::Unknown,
        (false, false, _) => JudgedAs::Agents,
    };
    let mut tiers = Vec::new();
    if judged_as != JudgedAs::People {
        findings
            .extend(law.unseen.as_ref().map(|why| cannot_see(format!("the repository's own rules: {why}"))));
        let agents: BTreeSet<String> = deploying.into_iter().chain(commit.makers(law)).collect();
        let demands = demands(facts, law, &agents);
        let (more, states) = asked(facts, law, demands, &agents);
        findings.extend(more);
        tiers = states;
    }
    Judged { judged_as, agents: traces, findings, tiers }
}

/// Everything that speaks against the agent itself.
fn bounds(facts: &DeploymentFacts, law: &InForce<'_>, agent: &Agent) -> Vec<Finding> {
    let mut findings = kept_out(law, agent);
    findings.extend(outside_repository(&facts.repository.name, law.rules, agent));
    for bound in Bound::all(law, agent) {
        findings.extend(bound.expired(facts.now));
        findings.extend(bound.workflow(&facts.run.path));
        findings.extend(bound.needs(Verb::Deploy, "deploy"));
    }
    findings
}

/// What the rules about deployments ask, the repository's own last.
fn demands(facts: &DeploymentFacts, law: &InForce<'_>, agents: &BTreeSet<String>) -> Demands {
    let scene = |_: &PathSet| Scene {
        repository: &facts.repository,
        about: About::Shipped(Shipped { environment: Some(&facts.environment), tag: None }),
        files: Fact::unknown("a deployment changes no files"),
        agents: agents.clone(),
    };
    let mut demands = Demands::default();
    demands.ask_about(On::Deployment, &scene(&law.rules.paths), &law.rules.rules, &law.rules.source);
    if let Some(own) = &law.own {
        demands.ask_about(On::Deployment, &scene(&own.paths), &own.rules, crate::rules::OWN_RULES);
    }
    demands
}

/// How the tiers stand. Without a pull request that brought the commit there is nobody to ask.
fn asked(
    facts: &DeploymentFacts,
    law: &InForce<'_>,
    demands: Demands,
    agents: &BTreeSet<String>,
) -> (Vec<Finding>, Vec<TierState>) {
    if demands.tiers.is_empty() {
        return (demand::findings(demands, &[]), Vec::new());
    }
    let Some(asked) = &facts.asked else {
        let tiers: Vec<String> = demands.tiers.keys().map(|tier| format!("`{tier}`")).collect();
        let message = format!("tier {} is required, and nobody can be asked", tiers.join(", "));
        let mut findings = demands.into_settled();
        findings.push(Finding {
            code: Code::RuleRequires,
            effect: Effect::Waits,
            message,
            way_out: Some(
                "Deploy a commit that came with a pull request: that is where people are asked.".to_owned(),
            ),
            ..cannot_see(String::new())
        });
        return (findings, Vec::new());
    };
    let bench = Bench::of(asked, &asked.pull, law, agents)
        .excluding(&facts.run.actor, &Disqualification::Deployer)
        .excluding(&facts.run.triggering_actor, &Disqualification::Deployer);
    let approvals = bench.approvals();
    let tiers = bench.tiers(&demands.tiers, &approvals);
    let mut findings = demand::findings(demands, &tiers);
    if let (Fact::Unknown(why), true) = (&asked.pull.comments, tiers.iter().any(|tier| !tier.satisfied)) {
        findings.push(cannot_see(format!("the comments of #{}: {why}", asked.pull.number)));
    }
    let way_out = format!(
        "Write `/portcullis approve {}` as a comment on #{}, as its whole first line.",
        facts.run.head, asked.pull.number
    );
    for finding in findings.iter_mut().filter(|finding| finding.effect == Effect::Waits) {
        finding.way_out = Some(way_out.clone());
    }
    (findings, tiers)
}

/// Events whose runs take the code of the commit that the forge names as their head
/// (<https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows>).
const OF_HEAD: [&str; 12] = [
    "create",
    "deployment",
    "deployment_status",
    "issue_comment",
    "issues",
    "merge_group",
    "push",
    "registry_package",
    "release",
    "repository_dispatch",
    "schedule",
    "workflow_dispatch",
];
/// Events whose runs take what a merge of the pull request would give, whatever its head is.
const OF_MERGE: [&str; 3] = ["pull_request", "pull_request_review", "pull_request_review_comment"];

/// The commit that is judged must be the one that runs.
fn runs_otherwise(event: &str) -> Option<Finding> {
    if OF_HEAD.contains(&event) {
        return None;
    }
    let event = quoted(event);
    if !OF_MERGE.contains(&event.as_str()) {
        return Some(cannot_see(format!("which commit a run on `{event}` takes")));
    }
    Some(Finding {
        code: Code::CommitElsewhere,
        effect: Effect::Denies,
        message: format!("a run on `{event}` takes what a merge would give, which stands on no branch"),
        way_out: Some("Deploy on `push` or `workflow_dispatch`, once it has landed.".to_owned()),
        ..cannot_see(String::new())
    })
}

fn what(facts: &DeploymentFacts) -> String {
    let (run, environment) = (&facts.run, quoted(&facts.environment));
    format!(
        "asked to deploy {} to `{environment}`: run {}, attempt {}",
        run.head.short(),
        run.id,
        run.attempt
    )
}
