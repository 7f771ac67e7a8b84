//! `created`: the branch or tag was new.

use super::{Condition, Outcome, Proof, Reading, Scene};
use crate::complaint::Code;
use crate::reference::{Bad, Key, Record, Shape};
use crate::rules::On;
use crate::rules::read::Table;
use crate::rules::shelf::PathSet;

/// Holds when the branch or tag did, or did not, exist before.
#[derive(Debug, Clone)]
pub(crate) struct Created {
    wanted: bool,
}

impl Condition for Created {
    const RECORD: Record = Record {
        key: Key {
            name: "created",
            needed: false,
            shape: Shape::Flag,
            words: "`true` or `false`",
            default: None,
            meaning: "Holds when the branch or tag did, or did not, exist before.",
            bad: Bad { text: "when = { created = \"yes\" }", code: Code::WrongType },
        },
        on: &[On::Push, On::Branch, On::Tag],
        good: &["when = { created = true }"],
    };

    fn parse(when: &mut Table<'_>, reading: &mut Reading<'_, '_>) -> Option<Self> {
        let flag = when.flag("created", reading.complaints)?;
        Some(Self { wanted: flag.value })
    }

    fn judge(&self, scene: &Scene<'_>) -> Outcome {
        let Some(moved) = scene.about.moved() else { return Outcome::Fails };
        if moved.is_creation() != self.wanted {
            return Outcome::Fails;
        }
        Outcome::Holds(Proof::note(if self.wanted { "it is new" } else { "it existed before" }))
    }

    fn words(&self, _: &PathSet) -> String {
        if self.wanted { "create a branch or tag" } else { "create none" }.to_owned()
    }
}
