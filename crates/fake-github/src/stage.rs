//! What stands before the story begins: the accounts, organisations, teams and repositories of a `forge.toml`,
//! and the steps that follow.
//!
//! Not the state itself: [`World`](crate::world::World) is made from it. The rule: a word nobody knows is an
//! error that names its place, so that a misspelt scenario cannot pass by accident.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::step::Step;

mod safeguards;

pub use safeguards::{
    BypassSpec, CheckSpec, ClassicSpec, DeployKeySpec, EnvironmentSpec, HookSpec, ReviewsSpec, RulesetSpec,
    Safeguards,
};

/// A whole `forge.toml`.
#[derive(Debug, Clone, Default)]
pub struct Stage {
    /// The App that the gate plays.
    pub app: AppSpec,
    /// The accounts.
    pub users: Vec<UserSpec>,
    /// The organisations.
    pub orgs: Vec<OrgSpec>,
    /// The teams.
    pub teams: Vec<TeamSpec>,
    /// The repositories; a fork names its parent and comes after it.
    pub repos: Vec<RepoSpec>,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// The registered App and its one installation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AppSpec {
    /// The App's numeric id, which is the `iss` of its JWT.
    pub id: u64,
    /// The slug; its bot is `<slug>[bot]`.
    pub slug: String,
    /// The display name; the slug when empty.
    pub name: String,
    /// The id of its installation.
    pub installation: u64,
    /// The webhook secret.
    pub webhook_secret: String,
    /// What the installation was granted.
    pub permissions: BTreeMap<String, String>,
    /// What it is subscribed to; everything but `create` and `delete` when absent.
    pub events: Vec<String>,
    /// Whether the installation is suspended: no token is given out.
    pub suspended: bool,
    /// The App's webhook.
    pub hook: HookSpec,
}

impl Default for AppSpec {
    fn default() -> Self {
        let granted = [
            ("actions", "write"),
            ("checks", "write"),
            ("contents", "read"),
            ("members", "read"),
            ("metadata", "read"),
            ("pull_requests", "read"),
            ("statuses", "write"),
        ];
        let events = [
            "branch_protection_configuration",
            "branch_protection_rule",
            "check_run",
            "check_suite",
            "commit_comment",
            "deploy_key",
            "deployment",
            "deployment_protection_rule",
            "deployment_review",
            "deployment_status",
            "issue_comment",
            "issues",
            "member",
            "membership",
            "merge_group",
            "organization",
            "personal_access_token_request",
            "pull_request",
            "pull_request_review",
            "issue_comment",
            "push",
            "registry_package",
            "release",
            "repository",
            "repository_dispatch",
            "repository_ruleset",
            "secret_scanning_alert",
            "security_and_analysis",
            "team",
            "workflow_dispatch",
            "workflow_job",
            "workflow_run",
        ];
        Self {
            id: 4242,
            slug: "portcullis".to_owned(),
            name: String::new(),
            installation: 7001,
            webhook_secret: "a-secret-only-the-fake-knows".to_owned(),
            permissions: granted
                .iter()
                .map(|(name, level)| ((*name).to_owned(), (*level).to_owned()))
                .collect(),
            events: events.map(str::to_owned).to_vec(),
            suspended: false,
            hook: HookSpec::default(),
        }
    }
}

/// What an account is, in GitHub's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum AccountType {
    /// A user account; people and machine users alike.
    #[default]
    User,
    /// An App's account.
    Bot,
    /// An organisation.
    Organization,
    /// A placeholder for an imported account.
    Mannequin,
}

impl AccountType {
    /// GitHub's word for it, the same in REST and GraphQL.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Bot => "Bot",
            Self::Organization => "Organization",
            Self::Mannequin => "Mannequin",
        }
    }
}

/// One account.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserSpec {
    /// The login as REST and webhooks show it, `[bot]` included.
    pub login: String,
    /// The numeric id.
    pub id: u64,
    /// What it is.
    #[serde(rename = "type", default)]
    pub kind: AccountType,
    /// The login as GraphQL shows it, where that is not just the REST login without `[bot]`.
    pub graphql_login: Option<String>,
    /// Verified e-mail addresses, beside the two no-reply ones that every account has.
    #[serde(default)]
    pub emails: Vec<String>,
}

