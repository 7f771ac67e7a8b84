//! `paths`: the change touches one of these paths, exceptions apart.
//!
//! Renames count twice: where the file was and where it went. Written as a list of globs, or with exceptions as
//! `{ any = [...], except = [...] }`.

use toml::de::DeValue;

use super::{Condition, Outcome, Reading, Scene};
use crate::complaint::Code;
use crate::reference::{self, Bad, Key, PATTERN, Record, Shape};
use crate::rules::On;
use crate::rules::glob;
use crate::rules::read::{Table, quoted_or};
use crate::rules::shelf::{PathSet, Slot};

/// Holds when a changed path matches `any` and none of `except`.
#[derive(Debug, Clone)]
pub(crate) struct Paths {
    any: Slot,
    except: Option<Slot>,
}

impl Condition for Paths {
    const RECORD: Record = Record {
        key: Key {
            name: "paths",
            needed: false,
            shape: Shape::Either(&[Shape::List(&Shape::Text(PATTERN)), Shape::Table(&EXCEPTIONS)]),
            words: "patterns, or `{ any = […], except = […] }`",
            default: None,
            meaning: "Holds when a changed path matches one of the patterns and no exception. A rename counts on both sides.",
            bad: Bad {
                text: "when = { paths = { except = [\"payments/docs/**\"] } }",
                code: Code::MissingKey,
            },
        },
        on: &[On::PullRequest, On::Push, On::Branch],
        good: &[
            "when = { paths = [\"infra/**\"] }",
            "when = { paths = { any = [\"payments/**\"], except = [\"payments/docs/**\"] } }",
        ],
    };

    fn parse(when: &mut Table<'_>, reading: &mut Reading<'_, '_>) -> Option<Self> {
        if !when.holds("paths", |value| matches!(value, DeValue::Table(_))) {
            let any = glob::parse("paths", when, reading.complaints)?;
            return Some(Self { any: reading.shelf.put(&any), except: None });
        }
        let mut table = when.table("paths", reading.complaints)?;
        if !table.has("any") {
            table.missing("any", "Name the paths: `any = [\"infra/**\"]`.", reading.complaints);
        }
        let any = glob::parse("any", &mut table, reading.complaints);
        let except = glob::parse("except", &mut table, reading.complaints);
        table.finish(reading.complaints);
        Some(Self { any: reading.shelf.put(&any?), except: except.map(|except| reading.shelf.put(&except)) })
    }

    fn judge(&self, scene: &Scene<'_>) -> Outcome {
        scene.any_file(|files| files.matching(&self.any, self.except.as_ref()))
    }

    fn words(&self, paths: &PathSet) -> String {
        let any = quoted_or(paths.patterns(&self.any));
        match &self.except {
            Some(except) => format!("touch {any}, except {}", quoted_or(paths.patterns(except))),
            None => format!("touch {any}"),
        }
    }
}

/// What people read about the table that it takes.
const EXCEPTIONS: reference::Table = reference::Table {
    heading: "",
    name: "paths",
    meaning: "Patterns with exceptions.",
    keys: &[
        Key {
            name: "any",
            needed: true,
            shape: Shape::List(&Shape::Text(PATTERN)),
            words: "patterns",
            default: None,
            meaning: "Paths that count.",
            bad: Bad { text: "any = []", code: Code::EmptyValue },
        },
        Key {
            name: "except",
            needed: false,
            shape: Shape::List(&Shape::Text(PATTERN)),
            words: "patterns",
            default: None,
            meaning: "Paths that do not, though they match.",
            bad: Bad { text: "except = []", code: Code::EmptyValue },
        },
    ],
    good: "",
    bad: &[],
};
