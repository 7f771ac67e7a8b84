//! `[agents.NAME.quota]`: how much of one thing an agent may do at a time, or within 24 hours.
//!
//! The organisation's numbers count what the agent does everywhere, a repository's own what it does there: both must
//! hold, so a repository can only tighten.

mod count;

use std::collections::BTreeMap;

use change::Class;
pub use count::Counts;

use super::read::{Table, list, nearest};
use crate::complaint::{Code, Complaints};
use crate::reference::{self, Bad, Key, Shape};

/// How much of each thing. What is not named is not bounded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quota {
    /// Where its table stands.
    pub line: u32,
    /// Open pull requests.
    pub open: Option<u64>,
    /// Pull requests that pass within 24 hours of each other.
    pub pulls_a_day: Option<u64>,
    /// Pushes within 24 hours.
    pub pushes_a_day: Option<u64>,
    /// Changed lines within 24 hours, by change class.
    pub lines_a_day: BTreeMap<Class, u64>,
    /// Workflow runs at a time.
    pub runs: Option<u64>,
}

/// What is counted is listed one by one, so its number is bounded.
const MOST_OPEN: u64 = 500;
const MOST_PULLS: u64 = 100;
const MOST_PUSHES: u64 = 1_000;
const MOST_LINES: u64 = 10_000_000;
const MOST_RUNS: u64 = 100;

impl Quota {
    /// Whether it bounds pull requests in any way.
    pub(crate) fn asks_of_pulls(&self) -> bool {
        self.open.is_some() || self.pulls_a_day.is_some() || !self.lines_a_day.is_empty()
    }

