//! The verbs of deployments.
//!
//! A deployment is named by its number in the repository, counted from one; the newest when absent.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::run::build;

/// A job of a run names an environment, and waits for what guards it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deploy {
    /// `owner/name`.
    pub repo: String,
    /// The run's number; the newest when absent.
    pub run: Option<usize>,
    /// The job's name; a new one is made when the run has none of it.
    #[serde(default = "build")]
    pub job: String,
    /// The environment.
    pub environment: String,
}

/// A reviewer of the environment says yes or no.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewDeployment {
    /// Who reviews.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name`.
    pub repo: String,
    /// The run's number; the newest when absent.
    pub run: Option<usize>,
    /// The environment.
    pub environment: String,
    /// `approved` or `rejected`.
    pub state: String,
    /// What the reviewer says.
    #[serde(default)]
    pub comment: String,
}

/// An administrator starts the waiting jobs past everything that guards the environment.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BypassProtection {
    /// Who does it.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name`.
    pub repo: String,
    /// The run's number; the newest when absent.
    pub run: Option<usize>,
    /// The environment.
    pub environment: String,
}

/// A deployment is made from outside of Actions.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateDeployment {
    /// Who makes it.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name`.
    pub repo: String,
    /// A branch or commit; the default branch when absent.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// The environment; `production` when absent.
    #[serde(default = "production")]
    pub environment: String,
    /// What the caller wants to find again.
    #[serde(default)]
    pub payload: BTreeMap<String, String>,
    /// Words for people.
    pub description: Option<String>,
}

fn production() -> String {
    "production".to_owned()
}

/// Somebody tells how a deployment goes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetDeploymentStatus {
    /// Who tells.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name`.
    pub repo: String,
    /// The deployment's number; the newest when absent.
    pub deployment: Option<usize>,
    /// `error`, `failure`, `inactive`, `in_progress`, `queued`, `pending` or `success`.
    pub state: String,
    /// Words for people.
    #[serde(default)]
    pub description: String,
}
