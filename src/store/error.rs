//! What can go wrong with the store, told by what the caller should do about it.

/// Why the store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Nothing was kept; the same call may succeed later. An ingress answers 503, a worker tries again.
    #[error("the store cannot take it now: {reason}")]
    Unavailable {
        /// What stood in the way.
        reason: String,
    },
    /// Another replica was in the way; the writer repeats the operation alone before anybody sees this.
    #[error("another writer was in the way: {reason}")]
    Contended {
        /// The engine's words.
        reason: String,
    },
    /// The lease ran out and the subject may be in other hands: stop acting on it.
    #[error("the lease is lost")]
    LeaseLost,
    /// A stored row does not read back: the database was changed from outside or by a newer version.
    #[error("stored {what} is unreadable: {reason}")]
    Unreadable {
        /// Which part of which row.
        what: &'static str,
        /// Why it does not parse.
        reason: String,
    },
    /// What was given does not fit the store's bounds; the same call fails again.
    #[error("{what} is out of bounds")]
    OutOfBounds {
        /// Which value.
        what: &'static str,
    },
    /// The settings do not name a usable store; `open` alone says this.
    #[error("the store's settings do not work: {reason}")]
    Setting {
        /// What to correct.
        reason: String,
    },
    /// The engine refused a statement for a reason that repeating does not cure.
    #[error("the store refused a statement: {reason}")]
    Refused {
        /// The engine's words.
        reason: String,
    },
}

impl StoreError {
    pub(super) fn unavailable(reason: impl Into<String>) -> Self {
        Self::Unavailable { reason: reason.into() }
    }

    /// Whether it concerns the whole transaction, so that nothing done beside it can be trusted either.
    pub(super) fn spoils_the_transaction(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Contended { .. })
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let reason = error.to_string();
        match error {
            sqlx::Error::Database(database) => by_code(database.code().as_deref().unwrap_or(""), reason),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => Self::Unavailable { reason },
            sqlx::Error::Configuration(_) => Self::Setting { reason },
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnNotFound(_) => {
                Self::Unreadable { what: "row", reason }
            }
            _ => Self::Refused { reason },
        }
    }
}

/// Sorts the engines' codes: PostgreSQL's SQLSTATE has five characters
/// (<https://www.postgresql.org/docs/current/errcodes-appendix.html>), SQLite's is a number whose low byte is the
/// primary code (<https://www.sqlite.org/rescode.html>).
fn by_code(code: &str, reason: String) -> StoreError {
    if code.len() == 5 {
        return match code {
            "40001" | "40P01" | "55P03" => StoreError::Contended { reason },
            _ if ["08", "25", "53", "57", "58"].iter().any(|class| code.starts_with(class)) => {
                StoreError::Unavailable { reason }
            }
            _ => StoreError::Refused { reason },
        };
    }
    match code.parse::<u32>().map(|code| code & 0xff) {
        // PERM, BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, CORRUPT, FULL, CANTOPEN, PROTOCOL, NOTADB
        Ok(3 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 13 | 14 | 15 | 26) => StoreError::Unavailable { reason },
        _ => StoreError::Refused { reason },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_both_engines_say_what_to_do() {
        let sort = |code: &str| by_code(code, String::new());
        for code in ["13", "5", "517", "1032", "10", "3338", "57P01", "53100", "08006", "25006"] {
            assert!(matches!(sort(code), StoreError::Unavailable { .. }), "{code}");
        }
        for code in ["40001", "40P01"] {
            assert!(matches!(sort(code), StoreError::Contended { .. }), "{code}");
        }
        for code in ["1555", "19", "23505", "42601", ""] {
            assert!(matches!(sort(code), StoreError::Refused { .. }), "{code}");
        }
    }
}
