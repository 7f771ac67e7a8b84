//! `files`: how many files the change touches. A rename counts as two.

use super::number::Bound;
use super::{Outcome, Proof, Scene};
use crate::complaint::Complaints;
use crate::rules::read::Table;

/// Holds when the number of changed files is within the bound.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    bound: Bound,
}

impl Files {
    pub(super) fn parse(when: &mut Table<'_>, complaints: &mut Complaints<'_>) -> Option<Self> {
        let bound = Bound::parse("files", when, complaints)?;
        Some(Self { bound })
    }

    pub(super) fn judge(&self, scene: &Scene<'_>) -> Outcome {
        let count = match scene.files.get() {
            Ok(files) => files.files.len() as u64,
            Err(why) => return Outcome::Undetermined(why.to_owned()),
        };
        if !self.bound.holds(count) {
            return Outcome::Fails;
        }
        Outcome::Holds(Proof::note(format!("{count} files changed: {}", self.bound)))
    }
}
