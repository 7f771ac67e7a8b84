//! `lines`: how many lines the change adds and removes together, as git counts them with every file taken as text.

use super::number::Bound;
use super::{Outcome, Proof, Scene};
use crate::complaint::Complaints;
use crate::rules::read::Table;

/// Holds when the number of changed lines is within the bound.
#[derive(Debug, Clone)]
pub(crate) struct ChangedLines {
    bound: Bound,
}

impl ChangedLines {
    pub(super) fn parse(when: &mut Table<'_>, complaints: &mut Complaints<'_>) -> Option<Self> {
        let bound = Bound::parse("lines", when, complaints)?;
        Some(Self { bound })
    }

    pub(super) fn judge(&self, scene: &Scene<'_>) -> Outcome {
        let change = match scene.pull.change.get() {
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
}
