//! Settings of `portcullis serve`: from flags, the environment and a small TOML file, in this order.
//!
//! Secrets come from files or the environment, never from flags (other users see a process's arguments) and never from
//! the settings file. A bad setting stops the start with a message that names it.

mod file;
mod incidents;
mod secret;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use secrecy::SecretString;

pub use file::{File, GithubFile, RulesAt, RulesRepository};
pub use incidents::{Incidents, IncidentsFile};

/// Flags of `serve`. Each may come from the environment or the settings file instead.
#[derive(Debug, Clone, Default, Args)]
pub struct Flags {
    /// Settings file (TOML); flags and environment go first.
    #[arg(long, env = "PORTCULLIS_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address to listen on [default: 127.0.0.1:8080]
    #[arg(long, env = "PORTCULLIS_LISTEN", value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// Folder for the database and the git cache [default: ./portcullis-data]
    #[arg(long, env = "PORTCULLIS_DATA", value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Database: a SQLite path, `sqlite://…` or `postgres://…` [default: portcullis.sqlite in the data folder]
    #[arg(long, env = "PORTCULLIS_STORE", value_name = "URL", hide_env_values = true)]
    pub store: Option<String>,
    /// The rules: a local file, or with --rules-repository the path in it [default: rules.toml]
    #[arg(long, env = "PORTCULLIS_RULES", value_name = "FILE")]
    pub rules: Option<PathBuf>,
    /// Repository that holds the rules at its default branch; the App must be installed there
    #[arg(long, env = "PORTCULLIS_RULES_REPOSITORY", value_name = "OWNER/NAME")]
    pub rules_repository: Option<String>,
    /// Subjects looked at at one time; 0 only receives [default: 64]
    #[arg(long, env = "PORTCULLIS_WORKERS", value_name = "N")]
    pub workers: Option<u32>,
    /// Seconds after which the others take over what a crashed process was looking at [default: 60]
    #[arg(long, env = "PORTCULLIS_LEASE_SECONDS", value_name = "N")]
    pub lease_seconds: Option<u64>,
    /// Days that processed deliveries and old verdicts are kept [default: 90]
    #[arg(long, env = "PORTCULLIS_RETENTION_DAYS", value_name = "N")]
    pub retention_days: Option<u32>,
    /// GiB that the git cache may take on disk [default: 20]
    #[arg(long, env = "PORTCULLIS_GIT_CACHE_GIB", value_name = "N")]
    pub git_cache_gib: Option<u64>,
    /// The GitHub App's id
    #[arg(long, env = "PORTCULLIS_APP_ID", value_name = "N")]
    pub app_id: Option<u64>,
    /// File with the App's private key (PEM); or PORTCULLIS_PRIVATE_KEY holds the key itself
    #[arg(long, env = "PORTCULLIS_PRIVATE_KEY_FILE", value_name = "FILE")]
    pub private_key_file: Option<PathBuf>,
    /// File with the webhook secrets, one a line, several while rotating; or PORTCULLIS_WEBHOOK_SECRET holds them
    #[arg(long, env = "PORTCULLIS_WEBHOOK_SECRET_FILE", value_name = "FILE")]
    pub webhook_secret_file: Option<PathBuf>,
    /// Repository in which an issue is opened for each incident; the App must be installed there
    #[arg(long, env = "PORTCULLIS_INCIDENT_ISSUES", value_name = "OWNER/NAME")]
    pub incident_issues: Option<String>,
    /// Address to which a signed letter is sent for each incident
    #[arg(long, env = "PORTCULLIS_INCIDENT_WEBHOOK", value_name = "URL", hide_env_values = true)]
    pub incident_webhook: Option<String>,
    /// File with the key that those letters are signed with; or PORTCULLIS_INCIDENT_WEBHOOK_SECRET holds it
    #[arg(long, env = "PORTCULLIS_INCIDENT_WEBHOOK_SECRET_FILE", value_name = "FILE")]
    pub incident_webhook_secret_file: Option<PathBuf>,
    /// REST base, `https://HOST/api/v3` on GitHub Enterprise Server [default: https://api.github.com]
    #[arg(long, env = "PORTCULLIS_API_URL", value_name = "URL")]
    pub api_url: Option<String>,
    /// GraphQL endpoint [default: derived from the REST base]
    #[arg(long, env = "PORTCULLIS_GRAPHQL_URL", value_name = "URL")]
    pub graphql_url: Option<String>,
    /// Clone base, `https://HOST` on GitHub Enterprise Server [default: https://github.com]
    #[arg(long, env = "PORTCULLIS_GIT_URL", value_name = "URL")]
    pub git_url: Option<String>,
    /// Log as JSON lines
    #[arg(long, env = "PORTCULLIS_LOG_JSON")]
    pub log_json: bool,
}

