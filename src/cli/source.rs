//! Where the reading verbs find the store.

use std::path::PathBuf;

use clap::Args;

use super::Error;
use crate::config::{File, RulesAt, default_store};
use crate::store::{Store, StoreOptions};

/// Flags that find the store, as `serve` does.
#[derive(Debug, Args)]
pub(super) struct Source {
    /// Settings file (TOML); flags and environment go first
    #[arg(long, env = "PORTCULLIS_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder with the database [default: ./portcullis-data]
    #[arg(long, env = "PORTCULLIS_DATA", value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Database: a SQLite path, `sqlite://…` or `postgres://…`
    #[arg(long, env = "PORTCULLIS_STORE", value_name = "URL", hide_env_values = true)]
    store: Option<String>,
}

impl Source {
    /// The rules file that the settings name, if they name one.
    pub(super) fn rules_file(&self) -> Result<Option<PathBuf>, Error> {
        let Some(path) = &self.config else { return Ok(None) };
        Ok(match File::read(path)?.rules {
            Some(RulesAt::File(path)) => Some(path),
            Some(RulesAt::Repository(_)) | None => None,
        })
    }

    pub(super) async fn open(&self) -> Result<Store, Error> {
        let file = match &self.config {
            Some(path) => File::read(path)?,
            None => File::default(),
        };
        let data = self.data.clone().or(file.data).unwrap_or_else(|| PathBuf::from("portcullis-data"));
        let url = self.store.clone().or(file.store).unwrap_or_else(|| default_store(&data));
        if !url.contains("://") && !std::path::Path::new(&url).exists() {
            return Err(format!(
                "there is no store at `{url}`: give `--data` or `--store` as `serve` has it"
            )
            .into());
        }
        Ok(Store::open(&url, StoreOptions::default()).await?)
    }
}
