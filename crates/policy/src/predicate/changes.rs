//! `changes`: the change touches a file of one of the named classes.
//!
//! Classes come from the built-in table and from `[classes.NAME]`. A rename counts on both sides: where the file was
//! and where it went.

use change::Class;

use super::{Condition, Outcome, Reading, Scene};
use crate::complaint::{Code, Complaints};
use crate::reference::{Bad, Key, Record, Shape};
use crate::rules::On;
use crate::rules::read::{At, Table, list, nearest, quoted_or};
use crate::rules::shelf::PathSet;

/// Holds when a changed file falls in one of the classes.
#[derive(Debug, Clone)]
pub(crate) struct Changes {
    classes: Vec<Class>,
}

impl Changes {
    pub(super) fn classes(&self) -> &[Class] {
        &self.classes
    }
}

impl Condition for Changes {
    const RECORD: Record = Record {
        key: Key {
            name: "changes",
            needed: false,
            shape: Shape::List(&Shape::Class),
            words: "list of change classes",
            default: None,
            meaning: "Holds when a changed file is of one of the classes. A rename counts on both sides: where the file was and where it went.",
            bad: Bad { text: "when = { changes = [\"workflows\"] }", code: Code::UnknownClass },
        },
        on: &[On::PullRequest, On::Push, On::Branch],
        good: &["when = { changes = [\"ci\", \"dependencies\"] }"],
    };

    fn parse(when: &mut Table<'_>, reading: &mut Reading<'_, '_>) -> Option<Self> {
        let texts = when.texts("changes", reading.complaints)?;
        Some(Self { classes: named_classes(texts.value, reading.known.classes, reading.complaints) })
    }

    fn judge(&self, scene: &Scene<'_>) -> Outcome {
        scene.any_file(|files| files.of_classes(&self.classes))
    }

    fn words(&self, _: &PathSet) -> String {
        format!("touch {} files", quoted_or(&self.classes))
    }
}

/// The classes of these names; a name that is no class is complained about.
fn named_classes(names: Vec<At<String>>, known: &[String], complaints: &mut Complaints<'_>) -> Vec<Class> {
    let mut classes = Vec::new();
    for name in names {
        if let Some(class) = Class::parse(&name.value).filter(|_| known.contains(&name.value)) {
            classes.push(class);
            continue;
        }
        let help = match nearest(&name.value, known) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => format!("Known: {}. More are made by `[classes.NAME]`.", list(known)),
        };
        let message = format!("no change class is called `{}`", name.value.escape_debug());
        complaints.error(Code::UnknownClass, name.span, message, help);
    }
    classes
}
