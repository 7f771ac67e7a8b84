//! Issues that tell people of incidents.
//!
//! Who opens one must hold the errand to do so. Whether it was opened before is asked of the forge each time: an answer
//! may have been lost, and an issue opened twice is one that people close twice.

use policy::{InstallationId, RepoName};
use serde::{Deserialize, Serialize};

use super::GitHub;
use super::api::Write;
use super::auth::Right;
use super::error::ForgeError;
use crate::lease::Errand;

/// Pages of a hundred that are searched for an issue that was opened before. They hold what our own bot opened since.
const MOST_PAGES: u32 = 10;

/// An issue to open.
#[derive(Debug, Serialize)]
pub struct NewIssue {
    /// One line.
    pub title: String,
    /// Markdown, with the marker in it.
    pub body: String,
}

#[derive(Debug, Deserialize)]
struct Installation {
    id: u64,
}

#[derive(Debug, Deserialize)]
struct Issue {
    number: u64,
    #[serde(default)]
    html_url: String,
    #[serde(default)]
    body: Option<String>,
}

impl GitHub {
    /// Opens an issue, unless our own bot has opened one with this marker in its body since `since` (RFC 3339). Answers its
    /// address.
    ///
    /// # Errors
    /// [`ForgeError`]; [`ForgeError::Gone`] when the App sees no such repository.
    pub async fn open_issue(
        &self,
        errand: &Errand,
        repo: &RepoName,
        issue: &NewIssue,
        since: &str,
    ) -> Result<String, ForgeError> {
        let api = &self.inner.api;
        let url = api.addresses.rest(&["repos", repo.owner(), repo.name(), "installation"]);
        let found: Installation = api.read_as_app("find_installation", url).await?;
        let installation = InstallationId(found.id);
        let marker = marker(errand.incident());
        if let Some(known) = self.known_issue(installation, repo, &marker, since).await? {
            return Ok(known.address(repo));
        }
        let marked =
            NewIssue { title: issue.title.clone(), body: format!("{}\n\n{marker}\n", issue.body.trim_end()) };
        let url = api.addresses.rest(&["repos", repo.owner(), repo.name(), "issues"]);
        let made: Issue =
            api.write_by(Right::Tell, installation, ("open_issue", Write::Create), url, &marked).await?;
        Ok(made.address(repo))
    }

    /// Anybody may write our marker into an issue; nobody but our bot is its creator.
    async fn known_issue(
        &self,
        installation: InstallationId,
        repo: &RepoName,
        marker: &str,
        since: &str,
    ) -> Result<Option<Issue>, ForgeError> {
        let api = &self.inner.api;
        let creator = self.own_login().await?;
        for page in 1..=MOST_PAGES {
            let mut url = api.addresses.rest(&["repos", repo.owner(), repo.name(), "issues"]);
            url.query_pairs_mut()
                .append_pair("creator", creator)
                .append_pair("state", "all")
                .append_pair("since", since)
                .append_pair("per_page", "100")
                .append_pair("page", &page.to_string());
            let issues: Vec<Issue> = api.read_by(Right::Tell, installation, "list_issues", url).await?;
            let last = issues.len() < 100;
            let marked = |issue: &Issue| issue.body.as_deref().is_some_and(|body| body.contains(marker));
            if let Some(known) = issues.into_iter().find(marked) {
                return Ok(Some(known));
            }
            if last {
                return Ok(None);
            }
        }
        // Better to tell nobody for now than to open it again and again.
        Err(ForgeError::Incomplete { what: "the issues that were opened before".to_owned() })
    }
}

impl Issue {
    fn address(&self, repo: &RepoName) -> String {
        match self.html_url.is_empty() {
            true => format!("{repo}#{}", self.number),
            false => self.html_url.clone(),
        }
    }
}

/// What tells our issue about an incident from others.
fn marker(incident: &str) -> String {
    format!("<!-- portcullis:{incident} -->")
}
