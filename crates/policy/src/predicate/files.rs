//! `files`: how many files the change touches. A rename counts as two.

use super::number::Bound;
use super::{Condition, Outcome, Proof, Reading, Scene, number};
use crate::complaint::Code;
use crate::reference::{Bad, Key, Record, Shape};
use crate::rules::On;
use crate::rules::read::Table;
use crate::rules::shelf::PathSet;

/// Holds when the number of changed files is within the bound.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    bound: Bound,
}

impl Files {
    pub(super) fn allows_none(&self) -> bool {
        self.bound == Bound::AtMost(0)
    }
}

impl Condition for Files {
    const RECORD: Record = Record {
        key: Key {
            name: "files",
            needed: false,
            shape: Shape::Table(&number::FILES),
            words: "`{ more_than = N }` or `{ at_most = N }`",
            default: None,
            meaning: "Holds when that many files change. A rename counts as two.",
            bad: Bad { text: "when = { files = 100 }", code: Code::WrongType },
        },
        on: &[On::PullRequest, On::Push, On::Branch],
        good: &["when = { files = { more_than = 100 } }", "when = { files = { at_most = 20 } }"],
    };

    fn parse(when: &mut Table<'_>, reading: &mut Reading<'_, '_>) -> Option<Self> {
        let bound = Bound::parse("files", when, reading.complaints)?;
        Some(Self { bound })
    }

    fn judge(&self, scene: &Scene<'_>) -> Outcome {
        let count = match scene.files.get() {
            Ok(files) => files.files.len() as u64,
            Err(why) => return Outcome::Undetermined(why.to_owned()),
        };
        if !self.bound.holds(count) {
            return Outcome::Fails;
        }
        Outcome::Holds(Proof::note(format!("{count} files changed: {}", self.bound)))
    }

    fn words(&self, _: &PathSet) -> String {
        format!("touch {} files", self.bound)
    }
}
