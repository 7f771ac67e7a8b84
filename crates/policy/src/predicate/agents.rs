//! `agents`: one of the named agents had a hand in the change.

use super::{Known, Outcome, Proof, Scene};
use crate::complaint::Complaints;
use crate::rules::read::{Table, list, nearest};

/// Holds when one of the named, registered agents had a hand in the change.
#[derive(Debug, Clone)]
pub(crate) struct Agents {
    names: Vec<String>,
}

impl Agents {
    pub(super) fn parse(
        when: &mut Table<'_>,
        known: &Known<'_>,
        complaints: &mut Complaints<'_>,
    ) -> Option<Self> {
        let texts = when.texts("agents", complaints)?;
        let mut names = Vec::new();
        for text in texts.value {
            if known.agents.contains(&text.value) {
                names.push(text.value);
                continue;
            }
            let help = match nearest(&text.value, known.agents) {
                Some(near) => format!("Did you mean `{near}`?"),
                None => format!("Registered under `[agents.NAME]`: {}.", list(known.agents)),
            };
            let message = format!("no agent is registered as `{}`", text.value.escape_debug());
            complaints.error("unknown-agent", text.span, message, help);
        }
        Some(Self { names })
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn judge(&self, scene: &Scene<'_>) -> Outcome {
        match self.names.iter().find(|name| scene.agents.contains(*name)) {
            Some(name) => Outcome::Holds(Proof::note(format!("agent `{name}`"))),
            None => Outcome::Fails,
        }
    }
}
