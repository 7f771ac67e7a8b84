//! GraphQL documents and what their answers mean. Partial data is never taken for the whole.
//!
//! GitHub answers 200 to almost everything and tells of trouble in `errors`, limits included:
//! <https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api>

use policy::Millis;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer;
use super::budget::Limit;
use super::error::{ForgeError, quote};
use super::http::Answer;

/// A named document.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) name: &'static str,
    pub(super) text: &'static str,
}

pub(super) const PULL_REQUEST: Document =
    Document { name: "pull_request", text: include_str!("graphql/pull_request.graphql") };
pub(super) const FILE: Document = Document { name: "file", text: include_str!("graphql/file.graphql") };
pub(super) const RULES: Document = Document { name: "rules", text: include_str!("graphql/rules.graphql") };
pub(super) const REFERENCE: Document =
    Document { name: "reference", text: include_str!("graphql/reference.graphql") };
pub(super) const WORKFLOW: Document =
    Document { name: "workflow", text: include_str!("graphql/workflow.graphql") };
pub(super) const UPDATE_REFS: Document =
    Document { name: "update_refs", text: include_str!("graphql/update_refs.graphql") };
pub(super) const CREATE_COMMIT: Document =
    Document { name: "create_commit", text: include_str!("graphql/create_commit.graphql") };
pub(super) const DISABLE_AUTO_MERGE: Document =
    Document { name: "disable_auto_merge", text: include_str!("graphql/disable_auto_merge.graphql") };
pub(super) const MERGE_GROUP: Document =
    Document { name: "merge_group", text: include_str!("graphql/merge_group.graphql") };
pub(super) const MERGE: Document = Document { name: "merge", text: include_str!("graphql/merge.graphql") };
pub(super) const SOURCE: Document = Document { name: "source", text: include_str!("graphql/source.graphql") };
pub(super) const RECENT_PULLS: Document =
    Document { name: "recent_pulls", text: include_str!("graphql/recent_pulls.graphql") };
pub(super) const REVERT_PULL_REQUEST: Document =
    Document { name: "revert_pull_request", text: include_str!("graphql/revert_pull_request.graphql") };
pub(super) const ORGANIZATION_MEMBERS: Document =
    Document { name: "organization_members", text: include_str!("graphql/organization_members.graphql") };
pub(super) const TEAM_MEMBERS: Document =
    Document { name: "team_members", text: include_str!("graphql/team_members.graphql") };

/// What is posted.
#[derive(Debug, Serialize)]
pub(super) struct Body<'a, V> {
    pub(super) query: &'a str,
    pub(super) variables: &'a V,
}

/// Why an answer is of no use.
#[derive(Debug)]
pub(super) enum Trouble {
    Limited(Limit),
    Gone,
    Refused(String),
    Incomplete(String),
    Broken(String),
}

impl Trouble {
    pub(super) fn into_error(self, name: &'static str) -> ForgeError {
        let what = name.to_owned();
        match self {
            Self::Gone => ForgeError::Gone { what },
            Self::Refused(message) => ForgeError::Refused { what, status: 403, message },
            Self::Incomplete(why) => ForgeError::Incomplete { what: format!("{what}: {why}") },
            Self::Broken(why) => ForgeError::Broken { what, why },
            // Noted in the budget by the caller, which knows until when.
            Self::Limited(_) => ForgeError::broken(what, "a limit was not noted"),
        }
    }
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    data: Option<Value>,
    #[serde(default)]
    errors: Option<Vec<Complaint>>,
    /// Some refusals come with 200 and no `errors`.
    #[serde(default)]
    message: Option<String>,
}

#[derive(Deserialize)]
struct Complaint {
    #[serde(rename = "type", default)]
    kind: Option<String>,
    #[serde(default)]
    message: String,
    #[serde(default)]
    path: Option<Vec<Value>>,
}

/// Reads an answer: all of the data, or the trouble.
pub(super) fn read<T: DeserializeOwned>(name: &str, answer: &Answer, now: Millis) -> Result<T, Trouble> {
    let unreadable = |error: serde_json::Error| Trouble::Broken(quote(&error.to_string()));
    let envelope: Envelope = serde_json::from_slice(&answer.body).map_err(unreadable)?;
    // The worst complaint decides: waiting comes before giving up.
    let complaints = envelope.errors.unwrap_or_default();
    let troubles = complaints.iter().map(|complaint| complaint.trouble(answer, now));
    if let Some(trouble) = troubles.min_by_key(rank) {
        tracing::debug!(document = name, ?trouble, "the forge complained");
        return Err(trouble);
    }
    match envelope.data {
        Some(data) if !data.is_null() => serde_json::from_value(data).map_err(unreadable),
        _ => Err(lone_message(envelope.message.unwrap_or_default(), answer, now)),
    }
}

