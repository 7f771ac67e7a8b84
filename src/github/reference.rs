//! Where a branch or tag stands, and moving it.
//!
//! One call reads it, one moves it: `updateRefs` changes several refs at once or none of them, each only when it stands
//! where it is expected to (<https://docs.github.com/en/graphql/reference/mutations#updaterefs>). REST's
//! `PATCH /git/refs` has no such condition and would overwrite what somebody pushed meanwhile.

use policy::act::Landed;
use policy::facts::{Lines, Repository};
use policy::plan::{Kept, PutBack};
use policy::rules::{OWN_MAX_BYTES, OWN_RULES};
use policy::{Fact, InstallationId, Place, RefSubject, Sha};
use serde::{Deserialize, Serialize};

use super::GitHub;
use super::error::ForgeError;
use super::file::{self, BranchNode, RulesFile};
use super::graphql::{REFERENCE, UPDATE_REFS};
use super::wire::{self, RepositoryRef};
use crate::git::{ChangeRequest, GitError, LineCount};
use crate::lease::Lease;

/// A branch or tag as the forge shows it now.
#[derive(Debug)]
pub struct RefRead {
    /// The repository, by the name that it has now.
    pub repository: Repository,
    /// What GraphQL calls the repository.
    pub node: String,
    /// The default branch; `None` when there is none.
    pub default_branch: Option<(String, Sha)>,
    /// Where it stands; `None` when it is not there.
    pub tip: Option<Sha>,
    /// The newest commits of the last move, newest first, and whether the forge calls their signatures verified.
    pub signatures: Vec<(Sha, bool)>,
    /// Pull requests that the forge merged with the last move's commit; `passed` and `queued` are not filled in.
    pub landed: Vec<Landed>,
    /// Whether the last move's commit copies the one before without its signature.
    pub stripped: bool,
    /// The repository's own rules at its default branch.
    pub own_rules: Fact<RulesFile>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Variables<'a> {
    owner: &'a str,
    name: &'a str,
    #[serde(rename = "ref")]
    reference: &'a str,
    before: &'a str,
    after: &'a str,
    own_rules: &'a str,
}

#[derive(Debug, Deserialize)]
struct Data {
    repository: Option<Found>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    #[serde(flatten)]
    repository: RepositoryRef,
    id: String,
    default_branch_ref: Option<DefaultBranch>,
    #[serde(rename = "ref")]
    reference: Option<RefNode>,
    object: Option<CommitNode>,
    old: Option<CommitNode>,
}

/// Read twice: as a branch, and with the file at its tip.
#[derive(Debug, Deserialize)]
struct DefaultBranch {
    name: String,
    target: Option<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
struct RefNode {
    target: Option<Oid>,
}

#[derive(Debug, Deserialize)]
struct Oid {
    oid: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CommitNode {
    oid: Option<String>,
    message: Option<String>,
    authored_date: Option<String>,
    parents: Option<Nodes<Oid>>,
    signature: Option<SignatureNode>,
    history: Option<Nodes<HistoryNode>>,
    associated_pull_requests: Option<Nodes<PullNode>>,
}

#[derive(Debug, Deserialize)]
struct Nodes<T> {
    nodes: Option<Vec<Option<T>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignatureNode {
    is_valid: bool,
    #[serde(rename = "wasSignedByGitHub", default)]
    by_github: bool,
}

#[derive(Debug, Deserialize)]
struct HistoryNode {
    oid: String,
    signature: Option<SignatureNode>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PullNode {
    number: u64,
    merged: bool,
    head_ref_oid: String,
    base_ref_name: String,
    merge_commit: Option<Oid>,
}

#[derive(Debug, Serialize)]
struct Moves<'a> {
    repository: &'a str,
    moves: Vec<RefUpdate<'a>>,
}

/// A `RefUpdate`; zeros mean that it is not there.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RefUpdate<'a> {
    name: &'a str,
    before_oid: &'a str,
    after_oid: &'a str,
    force: bool,
}

/// What GraphQL calls a commit that is not there.
const NOTHING: &str = "0000000000000000000000000000000000000000";

impl GitHub {
    /// Reads a branch or tag. `last` is from where to where the last move led that was told of.
    ///
    /// # Errors
    /// [`ForgeError`] when no look came about.
    pub async fn read_ref(
        &self,
        subject: &RefSubject,
        last: (Option<&Sha>, Option<&Sha>),
    ) -> Result<RefRead, ForgeError> {
        let variables = Variables {
            owner: subject.repo.owner(),
            name: subject.repo.name(),
            reference: subject.name.as_str(),
            before: last.0.map_or(NOTHING, Sha::as_str),
            after: last.1.map_or(NOTHING, Sha::as_str),
            own_rules: OWN_RULES,
        };
        let data: Data = self.inner.api.query(subject.installation, &REFERENCE, &variables).await?;
        let found = data.repository;
        let found = found.ok_or_else(|| ForgeError::Gone { what: format!("repository {}", subject.repo) })?;
        let repository = wire::repository(&found.repository)?;
        if repository.id != subject.repo_id {
            return Err(ForgeError::Gone { what: format!("repository {}", subject.repo) });
        }
        Ok(found.read(repository, subject.name.branch(), last.0))
    }

