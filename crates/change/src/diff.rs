//! Which paths differ between two trees, from what `git diff-tree` prints.
//!
//! Reads the NUL-separated formats only, so that no path can forge a line. The parsers are strict: truncated, unknown or
//! contradictory input is an error, never a shorter list.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{RawPath, Sha};

/// What a tree entry is, from its octal mode (`git help fast-import`, "filemodify").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// `000000`: there is no entry on this side.
    Absent,
    /// `100644`: a file.
    File,
    /// `100755`: a file that may be run.
    Executable,
    /// `120000`: a symbolic link; its content is where it points to.
    Symlink,
    /// `160000`: a commit of another repository.
    Submodule,
    /// Anything else, which no ordinary repository holds.
    Other(u32),
}

impl Mode {
    /// Reads six octal digits.
    fn parse(octal: &[u8]) -> Option<Self> {
        if octal.len() != 6 || !octal.iter().all(|b| matches!(b, b'0'..=b'7')) {
            return None;
        }
        let bits = octal.iter().fold(0_u32, |bits, b| bits * 8 + u32::from(b - b'0'));
        Some(match bits {
            0 => Self::Absent,
            0o100_644 => Self::File,
            0o100_755 => Self::Executable,
            0o120_000 => Self::Symlink,
            0o160_000 => Self::Submodule,
            other => Self::Other(other),
        })
    }
}

/// How a path differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Only the new tree has it.
    Added,
    /// Only the old tree has it.
    Deleted,
    /// Both have it, with other content or another mode; see [`FileChange::is_mode_only`].
    Modified,
    /// Both have it, as different kinds of thing: a file became a symbolic link.
    TypeChanged,
}

/// One path that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileChange {
    /// Where it is.
    pub path: RawPath,
    /// How it differs.
    pub status: Status,
    /// What it was.
    pub old_mode: Mode,
    /// What it is now.
    pub new_mode: Mode,
    /// The object it was, absent when added.
    pub old: Option<Sha>,
    /// The object it is now, absent when deleted.
    pub new: Option<Sha>,
    /// How many of its lines differ, when that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<u64>,
}

impl FileChange {
    /// Whether the content stayed and only the mode differs, which GitHub's files API does not show.
    #[must_use]
    pub fn is_mode_only(&self) -> bool {
        self.status == Status::Modified && self.old == self.new && self.old_mode != self.new_mode
    }
}

/// How many lines differ, over all files. A binary file counts its newlines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lines {
    /// Lines only in the new tree.
    pub added: u64,
    /// Lines only in the old tree.
    pub deleted: u64,
}

/// The lines that differ, counted by `git diff-tree --numstat`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numstat {
    /// Over all files.
    pub total: Lines,
    /// Added and deleted together, by file.
    pub files: Vec<(RawPath, u64)>,
}

impl Numstat {
    /// Tells each file how many of its lines differ. One that was not counted is not told.
    pub fn tell(&self, files: &mut [FileChange]) {
        let counts: BTreeMap<&RawPath, u64> = self.files.iter().map(|(path, lines)| (path, *lines)).collect();
        for file in files {
            file.lines = counts.get(&file.path).copied();
        }
    }
}

/// Why git's output could not be read: it is not what the command asked for prints. Nothing may be concluded from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseError {
    /// It ends in the middle.
    Truncated,
    /// A field is not what its place demands.
    Malformed(&'static str),
    /// Two entries for one path.
    Duplicate,
    /// The object is not there.
    Missing,
    /// More than anybody could mean.
    TooMany(&'static str),
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("the output of git ends in the middle"),
            Self::Malformed(what) => write!(f, "the output of git has a malformed {what}"),
            Self::Duplicate => f.write_str("the output of git names a path twice"),
            Self::Missing => f.write_str("git does not have an object it listed"),
            Self::TooMany(what) => write!(f, "the output of git has too many {what}"),
        }
    }
}

impl std::error::Error for ParseError {}

