//! The stage that most stories share: `acme/web`, four people, one registered agent, and rules that name each of them.

use fake_github::{FakeGithub, Label, OnPull, Open, Push, Retarget, Review, ReviewState};
use hmac::{Hmac, KeyInit as _, Mac as _};
use policy::act::RefName;
use policy::{InstallationId, PullSubject, RefSubject, RepoId, RepoName, Sha, Subject};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::Gate;

/// The repository.
pub(crate) const WEB: &str = "acme/web";

/// Who is there. Every account is invented, but for the number of the bot, which is GitHub's own.
pub(crate) const FORGE: &str = r#"
users = [
    { login = "alice", id = 1001 },
    { login = "bob", id = 1002 },
    { login = "dana", id = 1004 },
    { login = "erin", id = 1005 },
    { login = "Copilot", id = 198982749, type = "Bot", graphql_login = "copilot-swe-agent" },
]
orgs = [{ login = "acme", id = 2001, members = ["alice", "bob", "dana", "erin"] }]
teams = [{ org = "acme", slug = "security", members = ["dana"] }]

[[repos]]
name = "acme/web"
id = 3001
writers = ["bob", "dana", "erin"]
admins = ["alice"]
files = { "README.md" = "web\n", "src/button.ts" = "export const label = 'Bye';\n" }
"#;

/// What they may do. No registration ends, so that the processes with a real clock can use them too.
pub(crate) const RULES: &str = r#"
version = 1

[gate]
check = "portcullis"
enforcement = "active"

[people]
members_of = ["acme"]

[agents.copilot]
recognise = ["github-copilot"]
owner = "@acme/platform"
purpose = "fixes small issues"
repos = ["acme/web"]
branches = ["copilot/**"]
may = ["read", "propose"]

[tiers.routine]
approvals = 1

[[rules]]
id = "everything"
on = ["pull_request"]
require = "routine"
why = "Agents propose, people decide."

[[rules]]
id = "hold"
on = ["pull_request"]
when = { labels = ["hold"] }
deny = true
why = "Somebody asked to wait."

[[rules]]
id = "releases"
on = ["pull_request"]
when = { branches = ["release/**"] }
deny = true
why = "What is released is made by people."
"#;

/// The same rules, but for one that denies everything.
pub(crate) fn closed_rules() -> String {
    RULES.replace("require = \"routine\"", "deny = true").replace("[tiers.routine]\napprovals = 1\n", "")
}

/// The agent pushes a branch and proposes it. Nothing is delivered yet.
pub(crate) async fn propose(github: &FakeGithub, name: &str) -> u64 {
    push(github, "Copilot", &format!("copilot/{name}"), name).await;
    github.open(Open::new("Copilot", WEB, &format!("copilot/{name}")).title(name)).await.unwrap()
}

/// Somebody pushes a commit that makes a file of this name.
pub(crate) async fn push(github: &FakeGithub, who: &str, branch: &str, name: &str) -> String {
    let push = Push::new(who, WEB, branch).file(&format!("src/{name}.ts"), "export {};\n").message(name);
    github.push(push).await.unwrap()
}

impl Gate {
    /// A gate and its forge on the shared stage.
    pub(crate) async fn acme() -> Self {
        Self::start(FORGE, RULES).await
    }

    /// A pull request of the agent, delivered and judged.
    pub(crate) async fn with_proposal() -> (Self, u64) {
        let gate = Self::acme().await;
        let number = propose(&gate.github, "hello").await;
        gate.settle().await;
        gate.shows(number, "action_required");
        (gate, number)
    }

    /// A pull request of the agent that a person approved.
    pub(crate) async fn with_approved_proposal() -> (Self, u64) {
        let (gate, number) = Self::with_proposal().await;
        gate.review("alice", number, ReviewState::Approved).await;
        gate.settle().await;
        gate.shows(number, "success");
        (gate, number)
    }

    /// The conclusion that the forge shows.
    #[track_caller]
    pub(crate) fn shows(&self, number: u64, conclusion: &str) {
        let shown = self.shown(number);
        assert!(
            shown.split(':').next() == Some(conclusion),
            "#{number} shows `{shown}`, not `{conclusion}`\n{}",
            self.text()
        );
    }

    /// The summary that the forge shows.
    pub(crate) fn summary(&self, number: u64) -> String {
        let head = self.github.pull_head(WEB, number).unwrap();
        let runs = self.github.check_runs(WEB, &head);
        runs.last().and_then(|run| run.summary.clone()).unwrap_or_default()
    }

    pub(crate) async fn review(&self, who: &str, number: u64, state: ReviewState) {
        let review = Review {
            actor: who.to_owned(),
            repo: WEB.to_owned(),
            pull: number,
            state,
            commit: None,
            body: String::new(),
            times: 1,
        };
        self.github.review(review).await.unwrap();
    }

