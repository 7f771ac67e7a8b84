//! What must be counted of what an agent does, because a quota asks. Nothing is counted of whoever has none.

use std::collections::{BTreeMap, BTreeSet};

use change::{Change, Class};

use super::Quota;
use crate::facts::{Fact, OwnRules, Repository};
use crate::ids::UserId;
use crate::predicate::Touched;
use crate::rules::RuleSource;
use crate::rules::in_force::InForce;

/// What must be counted of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    /// Its name in the rules.
    pub agent: String,
    /// All of its accounts: they are one agent.
    pub accounts: BTreeSet<UserId>,
    /// Whether its pull requests must be.
    pub pulls: bool,
    /// The changed lines of these as well.
    pub lines: bool,
    /// Whether its pushes must be.
    pub pushes: bool,
    /// How many open pull requests are let pass at most.
    pub open: Option<u64>,
    /// How many runs at a time are let pass at most, if these must be counted.
    pub runs: Option<u64>,
}

impl RuleSource {
    /// What must be counted of the agent that an account is registered as, by the organisation's quota or by the
    /// repository's own.
    #[must_use]
    pub fn counts(&self, account: UserId, own: &Fact<OwnRules>) -> Option<Counts> {
        let rules = self.in_force.as_ref()?;
        let agent = rules.agents.values().find(|agent| agent.accounts.contains(&account))?;
        let own = InForce::of(rules, own).own;
        let own = own.as_ref().and_then(|own| own.quota(&agent.name));
        let quotas: Vec<&Quota> = agent.quota.iter().chain(own).collect();
        let least = |number: fn(&Quota) -> Option<u64>| quotas.iter().copied().filter_map(number).min();
        (!quotas.is_empty()).then(|| Counts {
            agent: agent.name.clone(),
            accounts: agent.accounts.clone(),
            pulls: quotas.iter().any(|quota| quota.asks_of_pulls()),
            lines: agent.counts_lines(own),
            pushes: quotas.iter().any(|quota| quota.pushes_a_day.is_some()),
            open: least(|quota| quota.open),
            runs: least(|quota| quota.runs),
        })
    }

    /// How many lines of each class a change changes.
    #[must_use]
    pub fn lines_by_class(
        &self,
        repository: &Repository,
        change: &Fact<Change>,
    ) -> Fact<BTreeMap<Class, u64>> {
        let (rules, change) = match (&self.in_force, change) {
            (Some(rules), Fact::Known(change)) => (rules, change),
            (None, _) => return Fact::unknown("there are no rules that say of which class a file is"),
            (_, Fact::Unknown(why)) => return Fact::Unknown(why.clone()),
        };
        let touched = Touched::of(&change.files, &rules.classes, &rules.paths, self.path_in(repository));
        let counted = touched.lines().into_iter().map(|(class, lines)| Some((class.clone(), lines?)));
        let counted: Option<BTreeMap<Class, u64>> = counted.collect();
        counted.map_or_else(|| Fact::unknown("its lines were not counted"), Fact::Known)
    }
}
