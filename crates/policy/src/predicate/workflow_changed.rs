//! `workflow_changed`: the workflow's file at the run's head is not the default branch's, byte for byte.

use super::{Condition, Outcome, Proof, Reading, Scene};
use crate::complaint::Code;
use crate::reference::{Bad, Key, Record, Shape};
use crate::rules::On;
use crate::rules::read::Table;
use crate::rules::shelf::PathSet;

/// Holds when the workflow's file at the run's head is not, or is, byte for byte that of the default branch.
#[derive(Debug, Clone)]
pub(crate) struct WorkflowChanged {
    wanted: bool,
}

impl Condition for WorkflowChanged {
    const RECORD: Record = Record {
        key: Key {
            name: "workflow_changed",
            needed: false,
            shape: Shape::Flag,
            words: "`true` or `false`",
            default: None,
            meaning: "Holds when the workflow's file at the run's head is not, or is, byte for byte that of the default branch.",
            bad: Bad { text: "when = { workflow_changed = \"yes\" }", code: Code::WrongType },
        },
        on: &[On::WorkflowRun],
        good: &["when = { workflow_changed = true }"],
    };

    fn parse(when: &mut Table<'_>, reading: &mut Reading<'_, '_>) -> Option<Self> {
        let flag = when.flag("workflow_changed", reading.complaints)?;
        Some(Self { wanted: flag.value })
    }

    fn judge(&self, scene: &Scene<'_>) -> Outcome {
        let Some(facts) = scene.about.around_run() else { return Outcome::Fails };
        let is = match facts.same_workflow.get() {
            Ok(same) => !*same,
            Err(why) => return Outcome::Undetermined(why.to_owned()),
        };
        if is != self.wanted {
            return Outcome::Fails;
        }
        Outcome::Holds(Proof::note(if is {
            "the workflow is not the default branch's"
        } else {
            "the workflow is the default branch's"
        }))
    }

    fn words(&self, _: &PathSet) -> String {
        if self.wanted {
            "run what the default branch does not have"
        } else {
            "run what the default branch has"
        }
        .to_owned()
    }
}
