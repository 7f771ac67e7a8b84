//! `signed`: every commit that the push brought carries a signature that GitHub verified.

use super::{Condition, Outcome, Proof, Reading, Scene};
use crate::complaint::Code;
use crate::reference::{Bad, Key, Record, Shape};
use crate::rules::On;
use crate::rules::read::Table;
use crate::rules::shelf::PathSet;

/// Holds when every commit that was pushed carries a signature that GitHub calls verified, or when one does not.
#[derive(Debug, Clone)]
pub(crate) struct Signed {
    wanted: bool,
}

impl Condition for Signed {
    const RECORD: Record = Record {
        key: Key {
            name: "signed",
            needed: false,
            shape: Shape::Flag,
            words: "`true` or `false`",
            default: None,
            meaning: "Holds when every commit that was pushed carries a signature that GitHub calls verified, or when one does not.",
            bad: Bad { text: "when = { signed = \"yes\" }", code: Code::WrongType },
        },
        on: &[On::Push, On::Branch],
        good: &["when = { signed = true }"],
    };

    fn parse(when: &mut Table<'_>, reading: &mut Reading<'_, '_>) -> Option<Self> {
        let flag = when.flag("signed", reading.complaints)?;
        Some(Self { wanted: flag.value })
    }

    fn judge(&self, scene: &Scene<'_>) -> Outcome {
        let Some(moved) = scene.about.moved() else { return Outcome::Fails };
        let signed = match moved.signed.get() {
            Ok(signed) => *signed,
            Err(why) => return Outcome::Undetermined(why.to_owned()),
        };
        if signed != self.wanted {
            return Outcome::Fails;
        }
        Outcome::Holds(Proof::note(if self.wanted {
            "every commit is signed"
        } else {
            "a commit is not signed"
        }))
    }

    fn words(&self, _: &PathSet) -> String {
        if self.wanted { "bring signed commits only" } else { "bring commits without a signature" }.to_owned()
    }
}
