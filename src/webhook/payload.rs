//! The few fields of GitHub's payloads that are needed, as GitHub writes them. Wire types: they go no further.
//!
//! Everything is optional but what identifies. Unknown fields are passed over, moments may be numbers or text
//! (`installation.created_at` is a number, `pull_request.updated_at` a text), ids fit the store.

pub(super) mod guard;

use policy::facts::ReviewState;
use policy::{InstallationId, Millis, RepoId, RepoName, Sha, UserId};
use serde::{Deserialize, Deserializer, de};

/// What every payload may carry.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Common {
    #[serde(default, deserialize_with = "word")]
    pub(super) action: Option<String>,
    pub(super) repository: Option<Repository>,
    pub(super) installation: Option<Installation>,
    pub(super) sender: Option<Account>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Repository {
    #[serde(deserialize_with = "repo_id")]
    pub(super) id: RepoId,
    pub(super) full_name: RepoName,
}

#[derive(Debug, Deserialize)]
pub(super) struct Installation {
    #[serde(deserialize_with = "installation_id")]
    pub(super) id: InstallationId,
}

#[derive(Debug, Deserialize)]
pub(super) struct Account {
    #[serde(deserialize_with = "user_id")]
    pub(super) id: UserId,
    #[serde(default)]
    pub(super) login: String,
    #[serde(default, rename = "type")]
    pub(super) kind: String,
}

/// `pull_request` and `pull_request_review`.
#[derive(Debug, Deserialize)]
pub(super) struct OnPull {
    pub(super) pull_request: Pull,
    /// Only in `pull_request_review`.
    pub(super) review: Option<Review>,
}

