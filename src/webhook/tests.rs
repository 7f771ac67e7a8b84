//! The ingress over real HTTP, with real signatures and a real store.

mod events;
mod guard;
mod hostile;
mod refusals;
mod runs;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use policy::{InstallationId, PullSubject, RepoId, RepoName, Subject};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;
use tempfile::TempDir;

use super::*;
use crate::lease::Lease;
use crate::store::{DeliveryFilter, DeliveryState, Guid, Next, StoreOptions};

pub(super) const NEW_SECRET: &str = "invented secret, new";
pub(super) const OLD_SECRET: &str = "invented secret, old";
pub(super) const NOW: Millis = Millis(1_795_168_805_000);
pub(super) const GUID: &str = "72d3162e-cc78-11e3-81ab-4c9367dc0958";

/// A served ingress.
pub(super) struct Door {
    _folder: TempDir,
    pub(super) store: Store,
    pub(super) address: SocketAddr,
    pub(super) wake: Arc<Notify>,
    pub(super) roster: Arc<AtomicUsize>,
    client: reqwest::Client,
}

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Value,
}

pub(super) async fn door() -> Door {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().join("portcullis.db").display().to_string();
    let store = Store::open(&url, StoreOptions::default()).await.unwrap();
    let (wake, roster) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&roster);
    let ingress = Ingress {
        own_rules_changed: Arc::new(|_| ()),
        pushed: Arc::new(|_, _| ()),
        store: store.clone(),
        secrets: Arc::new([SecretString::from(NEW_SECRET), SecretString::from(OLD_SECRET)]),
        app_id: Some(31),
        clock: Arc::new(|| NOW),
        wake: Arc::clone(&wake),
        roster_changed: Arc::new(move || {
            count.fetch_add(1, Ordering::Relaxed);
        }),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router(ingress)).await });
    Door { _folder: folder, store, address, wake, roster, client: reqwest::Client::new() }
}

pub(super) fn sign(secret: &str, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(body).finalize();
    format!("sha256={}", hex::encode(mac.into_bytes()))
}

pub(super) fn guid(text: &str) -> Guid {
    Guid::parse(text).unwrap()
}

pub(super) fn pull(number: u64) -> Subject {
    Subject::Pull(PullSubject {
        installation: InstallationId(7),
        repo_id: RepoId(100),
        repo: RepoName::parse("acme/web").unwrap(),
        number,
    })
}

pub(super) fn payload(action: &str, more: Value) -> Value {
    let mut payload = json!({
        "action": action,
        "installation": { "id": 7, "created_at": 1_600_000_000 },
        "repository": { "id": 100, "full_name": "acme/web", "pushed_at": "2026-11-20T10:00:00Z" },
        "sender": { "id": 5, "login": "invented-person", "type": "User" },
    });
    for (key, value) in more.as_object().unwrap() {
        payload[key] = value.clone();
    }
    payload
}

pub(super) fn on_pull(action: &str) -> Value {
    let pull =
        json!({ "number": 12, "updated_at": "2026-11-20T10:00:01Z", "head": { "sha": "a".repeat(40) } });
    payload(action, json!({ "pull_request": pull }))
}

impl Door {
    /// A request with nothing but its body.
    pub(super) fn bare(&self, body: Vec<u8>) -> RequestBuilder {
        self.client.post(format!("http://{}/webhooks/github", self.address)).body(body)
    }

    /// A request as GitHub would send it.
    pub(super) fn signed(&self, guid: &str, event: &str, payload: &Value) -> RequestBuilder {
        let body = payload.to_string().into_bytes();
        let signature = sign(NEW_SECRET, &body);
        self.bare(body)
            .header("content-type", "application/json")
            .header("x-github-delivery", guid)
            .header("x-github-event", event)
            .header("x-hub-signature-256", signature)
    }

    pub(super) async fn send(&self, guid: &str, event: &str, payload: &Value) -> Answer {
        answer(self.signed(guid, event, payload)).await
    }

    pub(super) async fn kept(&self) -> usize {
        self.store.deliveries(&DeliveryFilter::default()).await.unwrap().len()
    }

    pub(super) async fn claim(&self) -> Vec<Lease> {
        self.store.claim(NOW, Duration::from_secs(60), 100).await.unwrap()
    }

    pub(super) fn woken(&self) -> bool {
        let mut notified = std::pin::pin!(self.wake.notified());
        notified.as_mut().enable()
    }
}

pub(super) async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let status = response.status();
    let text = response.text().await.unwrap();
    Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
}
