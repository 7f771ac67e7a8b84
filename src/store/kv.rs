//! Small things to remember between runs, such as the last good rules.

use sqlx::AnyConnection;

use super::operation::Operation;
use super::row::get;
use super::{Store, StoreError};

impl Store {
    /// Reads a remembered value.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn kv_get(&self, key: &str) -> Result<Option<String>, StoreError> {
        let row = sqlx::query("SELECT value FROM kv WHERE key = $1")
            .bind(key)
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| get(&row, "value")).transpose()
    }

    /// Remembers a value, replacing the one under this key.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn kv_put(&self, key: &str, value: &str) -> Result<(), StoreError> {
        self.writer.run(Put { key: key.to_owned(), value: value.to_owned() }).await
    }
}

struct Put {
    key: String,
    value: String,
}

impl Operation for Put {
    type Output = ();

    async fn run(&self, tx: &mut AnyConnection) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO kv (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )
        .bind(self.key.as_str())
        .bind(self.value.as_str())
        .execute(tx)
        .await?;
        Ok(())
    }

    fn weight(&self) -> usize {
        self.value.len()
    }
}
