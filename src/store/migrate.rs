//! Brings the schema up to date, one numbered text after the other, each in its own transaction.
//!
//! The row in `migrations` is written before the text runs: its primary key is the lock that makes a second
//! replica wait and then find the work done, on both engines.

use sqlx::{AnyConnection, Connection as _, Row as _};

use super::{Engine, StoreError};

const MIGRATIONS: &[(i64, &str)] = &[
    (1, include_str!("../../migrations/0001_first.sql")),
    (2, include_str!("../../migrations/0002_deeds.sql")),
    (3, include_str!("../../migrations/0003_access.sql")),
    (5, include_str!("../../migrations/0005_review.sql")),
    (6, include_str!("../../migrations/0006_ledger.sql")),
    (7, include_str!("../../migrations/0007_quota.sql")),
    (8, include_str!("../../migrations/0008_guards.sql")),
    (9, include_str!("../../migrations/0009_turns.sql")),
];

pub(super) async fn migrate(engine: &Engine, connection: &mut AnyConnection) -> Result<(), StoreError> {
    let table = "CREATE TABLE IF NOT EXISTS migrations (version BIGINT NOT NULL PRIMARY KEY)";
    if sqlx::query(table).execute(&mut *connection).await.is_err() {
        // PostgreSQL lets two sessions race here and fails one; by now the table is there.
        sqlx::query(table).execute(&mut *connection).await?;
    }
    for &(version, text) in MIGRATIONS {
        let mut tx = connection.begin_with(engine.begin()).await?;
        let ours =
            sqlx::query("INSERT INTO migrations (version) VALUES ($1) ON CONFLICT (version) DO NOTHING")
                .bind(version)
                .execute(&mut *tx)
                .await?
                .rows_affected();
        if ours == 1 {
            sqlx::raw_sql(text).execute(&mut *tx).await?;
        }
        tx.commit().await?;
    }
    refuse_a_newer_schema(connection).await
}

/// An older binary on a newer schema would lose what it does not know.
async fn refuse_a_newer_schema(connection: &mut AnyConnection) -> Result<(), StoreError> {
    let row = sqlx::query("SELECT MAX(version) AS version FROM migrations").fetch_one(connection).await?;
    let found: i64 = row.try_get("version")?;
    let known = MIGRATIONS.last().map_or(0, |(version, _)| *version);
    if found > known {
        let reason = format!("the schema has version {found}, this binary knows {known}: use a newer binary");
        return Err(StoreError::Setting { reason });
    }
    Ok(())
}
