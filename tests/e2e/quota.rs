//! Quotas: what an agent does beyond them waits for its turn or is taken back, and what is within them goes on.

use std::time::Duration;

use fake_github::{Complete, Merge, OnPull, Open, Push, Run, Stage};
use policy::verdict::Code;
use portcullis::report::{self, Style};

use crate::Gate;
use crate::stage::{FORGE, RULES, WEB, propose};

const HOUR: Duration = Duration::from_secs(3_600);
const CI: &str = ".github/workflows/ci.yml";

/// The shared rules, with a quota, and a tier that asks for nobody.
fn rules(quota: &str) -> String {
    let rules = RULES.replace("approvals = 1", "approvals = 0");
    let respond = "enforcement = \"active\"\nrespond = [\"revert\", \"cancel\"]";
    let rules = rules.replace("enforcement = \"active\"", respond);
    format!("{rules}\n[agents.copilot.quota]\n{quota}\n")
}

/// The shared stage, on which the App may write, with a workflow and a second repository.
fn stage() -> Stage {
    let files = "files = { \".github/workflows/ci.yml\" = \"name: CI\\non: [push]\\n\", ";
    let more = "\n[[repos]]\nname = \"acme/docs\"\nid = 3002\nadmins = [\"alice\"]\nfiles = { \"README.md\" = \"docs\\n\" }\n";
    let mut stage = Stage::parse(&(FORGE.replacen("files = { ", files, 1) + more)).unwrap();
    for name in ["contents", "workflows", "pull_requests"] {
        stage.app.permissions.insert(name.to_owned(), "write".to_owned());
    }
    stage
}

async fn gate(quota: &str) -> Gate {
    Gate::on(stage(), &rules(quota)).await
}

/// A pull request of the agent whose file has so many lines.
async fn propose_lines(gate: &Gate, path: &str, lines: usize) -> u64 {
    let branch = format!("copilot/{}", path.replace(['/', '.'], "-"));
    let push = Push::new("Copilot", WEB, &branch).file(path, &"a line\n".repeat(lines)).message(path);
    gate.github.push(push).await.unwrap();
    gate.github.open(Open::new("Copilot", WEB, &branch)).await.unwrap()
}

async fn merge(gate: &Gate, number: u64) {
    gate.github.merge(Merge::new("alice", WEB, number)).await.unwrap();
    gate.settle().await;
}

impl Gate {
    async fn codes(&self, number: u64) -> Vec<Code> {
        let pull = self.verdict(number).await.pulls.remove(0);
        pull.findings.into_iter().map(|finding| finding.code).collect()
    }
}

#[tokio::test]
async fn pull_requests_beyond_the_quota_wait_and_the_first_ones_pass() {
    let gate = gate("open = 2").await;
    let mut numbers = Vec::new();
    for name in ["one", "two", "three", "four"] {
        numbers.push(propose(&gate.github, name).await);
    }
    // However their deliveries come.
    gate.github.reorder(7);
    gate.settle().await;
    for (number, conclusion) in
        numbers.iter().zip(["success", "success", "action_required", "action_required"])
    {
        gate.shows(*number, conclusion);
    }
    let third = numbers[2];
    assert!(gate.shown(third).contains("its turn within the agent's quota"), "{}", gate.shown(third));
    let said = "has 2 open pull requests before this one, of 2 that may pass at a time";
    assert!(gate.summary(third).contains(said), "{}", gate.summary(third));
    assert!(gate.summary(third).contains("`agents.copilot.quota`"), "{}", gate.summary(third));
    let told = report::explain(&gate.verdict(third).await, Style::Plain);
    assert!(told.contains(said) && told.contains("acme/web#1, opened 2026-01-15"), "{told}");

    // One is closed: the next moves on by itself, and the one after goes on waiting.
    gate.close(numbers[0]).await;
    gate.settle().await;
    gate.shows(third, "success");
    gate.shows(numbers[3], "action_required");
    // Opened again it goes first, as it did.
    gate.reopen(numbers[0]).await;
    gate.settle().await;
    gate.shows(numbers[0], "success");
    gate.shows(third, "action_required");
    assert_eq!(gate.github.unknown_routes(), Vec::<String>::new());
}

#[tokio::test]
async fn pull_requests_within_the_quota_pass_and_so_do_peoples() {
    let gate = gate("open = 2\npulls_a_day = 2\nlines_a_day = { source = 100 }").await;
    let (one, two) = (propose(&gate.github, "one").await, propose(&gate.github, "two").await);
    for name in ["first", "second", "third"] {
        gate.github.push(Push::new("alice", WEB, name).file("src/own.ts", "export {};\n")).await.unwrap();
        gate.github.open(Open::new("alice", WEB, name)).await.unwrap();
    }
    gate.settle().await;
    for number in [one, two, 3, 4, 5] {
        gate.shows(number, "success");
    }
    assert!(!gate.codes(two).await.contains(&Code::OverQuota));
}

