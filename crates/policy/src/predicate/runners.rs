//! `runners`: labels of the runners that a run's jobs ask for. GitHub compares them without case, and so does this.

use change::Globs;

use super::{Condition, Outcome, Proof, Reading, Scene};
use crate::complaint::Code;
use crate::reference::{Bad, Key, PATTERN, Record, Shape};
use crate::rules::On;
use crate::rules::glob;
use crate::rules::read::{Table, quoted_or};
use crate::rules::shelf::PathSet;
use crate::verdict::quoted;

/// Holds when a job of the run asks for a runner with one of these labels, such as `self-hosted`.
#[derive(Debug, Clone)]
pub(crate) struct Runners {
    globs: Globs,
}

impl Condition for Runners {
    const RECORD: Record = Record {
        key: Key {
            name: "runners",
            needed: false,
            shape: Shape::List(&Shape::Text(PATTERN)),
            words: "patterns",
            default: None,
            meaning: "Holds when a job of the run asks for a runner with one of these labels, such as `self-hosted`.",
            bad: Bad { text: "when = { runners = [\"/self-hosted\"] }", code: Code::BadGlob },
        },
        on: &[On::WorkflowRun],
        good: &["when = { runners = [\"self-hosted\"] }"],
    };

    fn parse(when: &mut Table<'_>, reading: &mut Reading<'_, '_>) -> Option<Self> {
        let globs = glob::parse_repos("runners", when, reading.complaints)?;
        Some(Self { globs })
    }

    fn judge(&self, scene: &Scene<'_>) -> Outcome {
        let Some(facts) = scene.about.around_run() else { return Outcome::Fails };
        let names = match facts.runners.get() {
            Ok(names) => names,
            Err(why) => return Outcome::Undetermined(why.to_owned()),
        };
        match names.iter().find(|name| self.globs.is_match(name.to_ascii_lowercase().as_bytes())) {
            Some(name) => Outcome::Holds(Proof::note(format!("runner with label `{}`", quoted(name)))),
            None => Outcome::Fails,
        }
    }

    fn words(&self, _: &PathSet) -> String {
        format!("use runners with label {}", quoted_or(self.globs.patterns()))
    }
}
