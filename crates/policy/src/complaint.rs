//! What is wrong with a rules file: data, with the place and the way out.
//!
//! Parsing goes on after a complaint, so that a maintainer sees all of them at once. Rendering with line and caret is
//! the command line's business; the same data goes out as JSON.

pub mod code;

use std::ops::Range;

use serde::Serialize;

pub use crate::rules::read::nearest;

pub use code::Code;

/// One thing wrong with a rules file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Complaint {
    /// Stable: scripts and searches may rely on it.
    pub code: Code,
    /// An error makes the file invalid; a warning does not.
    pub severity: Severity,
    /// Byte range in the file.
    pub span: Range<usize>,
    /// Line of the start, counted from 1.
    pub line: u32,
    /// Column of the start in characters, counted from 1.
    pub column: u32,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl Complaint {
    /// A complaint about a part of a text.
    #[must_use]
    pub fn about(
        text: &str,
        code: Code,
        severity: Severity,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        let (line, column) = place(text, span.start);
        Self { code, severity, span, line, column, message: message.into(), help: help.into() }
    }
}

/// Whether a complaint makes the file invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The file is not used.
    Error,
    /// The file is used; something in it is probably not meant.
    Warning,
}

/// Collects complaints about one text.
#[derive(Debug)]
pub(crate) struct Complaints<'a> {
    text: &'a str,
    list: Vec<Complaint>,
    errors: usize,
    warnings: usize,
}

/// More than this of one severity helps nobody, and a hostile file could ask for any number. Warnings never use up the
/// room of errors: an error that is not told would make the file valid.
const MOST: usize = 100;

impl<'a> Complaints<'a> {
    pub(crate) fn about(text: &'a str) -> Self {
        Self { text, list: Vec::new(), errors: 0, warnings: 0 }
    }

    pub(crate) fn error(
        &mut self,
        code: Code,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(Severity::Error, code, span, message.into(), help.into());
    }

    pub(crate) fn warn(
        &mut self,
        code: Code,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(Severity::Warning, code, span, message.into(), help.into());
    }

    /// The line of a byte offset, counted from 1.
    pub(crate) fn line_of(&self, offset: usize) -> u32 {
        place(self.text, offset).0
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// All complaints in the order of the file.
    pub(crate) fn finish(mut self) -> Vec<Complaint> {
        self.list.sort_by_key(|complaint| (complaint.span.start, complaint.severity));
        let end = self.text.len();
        for (severity, count) in [(Severity::Error, self.errors), (Severity::Warning, self.warnings)] {
            if let Some(more) = count.checked_sub(MOST).filter(|more| *more > 0) {
                let message = format!("{more} more complaints are not shown");
                let help = "Repair the first ones: many of the others tend to go with them.".to_owned();
                self.push(severity, Code::TooManyComplaints, end..end, message, help);
            }
        }
        self.list
    }

    fn add(&mut self, severity: Severity, code: Code, span: Range<usize>, message: String, help: String) {
        let count = match severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        *count = count.saturating_add(1);
        if *count <= MOST {
            self.push(severity, code, span, message, help);
        }
    }

    fn push(&mut self, severity: Severity, code: Code, span: Range<usize>, message: String, help: String) {
        let (line, column) = place(self.text, span.start);
        let (message, help) = (bounded(message), bounded(help));
        self.list.push(Complaint { code, severity, span, line, column, message, help });
    }
}

/// A complaint may quote the file, and is stored with verdicts and shown on the forge.
const MOST_CHARS: usize = 600;

fn bounded(text: String) -> String {
    match text.char_indices().nth(MOST_CHARS) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

/// Line and column of a byte offset, in characters, both counted from 1.
#[must_use]
pub fn place(text: &str, offset: usize) -> (u32, u32) {
    let before: &str = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count();
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count());
    (u32::try_from(line + 1).unwrap_or(u32::MAX), u32::try_from(column + 1).unwrap_or(u32::MAX))
}
