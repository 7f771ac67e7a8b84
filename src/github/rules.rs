//! The organisation's policy repository: its rules at the default branch.
//!
//! The App must be installed there as well. A name can be given up and taken by somebody else, so the repository's number
//! comes with what is read: whoever asked compares it with the one it knows.

use policy::facts::Repository;
use policy::rules::{MAX_BYTES, OWN_MAX_BYTES, OWN_RULES};
use policy::{Fact, InstallationId, RepoName, Sha};
use serde::{Deserialize, Serialize};

use super::GitHub;
use super::api::Api;
use super::error::ForgeError;
use super::file::{self, BranchNode, CommitNode, RulesFile};
use super::graphql::RULES;
use super::wire::{self, RepositoryRef};

/// The rules as the policy repository has them.
#[derive(Debug)]
pub struct PolicyRead {
    /// Which repository, by the name that it has now.
    pub repository: Repository,
    /// What stands there.
    pub file: Fact<RulesFile>,
    /// The commit that last changed it.
    pub commit: Option<Sha>,
}

#[derive(Debug, Deserialize)]
struct Installation {
    id: u64,
}

#[derive(Debug, Serialize)]
struct Variables<'a> {
    owner: &'a str,
    name: &'a str,
    path: &'a str,
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
}

impl GitHub {
    /// Reads the organisation's rules from a repository.
    ///
    /// # Errors
    /// [`ForgeError`]; [`ForgeError::Gone`] when the App sees no such repository.
    pub async fn policy(&self, repo: &RepoName, path: &str) -> Result<PolicyRead, ForgeError> {
        let api = &self.inner.api;
        let installation = match self.inner.policy.get(repo).await {
            Some(known) => known,
            None => {
                let url = api.addresses.rest(&["repos", repo.owner(), repo.name(), "installation"]);
                let found: Installation = api.read_as_app("find_installation", url).await?;
                InstallationId(found.id)
            }
        };
        let found = tip(api, installation, repo, path).await;
        if found.is_err() {
            // It may have been installed anew under another number.
            self.inner.policy.invalidate(repo).await;
        }
        let found = found?;
        self.inner.policy.insert(repo.clone(), installation).await;
        Ok(PolicyRead {
            repository: wire::repository(&found.repository)?,
            file: file::at_tip(found.default_branch_ref.as_ref(), path, MAX_BYTES),
            commit: found.default_branch_ref.and_then(|branch| branch.target).and_then(CommitNode::newest),
        })
    }
}

/// Reads a repository's own rules, such as stand at its default branch.
pub(super) async fn own(
    api: &Api,
    installation: InstallationId,
    repo: &RepoName,
) -> Result<Fact<RulesFile>, ForgeError> {
    let found = tip(api, installation, repo, OWN_RULES).await?;
    Ok(file::at_tip(found.default_branch_ref.as_ref(), OWN_RULES, OWN_MAX_BYTES))
}

async fn tip(
    api: &Api,
    installation: InstallationId,
    repo: &RepoName,
    path: &str,
) -> Result<Found, ForgeError> {
    let variables = Variables { owner: repo.owner(), name: repo.name(), path };
    let data: Data = api.query(installation, &RULES, &variables).await?;
    data.repository.ok_or_else(|| ForgeError::Gone { what: format!("repository {repo}") })
}
