//! How the forge is set up around the gate: the App, its webhook, its installations, and what guards each branch.
//!
//! For `portcullis doctor`, never for a verdict. What is told here was read; it is judged elsewhere. The rule: a list is
//! whole or unknown, and what was refused is unknown with what it would take, never empty.

use std::collections::{BTreeMap, BTreeSet};

use policy::{Fact, InstallationId, RepoId, RepoName};

use super::RulesFile;

pub(super) mod ask;
pub(super) mod branch;
mod read;
pub(super) mod wire;

/// Permissions by name, with their level.
pub type Grants = BTreeMap<String, String>;

/// The App as its settings have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppSeen {
    /// Its number.
    pub id: u64,
    /// Its name in addresses.
    pub slug: String,
    /// What it asks of whoever installs it.
    pub permissions: Grants,
    /// What it is subscribed to.
    pub events: BTreeSet<String>,
}

/// The App's webhook, as its settings have it. What the forge leaves out is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookSeen {
    /// Where deliveries go.
    pub url: Option<String>,
    /// `json` or `form`.
    pub content_type: Option<String>,
    /// `0` when certificates are verified.
    pub insecure_ssl: Option<String>,
    /// Whether deliveries are signed.
    pub signed: bool,
}

/// The newest deliveries, a page of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeliveriesSeen {
    /// How many there are.
    pub seen: usize,
    /// How many of them were never taken.
    pub failed: usize,
    /// The newest of those, in the forge's words.
    pub newest_failure: Option<String>,
}

/// One installation of the App.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallationSeen {
    /// Its number.
    pub id: InstallationId,
    /// The organisation's or account's name.
    pub account: String,
    /// Whether that is an organisation.
    pub organization: bool,
    /// What was granted.
    pub permissions: Grants,
    /// What it is told of.
    pub events: BTreeSet<String>,
    /// Whether it is suspended: the forge gives out no token.
    pub suspended: bool,
}

/// One repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositorySeen {
    /// Its number.
    pub id: RepoId,
    /// `owner/name`.
    pub name: RepoName,
    /// The default branch.
    pub default_branch: String,
    /// Whether only members see it.
    pub private: bool,
    /// Whether nothing can be pushed to it.
    pub archived: bool,
}

/// What guards one repository.
#[derive(Debug, Clone)]
pub struct RepositoryPosture {
    /// Which one.
    pub repository: RepositorySeen,
    /// The governed branches: the default branch, then those with protection or rulesets. Unknown when they cannot be
    /// listed; the default branch is in `branches` then all the same.
    pub listed: Fact<()>,
    /// Each of them.
    pub branches: Vec<BranchPosture>,
    /// What stands where its own rules are looked for.
    pub own_rules: Fact<RulesFile>,
    /// The deploy keys that may push, by number and title.
    pub writing_keys: Fact<Vec<(u64, String)>>,
    /// Whose workflow runs from forks wait for a person, in the forge's words; `None` for a private repository.
    pub fork_approval: Option<Fact<String>>,
    /// Its environments.
    pub environments: Fact<Vec<Environment>>,
}

/// What guards one branch.
#[derive(Debug, Clone)]
pub struct BranchPosture {
    /// Its name.
    pub name: String,
    /// The rules in force, of all rulesets.
    pub rules: Fact<Vec<BranchRule>>,
    /// Its classic protection, if it has any.
    pub classic: Fact<Option<Classic>>,
    /// Who may go past a ruleset, by its number; of those that require our check.
    pub bypass: BTreeMap<u64, Fact<Vec<Bypass>>>,
}

/// One rule of a ruleset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchRule {
    /// The ruleset's number, when the forge tells.
    pub ruleset: Option<u64>,
    /// Whose ruleset it is: `acme`, `acme/web`.
    pub source: String,
    /// What it demands.
    pub demand: Demand,
}

/// What a rule demands, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Demand {
    /// These checks.
    Checks(Vec<RequiredCheck>),
    /// A pull request.
    Reviews(Reviews),
    /// No forced push.
    NoForcePush,
    /// No deletion.
    NoDeletion,
    /// Something else.
    Other,
}

/// One required check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequiredCheck {
    /// Its name.
    pub context: String,
    /// The App that it must come from; anybody's when `None`.
    pub app: Option<u64>,
}

/// What a pull request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reviews {
    /// How many approvals.
    pub approvals: u64,
    /// A push takes approvals back.
    pub dismiss_stale: bool,
    /// Somebody else than who pushed last must approve.
    pub last_push: bool,
}

/// Classic protection of one branch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Classic {
    /// Required checks.
    pub checks: Vec<RequiredCheck>,
    /// What a pull request needs.
    pub reviews: Option<Reviews>,
    /// Whether administrators are held to it.
    pub enforce_admins: bool,
    /// Whether forced pushes are let through.
    pub allow_force_pushes: bool,
    /// Whether the branch may be deleted.
    pub allow_deletions: bool,
}

/// Somebody who may go past a ruleset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bypass {
    /// `Integration`, `OrganizationAdmin`, `RepositoryRole`, `Team`, `DeployKey` or `User`.
    pub kind: String,
    /// Which one.
    pub id: Option<u64>,
    /// `always`, `pull_request` or `exempt`.
    pub mode: String,
}

/// One environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// Whether somebody must approve what is deployed there.
    pub reviewed: bool,
    /// Whether who started a deployment may not approve it.
    pub prevent_self_review: bool,
    /// Whether administrators may go past its rules; `None` when the forge does not say.
    pub admins_bypass: Option<bool>,
    /// Whether our App is asked as well.
    pub asks_us: Fact<bool>,
}
