//! Where a commit comes from: which branches contain it, which pull requests brought it, and who pushed it.
//!
//! Branches are compared by the commits that they stand at, never by name in an address.

use policy::act::RefName;
use policy::facts::{Account, Repository};
use policy::rules::{OWN_MAX_BYTES, OWN_RULES};
use policy::{Fact, Place, RepoName, Sha};
use serde::{Deserialize, Serialize};

use super::GitHub;
use super::error::ForgeError;
use super::file::{self, BranchNode, RulesFile};
use super::graphql::SOURCE;
use super::wire::{self, Page, RepositoryRef, RestAccount};

/// GitHub gives so many activities a page; one page is read.
const PAGE: usize = 100;
/// Activities by which somebody brings commits of their own.
const PUSHES: [&str; 3] = ["push", "force_push", "branch_creation"];

/// Where a commit comes from, as the forge shows it now.
#[derive(Debug)]
pub struct SourceRead {
    /// The repository, by the name that it has now.
    pub repository: Repository,
    /// The default branch and where it stands.
    pub default_branch: Option<(String, Sha)>,
    /// Where the other branch that was asked for stands.
    pub branch: Option<Sha>,
    /// The merged pull requests that brought it.
    pub pulls: Fact<Vec<MergedPull>>,
    /// The repository's own rules at its default branch.
    pub own_rules: Fact<RulesFile>,
}

/// A merged pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedPull {
    /// Its number.
    pub number: u64,
    /// The branch that it was merged into.
    pub base: String,
    /// The head that was merged.
    pub head: Option<Sha>,
    /// What the forge calls its merge.
    pub commit: Option<Sha>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Variables<'a> {
    owner: &'a str,
    name: &'a str,
    commit: &'a str,
    branch: &'a str,
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
    default_branch_ref: Option<DefaultBranch>,
    branch: Option<Tip>,
    object: Option<CommitNode>,
}

/// Read twice: with the rules' file at its tip, and with the tip itself.
#[derive(Debug, Deserialize)]
struct DefaultBranch {
    name: String,
    target: Option<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
struct Tip {
    target: Option<Oid>,
}

#[derive(Debug, Deserialize)]
struct Oid {
    oid: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CommitNode {
    associated_pull_requests: Option<Page<PullNode>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PullNode {
    number: u64,
    merged: bool,
    base_ref_name: String,
    base_repository: Option<BaseNode>,
    head_ref_oid: String,
    merge_commit: Option<Oid>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BaseNode {
    database_id: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Compared {
    status: String,
}

#[derive(Debug, Deserialize)]
struct Activity {
    after: String,
    activity_type: String,
    actor: Option<RestAccount>,
}

impl GitHub {
    /// Reads where a commit comes from. `branch` is a branch beside the default one that may contain it.
    ///
    /// # Errors
    /// [`ForgeError`] when no look came about.
    pub async fn read_source(
        &self,
        place: Place<'_>,
        commit: &Sha,
        branch: Option<&str>,
    ) -> Result<SourceRead, ForgeError> {
        let gone = || ForgeError::Gone { what: format!("repository {}", place.repo) };
        let variables = Variables {
            owner: place.repo.owner(),
            name: place.repo.name(),
            commit: commit.as_str(),
            branch: &branch.map_or_else(|| "refs/heads/".to_owned(), |name| format!("refs/heads/{name}")),
            own_rules: OWN_RULES,
        };
        let data: Data = self.inner.api.query(place.installation, &SOURCE, &variables).await?;
        let found = data.repository.ok_or_else(gone)?;
        let repository = wire::repository(&found.repository)?;
        if repository.id != place.repo_id {
            return Err(gone());
        }
        Ok(found.read(repository))
    }

    /// Whether a commit is among those that lead to another; unknown where the forge finds nothing in common, for it may
    /// only not know one of them yet.
    ///
    /// # Errors
    /// [`ForgeError`] when no look came about.
    pub async fn leads_to(
        &self,
        place: Place<'_>,
        repo: &RepoName,
        commit: &Sha,
        tip: &Sha,
    ) -> Result<Fact<bool>, ForgeError> {
        if commit == tip {
            return Ok(Fact::Known(true));
        }
        let ends = format!("{tip}...{commit}");
        let mut url = self.inner.api.addresses.rest(&["repos", repo.owner(), repo.name(), "compare", &ends]);
        // The files come with the first page alone, and nobody asks for them.
        url.query_pairs_mut().append_pair("per_page", "1").append_pair("page", "2");
        match self.inner.api.read::<Compared>(place.installation, "compare_commits", url).await {
            Ok(compared) => Ok(Fact::Known(matches!(compared.status.as_str(), "behind" | "identical"))),
            Err(ForgeError::Gone { .. }) => {
                Ok(Fact::unknown(format!("the forge does not compare it with {}", tip.short())))
            }
            Err(error) => Err(error),
        }
    }

    /// Who moved a branch to a commit, as the newest activities of the branch tell.
    ///
    /// # Errors
    /// [`ForgeError`] when no look came about.
    pub async fn pushed_by(
        &self,
        place: Place<'_>,
        repo: &RepoName,
        name: &RefName,
        commit: &Sha,
    ) -> Result<Fact<Account>, ForgeError> {
        let mut url = self.inner.api.addresses.rest(&["repos", repo.owner(), repo.name(), "activity"]);
        let page = PAGE.to_string();
        url.query_pairs_mut().append_pair("ref", name.as_str()).append_pair("per_page", &page);
        let listed: Vec<Activity> = self.inner.api.read(place.installation, "list_activities", url).await?;
        let found = listed.iter().find(|activity| activity.after == commit.as_str());
        Ok(match found {
            None => Fact::unknown("no activity of the branch leads to it"),
            Some(activity) if PUSHES.contains(&activity.activity_type.as_str()) => {
                RestAccount::fact(activity.actor.as_ref())
            }
            // A merge whose pull request the forge does not name yet.
            Some(_) => Fact::unknown("it was not pushed, and the forge does not tell what brought it"),
        })
    }
}

impl Found {
    fn read(self, repository: Repository) -> SourceRead {
        let branch = self.default_branch_ref;
        let default_branch = branch.as_ref().and_then(|branch| {
            let oid = branch.target.as_ref()?.get("oid")?.as_str()?;
            Some((branch.name.clone(), Sha::parse(oid)?))
        });
        let rules = branch.map(|branch| BranchNode {
            target: branch.target.and_then(|target| serde_json::from_value(target).ok()),
        });
        let own = |pull: &PullNode| {
            pull.base_repository.as_ref().and_then(|base| base.database_id) == Some(repository.id.0)
        };
        let pulls = match self.object.and_then(|commit| commit.associated_pull_requests) {
            None => Fact::unknown("the forge does not show the commit"),
            Some(page) => page.whole("all pull requests of the commit", |pull| {
                let commit = pull.merge_commit.as_ref().and_then(|commit| Sha::parse(&commit.oid));
                let head = Sha::parse(&pull.head_ref_oid);
                let base = pull.base_ref_name.clone();
                (pull.merged && own(pull)).then_some(MergedPull { number: pull.number, base, head, commit })
            }),
        };
        SourceRead {
            own_rules: file::at_tip(rules.as_ref(), OWN_RULES, OWN_MAX_BYTES),
            default_branch,
            branch: self.branch.and_then(|branch| Sha::parse(&branch.target?.oid)),
            pulls: match pulls {
                Fact::Known(pulls) => Fact::Known(pulls.into_iter().flatten().collect()),
                Fact::Unknown(why) => Fact::Unknown(why),
            },
            repository,
        }
    }
}
