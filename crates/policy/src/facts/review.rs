//! What people and agents said of a pull request: reviews, comments that are commands, and who was put in charge.

use serde::{Deserialize, Serialize};

use super::{Account, Fact};
use crate::ids::{Millis, Sha};

/// One review of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// GitHub's number of the review; rises with time.
    pub id: u64,
    /// Who gave it. Platform evidence.
    pub author: Fact<Account>,
    /// What it says.
    pub state: ReviewState,
    /// The commit it was given on.
    pub commit: Option<Sha>,
    /// Whether its author may push to the base repository now.
    pub can_push: Fact<bool>,
    /// When it was handed in; `None` when the forge does not say. Only told when some rule asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Millis>,
    /// What is known of its dismissal, when it was dismissed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dismissal: Option<Dismissal>,
}

/// What a review says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewState {
    /// Approves.
    Approved,
    /// Asks for changes.
    ChangesRequested,
    /// A comment; decides nothing and clears nothing.
    Commented,
    /// Was an approval or a request for changes, and was dismissed.
    Dismissed,
    /// Not handed in yet.
    Pending,
}

/// What became of an approved head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// The head that was approved.
    pub from: Sha,
    /// Whether the head now is that one merged cleanly with the base, or rebased onto it, with the identical patch.
    pub whole: Fact<bool>,
}

/// That a review was dismissed. The forge asks for write access of whoever does that:
/// <https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/reviewing-changes-in-pull-requests/dismissing-a-pull-request-review>.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dismissal {
    /// Who did it. Platform evidence.
    pub by: Fact<Account>,
    /// What the review said before.
    pub was: ReviewState,
    /// When.
    pub at: Millis,
}

/// A comment that begins as a command does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// GitHub's number of the comment; rises with time.
    pub id: u64,
    /// Who wrote it. Platform evidence.
    pub author: Fact<Account>,
    /// Its first line, up to 200 characters. Hostile text.
    pub line: String,
    /// Whether it ever said something else.
    pub edited: bool,
    /// When it was written.
    pub at: Millis,
    /// Whether its author may push to the base repository now.
    pub can_push: Fact<bool>,
    /// Whether an App wrote it in its author's name.
    pub by_app: Fact<bool>,
}

impl Comment {
    /// The first line of a text, if it begins as a command does. A browser ends lines with CR and LF.
    #[must_use]
    pub fn command(text: &str) -> Option<&str> {
        let line = text.split(['\n', '\r']).next().unwrap_or_default();
        line.starts_with("/portcullis").then_some(line)
    }
}

/// That somebody was put in charge of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// Who did it. Platform evidence.
    pub by: Fact<Account>,
    /// Who was put in charge.
    pub to: Fact<Account>,
}
