//! Who wrote a commit and what its message claims, from the raw commit object.
//!
//! Objects are read by their length (`git cat-file --batch`), so no message can forge a field or another commit. Names,
//! addresses and trailers are claims: they may raise scrutiny and never decide.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::diff::ParseError;
use crate::{RawPath, Sha};

mod trailer;

pub use trailer::Trailer;

/// How much of a message is kept. Trailers are read from the whole.
pub const MAX_MESSAGE: usize = 16 * 1024;
/// How much of a name or address is kept.
const MAX_NAME: usize = 512;
/// More parents than any octopus has.
const MAX_PARENTS: usize = 64;

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its name.
    pub oid: Sha,
    /// What it builds on; two or more in a merge.
    pub parents: Vec<Sha>,
    /// Who claims to have written it.
    pub author: Ident,
    /// Who claims to have put it here.
    pub committer: Ident,
    /// The message, at most [`MAX_MESSAGE`] bytes, invalid UTF-8 replaced.
    pub message: String,
    /// `Key: value` lines of its last paragraph, and `Co-authored-by` from anywhere.
    pub trailers: Vec<Trailer>,
}

/// A claimed identity. What cannot be read is empty, and an empty address belongs to nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ident {
    /// The name.
    pub name: String,
    /// The address, without angle brackets.
    pub email: String,
    /// The claimed moment, in seconds since 1970; 0 when unreadable.
    pub at: i64,
}

/// Reads what `git cat-file --batch` prints when asked for commits by their full names, in the order asked.
///
/// # Errors
/// Whatever is not that format, an object that is missing or no commit, a commit without author or committer.
pub fn parse_commits(mut bytes: &[u8]) -> Result<Vec<Commit>, ParseError> {
    let mut commits = Vec::new();
    while !bytes.is_empty() {
        let (head, rest) = split_once(bytes, b'\n').ok_or(ParseError::Truncated)?;
        let head = std::str::from_utf8(head).map_err(|_| ParseError::Malformed("object header"))?;
        let (oid, size) = match *head.split(' ').collect::<Vec<_>>().as_slice() {
            [oid, "commit", size] => (oid, size),
            [_, "missing"] => return Err(ParseError::Missing),
            _ => return Err(ParseError::Malformed("object header")),
        };
        let oid = Sha::parse(oid).ok_or(ParseError::Malformed("object id"))?;
        let size: usize = size.parse().map_err(|_| ParseError::Malformed("object size"))?;
        let (body, rest) = rest.split_at_checked(size).ok_or(ParseError::Truncated)?;
        bytes = rest.strip_prefix(b"\n").ok_or(ParseError::Truncated)?;
        commits.push(commit(oid, body)?);
    }
    Ok(commits)
}

/// Reads one commit object (`git help hash-object`; headers, an empty line, the message).
fn commit(oid: Sha, mut body: &[u8]) -> Result<Commit, ParseError> {
    let mut parents = Vec::new();
    let (mut author, mut committer) = (None, None);
    while let Some((line, rest)) = split_once(body, b'\n') {
        body = rest;
        if line.is_empty() {
            break;
        }
        let slot = match split_once(line, b' ') {
            Some((b"parent", parent)) => {
                parents.push(sha(parent)?);
                continue;
            }
            Some((b"author", who)) => (&mut author, who),
            Some((b"committer", who)) => (&mut committer, who),
            // Other headers, and the indented rest of a signature.
            _ => continue,
        };
        if slot.0.replace(ident(slot.1)).is_some() {
            return Err(ParseError::Malformed("commit"));
        }
    }
    let (Some(author), Some(committer)) = (author, committer) else {
        return Err(ParseError::Malformed("commit"));
    };
    if parents.len() > MAX_PARENTS {
        return Err(ParseError::TooMany("parents"));
    }
    let message = String::from_utf8_lossy(body);
    let trailers = trailer::parse(&message)?;
    Ok(Commit { oid, parents, author, committer, message: bounded(&message, MAX_MESSAGE), trailers })
}

/// Reads `Name <address> seconds zone`. Odd ones occur in real histories; they are kept as unattributable.
fn ident(line: &[u8]) -> Ident {
    let text: Cow<'_, str> = String::from_utf8_lossy(line);
    let Some((name, rest)) = text.split_once('<') else {
        return Ident { name: bounded(text.trim(), MAX_NAME), ..Ident::default() };
    };
    // git takes the first `>`; what follows it is the moment.
    let (email, moment) = rest.split_once('>').unwrap_or((rest, ""));
    Ident {
        name: bounded(name.trim(), MAX_NAME),
        email: bounded(email.trim(), MAX_NAME),
        at: moment.split_ascii_whitespace().next().and_then(|at| at.parse().ok()).unwrap_or_default(),
    }
}

fn sha(text: &[u8]) -> Result<Sha, ParseError> {
    std::str::from_utf8(text).ok().and_then(Sha::parse).ok_or(ParseError::Malformed("object id"))
}

fn split_once(bytes: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let (left, right) = bytes.split_at_checked(bytes.iter().position(|b| *b == at)?)?;
    Some((left, right.get(1..)?))
}

/// The text, cut at a character boundary.
fn bounded(text: &str, max: usize) -> String {
    text.get(..text.floor_char_boundary(max)).unwrap_or_default().to_owned()
}

impl Commit {
    /// The first line of the message, escaped for people.
    #[must_use]
    pub fn title(&self) -> String {
        RawPath::from(self.message.lines().next().unwrap_or_default()).display()
    }
}

#[cfg(test)]
mod tests;
