//! `only_paths`: the change touches nothing outside these paths.
//!
//! A change that touches nothing at all does not satisfy it, so that emptiness allows nothing.

use super::{Condition, Outcome, Proof, Reading, Scene};
use crate::complaint::Code;
use crate::reference::{Bad, Key, PATTERN, Record, Shape};
use crate::rules::On;
use crate::rules::glob;
use crate::rules::read::{Table, quoted_or};
use crate::rules::shelf::{PathSet, Slot};

/// Holds when there are changed files and every one of them matches.
#[derive(Debug, Clone)]
pub(crate) struct OnlyPaths {
    paths: Slot,
}

impl Condition for OnlyPaths {
    const RECORD: Record = Record {
        key: Key {
            name: "only_paths",
            needed: false,
            shape: Shape::List(&Shape::Text(PATTERN)),
            words: "patterns",
            default: None,
            meaning: "Holds when there are changed files, and every one of them matches one of the patterns. An empty change does not satisfy it, so that emptiness allows nothing.",
            bad: Bad { text: "when = { only_paths = [\"!src/**\"] }", code: Code::BadGlob },
        },
        on: &[On::PullRequest, On::Push, On::Branch],
        good: &["when = { only_paths = [\"docs/**\", \"*.md\"] }"],
    };

    fn parse(when: &mut Table<'_>, reading: &mut Reading<'_, '_>) -> Option<Self> {
        let globs = glob::parse("only_paths", when, reading.complaints)?;
        Some(Self { paths: reading.shelf.put(&globs) })
    }

    fn judge(&self, scene: &Scene<'_>) -> Outcome {
        let files = match scene.files.get() {
            Ok(files) => files,
            Err(why) => return Outcome::Undetermined(why.to_owned()),
        };
        if !files.all_match(&self.paths) {
            return Outcome::Fails;
        }
        Outcome::Holds(Proof::note(format!("all {} changed files are inside", files.files.len())))
    }

    fn words(&self, paths: &PathSet) -> String {
        format!("touch nothing but {}", quoted_or(paths.patterns(&self.paths)))
    }
}
