//! A repository as the API sees it: branches, commits and who may write.
//!
//! The objects are real and lie in the bare repository `dir`; what is kept here are the few facts of each commit
//! that API answers need, so that answering never starts a git process.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use crate::discussion::{CommitComment, Issues};
use crate::git::Edit;
use crate::pull::Pull;
use crate::queue::Group;
use crate::refs::TagObject;
use crate::stage::Safeguards;

/// A live permission, in GitHub's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Permission {
    None,
    Read,
    Write,
    Admin,
}

impl Permission {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Repo {
    pub(crate) id: u64,
    pub(crate) owner: String,
    pub(crate) name: String,
    pub(crate) default_branch: String,
    pub(crate) private: bool,
    /// The bare repository on disk.
    pub(crate) dir: PathBuf,
    /// The repository whose object store the whole fork network shares; itself when not a fork.
    pub(crate) root: u64,
    pub(crate) fork_of: Option<u64>,
    pub(crate) branches: BTreeMap<String, String>,
    /// Name to object: a commit, or an annotated tag's own.
    pub(crate) tags: BTreeMap<String, String>,
    /// Full name to object, for refs that are neither branches nor tags nor pull requests' heads.
    pub(crate) other_refs: BTreeMap<String, String>,
    pub(crate) permissions: BTreeMap<u64, Permission>,
    pub(crate) pulls: BTreeMap<u64, Pull>,
    /// Oldest first.
    pub(crate) activities: Vec<Activity>,
    pub(crate) safeguards: Safeguards,
    /// Whether a push starts the workflows that say so.
    pub(crate) runs_on_push: bool,
    /// What teams may do, by their ids.
    pub(crate) teams: BTreeMap<u64, Permission>,
    pub(crate) archived: bool,
    /// Whether classic protection is switched off as a whole.
    pub(crate) protection_off: bool,
    /// Whether the installation does not cover it any more.
    pub(crate) withdrawn: bool,
    /// Security features, once they were switched.
    pub(crate) security: BTreeMap<String, bool>,
    /// How many secrets were found.
    pub(crate) secrets: u64,
    pub(crate) issues: Issues,
    /// Oldest first.
    pub(crate) commit_comments: Vec<CommitComment>,
    /// Groups by base branch, first to land first.
    pub(crate) queues: BTreeMap<String, Vec<Group>>,
}

/// One move of a branch.
#[derive(Debug, Clone)]
pub(crate) struct Activity {
    pub(crate) id: u64,
    pub(crate) actor: u64,
    /// `refs/heads/…`.
    pub(crate) reference: String,
    pub(crate) before: String,
    pub(crate) after: String,
    /// GitHub's word, such as `push` or `branch_creation`.
    pub(crate) kind: &'static str,
    pub(crate) at: i64,
}

impl Repo {
    pub(crate) fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// The App is installed on everything but forks, until it is taken away.
    pub(crate) fn is_installed(&self) -> bool {
        self.fork_of.is_none() && !self.withdrawn
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ident {
    pub(crate) name: String,
    pub(crate) email: String,
}

impl Ident {
    /// Reads `Name <email>`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (name, rest) = text.split_once('<')?;
        let email = rest.strip_suffix('>')?;
        Some(Self { name: name.trim().to_owned(), email: email.trim().to_owned() })
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Signed {
    pub(crate) state: String,
    pub(crate) by_github: bool,
    pub(crate) signer: Option<u64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Commit {
    pub(crate) sha: String,
    pub(crate) tree: String,
    pub(crate) parents: Vec<String>,
    pub(crate) message: String,
    pub(crate) author: Ident,
    pub(crate) committer: Ident,
    pub(crate) date: i64,
    pub(crate) signature: Option<Signed>,
    pub(crate) touched: Touched,
}

/// The paths that a commit touches, as a push lists them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Touched {
    pub(crate) added: Vec<String>,
    pub(crate) removed: Vec<String>,
    pub(crate) modified: Vec<String>,
}

impl Commit {
    pub(crate) fn subject(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }

    /// The author, then each `Co-authored-by` trailer, as GraphQL's `authors` lists them.
    pub(crate) fn authors(&self) -> Vec<Ident> {
        let mut authors = vec![self.author.clone()];
        for line in self.message.lines() {
            let Some((key, value)) = line.split_once(':') else { continue };
            if key.trim().eq_ignore_ascii_case("co-authored-by")
                && let Some(ident) = Ident::parse(value.trim())
                && !authors.contains(&ident)
            {
                authors.push(ident);
            }
        }
        authors
    }
}

/// The commits of one fork network.
#[derive(Debug, Clone, Default)]
pub(crate) struct Graph {
    commits: HashMap<String, Arc<Commit>>,
    tags: HashMap<String, TagObject>,
    /// Every path that any of them ever had.
    paths: HashSet<String>,
}

impl Graph {
    pub(crate) fn insert(&mut self, commit: Commit) {
        self.commits.insert(commit.sha.clone(), Arc::new(commit));
    }

    pub(crate) fn get(&self, sha: &str) -> Option<&Arc<Commit>> {
        self.commits.get(sha)
    }

    pub(crate) fn insert_tag(&mut self, tag: TagObject) {
        self.tags.insert(tag.sha.clone(), tag);
    }

    pub(crate) fn tag(&self, sha: &str) -> Option<&TagObject> {
        self.tags.get(sha)
    }

    /// What edits touch: a path that no commit had before is added.
    pub(crate) fn touch(&mut self, edits: &[Edit]) -> Touched {
        let mut touched = Touched::default();
        for edit in edits {
            let written = match edit {
                Edit::Rename { from, to } => {
                    touched.removed.push(from.clone());
                    to.clone()
                }
                Edit::Delete { path } => {
                    touched.removed.push(path.clone());
                    self.paths.remove(path);
                    continue;
                }
                // The whole tree is compared by git, not here.
                Edit::Tree { .. } => continue,
                // JSON is text.
                Edit::File { path, .. } => String::from_utf8_lossy(path).into_owned(),
                Edit::Submodule { path, .. } | Edit::Object { path, .. } => path.clone(),
            };
            let list =
                if self.paths.insert(written.clone()) { &mut touched.added } else { &mut touched.modified };
            list.push(written);
        }
        touched
    }

    /// The newest commit that both have, as far as one is newest.
    pub(crate) fn merge_base(&self, one: &str, other: &str) -> Option<String> {
        let theirs = self.reachable(other);
        let mut open = std::collections::VecDeque::from([one]);
        let mut seen = HashSet::new();
        while let Some(sha) = open.pop_front() {
            if theirs.contains(sha) {
                return Some(sha.to_owned());
            }
            if let Some(commit) = self.commits.get(sha).filter(|_| seen.insert(sha)) {
                open.extend(commit.parents.iter().map(String::as_str));
            }
        }
        None
    }

    fn reachable<'a>(&'a self, from: &'a str) -> HashSet<&'a str> {
        let mut seen = HashSet::new();
        let mut open = vec![from];
        while let Some(sha) = open.pop() {
            if !seen.insert(sha) {
                continue;
            }
            if let Some(commit) = self.commits.get(sha) {
                open.extend(commit.parents.iter().map(String::as_str));
            }
        }
        seen
    }

    pub(crate) fn is_ancestor(&self, old: &str, new: &str) -> bool {
        self.reachable(new).contains(old)
    }

    /// What `head` has and `base` has not, oldest first: the commits of a pull request.
    pub(crate) fn between(&self, base: &str, head: &str) -> Vec<String> {
        let mut done: HashSet<&str> = self.reachable(base);
        let mut listed = Vec::new();
        let mut stack = vec![(head, false)];
        while let Some((sha, parents_listed)) = stack.pop() {
            if parents_listed {
                listed.push(sha.to_owned());
                continue;
            }
            if !done.insert(sha) {
                continue;
            }
            let Some(commit) = self.commits.get(sha) else { continue };
            stack.push((sha, true));
            stack.extend(commit.parents.iter().rev().map(|parent| (parent.as_str(), false)));
        }
        listed
    }
}

#[cfg(test)]
mod tests {
    use super::{Commit, Graph, Ident, Touched};

    fn graph(edges: &[(&str, &[&str])]) -> Graph {
        let ident = Ident { name: "a".to_owned(), email: "a@acme.example".to_owned() };
        let mut graph = Graph::default();
        for (sha, parents) in edges {
            graph.insert(Commit {
                sha: (*sha).to_owned(),
                tree: String::new(),
                parents: parents.iter().map(|parent| (*parent).to_owned()).collect(),
                message: String::new(),
                author: ident.clone(),
                committer: ident.clone(),
                date: 0,
                signature: None,
                touched: Touched::default(),
            });
        }
        graph
    }

    #[test]
    fn commits_of_a_pull_request_come_oldest_first_and_leave_the_base_out() {
        let graph = graph(&[("r", &[]), ("b", &["r"]), ("x", &["r"]), ("m", &["x", "b"]), ("y", &["m"])]);
        assert_eq!(graph.between("b", "y"), ["x", "m", "y"]);
        assert!(graph.is_ancestor("b", "y") && !graph.is_ancestor("y", "b"));
    }
}
