//! What was said over the API, word by word, for whoever holds it against GitHub's own descriptions.
//!
//! Kept only after [`FakeGithub::record`](crate::FakeGithub::record), for bodies are large. Git is never kept, nor is
//! what proves who somebody is: a recording may lie around.

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Map, Value, json};

/// One request of REST or GraphQL and its answer.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The HTTP method.
    pub method: String,
    /// The path as it was asked for.
    pub path: String,
    /// The query, when there is one.
    pub query: Option<String>,
    /// The request's headers without `authorization`, names in lower case.
    pub request_headers: Vec<(String, String)>,
    /// The request's body.
    pub request_body: Bytes,
    /// The status answered; 0 while it is under way.
    pub status: u16,
    /// The answer's headers.
    pub reply_headers: Vec<(String, String)>,
    /// The answer's body.
    pub reply_body: Bytes,
}

impl Exchange {
    pub(crate) fn asked(head: &Parts, body: &Bytes) -> Self {
        Self {
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().map(str::to_owned),
            request_headers: plain(&head.headers),
            request_body: body.clone(),
            status: 0,
            reply_headers: Vec::new(),
            reply_body: Bytes::new(),
        }
    }

    /// Reads the answer whole; answers the finished exchange, and the answer anew. An answer that breaks off is
    /// no answer, so nothing is kept of it.
    pub(crate) async fn answered(mut self, response: Response) -> Result<(Self, Response), axum::Error> {
        let (head, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await?;
        self.status = head.status.as_u16();
        self.reply_headers = plain(&head.headers);
        self.reply_body = body.clone();
        Ok((self, Response::from_parts(head, Body::from(body))))
    }

    /// Both sides as one JSON object; a body that is no JSON is `null`, and so is none.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let body = |bytes: &Bytes| serde_json::from_slice::<Value>(bytes).unwrap_or_default();
        let headers = |listed: &[(String, String)]| -> Map<String, Value> {
            listed.iter().map(|(name, value)| (name.clone(), json!(value))).collect()
        };
        json!({
            "request": {
                "method": self.method, "path": self.path, "query": self.query,
                "headers": headers(&self.request_headers), "body": body(&self.request_body),
            },
            "reply": {
                "status": self.status, "headers": headers(&self.reply_headers), "body": body(&self.reply_body),
            },
        })
    }
}

fn plain(headers: &HeaderMap) -> Vec<(String, String)> {
    let shown = headers.iter().filter(|(name, _)| *name != "authorization");
    shown
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}
