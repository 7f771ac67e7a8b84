//! What the forge client needs to be told, checked before the first call.
//!
//! Tokens travel to these addresses, so plain `http` is taken for loopback only.

use std::time::Duration;

use policy::RepoName;
use reqwest::Url;
use secrecy::SecretString;

/// Where the forge is and who we are there. `Debug` never shows the key.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The App's id, from its settings page.
    pub app_id: u64,
    /// The App's private key, PEM, PKCS#1 (as GitHub hands it out) or PKCS#8.
    pub private_key: SecretString,
    /// Base of the REST API: `https://api.github.com`, or `https://HOST/api/v3` on GitHub Enterprise Server.
    pub api_url: String,
    /// The GraphQL endpoint; `None` derives it from `api_url`.
    pub graphql_url: Option<String>,
    /// Base of clone addresses: `https://github.com`, or `https://HOST`.
    pub git_url: String,
    /// Names us to the forge, which asks that it be an address or a product name.
    pub user_agent: String,
    /// What tokens are asked for.
    pub purpose: Purpose,
    /// Bounds of time, size and number.
    pub limits: Limits,
}

/// What the client is for: its tokens may do that, and no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To judge changes and show verdicts.
    Judge,
    /// To read how the forge is set up.
    Inspect,
}

impl Settings {
    /// Settings for github.com.
    #[must_use]
    pub fn new(app_id: u64, private_key: SecretString) -> Self {
        Self {
            app_id,
            private_key,
            api_url: "https://api.github.com".into(),
            graphql_url: None,
            git_url: "https://github.com".into(),
            user_agent: concat!("portcullis/", env!("CARGO_PKG_VERSION")).into(),
            purpose: Purpose::Judge,
            limits: Limits::default(),
        }
    }
}

/// Bounds of time, size and number. Those of numbers are per installation.
#[derive(Debug, Clone)]
pub struct Limits {
    /// To establish a connection.
    pub connect: Duration,
    /// For one request, its answer read.
    pub total: Duration,
    /// No repetition begins after this, counted from the first try.
    pub repeat_within: Duration,
    /// Tries of a request that is safe to repeat, the first one counted.
    pub tries: u32,
    /// Pause before the first repetition; tripled for each further one, plus up to as much at random.
    pub backoff: Duration,
    /// The most bytes read of an answer.
    pub answer: usize,
    /// Requests at a time. GitHub's bound is 100 for all that use the installation.
    pub at_once: usize,
    /// REST points a minute: a read costs 1, a write 5. GitHub's bound is 900.
    pub rest_points: u32,
    /// GraphQL points a minute: a query costs 1. GitHub's bound is 2,000.
    pub graphql_points: u32,
    /// Requests a minute that create something. GitHub's bound is 80.
    pub creations: u32,
    /// How long the members of an organisation or team may be used without asking again.
    pub roster: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(15),
            repeat_within: Duration::from_secs(10),
            tries: 3,
            backoff: Duration::from_millis(150),
            answer: 16 << 20,
            at_once: 40,
            rest_points: 800,
            graphql_points: 1_800,
            creations: 80,
            roster: Duration::from_secs(300),
        }
    }
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Not an address that a token may be sent to.
    #[error("`{setting}` must be an `https` address (plain `http` for loopback only): {why}")]
    Address {
        /// The setting.
        setting: &'static str,
        /// What is wrong.
        why: String,
    },
    /// Not an RSA private key.
    #[error("`private_key` is no RSA private key in PEM: download a new one from the App's settings page")]
    Key,
    /// The HTTP client could not be built.
    #[error("the HTTP client could not be built: {0}")]
    Client(String),
}

/// The addresses, parsed.
#[derive(Debug, Clone)]
pub(super) struct Addresses {
    pub(super) api: Url,
    pub(super) graphql: Url,
    pub(super) git: Url,
}

impl Addresses {
    pub(super) fn parse(settings: &Settings) -> Result<Self, SettingsError> {
        let api = address("api_url", &settings.api_url)?;
        let graphql = match &settings.graphql_url {
            Some(url) => address("graphql_url", url)?,
            None => graphql_of(&api),
        };
        Ok(Self { api, graphql, git: address("git_url", &settings.git_url)? })
    }

    /// The base address followed by path segments, each escaped.
    pub(super) fn rest(&self, segments: &[&str]) -> Url {
        let mut url = self.api.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// Where the repository is cloned from.
    pub(super) fn clone_url(&self, name: &RepoName) -> Url {
        let mut url = self.git.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push(name.owner()).push(&format!("{}.git", name.name()));
        }
        url
    }
}

/// `https://HOST/api/v3` → `https://HOST/api/graphql`; otherwise `/graphql` beside the REST paths.
fn graphql_of(api: &Url) -> Url {
    let mut url = api.clone();
    let base = url.path().trim_end_matches('/');
    let path = base.strip_suffix("/v3").unwrap_or(base).to_owned() + "/graphql";
    url.set_path(&path);
    url
}

fn address(setting: &'static str, text: &str) -> Result<Url, SettingsError> {
    let wrong = |why: &str| SettingsError::Address { setting, why: why.to_owned() };
    let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
    let loopback = match url.host_str() {
        None => return Err(wrong("it names no host")),
        Some(host) => matches!(host, "localhost" | "[::1]") || host.starts_with("127."),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it carries a user name or password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it carries a query or fragment"));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback => Ok(url),
        other => Err(wrong(&format!("its scheme is `{}`", other.escape_debug()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(api: &str) -> Result<Addresses, SettingsError> {
        let mut settings = Settings::new(1, SecretString::from("key"));
        settings.api_url = api.into();
        Addresses::parse(&settings)
    }

    #[test]
    fn the_graphql_endpoint_follows_from_the_rest_base() {
        for (api, graphql) in [
            ("https://api.github.com", "https://api.github.com/graphql"),
            ("https://ghe.example/api/v3", "https://ghe.example/api/graphql"),
            ("https://ghe.example/api/v3/", "https://ghe.example/api/graphql"),
            ("http://127.0.0.1:4000/api", "http://127.0.0.1:4000/api/graphql"),
        ] {
            assert_eq!(addresses(api).unwrap().graphql.as_str(), graphql);
        }
    }

    #[test]
    fn segments_cannot_leave_their_place() {
        let addresses = addresses("https://ghe.example/api/v3/").unwrap();
        let url = addresses.rest(&["repos", "a/../b", "c?d"]);
        assert_eq!(url.as_str(), "https://ghe.example/api/v3/repos/a%2F..%2Fb/c%3Fd");
    }

    #[test]
    fn a_token_is_never_sent_in_the_clear_over_a_network() {
        for api in ["http://ghe.example", "ftp://ghe.example", "https://user:pass@ghe.example", "nonsense"] {
            assert!(addresses(api).is_err(), "{api}");
        }
        assert!(addresses("http://localhost:8080").is_ok());
    }

    #[test]
    fn debug_does_not_show_the_key() {
        let settings = Settings::new(1, SecretString::from("very-secret"));
        assert!(!format!("{settings:?}").contains("very-secret"));
    }
}
