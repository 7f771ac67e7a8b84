//! What valid rules mean, in sentences: for a maintainer who wants to read back what was just written.
//!
//! Made of the parsed rules and nothing else, so that a typo that changes the meaning changes a sentence.

use super::read::{list, quoted_or};
use super::shelf::PathSet;
use super::{Agent, Demand, OnMerged, Owner, Respond, Rule, Rules, Tier, Verb};
use crate::verdict::{Enforcement, quoted};

/// One sentence, and the line of the file that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// Counted from 1; `None` when it is about the whole.
    pub line: Option<u32>,
    /// The sentence, with names between backticks.
    pub text: String,
}

impl Rules {
    /// What these rules mean, in the order of a manual: the gate, people, agents, rules.
    #[must_use]
    pub fn meaning(&self) -> Vec<Sentence> {
        let whole = |text: String| Sentence { line: None, text };
        let mut told = vec![whole(self.gate_sentence()), whole(self.people_sentence())];
        if let Some(assisted) = &self.people.assisted {
            let by: Vec<&String> = assisted.by.iter().collect();
            let more = if assisted.unattributed { ", or commits of nobody's account," } else { "" };
            let text = format!(
                "A person's own work with traces of {}{more} needs {}.",
                quoted_or(&by),
                self.tier_words(&assisted.require)
            );
            told.push(Sentence { line: Some(assisted.line), text });
        }
        let mut agents: Vec<&Agent> = self.agents.values().collect();
        agents.sort_by_key(|agent| agent.line);
        told.extend(
            agents.into_iter().map(|agent| Sentence { line: Some(agent.line), text: agent_sentence(agent) }),
        );
        told.push(whole(match self.agents.is_empty() {
            true => "No agent is registered, so whatever an agent proposes is denied.".to_owned(),
            false => "Agents that are not named here may do nothing.".to_owned(),
        }));
        told.extend(
            self.rules.iter().map(|rule| Sentence { line: Some(rule.line), text: self.rule_sentence(rule) }),
        );
        told.push(whole(
            "What governs or steers agents never lands without a person's approval, whatever the rules say."
                .to_owned(),
        ));
        told.push(whole("What no rule allows is denied.".to_owned()));
        if self.gate.merged == OnMerged::ProposeRevert {
            told.push(whole(
                "Where an agent's work was merged past the gate, a pull request proposes to take it back."
                    .to_owned(),
            ));
        }
        told
    }

    fn gate_sentence(&self) -> String {
        let check = quoted(&self.gate.check);
        match self.gate.enforcement {
            Enforcement::Active => {
                let answered = |respond| self.gate.respond.contains(&respond);
                let back = match answered(Respond::Revert) {
                    true => ", and branches and tags that were moved without leave are put back",
                    false => "",
                };
                let ended = match answered(Respond::Cancel) {
                    true => ", and runs without leave are cancelled",
                    false => "",
                };
                let stopped = match answered(Respond::Suspend) {
                    true => ", and agents that loosen protections are suspended",
                    false => "",
                };
                format!("The check `{check}` blocks what is not allowed{back}{ended}{stopped}.")
            }
            Enforcement::Evaluate => {
                format!("The check `{check}` reports what would be blocked, and blocks nothing.")
            }
            Enforcement::Disabled => format!("The check `{check}` passes, and nothing is judged."),
        }
    }

    fn people_sentence(&self) -> String {
        let people = &self.people;
        let mut who = Vec::new();
        if !people.members_of.is_empty() {
            who.push(format!("members of {}", quoted_or(&people.members_of)));
        }
        if !people.accounts.is_empty() {
            who.push(many(people.accounts.len(), "account listed by number", "accounts listed by number"));
        }
        let except = people.except_ids.len() + people.except_logins.len();
        let but = match except {
            0 => String::new(),
            _ => format!(
                ", except {}",
                many(except, "account that is a machine", "accounts that are machines")
            ),
        };
        format!("People are {}{but}.", who.join(", and "))
    }

    fn tier_words(&self, name: &str) -> String {
        tier_words(name, self.tiers.get(name))
    }

