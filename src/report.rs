//! Telling people a verdict: the check run, the terminal's decision tree, one line for logs.
//!
//! Everything here is made of the [`Verdict`] and nothing else, and summary and terminal render one tree of it, so that
//! all surfaces tell the same. It is pure: no clock, no order that depends on hashing. Rule: all that a forge or a rules file wrote passes [`escape`], and what is
//! made for GitHub holds GitHub's limits by construction.
//!
//! Whoever changes what is rendered raises `policy::plan::TEXT_VERSION`: check runs that show a known verdict are
//! otherwise left as they are.

mod annotations;
pub mod escape;
mod explain;
mod incident;
mod proposal;
mod summary;
mod title;
mod tree;
mod words;

use policy::Verdict;

pub use explain::{explain, explain_act};
pub use incident::{issue_body, issue_title};
pub use proposal::rules_output;

/// The text of a check run, within GitHub's limits (REST API, "Create a check run").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckOutput {
    /// The headline, at most 255 characters of plain text.
    pub title: String,
    /// Markdown of at most 65,535 bytes, hence characters.
    pub summary: String,
    /// Remarks on files, at most 500. GitHub takes 50 a call.
    pub annotations: Vec<Annotation>,
}

/// A remark on a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// The path as the repository spells it: GitHub must find the file by it, so it is not escaped.
    pub path: String,
    /// First line, from 1; findings about whole files stand on the first.
    pub start_line: u32,
    /// Last line.
    pub end_line: u32,
    /// How loud.
    pub level: Level,
    /// At most 255 characters of plain text.
    pub title: String,
    /// At most 64 KB of plain text.
    pub message: String,
}

/// How loud an annotation is, in GitHub's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// The finding denies.
    Failure,
    /// The finding waits for somebody, or something could not be seen.
    Warning,
    /// The finding would do either if the rules were enforced.
    Notice,
}

impl Level {
    /// GitHub's `annotation_level`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// How [`explain`] looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Text alone, for files and pipes.
    Plain,
    /// With ANSI colours, for terminals.
    Color,
}

/// What the check run shows.
#[must_use]
pub fn check_output(verdict: &Verdict) -> CheckOutput {
    CheckOutput {
        title: title::title(verdict),
        summary: summary::summary(verdict),
        annotations: annotations::annotations(verdict),
    }
}

/// The verdict on one line, for logs and lists: `acme/web#12 at 4e7b0d1: Blocked…`.
#[must_use]
pub fn one_line(verdict: &Verdict) -> String {
    let pulls: String =
        words::by_strictness(verdict).first().map(|pull| format!("#{}", pull.number)).unwrap_or_default();
    format!("{}{pulls} at {}: {}", verdict.repository.name, verdict.head.short(), title::title(verdict))
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
