//! What went wrong between us and the forge, said as what to do about it.
//!
//! Not for showing inside a verdict: a fact that could not be seen is `Fact::Unknown`, an error means that no look or
//! no effect came about at all. Texts from the forge are hostile: they are cut and escaped here, once.

use policy::Millis;

/// Why a look or an effect did not come about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForgeError {
    /// Too much was asked; asking before `until` makes it worse and can get the App banned.
    #[error("the forge asks to wait until {} ms", until.0)]
    RateLimited {
        /// The first moment at which asking again is fair.
        until: Millis,
    },
    /// It does not exist, not any more, or not for this App.
    #[error("{what} is gone")]
    Gone {
        /// What was asked for.
        what: String,
    },
    /// The forge understood and will not; asking again changes nothing until somebody changes a setting.
    #[error("the forge refused {what} with status {status}: {message}")]
    Refused {
        /// What was asked for.
        what: String,
        /// The HTTP status.
        status: u16,
        /// The forge's own words, cut and escaped.
        message: String,
    },
    /// No usable answer: network, server error, unreadable. Whether an effect happened is not known: look again.
    #[error("{what} failed: {why}")]
    Broken {
        /// What was asked for.
        what: String,
        /// How it failed.
        why: String,
    },
    /// The answer was larger than we read.
    #[error("the answer to {what} is larger than {limit} bytes")]
    TooLarge {
        /// What was asked for.
        what: String,
        /// The most that is read.
        limit: usize,
    },
    /// An answer came, but not all of what was asked.
    #[error("the forge did not tell all: {what}")]
    Incomplete {
        /// What is missing.
        what: String,
    },
    /// What a delivery told of is not visible yet.
    #[error("not visible yet: {what}")]
    NotYet {
        /// What is awaited.
        what: String,
    },
}

/// When to look again after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// Not by ourselves: only a new delivery gives a reason.
    WhenTold,
    /// At this moment.
    At(Millis),
}

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

impl ForgeError {
    /// When to look again, `attempts` looks having failed in a row already.
    #[must_use]
    pub fn again(&self, now: Millis, attempts: u32) -> Again {
        let after = |first: i64, most: i64| {
            let wait = first.saturating_mul(1_i64.checked_shl(attempts.min(20)).unwrap_or(i64::MAX));
            Again::At(Millis(now.0.saturating_add(wait.min(most))))
        };
        match self {
            Self::RateLimited { until } => Again::At((*until).max(Millis(now.0.saturating_add(SECOND)))),
            Self::Gone { .. } => Again::WhenTold,
            Self::NotYet { .. } => after(SECOND, MINUTE),
            Self::Broken { .. } | Self::Incomplete { .. } => after(2 * SECOND, 10 * MINUTE),
            // A setting must change first. Nobody tells when it does, so look now and then.
            Self::Refused { .. } | Self::TooLarge { .. } => after(10 * MINUTE, 6 * HOUR),
        }
    }

    /// A short word for metrics.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::RateLimited { .. } => "rate_limited",
            Self::Gone { .. } => "gone",
            Self::Refused { .. } => "refused",
            Self::Broken { .. } => "broken",
            Self::TooLarge { .. } => "too_large",
            Self::Incomplete { .. } => "incomplete",
            Self::NotYet { .. } => "not_yet",
        }
    }

    pub(super) fn broken(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Broken { what: what.into(), why: why.into() }
    }

    pub(super) fn is_unauthorized(&self) -> bool {
        matches!(self, Self::Refused { status: 401, .. })
    }
}

/// Text of the forge, fit for a log line: at most 200 characters, control characters escaped.
pub(super) fn quote(text: &str) -> String {
    text.chars().take(200).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_000_000);

    #[test]
    fn a_limit_is_waited_for_and_never_asked_at_once() {
        let limited = |until| ForgeError::RateLimited { until: Millis(until) };
        assert_eq!(limited(1_060_000).again(NOW, 0), Again::At(Millis(1_060_000)));
        assert_eq!(limited(5).again(NOW, 0), Again::At(Millis(1_001_000)));
    }

    #[test]
    fn waiting_doubles_up_to_a_bound() {
        let broken = ForgeError::broken("x", "y");
        assert_eq!(broken.again(NOW, 0), Again::At(Millis(1_002_000)));
        assert_eq!(broken.again(NOW, 3), Again::At(Millis(1_016_000)));
        assert_eq!(broken.again(NOW, u32::MAX), Again::At(Millis(1_600_000)));
        let soon = ForgeError::NotYet { what: "x".into() };
        assert_eq!(soon.again(NOW, 60), Again::At(Millis(1_060_000)));
    }

    #[test]
    fn what_is_gone_waits_for_a_delivery() {
        assert_eq!(ForgeError::Gone { what: "x".into() }.again(NOW, 0), Again::WhenTold);
    }

    #[test]
    fn hostile_text_is_cut_and_escaped() {
        assert_eq!(quote("a\nb\u{1b}[2J"), "a\\nb\\u{1b}[2J");
        assert_eq!(quote(&"x".repeat(5_000)).len(), 200);
    }
}
