//! A gate and its forge, driven by hand: nothing runs in the background, so nothing has to be waited for.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fake_github::{Delivery, FakeGithub, ShownCheck, Stage, Wait};
use policy::rules::RuleSource;
use policy::{Millis, RepoName, Verdict};
use portcullis::clock::{Clock, ClockHand};
use portcullis::config::{Incidents, RulesAt, RulesRepository, Settings};
use portcullis::serve::{Running, start};
use portcullis::store::StoredVerdict;
use secrecy::SecretString;
use tempfile::TempDir;

/// Noon of the day on which the stage's stories happen.
const NOON: Millis = Millis(1_768_478_400_000);

/// A gate and its forge.
pub(crate) struct Gate {
    /// The forge.
    pub(crate) github: FakeGithub,
    pub(crate) running: Running,
    hand: ClockHand,
    clock: Clock,
    folder: TempDir,
    settings: Settings,
    /// Rules that take the place of the first ones when the story goes on after its first wait.
    later_rules: Mutex<Option<String>>,
}

impl Gate {
    /// Starts both from a forge and rules given as text.
    pub(crate) async fn start(forge: &str, rules: &str) -> Self {
        Self::on(Stage::parse(forge).unwrap_or_else(|error| panic!("forge.toml: {error}")), rules).await
    }

    /// Starts both from a forge given as text, the rules standing in a repository there.
    pub(crate) async fn with_policy(forge: &str, at: RulesRepository) -> Self {
        let stage = Stage::parse(forge).unwrap_or_else(|error| panic!("forge.toml: {error}"));
        Self::open(stage, RulesAt::Repository(at), "").await
    }

    /// Starts both on a stage.
    pub(crate) async fn on(stage: Stage, rules: &str) -> Self {
        Self::open(stage, RulesAt::File("rules.toml".into()), rules).await
    }

    /// Starts both; the gate tells of incidents as these settings say, which get the address of the operator's webhook.
    pub(crate) async fn telling(
        forge: &str,
        rules: &str,
        incidents: impl FnOnce(String) -> Incidents,
    ) -> Self {
        let stage = Stage::parse(forge).unwrap_or_else(|error| panic!("forge.toml: {error}"));
        Self::open_telling(stage, RulesAt::File("rules.toml".into()), rules, incidents).await
    }

    async fn open(stage: Stage, at: RulesAt, rules: &str) -> Self {
        Self::open_telling(stage, at, rules, |_| Incidents::default()).await
    }

