//! Names and numbers that GitHub gives to things, parsed once at the edge.
//!
//! What identifies is numeric where GitHub has a number: names are reused, renamed and spoofed.

use std::fmt;

pub use change::Sha;
use serde::{Deserialize, Serialize};

macro_rules! numeric_id {
    ($(#[$doc:meta] $name:ident),+ $(,)?) => {$(
        #[$doc]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    )+};
}

numeric_id! {
    /// A repository, `repository.id`: survives renames and transfers.
    RepoId,
    /// An account, `user.id`: survives renames.
    UserId,
    /// An installation of the App, `installation.id`.
    InstallationId,
    /// A check run, `check_run.id`.
    CheckRunId,
    /// A workflow run, `workflow_run.id`.
    RunId,
}

/// A repository's `owner/name` as the forge spells it now. For showing and for URLs, never for identity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepoName {
    owner: String,
    name: String,
}

impl RepoName {
    /// Parses `owner/name`; both parts must consist of the characters GitHub allows.
    pub fn parse(text: &str) -> Option<Self> {
        let (owner, name) = text.split_once('/')?;
        let plain = |part: &str| {
            !part.is_empty()
                && part.len() <= 100
                && part != "."
                && part != ".."
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        };
        (plain(owner) && plain(name)).then(|| Self { owner: owner.to_owned(), name: name.to_owned() })
    }

    /// The account that owns the repository.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The name without its owner.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for RepoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

impl TryFrom<String> for RepoName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or_else(|| format!("`{}` is not `owner/name`", text.escape_debug()))
    }
}

impl From<RepoName> for String {
    fn from(name: RepoName) -> Self {
        name.to_string()
    }
}

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl Millis {
    /// The minute in UTC, as `2026-11-21 12:05 UTC`.
    #[must_use]
    pub fn minute(self) -> String {
        let minutes = self.0.rem_euclid(86_400_000) / 60_000;
        format!("{} {:02}:{:02} UTC", self.date(), minutes / 60, minutes % 60)
    }

    /// The day in UTC, as `2026-11-21`.
    #[must_use]
    pub fn date(self) -> String {
        // Days to a civil date: <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>.
        let days = self.0.div_euclid(86_400_000).saturating_add(719_468);
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        format!("{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_dates() {
        for (millis, date) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (1_795_176_000_000, "2026-11-20"),
            (951_782_400_000, "2000-02-29"),
        ] {
            assert_eq!(Millis(millis).date(), date);
        }
    }
}
