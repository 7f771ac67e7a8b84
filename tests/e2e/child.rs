//! The built binary as a process of its own, which can be killed.
//!
//! The forge runs in the test, so it survives. Processes on one den share the store, as replicas or one after another.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fake_github::{FakeGithub, Stage};
use portcullis::store::{Store, StoreOptions};
use tempfile::TempDir;

use crate::stage::{FORGE, RULES, WEB, get};

/// How long anything here may take; only a broken gate ever waits that long.
const PATIENCE: Duration = Duration::from_secs(90);

/// How long a killed process keeps what it was looking at.
pub(crate) const LEASE: Duration = Duration::from_secs(2);

/// What outlives the processes: the forge, the data folder, the settings.
pub(crate) struct Den {
    pub(crate) github: FakeGithub,
    folder: TempDir,
}

/// A process that serves. Dropping it kills it.
pub(crate) struct Child {
    process: std::process::Child,
    log: PathBuf,
    address: String,
}

impl Den {
    /// The shared stage, and no process yet.
    pub(crate) async fn new() -> Self {
        let github = FakeGithub::start(Stage::parse(FORGE).unwrap()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("rules.toml"), RULES).unwrap();
        std::fs::write(folder.path().join("key.pem"), github.private_key_pem()).unwrap();
        Self { github, folder }
    }

    /// Where the rules are.
    pub(crate) fn rules(&self) -> PathBuf {
        self.folder.path().join("rules.toml")
    }

    /// Starts a process with this many workers, on any port.
    pub(crate) async fn serve(&self, workers: u32) -> Child {
        self.serve_at("127.0.0.1:0", workers).await
    }

    /// Starts a process that listens on this address, and waits until it does.
    pub(crate) async fn serve_at(&self, listen: &str, workers: u32) -> Child {
        let log = tempfile::Builder::new().prefix("log").tempfile_in(self.folder.path()).unwrap();
        let (log, path) = log.keep().unwrap();
        let process = self.command(listen, workers).stderr(Stdio::from(log)).spawn().unwrap();
        let mut child = Child { process, log: path, address: String::new() };
        until("the process listens", async || {
            child.find_address();
            assert!(child.process.try_wait().unwrap().is_none(), "it ended:\n{}", child.log());
            !child.address.is_empty()
        })
        .await;
        child
    }

    fn command(&self, listen: &str, workers: u32) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        let (path, url) = (self.folder.path(), self.github.url());
        command.args(["serve", "--log-json", "--listen", listen, "--workers", &workers.to_string()]);
        command.args(["--lease-seconds", &LEASE.as_secs().to_string()]);
        command.args(["--app-id", &self.github.app_id().to_string()]);
        command.args(["--api-url", url, "--graphql-url", &format!("{url}/graphql"), "--git-url", url]);
        command.arg("--data").arg(path.join("data")).arg("--rules").arg(path.join("rules.toml"));
        command.arg("--private-key-file").arg(path.join("key.pem"));
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command.env("PORTCULLIS_WEBHOOK_SECRET", self.github.webhook_secret());
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// Runs a verb that reads the store, and tells exit code, standard output and standard error.
    pub(crate) fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        command.args(arguments).arg("--data").arg(self.folder.path().join("data")).env_clear();
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    /// Waits until the newest check run of ours on a pull request's head has this conclusion.
    pub(crate) async fn shows(&self, number: u64, conclusion: &str) {
        until(&format!("#{number} shows {conclusion}"), async || {
            let head = self.github.pull_head(WEB, number).unwrap();
            let runs = self.github.check_runs(WEB, &head);
            runs.last().and_then(|run| run.conclusion.as_deref()) == Some(conclusion)
        })
        .await;
    }

    /// Waits until nothing is due, later due or leased.
    pub(crate) async fn at_rest(&self) {
        let store = self.store().await;
        until("nothing waits", async || store.waiting().await.unwrap().subjects == 0).await;
        store.close().await;
    }

    /// The store that the processes write to.
    pub(crate) async fn store(&self) -> Store {
        let path = self.folder.path().join("data/portcullis.sqlite");
        Store::open(path.to_str().unwrap(), StoreOptions::default()).await.unwrap()
    }
}

impl Child {
    /// Where deliveries go.
    pub(crate) fn webhook(&self) -> String {
        format!("http://{}/webhooks/github", self.address)
    }

    /// What a page answers.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        get(&format!("http://{}{path}", self.address)).await
    }

    /// What the process said so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// SIGKILL: no last words.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        let id = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    }

    /// Waits for the end and tells the exit code.
    pub(crate) async fn exit_code(mut self) -> Option<i32> {
        let mut ended = None;
        until("the process ends", async || {
            ended = self.process.try_wait().unwrap();
            ended.is_some()
        })
        .await;
        ended.unwrap().code()
    }

    fn find_address(&mut self) {
        let log = self.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let address = |line: serde_json::Value| Some(line.pointer("/fields/address")?.as_str()?.to_owned());
        let mut addresses = lines.filter_map(address);
        self.address = addresses.next().unwrap_or_default();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Asks again and again, until it is so.
pub(crate) async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !so().await {
        assert!(began.elapsed() < PATIENCE, "still not so after {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
