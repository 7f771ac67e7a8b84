//! `[classes.NAME]`: paths that the built-in table of change classes does not know.
//!
//! The table can only grow: no class can be emptied, least of all `governance` and `steering`.

use change::{Class, ClassTable};

use super::glob;
use super::read::Table;
use crate::complaint::{Code, Complaints};
use crate::reference::{self, Bad, Key, PATTERN, Shape};

/// Extends the built-in table.
pub(super) fn parse(tables: Vec<(String, Table<'_>)>, complaints: &mut Complaints<'_>) -> ClassTable {
    let mut classes = ClassTable::builtin();
    for (name, mut table) in tables {
        if table.has("except") || table.has("remove") {
            complaints.error(
                Code::FloorCannotShrink,
                table.span.clone(),
                format!("nothing can be taken out of class `{}`", name.escape_debug()),
                "Classes only grow. Use `paths = { any = […], except = […] }` in a rule instead.",
            );
            continue;
        }
        if !table.has("paths") {
            table.missing("paths", "Name the paths: `paths = [\"tools/ci/**\"]`.", complaints);
        }
        let globs = glob::parse("paths", &mut table, complaints);
        let span = table.span.clone();
        table.finish(complaints);
        match (Class::parse(&name), globs) {
            (Some(class), Some(globs)) => classes.extend(class, &globs),
            (Some(_), None) => {}
            (None, _) => complaints.error(
                Code::BadValue,
                span,
                format!("`{}` is no name for a class", name.escape_debug()),
                "Use lower-case letters, digits and hyphens, at most 40.",
            ),
        }
    }
    classes
}

/// The names of all classes: built in and added by the file.
pub(super) fn names(tables: &[(String, Table<'_>)]) -> Vec<String> {
    let builtin = Class::BUILTIN.iter().map(|class| class.as_str().to_owned());
    builtin.chain(tables.iter().map(|(name, _)| name.clone())).collect()
}

/// What people read about it.
pub(super) const TABLE: reference::Table = reference::Table {
    heading: "[classes.NAME]",
    name: "class",
    meaning: "Adds paths to a [change class](#change-classes), built in or new.\nNothing can be taken out of a class: use `except` in a rule's `paths` instead.",
    keys: &[Key {
        name: "paths",
        needed: true,
        shape: Shape::List(&Shape::Text(PATTERN)),
        words: "patterns",
        default: None,
        meaning: "Paths that are of this class as well.",
        bad: Bad { text: "paths = [\"/billing\"]", code: Code::BadGlob },
    }],
    good: "[classes.payments]\npaths = [\"billing/**\", \"lib/money/**\"]\n",
    bad: &[Bad {
        text: "[classes.governance]\npaths  = [\"policy/**\"]\nexcept = [\"CODEOWNERS\"]\n",
        code: Code::FloorCannotShrink,
    }],
};
