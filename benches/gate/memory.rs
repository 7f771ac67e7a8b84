//! How much memory a gate holds: a process of its own, idle, and with 10,000 subjects waiting.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::stage::{Table, rules};

const SECRET: &str = "a secret for the bench only";
const WAITING: u32 = 10_000;

/// Resident memory of `portcullis serve`.
pub(crate) async fn resident(table: &mut Table) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("rules.toml"), rules()).unwrap();
    let github = fake_github::FakeGithub::start(crate::stage::world(0)).await.unwrap();
    std::fs::write(path("key.pem"), github.private_key_pem()).unwrap();
    std::fs::write(path("secret"), SECRET).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let child = Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .arg("serve")
        .args(["--listen", &format!("127.0.0.1:{port}"), "--workers", "0", "--app-id", "4242"])
        .args(["--api-url", github.url(), "--git-url", github.url()])
        .arg("--data")
        .arg(folder.path())
        .arg("--rules")
        .arg(path("rules.toml"))
        .arg("--private-key-file")
        .arg(path("key.pem"))
        .arg("--webhook-secret-file")
        .arg(path("secret"))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let child = Killed(child);
    let base = format!("http://127.0.0.1:{port}");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for _ in 0..200 {
        if client.get(format!("{base}/readyz")).send().await.is_ok_and(|answer| answer.status().is_success())
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    table.row("resident memory, idle", "< 40 MiB", mib(&child));
    for batch in 0..WAITING / 500 {
        let sends = (batch * 500..(batch + 1) * 500).map(|number| send(&client, &base, number));
        futures_util::future::join_all(sends).await;
    }
    table.row("resident memory, 10,000 subjects waiting", "< 150 MiB", mib(&child));
}

async fn send(client: &reqwest::Client, base: &str, number: u32) {
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
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let answer = client
        .post(format!("{base}/webhooks/github"))
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

fn mib(child: &Killed) -> String {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.0.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    format!("{:.1} MiB", kib / 1024.0)
}

/// Ends with the bench.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
