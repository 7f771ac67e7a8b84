//! `draft`: the pull request is a draft, or is none.

use super::{Outcome, Proof, Scene};
use crate::complaint::Complaints;
use crate::rules::read::Table;

/// Holds when the pull request is (`true`) or is not (`false`) a draft.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    wanted: bool,
}

impl Draft {
    pub(super) fn parse(when: &mut Table<'_>, complaints: &mut Complaints<'_>) -> Option<Self> {
        let flag = when.flag("draft", complaints)?;
        Some(Self { wanted: flag.value })
    }

    pub(super) fn judge(&self, scene: &Scene<'_>) -> Outcome {
        if scene.pull.draft != self.wanted {
            return Outcome::Fails;
        }
        Outcome::Holds(Proof::note(if self.wanted { "a draft" } else { "not a draft" }))
    }
}
