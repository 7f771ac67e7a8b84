//! The verbs of discussion: comments, issues, assignees.

use serde::Deserialize;

/// A comment on a pull request or an issue.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comment {
    /// Who writes.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name`.
    pub repo: String,
    /// The number; of an issue as well.
    #[serde(alias = "issue")]
    pub pull: u64,
    /// What it says.
    pub body: String,
    /// The slug of the App that it is written through, in the name of the account.
    pub via_app: Option<String>,
}

impl Comment {
    /// Somebody says something.
    #[must_use]
    pub fn new(actor: &str, repo: &str, pull: u64, body: &str) -> Self {
        let (actor, repo) = (actor.to_owned(), repo.to_owned());
        Self { actor, repo, pull, body: body.to_owned(), via_app: None }
    }

    /// Through an App.
    #[must_use]
    pub fn via(mut self, app: &str) -> Self {
        self.via_app = Some(app.to_owned());
        self
    }
}

/// New words for a comment.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EditComment {
    /// Who edits; on GitHub anybody with write permission may.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name`.
    pub repo: String,
    /// The number of the pull request or issue.
    #[serde(alias = "issue")]
    pub pull: u64,
    /// Which comment, counted from one; the newest when absent.
    pub nth: Option<usize>,
    /// What it says from now on.
    pub body: String,
}

/// A comment goes away.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteComment {
    /// Who deletes.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name`.
    pub repo: String,
    /// The number of the pull request or issue.
    #[serde(alias = "issue")]
    pub pull: u64,
    /// Which comment, counted from one; the newest when absent.
    pub nth: Option<usize>,
}

/// A comment on a commit.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommitComment {
    /// Who writes.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name`.
    pub repo: String,
    /// A branch, for its tip, or a commit.
    pub commit: String,
    /// What it says.
    pub body: String,
    /// The file that it is about.
    pub path: Option<String>,
}

/// Somebody is to look after a pull request.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assign {
    /// Who assigns.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name`.
    pub repo: String,
    /// The number.
    pub pull: u64,
    /// Who is assigned.
    pub assignee: String,
}

/// A new issue.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenIssue {
    /// Who opens it.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name`.
    pub repo: String,
    /// The title.
    pub title: String,
    /// The body.
    pub body: Option<String>,
    /// Labels it is born with.
    #[serde(default)]
    pub labels: Vec<String>,
}
