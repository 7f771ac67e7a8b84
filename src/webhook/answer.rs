//! What the sender hears: small JSON that says what became of the delivery, or which setting to change.
//!
//! GitHub shows it on the App's page under "Recent deliveries", which is where an operator looks first.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use policy::{Floor, Millis, Sha};
use serde_json::{Value, json};

use crate::store::{Accepted, Actor, Fate, Guid, Target};

/// An answer is read by people.
const MOST_TARGETS: usize = 10;

/// Why a request was turned away. Nothing of it was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    TooLarge,
    Form,
    Type,
    Header(&'static str),
    Signature,
    Body,
    NoJson,
    Slow,
    Busy,
    Store,
}

impl Refusal {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Form | Self::Type => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Header(_) | Self::Body | Self::NoJson => StatusCode::BAD_REQUEST,
            Self::Signature => StatusCode::UNAUTHORIZED,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Busy | Self::Store => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// A word for metrics.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Form | Self::Type => "wrong_type",
            Self::Header(_) => "bad_header",
            Self::Signature => "bad_signature",
            Self::Body | Self::NoJson => "bad_body",
            Self::Slow => "too_slow",
            Self::Busy => "busy",
            Self::Store => "unavailable",
        }
    }

    fn words(self) -> (String, &'static str) {
        let plain = |text: &str| text.to_owned();
        match self {
            Self::TooLarge => (plain("the payload is larger than 25 MiB"), "GitHub sends none larger"),
            Self::Form => (
                plain("the payload is form-encoded"),
                "set the webhook's Content type to application/json in the App's settings",
            ),
            Self::Type => (plain("the payload is not JSON"), "send Content-Type: application/json"),
            Self::Header(name) => {
                (format!("the header `{name}` is missing or malformed"), "GitHub sends it once per delivery")
            }
            Self::Signature => (
                plain("the signature is missing or does not match"),
                "the webhook secret in the App's settings must be one of those the gate was started with",
            ),
            Self::Body => (plain("the body broke off"), "send it again"),
            Self::NoJson => (plain("the body is not readable JSON"), "send the payload as GitHub signed it"),
            Self::Slow => (plain("the body took too long"), "send it again"),
            Self::Busy => (plain("too much is being received"), "redeliver it in a while"),
            Self::Store => (plain("the store cannot take it now"), "redeliver it in a while"),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (error, help) = self.words();
        let body = Json(json!({ "error": error, "help": help }));
        match self {
            Self::Busy | Self::Store => (self.status(), [(header::RETRY_AFTER, "5")], body).into_response(),
            _ => (self.status(), body).into_response(),
        }
    }
}

/// What became of a delivery that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Queued { subjects: usize, read: Value },
    Again,
    AlreadyProcessed,
    Ignored { reason: String },
    KeptAsFailed { field: String, error: String },
}

impl Outcome {
    pub(super) fn of(fate: Fate, accepted: Accepted) -> Self {
        match (fate, accepted) {
            (Fate::Fail { path, error }, _) => Self::KeptAsFailed { field: path, error },
            (_, Accepted::AlreadyProcessed) => Self::AlreadyProcessed,
            (_, Accepted::Again) => Self::Again,
            (Fate::Ignore { reason }, _) => Self::Ignored { reason },
            (Fate::Queue { .. }, Accepted::New { subjects: 0 }) => {
                Self::Ignored { reason: "no known subject is meant".to_owned() }
            }
            (Fate::Queue { targets, floor, pusher, .. }, Accepted::New { subjects }) => {
                Self::Queued { subjects, read: read(&targets, &floor, pusher.as_ref()) }
            }
        }
    }

    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::Queued { .. } => "queued",
            Self::Again => "again",
            Self::AlreadyProcessed => "already processed",
            Self::Ignored { .. } => "ignored",
            Self::KeptAsFailed { .. } => "kept as failed",
        }
    }

    pub(super) fn answer(&self, guid: &Guid) -> Response {
        let (delivery, outcome) = (guid.as_str(), self.label());
        let body = match self {
            Self::Queued { subjects, read } => {
                json!({ "delivery": delivery, "outcome": outcome, "subjects": subjects, "read": read })
            }
            Self::Again | Self::AlreadyProcessed => json!({ "delivery": delivery, "outcome": outcome }),
            Self::Ignored { reason } => {
                json!({ "delivery": delivery, "outcome": outcome, "reason": reason })
            }
            Self::KeptAsFailed { field, error } => {
                json!({ "delivery": delivery, "outcome": outcome, "field": field, "error": error })
            }
        };
        (StatusCode::ACCEPTED, Json(body)).into_response()
    }
}

/// What was read from the payload, so that whoever sees the answer need not guess what will be looked at.
fn read(targets: &[Target], floor: &Floor, pusher: Option<&Actor>) -> Value {
    let targets: Vec<String> = targets.iter().take(MOST_TARGETS).map(name).collect();
    let actor = |actor: &Actor| json!({ "id": actor.id.0, "login": actor.login, "type": actor.kind });
    json!({
        "targets": targets,
        "head": floor.head.as_ref().map(Sha::as_str),
        "updated_at": floor.updated_at.and_then(moment),
        "review": floor.review,
        "pusher": pusher.map(actor),
    })
}

fn moment(at: Millis) -> Option<String> {
    jiff::Timestamp::from_millisecond(at.0).ok().map(|moment| moment.to_string())
}

fn name(target: &Target) -> String {
    match target {
        Target::Subject(subject) => subject.to_string(),
        Target::Head { repo, head, .. } => format!("{repo}@{}", head.as_str()),
        Target::Waiting { repo, .. } => format!("what waits to be deployed in {repo}"),
        Target::Repository { repo, .. } => repo.to_string(),
    }
}

/// GitHub's greeting when a webhook is set up.
pub(super) fn pong(guid: &Guid) -> Response {
    Json(json!({ "delivery": guid.as_str(), "outcome": "pong" })).into_response()
}