    async fn open_telling(
        stage: Stage,
        at: RulesAt,
        rules: &str,
        incidents: impl FnOnce(String) -> Incidents,
    ) -> Self {
        let github = FakeGithub::start(stage).await.unwrap_or_else(|error| panic!("forge.toml: {error}"));
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("rules.toml"), rules).unwrap();
        let (clock, hand) = Clock::manual(NOON);
        let wall = clock.clone();
        github.wall_clock(move || wall.now().0 / 1000);
        let mut settings =
            Settings { store: store(folder.path()).await, ..settings(&github, folder.path().to_owned()) };
        settings.incidents = incidents(github.operator_hook_url());
        if matches!(at, RulesAt::Repository(_)) {
            settings.rules = at;
        }
        let running = start(&settings, clock.clone(), None).await.unwrap();
        let gate = Self { github, running, hand, clock, folder, settings, later_rules: Mutex::default() };
        gate.asked_by_rules().await;
        gate
    }

    /// Starts both from a folder of `fixtures/scenarios`; the story is played up to its first wait.
    pub(crate) async fn of_scenario(name: &str) -> Self {
        let stage = Stage::parse(&read(name, "forge.toml")).unwrap_or_else(|e| panic!("forge.toml: {e}"));
        Self::of_scenario_on(name, stage).await
    }

    /// Starts both from the rules of a folder, on a stage of its own.
    pub(crate) async fn of_scenario_on(name: &str, stage: Stage) -> Self {
        let rules = read(name, "rules.toml");
        if !scenario(name).join("rules.before.toml").exists() {
            return Self::on(stage, &rules).await;
        }
        let gate = Self::on(stage, &read(name, "rules.before.toml")).await;
        *gate.later_rules.lock().unwrap() = Some(rules);
        gate
    }

    /// Goes on with a story that waits. Answers whether it waited.
    pub(crate) async fn play_on(&self) -> bool {
        let Some(wait) = self.github.waits() else { return false };
        self.wait(&wait).await;
        self.github.play_on().await.unwrap();
        true
    }

    /// Lets the days of a wait pass, and the story's later rules come, if it has any.
    pub(crate) async fn wait(&self, wait: &Wait) {
        if wait.days > 0 {
            self.pass(Duration::from_secs(u64::from(wait.days) * 24 * 3_600));
            self.settle().await;
        }
        let later = self.later_rules.lock().unwrap().take();
        if let Some(rules) = later {
            self.write_rules(&rules).await;
        }
    }

    /// Plays a story to its end: whatever was told comes to rest before it goes on.
    pub(crate) async fn settle_story(&self) {
        self.settle().await;
        while self.play_on().await {
            self.settle().await;
        }
    }

    /// Where deliveries go.
    pub(crate) fn webhook(&self) -> String {
        format!("http://{}/webhooks/github", self.running.address())
    }

    /// Replaces the rules file, and waits until whatever is open was asked for another look.
    pub(crate) async fn write_rules(&self, rules: &str) {
        std::fs::write(self.folder.path().join("rules.toml"), rules).unwrap();
        self.running.gate().rulebook.reload();
        self.asked_by_rules().await;
    }

    /// Stops the gate and starts another on the same store.
    pub(crate) async fn restart(mut self) -> Self {
        self.running.stop().await;
        self.running = start(&self.settings, self.clock.clone(), None).await.unwrap();
        self.asked_by_rules().await;
        self
    }

    /// Stops the gate and starts another on an empty store: whatever was written down is forgotten.
    pub(crate) async fn forgetting(mut self) -> Self {
        let empty = self.folder.path().join("empty");
        std::fs::create_dir_all(&empty).unwrap();
        self.settings.store = store(&empty).await;
        self.restart().await
    }

    /// Waits until the rules in force are such.
    pub(crate) async fn rules_are(&self, such: impl Fn(&RuleSource) -> bool) {
        let wait = async {
            while !such(&self.running.gate().rulebook.current()) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), wait).await.expect("other rules come into force");
        self.asked_by_rules().await;
    }

    /// Waits until everything open was asked for a look by the rules as they are now.
    async fn asked_by_rules(&self) {
        let gate = self.running.gate();
        let key = gate.rulebook.current().key();
        let mut rolled_out = gate.rolled_out.subscribe();
        let asked = rolled_out.wait_for(|out| *out == key);
        tokio::time::timeout(Duration::from_secs(10), asked)
            .await
            .expect("the new rules are noticed")
            .unwrap();
    }

    /// The whole forge as text, without what changes from run to run.
    pub(crate) fn text(&self) -> String {
        self.github.text().replace(self.github.url(), "https://forge.example")
    }

    /// What time it is for the gate.
    pub(crate) fn now(&self) -> Millis {
        self.clock.now()
    }

    /// Lets time pass for both.
    pub(crate) fn pass(&self, time: Duration) {
        self.hand.move_to(Millis(self.now().0 + i64::try_from(time.as_millis()).unwrap()));
    }

    /// Delivers everything and looks at everything due, until nothing is left to do within an hour.
    pub(crate) async fn settle(&self) {
        let until = Millis(self.now().0 + 3_600_000);
        for _ in 0..500 {
            for delivery in self.github.deliver_all(&self.webhook()).await {
                assert_taken(&delivery);
            }
            self.running.runner().drain().await.unwrap();
            if !self.github.pending().is_empty() {
                continue;
            }
            match self.running.gate().store.next_due().await.unwrap() {
                Some(due) if due <= until => self.hand.move_to(due),
                _ => return,
            }
        }
        panic!("the gate does not come to rest");
    }

    /// Delivers and looks once, without waiting for anything later due.
    pub(crate) async fn step(&self) {
        self.github.deliver_all(&self.webhook()).await;
        self.running.runner().drain().await.unwrap();
    }

    /// Delivers one by one and looks after each, then settles.
    pub(crate) async fn settle_one_by_one(&self) {
        while let Some(delivery) = self.github.deliver_next(&self.webhook()).await {
            assert_taken(&delivery);
            self.running.runner().drain().await.unwrap();
        }
        self.settle().await;
    }

    /// What stands for a pull request of `acme/web`.
    pub(crate) async fn stored(&self, number: u64) -> Option<StoredVerdict> {
        let repo = RepoName::parse("acme/web").unwrap();
        self.running.gate().store.latest_verdict_of(&repo, number).await.unwrap()
    }

    /// The verdict that stands for a pull request of `acme/web`.
    pub(crate) async fn verdict(&self, number: u64) -> Verdict {
        let stored = self.stored(number).await.unwrap_or_else(|| panic!("no verdict on #{number}"));
        serde_json::from_str(&stored.record.verdict).unwrap()
    }

    /// Conclusion and title of the newest check run by our name on a pull request's head, as the forge shows it.
    pub(crate) fn shown(&self, number: u64) -> String {
        let head = self.github.pull_head("acme/web", number).unwrap();
        let runs = self.github.check_runs("acme/web", &head);
        let ours = |run: &&ShownCheck| run.app == self.github.app_slug() && !run.name.ends_with("/rules");
        match runs.iter().rfind(ours) {
            Some(run) => format!(
                "{}: {}",
                run.conclusion.as_deref().unwrap_or(&run.status),
                run.title.clone().unwrap_or_default()
            ),
            None => "nothing".to_owned(),
        }
    }
}

