//! `branches`: the branch that the change would land on.
//!
//! For a pull request that is its base, not the branch it comes from: an agent's own branches are bounded by
//! `[agents.NAME] branches`.

use change::Globs;

use super::{Condition, Outcome, Proof, Reading, Scene};
use crate::complaint::Code;
use crate::reference::{Bad, Key, PATTERN, Record, Shape};
use crate::rules::On;
use crate::rules::glob;
use crate::rules::read::{Table, quoted_or};
use crate::rules::shelf::PathSet;
use crate::verdict::quoted;

/// Holds when the base branch matches one of the globs.
#[derive(Debug, Clone)]
pub(crate) struct Branches {
    globs: Globs,
}

impl Condition for Branches {
    const RECORD: Record = Record {
        key: Key {
            name: "branches",
            needed: false,
            shape: Shape::List(&Shape::Text(PATTERN)),
            words: "patterns",
            default: None,
            meaning: "Holds when the branch that the change would land on matches one of the patterns; of a run, the branch that it runs on. The branch that it comes from is bounded by `[agents.NAME]`.",
            bad: Bad { text: "when = { branches = [\"/main\"] }", code: Code::BadGlob },
        },
        on: &[On::PullRequest, On::Push, On::Branch, On::WorkflowRun],
        good: &["when = { branches = [\"main\", \"release/**\"] }"],
    };

    fn parse(when: &mut Table<'_>, reading: &mut Reading<'_, '_>) -> Option<Self> {
        let globs = glob::parse("branches", when, reading.complaints)?;
        Some(Self { globs })
    }

    fn judge(&self, scene: &Scene<'_>) -> Outcome {
        let Some(base) = scene.about.branch() else { return Outcome::Fails };
        if self.globs.is_match(base.as_bytes()) {
            Outcome::Holds(Proof::note(format!("into branch `{}`", quoted(base))))
        } else {
            Outcome::Fails
        }
    }

    fn words(&self, _: &PathSet) -> String {
        format!("go into {}", quoted_or(self.globs.patterns()))
    }
}
