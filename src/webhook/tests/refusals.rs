//! What is turned away, with which words, and that nothing of it is kept.

use super::*;

async fn refused(door: &Door, request: RequestBuilder, status: StatusCode, words: &str) {
    let answer = answer(request).await;
    assert_eq!(answer.status, status, "{answer:?}");
    let said = format!("{} {}", answer.body["error"], answer.body["help"]);
    assert!(said.contains(words), "{said}");
    assert_eq!(door.kept().await, 0, "{words}");
}

#[tokio::test]
async fn a_wrong_signature_stores_nothing() {
    let door = door().await;
    let body = on_pull("opened").to_string().into_bytes();
    let mut other = body.clone();
    other.push(b' ');
    let request = |signature: Option<String>| {
        let request = door
            .bare(body.clone())
            .header("content-type", "application/json")
            .header("x-github-delivery", GUID)
            .header("x-github-event", "pull_request");
        match signature {
            Some(signature) => request.header("x-hub-signature-256", signature),
            None => request,
        }
    };
    let good = sign(NEW_SECRET, &body);
    let wrong = [
        None,
        Some(String::new()),
        Some("sha256=".to_owned()),
        Some(sign("guessed", &body)),
        Some(sign(NEW_SECRET, &other)),
        Some(good.replace("sha256=", "sha1=")),
        Some(format!("{good}00")),
        Some(good[..good.len() - 2].to_owned()),
    ];
    for signature in wrong {
        refused(&door, request(signature), StatusCode::UNAUTHORIZED, "webhook secret").await;
    }
    let twice = request(Some(good.clone())).header("x-hub-signature-256", sign("guessed", &body));
    refused(&door, twice, StatusCode::UNAUTHORIZED, "signature").await;
    assert_eq!(door.store.counters().operations, 0);
    assert_eq!(answer(request(Some(good))).await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn the_old_secret_works_until_it_is_retired() {
    let door = door().await;
    for (secret, status) in [
        (OLD_SECRET, StatusCode::ACCEPTED),
        (NEW_SECRET, StatusCode::ACCEPTED),
        ("retired", StatusCode::UNAUTHORIZED),
    ] {
        let body = on_pull("opened").to_string().into_bytes();
        let request = door
            .bare(body.clone())
            .header("content-type", "application/json; charset=utf-8")
            .header("x-github-delivery", GUID)
            .header("x-github-event", "pull_request")
            .header("x-hub-signature-256", sign(secret, &body));
        assert_eq!(answer(request).await.status, status, "{secret}");
    }
}

#[tokio::test]
async fn a_ping_is_greeted_only_when_signed() {
    let door = door().await;
    let ping = json!({ "zen": "invented", "hook_id": 1 });
    let answer = door.send(GUID, "ping", &ping).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(door.kept().await, 0);
    let unsigned = door
        .bare(ping.to_string().into_bytes())
        .header("content-type", "application/json")
        .header("x-github-delivery", GUID)
        .header("x-github-event", "ping");
    refused(&door, unsigned, StatusCode::UNAUTHORIZED, "signature").await;
}

#[tokio::test]
async fn only_json_is_taken() {
    let door = door().await;
    let typed = |kind: &str| door.bare(b"payload=%7B%7D".to_vec()).header("content-type", kind.to_owned());
    let form = typed("application/x-www-form-urlencoded");
    let setting = "set the webhook's Content type to application/json in the App's settings";
    refused(&door, form, StatusCode::UNSUPPORTED_MEDIA_TYPE, setting).await;
    for kind in ["text/plain", "application/jsonp", "multipart/form-data; boundary=x", ""] {
        refused(&door, typed(kind), StatusCode::UNSUPPORTED_MEDIA_TYPE, "application/json").await;
    }
    refused(&door, door.bare(b"{}".to_vec()), StatusCode::UNSUPPORTED_MEDIA_TYPE, "application/json").await;
}

#[tokio::test]
async fn a_signed_body_that_is_no_json_is_refused() {
    let door = door().await;
    let unclosed = format!("{{\"x\":{}", "[".repeat(100_000));
    let too_deep = format!("{{\"pull_request\":{}", "{\"head\":".repeat(500));
    for body in ["", "nonsense", "{\"action\":", "{} {}", "{\"action\":\"\u{1}\"}", &unclosed, &too_deep] {
        for event in ["pull_request", "invented_event"] {
            let body = body.as_bytes().to_vec();
            let signature = sign(NEW_SECRET, &body);
            let request = door
                .bare(body)
                .header("content-type", "application/json")
                .header("x-github-delivery", GUID)
                .header("x-github-event", event)
                .header("x-hub-signature-256", signature);
            refused(&door, request, StatusCode::BAD_REQUEST, "not readable JSON").await;
        }
    }
}

#[tokio::test]
async fn a_store_that_cannot_write_is_said_so() {
    let door = door().await;
    door.store.close().await;
    let response = door.signed(GUID, "pull_request", &on_pull("opened")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["retry-after"], "5");
    assert!(response.text().await.unwrap().contains("redeliver"));
    assert!(!door.woken());
}

#[tokio::test]
async fn nothing_but_posts_to_one_path() {
    let door = door().await;
    let client = reqwest::Client::new();
    let url = format!("http://{}/webhooks/github", door.address);
    assert_eq!(client.get(&url).send().await.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED);
    let elsewhere = format!("http://{}/webhooks", door.address);
    assert_eq!(client.post(&elsewhere).send().await.unwrap().status(), StatusCode::NOT_FOUND);
}
