//! `[incidents]`: who outside is told of incidents.

use std::path::PathBuf;

use policy::RepoName;
use serde::Deserialize;

use super::{ConfigError, Flags, secret};
use crate::operator;

/// Who is told of incidents; nobody unless somebody is named.
#[derive(Debug, Clone, Default)]
pub struct Incidents {
    /// Where an issue is opened for each.
    pub issues: Option<RepoName>,
    /// Where a signed letter is sent for each.
    pub webhook: Option<operator::Settings>,
}

/// `[incidents]` in the settings file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncidentsFile {
    /// `owner/name`.
    pub issues: Option<String>,
    /// An `https` address.
    pub webhook: Option<String>,
    /// File with the key that letters are signed with.
    pub webhook_secret_file: Option<PathBuf>,
}

pub(super) fn resolve(flags: &Flags, file: &IncidentsFile) -> Result<Incidents, ConfigError> {
    let issues = flags.incident_issues.as_ref().or(file.issues.as_ref());
    let issues = issues.map(|name| {
        RepoName::parse(name).ok_or_else(|| ConfigError::Bad {
            name: "incidents.issues",
            value: name.clone(),
            expected: "repository such as `acme/incidents`",
        })
    });
    let webhook = flags.incident_webhook.as_ref().or(file.webhook.as_ref());
    let secret_file = flags.incident_webhook_secret_file.as_ref().or(file.webhook_secret_file.as_ref());
    let webhook = webhook.map(|url| {
        let secret = secret::incident_secret(secret_file.map(PathBuf::as_path))?;
        Ok::<_, ConfigError>(operator::Settings { url: url.clone(), secret })
    });
    Ok(Incidents { issues: issues.transpose()?, webhook: webhook.transpose()? })
}
