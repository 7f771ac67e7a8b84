//! Gather and apply together, over the forge that stands on real repositories.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fake_github::{FakeGithub, Fault, Open, Push, ReviewState, Stage};
use policy::facts::{AccountKind, Group, Lines};
use policy::{
    Action, Conclusion, Fact, Floor, InstallationId, Millis, Observed, PullSubject, RepoId, RepoName,
    ShowCheck, Subject, UserId, Wanted,
};
use secrecy::SecretString;

use super::forge::look;
use crate::git::{self, GitCache};
use crate::github::{Applied, ForgeError, GitHub, Patience, Pushed, Settings};
use crate::lease::Lease;
use crate::report::{Annotation, CheckOutput, Level};

const STAGE: &str = r#"
[app]
id = 4242
slug = "portcullis"
installation = 7001

[[users]]
login = "alice"
id = 1001
emails = ["alice@acme.example"]

[[users]]
login = "dana"
id = 1004

[[users]]
login = "Copilot"
id = 198982749
type = "Bot"
graphql_login = "copilot-swe-agent"

[[orgs]]
login = "acme"
id = 2001
members = ["alice", "dana"]

[[teams]]
org = "acme"
slug = "security"
members = ["dana"]

[[repos]]
name = "acme/web"
id = 3001
writers = ["dana"]
admins = ["alice"]
files = { "README.md" = "a" }
"#;

struct World {
    forge: FakeGithub,
    github: GitHub,
    head: String,
    _folder: tempfile::TempDir,
}

/// An agent's pull request, opened and approved by Dana.
async fn world() -> World {
    let forge = FakeGithub::start(Stage::parse(STAGE).unwrap()).await.unwrap();
    let push = Push::new("Copilot", "acme/web", "copilot/door").file("src/door.rs", "fn open() {}\n");
    let head = forge.push(push).await.unwrap();
    let number =
        forge.open(Open::new("Copilot", "acme/web", "copilot/door").title("Add a door")).await.unwrap();
    assert_eq!(number, 1);
    forge.review_as("dana", "acme/web", 1, ReviewState::Approved).await.unwrap();

    let folder = tempfile::tempdir().unwrap();
    let cache = GitCache::open(folder.path().to_owned(), git::Limits::default()).unwrap();
    let settings = Settings {
        api_url: forge.url().to_owned(),
        git_url: forge.url().to_owned(),
        ..Settings::new(forge.app_id(), SecretString::from(forge.private_key_pem().to_owned()))
    };
    // Tokens end by the wall's clock.
    let wall = || Millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64);
    let github = GitHub::new(&settings, Arc::new(wall), Arc::new(cache)).unwrap();
    World { forge, github, head, _folder: folder }
}

fn subject(number: u64) -> Subject {
    Subject::Pull(PullSubject {
        installation: InstallationId(7001),
        repo_id: RepoId(3001),
        repo: RepoName::parse("acme/web").unwrap(),
        number,
    })
}

fn security() -> Group {
    Group::parse("@acme/security").unwrap()
}

impl World {
    async fn gather(&self) -> Result<Observed, ForgeError> {
        let groups = [Group::parse("acme").unwrap(), security()].into();
        let wanted =
            Wanted { groups, lines: Lines::Count, check: "portcullis".into(), ..policy::Wanted::default() };
        look(&self.github, &subject(1), &wanted).await
    }

    /// The numbers of those who pushed.
    async fn pushers(&self, observed: &Observed, patience: Patience) -> Result<Fact<Vec<u64>>, ForgeError> {
        let pull = &observed.facts.pull;
        let commits = pull.change.get().unwrap().commits.iter().map(|commit| commit.oid.clone()).collect();
        let pushed = Pushed {
            repository: pull.head_repository.as_ref().unwrap(),
            head: &pull.head,
            commits: &commits,
            told: &[].into(),
        };
        Ok(match self.github.pushers(subject(1).place().installation, pushed, patience).await? {
            Fact::Known(pushers) => Fact::Known(pushers.iter().map(|one| one.id.0).collect()),
            Fact::Unknown(why) => Fact::Unknown(why),
        })
    }

