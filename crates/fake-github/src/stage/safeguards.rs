//! What guards a repository beside the gate: rulesets, classic branch protection, environments, deploy keys.
//!
//! Its REST API tells of them; rulesets and classic protection are also enforced: see [`rules`](crate::rules).

use serde::Deserialize;

use crate::refs::Kind;

/// Everything that guards one repository.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Safeguards {
    /// Rulesets, those of the organisation among them.
    pub rulesets: Vec<RulesetSpec>,
    /// Classic branch protection, a branch each.
    pub classic: Vec<ClassicSpec>,
    /// Environments that deployments go to.
    pub environments: Vec<EnvironmentSpec>,
    /// Deploy keys.
    pub deploy_keys: Vec<DeployKeySpec>,
    /// Whose workflow runs from forks wait for a person, in GitHub's words.
    pub fork_approval: Option<String>,
}

/// One ruleset.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulesetSpec {
    /// The numeric id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// `active`, `evaluate` or `disabled`; active when absent.
    #[serde(default = "active")]
    pub enforcement: String,
    /// The organisation whose ruleset it is; the repository's own when absent.
    pub organization: Option<String>,
    /// Branches by name, or `~ALL`, or `~DEFAULT_BRANCH`.
    #[serde(default)]
    pub branches: Vec<String>,
    /// Tags by name, or `~ALL`; a ruleset is for branches or for tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Required status checks.
    #[serde(default)]
    pub checks: Vec<CheckSpec>,
    /// What a change needs to come in by pull request only.
    pub reviews: Option<ReviewsSpec>,
    /// Whether forced pushes are blocked.
    #[serde(default)]
    pub no_force_push: bool,
    /// Whether deletion is blocked.
    #[serde(default)]
    pub no_deletion: bool,
    /// Whether creation is blocked.
    #[serde(default)]
    pub no_creation: bool,
    /// Whether every update is blocked.
    #[serde(default)]
    pub no_update: bool,
    /// Who may go past it.
    #[serde(default)]
    pub bypass: Vec<BypassSpec>,
}

/// One required status check.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckSpec {
    /// The check's name.
    pub context: String,
    /// The App that it must come from.
    pub app: Option<u64>,
}

/// What a pull request needs.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReviewsSpec {
    /// Approvals.
    pub approvals: u64,
    /// Whether a push takes approvals back.
    pub dismiss_stale: bool,
    /// Whether somebody else than who pushed last must approve.
    pub last_push: bool,
}

/// Somebody who may go past a ruleset: a login, or GitHub's words.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "Bypass")]
pub struct BypassSpec {
    /// `Integration`, `OrganizationAdmin`, `RepositoryRole`, `Team`, `DeployKey` or `User`.
    pub kind: String,
    /// Which one.
    pub id: Option<u64>,
    /// `always`, `pull_request` or `exempt`.
    pub mode: String,
    /// The login of an account or the slug of the App, always let through.
    pub login: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Bypass {
    Login(String),
    Words(BypassWords),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BypassWords {
    #[serde(rename = "type")]
    kind: String,
    id: Option<u64>,
    mode: String,
}

impl From<Bypass> for BypassSpec {
    fn from(said: Bypass) -> Self {
        match said {
            Bypass::Login(login) => {
                Self { kind: String::new(), id: None, mode: "always".to_owned(), login: Some(login) }
            }
            Bypass::Words(BypassWords { kind, id, mode }) => Self { kind, id, mode, login: None },
        }
    }
}

/// Classic protection of one branch.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassicSpec {
    /// The branch.
    pub branch: String,
    /// Required status checks.
    #[serde(default)]
    pub checks: Vec<CheckSpec>,
    /// What a pull request needs.
    pub reviews: Option<ReviewsSpec>,
    /// Whether administrators are held to it.
    #[serde(default)]
    pub enforce_admins: bool,
    /// Whether forced pushes are let through.
    #[serde(default)]
    pub allow_force_pushes: bool,
    /// Whether the branch may be deleted.
    #[serde(default)]
    pub allow_deletions: bool,
}

/// One environment.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentSpec {
    /// Its name.
    pub name: String,
    /// Logins of those of whom one must approve.
    #[serde(default)]
    pub reviewers: Vec<String>,
    /// Whether who started a deployment may not approve it.
    #[serde(default)]
    pub prevent_self_review: bool,
    /// Whether administrators may go past it; GitHub's default is that they may.
    #[serde(default = "yes")]
    pub admins_bypass: bool,
    /// Slugs of Apps whose custom protection rules must say yes.
    #[serde(default)]
    pub protection: Vec<String>,
    /// Branches that may deploy, by name; every branch when empty. Told, not enforced.
    #[serde(default)]
    pub branches: Vec<String>,
    /// Where deliveries say that answers go, instead of the true address.
    pub callback_url: Option<String>,
}

/// One deploy key.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeployKeySpec {
    /// Its title.
    pub title: String,
    /// Whether it may push.
    #[serde(default)]
    pub write: bool,
}

/// The App's webhook, as its settings have it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HookSpec {
    /// Where deliveries go.
    pub url: String,
    /// `json` or `form`.
    pub content_type: String,
    /// `0`, or `1` when certificates are not verified.
    pub insecure_ssl: String,
}

impl Default for HookSpec {
    fn default() -> Self {
        Self {
            url: "https://gate.acme.example/webhooks/github".to_owned(),
            content_type: "json".to_owned(),
            insecure_ssl: "0".to_owned(),
        }
    }
}

impl RulesetSpec {
    /// Whether it holds on this branch now.
    pub(crate) fn holds(&self, branch: &str, default_branch: &str) -> bool {
        let named = |pattern: &String| match pattern.as_str() {
            "~ALL" => true,
            "~DEFAULT_BRANCH" => branch == default_branch,
            name => branch == name,
        };
        self.enforcement == "active" && self.branches.iter().any(named)
    }

    /// Whether it holds on this ref, by full name, now.
    pub(crate) fn holds_on(&self, full: &str, default_branch: &str) -> bool {
        match Kind::of(full) {
            (Kind::Branch, branch) => self.holds(branch, default_branch),
            (Kind::Tag, tag) => {
                self.enforcement == "active" && self.tags.iter().any(|name| name == "~ALL" || name == tag)
            }
            (Kind::Other, _) => false,
        }
    }
}

fn active() -> String {
    "active".to_owned()
}

fn yes() -> bool {
    true
}
