//! The way in: one signed POST per delivery, kept durably before it is answered.
//!
//! Not here: what a delivery leads to. It only says which subjects to look at again.
//! Order is the rule: bound, verify, read, store, answer. Nothing is parsed before its signature matched, nothing is
//! answered 202 before it is committed, and neither a payload nor a secret is logged.

mod answer;
mod delivery;
mod payload;
mod request;
mod signature;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use policy::{Millis, RepoId, RepoName};
use secrecy::SecretString;
use tokio::sync::Notify;
use tracing::Instrument as _;

use crate::store::{Fate, NewDelivery, Store, Target};
use answer::{Outcome, Refusal};
pub use delivery::{Envelope, NoJson, read};
use request::{Heading, Received, Room};
pub use signature::{Verified, verify};

/// Above this, hashing and parsing would hold up the other tasks of the thread.
const INLINE: usize = 256 * 1024;

/// Takes number and name of a repository that was pushed.
pub type Pushed = dyn Fn(RepoId, &RepoName) + Send + Sync;

/// What the ingress needs.
#[derive(Clone)]
pub struct Ingress {
    /// Where deliveries are kept.
    pub store: Store,
    /// Every secret that is valid now: the new and the old one while a secret is being changed.
    pub secrets: Arc<[SecretString]>,
    /// The App's id; with it, requests to repeat other Apps' checks are ignored.
    pub app_id: Option<u64>,
    /// What time it is.
    pub clock: Arc<dyn Fn() -> Millis + Send + Sync>,
    /// Told when there is work.
    pub wake: Arc<Notify>,
    /// Told when memberships may have changed.
    pub roster_changed: Arc<dyn Fn() + Send + Sync>,
    /// Told when a repository's own rules may have changed.
    pub own_rules_changed: Arc<dyn Fn(RepoId) + Send + Sync>,
    /// Told when a repository was pushed, whose number and name these are.
    pub pushed: Arc<Pushed>,
}

impl fmt::Debug for Ingress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ingress").field("app_id", &self.app_id).finish_non_exhaustive()
    }
}

/// `POST /webhooks/github`.
pub fn router(ingress: Ingress) -> Router {
    let door = Door { ingress, room: Room::new() };
    Router::new().route("/webhooks/github", post(receive)).with_state(door)
}

#[derive(Clone)]
struct Door {
    ingress: Ingress,
    room: Room,
}

async fn receive(State(door): State<Door>, request: Request) -> Response {
    let began = Instant::now();
    let (parts, body) = request.into_parts();
    let heading = match request::heading(&parts.headers) {
        Ok(heading) => heading,
        Err(refusal) => return refuse(refusal),
    };
    // The span carries what the headers claim; both were bounded and hold no more than letters, digits, `-` and `_`.
    let span = tracing::info_span!(
        "delivery", delivery = %heading.envelope.guid, event = %heading.envelope.event
    );
    let answer = async {
        match request::receive(body, &door.room).await {
            Ok(received) => door.take(heading, received).await.unwrap_or_else(refuse),
            Err(refusal) => refuse(refusal),
        }
    };
    let answer = answer.instrument(span).await;
    metrics::histogram!("portcullis_delivery_ack_seconds").record(began.elapsed().as_secs_f64());
    answer
}

impl Door {
    async fn take(&self, heading: Heading, received: Received) -> Result<Response, Refusal> {
        let Received { raw, _room } = received;
        let guid = heading.envelope.guid.clone();
        let label = event_label(&heading.envelope.event);
        let Some(delivery) = self.examine(heading, raw).await? else {
            count(label, "pong");
            return Ok(answer::pong(&guid));
        };
        if delivery::changes_the_roster(&delivery.event) {
            (self.ingress.roster_changed)();
        }
        if let (Fate::Queue { .. } | Fate::Ignore { .. }, "push", Some((id, name))) =
            (&delivery.fate, delivery.event.as_str(), &delivery.repo)
        {
            (self.ingress.pushed)(*id, name);
        }
        let fate = delivery.fate.clone();
        let asks_for_work = matches!(fate, Fate::Queue { .. });
        let own_rules = match &fate {
            Fate::Queue { targets, .. } => targets.iter().find_map(Target::repository),
            Fate::Ignore { .. } | Fate::Fail { .. } => None,
        };
        let accepted = self.ingress.store.accept(delivery).await.map_err(|error| {
            tracing::error!(%error, "a delivery could not be kept");
            Refusal::Store
        })?;
        if asks_for_work {
            self.ingress.wake.notify_one();
        }
        if let Some(repo) = own_rules {
            (self.ingress.own_rules_changed)(repo);
        }
        let outcome = Outcome::of(fate, accepted);
        if let Outcome::KeptAsFailed { field, .. } = &outcome {
            tracing::error!(%field, "a delivery could not be read and is kept as failed");
        }
        count(label, outcome.label());
        tracing::info!(outcome = outcome.label(), "delivery kept");
        Ok(outcome.answer(&guid))
    }

    /// Verifies and reads, off the async threads when it takes long. `None` is a ping.
    async fn examine(&self, heading: Heading, raw: bytes::Bytes) -> Result<Option<NewDelivery>, Refusal> {
        let Ingress { secrets, app_id, clock, .. } = &self.ingress;
        let (secrets, app_id, now) = (Arc::clone(secrets), *app_id, clock());
        let large = raw.len() > INLINE;
        let examine = move || {
            let Heading { envelope, signature } = heading;
            let verified = signature::verify(raw, &signature, &secrets).ok_or(Refusal::Signature)?;
            if envelope.event == "ping" {
                return Ok(None);
            }
            delivery::read(envelope, verified, app_id, now).map(Some).map_err(|NoJson| Refusal::NoJson)
        };
        if !large {
            return examine();
        }
        tokio::task::spawn_blocking(examine).await.unwrap_or(Err(Refusal::Busy))
    }
}

fn refuse(refusal: Refusal) -> Response {
    tracing::warn!(reason = refusal.label(), "a request was turned away");
    // The event is what an unknown sender claims, so it is no label.
    count("unverified", refusal.label());
    refusal.into_response()
}

fn count(event: &'static str, outcome: &'static str) {
    metrics::counter!("portcullis_deliveries_total", "event" => event, "outcome" => outcome).increment(1);
}

/// The event as a label: few and known.
fn event_label(event: &str) -> &'static str {
    const KNOWN: [&str; 13] = [
        "pull_request",
        "pull_request_review",
        "issue_comment",
        "check_run",
        "check_suite",
        "workflow_run",
        "workflow_job",
        "merge_group",
        "member",
        "membership",
        "team",
        "organization",
        "ping",
    ];
    KNOWN.into_iter().find(|known| *known == event).unwrap_or("other")
}
