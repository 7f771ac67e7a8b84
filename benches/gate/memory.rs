//! How much memory a gate holds: a process of its own, idle, and with 10,000 subjects waiting.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::child::Gate;
use crate::stage::{Table, world};

const WAITING: u32 = 10_000;

/// Resident memory of `portcullis serve`.
pub(crate) async fn resident(table: &mut Table) {
    let github = fake_github::FakeGithub::start(world(0)).await.unwrap();
    let gate = Gate::start(&github, 0).await;
    table.row("resident memory, idle", "< 40 MiB", gate.memory());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let (url, secret) = (gate.webhook(), github.webhook_secret());
    for batch in 0..WAITING / 500 {
        let sends = (batch * 500..(batch + 1) * 500).map(|number| send(&client, &url, &secret, number));
        futures_util::future::join_all(sends).await;
    }
    table.row("resident memory, 10,000 subjects waiting", "< 150 MiB", gate.memory());
}

async fn send(client: &reqwest::Client, url: &str, secret: &str, number: u32) {
    let body = serde_json::json!({
        "action": "opened",
        "number": number + 1,
        "installation": { "id": 7001 },
        "repository": { "id": 3001, "full_name": "acme/web" },
        "sender": { "id": 1001, "login": "alice", "type": "User" },
        "pull_request": {
            "number": number + 1,
            "updated_at": "2026-01-15T12:00:00Z",
            "head": { "sha": format!("{number:040x}") },
        },
    })
    .to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let answer = client
        .post(url)
        .header("content-type", "application/json")
        .header("x-github-event", "pull_request")
        .header("x-github-delivery", format!("00000000-0000-4000-9000-{number:012}"))
        .header("x-hub-signature-256", format!("sha256={}", hex::encode(mac.finalize().into_bytes())))
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 202);
}
