//! `[classes.NAME]`: paths that the built-in table of change classes does not know.
//!
//! The table can only grow: no class can be emptied, least of all `governance` and `steering`.

use change::{Class, ClassTable};

use super::glob;
use super::read::Table;
use crate::complaint::Complaints;

/// Extends the built-in table.
pub(super) fn parse(tables: Vec<(String, Table<'_>)>, complaints: &mut Complaints<'_>) -> ClassTable {
    let mut classes = ClassTable::builtin();
    for (name, mut table) in tables {
        if table.has("except") || table.has("remove") {
            complaints.error(
                "floor-cannot-shrink",
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
                "bad-value",
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
