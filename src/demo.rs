//! The demo: a forge and a gate on loopback, and a handful of stories played over real signed HTTP.
//!
//! Nothing is pretended: the gate is the one that `serve` starts, reading real git over HTTP; only the forge is a
//! stand-in. Each story says what must come of it, so the demo is also a first test of an installation.

mod story;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fake_github::FakeGithub;
use policy::rules::Suspension;
use secrecy::SecretString;

use crate::clock::Clock;
use crate::config::{RulesAt, Settings};
use crate::serve::{Running, StartError, start};
use crate::store::{IncidentFilter, StoredVerdict};
pub use story::{About, Story, stories};

const RULES: &str = include_str!("../rules.toml");
/// The last day of the registration in the sample rules.
const SAMPLE_EXPIRY: &str = "2027-03-31";
/// How long a story may take; a machine under load is slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why the demo cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The stories cannot be read.
    #[error("the stories cannot be read: {0}")]
    Stories(String),
    /// The forge cannot start.
    #[error("the embedded forge: {0}")]
    Forge(String),
    /// The gate cannot start.
    #[error(transparent)]
    Gate(#[from] StartError),
    /// A file cannot be written.
    #[error("the demo's folder: {0}")]
    Folder(#[from] std::io::Error),
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    /// The gate did not come to a verdict.
    #[error("no verdict on `{0}` within a minute")]
    TooSlow(String),
}

/// A forge and a gate, with the stories to play.
pub struct Demo {
    github: FakeGithub,
    running: Running,
    folder: tempfile::TempDir,
    /// Deliveries that told how the stage was set, and were never sent.
    unsent: usize,
}

/// What came of a story.
#[derive(Debug)]
pub struct Shown {
    /// GitHub's word for the check run, or a word for what was done.
    pub ending: String,
    /// The check run's title, or the incident's.
    pub title: String,
    /// From the first delivery to the check run.
    pub took: Duration,
}

impl Demo {
    /// Starts both in a temporary folder.
    ///
    /// # Errors
    /// [`DemoError`].
    pub async fn start() -> Result<Self, DemoError> {
        let github = FakeGithub::start(story::stage()?).await.map_err(|e| DemoError::Forge(e.to_string()))?;
        let unsent = not_sent(&github);
        let folder = tempfile::Builder::new().prefix("portcullis-demo-").tempdir()?;
        std::fs::write(folder.path().join("rules.toml"), RULES.replace(SAMPLE_EXPIRY, &in_a_year()))?;
        let running = start(&settings(&github, folder.path()), Clock::system(), None).await?;
        github.auto_deliver(&format!("http://{}/webhooks/github", running.address()));
        Ok(Self { github, running, folder, unsent })
    }

    /// Where the forge is.
    #[must_use]
    pub fn forge_url(&self) -> &str {
        self.github.url()
    }

    /// Where the gate is.
    #[must_use]
    pub fn gate_url(&self) -> String {
        format!("http://{}", self.running.address())
    }

    /// The folder with the store and the rules.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Everything that the forge holds, as text.
    #[must_use]
    pub fn forge_text(&self) -> String {
        self.github.text()
    }

    /// How many calls the gate made to the forge so far.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.github.calls().len()
    }

    /// Plays a story and waits until the forge shows what came of it.
    ///
    /// # Errors
    /// [`DemoError`].
    pub async fn play(&self, story: &Story) -> Result<Shown, DemoError> {
        let began = Instant::now();
        let stood = self.main()?;
        for step in &story.steps {
            self.github.play(step.clone()).await.map_err(|error| DemoError::Forge(error.to_string()))?;
        }
        if let Some(approve) = &story.approve {
            self.approve(approve).await?;
        }
        if let Some(agent) = &story.suspend {
            self.suspend(agent).await?;
        }
        while !self.at_rest().await? {
            if began.elapsed() > PATIENCE {
                return Err(DemoError::TooSlow(story.title.clone()));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let took = began.elapsed();
        let (ending, title) = match &story.about {
            About::Pull(number) => self.check_of(*number).ok_or(DemoError::TooSlow(story.title.clone()))?,
            About::Branch(_) => {
                let ending = if self.main()? == stood { "put back" } else { "moved" };
                (ending.to_owned(), self.newest_incident().await?.1)
            }
            About::Incident => self.newest_incident().await?,
            About::Run => (self.newest_run(), self.newest_incident().await?.1),
            About::Deployment => {
                self.newest_deployment().ok_or_else(|| DemoError::TooSlow(story.title.clone()))?
            }
        };
        Ok(Shown { ending, title, took })
    }

    /// Conclusion and title of the check run on a pull request's head.
    fn check_of(&self, number: u64) -> Option<(String, String)> {
        let head = self.github.pull_head(REPO, number).unwrap_or_default();
        let ours = |run: &fake_github::ShownCheck| run.app == self.github.app_slug();
        let run = self.github.check_runs(REPO, &head).into_iter().rfind(ours)?;
        Some((run.conclusion.unwrap_or(run.status), run.title.unwrap_or_default()))
    }

    fn main(&self) -> Result<Option<String>, DemoError> {
        let found = self.github.object_of(REPO, "refs/heads/main");
        found.map_err(|error| DemoError::Forge(error.to_string()))
    }

    /// How the newest run stands.
    fn newest_run(&self) -> String {
        let run = self.github.runs(REPO).into_iter().next_back();
        run.map_or_else(|| "no run".to_owned(), |run| run.conclusion.unwrap_or(run.status))
    }

    /// What was answered about the newest deployment, and the first words of it.
    fn newest_deployment(&self) -> Option<(String, String)> {
        let asked = self.github.deployment_rules(REPO).pop()?;
        let words = asked.comment.lines().take(2).collect::<Vec<_>>().join(" ");
        Some((asked.answer, words))
    }

    /// What whoever is asked about a deployment does.
    async fn approve(&self, approve: &story::Approve) -> Result<(), DemoError> {
        let body = format!("/portcullis approve {}", self.main()?.unwrap_or_default());
        let (actor, pull) = (approve.actor.clone(), approve.pull);
        let comment = fake_github::Comment { actor, repo: REPO.to_owned(), pull, body, via_app: None };
        self.github.comment(comment).await.map(drop).map_err(|error| DemoError::Forge(error.to_string()))
    }

    /// Kind and title of the newest incident.
    async fn newest_incident(&self) -> Result<(String, String), DemoError> {
        let newest = IncidentFilter { limit: 1, ..IncidentFilter::default() };
        let incidents = self.running.gate().store.incidents(&newest).await?;
        let told = incidents.into_iter().next().map(|incident| (incident.kind, incident.title));
        Ok(told.unwrap_or_else(|| ("none".to_owned(), "no incident".to_owned())))
    }

    /// What `portcullis agents suspend` does, and waiting until the gate has heard of it.
    async fn suspend(&self, agent: &str) -> Result<(), DemoError> {
        let gate = self.running.gate();
        let reason = "it tried to push to main".to_owned();
        let suspension = Suspension { reason, by: "alice".to_owned(), at: gate.clock.now() };
        gate.store.suspend(agent, &suspension).await?;
        let mut rolled_out = gate.rolled_out.subscribe();
        let in_force = async {
            while !gate.rulebook.current().suspended.contains_key(agent) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            let key = gate.rulebook.current().key();
            let _ = rolled_out.wait_for(|out| *out == key).await;
        };
        let too_slow = |_| DemoError::TooSlow(format!("the suspension of {agent}"));
        tokio::time::timeout(PATIENCE, in_force).await.map_err(too_slow)
    }

    /// The verdict that stands for a pull request.
    ///
    /// # Errors
    /// [`DemoError::Store`].
    pub async fn verdict(&self, number: u64) -> Result<Option<StoredVerdict>, DemoError> {
        let Some(repo) = policy::RepoName::parse(REPO) else { return Ok(None) };
        Ok(self.running.gate().store.latest_verdict_of(&repo, number).await?)
    }

    /// Nothing is on its way and nothing waits to be looked at.
    async fn at_rest(&self) -> Result<bool, DemoError> {
        let answered = not_sent(&self.github) == self.unsent;
        let due = self.running.gate().store.next_due().await?;
        // A look at the end of a registration waits for a year.
        let soon = policy::Millis(self.running.gate().clock.now().0 + 60 * 60 * 1000);
        Ok(answered && due.is_none_or(|due| due > soon))
    }

    /// Stops both.
    pub async fn stop(self) {
        self.running.stop().await;
    }
}

fn not_sent(github: &FakeGithub) -> usize {
    github.deliveries().iter().filter(|delivery| delivery.attempts.is_empty()).count()
}

const REPO: &str = "acme/web";

fn in_a_year() -> String {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    today.saturating_add(jiff::Span::new().days(365)).to_string()
}

fn settings(github: &FakeGithub, folder: &Path) -> Settings {
    let key = SecretString::from(github.private_key_pem().to_owned());
    let mut forge = crate::github::Settings::new(github.app_id(), key);
    github.url().clone_into(&mut forge.api_url);
    forge.graphql_url = Some(format!("{}/graphql", github.url()));
    github.url().clone_into(&mut forge.git_url);
    Settings {
        listen: std::net::SocketAddr::from(([127, 0, 0, 1], 0)),
        data: PathBuf::from(folder),
        store: SecretString::from(crate::config::default_store(folder)),
        rules: RulesAt::File(folder.join("rules.toml")),
        workers: 8,
        lease: Duration::from_secs(60),
        retention_days: 1,
        git_cache_bytes: 1 << 30,
        webhook_secrets: vec![SecretString::from(github.webhook_secret())],
        incidents: crate::config::Incidents::default(),
        github: forge,
    }
}
