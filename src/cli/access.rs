//! How verbs that only read the forge reach it: with the settings of `serve`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use tempfile::TempDir;

use super::Error;
use crate::clock::Clock;
use crate::config::{self, Flags};
use crate::git::{self, GitCache};
use crate::github::{GitHub, Purpose, Settings};

/// Flags that find the forge, as `serve` does.
#[derive(Debug, Clone, Args)]
pub(super) struct Access {
    /// Settings file (TOML); flags and environment go first
    #[arg(long, env = "PORTCULLIS_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The GitHub App's id
    #[arg(long, env = "PORTCULLIS_APP_ID", value_name = "N")]
    app_id: Option<u64>,
    /// File with the App's private key (PEM); or PORTCULLIS_PRIVATE_KEY holds the key itself
    #[arg(long, env = "PORTCULLIS_PRIVATE_KEY_FILE", value_name = "FILE")]
    private_key_file: Option<PathBuf>,
    /// REST base, `https://HOST/api/v3` on GitHub Enterprise Server [default: https://api.github.com]
    #[arg(long, env = "PORTCULLIS_API_URL", value_name = "URL")]
    api_url: Option<String>,
    /// GraphQL endpoint [default: derived from the REST base]
    #[arg(long, env = "PORTCULLIS_GRAPHQL_URL", value_name = "URL")]
    graphql_url: Option<String>,
}

/// A client that fetches nothing, with the empty cache that it wants all the same.
pub(super) struct Reader {
    github: GitHub,
    _folder: TempDir,
}

impl Access {
    /// The same as flags of `serve`.
    pub(super) fn flags(&self) -> Flags {
        Flags {
            config: self.config.clone(),
            app_id: self.app_id,
            private_key_file: self.private_key_file.clone(),
            api_url: self.api_url.clone(),
            graphql_url: self.graphql_url.clone(),
            ..Flags::default()
        }
    }

    /// A client with tokens for this purpose. Sends nothing yet.
    pub(super) fn reader(&self, purpose: Purpose) -> Result<Reader, Error> {
        let settings = Settings { purpose, ..config::forge(&self.flags())? };
        let folder = tempfile::tempdir()?;
        let cache = Arc::new(GitCache::open(folder.path().to_owned(), git::Limits::default())?);
        let github = GitHub::new(&settings, Clock::system().as_fn(), cache)?;
        Ok(Reader { github, _folder: folder })
    }
}

impl Reader {
    pub(super) fn github(&self) -> &GitHub {
        &self.github
    }
}