/// A delivery that was lost on the way has no status; whatever arrives is taken.
fn assert_taken(delivery: &Delivery) {
    let status = delivery.status();
    assert!(status.is_none_or(|status| status < 300), "{} answered {status:?}", delivery.event);
}

fn read(name: &str, file: &str) -> String {
    let path = scenario(name).join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The folder of a scenario.
pub(crate) fn scenario(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/scenarios").join(name)
}

/// A fresh store: SQLite, or PostgreSQL when `PORTCULLIS_TEST_POSTGRES` names a server.
async fn store(folder: &Path) -> SecretString {
    use sqlx::Connection as _;

    static COUNT: AtomicU64 = AtomicU64::new(0);
    let Ok(server) = std::env::var("PORTCULLIS_TEST_POSTGRES") else {
        return SecretString::from(folder.join("store.sqlite").display().to_string());
    };
    let name = format!("e2e_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    sqlx::any::install_default_drivers();
    let mut connection = sqlx::AnyConnection::connect(&format!("{server}/postgres")).await.unwrap();
    let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::raw_sql(create).execute(&mut connection).await.unwrap();
    SecretString::from(format!("{server}/{name}"))
}

fn settings(github: &FakeGithub, folder: PathBuf) -> Settings {
    let key = SecretString::from(github.private_key_pem().to_owned());
    let mut forge = portcullis::github::Settings::new(github.app_id(), key);
    forge.api_url = github.url().to_owned();
    forge.graphql_url = Some(format!("{}/graphql", github.url()));
    forge.git_url = github.url().to_owned();
    Settings {
        listen: "127.0.0.1:0".parse().unwrap(),
        data: folder.clone(),
        store: SecretString::from(folder.join("store.sqlite").display().to_string()),
        rules: RulesAt::File(folder.join("rules.toml")),
        workers: 0,
        lease: Duration::from_secs(60),
        retention_days: 90,
        git_cache_bytes: 1 << 30,
        webhook_secrets: vec![SecretString::from(github.webhook_secret())],
        incidents: Incidents::default(),
        github: forge,
    }
}
