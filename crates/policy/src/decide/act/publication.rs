//! Decides about what was published: deployments outside of workflow runs, releases, packages.
//!
//! All of it has happened. What people publish is theirs; an agent needs leave, and what it deploys must be fit for that.

use std::collections::BTreeSet;

use super::actors::Actors;
use super::origin::Source;
use super::{Doing, finish, rule_denials};
use crate::act::{ActVerdict, Deed, Publication, PublicationFacts, Published};
use crate::decide::bounds::{Bound, kept_out, outside_repository, unregistered_among};
use crate::decide::{cannot_see, ungoverned_finding};
use crate::facts::Fact;
use crate::predicate::{About, Scene, Shipped};
use crate::rules::in_force::InForce;
use crate::rules::shelf::PathSet;
use crate::rules::{Agent, On, RuleSource, Verb};
use crate::verdict::{Conclusion, Effect, Enforcement, Finding, JudgedAs, RulesInForce, quoted};

/// Decides about what was published.
#[must_use]
pub fn decide_publication(facts: &PublicationFacts, source: &RuleSource) -> ActVerdict {
    let in_force = source.law(&facts.own_rules);
    let law = in_force.as_ref();
    let enforcement = law.map_or(Enforcement::Active, InForce::enforcement);
    let deeds: Vec<Deed> = match enforcement {
        Enforcement::Disabled => Vec::new(),
        Enforcement::Active | Enforcement::Evaluate => {
            facts.acts.iter().map(|act| deed(facts, act, law, source)).collect()
        }
    };
    ActVerdict {
        repository: facts.repository.clone(),
        about: facts.acts.last().map(|act| name(&act.told.what)).unwrap_or_default(),
        head: facts.acts.iter().rev().find_map(|act| match &act.told.what {
            Publication::Deployment { commit, .. } => Some(commit.clone()),
            Publication::Release { .. } | Publication::Package { .. } => None,
        }),
        conclusion: deeds.iter().map(|deed| deed.conclusion).fold(Conclusion::Success, Conclusion::max),
        enforcement,
        rules: RulesInForce { own: law.and_then(|law| law.stamp.clone()), ..source.stamp() },
        deeds,
        tiers: Vec::new(),
    }
}

fn deed(facts: &PublicationFacts, act: &Published, law: Option<&InForce<'_>>, source: &RuleSource) -> Deed {
    let what = what(act);
    let doing = Doing {
        id: act.id.clone(),
        what: what.clone(),
        author: act.told.actor.get().ok().cloned(),
        sweeping: false,
    };
    let Some(law) = law else {
        return finish(doing, JudgedAs::Unknown, Vec::new(), vec![ungoverned_finding(source)], None);
    };
    let actors = Actors::of([&act.told.actor], &facts.roster, law.rules);
    if !actors.unseen.is_empty() {
        let findings = actors.unseen.into_iter().map(cannot_see).collect();
        return finish(doing, JudgedAs::Unknown, Vec::new(), findings, None);
    }
    if let (true, Some(app)) = (actors.are_people(), act.told.what.through()) {
        let why = format!("whether a person did it: App `{}` did in a person's name", quoted(app));
        return finish(doing, JudgedAs::Unknown, Vec::new(), vec![cannot_see(why)], None);
    }
    if actors.are_people() {
        return finish(doing, JudgedAs::People, Vec::new(), Vec::new(), None);
    }
    let (traces, names) = (actors.traces(&what), actors.registered());
    let mut findings = unregistered_among(&traces);
    for agent in names.iter().filter_map(|name| law.rules.agents.get(name)) {
        findings.extend(bounds(facts, &act.told.what, law, agent));
    }
    findings.extend(law.unseen.as_ref().map(|why| cannot_see(format!("the repository's own rules: {why}"))));
    if let Publication::Deployment { commit, .. } = &act.told.what {
        let commit = Source {
            commit,
            default_branch: &facts.default_branch,
            origin: &facts.origin,
            roster: &facts.roster,
        };
        findings.extend(commit.check(law));
    }
    let (denied, respond) = rules(facts, &act.told.what, law, &names);
    findings.extend(denied);
    finish(doing, JudgedAs::Agents, traces, findings, respond)
}

/// What rules say. A tier could have been asked only where the forge waits, so one that was not asked is a denial.
fn rules(
    facts: &PublicationFacts,
    what: &Publication,
    law: &InForce<'_>,
    names: &BTreeSet<String>,
) -> (Vec<Finding>, Option<crate::rules::Respond>) {
    let scene = |_: &PathSet| Scene {
        repository: &facts.repository,
        about: About::Shipped(Shipped { environment: what.environment(), tag: what.tag() }),
        files: Fact::unknown("nothing is changed by it"),
        agents: names.clone(),
    };
    let on = match what {
        Publication::Deployment { .. } => On::Deployment,
        Publication::Release { .. } => On::Release,
        Publication::Package { .. } => On::Package,
    };
    let (mut findings, respond) = rule_denials(law, &[on], scene);
    for finding in &mut findings {
        if finding.code == crate::verdict::Code::RuleRequires {
            finding.effect = Effect::Denies;
            finding.message = "approvals are required, and nobody was asked".to_owned();
            finding.way_out =
                Some("Deploy by a workflow run whose environment has this App's protection rule.".to_owned());
        }
    }
    (findings, respond)
}

/// Everything that speaks against the agent itself.
fn bounds(facts: &PublicationFacts, what: &Publication, law: &InForce<'_>, agent: &Agent) -> Vec<Finding> {
    let mut findings = kept_out(law, agent);
    findings.extend(outside_repository(&facts.repository.name, law.rules, agent));
    let (verb, do_it) = match what {
        Publication::Deployment { .. } => (Verb::Deploy, "deploy"),
        Publication::Release { .. } => (Verb::Release, "touch releases"),
        Publication::Package { .. } => (Verb::Release, "publish packages"),
    };
    for bound in Bound::all(law, agent) {
        findings.extend(bound.expired(facts.now));
        findings.extend(bound.needs(verb, do_it));
    }
    findings
}

fn name(what: &Publication) -> String {
    match what {
        Publication::Deployment { environment, .. } => format!("deployment to {environment}"),
        Publication::Release { tag } => format!("release {tag}"),
        Publication::Package { name, registry, version } => format!("{registry} package {name} {version}"),
    }
}

fn what(act: &Published) -> String {
    let action = quoted(&act.told.action);
    match &act.told.what {
        Publication::Deployment { environment, commit, reference, through } => {
            let through = through.as_ref().map(|app| format!(" through `{}`", quoted(app)));
            format!(
                "deployed {} (`{}`) to `{}` outside of workflow runs{}",
                commit.short(),
                quoted(reference),
                quoted(environment),
                through.unwrap_or_default()
            )
        }
        Publication::Release { tag } => format!("{action} the release of tag `{}`", quoted(tag)),
        Publication::Package { name, registry, version } => {
            format!(
                "{action} version `{}` of {} package `{}`",
                quoted(version),
                quoted(registry),
                quoted(name)
            )
        }
    }
}
