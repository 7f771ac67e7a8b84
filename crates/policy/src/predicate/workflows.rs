//! `workflows`: the path of the workflow's file.

use change::Globs;

use super::{Condition, Outcome, Proof, Reading, Scene};
use crate::complaint::Code;
use crate::reference::{Bad, Key, PATTERN, Record, Shape};
use crate::rules::On;
use crate::rules::glob;
use crate::rules::read::{Table, quoted_or};
use crate::rules::shelf::PathSet;
use crate::verdict::quoted;

/// Holds when the path of the workflow's file matches one of the patterns.
#[derive(Debug, Clone)]
pub(crate) struct Workflows {
    globs: Globs,
}

impl Condition for Workflows {
    const RECORD: Record = Record {
        key: Key {
            name: "workflows",
            needed: false,
            shape: Shape::List(&Shape::Text(PATTERN)),
            words: "patterns",
            default: None,
            meaning: "Holds when the path of the workflow's file matches one of the patterns.",
            bad: Bad { text: "when = { workflows = [\"/ci.yml\"] }", code: Code::BadGlob },
        },
        on: &[On::WorkflowRun],
        good: &["when = { workflows = [\".github/workflows/deploy*\"] }"],
    };

    fn parse(when: &mut Table<'_>, reading: &mut Reading<'_, '_>) -> Option<Self> {
        let globs = glob::parse("workflows", when, reading.complaints)?;
        Some(Self { globs })
    }

    fn judge(&self, scene: &Scene<'_>) -> Outcome {
        let Some(run) = scene.about.run() else { return Outcome::Fails };
        if self.globs.is_match(run.path.as_bytes()) {
            Outcome::Holds(Proof::note(format!("workflow `{}`", quoted(&run.path))))
        } else {
            Outcome::Fails
        }
    }

    fn words(&self, _: &PathSet) -> String {
        format!("run workflow {}", quoted_or(self.globs.patterns()))
    }
}
