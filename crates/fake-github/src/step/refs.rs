//! The verbs on branches and tags that make no commit, and the merge.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A branch comes to be.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateBranch {
    /// Who makes it.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name`.
    pub repo: String,
    /// Its name.
    pub branch: String,
    /// A branch, tag or commit; the default branch when absent.
    pub from: Option<String>,
}

/// A branch goes away.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteBranch {
    /// Who deletes it.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name`.
    pub repo: String,
    /// Its name.
    pub branch: String,
}

/// A tag comes to be, or moves.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tag {
    /// Who pushes it.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name`.
    pub repo: String,
    /// Its name.
    pub tag: String,
    /// A branch, tag or commit; the default branch when absent.
    pub at: Option<String>,
    /// What an annotated tag says; a lightweight one when absent.
    pub message: Option<String>,
}

/// A tag goes away.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteTag {
    /// Who deletes it.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name`.
    pub repo: String,
    /// Its name.
    pub tag: String,
}

/// Many refs moved by one push.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushMany {
    /// Who pushes.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name`.
    pub repo: String,
    /// Full ref name (`refs/heads/x`, `refs/tags/x`, …) to a branch, tag or commit; an empty text deletes the ref.
    pub refs: BTreeMap<String, String>,
    /// Whether refs may leave their history behind, and tags may move.
    #[serde(default)]
    pub force: bool,
}

/// How a pull request is merged, in GitHub's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MergeMethod {
    /// A commit with two parents.
    #[default]
    Merge,
    /// One commit with everything.
    Squash,
    /// Every commit anew.
    Rebase,
}

/// A pull request is merged.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Merge {
    /// Who merges.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name` of the base repository.
    pub repo: String,
    /// The number.
    pub pull: u64,
    /// `merge`, `squash` or `rebase`.
    #[serde(default)]
    pub method: MergeMethod,
    /// Whether the rules of the base are gone past, whoever merges.
    #[serde(default)]
    pub bypass: bool,
}

impl CreateBranch {
    /// A branch from the default branch.
    #[must_use]
    pub fn new(actor: &str, repo: &str, branch: &str) -> Self {
        Self { actor: actor.to_owned(), repo: repo.to_owned(), branch: branch.to_owned(), from: None }
    }

    /// From this branch, tag or commit.
    #[must_use]
    pub fn from(mut self, from: &str) -> Self {
        self.from = Some(from.to_owned());
        self
    }
}

impl DeleteBranch {
    /// A branch that goes.
    #[must_use]
    pub fn new(actor: &str, repo: &str, branch: &str) -> Self {
        Self { actor: actor.to_owned(), repo: repo.to_owned(), branch: branch.to_owned() }
    }
}

impl Tag {
    /// A lightweight tag on the default branch.
    #[must_use]
    pub fn new(actor: &str, repo: &str, tag: &str) -> Self {
        Self { actor: actor.to_owned(), repo: repo.to_owned(), tag: tag.to_owned(), ..Self::default() }
    }

    /// On this branch, tag or commit.
    #[must_use]
    pub fn at(mut self, at: &str) -> Self {
        self.at = Some(at.to_owned());
        self
    }

    /// Annotated.
    #[must_use]
    pub fn message(mut self, message: &str) -> Self {
        self.message = Some(message.to_owned());
        self
    }
}

impl DeleteTag {
    /// A tag that goes.
    #[must_use]
    pub fn new(actor: &str, repo: &str, tag: &str) -> Self {
        Self { actor: actor.to_owned(), repo: repo.to_owned(), tag: tag.to_owned() }
    }
}

impl PushMany {
    /// A push of nothing yet.
    #[must_use]
    pub fn new(actor: &str, repo: &str) -> Self {
        Self { actor: actor.to_owned(), repo: repo.to_owned(), ..Self::default() }
    }

    /// Moves or makes a ref.
    #[must_use]
    pub fn to(mut self, name: &str, target: &str) -> Self {
        self.refs.insert(name.to_owned(), target.to_owned());
        self
    }

    /// Deletes a ref.
    #[must_use]
    pub fn delete(self, name: &str) -> Self {
        self.to(name, "")
    }

    /// Lets refs leave their history behind.
    #[must_use]
    pub fn force(mut self) -> Self {
        self.force = true;
        self
    }
}

impl Merge {
    /// A merge commit.
    #[must_use]
    pub fn new(actor: &str, repo: &str, pull: u64) -> Self {
        Self { actor: actor.to_owned(), repo: repo.to_owned(), pull, ..Self::default() }
    }

    /// In this way.
    #[must_use]
    pub fn method(mut self, method: MergeMethod) -> Self {
        self.method = method;
        self
    }

    /// Past the rules.
    #[must_use]
    pub fn bypass(mut self) -> Self {
        self.bypass = true;
        self
    }
}
