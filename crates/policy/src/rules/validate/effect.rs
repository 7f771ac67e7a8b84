//! Rules that change nothing: those that can never apply, and those that another rule's denial swallows.
//!
//! Only what is certain is told: a rule that is merely unlikely is the maintainer's business.

use super::Spans;
use crate::complaint::{Code, Complaints};
use crate::rules::glob::cover;
use crate::rules::{Demand, Rule, Rules};

pub(super) fn warn(rules: &Rules, spans: &Spans<'_>, complaints: &mut Complaints<'_>) {
    let conditions: Vec<Vec<String>> = rules.rules.iter().map(|rule| rules.conditions(rule)).collect();
    let denials: Vec<(&Rule, &Vec<String>)> =
        rules.rules.iter().zip(&conditions).filter(|(rule, _)| rule.demand == Demand::Deny).collect();
    for ((rule, own), span) in rules.rules.iter().zip(&conditions).zip(spans.rules) {
        if let Some(why) = never_applies(rule, rules) {
            let help =
                "Compare its conditions with each other, and with the bounds of the agents that it names.";
            complaints.warn(
                Code::RuleNeverApplies,
                span.clone(),
                format!("rule `{}` has no effect: {why}", rule.id),
                help,
            );
            continue;
        }
        // Whatever must hold for the denial must hold for this rule as well. Of two equal denials the first stays.
        let swallows = |(denial, theirs): &&(&Rule, &Vec<String>)| {
            denial.id != rule.id
                && rule.on.is_subset(&denial.on)
                && rule.respond.is_none_or(|own| Some(own) <= denial.respond)
                && theirs.iter().all(|condition| own.contains(condition))
                && (rule.demand != Demand::Deny || theirs.len() < own.len() || denial.line < rule.line)
        };
        if let Some((denial, _)) = denials.iter().find(swallows) {
            complaints.warn(
                Code::RuleWithoutEffect,
                span.clone(),
                format!("wherever rule `{}` applies, rule `{}` denies", rule.id, denial.id),
                "Remove it, or take its condition out of the rule that denies.",
            );
        }
    }
}

fn never_applies(rule: &Rule, rules: &Rules) -> Option<String> {
    let empty = rule.when.iter().any(|condition| condition.allows_no_file());
    if empty && rule.when.iter().any(|condition| condition.needs_a_file()) {
        return Some("a change of no file touches nothing".to_owned());
    }
    let repos = rule.when.iter().find_map(|condition| condition.repos())?;
    let names = rule.when.iter().find_map(|condition| condition.agents())?;
    let never = |name: &String| {
        let Some(agent) = rules.agents.get(name) else { return false };
        // What is provided for is not held to the agent's bounds.
        let provided =
            rules.people.assisted.as_ref().is_some_and(|assisted| !assisted.by.is_disjoint(&agent.catalogue));
        let bounds = agent.repos.patterns();
        !provided && bounds.iter().all(|bound| repos.patterns().iter().all(|repo| cover::apart(bound, repo)))
    };
    names.iter().all(never).then(|| {
        "the agents that it names may not act in the repositories that it names, and are denied there"
            .to_owned()
    })
}
