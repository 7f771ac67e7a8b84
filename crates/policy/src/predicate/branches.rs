//! `branches`: the branch that the change would land on.
//!
//! For a pull request that is its base, not the branch it comes from: an agent's own branches are bounded by
//! `[agents.NAME] branches`.

use change::Globs;

use super::{Outcome, Proof, Scene};
use crate::complaint::Complaints;
use crate::rules::glob;
use crate::rules::read::Table;
use crate::verdict::quoted;

/// Holds when the base branch matches one of the globs.
#[derive(Debug, Clone)]
pub(crate) struct Branches {
    globs: Globs,
}

impl Branches {
    pub(super) fn parse(when: &mut Table<'_>, complaints: &mut Complaints<'_>) -> Option<Self> {
        let globs = glob::parse("branches", when, complaints)?;
        Some(Self { globs })
    }

    pub(super) fn judge(&self, scene: &Scene<'_>) -> Outcome {
        let base = &scene.pull.base.name;
        if self.globs.is_match(base.as_bytes()) {
            Outcome::Holds(Proof::note(format!("into branch `{}`", quoted(base))))
        } else {
            Outcome::Fails
        }
    }
}
