//! A forge with pull requests, a gate in front of it, and the table that everything is printed in.

use std::fmt;
use std::time::{Duration, Instant};

use fake_github::{FakeGithub, Open, Push, Signature, Stage};
use portcullis::clock::Clock;
use portcullis::config::{RulesAt, Settings};
use portcullis::serve::{Running, start};
use secrecy::SecretString;
use tempfile::TempDir;

/// Rows of aim and figure.
#[derive(Default)]
pub(crate) struct Table(Vec<(String, String, String)>);

impl Table {
    pub(crate) fn row(&mut self, what: impl Into<String>, aim: &str, figure: impl Into<String>) {
        let (what, figure) = (what.into(), figure.into());
        println!("{what}: {figure}");
        self.0.push((what, aim.to_owned(), figure));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n| what | aim | figure |\n|---|---|---|")?;
        self.0.iter().try_for_each(|(what, aim, figure)| writeln!(f, "| {what} | {aim} | {figure} |"))
    }
}

/// A forge and a gate.
pub(crate) struct Bench {
    pub(crate) github: FakeGithub,
    pub(crate) running: Running,
    _folder: TempDir,
}

/// The world: an organisation, its members, one agent, and `reviewers` more members.
pub(crate) fn world(reviewers: usize) -> Stage {
    let mut text = String::from(
        "[app]\nid = 4242\nslug = \"portcullis\"\ninstallation = 7001\n\n[app.permissions]\nactions = \"write\"\n\
         checks = \"write\"\ncontents = \"write\"\nmembers = \"read\"\nmetadata = \"read\"\n\
         pull_requests = \"write\"\nworkflows = \"write\"\n\n\
         [[users]]\nlogin = \"alice\"\nid = 1001\n\n\
         [[users]]\nlogin = \"dana\"\nid = 1004\n\n\
         [[users]]\nlogin = \"Copilot\"\nid = 198982749\ntype = \"Bot\"\ngraphql_login = \"copilot-swe-agent\"\n\n",
    );
    let mut members = vec!["alice".to_owned(), "dana".to_owned()];
    for number in 0..reviewers {
        text.push_str(&format!("[[users]]\nlogin = \"r{number}\"\nid = {}\n\n", 5000 + number));
        members.push(format!("r{number}"));
    }
    let list = members.iter().map(|login| format!("\"{login}\"")).collect::<Vec<_>>().join(", ");
    text.push_str(&format!("[[orgs]]\nlogin = \"acme\"\nid = 2001\nmembers = [{list}]\n\n"));
    text.push_str("[[teams]]\norg = \"acme\"\nslug = \"security\"\nmembers = [\"dana\"]\n\n");
    text.push_str(&format!(
        "[[repos]]\nname = \"acme/web\"\nid = 3001\nwriters = [{list}]\nfiles = {{ \"README.md\" = \"x\" }}\n"
    ));
    Stage::parse(&text).unwrap()
}

impl Bench {
    /// Starts both; `workers` as in the settings.
    pub(crate) async fn start(reviewers: usize, workers: u32) -> Self {
        let github = FakeGithub::start(world(reviewers)).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("rules.toml"), rules()).unwrap();
        let running = start(&settings(&github, &folder, workers), Clock::system(), None).await.unwrap();
        github.forget_pending();
        Self { github, running, _folder: folder }
    }

    pub(crate) fn webhook(&self) -> String {
        format!("http://{}/webhooks/github", self.running.address())
    }

    /// Opens a pull request by the agent with so many files.
    pub(crate) async fn open(&self, name: &str, files: usize) -> u64 {
        open(&self.github, name, files).await
    }

    /// Waits until nothing is due within the next hour.
    pub(crate) async fn at_rest(&self) -> Duration {
        let began = Instant::now();
        loop {
            let due = self.running.gate().store.next_due().await.unwrap();
            let soon = policy::Millis(self.running.gate().clock.now().0 + 3_600_000);
            if due.is_none_or(|due| due > soon) {
                return began.elapsed();
            }
            assert!(began.elapsed() < Duration::from_secs(120), "the gate does not come to rest");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Opens a pull request by the agent with so many files.
pub(crate) async fn open(github: &FakeGithub, name: &str, files: usize) -> u64 {
    let branch = format!("copilot/{name}");
    let mut push = Push::new("Copilot", "acme/web", &branch).from("main").signed(Signature::by_github());
    for number in 0..files {
        push = push.file(&format!("src/{name}/f{number}.rs"), &format!("// {number}\n"));
    }
    github.push(push).await.unwrap();
    github.open(Open::new("Copilot", "acme/web", &branch)).await.unwrap()
}

/// The sample rules, with a registration that does not end.
pub(crate) fn rules() -> String {
    include_str!("../../rules.toml").replace("expires   = 2027-03-31", "expires   = 2100-01-01")
}

fn settings(github: &FakeGithub, folder: &TempDir, workers: u32) -> Settings {
    let key = SecretString::from(github.private_key_pem().to_owned());
    let mut forge = portcullis::github::Settings::new(github.app_id(), key);
    github.url().clone_into(&mut forge.api_url);
    forge.graphql_url = Some(format!("{}/graphql", github.url()));
    github.url().clone_into(&mut forge.git_url);
    // One installation takes the load of many here.
    forge.limits.rest_points = 1_000_000;
    forge.limits.graphql_points = 1_000_000;
    forge.limits.creations = 1_000_000;
    Settings {
        listen: std::net::SocketAddr::from(([127, 0, 0, 1], 0)),
        data: folder.path().to_owned(),
        store: SecretString::from(folder.path().join("store.sqlite").display().to_string()),
        rules: RulesAt::File(folder.path().join("rules.toml")),
        workers,
        retention_days: 90,
        lease: std::time::Duration::from_secs(60),
        git_cache_bytes: 1 << 30,
        webhook_secrets: vec![SecretString::from(github.webhook_secret())],
        incidents: portcullis::config::Incidents::default(),
        github: forge,
    }
}

/// The value below which this share of the sorted ones lies.
pub(crate) fn percentile(sorted: &[Duration], share: f64) -> Duration {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index"
    )]
    let index = ((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1));
    sorted.get(index).copied().unwrap_or_default()
}

pub(crate) fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