#[tokio::test]
async fn a_turn_comes_by_itself_when_a_day_is_over() {
    let gate = gate("pulls_a_day = 1").await;
    let one = propose(&gate.github, "one").await;
    let two = propose(&gate.github, "two").await;
    let three = propose(&gate.github, "three").await;
    gate.settle().await;
    gate.shows(one, "success");
    gate.shows(two, "action_required");
    gate.says(two, "opened 1 pull request within 24 hours before this one, of 1 that may pass a day");
    let told = report::explain(&gate.verdict(two).await, Style::Plain);
    assert!(told.contains("its turn comes at 2026-01-16 12:00 UTC"), "{told}");
    // Closing the first makes no room: somebody had to look at it.
    gate.close(one).await;
    gate.settle().await;
    gate.shows(two, "action_required");
    gate.pass(24 * HOUR);
    gate.settle().await;
    gate.shows(two, "success");
    // Of a backlog one passes a day, not everything at once.
    gate.shows(three, "action_required");
    gate.pass(24 * HOUR);
    gate.settle().await;
    gate.shows(three, "success");
}

#[tokio::test]
async fn a_slow_drip_is_added_up_over_pull_requests() {
    let gate = gate("lines_a_day = { source = 10 }").await;
    let one = propose_lines(&gate, "src/one.ts", 6).await;
    let small = propose_lines(&gate, "src/two.ts", 4).await;
    gate.settle().await;
    gate.shows(one, "success");
    gate.shows(small, "success");
    let drop = propose_lines(&gate, "src/three.ts", 1).await;
    let docs = propose_lines(&gate, "docs/long.md", 500).await;
    gate.settle().await;
    gate.shows(drop, "action_required");
    gate.says(drop, "changes 11 lines of class `source` within 24 hours, of 10");
    gate.shows(docs, "success");
    // Landed, they are used up; closed, they never were.
    merge(&gate, one).await;
    gate.shows(drop, "action_required");
    gate.close(small).await;
    gate.settle().await;
    gate.shows(drop, "success");
    // What was there first grows: it passes, and whatever came after it makes room.
    let push = Push::new("Copilot", WEB, "copilot/src-three-ts").file("src/more.ts", &"a line\n".repeat(9));
    gate.github.push(push).await.unwrap();
    gate.settle().await;
    gate.shows(drop, "action_required");
    gate.pass(25 * HOUR);
    gate.settle().await;
    gate.shows(drop, "success");
}

#[tokio::test]
async fn what_was_merged_counts_for_what_was_opened_before() {
    let gate = gate("lines_a_day = { source = 10 }").await;
    let first = propose_lines(&gate, "src/one.ts", 1).await;
    let second = propose_lines(&gate, "src/two.ts", 9).await;
    gate.settle().await;
    gate.shows(first, "success");
    merge(&gate, second).await;
    gate.shows(first, "success");
    let grown = Push::new("Copilot", WEB, "copilot/src-one-ts").file("src/one.ts", &"a line\n".repeat(2));
    gate.github.push(grown).await.unwrap();
    gate.settle().await;
    gate.shows(first, "action_required");
}

#[tokio::test]
async fn a_quota_counts_over_all_repositories_and_a_repositorys_own_only_there() {
    let wide = rules("open = 2").replace("repos = [\"acme/web\"]", "repos = [\"acme/*\"]");
    let gate = Gate::on(stage(), &wide).await;
    let docs = "acme/docs";
    let push = Push::new("Copilot", docs, "copilot/note").file("note.md", "text\n");
    gate.github.push(push).await.unwrap();
    gate.github.open(Open::new("Copilot", docs, "copilot/note")).await.unwrap();
    let (one, two) = (propose(&gate.github, "one").await, propose(&gate.github, "two").await);
    gate.settle().await;
    gate.shows(one, "success");
    gate.shows(two, "action_required");
    gate.says(two, "has 2 open pull requests before this one, of 2");

    gate.github.close(OnPull::new("alice", docs, 1)).await.unwrap();
    gate.settle().await;
    gate.shows(two, "success");
    let own = "version = 1\n[agents.copilot.quota]\nopen = 1\n";
    gate.github.push(Push::new("alice", WEB, "main").file(".github/portcullis.toml", own)).await.unwrap();
    gate.settle().await;
    gate.shows(one, "success");
    gate.shows(two, "action_required");
    gate.says(two, ".github/portcullis.toml");
}

#[tokio::test]
async fn a_closing_that_nobody_told_of_is_found() {
    let gate = gate("open = 1").await;
    let (one, two) = (propose(&gate.github, "one").await, propose(&gate.github, "two").await);
    gate.settle().await;
    gate.shows(two, "action_required");
    gate.github.drop_next(10);
    gate.close(one).await;
    gate.settle().await;
    gate.shows(two, "action_required");
    gate.github.heal();
    gate.pass(2 * HOUR);
    gate.settle().await;
    gate.shows(two, "success");
}

