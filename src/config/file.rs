//! The settings file. It holds no secret, so it may lie in a repository.

use std::path::{Path, PathBuf};

use policy::RepoName;
use serde::Deserialize;

use super::{ConfigError, IncidentsFile};

/// What the settings file may say; everything has a default or a flag.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Address to listen on.
    pub listen: Option<String>,
    /// Folder for the database and the git cache.
    pub data: Option<PathBuf>,
    /// Database URL.
    pub store: Option<String>,
    /// The rules: a file, or `{ repository = "acme/.portcullis", path = "rules.toml" }`.
    pub rules: Option<RulesAt>,
    /// Subjects looked at at one time.
    pub workers: Option<u32>,
    /// Seconds after which the others take over what a crashed process was looking at.
    pub lease_seconds: Option<u64>,
    /// Days that processed deliveries and old verdicts are kept.
    pub retention_days: Option<u32>,
    /// GiB that the git cache may take on disk.
    pub git_cache_gib: Option<u64>,
    /// Who outside is told of incidents.
    #[serde(default)]
    pub incidents: IncidentsFile,
    /// The forge.
    #[serde(default)]
    pub github: GithubFile,
}

/// Where the rules stand.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "a path, or `{ repository = \"acme/.portcullis\", path = \"rules.toml\" }`")]
pub enum RulesAt {
    /// In a local file.
    File(PathBuf),
    /// In a repository, at its default branch.
    Repository(RulesRepository),
}

/// A policy repository.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulesRepository {
    /// `owner/name`.
    pub repository: RepoName,
    /// The file in it.
    #[serde(default = "rules_toml")]
    pub path: String,
    /// Its number: what the name leads to must be this very repository.
    pub id: Option<u64>,
}

pub(super) fn rules_toml() -> String {
    "rules.toml".to_owned()
}

/// `[github]` in the settings file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GithubFile {
    /// The App's id.
    pub app_id: Option<u64>,
    /// File with the App's private key.
    pub private_key_file: Option<PathBuf>,
    /// File with the webhook secrets, one a line.
    pub webhook_secret_file: Option<PathBuf>,
    /// REST base.
    pub api_url: Option<String>,
    /// GraphQL endpoint.
    pub graphql_url: Option<String>,
    /// Clone base.
    pub git_url: Option<String>,
}

impl File {
    /// Reads and parses a settings file.
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Unreadable {
            path: path.display().to_string(),
            why: error.to_string(),
        })?;
        Self::parse(&text)
            .map_err(|why| ConfigError::Invalid { path: path.display().to_string(), why: why.to_string() })
    }

    /// Parses a settings file; the error shows line and caret.
    ///
    /// # Errors
    /// What is not TOML, unknown, or of the wrong type.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}
