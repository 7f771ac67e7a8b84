//! `Key: value` lines at the end of a commit message.
//!
//! More liberal than git's and GitHub's parsers, because attribution must only ever raise scrutiny: any key-value line of
//! the last paragraph counts whatever stands beside it, and `Co-authored-by` counts anywhere, quoted or indented.

use serde::{Deserialize, Serialize};

use super::bounded;
use crate::diff::ParseError;

/// More trailers than a commit can need. Beyond it the commit is refused rather than read in part.
const MAX_TRAILERS: usize = 1000;
const MAX_KEY: usize = 100;
const MAX_VALUE: usize = 2000;

/// One trailer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trailer {
    /// The key as written; compare it without regard to case.
    pub key: String,
    /// The value, continuation lines joined by one space.
    pub value: String,
}

/// Reads the trailers of a whole message, in order.
pub(super) fn parse(message: &str) -> Result<Vec<Trailer>, ParseError> {
    let lines: Vec<&str> = message.lines().collect();
    let end = lines.iter().rposition(|line| !line.trim().is_empty()).map_or(0, |last| last + 1);
    let head = lines.get(..end).unwrap_or_default();
    let last = head.iter().rposition(|line| line.trim().is_empty()).map_or(0, |gap| gap + 1);
    // A message of one paragraph begins with its title, and `fix: typo` is no trailer.
    let last = last.max(1);

    let mut trailers: Vec<Trailer> = Vec::new();
    let mut open = false;
    for (at, line) in head.iter().enumerate() {
        if let Some(trailer) = key_value(line)
            && (at >= last || trailer.key.eq_ignore_ascii_case("co-authored-by"))
        {
            if trailers.len() == MAX_TRAILERS {
                return Err(ParseError::TooMany("trailers"));
            }
            trailers.push(trailer);
            open = true;
        } else if open && line.starts_with([' ', '\t']) && !line.trim().is_empty() {
            let Some(trailer) = trailers.last_mut() else { continue };
            trailer.value = bounded(&format!("{} {}", trailer.value, line.trim()), MAX_VALUE);
        } else {
            open = false;
        }
    }
    Ok(trailers)
}

fn key_value(line: &str) -> Option<Trailer> {
    let (key, value) = line.split_once(':')?;
    let indented = key.starts_with([' ', '\t']);
    // Quoted and listed lines are how a squash carries the messages it replaces.
    let key = key.trim_start_matches([' ', '\t', '>', '*', '-']).trim_end();
    let plain = !key.is_empty()
        && key.len() <= MAX_KEY
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && (!indented || key.eq_ignore_ascii_case("co-authored-by"));
    plain.then(|| Trailer { key: key.to_owned(), value: bounded(value.trim(), MAX_VALUE) })
}
