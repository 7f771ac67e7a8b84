//! How often the forge is asked: what people wait for, and what GitHub's limits count.
//!
//! Token and members are in memory, as they are but for the first look; git is counted apart.

use std::fmt::Write as _;

use fake_github::{FakeGithub, Open, Push, ReviewState};

use crate::Gate;
use crate::stage::{FORGE, RULES, WEB, push};

const READ: &str = "graphql PullRequest";

/// The routes called while something happens, with the numbers taken out.
async fn calls<T>(gate: &Gate, story: impl Future<Output = T>) -> Vec<String> {
    let mark = gate.github.calls().len();
    story.await;
    gate.settle().await;
    let calls = gate.github.calls_since(mark);
    let bare = |route: &str| route.trim_end_matches(|c: char| c.is_ascii_digit() || c == '/').to_owned();
    calls.iter().map(|call| bare(&call.route)).collect()
}

fn is_post(route: &str) -> bool {
    route == "POST /repos/acme/web/check-runs" || route == "PATCH /repos/acme/web/check-runs"
}

/// One read, one effect.
#[track_caller]
fn assert_two(calls: &[String]) {
    assert!(matches!(calls, [read, post] if read == READ && is_post(post)), "{calls:#?}");
}

async fn assert_counts(gate: &Gate, number: u64) {
    assert_two(&calls(gate, gate.approve("alice", number)).await);
    gate.shows(number, "success");
    assert_two(&calls(gate, gate.label(number, "hold")).await);
    gate.shows(number, "failure");
    assert_eq!(calls(gate, gate.label(number, "nothing in the rules")).await, [READ]);
    assert_two(&calls(gate, gate.unlabel(number, "hold")).await);
    gate.shows(number, "success");

    let new_head = calls(gate, push(&gate.github, "Copilot", "copilot/hello", "more")).await;
    assert!(new_head.len() <= 3 && new_head.iter().filter(|call| is_post(call)).count() == 1, "{new_head:?}");
    gate.shows(number, "action_required");

    let posts = gate.github.check_run_posts();
    let again = async {
        gate.running.gate().store.wake_all(gate.now()).await.unwrap();
    };
    assert_eq!(calls(gate, again).await, [READ], "a look that finds nothing new is one call");
    assert_eq!(gate.github.check_run_posts(), posts);
    assert_eq!(gate.github.unknown_routes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_review_and_a_label_cost_two_calls_and_a_new_head_three() {
    let (gate, number) = Gate::with_proposal().await;
    assert_counts(&gate, number).await;
}

#[tokio::test]
async fn a_quota_costs_no_call() {
    let quota = "open = 5\npulls_a_day = 5\npushes_a_day = 50\nruns = 5";
    let gate = Gate::start(FORGE, &format!("{RULES}\n[agents.copilot.quota]\n{quota}\n")).await;
    let number = crate::stage::propose(&gate.github, "hello").await;
    gate.settle().await;
    gate.shows(number, "action_required");
    assert_counts(&gate, number).await;
}

#[tokio::test]
async fn three_hundred_reviewers_cost_no_more() {
    let (mut users, mut members) = (String::new(), String::new());
    for n in 0..300 {
        writeln!(users, "    {{ login = \"reviewer-{n}\", id = {} }},", 10_000 + n).unwrap();
        write!(members, "\"reviewer-{n}\", ").unwrap();
    }
    let forge = FORGE.replacen("users = [\n", &format!("users = [\n{users}"), 1).replacen(
        "members = [",
        &format!("members = [{members}"),
        1,
    );
    let gate = Gate::start(&forge, RULES).await;
    let number = crate::stage::propose(&gate.github, "hello").await;
    for n in 0..300 {
        gate.review(&format!("reviewer-{n}"), number, ReviewState::Commented).await;
    }
    gate.settle().await;
    gate.shows(number, "action_required");
    assert_counts(&gate, number).await;
}

#[tokio::test]
async fn a_hundred_and_twenty_commits_cost_no_more() {
    let gate = Gate::acme().await;
    let number = with_commits(&gate.github, 120).await;
    gate.settle().await;
    gate.shows(number, "action_required");
    assert_counts(&gate, number).await;
}

async fn with_commits(github: &FakeGithub, commits: u32) -> u64 {
    let push = Push::new("Copilot", WEB, "copilot/hello").file("src/hello.ts", "export {};\n");
    github.push(push.repeat(commits)).await.unwrap();
    github.open(Open::new("Copilot", WEB, "copilot/hello")).await.unwrap()
}
