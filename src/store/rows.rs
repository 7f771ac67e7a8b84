//! Many rows with one `INSERT`.
//!
//! The rows go in groups of a few fixed sizes, so that the prepared statements stay few and are found again.

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe};

use super::StoreError;

/// Times the columns this stays far below what both engines bind at once (SQLite 32,766, PostgreSQL 65,535).
const SIZES: [usize; 3] = [64, 8, 1];

/// An `INSERT` of any number of rows. Every part is a constant of this program; values are bound.
pub(super) struct Insert {
    pub(super) table: &'static str,
    pub(super) columns: &'static [&'static str],
    /// `ON CONFLICT …` and `RETURNING …`.
    pub(super) then: &'static str,
}

impl Insert {
    /// Inserts one row per item; `bind` binds the columns in order. Returns what `RETURNING` gave.
    pub(super) async fn all<T>(
        &self,
        tx: &mut AnyConnection,
        items: &[T],
        bind: impl for<'q> Fn(
            Query<'q, Any, AnyArguments>,
            &'q T,
        ) -> Result<Query<'q, Any, AnyArguments>, StoreError>,
    ) -> Result<Vec<AnyRow>, StoreError> {
        let mut returned = Vec::new();
        let mut rest = items;
        while let Some(size) = SIZES.into_iter().find(|size| *size <= rest.len()) {
            let (group, others) = rest.split_at(size);
            rest = others;
            let mut query = sqlx::query(AssertSqlSafe(self.text(size)));
            for item in group {
                query = bind(query, item)?;
            }
            returned.extend(query.fetch_all(&mut *tx).await?);
        }
        Ok(returned)
    }

    fn text(&self, rows: usize) -> String {
        let width = self.columns.len();
        let values: Vec<String> = (0..rows)
            .map(|row| {
                let places: Vec<String> = (1..=width).map(|n| format!("${}", row * width + n)).collect();
                format!("({})", places.join(", "))
            })
            .collect();
        let (columns, values) = (self.columns.join(", "), values.join(", "));
        format!("INSERT INTO {} ({columns}) VALUES {values} {}", self.table, self.then)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_numbered_through() {
        let insert = Insert { table: "t", columns: &["a", "b"], then: "RETURNING a" };
        assert_eq!(insert.text(2), "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) RETURNING a");
    }
}