/// Complete, checked settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Folder for the database and the git cache.
    pub data: PathBuf,
    /// Database URL.
    pub store: SecretString,
    /// Where the rules stand.
    pub rules: RulesAt,
    /// Subjects looked at at one time; 0 only receives.
    pub workers: u32,
    /// How long a subject stays with a process that has not been heard of.
    pub lease: Duration,
    /// Days that processed deliveries and old verdicts are kept.
    pub retention_days: u32,
    /// Bytes that the git cache may take on disk.
    pub git_cache_bytes: u64,
    /// Live webhook secrets, at least one.
    pub webhook_secrets: Vec<SecretString>,
    /// Who outside is told of incidents.
    pub incidents: Incidents,
    /// The forge.
    pub github: crate::github::Settings,
}

/// A setting that is missing or bad.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The settings file cannot be read.
    #[error("the settings file `{path}` cannot be read: {why}")]
    Unreadable {
        /// Which file.
        path: String,
        /// Why not.
        why: String,
    },
    /// The settings file is not as it should be.
    #[error("the settings file `{path}` is invalid\n{why}")]
    Invalid {
        /// Which file.
        path: String,
        /// What is wrong, with line and caret.
        why: String,
    },
    /// A setting that must be there is not.
    #[error("the setting `{name}` is missing: {help}")]
    Missing {
        /// Its name in the settings file.
        name: &'static str,
        /// How to give it.
        help: &'static str,
    },
    /// A setting has an impossible value.
    #[error("the setting `{name}` is `{value}`, which is no {expected}")]
    Bad {
        /// Its name in the settings file.
        name: &'static str,
        /// What was given.
        value: String,
        /// What was expected.
        expected: &'static str,
    },
    /// A secret cannot be read.
    #[error("the secret `{name}` cannot be read from `{path}`: {why}")]
    Secret {
        /// Which secret.
        name: &'static str,
        /// From where.
        path: String,
        /// Why not.
        why: String,
    },
}

impl Settings {
    /// Puts flags, environment (through clap) and settings file together, and checks the whole.
    ///
    /// # Errors
    /// [`ConfigError`] names the setting.
    pub fn resolve(flags: Flags) -> Result<Self, ConfigError> {
        let file = match &flags.config {
            Some(path) => File::read(path)?,
            None => File::default(),
        };
        let github = forge_of(&flags, &file.github)?;
        let incidents = incidents::resolve(&flags, &file.incidents)?;
        let listen = flags.listen.or(file.listen).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
        let listen = listen.parse().map_err(|_| ConfigError::Bad {
            name: "listen",
            value: listen.clone(),
            expected: "address with a port, such as `0.0.0.0:8080`",
        })?;
        let data = flags.data.or(file.data).unwrap_or_else(|| PathBuf::from("portcullis-data"));
        let store = flags.store.or(file.store).unwrap_or_else(|| default_store(&data));
        let retention_days = flags.retention_days.or(file.retention_days).unwrap_or(90);
        if retention_days == 0 {
            let value = retention_days.to_string();
            return Err(ConfigError::Bad {
                name: "retention_days",
                value,
                expected: "number of days from 1",
            });
        }
        let lease_seconds = flags.lease_seconds.or(file.lease_seconds).unwrap_or(60);
        if !(1..=3600).contains(&lease_seconds) {
            let value = lease_seconds.to_string();
            return Err(ConfigError::Bad {
                name: "lease_seconds",
                value,
                expected: "number of seconds from 1 to 3600",
            });
        }
        let secret_file = flags.webhook_secret_file.or(file.github.webhook_secret_file);
        let webhook_secrets = secret::webhook_secrets(secret_file.as_deref())?;
        Ok(Self {
            listen,
            store: SecretString::from(store),
            rules: rules_at(flags.rules, flags.rules_repository, file.rules)?,
            workers: flags.workers.or(file.workers).unwrap_or(64).min(1000),
            lease: Duration::from_secs(lease_seconds),
            retention_days,
            git_cache_bytes: flags.git_cache_gib.or(file.git_cache_gib).unwrap_or(20).max(1) << 30,
            webhook_secrets,
            incidents,
            github,
            data,
        })
    }
}

