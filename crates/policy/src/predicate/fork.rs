//! `fork`: the run is at a commit of another repository.

use super::{Condition, Outcome, Proof, Reading, Scene};
use crate::complaint::Code;
use crate::reference::{Bad, Key, Record, Shape};
use crate::rules::On;
use crate::rules::read::Table;
use crate::rules::shelf::PathSet;

/// Holds when the run is, or is not, at a commit of another repository.
#[derive(Debug, Clone)]
pub(crate) struct Fork {
    wanted: bool,
}

impl Condition for Fork {
    const RECORD: Record = Record {
        key: Key {
            name: "fork",
            needed: false,
            shape: Shape::Flag,
            words: "`true` or `false`",
            default: None,
            meaning: "Holds when the run is, or is not, at a commit of another repository.",
            bad: Bad { text: "when = { fork = \"yes\" }", code: Code::WrongType },
        },
        on: &[On::WorkflowRun],
        good: &["when = { fork = true }"],
    };

    fn parse(when: &mut Table<'_>, reading: &mut Reading<'_, '_>) -> Option<Self> {
        let flag = when.flag("fork", reading.complaints)?;
        Some(Self { wanted: flag.value })
    }

    fn judge(&self, scene: &Scene<'_>) -> Outcome {
        let Some(run) = scene.about.run() else { return Outcome::Fails };
        let is = match run.fork.get() {
            Ok(is) => *is,
            Err(why) => return Outcome::Undetermined(why.to_owned()),
        };
        if is != self.wanted {
            return Outcome::Fails;
        }
        Outcome::Holds(Proof::note(if is {
            "it runs a fork's commit"
        } else {
            "it runs the repository's own commit"
        }))
    }

    fn words(&self, _: &PathSet) -> String {
        if self.wanted { "run a fork's commit" } else { "run the repository's own commits" }.to_owned()
    }
}
