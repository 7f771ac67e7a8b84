//! The verbs that act on a pull request that is already there, and on people and repositories around it.

use serde::Deserialize;

/// A verb that needs no more than the pull request.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnPull {
    /// Who does it.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name` of the base repository.
    pub repo: String,
    /// The number.
    pub pull: u64,
}

impl OnPull {
    /// Somebody, on a pull request.
    #[must_use]
    pub fn new(actor: &str, repo: &str, pull: u64) -> Self {
        Self { actor: actor.to_owned(), repo: repo.to_owned(), pull }
    }
}

/// A submitted review.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// Who reviews.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name` of the base repository.
    pub repo: String,
    /// The number.
    pub pull: u64,
    /// `APPROVED`, `CHANGES_REQUESTED` or `COMMENTED`.
    pub state: ReviewState,
    /// The commit looked at; the head when absent.
    pub commit: Option<String>,
    /// What the reviewer says.
    #[serde(default)]
    pub body: String,
    /// How many such reviews, one after the other.
    #[serde(default = "one")]
    pub times: u32,
}

fn one() -> u32 {
    1
}

/// GraphQL's `PullRequestReviewState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReviewState {
    /// In favour.
    Approved,
    /// Against.
    ChangesRequested,
    /// Neither.
    Commented,
    /// Was decisive once, and was taken back.
    Dismissed,
}

impl ReviewState {
    /// GitHub's word; webhooks use it in lower case.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Approved => "APPROVED",
            Self::ChangesRequested => "CHANGES_REQUESTED",
            Self::Commented => "COMMENTED",
            Self::Dismissed => "DISMISSED",
        }
    }
}

/// A dismissal of the latest decisive review of `of`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dismiss {
    /// Who dismisses.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name` of the base repository.
    pub repo: String,
    /// The number.
    pub pull: u64,
    /// Whose review.
    pub of: String,
}

/// A label that comes or goes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// Who does it.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name` of the base repository.
    pub repo: String,
    /// The number.
    pub pull: u64,
    /// The label's name.
    pub label: String,
}

/// A new base branch.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retarget {
    /// Who does it.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name` of the base repository.
    pub repo: String,
    /// The number.
    pub pull: u64,
    /// The branch.
    pub base: String,
}

/// New words.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// Who does it.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name` of the base repository.
    pub repo: String,
    /// The number.
    pub pull: u64,
    /// The new title.
    pub title: Option<String>,
    /// The new body.
    pub body: Option<String>,
}

/// Somebody leaves an organisation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoveMember {
    /// Who does it.
    #[serde(rename = "as")]
    pub actor: String,
    /// The organisation.
    pub org: String,
    /// Who leaves.
    pub member: String,
}

/// Somebody loses write permission.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoveWriter {
    /// Who does it.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name`.
    pub repo: String,
    /// Who loses it.
    pub writer: String,
}

/// A fork goes away.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteFork {
    /// `owner/name` of the fork.
    pub repo: String,
}

/// An account goes away.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteAccount {
    /// Its REST login.
    pub login: String,
}

/// "Re-run" on the newest check run of the App on the head of a pull request.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rerequest {
    /// Who presses.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name` of the base repository.
    pub repo: String,
    /// The number.
    pub pull: u64,
}

/// A check run by an App that is not ours.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForeignCheck {
    /// The other App's slug.
    pub app: String,
    /// `owner/name`.
    pub repo: String,
    /// The number of the pull request whose head gets it.
    pub pull: u64,
    /// The name it posts under.
    pub name: String,
    /// How it ended.
    pub conclusion: String,
}

/// Check runs that the forge does not keep any longer: GitHub archives those of 400 days and deletes them ten days
/// later. Nobody can delete one by hand.
/// <https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/collaborating-on-repositories-with-code-quality-features/about-status-checks>
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForgetChecks {
    /// `owner/name`.
    pub repo: String,
    /// The number of the pull request whose head loses them.
    pub pull: u64,
}