/// The forge's settings alone: enough to ask it something.
///
/// # Errors
/// [`ConfigError`] names the setting.
pub fn forge(flags: &Flags) -> Result<crate::github::Settings, ConfigError> {
    let file = match &flags.config {
        Some(path) => File::read(path)?,
        None => File::default(),
    };
    forge_of(flags, &file.github)
}

/// Where the rules stand, when flags, environment or settings file say so.
///
/// # Errors
/// [`ConfigError`] names the setting.
pub fn rules_named(flags: &Flags) -> Result<Option<RulesAt>, ConfigError> {
    let file = match &flags.config {
        Some(path) => File::read(path)?,
        None => File::default(),
    };
    if flags.rules.is_none() && flags.rules_repository.is_none() && file.rules.is_none() {
        return Ok(None);
    }
    rules_at(flags.rules.clone(), flags.rules_repository.clone(), file.rules).map(Some)
}

fn forge_of(flags: &Flags, file: &GithubFile) -> Result<crate::github::Settings, ConfigError> {
    let app_id = flags.app_id.or(file.app_id).ok_or(ConfigError::Missing {
        name: "github.app_id",
        help: "the App's settings page shows it; give `--app-id`, PORTCULLIS_APP_ID, or `app_id` under `[github]`",
    })?;
    let key_file = flags.private_key_file.as_ref().or(file.private_key_file.as_ref());
    let private_key = secret::private_key(key_file.map(PathBuf::as_path))?;
    let mut github = crate::github::Settings::new(app_id, private_key);
    if let Some(url) = flags.api_url.as_ref().or(file.api_url.as_ref()) {
        github.api_url.clone_from(url);
    }
    github.graphql_url = flags.graphql_url.clone().or_else(|| file.graphql_url.clone());
    if let Some(url) = flags.git_url.as_ref().or(file.git_url.as_ref()) {
        github.git_url.clone_from(url);
    }
    Ok(github)
}

/// Where the database stands when nothing is said.
#[must_use]
pub fn default_store(data: &Path) -> String {
    data.join("portcullis.sqlite").display().to_string()
}

#[cfg(test)]
mod tests;

/// Flags go before the file; a repository that is named by a flag gives `--rules` the meaning of a path in it.
fn rules_at(
    path: Option<PathBuf>,
    repository: Option<String>,
    file: Option<RulesAt>,
) -> Result<RulesAt, ConfigError> {
    let bad = |value: String, expected| ConfigError::Bad { name: "rules", value, expected };
    let at = match (path, repository, file) {
        (path, Some(name), file) => {
            // What the file says of the very same repository holds on.
            let same = match file {
                Some(RulesAt::Repository(at)) if at.repository.to_string().eq_ignore_ascii_case(&name) => {
                    Some(at)
                }
                _ => None,
            };
            let path = path.map(|path| path.to_string_lossy().into_owned());
            let path =
                path.or_else(|| same.as_ref().map(|at| at.path.clone())).unwrap_or_else(file::rules_toml);
            let expected = "repository such as `acme/.portcullis`";
            let repository = policy::RepoName::parse(&name).ok_or_else(|| bad(name, expected))?;
            let id = same.as_ref().and_then(|same| same.id);
            RulesAt::Repository(RulesRepository { repository, path, id })
        }
        (Some(path), None, _) => RulesAt::File(path),
        (None, None, Some(at)) => at,
        (None, None, None) => RulesAt::File(PathBuf::from("rules.toml")),
    };
    if let RulesAt::Repository(RulesRepository { path, .. }) = &at {
        let part = |part: &str| !matches!(part, "" | "." | "..") && !part.contains([':', '\0']);
        if path.len() > 500 || !path.split('/').all(part) {
            return Err(bad(path.clone(), "path within a repository, such as `rules.toml`"));
        }
    }
    Ok(at)
}

impl std::fmt::Display for RulesAt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Repository(at) => write!(f, "{}/{}", at.repository, at.path),
        }
    }
}
