//! `tags`: the tag that was created, moved or deleted, or that a release is of.

use change::Globs;

use super::{Condition, Outcome, Proof, Reading, Scene};
use crate::complaint::Code;
use crate::reference::{Bad, Key, PATTERN, Record, Shape};
use crate::rules::On;
use crate::rules::glob;
use crate::rules::read::{Table, quoted_or};
use crate::rules::shelf::PathSet;
use crate::verdict::quoted;

/// Holds when the tag's name matches one of the globs.
#[derive(Debug, Clone)]
pub(crate) struct Tags {
    globs: Globs,
}

impl Condition for Tags {
    const RECORD: Record = Record {
        key: Key {
            name: "tags",
            needed: false,
            shape: Shape::List(&Shape::Text(PATTERN)),
            words: "patterns",
            default: None,
            meaning: "Holds when the name of the tag, or of the release's tag, matches one of the patterns.",
            bad: Bad { text: "when = { tags = [\"/v1\"] }", code: Code::BadGlob },
        },
        on: &[On::Tag, On::Release],
        good: &["when = { tags = [\"v*\"] }"],
    };

    fn parse(when: &mut Table<'_>, reading: &mut Reading<'_, '_>) -> Option<Self> {
        let globs = glob::parse("tags", when, reading.complaints)?;
        Some(Self { globs })
    }

    fn judge(&self, scene: &Scene<'_>) -> Outcome {
        let Some(tag) = scene.about.tag() else { return Outcome::Fails };
        if self.globs.is_match(tag.as_bytes()) {
            Outcome::Holds(Proof::note(format!("tag `{}`", quoted(tag))))
        } else {
            Outcome::Fails
        }
    }

    fn words(&self, _: &PathSet) -> String {
        format!("touch tag {}", quoted_or(self.globs.patterns()))
    }
}
