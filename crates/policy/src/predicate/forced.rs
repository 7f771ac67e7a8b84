//! `forced`: commits were taken away from the branch, or the tag was moved.
//!
//! GitHub says so of every push; a tag that stood elsewhere before counts as forced whatever GitHub says.

use super::{Condition, Outcome, Proof, Reading, Scene};
use crate::complaint::Code;
use crate::reference::{Bad, Key, Record, Shape};
use crate::rules::On;
use crate::rules::read::Table;
use crate::rules::shelf::PathSet;

/// Holds when commits were, or were not, taken away from the branch, or an existing tag was moved.
#[derive(Debug, Clone)]
pub(crate) struct Forced {
    wanted: bool,
}

impl Condition for Forced {
    const RECORD: Record = Record {
        key: Key {
            name: "forced",
            needed: false,
            shape: Shape::Flag,
            words: "`true` or `false`",
            default: None,
            meaning: "Holds when commits were, or were not, taken away from the branch, or an existing tag was moved.",
            bad: Bad { text: "when = { forced = \"yes\" }", code: Code::WrongType },
        },
        on: &[On::Push, On::Branch, On::Tag],
        good: &["when = { forced = true }"],
    };

    fn parse(when: &mut Table<'_>, reading: &mut Reading<'_, '_>) -> Option<Self> {
        let flag = when.flag("forced", reading.complaints)?;
        Some(Self { wanted: flag.value })
    }

    fn judge(&self, scene: &Scene<'_>) -> Outcome {
        let Some(moved) = scene.about.moved() else { return Outcome::Fails };
        if moved.forced != self.wanted {
            return Outcome::Fails;
        }
        Outcome::Holds(Proof::note(if self.wanted {
            "history was left behind"
        } else {
            "no history was left behind"
        }))
    }

    fn words(&self, _: &PathSet) -> String {
        if self.wanted { "leave history behind" } else { "leave no history behind" }.to_owned()
    }
}