/// One organisation.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrgSpec {
    /// Its login.
    pub login: String,
    /// Its numeric id.
    pub id: u64,
    /// Logins of its members.
    #[serde(default)]
    pub members: Vec<String>,
}

/// One team.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeamSpec {
    /// The organisation's login.
    pub org: String,
    /// The slug.
    pub slug: String,
    /// The numeric id; made up when absent.
    pub id: Option<u64>,
    /// Logins of its members.
    #[serde(default)]
    pub members: Vec<String>,
}

/// One repository.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepoSpec {
    /// `owner/name`.
    pub name: String,
    /// The numeric id.
    pub id: u64,
    /// The default branch.
    #[serde(default = "main_branch")]
    pub default_branch: String,
    /// The first commit's files.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Logins with write permission.
    #[serde(default)]
    pub writers: Vec<String>,
    /// Logins with admin permission.
    #[serde(default)]
    pub admins: Vec<String>,
    /// `owner/name` of the parent, which makes this a fork.
    pub fork_of: Option<String>,
    /// Whether only its members see it.
    #[serde(default)]
    pub private: bool,
    /// What guards it beside the gate.
    #[serde(default)]
    pub safeguards: Safeguards,
    /// Whether a push to a branch starts every workflow whose `on:` names `push`; filters are not looked at.
    #[serde(default)]
    pub runs_on_push: bool,
}

fn main_branch() -> String {
    "main".to_owned()
}

/// Why a `forge.toml` is no stage.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The text is not what a `forge.toml` may say; the message points at the place.
    #[error("the stage cannot be read: {0}")]
    Text(#[from] toml::de::Error),
    /// One step is not a step.
    #[error("step {number} (line {line}): {problem}")]
    Step {
        /// Counted from one.
        number: usize,
        /// The line where the step begins.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    app: AppSpec,
    #[serde(default)]
    users: Vec<UserSpec>,
    #[serde(default)]
    orgs: Vec<OrgSpec>,
    #[serde(default)]
    teams: Vec<TeamSpec>,
    #[serde(default)]
    repos: Vec<RepoSpec>,
    #[serde(default)]
    steps: Vec<toml::Spanned<toml::Table>>,
}

impl Stage {
    /// Reads a `forge.toml`.
    ///
    /// # Errors
    /// When a key is unknown, missing or of the wrong type; the message says where.
    pub fn parse(text: &str) -> Result<Self, StageError> {
        let file: File = toml::from_str(text)?;
        let mut steps = Vec::new();
        for (index, spanned) in file.steps.into_iter().enumerate() {
            let line = 1 + text.get(..spanned.span().start).unwrap_or_default().matches('\n').count();
            let table = toml::Value::Table(spanned.into_inner());
            let step = table.try_into::<Step>().map_err(|error| StageError::Step {
                number: index + 1,
                line,
                problem: error.message().to_owned(),
            })?;
            steps.push(step);
        }
        let File { app, users, orgs, teams, repos, .. } = file;
        Ok(Self { app, users, orgs, teams, repos, steps })
    }
}

#[cfg(test)]
mod tests {
    use super::Stage;

    #[test]
    fn a_misspelt_key_is_named_with_its_place() {
        let error =
            Stage::parse("[[repos]]\nname = \"acme/web\"\nid = 1\nwriter = []\n").unwrap_err().to_string();
        assert!(error.contains("line 4") && error.contains("`writer`"), "{error}");
    }

    #[test]
    fn a_misspelt_step_is_named_with_its_place() {
        let text = "[[steps]]\ndo = \"close\"\nas = \"bob\"\nrepo = \"acme/web\"\npull = 1\n\n\
                    [[steps]]\ndo = \"push\"\nas = \"bob\"\nrepo = \"acme/web\"\nbrnch = \"x\"\n";
        let error = Stage::parse(text).unwrap_err().to_string();
        assert!(error.starts_with("step 2 (line 7)") && error.contains("`brnch`"), "{error}");
    }

    #[test]
    fn the_sample_is_a_stage() {
        let stage = Stage::parse(include_str!("../forge.sample.toml")).unwrap();
        assert_eq!(stage.repos[0].name, "acme/web");
        assert!(!stage.steps.is_empty());
    }
}
