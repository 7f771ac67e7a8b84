//! The two engines behind one SQL text: how to reach them and what to set on a fresh connection.
//!
//! This is the only file that knows which engine it is. Everything else is the same text for both.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, ConnectOptions as _, Connection as _};

use super::StoreError;

const ACQUIRE: Duration = Duration::from_secs(5);

/// Where the database is and what a connection to it needs.
#[derive(Clone)]
pub(super) struct Engine {
    options: AnyConnectOptions,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sqlite,
    Postgres,
}

#[derive(Debug, Clone, Copy)]
enum Use {
    Write,
    Read,
}

/// Without the URL, which may hold a password.
impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Engine {
    /// Reads a store URL: `postgres://…`, `sqlite://path?mode=rwc`, or a plain path, whose file is made if missing.
    pub(super) fn parse(url: &str) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let (kind, url) = if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            (Kind::Postgres, url.to_owned())
        } else if url.starts_with("sqlite:") {
            (Kind::Sqlite, url.to_owned())
        } else if url.contains("://") || url.is_empty() {
            let reason = "the store URL must be a path, `sqlite://path` or `postgres://…`".to_owned();
            return Err(StoreError::Setting { reason });
        } else {
            keep_private(Path::new(url))?;
            (Kind::Sqlite, format!("sqlite://{}?mode=rwc", escape(url)))
        };
        // The URL may hold a password, so a parse error must not repeat it.
        let options: AnyConnectOptions = url
            .parse()
            .map_err(|_| StoreError::Setting { reason: "the store URL does not parse".to_owned() })?;
        Ok(Self { options, kind })
    }

    /// How a writing transaction begins. SQLite must take its write lock first: a transaction that reads and then
    /// writes fails without waiting when another process wrote in between (<https://www.sqlite.org/isolation.html>).
    pub(super) fn begin(&self) -> &'static str {
        match self.kind {
            Kind::Sqlite => "BEGIN IMMEDIATE",
            Kind::Postgres => "BEGIN",
        }
    }

    /// A connection for the writer.
    pub(super) async fn connect(&self) -> Result<AnyConnection, StoreError> {
        let mut connection = tokio::time::timeout(ACQUIRE, self.options.connect())
            .await
            .map_err(|_| StoreError::unavailable("connecting took too long"))??;
        self.set_up(&mut connection, Use::Write).await?;
        Ok(connection)
    }

    /// The same connection when it still answers, else a new one.
    pub(super) async fn revive(&self, kept: Option<AnyConnection>) -> Result<AnyConnection, StoreError> {
        if let Some(mut connection) = kept
            && connection.ping().await.is_ok()
        {
            return Ok(connection);
        }
        self.connect().await
    }

    /// Connections that cannot write, so that a page cannot change anything by mistake.
    pub(super) fn readers(&self, at_most: u32) -> AnyPool {
        let engine = self.clone();
        AnyPoolOptions::new()
            .max_connections(at_most)
            .acquire_timeout(ACQUIRE)
            .after_connect(move |connection, _| -> BoxFuture<'_, Result<(), sqlx::Error>> {
                let engine = engine.clone();
                Box::pin(async move { engine.set_up(connection, Use::Read).await })
            })
            .connect_lazy_with(self.options.clone())
    }

    async fn set_up(&self, connection: &mut AnyConnection, purpose: Use) -> Result<(), sqlx::Error> {
        let statements = match (self.kind, purpose) {
            (Kind::Sqlite, Use::Write) => {
                "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                 PRAGMA foreign_keys = ON"
            }
            (Kind::Sqlite, Use::Read) => "PRAGMA busy_timeout = 5000; PRAGMA query_only = ON",
            (Kind::Postgres, Use::Write) => {
                "SET statement_timeout = 20000; SET lock_timeout = 10000; SET synchronous_commit = on"
            }
            (Kind::Postgres, Use::Read) => {
                "SET statement_timeout = 20000; SET default_transaction_read_only = on"
            }
        };
        sqlx::raw_sql(statements).execute(connection).await?;
        Ok(())
    }
}

/// Makes the database file, and the folder above it, readable by its owner only: it holds private payloads.
/// SQLite gives its side files the same permissions.
fn keep_private(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};

    let setting = |error: std::io::Error| StoreError::Setting {
        reason: format!("`{}` cannot be made: {error}", path.display()),
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(setting)?;
    }
    if !path.exists() {
        std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path).map_err(setting)?;
    }
    Ok(())
}

/// Percent-encodes what would end or change the path inside a URL.
fn escape(path: &str) -> String {
    path.chars()
        .map(|c| match c {
            '%' => "%25".to_owned(),
            '?' => "%3F".to_owned(),
            '#' => "%23".to_owned(),
            ' ' => "%20".to_owned(),
            other => other.to_string(),
        })
        .collect()
}
