//! How a pull request came into its base: read after the fact, and proposing to take it back.

use policy::facts::{Account, Repository};
use policy::plan::ProposeRevert;
use policy::rules::{OWN_MAX_BYTES, OWN_RULES};
use policy::{Fact, Millis, PullSubject, Sha};
use serde::{Deserialize, Serialize};

use super::GitHub;
use super::error::ForgeError;
use super::file::{self, BranchNode, RulesFile};
use super::graphql::{MERGE, REVERT_PULL_REQUEST};
use super::wire::{self, Actor, Page, RepositoryRef};
use crate::lease::Lease;

/// A merge as the forge shows it now.
#[derive(Debug)]
pub struct MergeRead {
    /// The repository, by the name that it has now.
    pub repository: Repository,
    /// What GraphQL calls the pull request.
    pub node: String,
    /// Hostile text.
    pub title: String,
    /// Whether it is merged at all.
    pub merged: bool,
    /// When.
    pub at: Option<Millis>,
    /// Who did it.
    pub by: Fact<Account>,
    /// The commit that the forge calls the merge, with its parents.
    pub commit: Fact<(Sha, Vec<Sha>)>,
    /// Whether the forge made and signed that commit by itself.
    pub by_forge: bool,
    /// The branch that it landed on, without `refs/heads/`.
    pub base: String,
    /// What the forge calls its base.
    pub base_sha: Sha,
    /// The head that was merged.
    pub head: Sha,
    /// How many commits it has.
    pub commits: usize,
    /// Pull requests from the branch that the forge gives to reverts of this one.
    pub reverts: Fact<Vec<u64>>,
    /// The repository's own rules at its default branch.
    pub own_rules: Fact<RulesFile>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Variables<'a> {
    owner: &'a str,
    name: &'a str,
    number: u64,
    revert: &'a str,
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
    default_branch_ref: Option<BranchNode>,
    pull_request: Option<PullNode>,
    pull_requests: Option<Page<Number>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PullNode {
    id: String,
    title: String,
    merged: bool,
    merged_at: Option<String>,
    merged_by: Option<Actor>,
    merge_commit: Option<CommitNode>,
    base_ref_name: String,
    base_ref_oid: String,
    head_ref_oid: String,
    commits: Count,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Count {
    total_count: usize,
}

#[derive(Debug, Deserialize)]
struct CommitNode {
    oid: String,
    parents: Page<Oid>,
    signature: Option<SignatureNode>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignatureNode {
    is_valid: bool,
    #[serde(rename = "wasSignedByGitHub")]
    by_github: bool,
}

#[derive(Debug, Deserialize)]
struct Oid {
    oid: String,
}

#[derive(Debug, Deserialize)]
struct Number {
    number: u64,
}

#[derive(Debug, Serialize)]
struct Proposal<'a> {
    pull: &'a str,
    title: &'a str,
    body: &'a str,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Proposed {
    revert_pull_request: Option<Payload>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    revert_pull_request: Option<Number>,
}

impl GitHub {
    /// Reads how a pull request was merged. `head_name` is its head branch.
    ///
    /// # Errors
    /// [`ForgeError`] when no look came about.
    pub async fn read_merge(&self, subject: &PullSubject, head_name: &str) -> Result<MergeRead, ForgeError> {
        let gone = || ForgeError::Gone { what: format!("pull request {}#{}", subject.repo, subject.number) };
        // <https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/incorporating-changes-from-a-pull-request/reverting-a-pull-request>
        let revert = format!("revert-{}-{head_name}", subject.number);
        let variables = Variables {
            owner: subject.repo.owner(),
            name: subject.repo.name(),
            number: subject.number,
            revert: &revert,
            own_rules: OWN_RULES,
        };
        let data: Data = self.inner.api.query(subject.installation, &MERGE, &variables).await?;
        let found = data.repository.ok_or_else(gone)?;
        let repository = wire::repository(&found.repository)?;
        if repository.id != subject.repo_id {
            return Err(gone());
        }
        let reverts = match &found.pull_requests {
            Some(page) => page.whole("all reverts", |pull| pull.number),
            None => Fact::unknown("the forge does not tell of reverts"),
        };
        let own_rules = file::at_tip(found.default_branch_ref.as_ref(), OWN_RULES, OWN_MAX_BYTES);
        found.pull_request.ok_or_else(gone)?.read(repository, reverts, own_rules)
    }

    /// Opens a pull request that takes a merged one back, and says its number. `node` is what GraphQL calls the merged
    /// one.
    ///
    /// # Errors
    /// [`ForgeError::Refused`] when it cannot be taken back as a whole: people do it.
    pub async fn propose_revert(
        &self,
        lease: &Lease,
        node: &str,
        action: &ProposeRevert,
    ) -> Result<String, ForgeError> {
        let installation = lease.subject().place().installation;
        let proposal = Proposal { pull: node, title: &action.title, body: &action.body };
        let made: Proposed = self.inner.api.mutate(installation, &REVERT_PULL_REQUEST, &proposal).await?;
        let number = made.revert_pull_request.and_then(|made| made.revert_pull_request);
        Ok(number.map_or_else(String::new, |pull| format!("#{}", pull.number)))
    }
}

impl PullNode {
    fn read(
        self,
        repository: Repository,
        reverts: Fact<Vec<u64>>,
        own_rules: Fact<RulesFile>,
    ) -> Result<MergeRead, ForgeError> {
        let sha = |oid: &str| {
            Sha::parse(oid).ok_or_else(|| ForgeError::Incomplete { what: "a branch's tip".to_owned() })
        };
        let by_forge = self.merge_commit.as_ref().and_then(|commit| commit.signature.as_ref());
        Ok(MergeRead {
            by_forge: by_forge.is_some_and(|signature| signature.is_valid && signature.by_github),
            commit: commit(self.merge_commit.as_ref()),
            merged: self.merged,
            at: self.merged_at.as_deref().and_then(wire::moment),
            by: wire::account(self.merged_by.as_ref()),
            base_sha: sha(&self.base_ref_oid)?,
            head: sha(&self.head_ref_oid)?,
            base: self.base_ref_name,
            node: self.id,
            title: self.title,
            commits: self.commits.total_count,
            repository,
            reverts,
            own_rules,
        })
    }
}

fn commit(node: Option<&CommitNode>) -> Fact<(Sha, Vec<Sha>)> {
    let Some((node, sha)) = node.and_then(|node| Some((node, Sha::parse(&node.oid)?))) else {
        return Fact::unknown("the forge names no merge commit");
    };
    match node.parents.whole("all parents of the merge commit", |parent| Sha::parse(&parent.oid)) {
        Fact::Known(parents) => Fact::Known((sha, parents.into_iter().flatten().collect())),
        Fact::Unknown(why) => Fact::Unknown(why),
    }
}