    pub(crate) async fn approve(&self, who: &str, number: u64) {
        self.review(who, number, ReviewState::Approved).await;
    }

    pub(crate) async fn label(&self, number: u64, label: &str) {
        self.github.label(labelled(number, label)).await.unwrap();
    }

    pub(crate) async fn unlabel(&self, number: u64, label: &str) {
        self.github.unlabel(labelled(number, label)).await.unwrap();
    }

    pub(crate) async fn close(&self, number: u64) {
        self.github.close(OnPull::new("bob", WEB, number)).await.unwrap();
    }

    pub(crate) async fn reopen(&self, number: u64) {
        self.github.reopen(OnPull::new("bob", WEB, number)).await.unwrap();
    }

    pub(crate) async fn retarget(&self, number: u64, base: &str) {
        let (actor, repo, base) = ("bob".to_owned(), WEB.to_owned(), base.to_owned());
        self.github.retarget(Retarget { actor, repo, pull: number, base }).await.unwrap();
    }

    /// Kind and title of what was opened about a merge.
    pub(crate) async fn incidents_of_merge(&self, number: u64) -> Vec<(String, String)> {
        self.incidents_about(Subject::Merge(self.pull(number))).await
    }

    /// Kind and title of what was opened about a branch or tag.
    pub(crate) async fn incidents_of_ref(&self, name: &str) -> Vec<(String, String)> {
        let PullSubject { installation, repo_id, repo, .. } = self.pull(0);
        let name = RefName::parse(name).unwrap();
        self.incidents_about(Subject::Ref(RefSubject { installation, repo_id, repo, name })).await
    }

    async fn incidents_about(&self, subject: Subject) -> Vec<(String, String)> {
        self.running.gate().store.incidents_about(&subject).await.unwrap()
    }

    /// Whether a commit of `acme/web` came in past the gate.
    pub(crate) async fn merged_past(&self, commit: &str) -> bool {
        let commit = Sha::parse(commit).unwrap();
        self.running.gate().store.merged_past(RepoId(3001), &commit).await.unwrap()
    }

    /// How many merge groups of `acme/web` are not over.
    pub(crate) async fn open_groups(&self) -> usize {
        self.running.gate().store.open_groups(RepoId(3001)).await.unwrap().len()
    }

    fn pull(&self, number: u64) -> PullSubject {
        let installation = InstallationId(self.github.installation_id());
        PullSubject { installation, repo_id: RepoId(3001), repo: RepoName::parse(WEB).unwrap(), number }
    }

    /// Posts a body as the forge would: signed, as JSON.
    pub(crate) async fn post(&self, event: &str, guid: &str, body: &str) -> (u16, Value) {
        post(&self.github, &self.webhook(), event, guid, body).await
    }

    /// What a page of the gate answers.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        get(&format!("http://{}{path}", self.running.address())).await
    }
}

/// Posts a body as the forge would: signed, as JSON.
pub(crate) async fn post(
    github: &FakeGithub,
    webhook: &str,
    event: &str,
    guid: &str,
    body: &str,
) -> (u16, Value) {
    let mut mac = Hmac::<Sha256>::new_from_slice(github.webhook_secret().as_bytes()).expect("any key does");
    mac.update(body.as_bytes());
    let request = reqwest::Client::new()
        .post(webhook)
        .header("Content-Type", "application/json")
        .header("X-GitHub-Delivery", guid)
        .header("X-GitHub-Event", event)
        .header("X-Hub-Signature-256", format!("sha256={}", hex::encode(mac.finalize().into_bytes())))
        .body(body.to_owned());
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// A `pull_request` payload whose number is none.
pub(crate) fn unreadable_payload() -> String {
    let pull =
        json!({ "number": "one", "updated_at": "2026-01-15T12:00:00Z", "head": { "sha": "0".repeat(40) } });
    let body = json!({
        "action": "opened",
        "installation": { "id": 7001 },
        "repository": { "id": 3001, "full_name": WEB },
        "sender": { "id": 1001, "login": "alice", "type": "User" },
        "pull_request": pull,
    });
    body.to_string()
}

/// What a page answers; status 0 when nobody does.
pub(crate) async fn get(url: &str) -> (u16, String) {
    match reqwest::get(url).await {
        Ok(answer) => (answer.status().as_u16(), answer.text().await.unwrap_or_default()),
        Err(_) => (0, String::new()),
    }
}

fn labelled(number: u64, label: &str) -> Label {
    Label { actor: "bob".to_owned(), repo: WEB.to_owned(), pull: number, label: label.to_owned() }
}
