//! Whether the forge is set up so that the gate's word counts: what was read in, lines out.
//!
//! Pure: nothing is asked or changed here. Each line is one [`Point`] about one [`Examined`], with what was found and,
//! where that is not well, the way to mend it. The rule: what could not be read is unknown, and unknown is never a pass.

use serde::Serialize;

mod app;
mod branch;
mod event;
mod installation;
mod point;
mod repository;

pub use app::{RulesRead, app};
pub use branch::branch;
pub use installation::installation;
pub use point::Point;
pub use repository::repository;

/// How a point stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// As it should be.
    Pass,
    /// Could not be seen.
    Unknown,
    /// Not as it should be.
    Fail,
}

/// One point about one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What was looked at.
    pub point: Point,
    /// How it stands.
    pub standing: Standing,
    /// What was found. Texts of the forge are in it, as they are.
    pub said: String,
    /// The way to mend it, unless it is well.
    pub fix: Option<String>,
}

impl Line {
    fn pass(point: Point, said: impl Into<String>) -> Self {
        Self { point, standing: Standing::Pass, said: said.into(), fix: None }
    }

    fn fail(point: Point, said: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { point, standing: Standing::Fail, said: said.into(), fix: Some(fix.into()) }
    }

    fn unknown(point: Point, said: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { point, standing: Standing::Unknown, said: said.into(), fix: Some(fix.into()) }
    }
}

/// What was examined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Examined {
    /// The App and what the gate was started with.
    App {
        /// Its name in addresses.
        name: String,
        /// Its number.
        id: u64,
    },
    /// One installation.
    Installation {
        /// The organisation's or account's name.
        name: String,
        /// Its number.
        id: u64,
    },
    /// One repository.
    Repository {
        /// `owner/name`.
        name: String,
    },
    /// One branch.
    Branch {
        /// `owner/name`.
        repository: String,
        /// Its name.
        name: String,
    },
}

/// One thing with its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// What was examined.
    pub examined: Examined,
    /// What was found.
    pub lines: Vec<Line>,
}

/// How many lines stand how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Count {
    /// As it should be.
    pub pass: usize,
    /// Not as it should be.
    pub fail: usize,
    /// Could not be seen.
    pub unknown: usize,
}

impl Count {
    /// Counts the lines of all sections.
    #[must_use]
    pub fn of(sections: &[Section]) -> Self {
        let mut count = Self::default();
        for line in sections.iter().flat_map(|section| &section.lines) {
            match line.standing {
                Standing::Pass => count.pass += 1,
                Standing::Fail => count.fail += 1,
                Standing::Unknown => count.unknown += 1,
            }
        }
        count
    }

    /// How the whole stands: as its worst line does.
    #[must_use]
    pub fn worst(self) -> Standing {
        match self {
            Self { fail: 1.., .. } => Standing::Fail,
            Self { unknown: 1.., .. } => Standing::Unknown,
            Self { .. } => Standing::Pass,
        }
    }
}

/// Names in a sentence: the first few, and how many more there are.
fn names<'a>(all: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 5;
    let all: Vec<&str> = all.into_iter().collect();
    let shown: Vec<String> = all.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = match all.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests;
