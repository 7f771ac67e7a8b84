//! `repos`: the repository is one of these, by `owner/name`. GitHub compares names without case, and so does this.

use change::Globs;

use super::{Outcome, Proof, Scene};
use crate::complaint::Complaints;
use crate::rules::glob;
use crate::rules::read::Table;

/// Holds when the base repository matches one of the globs.
#[derive(Debug, Clone)]
pub(crate) struct Repos {
    globs: Globs,
}

impl Repos {
    pub(super) fn parse(when: &mut Table<'_>, complaints: &mut Complaints<'_>) -> Option<Self> {
        let globs = glob::parse_repos("repos", when, complaints)?;
        Some(Self { globs })
    }

    pub(super) fn judge(&self, scene: &Scene<'_>) -> Outcome {
        let name = scene.repository.name.to_string();
        if self.globs.is_match(name.to_ascii_lowercase().as_bytes()) {
            Outcome::Holds(Proof::note(format!("repository `{name}`")))
        } else {
            Outcome::Fails
        }
    }
}
