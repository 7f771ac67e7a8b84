//! An API answer before it is HTTP: status, JSON, and the headers every answer has.

use axum::body::Body;
use axum::response::Response;
use serde_json::{Value, json};

/// The hourly budget the headers tell of.
pub(crate) const HOURLY: i64 = 5000;

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Option<Value>,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Reply {
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self { status, body: Some(body), headers: Vec::new() }
    }

    pub(crate) fn ok(body: Value) -> Self {
        Self::json(200, body)
    }

    /// An error as GitHub words it.
    pub(crate) fn message(status: u16, message: &str) -> Self {
        let documentation_url = "https://docs.github.com/rest";
        Self::json(
            status,
            json!({ "message": message, "documentation_url": documentation_url, "status": status.to_string() }),
        )
    }

    pub(crate) fn not_found() -> Self {
        Self::message(404, "Not Found")
    }

    pub(crate) fn forbidden() -> Self {
        Self::message(403, "Resource not accessible by integration")
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    /// A secondary rate limit.
    /// <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>
    pub(crate) fn limited(status: u16, retry_after: u64) -> Self {
        let message =
            "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
        Self::message(status, message).header("retry-after", retry_after)
    }

    /// The primary rate limit: GraphQL answers 200 with an error.
    pub(crate) fn exhausted(is_graphql: bool, installation: u64, reset: i64) -> Self {
        let message = format!("API rate limit exceeded for installation ID {installation}.");
        let reply = if is_graphql {
            Self::ok(json!({ "errors": [{ "type": "RATE_LIMITED", "message": message }] }))
        } else {
            Self::message(403, &message)
        };
        let resource = if is_graphql { "graphql" } else { "core" };
        reply.budget(resource, HOURLY, reset)
    }

    /// The headers of the primary rate limit.
    pub(crate) fn budget(self, resource: &'static str, used: i64, reset: i64) -> Self {
        self.header("x-ratelimit-limit", HOURLY)
            .header("x-ratelimit-remaining", (HOURLY - used).max(0))
            .header("x-ratelimit-used", used)
            .header("x-ratelimit-reset", reset)
            .header("x-ratelimit-resource", resource)
    }

    pub(crate) fn into_response(self) -> Response {
        let mut response = Response::builder()
            .status(self.status)
            .header("content-type", "application/json; charset=utf-8")
            .header("x-github-request-id", "FA4E:0001:0002:0003")
            .header("server", "github.example");
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        let body = self.body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        response.body(body).unwrap_or_default()
    }
}
