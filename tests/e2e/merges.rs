//! Merges after the fact: what passed is no incident, what went past the gate is one, once.

use fake_github::{Merge, MergeMethod, Open, Push, PushMany, ReviewState};

use crate::Gate;
use crate::stage::{FORGE, RULES, WEB, propose, push};

const PAST: &str = "merged-past-the-gate";

/// What the App needs to propose a revert.
const MAY_PROPOSE: &str = r#"
[app.permissions]
checks = "write"
contents = "write"
members = "read"
metadata = "read"
pull_requests = "write"
"#;

async fn merge(gate: &Gate, number: u64, method: MergeMethod) -> String {
    gate.github.merge(Merge::new("alice", WEB, number).method(method).bypass()).await.unwrap()
}

fn kinds(incidents: &[(String, String)]) -> Vec<&str> {
    incidents.iter().map(|(kind, _)| kind.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_passed_is_no_incident_however_it_is_merged() {
    for method in [MergeMethod::Merge, MergeMethod::Squash, MergeMethod::Rebase] {
        let (gate, number) = Gate::with_approved_proposal().await;
        // The base moves on, and the pull request has more than one commit.
        push(&gate.github, "bob", "main", "meanwhile").await;
        gate.settle().await;
        let commit = merge(&gate, number, method).await;
        gate.settle().await;
        assert_eq!(gate.incidents_of_merge(number).await, vec![], "{method:?}");
        assert_eq!(gate.incidents_of_ref("refs/heads/main").await, vec![], "{method:?}");
        assert!(!gate.merged_past(&commit).await, "{method:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_commits_rebased_are_what_was_judged() {
    let gate = Gate::acme().await;
    push(&gate.github, "Copilot", "copilot/two", "first").await;
    let number = propose(&gate.github, "two").await;
    gate.settle().await;
    gate.approve("alice", number).await;
    push(&gate.github, "bob", "main", "meanwhile").await;
    gate.settle().await;
    gate.shows(number, "success");
    merge(&gate, number, MergeMethod::Rebase).await;
    gate.settle().await;
    assert_eq!(gate.incidents_of_merge(number).await, vec![]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn merged_by_an_admin_before_an_approval_is_an_incident_once() {
    let (gate, number) = Gate::with_proposal().await;
    let commit = merge(&gate, number, MergeMethod::Merge).await;
    gate.github.double();
    gate.settle_one_by_one().await;
    let told = gate.incidents_of_merge(number).await;
    assert_eq!(kinds(&told), [PAST]);
    assert!(told[0].1.starts_with("alice merged pull request 1"), "{told:?}");
    assert!(gate.merged_past(&commit).await);
    assert!(!gate.merged_past(&gate.github.pull_head(WEB, number).unwrap()).await);

    // Whatever comes afterwards opens no other.
    gate.approve("bob", number).await;
    gate.label(number, "late").await;
    gate.settle().await;
    assert_eq!(kinds(&gate.incidents_of_merge(number).await), [PAST]);
    assert!(gate.merged_past(&commit).await, "a late approval changes nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agents_merge_that_nobody_ever_judged_is_an_incident() {
    let gate = Gate::acme().await;
    let number = propose(&gate.github, "unheard").await;
    gate.github.forget_pending();
    merge(&gate, number, MergeMethod::Squash).await;
    gate.settle().await;
    assert_eq!(kinds(&gate.incidents_of_merge(number).await), [PAST]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_person_made_is_no_incident() {
    let gate = Gate::acme().await;
    push(&gate.github, "bob", "fix", "fix").await;
    let judged = gate.github.open(Open::new("bob", WEB, "fix")).await.unwrap();
    gate.settle().await;
    merge(&gate, judged, MergeMethod::Merge).await;
    gate.settle().await;
    assert_eq!(gate.incidents_of_merge(judged).await, vec![]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merge_that_brings_in_more_than_was_judged_is_an_incident() {
    let (gate, number) = Gate::with_approved_proposal().await;
    let head = gate.github.pull_head(WEB, number).unwrap();
    let mut evil = Push::new("alice", WEB, "main").file("src/backdoor.ts", "open();\n").message("Merge");
    evil.merge = Some(head);
    let commit = gate.github.push(evil).await.unwrap();
    gate.settle().await;
    assert_eq!(kinds(&gate.incidents_of_merge(number).await), [PAST]);
    assert!(gate.merged_past(&commit).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_that_only_evaluate_open_none() {
    let rules = RULES.replace("enforcement = \"active\"", "enforcement = \"evaluate\"");
    let gate = Gate::start(FORGE, &rules).await;
    let number = propose(&gate.github, "hello").await;
    gate.settle().await;
    let commit = merge(&gate, number, MergeMethod::Merge).await;
    gate.settle().await;
    assert_eq!(gate.incidents_of_merge(number).await, vec![]);
    assert!(!gate.merged_past(&commit).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revert_is_proposed_once_and_never_merged() {
    let rules =
        RULES.replace("enforcement = \"active\"", "enforcement = \"active\"\nmerged = \"propose_revert\"");
    let gate = Gate::start(&format!("{FORGE}{MAY_PROPOSE}"), &rules).await;
    let number = propose(&gate.github, "hello").await;
    gate.settle().await;
    let commit = merge(&gate, number, MergeMethod::Merge).await;
    gate.github.double();
    gate.settle_one_by_one().await;
    gate.label(number, "late").await;
    gate.settle().await;
    let text = gate.text();
    let proposed = text.matches("Revert #1, which was merged past the gate").count();
    assert!(proposed >= 1, "{text}");
    assert!(gate.github.pull_head(WEB, number + 1).is_some(), "{text}");
    assert!(gate.github.pull_head(WEB, number + 2).is_none(), "one is enough\n{text}");
    assert_eq!(gate.github.branch(WEB, "main"), Some(commit), "nothing is merged by the gate");
    assert_eq!(kinds(&gate.incidents_of_merge(number).await), [PAST]);
}

/// A crash after the proposal, before it was written down: the forge shows it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revert_that_somebody_proposed_is_not_proposed_again() {
    let rules =
        RULES.replace("enforcement = \"active\"", "enforcement = \"active\"\nmerged = \"propose_revert\"");
    let gate = Gate::start(&format!("{FORGE}{MAY_PROPOSE}"), &rules).await;
    let number = propose(&gate.github, "hello").await;
    gate.settle().await;
    merge(&gate, number, MergeMethod::Merge).await;
    push(&gate.github, "bob", "revert-1-copilot/hello", "undone").await;
    gate.github.open(Open::new("bob", WEB, "revert-1-copilot/hello")).await.unwrap();
    gate.settle().await;
    assert!(gate.github.pull_head(WEB, number + 2).is_none(), "{}", gate.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_green_check_of_an_older_look_is_no_ticket() {
    for objected in [true, false] {
        let (gate, number) = Gate::with_approved_proposal().await;
        let approved = gate.github.pull_head(WEB, number).unwrap();
        push(&gate.github, "Copilot", "copilot/hello", "more").await;
        gate.settle().await;
        if objected {
            gate.review("alice", number, ReviewState::ChangesRequested).await;
            gate.settle().await;
        }
        let back = PushMany::new("Copilot", WEB).to("refs/heads/copilot/hello", &approved).force();
        gate.github.push_many(back).await.unwrap();
        // On that commit the green check of the older look still stands: merged at once, or after another look.
        gate.shows(number, "success");
        if !objected {
            gate.settle().await;
        }
        let commit = merge(&gate, number, MergeMethod::Merge).await;
        gate.settle().await;
        let told = gate.incidents_of_merge(number).await;
        assert_eq!(kinds(&told), if objected { vec![PAST] } else { vec![] });
        assert_eq!(gate.merged_past(&commit).await, objected);
    }
}
