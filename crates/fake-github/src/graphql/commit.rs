//! Commits: who they say made them, how they are signed, and what hangs on them.

use super::Sight;
use super::checks;
use super::connection::List;
use super::object::{file, last_change};
use super::people::{Account, GitActor};
use super::pull::PullRequest;
use super::root::forbidden;
use super::walk::{Arguments, Got, Node, Trouble};
use crate::auth::Level;
use crate::clock::rfc3339;
use crate::payload::{WEB, node_id};
use crate::pull::PullStatus;
use crate::repo::{Repo, Signed};

pub(super) struct PullRequestCommit<'w>(pub(super) Commit<'w>);

impl<'w> Node<'w> for PullRequestCommit<'w> {
    fn typename(&self) -> &'static str {
        "PullRequestCommit"
    }

    fn field(&self, name: &str, _: &mut Arguments) -> Result<Got<'w>, Trouble> {
        match name {
            "commit" => Ok(Got::node(self.0.clone())),
            _ => Err(Trouble::NoField),
        }
    }
}

#[derive(Clone)]
pub(super) struct Commit<'w> {
    pub(super) sight: Sight<'w>,
    pub(super) repo: &'w Repo,
    pub(super) commit: &'w crate::repo::Commit,
}

impl<'w> Commit<'w> {
    fn authors(&self, arguments: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let (sight, date) = (self.sight, self.commit.date);
        List::new("GitActorConnection", self.commit.authors(), move |ident| {
            Got::node(GitActor { sight, ident: ident.clone(), date })
        })
        .window("authors", arguments)
    }

    fn parents(&self, arguments: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let (sight, repo) = (self.sight, self.repo);
        let parents: Vec<&'w String> = self.commit.parents.iter().collect();
        List::new("CommitConnection", parents, move |sha| {
            Got::maybe(sight.world.commit(repo, sha).map(|commit| Commit { sight, repo, commit }))
        })
        .window("parents", arguments)
    }

    /// Newest first; of a path only the newest commit is told of.
    fn history(&self, arguments: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let (sight, repo, sha) = (self.sight, self.repo, &self.commit.sha);
        let path = arguments.text("path");
        let listed: Vec<String> = if path.is_empty() {
            let graph = sight.world.graph(repo);
            graph.map(|graph| graph.between("", sha)).unwrap_or_default().into_iter().rev().collect()
        } else {
            last_change(repo, sha, &path).into_iter().collect()
        };
        List::new("CommitHistoryConnection", listed, move |sha: &String| {
            Got::maybe(sight.world.commit(repo, sha).map(|commit| Commit { sight, repo, commit }))
        })
        .window("history", arguments)
    }

    /// Open pull requests of the fork network whose head this is, and the one that brought it in here.
    fn pulls(&self, arguments: &mut Arguments) -> Result<Got<'w>, Trouble> {
        arguments.take("orderBy");
        let sight = self.sight;
        let mut found: Vec<PullRequest<'w>> = Vec::new();
        let network = self.repo.root;
        for repo in
            sight.world.repos.values().filter(|repo| repo.root == network && sight.token.covers(repo.id))
        {
            for pull in repo.pulls.values() {
                let state = sight.world.shown(pull);
                let open = state.status == PullStatus::Open && state.ends.head_sha == self.commit.sha;
                let came = |how: &crate::pull::Merged| {
                    let graph = sight.world.graph(repo)?;
                    Some(graph.between(&how.base_before, &how.sha).contains(&self.commit.sha))
                };
                let brought = || state.merged.as_ref().and_then(came).unwrap_or(false);
                if open || (repo.id == self.repo.id && brought()) {
                    found.push(PullRequest::new(sight, repo, pull));
                }
            }
        }
        List::new("PullRequestConnection", found, |pull| Got::node(pull.clone()))
            .window("associatedPullRequests", arguments)
    }

    fn actor(&self, ident: &crate::repo::Ident) -> Got<'w> {
        Got::node(GitActor { sight: self.sight, ident: ident.clone(), date: self.commit.date })
    }
}

impl<'w> Node<'w> for Commit<'w> {
    fn typename(&self) -> &'static str {
        "Commit"
    }

    fn stands_for(&self) -> &'static [&'static str] {
        &["Node", "GitObject"]
    }

    fn field(&self, name: &str, arguments: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let commit = self.commit;
        Ok(match name {
            "id" => Got::leaf(format!("{}{}", node_id("C", self.repo.id), commit.sha)),
            "oid" => Got::leaf(commit.sha.as_str()),
            "tree" => Got::node(Tree(&commit.tree)),
            "message" => Got::leaf(commit.message.as_str()),
            "messageHeadline" => Got::leaf(commit.subject()),
            "authoredDate" | "committedDate" => Got::leaf(rfc3339(commit.date)),
            "url" => Got::leaf(format!("{WEB}/{}/commit/{}", self.repo.full_name(), commit.sha)),
            "author" => self.actor(&commit.author),
            "committer" => self.actor(&commit.committer),
            "authors" => return self.authors(arguments),
            "parents" => return self.parents(arguments),
            "history" => return self.history(arguments),
            "file" if !self.sight.token.allows("contents", Level::Read) => {
                arguments.take("path");
                return Err(forbidden());
            }
            "file" => file(self.sight, self.repo, &commit.tree, &arguments.text("path")),
            "signature" => {
                let sight = self.sight;
                Got::maybe(commit.signature.as_ref().map(|signed| Signature { sight, signed }))
            }
            "associatedPullRequests" => return self.pulls(arguments),
            "checkSuites" => return checks::suites(self.sight, self.repo, commit, arguments),
            _ => return Err(Trouble::NoField),
        })
    }
}

struct Tree<'w>(&'w str);

impl<'w> Node<'w> for Tree<'w> {
    fn typename(&self) -> &'static str {
        "Tree"
    }

    fn stands_for(&self) -> &'static [&'static str] {
        &["Node", "GitObject"]
    }

    fn field(&self, name: &str, _: &mut Arguments) -> Result<Got<'w>, Trouble> {
        match name {
            "oid" => Ok(Got::leaf(self.0)),
            _ => Err(Trouble::NoField),
        }
    }
}

struct Signature<'w> {
    sight: Sight<'w>,
    signed: &'w Signed,
}

impl<'w> Node<'w> for Signature<'w> {
    fn typename(&self) -> &'static str {
        "GpgSignature"
    }

    fn stands_for(&self) -> &'static [&'static str] {
        &["GitSignature"]
    }

    fn field(&self, name: &str, _: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let signed = self.signed;
        Ok(match name {
            "isValid" => Got::leaf(signed.state == "VALID"),
            "state" => Got::leaf(signed.state.as_str()),
            "wasSignedByGitHub" => Got::leaf(signed.by_github),
            "signer" => Got::maybe(signed.signer.and_then(|id| Account::living(self.sight, id))),
            _ => return Err(Trouble::NoField),
        })
    }
}
