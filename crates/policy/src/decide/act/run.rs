//! Decides about workflow runs: who may have what run.
//!
//! A run is an agent's when either whoever caused it first or whoever caused this attempt is one. What an agent pushed
//! or proposed may run as the default branch has it written; asking for a run itself needs leave of its own.

use std::collections::BTreeSet;

use super::actors::Actors;
use super::{Doing, finish, quota, rule_denials};
use crate::act::{ActVerdict, Deed};
use crate::act::{RunFacts, RunState};
use crate::decide::bounds::{Bound, kept_out, outside_repository, unregistered_among};
use crate::decide::cannot_see;
use crate::decide::standing;
use crate::decide::ungoverned_finding;
use crate::facts::{Account, Fact};
use crate::predicate::{About, Scene};
use crate::rules::in_force::InForce;
use crate::rules::shelf::PathSet;
use crate::rules::{Agent, On, Respond, RuleSource, Verb};
use crate::verdict::{Code, Conclusion, Effect, Enforcement, Finding, JudgedAs, RulesInForce, quoted};

/// Decides about one attempt of a workflow run.
#[must_use]
pub fn decide_run(facts: &RunFacts, source: &RuleSource) -> ActVerdict {
    let in_force = source.law(&facts.own_rules);
    let law = in_force.as_ref();
    let enforcement = law.map_or(Enforcement::Active, InForce::enforcement);
    let judged = enforcement != Enforcement::Disabled && facts.run.state != RunState::Held;
    let deeds: Vec<Deed> = judged.then(|| deed(facts, law, source)).into_iter().collect();
    let (run, attempt, head) = (facts.run.id, facts.run.attempt, &facts.run.head);
    ActVerdict {
        repository: facts.repository.clone(),
        about: format!("run {run}, attempt {attempt} at {head}"),
        head: Some(facts.run.head.clone()),
        conclusion: deeds.iter().map(|deed| deed.conclusion).fold(Conclusion::Success, Conclusion::max),
        enforcement,
        rules: RulesInForce { own: law.and_then(|law| law.stamp.clone()), ..source.stamp() },
        deeds,
        tiers: Vec::new(),
    }
}

fn deed(facts: &RunFacts, law: Option<&InForce<'_>>, source: &RuleSource) -> Deed {
    let run = &facts.run;
    let what = what(facts);
    let doing = Doing {
        id: format!("{}/{}/{}", run.id, run.attempt, run.head),
        what: what.clone(),
        author: run.triggering_actor.get().ok().cloned(),
        sweeping: false,
    };
    let Some(law) = law else {
        // Nothing is known of who is an agent, so nobody's work is touched.
        return finish(doing, JudgedAs::Unknown, Vec::new(), vec![ungoverned_finding(source)], None);
    };
    let actors = Actors::of([&run.actor, &run.triggering_actor], &facts.roster, law.rules);
    if !actors.unseen.is_empty() {
        let findings = actors.unseen.into_iter().map(cannot_see).collect();
        return finish(doing, JudgedAs::Unknown, Vec::new(), findings, None);
    }
    if actors.are_people() {
        return finish(doing, JudgedAs::People, Vec::new(), Vec::new(), None);
    }
    let (traces, names) = (actors.traces(&what), actors.registered());
    let (mut findings, respond) = judge(facts, law, &names);
    findings.extend(unregistered_among(&traces));
    finish(doing, JudgedAs::Agents, traces, findings, respond)
}

fn judge(facts: &RunFacts, law: &InForce<'_>, names: &BTreeSet<String>) -> (Vec<Finding>, Option<Respond>) {
    let mut findings = Vec::new();
    for agent in names.iter().filter_map(|name| law.rules.agents.get(name)) {
        findings.extend(bounds(facts, law, agent));
    }
    findings.extend(law.unseen.as_ref().map(|why| cannot_see(format!("the repository's own rules: {why}"))));
    findings.extend(changed(facts));
    let scene = |_: &PathSet| Scene {
        repository: &facts.repository,
        about: About::Run(facts),
        files: Fact::unknown("a run changes no files"),
        agents: names.clone(),
    };
    let (denied, respond) = rule_denials(law, &[On::WorkflowRun], scene);
    findings.extend(denied);
    (findings, respond)
}

/// Everything that speaks against the agent itself.
fn bounds(facts: &RunFacts, law: &InForce<'_>, agent: &Agent) -> Vec<Finding> {
    let run = &facts.run;
    let mut findings: Vec<Finding> = kept_out(law, agent).into_iter().collect();
    findings.extend(outside_repository(&facts.repository.name, law.rules, agent));
    for bound in Bound::all(law, agent) {
        findings.extend(bound.expired(facts.now));
        findings.extend(bound.workflow(&run.path));
        findings.extend(quota::runs(facts, &bound));
        if asked_for_it(facts, law, agent) {
            let do_it = if run.is_rerun() { "run workflows again" } else { "start workflows" };
            findings.extend(bound.needs(Verb::Run, do_it));
        }
        findings.extend(place(facts, &bound));
    }
    findings
}

/// Whether this agent asked for the run itself.
fn asked_for_it(facts: &RunFacts, law: &InForce<'_>, agent: &Agent) -> bool {
    let run = &facts.run;
    let is_its = |account: &Fact<Account>| {
        account.get().is_ok_and(|account| {
            standing::registered(account.id, law.rules).as_deref() == Some(agent.name.as_str())
        })
    };
    (run.is_dispatch() || run.is_rerun()) && is_its(&run.triggering_actor)
}

/// What an agent caused by a push to the default branch was judged as a push; everything else runs on its branches.
fn place(facts: &RunFacts, bound: &Bound<'_>) -> Option<Finding> {
    let run = &facts.run;
    match &facts.of_tag {
        Fact::Known(true) => return bound.needs(Verb::Release, "have tags run"),
        Fact::Known(false) => {}
        Fact::Unknown(why) => return Some(cannot_see(format!("what it runs at: {why}"))),
    }
    let branch = run.branch.as_deref()?;
    let told_apart = run.is_dispatch() || run.is_rerun() || branch != facts.default_branch;
    told_apart.then(|| bound.branch(branch))?
}

/// What a workflow does is read before it runs: an agent's run is of the file that the default branch has.
fn changed(facts: &RunFacts) -> Option<Finding> {
    let path = quoted(&facts.run.path);
    match &facts.same_workflow {
        Fact::Known(true) => None,
        Fact::Unknown(why) => {
            Some(cannot_see(format!("whether workflow `{path}` is the default branch's: {why}")))
        }
        Fact::Known(false) => Some(Finding {
            code: Code::WorkflowChanged,
            effect: Effect::Denies,
            rule: None,
            message: format!("workflow `{path}` is not what the default branch has"),
            why: None,
            evidence: Vec::new(),
            evidence_total: 0,
            way_out: Some(
                "Workflows change in a pull request that a person approves; it runs once it has landed."
                    .to_owned(),
            ),
        }),
    }
}

fn what(facts: &RunFacts) -> String {
    let run = &facts.run;
    let (path, event, head) = (quoted(&run.path), quoted(&run.event), run.head.short());
    if run.is_rerun() {
        format!("had `{path}` run again at {head}: run {}, attempt {}", run.id, run.attempt)
    } else {
        format!("had `{path}` run on `{event}` at {head}: run {}", run.id)
    }
}
