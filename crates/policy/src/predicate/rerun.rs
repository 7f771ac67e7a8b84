//! `rerun`: it is not the first attempt of the run.

use super::{Condition, Outcome, Proof, Reading, Scene};
use crate::complaint::Code;
use crate::reference::{Bad, Key, Record, Shape};
use crate::rules::On;
use crate::rules::read::Table;
use crate::rules::shelf::PathSet;

/// Holds when the run is, or is not, run again.
#[derive(Debug, Clone)]
pub(crate) struct Rerun {
    wanted: bool,
}

impl Condition for Rerun {
    const RECORD: Record = Record {
        key: Key {
            name: "rerun",
            needed: false,
            shape: Shape::Flag,
            words: "`true` or `false`",
            default: None,
            meaning: "Holds when the run is, or is not, run again.",
            bad: Bad { text: "when = { rerun = \"yes\" }", code: Code::WrongType },
        },
        on: &[On::WorkflowRun],
        good: &["when = { rerun = true }"],
    };

    fn parse(when: &mut Table<'_>, reading: &mut Reading<'_, '_>) -> Option<Self> {
        let flag = when.flag("rerun", reading.complaints)?;
        Some(Self { wanted: flag.value })
    }

    fn judge(&self, scene: &Scene<'_>) -> Outcome {
        let Some(run) = scene.about.run() else { return Outcome::Fails };
        let is = run.is_rerun();
        if is != self.wanted {
            return Outcome::Fails;
        }
        Outcome::Holds(Proof::note(if is { "it is run again" } else { "it runs for the first time" }))
    }

    fn words(&self, _: &PathSet) -> String {
        if self.wanted { "are run again" } else { "run for the first time" }.to_owned()
    }
}
