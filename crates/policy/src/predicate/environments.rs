//! `environments`: the environments that are deployed to. GitHub compares them without case, and so does this.

use change::Globs;

use super::{Condition, Outcome, Proof, Reading, Scene};
use crate::complaint::Code;
use crate::facts::Fact;
use crate::reference::{Bad, Key, PATTERN, Record, Shape};
use crate::rules::On;
use crate::rules::glob;
use crate::rules::read::{Table, quoted_or};
use crate::rules::shelf::PathSet;
use crate::verdict::quoted;

/// Holds when a job of the run deploys to an environment that matches one of the patterns.
#[derive(Debug, Clone)]
pub(crate) struct Environments {
    globs: Globs,
}

impl Condition for Environments {
    const RECORD: Record = Record {
        key: Key {
            name: "environments",
            needed: false,
            shape: Shape::List(&Shape::Text(PATTERN)),
            words: "patterns",
            default: None,
            meaning: "Holds when what is deployed, or a job of the run, goes to an environment that matches one of the patterns. Compared without case.",
            bad: Bad { text: "when = { environments = [\"/production\"] }", code: Code::BadGlob },
        },
        on: &[On::WorkflowRun, On::Deployment],
        good: &["when = { environments = [\"prod*\"] }"],
    };

    fn parse(when: &mut Table<'_>, reading: &mut Reading<'_, '_>) -> Option<Self> {
        let globs = glob::parse_repos("environments", when, reading.complaints)?;
        Some(Self { globs })
    }

    fn judge(&self, scene: &Scene<'_>) -> Outcome {
        let names: Vec<&str> = match scene.about.environments() {
            Fact::Known(names) => names,
            Fact::Unknown(why) => return Outcome::Undetermined(why),
        };
        match names.into_iter().find(|name| self.globs.is_match(name.to_ascii_lowercase().as_bytes())) {
            Some(name) => Outcome::Holds(Proof::note(format!("environment `{}`", quoted(name)))),
            None => Outcome::Fails,
        }
    }

    fn words(&self, _: &PathSet) -> String {
        format!("deploy to environment {}", quoted_or(self.globs.patterns()))
    }
}
