//! `lines`: how many lines the change adds and removes together, as git counts them with every file taken as text.

use super::number::Bound;
use super::{Condition, Outcome, Proof, Reading, Scene, number};
use crate::complaint::Code;
use crate::facts::Lines;
use crate::reference::{Bad, Key, Record, Shape};
use crate::rules::On;
use crate::rules::read::Table;
use crate::rules::shelf::PathSet;

/// Holds when the number of changed lines is within the bound.
#[derive(Debug, Clone)]
pub(crate) struct ChangedLines {
    bound: Bound,
}

impl Condition for ChangedLines {
    const RECORD: Record = Record {
        key: Key {
            name: "lines",
            needed: false,
            shape: Shape::Table(&number::LINES),
            words: "`{ more_than = N }` or `{ at_most = N }`",
            default: None,
            meaning: "Holds when that many lines are added and removed together, as git counts them with every file taken as text. A rule with this condition makes the gate fetch the contents of changed files.",
            bad: Bad { text: "when = { lines = { more_than = 10, at_most = 50 } }", code: Code::BadValue },
        },
        on: &[On::PullRequest, On::Push, On::Branch],
        good: &["when = { lines = { at_most = 50 } }"],
    };

    fn parse(when: &mut Table<'_>, reading: &mut Reading<'_, '_>) -> Option<Self> {
        let bound = Bound::parse("lines", when, reading.complaints)?;
        Some(Self { bound })
    }

    fn judge(&self, scene: &Scene<'_>) -> Outcome {
        let Some(change) = scene.about.change() else { return Outcome::Fails };
        let change = match change.get() {
            Ok(change) => change,
            Err(why) => return Outcome::Undetermined(why.to_owned()),
        };
        let Some(lines) = &change.lines else {
            return Outcome::Undetermined("the changed lines were not counted".to_owned());
        };
        let count = lines.added.saturating_add(lines.deleted);
        if !self.bound.holds(count) {
            return Outcome::Fails;
        }
        Outcome::Holds(Proof::note(format!("{count} lines changed: {}", self.bound)))
    }

    fn words(&self, _: &PathSet) -> String {
        format!("add and remove {} lines", self.bound)
    }

    fn lines(&self) -> Lines {
        Lines::Count
    }
}
