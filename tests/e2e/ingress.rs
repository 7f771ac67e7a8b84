//! The way in, through the whole stack that `serve` starts.

use std::time::Duration;

use fake_github::ReviewState;
use portcullis::store::{DeliveryFilter, DeliveryState};
use serde_json::json;

use crate::Gate;
use crate::child::Den;
use crate::stage::{WEB, propose};

#[tokio::test]
async fn the_pages_answer() {
    let den = Den::new().await;
    let gate = den.serve(1).await;
    let (status, health) = gate.get("/healthz").await;
    assert_eq!(status, 200);
    assert!(health.contains("\"status\":\"alive\""), "{health}");
    assert_eq!(gate.get("/readyz").await, (200, "{\"status\":\"ready\"}".to_owned()));
    let (status, metrics) = gate.get("/metrics").await;
    assert_eq!(status, 200);
    for name in ["portcullis_rules_invalid", "portcullis_subjects_waiting"] {
        assert!(metrics.contains(name), "{metrics}");
    }
    assert_eq!(gate.get("/nothing").await.0, 404);
}

#[tokio::test]
async fn a_thousand_deliveries_at_once_are_kept_in_few_transactions() {
    let gate = Gate::acme().await;
    let mut pulls = Vec::new();
    for n in 0..5 {
        pulls.push(propose(&gate.github, &format!("n{n}")).await);
    }
    gate.settle().await;
    for n in 0..500 {
        let number = pulls[n % pulls.len()];
        gate.label(number, "hold").await;
        gate.unlabel(number, "hold").await;
    }
    let before = gate.running.gate().store.counters();
    let deliveries = gate.github.deliver_at_once(&gate.webhook()).await;
    let after = gate.running.gate().store.counters();
    let taken = deliveries.iter().filter(|delivery| delivery.status() == Some(202)).count();
    assert_eq!((deliveries.len(), taken), (1_000, 1_000));
    assert_eq!(after.operations - before.operations, 1_000);
    let transactions = after.transactions - before.transactions;
    assert!(transactions < 500, "{transactions} transactions for 1,000 deliveries");

    gate.settle().await;
    let store = &gate.running.gate().store;
    let queued = DeliveryFilter { state: Some(DeliveryState::Queued), before: None, limit: 1_000 };
    assert_eq!(store.deliveries(&queued).await.unwrap(), []);
    for number in pulls {
        gate.shows(number, "action_required");
    }
}

#[tokio::test]
async fn get_changes_nothing() {
    let (gate, number) = Gate::with_proposal().await;
    gate.review("alice", number, ReviewState::Approved).await;
    gate.github.deliver_all(&gate.webhook()).await;
    // Work is waiting, so a page that did any would be noticed.
    let store = &gate.running.gate().store;
    let stands = async || {
        let deliveries = store.deliveries(&DeliveryFilter::default()).await.unwrap();
        (gate.text(), gate.github.calls().len(), deliveries, store.waiting().await.unwrap())
    };
    let before = stands().await;
    let operations = store.counters().operations;
    for page in ["/", "/healthz", "/readyz", "/metrics", "/webhooks/github", "/healthz?again=1"] {
        gate.get(page).await;
    }
    assert_eq!(stands().await, before);
    // Readiness asks the writer whether it could write, and writes nothing.
    assert_eq!(store.counters().operations, operations + 1);
    gate.settle().await;
    gate.shows(number, "success");
}

#[tokio::test]
async fn what_is_not_signed_is_not_kept() {
    let gate = Gate::acme().await;
    let send = |signature: Option<String>| {
        let mut request = reqwest::Client::new()
            .post(gate.webhook())
            .header("Content-Type", "application/json")
            .header("X-GitHub-Delivery", "00000000-0000-4000-a000-000000000003")
            .header("X-GitHub-Event", "pull_request")
            .body("{}");
        if let Some(signature) = signature {
            request = request.header("X-Hub-Signature-256", signature);
        }
        request.send()
    };
    assert_eq!(send(None).await.unwrap().status(), 401);
    assert_eq!(send(Some(format!("sha256={}", "0".repeat(64)))).await.unwrap().status(), 401);
    let all = DeliveryFilter { state: None, before: None, limit: 10 };
    assert_eq!(gate.running.gate().store.deliveries(&all).await.unwrap(), []);
}

/// What the forge would say of a pull request as if it were of this installation and repository.
fn told(gate: &Gate, number: u64, installation: u64, (id, name): (u64, &str), at: &str) -> String {
    let head = gate.github.pull_head(WEB, number).unwrap();
    let body = json!({
        "action": "labeled",
        "installation": { "id": installation },
        "repository": { "id": id, "full_name": name },
        "sender": { "id": 1001, "login": "alice", "type": "User" },
        "pull_request": { "number": number, "updated_at": at, "head": { "sha": head } },
    });
    body.to_string()
}

#[tokio::test]
async fn a_delivery_of_another_installation_reads_nothing_here() {
    // A moment of the past, and one that would never pass.
    for at in ["2026-01-15T12:00:01Z", "2099-01-01T00:00:00Z"] {
        let (gate, number) = Gate::with_proposal().await;
        let shown = gate.shown(number);
        let mark = gate.github.calls().len();
        let body = told(&gate, number, 7002, (3001, WEB), at);
        assert_eq!(gate.post("pull_request", "of-another-installation", &body).await.0, 202);
        gate.step().await;
        let calls = gate.github.calls_since(mark);
        let own = |route: &str| route.starts_with("graphql PullRequest");
        let strange = |route: &str| route == "POST /app/installations/7002/access_tokens";
        assert!(calls.iter().all(|call| own(&call.route) || strange(&call.route)), "{calls:#?}");
        assert_eq!(gate.shown(number), shown, "{at}");

        // What is true goes on to count.
        gate.github.advance(Duration::from_secs(11 * 60));
        gate.approve("alice", number).await;
        gate.settle().await;
        gate.shows(number, "success");
    }
}

#[tokio::test]
async fn a_delivery_that_calls_a_repository_by_anothers_name_shows_nothing() {
    let (gate, number) = Gate::with_proposal().await;
    let posts = gate.github.check_run_posts();
    // Number and name belong to two repositories.
    let body = told(&gate, number, gate.github.installation_id(), (3002, WEB), "2026-01-15T12:30:00Z");
    gate.post("pull_request", "of-another-number", &body).await;
    let body =
        told(&gate, number, gate.github.installation_id(), (3001, "globex/web"), "2026-01-15T12:30:00Z");
    gate.post("pull_request", "of-another-name", &body).await;
    gate.step().await;
    assert_eq!(gate.github.check_run_posts(), posts);

    // The same of its own installation and name is one more look.
    let (gate, number) = Gate::with_proposal().await;
    let mark = gate.github.calls().len();
    let body = told(&gate, number, gate.github.installation_id(), (3001, WEB), "2026-01-15T12:00:01Z");
    gate.post("pull_request", "of-its-own", &body).await;
    gate.step().await;
    let calls: Vec<String> = gate.github.calls_since(mark).into_iter().map(|call| call.route).collect();
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert!(calls[0].starts_with("graphql PullRequest"), "{calls:?}");
}
