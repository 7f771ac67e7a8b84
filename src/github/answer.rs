//! What an HTTP answer of the forge means, as a pure function of its parts.
//!
//! GitHub tells of limits in several ways, and with 403 as well as 429:
//! <https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api>

use policy::Millis;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::Deserialize;

use super::budget::Limit;
use super::error::{ForgeError, quote};

/// A wait that the forge asks for is believed up to here: its clock or ours may be wrong.
const LONGEST_WAIT: i64 = 2 * 3_600_000;

/// What an answer means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// As asked.
    Fine,
    /// Elsewhere now.
    Moved,
    /// A limit holds; nothing was done.
    Limited(Limit),
    /// The server is in trouble and may do better in a moment.
    Passing(ForgeError),
    /// Anything else that went wrong.
    Final(ForgeError),
}

/// Reads status, headers and the beginning of the body.
pub(super) fn meaning(
    what: &str,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: Millis,
) -> Meaning {
    if status.is_success() {
        return Meaning::Fine;
    }
    if let Some(limit) = limit(status, headers, body, now) {
        return Meaning::Limited(limit);
    }
    match status.as_u16() {
        301 | 302 | 307 | 308 => Meaning::Moved,
        404 | 410 => Meaning::Final(ForgeError::Gone { what: what.to_owned() }),
        502..=504 => Meaning::Passing(ForgeError::broken(what, format!("status {}", status.as_u16()))),
        500.. => Meaning::Final(ForgeError::broken(what, format!("status {}", status.as_u16()))),
        code => Meaning::Final(ForgeError::Refused {
            what: what.to_owned(),
            status: code,
            message: quote(&Complaint::read(body).message),
        }),
    }
}

/// The hourly points are used up with this very answer: the next request would be refused.
pub(super) fn used_up(headers: &HeaderMap, now: Millis) -> Option<Limit> {
    (number(headers, "x-ratelimit-remaining") == Some(0)).then(|| reset(headers, now)).flatten()
}

/// The wait in `retry-after`, whole seconds; GitHub sends no dates there.
pub(super) fn retry_after(headers: &HeaderMap, now: Millis) -> Option<Millis> {
    let seconds = number(headers, "retry-after")?;
    Some(Millis(now.0.saturating_add(seconds.saturating_mul(1_000).clamp(1_000, LONGEST_WAIT))))
}

fn limit(status: StatusCode, headers: &HeaderMap, body: &[u8], now: Millis) -> Option<Limit> {
    let code = status.as_u16();
    if let Some(until) = retry_after(headers, now)
        && (code == 403 || code == 429 || code >= 500)
    {
        return Some(Limit::Secondary(Some(until)));
    }
    if code != 403 && code != 429 {
        return None;
    }
    if let Some(limit) = used_up(headers, now) {
        return Some(limit);
    }
    // A plain 403 is a missing permission; only its words tell it from a secondary limit without headers.
    (code == 429 || Complaint::read(body).is_about_limits()).then_some(Limit::Secondary(None))
}

fn reset(headers: &HeaderMap, now: Millis) -> Option<Limit> {
    let at = number(headers, "x-ratelimit-reset")?.saturating_mul(1_000);
    let (soonest, latest) = (now.0.saturating_add(1_000), now.0.saturating_add(LONGEST_WAIT));
    Some(Limit::Primary(Millis(at.clamp(soonest, latest))))
}

fn number(headers: &HeaderMap, name: &str) -> Option<i64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok().filter(|n| *n >= 0)
}

/// The body of a refusal.
#[derive(Debug, Default, Deserialize)]
struct Complaint {
    #[serde(default)]
    message: String,
    #[serde(default)]
    documentation_url: Option<String>,
}

impl Complaint {
    fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    fn is_about_limits(&self) -> bool {
        speaks_of_limits(&self.message)
            || self.documentation_url.as_deref().is_some_and(|url| url.contains("rate-limit"))
    }
}

/// GitHub's wordings: "secondary rate limit", "API rate limit exceeded", "abuse detection mechanism".
pub(super) fn speaks_of_limits(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("rate limit") || message.contains("abuse detection")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_000_000_000);

    fn check(status: u16, headers: &[(&'static str, &str)], body: &str) -> Meaning {
        let headers = headers.iter().map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap())).collect();
        meaning("a read", StatusCode::from_u16(status).unwrap(), &headers, body.as_bytes(), NOW)
    }

    fn secondary(until: i64) -> Meaning {
        Meaning::Limited(Limit::Secondary(Some(Millis(until))))
    }

    #[test]
    fn limits_are_told_from_missing_permissions() {
        let plain = r#"{"message":"Resource not accessible by integration"}"#;
        let wordy = r#"{"message":"You have exceeded a secondary rate limit."}"#;
        assert!(matches!(check(403, &[], plain), Meaning::Final(ForgeError::Refused { status: 403, .. })));
        assert_eq!(check(403, &[], wordy), Meaning::Limited(Limit::Secondary(None)));
        assert_eq!(check(429, &[], ""), Meaning::Limited(Limit::Secondary(None)));
        assert_eq!(check(403, &[("retry-after", "7")], plain), secondary(1_000_007_000));
        assert_eq!(check(503, &[("retry-after", "7")], ""), secondary(1_000_007_000));
    }

    #[test]
    fn the_hourly_limit_names_its_end() {
        let headers = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1000060")];
        let end = Limit::Primary(Millis(1_000_060_000));
        assert_eq!(check(403, &headers, ""), Meaning::Limited(end));
        assert_eq!(check(429, &headers, ""), Meaning::Limited(end));
        assert_eq!(check(200, &headers, ""), Meaning::Fine);
    }

    #[test]
    fn a_wait_is_believed_within_bounds() {
        assert_eq!(check(429, &[("retry-after", "0")], ""), secondary(NOW.0 + 1_000));
        assert_eq!(check(429, &[("retry-after", "99999999999")], ""), secondary(NOW.0 + LONGEST_WAIT));
        assert_eq!(check(429, &[("retry-after", "soon")], ""), Meaning::Limited(Limit::Secondary(None)));
        let past = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1")];
        assert_eq!(check(403, &past, ""), Meaning::Limited(Limit::Primary(Millis(NOW.0 + 1_000))));
    }

    #[test]
    fn every_status_says_what_to_do() {
        assert!(matches!(check(404, &[], ""), Meaning::Final(ForgeError::Gone { .. })));
        assert!(matches!(check(410, &[], ""), Meaning::Final(ForgeError::Gone { .. })));
        assert!(matches!(
            check(422, &[], "nonsense"),
            Meaning::Final(ForgeError::Refused { status: 422, .. })
        ));
        assert!(matches!(check(500, &[], ""), Meaning::Final(ForgeError::Broken { .. })));
        assert!(matches!(check(502, &[], ""), Meaning::Passing(ForgeError::Broken { .. })));
        assert_eq!(check(307, &[], ""), Meaning::Moved);
    }
}
