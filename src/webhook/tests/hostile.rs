//! Senders that mean harm: odd headers, bodies without end. Spoken over bare TCP where a client would not.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;

/// Sends bytes as they are and reads the status line.
async fn raw(door: &Door, parts: &[&[u8]]) -> String {
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    for part in parts {
        stream.write_all(part).await.unwrap();
    }
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

fn head(more: &str) -> String {
    format!(
        "POST /webhooks/github HTTP/1.1\r\nHost: gate.example\r\nContent-Type: application/json\r\n\
         X-GitHub-Delivery: {GUID}\r\nX-GitHub-Event: push\r\nX-Hub-Signature-256: {}\r\n{more}\r\n",
        sign(NEW_SECRET, b"{}")
    )
}

#[tokio::test]
async fn too_large_is_refused_before_and_while_reading() {
    let door = door().await;
    let announced = head("Content-Length: 26214401\r\n");
    assert_eq!(raw(&door, &[announced.as_bytes()]).await, "HTTP/1.1 413");

    let mebibyte = [b"100000\r\n".as_slice(), &[b' '; 1024 * 1024], b"\r\n"].concat();
    let streamed = head("Transfer-Encoding: chunked\r\n");
    let mut parts = vec![streamed.as_bytes()];
    parts.extend(std::iter::repeat_n(mebibyte.as_slice(), 25));
    parts.push(b"1\r\n \r\n0\r\n\r\n");
    assert_eq!(raw(&door, &parts).await, "HTTP/1.1 413");
    assert_eq!(door.kept().await, 0);
}

#[tokio::test]
async fn the_largest_payload_is_taken() {
    let door = door().await;
    let mut payload = on_pull("edited").to_string().into_bytes();
    payload.resize(25 * 1024 * 1024, b' ');
    let signature = sign(NEW_SECRET, &payload);
    let request = door
        .bare(payload)
        .header("content-type", "application/json")
        .header("x-github-delivery", GUID)
        .header("x-github-event", "pull_request")
        .header("x-hub-signature-256", signature);
    let answer = answer(request).await;
    assert_eq!(answer.body["outcome"], "queued", "{answer:?}");
    let kept = door.store.delivery(&guid(GUID)).await.unwrap().unwrap();
    assert_eq!(kept.body_bytes, 25 * 1024 * 1024);
    assert_eq!(door.store.delivery_body(&guid(GUID)).await.unwrap().unwrap().len(), 25 * 1024 * 1024);
}

#[tokio::test]
async fn hostile_headers_are_named_and_not_kept() {
    let door = door().await;
    let body = b"{}".to_vec();
    let long = "a".repeat(65);
    let cases = [
        (None, Some("push"), "X-GitHub-Delivery"),
        (Some(GUID), None, "X-GitHub-Event"),
        (Some(""), Some("push"), "X-GitHub-Delivery"),
        (Some("a b"), Some("push"), "X-GitHub-Delivery"),
        (Some("../../etc/passwd"), Some("push"), "X-GitHub-Delivery"),
        (Some("'; DROP TABLE work; --"), Some("push"), "X-GitHub-Delivery"),
        (Some(long.as_str()), Some("push"), "X-GitHub-Delivery"),
        (Some(GUID), Some(""), "X-GitHub-Event"),
        (Some(GUID), Some("Push"), "X-GitHub-Event"),
        (Some(GUID), Some("push\"} 1"), "X-GitHub-Event"),
        (Some(GUID), Some(long.as_str()), "X-GitHub-Event"),
    ];
    for (delivery, event, named) in cases {
        let mut request = door
            .bare(body.clone())
            .header("content-type", "application/json")
            .header("x-hub-signature-256", sign(NEW_SECRET, &body));
        if let Some(delivery) = delivery {
            request = request.header("x-github-delivery", delivery);
        }
        if let Some(event) = event {
            request = request.header("x-github-event", event);
        }
        let answer = answer(request).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{delivery:?} {event:?}");
        assert!(answer.body["error"].as_str().unwrap().contains(named), "{answer:?}");
    }
    let twice = head("Content-Length: 2\r\nX-GitHub-Event: ping\r\n");
    assert_eq!(raw(&door, &[twice.as_bytes(), b"{}"]).await, "HTTP/1.1 400");
    let bytes =
        [head("Content-Length: 2\r\nX-GitHub-Delivery: ").trim_end().as_bytes(), b" \xff\xfe\r\n\r\n{}"]
            .concat();
    assert_eq!(raw(&door, &[&bytes]).await, "HTTP/1.1 400");
    assert_eq!(door.kept().await, 0);
}

#[tokio::test]
async fn hostile_names_are_kept_harmless() {
    let door = door().await;
    let mut payload = on_pull("synchronize");
    payload["sender"]["login"] = json!(format!("a\u{0}\u{1b}[31m{}", "b".repeat(500)));
    let answer = door.send(GUID, "pull_request", &payload).await;
    assert_eq!(answer.body["outcome"], "queued");
    let pushers = door.store.pushers(&pull(12)).await.unwrap();
    let login = &pushers[0].actor.login;
    assert!(login.starts_with("a[31mb") && login.len() == 100, "{login}");
}

#[tokio::test]
async fn a_body_that_breaks_off_leaves_nothing() {
    let door = door().await;
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    stream.write_all(head("Content-Length: 100\r\n").as_bytes()).await.unwrap();
    stream.write_all(b"{}").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP/1.1 2"), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(door.kept().await, 0);
}
