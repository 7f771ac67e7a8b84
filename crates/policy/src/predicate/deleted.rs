//! `deleted`: the branch or tag was deleted.

use super::{Condition, Outcome, Proof, Reading, Scene};
use crate::complaint::Code;
use crate::reference::{Bad, Key, Record, Shape};
use crate::rules::On;
use crate::rules::read::Table;
use crate::rules::shelf::PathSet;

/// Holds when the branch or tag was, or was not, deleted.
#[derive(Debug, Clone)]
pub(crate) struct Deleted {
    wanted: bool,
}

impl Condition for Deleted {
    const RECORD: Record = Record {
        key: Key {
            name: "deleted",
            needed: false,
            shape: Shape::Flag,
            words: "`true` or `false`",
            default: None,
            meaning: "Holds when the branch or tag was, or was not, deleted.",
            bad: Bad { text: "when = { deleted = \"yes\" }", code: Code::WrongType },
        },
        on: &[On::Branch, On::Tag],
        good: &["when = { deleted = true }"],
    };

    fn parse(when: &mut Table<'_>, reading: &mut Reading<'_, '_>) -> Option<Self> {
        let flag = when.flag("deleted", reading.complaints)?;
        Some(Self { wanted: flag.value })
    }

    fn judge(&self, scene: &Scene<'_>) -> Outcome {
        let Some(moved) = scene.about.moved() else { return Outcome::Fails };
        if moved.is_deletion() != self.wanted {
            return Outcome::Fails;
        }
        Outcome::Holds(Proof::note(if self.wanted { "it was deleted" } else { "it was not deleted" }))
    }

    fn words(&self, _: &PathSet) -> String {
        if self.wanted { "delete a branch or tag" } else { "delete none" }.to_owned()
    }
}
