//! The full name of a branch or tag, such as `refs/heads/main`.
//!
//! A name is compared as a whole and byte by byte: `main` may be a branch, a tag, or a branch called
//! `refs/heads/main`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The full name of a branch or tag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RefName(String);

/// Git's own limit on some file systems, and GitHub's on names.
const MOST_BYTES: usize = 512;

impl RefName {
    /// Takes the full name of a branch or a tag, as webhooks have it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.strip_prefix("refs/heads/").or_else(|| text.strip_prefix("refs/tags/"))?;
        let fits =
            !name.is_empty() && text.len() <= MOST_BYTES && !name.bytes().any(|b| b.is_ascii_control());
        fits.then(|| Self(text.to_owned()))
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The branch's short name, if it is one.
    #[must_use]
    pub fn branch(&self) -> Option<&str> {
        self.0.strip_prefix("refs/heads/")
    }

    /// The tag's short name, if it is one.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.0.strip_prefix("refs/tags/")
    }

    /// Why people or programs may take it for another: a commit's id, a full name inside of a name, or the default
    /// branch but for its case.
    #[must_use]
    pub fn confusing(&self, default_branch: &str) -> Option<&'static str> {
        let name = self.branch().or_else(|| self.tag()).unwrap_or_default();
        let hex = matches!(name.len(), 40 | 64) && name.bytes().all(|b| b.is_ascii_hexdigit());
        let lower = name.to_ascii_lowercase();
        if hex {
            Some("it reads like a commit's id")
        } else if ["refs/", "heads/", "tags/", "remotes/", "origin/"]
            .iter()
            .any(|part| lower.starts_with(part))
        {
            Some("it reads like the full name of another branch or tag")
        } else if matches!(lower.as_str(), "head" | "fetch_head" | "orig_head" | "merge_head") {
            Some("git gives that name a meaning of its own")
        } else if lower == default_branch.to_ascii_lowercase() && self.branch() != Some(default_branch) {
            Some("it reads like the default branch")
        } else if name.bytes().any(|b| matches!(b, b'*' | b'?' | b'[' | b'\\')) || !name.is_ascii() {
            Some("it has characters that patterns or eyes take for others")
        } else {
            None
        }
    }
}

impl fmt::Display for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_debug())
    }
}

impl TryFrom<String> for RefName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or_else(|| format!("`{}` is no branch and no tag", text.escape_debug()))
    }
}

impl From<RefName> for String {
    fn from(name: RefName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_whole() {
        let name = RefName::parse("refs/heads/refs/heads/main").unwrap();
        assert_eq!(name.branch(), Some("refs/heads/main"));
        assert_eq!(name.tag(), None);
        assert_eq!(RefName::parse("refs/tags/v1").unwrap().tag(), Some("v1"));
        for none in ["main", "refs/heads/", "refs/pull/1/head", "refs/heads/a\nb"] {
            assert_eq!(RefName::parse(none), None, "{none:?}");
        }
    }

    #[test]
    fn what_reads_like_something_else_is_told() {
        let confusing = |name: &str| RefName::parse(name).unwrap().confusing("main").is_some();
        for name in [
            "refs/heads/refs/heads/main",
            "refs/heads/0123456789abcdef0123456789abcdef01234567",
            "refs/heads/Main",
            "refs/tags/main",
            "refs/heads/HEAD",
            "refs/heads/rel*ase",
            "refs/heads/m\u{430}in",
            "refs/heads/origin/main",
        ] {
            assert!(confusing(name), "{name}");
        }
        for name in ["refs/heads/main", "refs/heads/copilot/fix-1", "refs/tags/v1.2.3", "refs/heads/deadbeef"]
        {
            assert!(!confusing(name), "{name}");
        }
    }
}