/// Reads `git diff-tree -r -z --raw --no-renames --no-abbrev <tree> <tree>`.
///
/// # Errors
/// Whatever is not exactly that format.
pub fn parse_raw_diff(bytes: &[u8]) -> Result<Vec<FileChange>, ParseError> {
    let mut fields = Fields(bytes);
    let mut files = Vec::new();
    let mut seen = HashSet::new();
    while let Some(meta) = fields.next()? {
        let path = fields.next()?.ok_or(ParseError::Truncated)?;
        if path.is_empty() {
            return Err(ParseError::Malformed("path"));
        }
        if !seen.insert(path) {
            return Err(ParseError::Duplicate);
        }
        files.push(file_change(meta, path)?);
    }
    Ok(files)
}

/// Reads `git diff-tree -r -z --numstat --text --no-renames <tree> <tree>` and adds it up as well.
///
/// # Errors
/// Whatever is not exactly that format, which includes files that git declined to count.
pub fn parse_numstat(bytes: &[u8]) -> Result<Numstat, ParseError> {
    let mut fields = Fields(bytes);
    let mut stat = Numstat::default();
    while let Some(entry) = fields.next()? {
        let mut parts = entry.splitn(3, |b| *b == b'\t');
        let mut count = || parts.next().and_then(decimal).ok_or(ParseError::Malformed("line count"));
        let (added, deleted) = (count()?, count()?);
        let path = parts.next().filter(|path| !path.is_empty()).ok_or(ParseError::Malformed("path"))?;
        stat.total.added = stat.total.added.saturating_add(added);
        stat.total.deleted = stat.total.deleted.saturating_add(deleted);
        stat.files.push((RawPath::new(path), added.saturating_add(deleted)));
    }
    Ok(stat)
}

/// NUL-terminated fields.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn next(&mut self) -> Result<Option<&'a [u8]>, ParseError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let end = self.0.iter().position(|b| *b == 0).ok_or(ParseError::Truncated)?;
        let (field, rest) = self.0.split_at_checked(end).ok_or(ParseError::Truncated)?;
        self.0 = rest.get(1..).unwrap_or_default();
        Ok(Some(field))
    }
}

/// Reads `:100644 100755 <oid> <oid> M`.
fn file_change(meta: &[u8], path: &[u8]) -> Result<FileChange, ParseError> {
    let meta = meta.strip_prefix(b":").ok_or(ParseError::Malformed("entry"))?;
    let mut parts = meta.split(|b| *b == b' ');
    let mut mode = || parts.next().and_then(Mode::parse).ok_or(ParseError::Malformed("mode"));
    let (old_mode, new_mode) = (mode()?, mode()?);
    let mut oid = || parts.next().and_then(object_id).ok_or(ParseError::Malformed("object id"));
    let (old, new) = (oid()?, oid()?);
    let status = match parts.next() {
        Some(b"A") => Status::Added,
        Some(b"D") => Status::Deleted,
        Some(b"M") => Status::Modified,
        Some(b"T") => Status::TypeChanged,
        _ => return Err(ParseError::Malformed("status")),
    };
    if parts.next().is_some() {
        return Err(ParseError::Malformed("entry"));
    }
    let had = (old_mode != Mode::Absent, old.is_some());
    let has = (new_mode != Mode::Absent, new.is_some());
    let expected = match status {
        Status::Added => ((false, false), (true, true)),
        Status::Deleted => ((true, true), (false, false)),
        Status::Modified | Status::TypeChanged => ((true, true), (true, true)),
    };
    if (had, has) != expected {
        return Err(ParseError::Malformed("status"));
    }
    Ok(FileChange { path: RawPath::new(path), status, old_mode, new_mode, old, new, lines: None })
}

/// An object id, or that there is none (all zeros).
#[expect(clippy::option_option, reason = "unreadable and absent are different answers here")]
fn object_id(text: &[u8]) -> Option<Option<Sha>> {
    let sha = Sha::parse(std::str::from_utf8(text).ok()?)?;
    Some((!text.iter().all(|b| *b == b'0')).then_some(sha))
}

fn decimal(text: &[u8]) -> Option<u64> {
    // `u64::from_str` alone would take a leading `+`.
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    digits.then(|| std::str::from_utf8(text).ok()?.parse().ok()).flatten()
}

#[cfg(test)]
mod tests;
