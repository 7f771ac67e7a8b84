//! Lengths of time as `rules.toml` writes them: `10m`, `36h`, `7d`. Never zero, at most a year.

use std::fmt;

use super::read::Table;
use crate::complaint::{Code, Complaints};
use crate::ids::Millis;

/// What is taken for a length of time.
pub(super) const SPAN: &str = "^[1-9][0-9]{0,4}[mhd]$";

const MINUTES_A_YEAR: u32 = 365 * 24 * 60;

/// A length of time in minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(u32);

impl Span {
    /// Parses `10m`, `36h` or `7d`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (number, minutes) = match text.split_at_checked(text.len().checked_sub(1)?)? {
            (number, "m") => (number, 1),
            (number, "h") => (number, 60),
            (number, "d") => (number, 24 * 60),
            _ => return None,
        };
        let plain =
            number.len() <= 5 && number.bytes().all(|b| b.is_ascii_digit()) && !number.starts_with('0');
        let minutes = number.parse::<u32>().ok().filter(|_| plain)?.checked_mul(minutes)?;
        (minutes <= MINUTES_A_YEAR).then_some(Self(minutes))
    }

    /// The moment so long after another.
    #[must_use]
    pub fn after(self, at: Millis) -> Millis {
        Millis(at.0.saturating_add(i64::from(self.0) * 60_000))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, unit) = match self.0 {
            minutes if minutes % (24 * 60) == 0 => (minutes / (24 * 60), "day"),
            minutes if minutes % 60 == 0 => (minutes / 60, "hour"),
            minutes => (minutes, "minute"),
        };
        write!(f, "{number} {unit}{}", if number == 1 { "" } else { "s" })
    }
}

/// A length of time, complained about when it is none.
pub(super) fn parse(
    key: &'static str,
    table: &mut Table<'_>,
    complaints: &mut Complaints<'_>,
) -> Option<Span> {
    let text = table.text(key, complaints)?;
    let span = Span::parse(&text.value);
    if span.is_none() {
        complaints.error(
            Code::BadValue,
            text.span,
            format!("`{}` is no length of time", text.value.escape_debug()),
            "Write minutes, hours or days, up to a year: `\"10m\"`, `\"36h\"`, `\"7d\"`.",
        );
    }
    span
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_reads_back() {
        for (text, words) in [
            ("1m", "1 minute"),
            ("90m", "90 minutes"),
            ("36h", "36 hours"),
            ("7d", "7 days"),
            ("24h", "1 day"),
        ] {
            assert_eq!(Span::parse(text).unwrap().to_string(), words);
        }
        for text in ["", "m", "0m", "07d", "10", "10s", "-1m", "366d", "99999d", "1 m", "١m", "é"] {
            assert_eq!(Span::parse(text), None, "{text}");
        }
        assert!(Span::parse("24h") == Span::parse("1d") && Span::parse("10m") < Span::parse("1h"));
        assert_eq!(Span::parse("10m").unwrap().after(Millis(5)), Millis(600_005));
    }
}
