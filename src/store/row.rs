//! Between rows and our types: what has no number or text of its own in SQL.

use policy::Millis;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::any::AnyRow;
use sqlx::{Any, ColumnIndex, Decode, Row as _, Type};

use super::StoreError;

/// An id or a count as the database keeps it. GitHub's ids are far below the bound.
pub(super) fn signed(number: u64, what: &'static str) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::OutOfBounds { what })
}

/// An id or a count as it was written.
pub(super) fn unsigned(number: i64, what: &'static str) -> Result<u64, StoreError> {
    u64::try_from(number)
        .map_err(|_| StoreError::Unreadable { what, reason: format!("`{number}` is negative") })
}

pub(super) fn get<'r, T, I>(row: &'r AnyRow, column: I) -> Result<T, StoreError>
where
    T: Decode<'r, Any> + Type<Any>,
    I: ColumnIndex<AnyRow>,
{
    Ok(row.try_get(column)?)
}

pub(super) fn get_millis(row: &AnyRow, column: &'static str) -> Result<Option<Millis>, StoreError> {
    Ok(get::<Option<i64>, _>(row, column)?.map(Millis))
}

pub(super) fn get_id<T>(
    row: &AnyRow,
    column: &'static str,
    make: impl FnOnce(u64) -> T,
) -> Result<Option<T>, StoreError> {
    get::<Option<i64>, _>(row, column)?.map(|number| unsigned(number, column).map(make)).transpose()
}

/// Parses a text column with a newtype's own parser.
pub(super) fn parsed<T>(
    text: &str,
    what: &'static str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, StoreError> {
    parse(text).ok_or_else(|| StoreError::Unreadable {
        what,
        reason: format!("`{}` does not parse", text.escape_debug()),
    })
}

pub(super) fn to_json<T: Serialize>(value: &T, what: &'static str) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Refused { reason: format!("{what}: {error}") })
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str, what: &'static str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Unreadable { what, reason: error.to_string() })
}