    async fn apply(&self, observed: &Observed, annotations: usize) -> Result<Applied, ForgeError> {
        let lease = Lease::grant(subject(1), 1, Floor::default(), "t".into(), 0);
        let action = Action::ShowCheck(ShowCheck {
            what: policy::Shows::Verdict,
            repository: RepoName::parse("acme/web").unwrap(),
            existing: observed.effects.checks.last().map(|check| check.id),
            head: observed.facts.pull.head.sha.clone(),
            name: "portcullis".into(),
            conclusion: Conclusion::Failure,
            external_id: "v1:digest".into(),
        });
        let annotation = Annotation {
            path: "src/door.rs".into(),
            start_line: 1,
            end_line: 1,
            level: Level::Failure,
            title: "No doors".into(),
            message: "No doors".into(),
        };
        let output = CheckOutput {
            title: "Blocked".into(),
            summary: "No doors".into(),
            annotations: vec![annotation; annotations],
        };
        self.github.show_check(&lease, action.check().unwrap(), &output).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_sees_everything_and_its_verdict_is_seen_by_the_next() {
    let world = world().await;
    let observed = world.gather().await.unwrap();
    let pull = &observed.facts.pull;
    let author = pull.author.get().unwrap();
    assert_eq!((author.id, author.kind), (UserId(198_982_749), AccountKind::Bot));
    assert_eq!(pull.head.sha.as_str(), world.head);
    assert_eq!(pull.commits.get().unwrap().len(), 1);
    let review = &pull.reviews.get().unwrap()[0];
    assert_eq!((review.author.get().unwrap().id, review.can_push.get()), (UserId(1004), Ok(&true)));
    let change = pull.change.get().unwrap();
    assert_eq!(change.files[0].path.as_bytes(), b"src/door.rs");
    assert_eq!(change.lines.unwrap().added, 1);
    assert_eq!(observed.facts.roster.has(&security(), UserId(1004)).get(), Ok(&true));
    assert!(observed.effects.checks.is_empty());

    let applied = world.apply(&observed, 60).await.unwrap();
    let shown = world.gather().await.unwrap().effects.checks;
    assert_eq!(shown.len(), 1);
    assert_eq!((shown[0].id, shown[0].completed), (applied.id(), true));
    assert_eq!(shown[0].conclusion.as_deref(), Some("failure"));
    assert_eq!(shown[0].external_id.as_deref(), Some("v1:digest"));
    assert_eq!(world.forge.check_runs("acme/web", &world.head)[0].annotations.len(), 60);
    assert_eq!(world.forge.unknown_routes(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_look_and_its_check_take_two_calls() {
    let world = world().await;
    world.gather().await.unwrap();
    let mark = world.forge.calls().len();
    let observed = world.gather().await.unwrap();
    world.apply(&observed, 0).await.unwrap();
    let calls: Vec<_> = world.forge.calls_since(mark).into_iter().map(|call| call.to_string()).collect();
    assert_eq!(calls, ["graphql PullRequest 200", "POST /repos/acme/web/check-runs 201"]);
    assert_eq!(world.forge.tokens_made(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn siblings_are_read_whole() {
    let world = world().await;
    world.forge.push(Push::new("alice", "acme/web", "release")).await.unwrap();
    let other = Open::new("alice", "acme/web", "copilot/door").base("release");
    assert_eq!(world.forge.open(other).await.unwrap(), 2);
    let observed = world.gather().await.unwrap();
    let siblings = observed.facts.siblings.get().unwrap();
    assert_eq!(siblings.len(), 1);
    assert_eq!((siblings[0].number, siblings[0].base.name.as_str()), (2, "release"));
    assert!(siblings[0].change.get().is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_that_was_done_but_not_answered_is_found_by_the_next_look() {
    let world = world().await;
    let observed = world.gather().await.unwrap();
    world.forge.fail("POST /repos/*/*/check-runs", Fault::After(502), 1);
    assert!(matches!(world.apply(&observed, 0).await, Err(ForgeError::Broken { .. })));
    assert_eq!(world.forge.check_run_posts(), (1, 0));
    assert_eq!(world.gather().await.unwrap().effects.checks.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revoked_tokens_and_limits_are_survived() {
    let world = world().await;
    world.gather().await.unwrap();
    world.forge.revoke_tokens();
    world.gather().await.unwrap();
    assert_eq!(world.forge.tokens_made(), 2);
    world.forge.fail("graphql PullRequest", Fault::Exhausted { reset_in: 600 }, 1);
    let Err(ForgeError::RateLimited { until }) = world.gather().await else { panic!() };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let wait = Duration::from_millis(until.0 as u64).saturating_sub(now);
    assert!(wait > Duration::from_secs(590) && wait <= Duration::from_secs(601), "{wait:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_pushed_is_asked_once_for_each_head() {
    let world = world().await;
    let push = Push::new("dana", "acme/web", "copilot/door").file("src/door.rs", "fn shut() {}\n");
    world.forge.push(push).await.unwrap();
    let observed = world.gather().await.unwrap();
    world.forge.lag(1);
    let waiting = world.pushers(&observed, Patience::Wait).await;
    assert!(matches!(waiting, Err(ForgeError::NotYet { .. })), "{waiting:?}");
    world.forge.catch_up();
    let mark = world.forge.calls().len();
    for _ in 0..2 {
        assert_eq!(world.pushers(&observed, Patience::Wait).await, Ok(Fact::Known(vec![1004, 198_982_749])));
    }
    assert_eq!(world.forge.calls_since(mark).len(), 1);
    assert_eq!(world.forge.unknown_routes(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_pushed_stays_unknown_when_nobody_tells() {
    let world = world().await;
    let observed = world.gather().await.unwrap();
    world.forge.fail("GET /repos/*/*/activity", Fault::Before(403), 1);
    for _ in 0..2 {
        let Ok(Fact::Unknown(why)) = world.pushers(&observed, Patience::Wait).await else { panic!() };
        assert!(why.contains("could not see who pushed to `acme/web`"), "{why}");
    }
    let world = self::world().await;
    let observed = world.gather().await.unwrap();
    world.forge.lag(9);
    let Ok(Fact::Unknown(why)) = world.pushers(&observed, Patience::End).await else { panic!() };
    assert!(why.starts_with("nobody told who pushed "), "{why}");
}
