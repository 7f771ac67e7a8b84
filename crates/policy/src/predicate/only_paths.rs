//! `only_paths`: the change touches nothing outside these paths.
//!
//! A change that touches nothing at all does not satisfy it, so that emptiness allows nothing.

use super::{Outcome, Proof, Scene};
use crate::complaint::Complaints;
use crate::rules::glob;
use crate::rules::read::Table;
use crate::rules::shelf::{Shelf, Slot};

/// Holds when there are changed files and every one of them matches.
#[derive(Debug, Clone)]
pub(crate) struct OnlyPaths {
    paths: Slot,
}

impl OnlyPaths {
    pub(super) fn parse(
        when: &mut Table<'_>,
        shelf: &mut Shelf,
        complaints: &mut Complaints<'_>,
    ) -> Option<Self> {
        let globs = glob::parse("only_paths", when, complaints)?;
        Some(Self { paths: shelf.put(&globs) })
    }

    pub(super) fn judge(&self, scene: &Scene<'_>) -> Outcome {
        let files = match scene.files.get() {
            Ok(files) => files,
            Err(why) => return Outcome::Undetermined(why.to_owned()),
        };
        if !files.all_match(&self.paths) {
            return Outcome::Fails;
        }
        Outcome::Holds(Proof::note(format!("all {} changed files are inside", files.files.len())))
    }
}
