//! What a repository's own rules mean on top of the organisation's, in sentences.

use super::{Narrowing, Tightening};
use crate::rules::in_force::stricter;
use crate::rules::meaning::{approvals, rule_sentence, tier_words};
use crate::rules::read::quoted_or;
use crate::rules::{Rules, Sentence, Tier};
use crate::verdict::{Enforcement, quoted};

impl Tightening {
    /// What these rules add below `over`, in the order of a manual: the gate, agents, tiers, rules.
    #[must_use]
    pub fn meaning(&self, over: &Rules) -> Vec<Sentence> {
        let at = |line: u32, text: String| Sentence { line: Some(line), text };
        let mut told = Vec::new();
        if let Some(enforcement) = self.enforcement.filter(|own| *own > over.gate.enforcement) {
            told.push(Sentence { line: None, text: enforcement_sentence(enforcement).to_owned() });
        }
        if let Some((only, line)) = &self.only {
            let only: Vec<&String> = only.iter().collect();
            told.push(at(
                *line,
                match only.is_empty() {
                    true => "No agent may act here.".to_owned(),
                    false => format!("Of the organisation's agents only {} may act here.", quoted_or(&only)),
                },
            ));
        }
        told.extend(self.agents.iter().map(|(name, own)| at(own.line, agent_sentence(name, own))));
        for (name, own) in &self.tiers {
            let asks = approvals(&self.tier(name, own, over));
            let is = match over.tiers.contains_key(name) {
                true => "asks for more here",
                false => "is this repository's own",
            };
            told.push(at(own.line, format!("Tier `{}` {is}: {asks}.", quoted(name))));
        }
        told.extend(self.rules.iter().map(|rule| {
            let words = |name: &str| {
                let own = self.tiers.get(name).map(|own| self.tier(name, own, over));
                tier_words(name, own.as_ref().or(over.tiers.get(name)))
            };
            at(rule.line, rule_sentence(rule, &self.paths, words))
        }));
        told
    }

    fn tier(&self, name: &str, own: &Tier, over: &Rules) -> Tier {
        over.tiers.get(name).map_or_else(|| own.clone(), |tier| stricter(tier, own))
    }
}

fn enforcement_sentence(enforcement: Enforcement) -> &'static str {
    match enforcement {
        Enforcement::Active => "Here the check blocks what is not allowed, whatever it does elsewhere.",
        Enforcement::Evaluate => "Here the check reports what would be blocked, and blocks nothing.",
        Enforcement::Disabled => "Here the check passes, and nothing is judged.",
    }
}

fn agent_sentence(name: &str, own: &Narrowing) -> String {
    let mut bounds = Vec::new();
    if let Some(branches) = &own.branches {
        bounds.push(format!("on {}", quoted_or(branches.patterns())));
    }
    if let Some(may) = &own.may {
        let may: Vec<String> = may.iter().map(ToString::to_string).collect();
        bounds.push(format!("to {}", may.join(" and ")));
    }
    if let Some(expires) = &own.expires {
        bounds.push(format!("until {}", expires.date));
    }
    if let Some(quota) = &own.quota {
        bounds.push(format!("with at most {}", quota.words()));
    }
    match bounds.is_empty() {
        true => format!("`{}` is bounded here as everywhere.", quoted(name)),
        false => format!("`{}` may act here only {}.", quoted(name), bounds.join(", ")),
    }
}
