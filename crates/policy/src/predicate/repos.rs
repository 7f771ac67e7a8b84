//! `repos`: the repository is one of these, by `owner/name`. GitHub compares names without case, and so does this.

use change::Globs;

use super::{Condition, Outcome, Proof, Reading, Scene};
use crate::complaint::Code;
use crate::reference::{Bad, Key, PATTERN, Record, Shape};
use crate::rules::On;
use crate::rules::glob;
use crate::rules::read::{Table, quoted_or};
use crate::rules::shelf::PathSet;

/// Holds when the base repository matches one of the globs.
#[derive(Debug, Clone)]
pub(crate) struct Repos {
    globs: Globs,
}

impl Repos {
    pub(super) fn globs(&self) -> &Globs {
        &self.globs
    }
}

impl Condition for Repos {
    const RECORD: Record = Record {
        key: Key {
            name: "repos",
            needed: false,
            shape: Shape::List(&Shape::Text(PATTERN)),
            words: "patterns over `owner/name`",
            default: None,
            meaning: "Holds when the repository matches one of the patterns. Compared without case, as GitHub does.",
            bad: Bad { text: "when = { repos = [\"acme/../web\"] }", code: Code::BadGlob },
        },
        on: On::ALL,
        good: &["when = { repos = [\"acme/web\", \"acme/infra-*\"] }"],
    };

    fn parse(when: &mut Table<'_>, reading: &mut Reading<'_, '_>) -> Option<Self> {
        let globs = glob::parse_repos("repos", when, reading.complaints)?;
        Some(Self { globs })
    }

    fn judge(&self, scene: &Scene<'_>) -> Outcome {
        let name = scene.repository.name.to_string();
        if self.globs.is_match(name.to_ascii_lowercase().as_bytes()) {
            Outcome::Holds(Proof::note(format!("repository `{name}`")))
        } else {
            Outcome::Fails
        }
    }

    fn words(&self, _: &PathSet) -> String {
        format!("are in {}", quoted_or(self.globs.patterns()))
    }
}
