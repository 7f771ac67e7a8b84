//! Webhooks: signed, answered, sent again, lost, doubled and shuffled.

use fake_github::{Label, Retarget};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;

use crate::client::{good_jwt, http, receiver, sample};

#[tokio::test]
async fn deliveries_are_signed_and_keep_their_answer() {
    let github = sample().await;
    let (url, mut got) = receiver().await;
    let sent = github.deliver_all(&url).await;
    assert_eq!(sent.iter().map(|delivery| delivery.status()).collect::<Vec<_>>(), [Some(202), Some(202)]);
    got.recv().await.unwrap();
    let (headers, body) = got.recv().await.unwrap();
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("x-github-event"), "pull_request");
    assert_eq!(header("x-github-hook-installation-target-id"), "4242");
    assert!(header("user-agent").starts_with("GitHub-Hookshot/"));
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(github.webhook_secret().as_bytes()).unwrap();
    mac.update(&body);
    assert_eq!(header("x-hub-signature-256"), format!("sha256={}", hex::encode(mac.finalize().into_bytes())));
    let payload: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(github.last_delivery().unwrap().to_json()["payload"], payload);
    assert_eq!(payload["installation"]["id"], 7001);
    assert_eq!(payload["organization"]["login"], "acme");
    assert_eq!(payload["sender"]["type"], "Bot");
    assert_eq!(payload["pull_request"]["user"]["login"], "Copilot");

    assert!(github.redeliver(&header("x-github-delivery")));
    github.deliver_all(&url).await;
    assert_eq!(got.recv().await.unwrap().0["x-github-delivery"], headers["x-github-delivery"]);
}

#[tokio::test]
async fn deliveries_are_lost_doubled_and_shuffled_on_request() {
    let github = sample().await;
    let (url, mut got) = receiver().await;
    github.deliver_all(&url).await;
    while got.try_recv().is_ok() {}
    github.drop_next(1);
    github.double();
    github.reorder(7);
    for label in ["a", "b", "c", "d"] {
        let step = Label { actor: "bob".into(), repo: "acme/web".into(), pull: 1, label: label.into() };
        github.label(step).await.unwrap();
    }
    let sent = github.deliver_all(&url).await;
    assert_eq!(sent.len(), 7);
    assert_eq!(sent.iter().filter(|delivery| delivery.status().is_none()).count(), 1);
    let ids: Vec<u64> = sent.iter().map(|delivery| delivery.id).collect();
    assert!(!ids.is_sorted(), "{ids:?}");
    let jwt = good_jwt(&github);
    let list = format!("{}/app/hook/deliveries?status=failure", github.url());
    let failed: Value = http().get(list).bearer_auth(&jwt).send().await.unwrap().json().await.unwrap();
    assert_eq!(failed.as_array().unwrap().len(), 1);
    let attempts = format!("{}/app/hook/deliveries/{}/attempts", github.url(), failed[0]["id"]);
    assert_eq!(http().post(attempts).bearer_auth(&jwt).send().await.unwrap().status(), 202);
    assert_eq!(github.pending()[0].guid, failed[0]["guid"].as_str().unwrap());
}

#[tokio::test]
async fn auto_delivery_sends_what_comes() {
    let github = sample().await;
    let (url, mut got) = receiver().await;
    github.auto_deliver(&url);
    for _ in 0..2 {
        got.recv().await.unwrap();
    }
    let step = Retarget { actor: "bob".into(), repo: "acme/web".into(), pull: 1, base: "main".into() };
    github.retarget(step).await.unwrap();
    let payload: Value = serde_json::from_slice(&got.recv().await.unwrap().1).unwrap();
    assert_eq!(payload["changes"]["base"]["ref"]["from"], "main");
}
