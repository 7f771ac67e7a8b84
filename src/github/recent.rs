//! The pull requests of a repository that changed last, for changes of which no delivery told.
//!
//! GitHub repeats no delivery that was lost
//! (<https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries>). A list of a hundred is one
//! call, and says of each when it changed.

use policy::facts::PullState;
use policy::{InstallationId, Millis, RepoId, RepoName, Sha};
use serde::{Deserialize, Serialize};

use super::GitHub;
use super::error::ForgeError;
use super::graphql::RECENT_PULLS;
use super::wire::{self, Page, RepositoryRef, moment};

/// Pages of a hundred; what changed before all these is left to deliveries.
const MOST_PAGES: usize = 5;

/// Which pull requests are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that can still be merged.
    Open,
    /// Closed and merged ones too.
    All,
}

/// A pull request as the list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its number.
    pub number: u64,
    /// Whether it can still be merged.
    pub state: PullState,
    /// When it changed last, by the forge's clock.
    pub updated_at: Millis,
    /// When it was merged.
    pub merged_at: Option<Millis>,
    /// Its head.
    pub head: Sha,
}

#[derive(Debug, Serialize)]
struct Variables<'a> {
    owner: &'a str,
    name: &'a str,
    states: Option<[&'static str; 1]>,
    after: Option<String>,
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
    pull_requests: Option<Page<PullNode>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PullNode {
    number: u64,
    state: String,
    updated_at: String,
    merged_at: Option<String>,
    head_ref_oid: String,
}

impl GitHub {
    /// Pull requests that changed since a moment, newest first; at most 500, and some older ones among them.
    ///
    /// # Errors
    /// [`ForgeError::Gone`] when another repository has the name now.
    pub async fn recent_pulls(
        &self,
        installation: InstallationId,
        (id, repo): (RepoId, &RepoName),
        which: Which,
        since: Millis,
    ) -> Result<Vec<Listed>, ForgeError> {
        let gone = || ForgeError::Gone { what: format!("repository {repo}") };
        let states = (which == Which::Open).then_some(["OPEN"]);
        let mut variables = Variables { owner: repo.owner(), name: repo.name(), states, after: None };
        let mut listed = Vec::new();
        for _ in 0..MOST_PAGES {
            let data: Data = self.inner.api.query(installation, &RECENT_PULLS, &variables).await?;
            let found = data.repository.ok_or_else(gone)?;
            if wire::repository(&found.repository)?.id != id {
                return Err(gone());
            }
            let Some(page) = found.pull_requests else {
                return Err(ForgeError::Incomplete { what: format!("the pull requests of {repo}") });
            };
            listed.extend(page.nodes().filter_map(PullNode::read));
            let older = listed.last().is_some_and(|last| last.updated_at < since);
            variables.after = page.page_info.end_cursor.clone().filter(|_| page.page_info.has_next_page);
            if older || variables.after.is_none() {
                break;
            }
        }
        Ok(listed)
    }
}

impl PullNode {
    fn read(&self) -> Option<Listed> {
        let state = match self.state.as_str() {
            "OPEN" => PullState::Open,
            "MERGED" => PullState::Merged,
            _ => PullState::Closed,
        };
        Some(Listed {
            number: self.number,
            state,
            updated_at: moment(&self.updated_at)?,
            merged_at: self.merged_at.as_deref().and_then(moment),
            head: Sha::parse(&self.head_ref_oid)?,
        })
    }
}
