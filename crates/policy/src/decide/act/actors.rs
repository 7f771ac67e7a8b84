//! Who did something, when the forge names several accounts: agents among them, and what could not be seen.

use std::collections::BTreeSet;

use crate::decide::standing::{self, Standing};
use crate::facts::{Account, Fact, Roster};
use crate::rules::Rules;
use crate::verdict::{AgentTrace, EvidenceClass, quoted};

/// The accounts that did something.
#[derive(Debug, Default)]
pub(super) struct Actors<'f> {
    /// The agents among them, with their names in the rules.
    agents: Vec<(&'f Account, Option<String>)>,
    /// What could not be seen.
    pub(super) unseen: Vec<String>,
}

impl<'f> Actors<'f> {
    pub(super) fn of(
        accounts: impl IntoIterator<Item = &'f Fact<Account>>,
        roster: &Roster,
        rules: &Rules,
    ) -> Self {
        let mut actors = Self::default();
        for account in accounts {
            let account = match account {
                Fact::Known(account) => account,
                Fact::Unknown(why) => {
                    actors.unseen.push(format!("who did it: {why}"));
                    continue;
                }
            };
            match standing::of(account, roster, rules) {
                Standing::Person => {}
                Standing::Agent(name) => actors.agents.push((account, Some(name))),
                Standing::Unregistered => actors.agents.push((account, None)),
                Standing::Unknown(why) => {
                    actors.unseen.push(format!("whether `{}` is a person: {why}", quoted(&account.login)));
                }
            }
        }
        actors.agents.dedup();
        actors
    }

    /// Whether people alone did it.
    pub(super) fn are_people(&self) -> bool {
        self.agents.is_empty() && self.unseen.is_empty()
    }

    /// One trace for each agent; `what` is what it did.
    pub(super) fn traces(&self, what: &str) -> Vec<AgentTrace> {
        let trace = |(account, registered): &(&Account, Option<String>)| AgentTrace {
            registered: registered.clone(),
            called: account.login.clone(),
            class: EvidenceClass::Platform,
            seen: what.to_owned(),
        };
        self.agents.iter().map(trace).collect()
    }

    /// The names of those that are registered.
    pub(super) fn registered(&self) -> BTreeSet<String> {
        self.agents.iter().filter_map(|(_, name)| name.clone()).collect()
    }
}
