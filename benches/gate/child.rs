//! `portcullis serve` in a process of its own: what it uses is then not mixed with what the bench and the forge use.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fake_github::FakeGithub;
use tempfile::TempDir;

use crate::stage::rules;

/// A gate that ends with the bench.
pub(crate) struct Gate {
    child: Child,
    base: String,
    client: reqwest::Client,
    _folder: TempDir,
}

impl Gate {
    /// Starts it in front of a forge; returns once it is ready.
    pub(crate) async fn start(github: &FakeGithub, workers: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("rules.toml"), rules()).unwrap();
        std::fs::write(path("key.pem"), github.private_key_pem()).unwrap();
        std::fs::write(path("secret"), github.webhook_secret()).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(env!("CARGO_BIN_EXE_portcullis"))
            .arg("serve")
            .args(["--listen", &format!("127.0.0.1:{port}"), "--workers", &workers.to_string()])
            .args(["--app-id", &github.app_id().to_string()])
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
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let gate = Self { child, base: format!("http://127.0.0.1:{port}"), client, _folder: folder };
        for _ in 0..400 {
            if gate.get("/readyz").await.is_some() {
                return gate;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the gate does not get ready");
    }

    pub(crate) fn webhook(&self) -> String {
        format!("{}/webhooks/github", self.base)
    }

    /// A page, when it answers 200.
    pub(crate) async fn get(&self, page: &str) -> Option<String> {
        let answer = self.client.get(format!("{}{page}", self.base)).send().await.ok()?;
        answer.error_for_status().ok()?.text().await.ok()
    }

    /// The share of a histogram's values that are at most `bound` seconds.
    pub(crate) async fn share(&self, histogram: &str, bound: &str) -> f64 {
        let page = self.get("/metrics").await.unwrap();
        let value = |name: String| -> f64 {
            let line = page.lines().find_map(|line| line.strip_prefix(&name)).unwrap();
            line.trim().parse().unwrap()
        };
        value(format!("{histogram}_bucket{{le=\"{bound}\"}}")) / value(format!("{histogram}_count"))
    }

    /// Processor time used so far, by git processes that have ended as well.
    pub(crate) fn cpu(&self) -> Duration {
        cpu(&self.child.id().to_string())
    }

    /// Resident memory in MiB.
    pub(crate) fn memory(&self) -> String {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        format!("{:.1} MiB", kib / 1024.0)
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Processor time of a process and of its children that have ended: `utime stime cutime cstime` of `proc_pid_stat(5)`,
/// in hundredths of a second.
pub(crate) fn cpu(process: &str) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let (_, after_name) = stat.rsplit_once(')').unwrap();
    let ticks: u64 = after_name.split_whitespace().skip(11).take(4).map(|n| n.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}
