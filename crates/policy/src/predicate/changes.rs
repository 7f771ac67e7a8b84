//! `changes`: the change touches a file of one of the named classes.
//!
//! Classes come from the built-in table and from `[classes.NAME]`. A rename counts on both sides: where the file was
//! and where it went.

use change::Class;

use super::{Known, Outcome, Scene};
use crate::complaint::Complaints;
use crate::rules::read::{At, Table, list, nearest};

/// Holds when a changed file falls in one of the classes.
#[derive(Debug, Clone)]
pub(crate) struct Changes {
    classes: Vec<Class>,
}

impl Changes {
    pub(super) fn parse(
        when: &mut Table<'_>,
        known: &Known<'_>,
        complaints: &mut Complaints<'_>,
    ) -> Option<Self> {
        let texts = when.texts("changes", complaints)?;
        Some(Self { classes: named_classes(texts.value, known.classes, complaints) })
    }

    pub(super) fn judge(&self, scene: &Scene<'_>) -> Outcome {
        scene.any_file(|files| files.of_classes(&self.classes))
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
        complaints.error("unknown-class", name.span, message, help);
    }
    classes
}
