//! What `files` and `lines` share: `{ more_than = N }` or `{ at_most = N }`.

use crate::complaint::{Code, Complaints};
use crate::reference::{self, Bad, Key, Shape};
use crate::rules::read::Table;

/// A bound on a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    MoreThan(u64),
    AtMost(u64),
}

/// Far above anything that git or GitHub will show.
const MOST: u64 = 1_000_000_000;

impl Bound {
    pub(super) fn parse(
        key: &'static str,
        when: &mut Table<'_>,
        complaints: &mut Complaints<'_>,
    ) -> Option<Self> {
        let mut table = when.table(key, complaints)?;
        let span = table.span.clone();
        let more_than = table.number("more_than", MOST, complaints);
        let at_most = table.number("at_most", MOST, complaints);
        table.finish(complaints);
        match (more_than, at_most) {
            (Some(bound), None) => Some(Self::MoreThan(bound.value)),
            (None, Some(bound)) => Some(Self::AtMost(bound.value)),
            _ => {
                complaints.error(
                    Code::BadValue,
                    span,
                    format!("`{key}` needs one of `more_than` and `at_most`"),
                    format!("Write `{key} = {{ more_than = 100 }}` or `{key} = {{ at_most = 100 }}`."),
                );
                None
            }
        }
    }

    pub(super) fn holds(self, count: u64) -> bool {
        match self {
            Self::MoreThan(bound) => count > bound,
            Self::AtMost(bound) => count <= bound,
        }
    }
}

impl std::fmt::Display for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::MoreThan(bound) => write!(f, "more than {bound}"),
            Self::AtMost(bound) => write!(f, "at most {bound}"),
        }
    }
}

const BOUNDS: [Key; 2] = [
    Key {
        name: "more_than",
        needed: false,
        shape: Shape::Number(0, MOST),
        words: "number",
        default: None,
        meaning: "More than so many.",
        bad: Bad { text: "more_than = \"many\"", code: Code::WrongType },
    },
    Key {
        name: "at_most",
        needed: false,
        shape: Shape::Number(0, MOST),
        words: "number",
        default: None,
        meaning: "So many or fewer.",
        bad: Bad { text: "at_most = -1", code: Code::BadValue },
    },
];

/// What people read about the table that `files` takes.
pub(super) const FILES: reference::Table = reference::Table {
    heading: "",
    name: "files",
    meaning: "A bound: one of the two.",
    keys: &BOUNDS,
    good: "",
    bad: &[],
};

/// What people read about the table that `lines` takes.
pub(super) const LINES: reference::Table = reference::Table {
    heading: "",
    name: "lines",
    meaning: "A bound: one of the two.",
    keys: &BOUNDS,
    good: "",
    bad: &[],
};
