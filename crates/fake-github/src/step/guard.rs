//! The verbs that change what guards a repository, and who the App may see.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::stage::{ClassicSpec, DeployKeySpec, EnvironmentSpec, RulesetSpec};

/// Something about a repository changes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeRepo {
    /// Who changes it.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name`, as it is called before.
    pub repo: String,
    /// What.
    pub change: RepoChange,
}

/// What changes about a repository.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepoChange {
    /// A new ruleset.
    RulesetCreated(RulesetSpec),
    /// A ruleset, known by its id, becomes this.
    RulesetEdited(RulesetSpec),
    /// The ruleset of this id goes away.
    RulesetDeleted(u64),
    /// A new classic protection of a branch.
    ProtectionCreated(ClassicSpec),
    /// The classic protection of the branch becomes this.
    ProtectionEdited(ClassicSpec),
    /// The classic protection of this branch goes away.
    ProtectionDeleted(String),
    /// All classic protection holds again.
    ProtectionEnabled,
    /// No classic protection holds, whatever is configured.
    ProtectionDisabled,
    /// Another name.
    Renamed(String),
    /// Another owner.
    Transferred(String),
    /// Everybody may read.
    Publicized,
    /// Only its members may read.
    Privatized,
    /// Nobody may write.
    Archived,
    /// It can be written again.
    Unarchived,
    /// Another default branch.
    DefaultBranch(String),
    /// Somebody becomes a collaborator.
    MemberAdded(Collaborator),
    /// A collaborator's permission changes.
    MemberEdited(Collaborator),
    /// The team, known by its slug, gets this permission.
    TeamEdited(TeamAccess),
    /// The team of this slug loses the repository.
    TeamRemoved(String),
    /// A new deploy key.
    DeployKeyCreated(DeployKeySpec),
    /// The deploy key of this title goes away.
    DeployKeyDeleted(String),
    /// The environment of this name becomes this. GitHub sends no delivery for it.
    EnvironmentEdited(EnvironmentSpec),
    /// Security features, on or off, by GitHub's names such as `secret_scanning`.
    Security(BTreeMap<String, bool>),
    /// A secret of this type was found, such as `github_app_installation_access_token`.
    SecretFound(String),
}

/// What an account may do.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collaborator {
    /// Who.
    pub login: String,
    /// `read`, `write` or `admin`.
    pub permission: String,
}

/// What a team may do.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeamAccess {
    /// The team's slug.
    pub team: String,
    /// `read`, `write` or `admin`.
    pub permission: String,
}

/// Something about an organisation, or about the App's installation, changes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeAccess {
    /// Who changes it.
    #[serde(rename = "as")]
    pub actor: String,
    /// What.
    pub change: AccessChange,
}

/// What changes about who may see what.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessChange {
    /// Somebody joins a team.
    TeamJoined(Joined),
    /// Somebody leaves a team.
    TeamLeft(Joined),
    /// The App's installation is suspended: no token, no delivery.
    Suspended,
    /// The installation works again.
    Unsuspended,
    /// The App is uninstalled.
    Uninstalled,
    /// The installation is granted these permissions from now on.
    PermissionsAccepted(BTreeMap<String, String>),
    /// The installation loses these repositories, `owner/name` each.
    RepositoriesRemoved(Vec<String>),
    /// Who acts asks for a fine-grained token.
    TokenRequested(TokenRequest),
}

/// An account and a team.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Joined {
    /// The organisation's login.
    pub org: String,
    /// The team's slug.
    pub team: String,
    /// Who.
    pub member: String,
}

/// A fine-grained personal access token that somebody asks for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    /// The organisation's login.
    pub org: String,
    /// The token's name.
    pub name: String,
    /// What it may do in repositories, in GitHub's words.
    pub permissions: BTreeMap<String, String>,
    /// `owner/name` each; all of the organisation's when empty.
    #[serde(default)]
    pub repositories: Vec<String>,
}