    /// The numbers that stand alone, as they are written.
    fn numbers(&self) -> [(&'static str, Option<u64>); 4] {
        [
            ("open", self.open),
            ("pulls_a_day", self.pulls_a_day),
            ("pushes_a_day", self.pushes_a_day),
            ("runs", self.runs),
        ]
    }

    /// The first number of these that is larger than the organisation's: as it is written, with both.
    pub(super) fn looser_than(&self, over: &Self) -> Option<(String, u64, u64)> {
        let pairs = self.numbers().into_iter().zip(over.numbers());
        let alone = pairs.filter_map(|((key, own), (_, over))| Some((key.to_owned(), own?, over?)));
        let by_class = self.lines_a_day.iter().filter_map(|(class, own)| {
            Some((format!("lines_a_day.{class}"), *own, *over.lines_a_day.get(class)?))
        });
        alone.chain(by_class).find(|(_, own, over)| own > over)
    }

    /// What it bounds, in words.
    pub(super) fn words(&self) -> String {
        let alone = [
            (self.open, "open pull requests"),
            (self.pulls_a_day, "pull requests a day"),
            (self.pushes_a_day, "pushes a day"),
            (self.runs, "runs at a time"),
        ];
        let alone = alone.into_iter().filter_map(|(number, what)| Some(format!("{} {what}", number?)));
        let lines = self.lines_a_day.iter().map(|(class, lines)| format!("{lines} lines of `{class}` a day"));
        alone.chain(lines).collect::<Vec<_>>().join(", ")
    }
}

/// Reads the table, if it is there.
pub(super) fn parse(
    table: &mut Table<'_>,
    classes: &[String],
    complaints: &mut Complaints<'_>,
) -> Option<Quota> {
    let mut table = table.table("quota", complaints)?;
    let line = complaints.line_of(table.span.start);
    if table.is_empty() {
        complaints.error(
            Code::EmptyValue,
            table.span.clone(),
            format!("`{}` bounds nothing", table.name.escape_debug()),
            "Name a number, such as `open = 10`, or remove the table.",
        );
    }
    let mut number = |key, most| table.number(key, most, complaints).map(|number| number.value);
    let quota = Quota {
        line,
        open: number("open", MOST_OPEN),
        pulls_a_day: number("pulls_a_day", MOST_PULLS),
        pushes_a_day: number("pushes_a_day", MOST_PUSHES),
        runs: number("runs", MOST_RUNS),
        lines_a_day: lines(&mut table, classes, complaints),
    };
    table.finish(complaints);
    Some(quota)
}

fn lines(table: &mut Table<'_>, classes: &[String], complaints: &mut Complaints<'_>) -> BTreeMap<Class, u64> {
    let Some(by_class) = table.table("lines_a_day", complaints) else { return BTreeMap::new() };
    if by_class.is_empty() {
        complaints.error(
            Code::EmptyValue,
            by_class.span.clone(),
            "`lines_a_day` names no class",
            "Name a change class with its lines, such as `lines_a_day = { source = 2000 }`.",
        );
    }
    let mut bounded = BTreeMap::new();
    for (name, span, number) in by_class.numbers(MOST_LINES, complaints) {
        match Class::parse(&name).filter(|_| classes.contains(&name)) {
            Some(class) => bounded.extend(number.map(|number| (class, number))),
            None => {
                let help = match nearest(&name, classes) {
                    Some(near) => format!("Did you mean `{near}`?"),
                    None => format!("Known: {}.", list(classes)),
                };
                let message = format!("no change class is called `{}`", name.escape_debug());
                complaints.error(Code::UnknownClass, span, message, help);
            }
        }
    }
    bounded
}

/// What people read about it.
pub(super) const TABLE: reference::Table = reference::Table {
    heading: "[agents.NAME.quota]",
    name: "quota",
    meaning: "How much of one thing the agent may do. What is not named is not bounded. [Quotas](#quotas) tells what is counted and what becomes of the rest.",
    keys: &[
        Key {
            name: "open",
            needed: false,
            shape: Shape::Number(0, MOST_OPEN),
            words: "number from 0 to 500",
            default: None,
            meaning: "Open pull requests that may pass, the oldest first. The others wait until one of those is closed.",
            bad: Bad { text: "open = \"ten\"", code: Code::WrongType },
        },
        Key {
            name: "pulls_a_day",
            needed: false,
            shape: Shape::Number(0, MOST_PULLS),
            words: "number from 0 to 100",
            default: None,
            meaning: "Pull requests that may pass within 24 hours. The others wait for their turn.",
            bad: Bad { text: "pulls_a_day = 1000", code: Code::BadValue },
        },
        Key {
            name: "pushes_a_day",
            needed: false,
            shape: Shape::Number(0, MOST_PUSHES),
            words: "number from 0 to 1000",
            default: None,
            meaning: "Pushes within 24 hours, to whatever branch or tag. What is beyond is denied and answered as `respond` says.",
            bad: Bad { text: "pushes_a_day = -1", code: Code::BadValue },
        },
        Key {
            name: "lines_a_day",
            needed: false,
            shape: Shape::PerClass(0, MOST_LINES),
            words: "table of change classes with numbers",
            default: None,
            meaning: "Changed lines of a class within 24 hours, over all of its pull requests, added and deleted together. Makes the gate fetch the contents of changed files.",
            bad: Bad { text: "lines_a_day = { sauce = 2000 }", code: Code::UnknownClass },
        },
        Key {
            name: "runs",
            needed: false,
            shape: Shape::Number(0, MOST_RUNS),
            words: "number from 0 to 100",
            default: None,
            meaning: "Workflow runs that it caused and that go on at the same time. What is beyond is denied and answered as `respond` says.",
            bad: Bad { text: "runs = true", code: Code::WrongType },
        },
    ],
    good: "[agents.copilot.quota]\nopen         = 10\npulls_a_day  = 20\npushes_a_day = 200\nlines_a_day  = { source = 2000, dependencies = 100 }\nruns         = 5\n",
    bad: &[Bad { text: "[agents.copilot.quota]\nopen_pulls = 10\n", code: Code::UnknownKey }],
};