fn rank(trouble: &Trouble) -> u8 {
    match trouble {
        Trouble::Limited(_) => 0,
        Trouble::Broken(_) => 1,
        Trouble::Incomplete(_) => 2,
        Trouble::Refused(_) => 3,
        Trouble::Gone => 4,
    }
}

fn lone_message(message: String, answer: &Answer, now: Millis) -> Trouble {
    if answer::speaks_of_limits(&message) {
        return Trouble::Limited(Limit::Secondary(answer::retry_after(&answer.headers, now)));
    }
    Trouble::Incomplete(if message.is_empty() { "no data".to_owned() } else { quote(&message) })
}

impl Complaint {
    fn trouble(&self, answer: &Answer, now: Millis) -> Trouble {
        let message = quote(&self.message);
        match self.kind.as_deref() {
            Some("RATE_LIMITED" | "RATE_LIMIT") => Trouble::Limited(self.limit(answer, now)),
            _ if answer::speaks_of_limits(&self.message) => Trouble::Limited(self.limit(answer, now)),
            // `repository` or `repository.pullRequest` is missing: the subject itself. Anything deeper is a part
            // of it that we may not or cannot see.
            Some("NOT_FOUND") if self.path.as_ref().is_some_and(|path| path.len() <= 2) => Trouble::Gone,
            // The latter two are how a mutation is refused: by a ruleset, or because what it expected is no longer so.
            Some("FORBIDDEN" | "INSUFFICIENT_SCOPES" | "UNPROCESSABLE" | "STALE_DATA") => {
                Trouble::Refused(message)
            }
            // "Something went wrong while executing your query" carries no type: GitHub's own time limit.
            None => Trouble::Broken(message),
            Some(kind) => Trouble::Incomplete(format!("{}: {message}", quote(kind))),
        }
    }

    fn limit(&self, answer: &Answer, now: Millis) -> Limit {
        answer::used_up(&answer.headers, now)
            .unwrap_or(Limit::Secondary(answer::retry_after(&answer.headers, now)))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::header::HeaderMap;

    use super::*;

    fn check(headers: &[(&'static str, &str)], body: &'static str) -> Result<Value, Trouble> {
        let headers: HeaderMap =
            headers.iter().map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap())).collect();
        read("a_query", &Answer { headers, body: Bytes::from_static(body.as_bytes()) }, Millis(1_000_000))
    }

    #[test]
    fn partial_data_is_never_taken_for_the_whole() {
        let body = r#"{"data":{"a":1},"errors":[{"type":"SOMETHING","message":"no"}]}"#;
        assert!(matches!(check(&[], body), Err(Trouble::Incomplete(_))));
        assert!(matches!(check(&[], r#"{"data":null}"#), Err(Trouble::Incomplete(_))));
        assert!(matches!(check(&[], "{}"), Err(Trouble::Incomplete(_))));
        assert!(matches!(check(&[], "<html>"), Err(Trouble::Broken(_))));
        assert_eq!(check(&[], r#"{"data":{"a":1}}"#).unwrap()["a"], 1);
    }

    #[test]
    fn the_subject_is_gone_only_when_the_subject_is_missing() {
        let top = r#"{"errors":[{"type":"NOT_FOUND","path":["repository","pullRequest"],"message":"x"}]}"#;
        assert!(matches!(check(&[], top), Err(Trouble::Gone)));
        let deep =
            r#"{"errors":[{"type":"NOT_FOUND","path":["repository","pullRequest","headRepository"]}]}"#;
        assert!(matches!(check(&[], deep), Err(Trouble::Incomplete(_))));
        let nowhere = r#"{"errors":[{"type":"NOT_FOUND","message":"x"}]}"#;
        assert!(matches!(check(&[], nowhere), Err(Trouble::Incomplete(_))));
    }

    #[test]
    fn limits_come_before_everything_else() {
        let body = r#"{"errors":[{"type":"FORBIDDEN","message":"x"},{"type":"RATE_LIMITED","message":"y"}]}"#;
        let headers = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1060")];
        let Err(Trouble::Limited(limit)) = check(&headers, body) else { panic!() };
        assert_eq!(limit, Limit::Primary(Millis(1_060_000)));
        let worded = r#"{"message":"You have exceeded a secondary rate limit"}"#;
        let Err(Trouble::Limited(limit)) = check(&[("retry-after", "30")], worded) else { panic!() };
        assert_eq!(limit, Limit::Secondary(Some(Millis(1_030_000))));
    }

    #[test]
    fn a_refusal_and_a_stumble_differ() {
        let forbidden = r#"{"data":{"organization":null},"errors":[{"type":"FORBIDDEN","message":"x"}]}"#;
        assert!(matches!(check(&[], forbidden), Err(Trouble::Refused(_))));
        let stumble = r#"{"data":null,"errors":[{"message":"Something went wrong"}]}"#;
        assert!(matches!(check(&[], stumble), Err(Trouble::Broken(_))));
    }
}