/// `issue_comment`.
#[derive(Debug, Deserialize)]
pub(super) struct OnComment {
    pub(super) issue: Issue,
    pub(super) comment: Comment,
    /// Only when it was edited.
    pub(super) changes: Option<CommentChanges>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Issue {
    #[serde(deserialize_with = "id")]
    pub(super) number: u64,
    #[serde(default, deserialize_with = "moment")]
    pub(super) updated_at: Option<Millis>,
    /// Only of a pull request.
    pub(super) pull_request: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Comment {
    pub(super) body: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CommentChanges {
    pub(super) body: Option<Before>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Before {
    pub(super) from: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Review {
    #[serde(deserialize_with = "id")]
    pub(super) id: u64,
    #[serde(deserialize_with = "review_state")]
    pub(super) state: ReviewState,
}

#[derive(Debug, Deserialize)]
pub(super) struct Pull {
    #[serde(deserialize_with = "id")]
    pub(super) number: u64,
    #[serde(default, deserialize_with = "moment")]
    pub(super) updated_at: Option<Millis>,
    pub(super) head: Head,
}

#[derive(Debug, Deserialize)]
pub(super) struct Head {
    pub(super) sha: Sha,
}

/// `push`.
#[derive(Debug, Deserialize)]
pub(super) struct OnPush {
    #[serde(rename = "ref")]
    pub(super) reference: String,
    #[serde(default)]
    forced: bool,
    before: Sha,
    after: Sha,
    #[serde(default)]
    commits: Vec<PushedCommit>,
    pub(super) repository: PushedTo,
}

#[derive(Debug, Deserialize)]
pub(super) struct PushedTo {
    pub(super) default_branch: Option<String>,
}

/// Paths are lists that GitHub may leave out.
#[derive(Debug, Deserialize)]
struct PushedCommit {
    added: Option<Vec<String>>,
    removed: Option<Vec<String>>,
    modified: Option<Vec<String>>,
}

/// GitHub lists no more commits of a push than this:
/// <https://docs.github.com/en/webhooks/webhook-events-and-payloads#push>
const LISTED_COMMITS: usize = 2_048;

/// Nor more changed files of a commit.
const LISTED_FILES: usize = 3_000;

impl OnPush {
    /// Where it stood; `None` when it was not there.
    pub(super) fn before(&self) -> Option<Sha> {
        Some(self.before.clone()).filter(|sha| !sha.is_zero())
    }

    /// Where it stands now; `None` when it is gone.
    pub(super) fn after(&self) -> Option<Sha> {
        Some(self.after.clone()).filter(|sha| !sha.is_zero())
    }

    /// Whether commits were left behind.
    pub(super) fn is_forced(&self) -> bool {
        self.forced
    }

    /// Whether the push may have changed a path: it did, or it cannot be seen that it did not.
    pub(super) fn may_touch(&self, path: &str) -> bool {
        let listed = !self.forced && self.commits.len() < LISTED_COMMITS;
        // A merge may list nothing; what it brings in stands with the commits that are merged.
        let tells = self.commits.iter().any(|commit| commit.listed() > 0);
        !listed || !tells || self.commits.iter().any(|commit| commit.may_touch(path))
    }
}

impl PushedCommit {
    fn lists(&self) -> [&Option<Vec<String>>; 3] {
        [&self.added, &self.removed, &self.modified]
    }

    fn listed(&self) -> usize {
        self.lists().into_iter().flatten().map(Vec::len).sum()
    }

    fn may_touch(&self, path: &str) -> bool {
        let whole = self.listed() < LISTED_FILES && self.lists().iter().all(|list| list.is_some());
        !whole || self.lists().into_iter().flatten().flatten().any(|one| one == path)
    }
}

/// `merge_group`.
#[derive(Debug, Deserialize)]
pub(super) struct OnMergeGroup {
    pub(super) merge_group: MergeGroup,
}

#[derive(Debug, Deserialize)]
pub(super) struct MergeGroup {
    pub(super) head_sha: Sha,
    pub(super) head_ref: String,
    pub(super) base_sha: Sha,
    pub(super) base_ref: String,
}

/// `workflow_run`.
#[derive(Debug, Deserialize)]
pub(super) struct OnWorkflowRun {
    pub(super) workflow_run: WorkflowRun,
}

#[derive(Debug, Deserialize)]
pub(super) struct WorkflowRun {
    #[serde(deserialize_with = "id")]
    pub(super) id: u64,
}

/// `workflow_job`.
#[derive(Debug, Deserialize)]
pub(super) struct OnWorkflowJob {
    pub(super) workflow_job: WorkflowJob,
    /// Only there when the job names an environment.
    pub(super) deployment: Option<JobDeployment>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WorkflowJob {
    #[serde(deserialize_with = "id")]
    pub(super) run_id: u64,
    #[serde(deserialize_with = "id")]
    // Older payloads leave it out; a job of the first attempt has no other.
    #[serde(default = "first")]
    pub(super) run_attempt: u64,
    #[serde(default)]
    pub(super) labels: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct JobDeployment {
    pub(super) environment: Option<String>,
}

/// `deployment_protection_rule`.
#[derive(Debug, Deserialize)]
pub(super) struct OnProtectionRule {
    pub(super) environment: String,
    /// Names the run, in its path. Nothing is ever sent there.
    pub(super) deployment_callback_url: String,
}

/// `deployment`.
#[derive(Debug, Deserialize)]
pub(super) struct OnDeployment {
    pub(super) deployment: Deployment,
    /// Only when a job of a run deploys.
    pub(super) workflow_run: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Deployment {
    #[serde(deserialize_with = "id")]
    pub(super) id: u64,
    pub(super) sha: Sha,
    #[serde(rename = "ref")]
    pub(super) reference: String,
    pub(super) environment: String,
    pub(super) creator: Option<Account>,
    pub(super) performed_via_github_app: Option<AppName>,
}

#[derive(Debug, Deserialize)]
pub(super) struct AppName {
    pub(super) slug: Option<String>,
}

/// `release`.
#[derive(Debug, Deserialize)]
pub(super) struct OnRelease {
    pub(super) release: Release,
}

#[derive(Debug, Deserialize)]
pub(super) struct Release {
    #[serde(deserialize_with = "id")]
    pub(super) id: u64,
    pub(super) tag_name: String,
    #[serde(default)]
    pub(super) draft: bool,
}

/// `registry_package`.
#[derive(Debug, Deserialize)]
pub(super) struct OnPackage {
    pub(super) registry_package: Package,
}

#[derive(Debug, Deserialize)]
pub(super) struct Package {
    #[serde(deserialize_with = "id")]
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) package_type: String,
    pub(super) package_version: Option<PackageVersion>,
}

#[derive(Debug, Deserialize)]
pub(super) struct PackageVersion {
    pub(super) version: Option<String>,
}

/// `check_run`.
#[derive(Debug, Deserialize)]
pub(super) struct OnCheckRun {
    pub(super) check_run: Check,
}

/// `check_suite`.
#[derive(Debug, Deserialize)]
pub(super) struct OnCheckSuite {
    pub(super) check_suite: Check,
}

/// What check runs and check suites have in common.
#[derive(Debug, Deserialize)]
pub(super) struct Check {
    pub(super) head_sha: Sha,
    pub(super) app: Option<App>,
    pub(super) pull_requests: Option<Vec<PullRef>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct App {
    #[serde(deserialize_with = "id")]
    pub(super) id: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct PullRef {
    #[serde(deserialize_with = "id")]
    pub(super) number: u64,
    pub(super) base: Option<Base>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Base {
    pub(super) repo: Option<BaseRepo>,
}

#[derive(Debug, Deserialize)]
pub(super) struct BaseRepo {
    #[serde(deserialize_with = "repo_id")]
    pub(super) id: RepoId,
}

/// A number that the store can hold.
fn id<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let number = u64::deserialize(from)?;
    if i64::try_from(number).is_err() {
        return Err(de::Error::custom("the number is too large"));
    }
    Ok(number)
}

fn repo_id<'de, D: Deserializer<'de>>(from: D) -> Result<RepoId, D::Error> {
    id(from).map(RepoId)
}

fn installation_id<'de, D: Deserializer<'de>>(from: D) -> Result<InstallationId, D::Error> {
    id(from).map(InstallationId)
}

fn user_id<'de, D: Deserializer<'de>>(from: D) -> Result<UserId, D::Error> {
    id(from).map(UserId)
}

/// A review's state, lower case in payloads and upper case elsewhere
/// (<https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request_review>). Only a dismissal must be seen
/// as such in a look, so an unknown word counts as a comment.
fn review_state<'de, D: Deserializer<'de>>(from: D) -> Result<ReviewState, D::Error> {
    let word = String::deserialize(from)?;
    Ok(match word.to_ascii_lowercase().as_str() {
        "approved" => ReviewState::Approved,
        "changes_requested" => ReviewState::ChangesRequested,
        "dismissed" => ReviewState::Dismissed,
        "pending" => ReviewState::Pending,
        _ => ReviewState::Commented,
    })
}

/// An action: a short word.
fn word<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let Some(text) = Option::<String>::deserialize(from)? else { return Ok(None) };
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    if !plain || text.is_empty() || text.len() > 64 {
        return Err(de::Error::custom("the action is not a short word"));
    }
    Ok(Some(text))
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Moment {
    Seconds(i64),
    Text(String),
}

/// A moment as GitHub writes it: seconds since 1970 or RFC 3339.
fn moment<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Millis>, D::Error> {
    let unreadable = || de::Error::custom("the moment is neither seconds nor RFC 3339");
    match Option::<Moment>::deserialize(from)? {
        None => Ok(None),
        Some(Moment::Seconds(seconds)) => {
            seconds.checked_mul(1000).map(|millis| Some(Millis(millis))).ok_or_else(unreadable)
        }
        Some(Moment::Text(text)) => text
            .parse::<jiff::Timestamp>()
            .map(|moment| Some(Millis(moment.as_millisecond())))
            .map_err(|_| unreadable()),
    }
}

fn first() -> u64 {
    1
}
