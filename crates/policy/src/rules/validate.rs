//! What can only be seen of the file as a whole: what is defined and never used, and what two tables both claim.

mod effect;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use change::Class;

use super::{Demand, Rules};
use crate::complaint::{Code, Complaints};
use crate::identity::Catalogue;

/// Where named tables stand.
pub(super) struct Spans<'s> {
    pub(super) tiers: &'s [(String, Range<usize>)],
    pub(super) agents: &'s [(String, Range<usize>)],
    pub(super) classes: &'s [(String, Range<usize>)],
    /// Of each rule's id, in the order of the rules.
    pub(super) rules: &'s [Range<usize>],
}

pub(super) fn whole(rules: &Rules, spans: &Spans<'_>, complaints: &mut Complaints<'_>) {
    unused_tiers(rules, spans, complaints);
    agents_that_do_nothing(rules, spans, complaints);
    unused_classes(rules, spans, complaints);
    owners_that_are_agents(rules, spans, complaints);
    effect::warn(rules, spans, complaints);
    agents_that_are_one(rules, spans, complaints);
    people_that_are_agents(rules, spans, complaints);
    if rules.rules.is_empty() {
        complaints.warn(
            Code::NoRules,
            0..0,
            "there is no rule, so nothing that an agent proposes is allowed",
            "What no rule allows is denied. Add a `[[rules]]` with `require = \"TIER\"`.",
        );
    }
}

fn unused_tiers(rules: &Rules, spans: &Spans<'_>, complaints: &mut Complaints<'_>) {
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for rule in &rules.rules {
        if let Demand::Require(tier) = &rule.demand {
            used.insert(tier);
        }
    }
    used.extend(rules.people.assisted.iter().map(|assisted| assisted.require.as_str()));
    for (name, span) in spans.tiers {
        if !used.contains(name.as_str()) {
            let message = format!("tier `{}` is required by no rule here", name.escape_debug());
            let help = "Require it in a rule. Remove it only if no repository's own rules require it.";
            complaints.warn(Code::UnusedTier, span.clone(), message, help);
        }
    }
}

/// A class that is defined or extended for nothing. The floor is asked for by the gate itself.
fn unused_classes(rules: &Rules, spans: &Spans<'_>, complaints: &mut Complaints<'_>) {
    let conditions = rules.rules.iter().flat_map(|rule| &rule.when);
    let mut used: BTreeSet<&str> = conditions.flat_map(|when| when.classes()).map(Class::as_str).collect();
    used.extend([Class::GOVERNANCE.as_str(), Class::STEERING.as_str()]);
    for (name, span) in spans.classes {
        if !used.contains(name.as_str()) {
            let message = format!("no rule here asks for class `{}`", name.escape_debug());
            let help = format!(
                "Ask for it: `when = {{ changes = [\"{}\"] }}`. Remove it only if no repository's own rules do.",
                name.escape_debug()
            );
            complaints.warn(Code::UnusedClass, span.clone(), message, help);
        }
    }
}

/// An agent cannot answer for an agent.
fn owners_that_are_agents(rules: &Rules, spans: &Spans<'_>, complaints: &mut Complaints<'_>) {
    for (name, span) in spans.agents {
        let Some(agent) = rules.agents.get(name) else { continue };
        let Some(owner) = agent.owner.strip_prefix('@').filter(|owner| !owner.contains('/')) else {
            continue;
        };
        let owner = owner.to_ascii_lowercase();
        let machine = rules.people.except_logins.contains(&owner);
        if owner != name.to_ascii_lowercase() && !machine && !Catalogue::builtin().knows_login(&owner) {
            continue;
        }
        complaints.warn(
            Code::OwnerIsAnAgent,
            span.clone(),
            format!("agent `{}` is owned by `@{owner}`, which is no person", name.escape_debug()),
            "Name a person or a team: `owner = \"@acme/platform\"`.",
        );
    }
}

/// An agent that may do nothing a rule is about is registered in vain.
fn agents_that_do_nothing(rules: &Rules, spans: &Spans<'_>, complaints: &mut Complaints<'_>) {
    for (name, span) in spans.agents {
        let Some(agent) = rules.agents.get(name) else { continue };
        if agent.may.iter().all(|verb| *verb == super::Verb::Read) {
            complaints.warn(
                Code::UnusedAgent,
                span.clone(),
                format!("agent `{}` may do nothing that is judged here", name.escape_debug()),
                "Add `propose` to `may`, or remove the agent: whatever is unregistered is denied anyway.",
            );
        }
    }
}

/// Two registrations of one account would leave open which bounds hold.
fn agents_that_are_one(rules: &Rules, spans: &Spans<'_>, complaints: &mut Complaints<'_>) {
    let mut owners: BTreeMap<String, &str> = BTreeMap::new();
    for (name, span) in spans.agents {
        let Some(agent) = rules.agents.get(name) else { continue };
        let accounts = agent.accounts.iter().map(|id| format!("account {id}"));
        let entries = agent.catalogue.iter().map(|id| format!("`{id}`"));
        for claim in accounts.chain(entries) {
            if let Some(other) = owners.insert(claim.clone(), name) {
                if other == name {
                    continue;
                }
                complaints.error(
                    Code::AgentRegisteredTwice,
                    span.clone(),
                    format!("{claim} is registered as `{other}` and as `{name}`"),
                    "One account is one agent: give it one registration.",
                );
                break;
            }
        }
    }
}

fn people_that_are_agents(rules: &Rules, spans: &Spans<'_>, complaints: &mut Complaints<'_>) {
    for (name, span) in spans.agents {
        let Some(agent) = rules.agents.get(name) else { continue };
        if let Some(id) = agent.accounts.intersection(&rules.people.accounts).next() {
            complaints.error(
                Code::PersonAndAgent,
                span.clone(),
                format!("account {id} is listed as a person and registered as agent `{name}`"),
                "An account is one or the other. An agent's own account belongs under `[agents]`.",
            );
        }
    }
}