#[tokio::test]
async fn a_quota_that_comes_later_and_goes_again_is_asked_of_what_is_open() {
    let gate = gate("open = 9").await;
    let without = rules("open = 9").replace("\n[agents.copilot.quota]\nopen = 9\n", "");
    gate.write_rules(&without).await;
    let (one, two) = (propose(&gate.github, "one").await, propose(&gate.github, "two").await);
    gate.settle().await;
    gate.shows(two, "success");
    gate.write_rules(&rules("open = 1")).await;
    gate.settle().await;
    gate.shows(one, "success");
    gate.shows(two, "action_required");
    gate.write_rules(&without).await;
    gate.settle().await;
    gate.shows(two, "success");
}

fn pushes(nth: usize) -> Push {
    Push::new("Copilot", WEB, "copilot/work").file(&format!("src/{nth}.ts"), "export {};\n")
}

#[tokio::test]
async fn pushes_beyond_the_quota_are_put_back_and_kept() {
    let gate = gate("pushes_a_day = 3").await;
    for nth in 0..3 {
        gate.github.push(pushes(nth)).await.unwrap();
        gate.settle().await;
    }
    let stood = gate.github.branch(WEB, "copilot/work").unwrap();
    gate.github.push(pushes(3)).await.unwrap();
    // A person's pushes are not the agent's.
    let person = Push::new("bob", WEB, "work").file("src/bob.ts", "export {};\n");
    let pushed = gate.github.push(person).await.unwrap();
    gate.settle().await;
    assert_eq!(gate.github.branch(WEB, "copilot/work").unwrap(), stood, "{}", gate.text());
    assert_eq!(gate.github.branch(WEB, "work").unwrap(), pushed);
    assert!(gate.text().contains("refs/portcullis/quarantine/"), "{}", gate.text());
    let incidents = gate.incidents_of_ref("refs/heads/copilot/work").await;
    assert_eq!(incidents.len(), 1, "{incidents:?}");

    gate.pass(25 * HOUR);
    let stands = gate.github.push(pushes(4)).await.unwrap();
    gate.settle().await;
    assert_eq!(gate.github.branch(WEB, "copilot/work").unwrap(), stands, "the window has moved on");
}

#[tokio::test]
async fn pushes_within_the_quota_stand() {
    let gate = gate("pushes_a_day = 3").await;
    for nth in 0..3 {
        let stands = gate.github.push(pushes(nth)).await.unwrap();
        gate.settle().await;
        assert_eq!(gate.github.branch(WEB, "copilot/work").unwrap(), stands);
    }
    assert_eq!(gate.incidents_of_ref("refs/heads/copilot/work").await, []);
}

async fn run(gate: &Gate) {
    gate.github.start_run(Run::new("Copilot", WEB, CI).branch("copilot/work")).await.unwrap();
    gate.settle().await;
}

/// How each run stands, oldest first.
fn runs(gate: &Gate) -> Vec<String> {
    let runs = gate.github.runs(WEB).into_iter();
    runs.map(|run| run.conclusion.unwrap_or(run.status)).collect()
}

fn complete(nth: usize) -> Complete {
    Complete { repo: WEB.to_owned(), run: Some(nth), conclusion: "success".to_owned() }
}

#[tokio::test]
async fn a_run_beyond_the_quota_is_cancelled_and_those_before_it_go_on() {
    let gate = gate("runs = 2").await;
    gate.github.push(pushes(0)).await.unwrap();
    for _ in 0..3 {
        run(&gate).await;
    }
    assert_eq!(runs(&gate), ["in_progress", "in_progress", "cancelled"], "{}", gate.text());
    gate.github.complete(complete(1)).await.unwrap();
    gate.settle().await;
    run(&gate).await;
    assert_eq!(runs(&gate)[3], "in_progress", "one is over, another may begin");
}

#[tokio::test]
async fn a_run_whose_end_nobody_told_of_stands_in_nobodys_way() {
    let gate = gate("runs = 1").await;
    gate.github.push(pushes(0)).await.unwrap();
    run(&gate).await;
    gate.github.drop_next(10);
    gate.github.complete(complete(1)).await.unwrap();
    gate.settle().await;
    gate.github.heal();
    gate.pass(HOUR);
    run(&gate).await;
    assert_eq!(runs(&gate), ["success", "in_progress"]);
    // A person's runs stand in nobody's way either.
    gate.github.start_run(Run::new("bob", WEB, CI).branch("copilot/work")).await.unwrap();
    gate.settle().await;
    assert_eq!(runs(&gate)[2], "in_progress");
}
