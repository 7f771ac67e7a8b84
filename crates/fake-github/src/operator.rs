//! An operator's own webhook: where a gate sends its news, beside the forge and no part of its API.
//!
//! `POST /operator-hook` takes any body, keeps it with its signature, and fails when it was told to.

use axum::body::Body;
use axum::http::request::Parts;
use axum::response::Response;
use bytes::Bytes;

use crate::delivery::signature;
use crate::server::FakeGithub;

/// The path of the endpoint.
pub(crate) const PATH: &str = "/operator-hook";
/// The header that has `sha256=<hex>` over the body.
const SIGNATURE: &str = "x-portcullis-signature-256";
/// No more letters than this are kept.
const MOST: usize = 10_000;

/// What came in.
#[derive(Debug, Clone)]
pub struct OperatorLetter {
    /// `X-Portcullis-Signature-256`, as it was sent.
    pub signature: Option<String>,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, byte by byte.
    pub body: Bytes,
    /// The status that was answered.
    pub status: u16,
}

impl OperatorLetter {
    /// Whether the signature is that of the body under this secret.
    #[must_use]
    pub fn is_signed_with(&self, secret: &str) -> bool {
        self.signature.as_deref() == Some(signature(secret, &self.body).as_str())
    }

    /// The body as JSON; `null` when it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

#[derive(Debug, Default)]
pub(crate) struct OperatorHook {
    letters: Vec<OperatorLetter>,
    failures: usize,
}

impl OperatorHook {
    /// Takes a request: 204, or 500 while it is to fail; 405 for what is no `POST`.
    pub(crate) fn take(&mut self, head: &Parts, body: &Bytes) -> Response {
        let status = if head.method != axum::http::Method::POST {
            405
        } else if self.failures > 0 {
            self.failures -= 1;
            500
        } else {
            204
        };
        let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        if self.letters.len() < MOST {
            self.letters.push(OperatorLetter {
                signature: head.headers.get(SIGNATURE).map(text),
                headers: head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
                body: body.clone(),
                status,
            });
        }
        Response::builder().status(status).body(Body::empty()).unwrap_or_default()
    }
}

impl FakeGithub {
    /// Where an operator's webhook may point.
    #[must_use]
    pub fn operator_hook_url(&self) -> String {
        format!("{}{PATH}", self.url())
    }

    /// What came in at the operator's webhook, in order, failures included.
    #[must_use]
    pub fn operator_letters(&self) -> Vec<OperatorLetter> {
        self.shared.world().operator_hook.letters.clone()
    }

    /// Lets the operator's webhook answer 500 to the next `times` letters.
    pub fn fail_operator_hook(&self, times: usize) {
        self.shared.world().operator_hook.failures = times;
    }
}
