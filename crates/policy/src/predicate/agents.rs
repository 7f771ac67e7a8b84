//! `agents`: one of the named agents had a hand in the change.

use super::{Condition, Outcome, Proof, Reading, Scene};
use crate::complaint::Code;
use crate::reference::{ANY, Bad, Key, Record, Shape};
use crate::rules::On;
use crate::rules::read::{Table, list, nearest, quoted_or};
use crate::rules::shelf::PathSet;

/// Holds when one of the named, registered agents had a hand in the change.
#[derive(Debug, Clone)]
pub(crate) struct Agents {
    names: Vec<String>,
}

impl Agents {
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }
}

impl Condition for Agents {
    const RECORD: Record = Record {
        key: Key {
            name: "agents",
            needed: false,
            shape: Shape::List(&Shape::Text(ANY)),
            words: "list of registered agents' names",
            default: None,
            meaning: "Holds when one of these agents had a hand in the change.",
            bad: Bad { text: "when = { agents = [\"copilto\"] }", code: Code::UnknownAgent },
        },
        on: On::ALL,
        good: &["when = { agents = [\"copilot\"] }"],
    };

    fn parse(when: &mut Table<'_>, reading: &mut Reading<'_, '_>) -> Option<Self> {
        let texts = when.texts("agents", reading.complaints)?;
        let mut names = Vec::new();
        for text in texts.value {
            if reading.known.agents.contains(&text.value) {
                names.push(text.value);
                continue;
            }
            let help = match nearest(&text.value, reading.known.agents) {
                Some(near) => format!("Did you mean `{near}`?"),
                None => format!("Registered under `[agents.NAME]`: {}.", list(reading.known.agents)),
            };
            let message = format!("no agent is registered as `{}`", text.value.escape_debug());
            reading.complaints.error(Code::UnknownAgent, text.span, message, help);
        }
        Some(Self { names })
    }

    fn judge(&self, scene: &Scene<'_>) -> Outcome {
        match self.names.iter().find(|name| scene.agents.contains(*name)) {
            Some(name) => Outcome::Holds(Proof::note(format!("agent `{name}`"))),
            None => Outcome::Fails,
        }
    }

    fn words(&self, _: &PathSet) -> String {
        format!("involve agent {}", quoted_or(&self.names))
    }
}