    /// What a move changed, from git's own objects. `since` is where it began.
    ///
    /// # Errors
    /// [`ForgeError`] when git could not be asked now.
    pub async fn moved_change(
        &self,
        place: Place<'_>,
        repository: &Repository,
        since: &Sha,
        after: &Sha,
        with_lines: Lines,
    ) -> Result<Fact<change::Change>, ForgeError> {
        let token = self.inner.api.token(place.installation).await?;
        let url = self.inner.api.addresses.clone_url(&repository.name);
        let request = ChangeRequest {
            repo: place.repo_id,
            url: url.as_str(),
            token: token.secret(),
            pull: 0,
            base: since,
            head: after,
            with_lines: match with_lines {
                Lines::Skip => LineCount::Skip,
                Lines::Count => LineCount::Count,
            },
        };
        let found = self.inner.git.change(&request).await;
        if matches!(found, Err(GitError::Refused(_))) {
            self.inner.api.reject(place.installation, &token).await;
        }
        super::gather::known_or(found, after)
    }

    /// Moves a branch or tag, if it stands where it is expected to, and names what it stood on in the same step.
    ///
    /// # Errors
    /// [`ForgeError::Refused`] when it stands elsewhere or the forge does not let us: look again.
    pub async fn put_back(&self, lease: &Lease, node: &str, action: &PutBack) -> Result<(), ForgeError> {
        let sha =
            |sha: &'_ Option<Sha>| sha.as_ref().map_or(NOTHING.to_owned(), |sha| sha.as_str().to_owned());
        let (before, after) = (sha(&action.from), sha(&action.to));
        let keep = action.keep.iter().map(kept);
        let back =
            RefUpdate { name: action.name.as_str(), before_oid: &before, after_oid: &after, force: true };
        let back = (before != after).then_some(back);
        self.update_refs(lease.subject().place().installation, node, keep.chain(back).collect()).await
    }

