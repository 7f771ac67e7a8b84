//! `only_paths`: the change touches nothing outside these paths.
//!
//! A change that touches nothing at all does not satisfy it, so that emptiness allows nothing.

use change::Globs;

use super::{Outcome, Proof, Scene};
use crate::complaint::Complaints;
use crate::rules::glob;
use crate::rules::read::Table;

/// Holds when there are changed files and every one of them matches.
#[derive(Debug, Clone)]
pub(crate) struct OnlyPaths {
    globs: Globs,
}

impl OnlyPaths {
    pub(super) fn parse(when: &mut Table<'_>, complaints: &mut Complaints<'_>) -> Option<Self> {
        let globs = glob::parse("only_paths", when, complaints)?;
        Some(Self { globs })
    }

    pub(super) fn judge(&self, scene: &Scene<'_>) -> Outcome {
        let files = match scene.files.get() {
            Ok(files) => files,
            Err(why) => return Outcome::Undetermined(why.to_owned()),
        };
        let inside = |path: &[u8]| self.globs.is_match(path);
        if files.is_empty() || !files.iter().all(|file| inside(file.file.path.as_bytes())) {
            return Outcome::Fails;
        }
        Outcome::Holds(Proof::note(format!("all {} changed files are inside", files.len())))
    }
}
