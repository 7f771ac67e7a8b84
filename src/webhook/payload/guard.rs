//! Payloads about what guards a repository, and about the gate's own installation. Only what a delivery alone tells is
//! read, and what is missing tells nothing: settings are read where they stand.

use std::collections::BTreeMap;

use policy::RepoId;
use serde::Deserialize;

use super::{Account, id, repo_id};

/// `repository`, in full.
#[derive(Debug, Deserialize)]
pub(in crate::webhook) struct OnRepository {
    pub(in crate::webhook) changes: Option<RepositoryChanges>,
    pub(in crate::webhook) repository: RepositoryNow,
}

#[derive(Debug, Deserialize)]
pub(in crate::webhook) struct RepositoryNow {
    pub(in crate::webhook) owner: Option<Account>,
    pub(in crate::webhook) default_branch: Option<String>,
    pub(in crate::webhook) security_and_analysis: Option<BTreeMap<String, Option<Switch>>>,
}

#[derive(Debug, Deserialize)]
pub(in crate::webhook) struct RepositoryChanges {
    pub(in crate::webhook) default_branch: Option<From<Option<String>>>,
    pub(in crate::webhook) owner: Option<From<Owner>>,
    /// Of `security_and_analysis`.
    pub(in crate::webhook) from: Option<SecurityBefore>,
}

#[derive(Debug, Deserialize)]
pub(in crate::webhook) struct From<T> {
    pub(in crate::webhook) from: T,
}

/// One of both.
#[derive(Debug, Deserialize)]
pub(in crate::webhook) struct Owner {
    pub(in crate::webhook) user: Option<Account>,
    pub(in crate::webhook) organization: Option<Account>,
}

#[derive(Debug, Deserialize)]
pub(in crate::webhook) struct SecurityBefore {
    pub(in crate::webhook) security_and_analysis: Option<BTreeMap<String, Option<Switch>>>,
}

/// A feature that is `enabled` or `disabled`.
#[derive(Debug, Deserialize)]
pub(in crate::webhook) struct Switch {
    #[serde(default)]
    pub(in crate::webhook) status: String,
}

/// `repository_ruleset`.
#[derive(Debug, Deserialize)]
pub(in crate::webhook) struct OnRuleset {
    pub(in crate::webhook) repository_ruleset: Ruleset,
    pub(in crate::webhook) changes: Option<RulesetChanges>,
}

#[derive(Debug, Deserialize)]
pub(in crate::webhook) struct Ruleset {
    #[serde(default)]
    pub(in crate::webhook) name: String,
    #[serde(default)]
    pub(in crate::webhook) enforcement: String,
}

#[derive(Debug, Deserialize)]
pub(in crate::webhook) struct RulesetChanges {
    pub(in crate::webhook) enforcement: Option<From<String>>,
}

/// `branch_protection_rule`.
#[derive(Debug, Deserialize)]
pub(in crate::webhook) struct OnProtection {
    pub(in crate::webhook) rule: Option<ProtectionRule>,
}

#[derive(Debug, Deserialize)]
pub(in crate::webhook) struct ProtectionRule {
    #[serde(default)]
    pub(in crate::webhook) name: String,
}

/// `deploy_key`.
#[derive(Debug, Deserialize)]
pub(in crate::webhook) struct OnDeployKey {
    pub(in crate::webhook) key: DeployKey,
}

#[derive(Debug, Deserialize)]
pub(in crate::webhook) struct DeployKey {
    #[serde(deserialize_with = "id")]
    pub(in crate::webhook) id: u64,
    #[serde(default)]
    pub(in crate::webhook) title: String,
    /// What is not told to be read-only may write.
    #[serde(default)]
    pub(in crate::webhook) read_only: bool,
}

/// `member`.
#[derive(Debug, Deserialize)]
pub(in crate::webhook) struct OnMember {
    pub(in crate::webhook) member: Option<Account>,
    pub(in crate::webhook) changes: Option<MemberChanges>,
}

#[derive(Debug, Deserialize)]
pub(in crate::webhook) struct MemberChanges {
    pub(in crate::webhook) permission: Option<To>,
    pub(in crate::webhook) role_name: Option<To>,
}

#[derive(Debug, Deserialize)]
pub(in crate::webhook) struct To {
    pub(in crate::webhook) from: Option<String>,
    pub(in crate::webhook) to: Option<String>,
}

/// `secret_scanning_alert`.
#[derive(Debug, Deserialize)]
pub(in crate::webhook) struct OnSecret {
    pub(in crate::webhook) alert: Alert,
}

#[derive(Debug, Deserialize)]
pub(in crate::webhook) struct Alert {
    #[serde(deserialize_with = "id")]
    pub(in crate::webhook) number: u64,
    pub(in crate::webhook) secret_type: Option<String>,
    pub(in crate::webhook) push_protection_bypassed_by: Option<Account>,
}

/// `personal_access_token_request`.
#[derive(Debug, Deserialize)]
pub(in crate::webhook) struct OnToken {
    pub(in crate::webhook) personal_access_token_request: TokenRequest,
    pub(in crate::webhook) organization: Option<Account>,
}

#[derive(Debug, Deserialize)]
pub(in crate::webhook) struct TokenRequest {
    #[serde(deserialize_with = "id")]
    pub(in crate::webhook) id: u64,
    pub(in crate::webhook) owner: Option<Account>,
    pub(in crate::webhook) token_name: Option<String>,
    #[serde(default)]
    pub(in crate::webhook) repository_selection: String,
    pub(in crate::webhook) permissions_result: Option<BTreeMap<String, Option<BTreeMap<String, String>>>>,
}

/// `installation` and `installation_repositories`.
#[derive(Debug, Deserialize)]
pub(in crate::webhook) struct OnInstallation {
    pub(in crate::webhook) installation: Installed,
    #[serde(default)]
    pub(in crate::webhook) repositories: Option<Vec<Listed>>,
    #[serde(default)]
    pub(in crate::webhook) repositories_added: Vec<Listed>,
    #[serde(default)]
    pub(in crate::webhook) repositories_removed: Vec<Listed>,
}

#[derive(Debug, Deserialize)]
pub(in crate::webhook) struct Installed {
    pub(in crate::webhook) account: Option<AccountName>,
}

/// An enterprise has a slug instead.
#[derive(Debug, Deserialize)]
pub(in crate::webhook) struct AccountName {
    #[serde(alias = "slug")]
    pub(in crate::webhook) login: String,
}

/// A repository in a list.
#[derive(Debug, Deserialize)]
pub(in crate::webhook) struct Listed {
    #[serde(deserialize_with = "repo_id")]
    pub(in crate::webhook) id: RepoId,
    pub(in crate::webhook) full_name: String,
}

/// An organisation's own delivery names no repository.
#[derive(Debug, Deserialize)]
pub(in crate::webhook) struct OnOrganization {
    pub(in crate::webhook) organization: Option<AccountName>,
}