    /// Changes several refs at once, or none of them.
    pub(super) async fn update_refs(
        &self,
        installation: InstallationId,
        node: &str,
        moves: Vec<RefUpdate<'_>>,
    ) -> Result<(), ForgeError> {
        let moves = Moves { repository: node, moves };
        let _: serde_json::Value = self.inner.api.mutate(installation, &UPDATE_REFS, &moves).await?;
        Ok(())
    }
}

/// A name that may be there already from an earlier try: it says the same, for it carries the delivery's name.
pub(super) fn kept(kept: &Kept) -> RefUpdate<'_> {
    RefUpdate::new_at(&kept.name, &kept.sha)
}

impl<'a> RefUpdate<'a> {
    /// A ref that must not be there yet.
    pub(super) fn new_at(name: &'a str, sha: &'a Sha) -> Self {
        Self { name, before_oid: NOTHING, after_oid: sha.as_str(), force: false }
    }
}

impl Found {
    fn read(self, repository: Repository, branch: Option<&str>, before: Option<&Sha>) -> RefRead {
        let onto = branch;
        let branch = self.default_branch_ref;
        let default_branch = branch.as_ref().and_then(|branch| {
            let oid = branch.target.as_ref()?.get("oid")?.as_str()?;
            Some((branch.name.clone(), Sha::parse(oid)?))
        });
        let rules = branch.map(|branch| BranchNode {
            target: branch.target.and_then(|target| serde_json::from_value(target).ok()),
        });
        let commit = self.object;
        RefRead {
            own_rules: file::at_tip(rules.as_ref(), OWN_RULES, OWN_MAX_BYTES),
            repository,
            node: self.id,
            default_branch,
            tip: self.reference.and_then(|found| found.target).and_then(|target| Sha::parse(&target.oid)),
            signatures: commit.as_ref().map(CommitNode::signatures).unwrap_or_default(),
            landed: commit.as_ref().map(|commit| commit.landed(onto, before)).unwrap_or_default(),
            stripped: self.old.as_ref().zip(commit.as_ref()).is_some_and(|(old, new)| new.strips(old)),
        }
    }
}

impl CommitNode {
    /// Whether it is the old commit again, but for a signature that was valid.
    fn strips(&self, old: &Self) -> bool {
        let valid = |commit: &Self| commit.signature.as_ref().is_some_and(|signature| signature.is_valid);
        let parents = |commit: &Self| -> Vec<String> {
            let nodes = commit.parents.iter().filter_map(|parents| parents.nodes.as_ref());
            nodes.flatten().flatten().map(|parent| parent.oid.clone()).collect()
        };
        valid(old)
            && !valid(self)
            && self.oid != old.oid
            && self.message.is_some()
            && self.message == old.message
            && self.authored_date == old.authored_date
            && parents(self) == parents(old)
    }

    fn signatures(&self) -> Vec<(Sha, bool)> {
        let nodes = self.history.iter().filter_map(|history| history.nodes.as_ref()).flatten().flatten();
        let signed = |node: &HistoryNode| {
            let valid = node.signature.as_ref().is_some_and(|signature| signature.is_valid);
            Some((Sha::parse(&node.oid)?, valid))
        };
        nodes.filter_map(signed).collect()
    }

    /// Only what the forge itself made and signed: whoever pushes a merge made elsewhere makes the forge call the pull
    /// request merged too, with whatever else is in that commit.
    /// And only onto this branch, from where the move began: a merge made elsewhere is no merge here.
    fn landed(&self, onto: Option<&str>, before: Option<&Sha>) -> Vec<Landed> {
        let by_forge =
            self.signature.as_ref().is_some_and(|signature| signature.is_valid && signature.by_github);
        let first =
            self.parents.iter().filter_map(|parents| parents.nodes.as_ref()).flatten().flatten().next();
        let begins_here = first.map(|parent| parent.oid.as_str()) == before.map(Sha::as_str);
        if !by_forge || !begins_here {
            return Vec::new();
        }
        let nodes = self.associated_pull_requests.iter().filter_map(|pulls| pulls.nodes.as_ref());
        let pulls = nodes.flatten().flatten().filter(|pull| {
            pull.merged
                && Some(pull.base_ref_name.as_str()) == onto
                && pull.merge_commit.as_ref().map(|commit| &commit.oid) == self.oid.as_ref()
        });
        pulls
            .filter_map(|pull| {
                let head = Sha::parse(&pull.head_ref_oid)?;
                Some(Landed { number: pull.number, head, passed: false, queued: false })
            })
            .collect()
    }
}