    /// What the rule asks of a change, to stand behind "changes that".
    pub(super) fn conditions(&self, rule: &Rule) -> Vec<String> {
        conditions(rule, &self.paths)
    }

    fn rule_sentence(&self, rule: &Rule) -> String {
        rule_sentence(rule, &self.paths, |tier| self.tier_words(tier))
    }
}

fn conditions(rule: &Rule, paths: &PathSet) -> Vec<String> {
    rule.when.iter().map(|condition| condition.words(paths)).collect()
}

/// What a rule says; `tier_words` tells what its tier asks for.
pub(super) fn rule_sentence(rule: &Rule, paths: &PathSet, tier_words: impl Fn(&str) -> String) -> String {
    let conditions = conditions(rule, paths);
    let doings: Vec<&str> = rule.on.iter().map(|on| on.doings()).collect();
    let doings = list_and(&doings);
    let subject = match conditions.as_slice() {
        [] => format!("Agents' {doings}"),
        [one] => format!("Agents' {doings} that {one}"),
        [most @ .., last] => format!("Agents' {doings} that {}, and {last},", most.join(", ")),
    };
    match &rule.demand {
        Demand::Deny => format!("{subject} are denied{} (rule `{}`).", answer(rule.respond), rule.id),
        Demand::Require(tier) => format!("{subject} need {} (rule `{}`).", tier_words(tier), rule.id),
    }
}

fn answer(respond: Option<Respond>) -> &'static str {
    match respond {
        None => "",
        Some(Respond::Report) => " and reported",
        Some(Respond::Cancel) => " and cancelled",
        Some(Respond::Revert) => " and put back",
        Some(Respond::Suspend) => " and the agent is suspended",
    }
}

fn list_and(words: &[&str]) -> String {
    match words {
        [most @ .., last] if !most.is_empty() => format!("{} and {last}", most.join(", ")),
        words => words.concat(),
    }
}

/// What a tier asks for, with its name.
pub(super) fn tier_words(name: &str, tier: Option<&Tier>) -> String {
    format!("tier `{}`: {}", quoted(name), tier.map_or_else(String::new, approvals))
}

pub(super) fn approvals(tier: &Tier) -> String {
    let mut words = vec![approvals_from(tier)];
    if !tier.each.is_empty() {
        let each: Vec<String> = tier.each.iter().map(ToString::to_string).collect();
        words.push(format!("one person from each of {}", list(&each)));
    }
    words.extend(tier.max_age.map(|age| format!("none older than {age}")));
    words.extend(tier.not_before.map(|wait| format!("{wait} after the head was first seen")));
    if tier.owner == Owner::Excluded {
        words.push("nobody who answers for the agent".to_owned());
    }
    words.join(", ")
}

fn approvals_from(tier: &Tier) -> String {
    let from: Vec<String> = tier.from.iter().map(ToString::to_string).collect();
    match (tier.approvals, from.as_slice()) {
        (0, _) => "no approval".to_owned(),
        (1, []) => "1 approval".to_owned(),
        (count, []) => format!("{count} approvals"),
        (1, _) => format!("1 approval, from {}", quoted_or(&from)),
        (count, _) => format!("{count} approvals, 1 of them from {}", quoted_or(&from)),
    }
}

fn agent_sentence(agent: &Agent) -> String {
    let name = quoted(&agent.name);
    let until = match &agent.expires {
        Some(expires) => format!("until {}", expires.date),
        None => "for ever".to_owned(),
    };
    let verbs: Vec<String> =
        agent.may.iter().filter(|verb| **verb != Verb::Read).map(ToString::to_string).collect();
    let Some((last, most)) = verbs.split_last() else {
        return format!("`{name}` (owner {}) may do nothing but read.", agent.owner);
    };
    let may = if most.is_empty() { last.clone() } else { format!("{} and {last}", most.join(", ")) };
    let most = agent.quota.as_ref().map_or_else(String::new, |quota| format!(", at most {}", quota.words()));
    format!(
        "`{name}` (owner {}) may {may} in {} from {} {until}{most}.",
        agent.owner,
        list(agent.repos.patterns()),
        quoted_or(agent.branches.patterns()),
    )
}

fn many(count: usize, one: &str, more: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {more}") }
}
