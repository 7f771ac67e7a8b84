//! The push verb: one or more commits on a branch, and what they claim.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What GitHub says about a commit's signature.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// GraphQL's `GitSignatureState`, such as `VALID` or `UNKNOWN_KEY`.
    pub state: String,
    /// Whether GitHub's own key signed.
    #[serde(default)]
    pub by_github: bool,
    /// The login of the key's owner.
    pub signer: Option<String>,
}

impl Signature {
    /// What GitHub puts on commits that an App makes through the API.
    #[must_use]
    pub fn by_github() -> Self {
        Self { state: "VALID".to_owned(), by_github: true, signer: Some("web-flow".to_owned()) }
    }

    /// A person's own verified signature.
    #[must_use]
    pub fn by(login: &str) -> Self {
        Self { state: "VALID".to_owned(), by_github: false, signer: Some(login.to_owned()) }
    }
}

/// Many files alike.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Many {
    /// The path of each, in which `{}` is its number, counted from zero and of equal width.
    pub path: String,
    /// How many.
    pub count: usize,
    /// What stands in each of them.
    #[serde(default)]
    pub content: String,
}

impl Many {
    /// Their paths, in order.
    pub(crate) fn paths(&self) -> impl Iterator<Item = String> {
        let width = self.count.saturating_sub(1).to_string().len();
        (0..self.count).map(move |number| self.path.replace("{}", &format!("{number:0width$}")))
    }
}

/// A commit on a branch, and who pushed it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Push {
    /// Who pushes.
    #[serde(rename = "as")]
    pub actor: String,
    /// Where to.
    pub repo: String,
    /// The branch that moves.
    pub branch: String,
    /// The branch or commit to start from; the branch's own tip when it exists, else the default branch.
    pub from: Option<String>,
    /// Path to content.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Many files that differ by a number.
    pub many: Option<Many>,
    /// Path to content, for paths that are no UTF-8: each byte that TOML cannot say is percent-encoded.
    #[serde(default)]
    pub encoded_files: BTreeMap<String, String>,
    /// Paths to delete.
    #[serde(default)]
    pub delete: Vec<String>,
    /// Path to target.
    #[serde(default)]
    pub symlinks: BTreeMap<String, String>,
    /// Paths among `files` that become executable.
    #[serde(default)]
    pub executable: Vec<String>,
    /// Path to commit.
    #[serde(default)]
    pub submodules: BTreeMap<String, String>,
    /// Old path to new path.
    #[serde(default)]
    pub renames: BTreeMap<String, String>,
    /// The commit message; made from the paths when empty.
    #[serde(default)]
    pub message: String,
    /// `Name <email>`; the pusher's no-reply address when absent.
    pub author: Option<String>,
    /// `Name <email>`; the author when absent.
    pub committer: Option<String>,
    /// Branch or commit to merge in as second parent; the tree stays as this push makes it.
    pub merge: Option<String>,
    /// How many commits; those after the first change nothing.
    #[serde(default = "one")]
    pub repeat: u32,
    /// Whether the branch may leave its history behind.
    #[serde(default)]
    pub force: bool,
    /// What GitHub says about the signature; unsigned when absent.
    pub signature: Option<Signature>,
    /// When the commits say they were made, in epoch seconds; now when absent.
    pub date: Option<i64>,
    /// Makes the starting commit anew in its place: parents, tree, message, author, committer and date are copied
    /// where nothing else is said, the signature is not.
    #[serde(default)]
    pub amend: bool,
}

fn one() -> u32 {
    1
}

impl Push {
    /// A push of nothing yet.
    #[must_use]
    pub fn new(actor: &str, repo: &str, branch: &str) -> Self {
        Self {
            actor: actor.to_owned(),
            repo: repo.to_owned(),
            branch: branch.to_owned(),
            repeat: 1,
            ..Self::default()
        }
    }

    /// Starts from this branch or commit.
    #[must_use]
    pub fn from(mut self, base: &str) -> Self {
        self.from = Some(base.to_owned());
        self
    }

    /// Writes a file.
    #[must_use]
    pub fn file(mut self, path: &str, content: &str) -> Self {
        self.files.insert(path.to_owned(), content.to_owned());
        self
    }

    /// Deletes a path.
    #[must_use]
    pub fn delete(mut self, path: &str) -> Self {
        self.delete.push(path.to_owned());
        self
    }

    /// Moves a path.
    #[must_use]
    pub fn rename(mut self, old: &str, new: &str) -> Self {
        self.renames.insert(old.to_owned(), new.to_owned());
        self
    }

    /// Makes a symbolic link.
    #[must_use]
    pub fn symlink(mut self, path: &str, target: &str) -> Self {
        self.symlinks.insert(path.to_owned(), target.to_owned());
        self
    }

    /// Makes one of the written files executable.
    #[must_use]
    pub fn executable(mut self, path: &str) -> Self {
        self.executable.push(path.to_owned());
        self
    }

    /// Points a submodule at a commit.
    #[must_use]
    pub fn submodule(mut self, path: &str, sha: &str) -> Self {
        self.submodules.insert(path.to_owned(), sha.to_owned());
        self
    }

    /// Says the commit message.
    #[must_use]
    pub fn message(mut self, message: &str) -> Self {
        self.message = message.to_owned();
        self
    }

    /// Claims an author.
    #[must_use]
    pub fn author(mut self, author: &str) -> Self {
        self.author = Some(author.to_owned());
        self
    }

    /// Claims a committer.
    #[must_use]
    pub fn committer(mut self, committer: &str) -> Self {
        self.committer = Some(committer.to_owned());
        self
    }

    /// Signs the commit.
    #[must_use]
    pub fn signed(mut self, signature: Signature) -> Self {
        self.signature = Some(signature);
        self
    }

    /// Makes the starting commit anew, unsigned unless said otherwise.
    #[must_use]
    pub fn amend(mut self) -> Self {
        self.amend = true;
        self
    }

    /// Claims a date, in epoch seconds.
    #[must_use]
    pub fn date(mut self, date: i64) -> Self {
        self.date = Some(date);
        self
    }

    /// Makes this many commits.
    #[must_use]
    pub fn repeat(mut self, commits: u32) -> Self {
        self.repeat = commits;
        self
    }

    /// Lets the branch leave its history behind.
    #[must_use]
    pub fn force(mut self) -> Self {
        self.force = true;
        self
    }
}
