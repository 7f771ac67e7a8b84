//! `draft`: the pull request is a draft, or is none.

use super::{About, Condition, Outcome, Proof, Reading, Scene};
use crate::complaint::Code;
use crate::reference::{Bad, Key, Record, Shape};
use crate::rules::On;
use crate::rules::read::Table;
use crate::rules::shelf::PathSet;

/// Holds when the pull request is (`true`) or is not (`false`) a draft.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    wanted: bool,
}

impl Condition for Draft {
    const RECORD: Record = Record {
        key: Key {
            name: "draft",
            needed: false,
            shape: Shape::Flag,
            words: "`true` or `false`",
            default: None,
            meaning: "Holds when the pull request is, or is not, a draft.",
            bad: Bad { text: "when = { draft = \"yes\" }", code: Code::WrongType },
        },
        on: &[On::PullRequest],
        good: &["when = { draft = true }"],
    };

    fn parse(when: &mut Table<'_>, reading: &mut Reading<'_, '_>) -> Option<Self> {
        let flag = when.flag("draft", reading.complaints)?;
        Some(Self { wanted: flag.value })
    }

    fn judge(&self, scene: &Scene<'_>) -> Outcome {
        let About::Pull(pull) = scene.about else { return Outcome::Fails };
        if pull.draft != self.wanted {
            return Outcome::Fails;
        }
        Outcome::Holds(Proof::note(if self.wanted { "a draft" } else { "not a draft" }))
    }

    fn words(&self, _: &PathSet) -> String {
        if self.wanted { "are drafts" } else { "are no drafts" }.to_owned()
    }
}
