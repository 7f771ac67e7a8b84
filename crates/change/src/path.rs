//! A path as git stores it: bytes, not text.
//!
//! A path may hold newlines, terminal escapes, right-to-left overrides or no valid UTF-8 at all. It is matched as bytes
//! and shown only through [`RawPath::display`].

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

use crate::hidden::is_disguise;

/// The bytes of a path, relative to the top of the repository.
///
/// In JSON a plain string where that is lossless, else `{ "bytes": "<hex>" }`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct RawPath(Vec<u8>);

impl RawPath {
    /// Takes the bytes as they are.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes as git stores them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether the path is text; one that is not cannot be shown faithfully.
    #[must_use]
    pub fn is_utf8(&self) -> bool {
        std::str::from_utf8(&self.0).is_ok()
    }

    /// The path for people: whatever could disguise it is escaped. Distinct paths are shown distinctly.
    #[must_use]
    pub fn display(&self) -> String {
        let mut shown = String::with_capacity(self.0.len());
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '\\' => shown.push_str("\\\\"),
                    c if is_disguise(c) => shown.extend(c.escape_default()),
                    c => shown.push(c),
                }
            }
            for byte in chunk.invalid() {
                // Writing to a `String` cannot fail.
                let _ = write!(shown, "\\x{byte:02x}");
            }
        }
        shown
    }
}

impl fmt::Debug for RawPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.display())
    }
}

impl From<&str> for RawPath {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Wire {
    Text(String),
    Bytes { bytes: String },
}

impl TryFrom<Wire> for RawPath {
    type Error = hex::FromHexError;

    fn try_from(wire: Wire) -> Result<Self, Self::Error> {
        match wire {
            Wire::Text(text) => Ok(Self(text.into_bytes())),
            Wire::Bytes { bytes } => hex::decode(bytes).map(Self),
        }
    }
}

impl From<RawPath> for Wire {
    fn from(path: RawPath) -> Self {
        match String::from_utf8(path.0) {
            Ok(text) if !text.contains('\0') => Self::Text(text),
            Ok(text) => Self::Bytes { bytes: hex::encode(text) },
            Err(error) => Self::Bytes { bytes: hex::encode(error.as_bytes()) },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shows_what_could_disguise_it() {
        let path = RawPath::new(*b"a\n\x1b[31m\\\xff/b");
        assert_eq!(path.display(), "a\\n\\u{1b}[31m\\\\\\xff/b");
        assert_eq!(RawPath::from("safe\u{202e}sj.txt").display(), "safe\\u{202e}sj.txt");
        assert_eq!(RawPath::from("grün/文.md").display(), "grün/文.md");
    }

    #[test]
    fn is_a_plain_string_where_that_is_lossless() {
        assert_eq!(serde_json::to_string(&RawPath::from("a b/ü")).unwrap(), "\"a b/ü\"");
        assert_eq!(serde_json::to_string(&RawPath::new(*b"\xff")).unwrap(), r#"{"bytes":"ff"}"#);
        assert_eq!(serde_json::to_string(&RawPath::new(*b"\0")).unwrap(), r#"{"bytes":"00"}"#);
    }

    proptest! {
        #[test]
        fn survives_json(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let path = RawPath::new(bytes);
            let text = serde_json::to_string(&path).unwrap();
            prop_assert_eq!(serde_json::from_str::<RawPath>(&text).unwrap(), path);
        }

        #[test]
        fn is_shown_distinctly(
            a in prop::collection::vec(prop::sample::select(&b"a\\x\nf\xff\xc3\xbc"[..]), 0..6),
            b in prop::collection::vec(prop::sample::select(&b"a\\x\nf\xff\xc3\xbc"[..]), 0..6),
        ) {
            prop_assert_eq!(a == b, RawPath::new(a).display() == RawPath::new(b).display());
        }
    }
}
