//! Agents that are suspended, and what that does to everything open; auto-merge that must not stay on.

use std::time::Duration;

use fake_github::{
    AccessChange, ChangeAccess, ChangeRepo, Collaborator, Joined, OnPull, RemoveMember, RepoChange, Review,
    ReviewState,
};
use policy::rules::Suspension;
use policy::verdict::Code;
use portcullis::store::{IncidentFilter, Step};

use crate::Gate;
use crate::child::{Child, Den};
use crate::stage::{FORGE, RULES, WEB, propose};

/// The App may change pull requests.
fn acting(granted: &str) -> String {
    format!(
        "{FORGE}\n[app]\npermissions = {{ checks = \"write\", members = \"read\", metadata = \"read\", {granted} }}\n"
    )
}

const MAY_ACT: &str = "contents = \"write\", pull_requests = \"write\"";

/// An agent that may merge: its auto-merge is no offence of itself.
fn merging() -> String {
    RULES.replace(r#"may = ["read", "propose"]"#, r#"may = ["read", "propose", "merge"]"#)
}

async fn suspend(gate: &Gate) {
    let suspension = Suspension { reason: "a key leaked".into(), by: "alice".into(), at: gate.now() };
    let store = &gate.running.gate().store;
    assert!(store.suspend("copilot", &suspension).await.unwrap());
    gate.rules_are(|rules| rules.suspended.contains_key("copilot")).await;
}

async fn auto_merge(gate: &Gate, who: &str, number: u64) {
    gate.github.enable_auto_merge(OnPull::new(who, WEB, number)).await.unwrap();
}

#[tokio::test]
async fn a_suspension_takes_effect_on_everything_open_and_its_end_too() {
    let gate = Gate::start(&acting(MAY_ACT), &merging()).await;
    let mut numbers = Vec::new();
    for name in ["one", "two", "three"] {
        numbers.push(propose(&gate.github, name).await);
    }
    gate.settle().await;
    for number in &numbers {
        gate.review("alice", *number, ReviewState::Approved).await;
    }
    auto_merge(&gate, "Copilot", numbers[0]).await;
    auto_merge(&gate, "bob", numbers[1]).await;
    gate.settle().await;
    for number in &numbers {
        gate.shows(*number, "success");
    }
    assert_eq!(gate.text().matches("auto-merge by").count(), 2);

    suspend(&gate).await;
    gate.settle().await;
    for number in &numbers {
        gate.shows(*number, "failure");
        let verdict = gate.verdict(*number).await;
        let first = &verdict.pulls[0].findings[0];
        assert_eq!(first.code, Code::AgentSuspended);
        assert!(gate.summary(*number).contains("a key leaked"), "{}", gate.summary(*number));
    }
    assert!(!gate.text().contains("auto-merge by"), "by it and for it:\n{}", gate.text());
    let receipts = gate.running.gate().store.follow_suspension("copilot", gate.now()).await.unwrap();
    let told: Vec<_> = receipts.iter().map(|r| (r.step, r.concerned, r.done, r.failed)).collect();
    assert_eq!(told[0], (Step::RefusePulls, 3, 3, 0));
    assert_eq!(told[1], (Step::DisableAutoMerge, 2, 2, 0));
    assert!(receipts.iter().all(|receipt| receipt.at.is_some()), "{receipts:?}");
    // A new one is refused as well, and a restart forgets nothing.
    let gate = gate.restart().await;
    let late = propose(&gate.github, "late").await;
    gate.settle().await;
    gate.shows(late, "failure");

    assert!(gate.running.gate().store.resume("copilot", "alice", gate.now()).await.unwrap());
    gate.rules_are(|rules| rules.suspended.is_empty()).await;
    gate.settle().await;
    for number in &numbers {
        gate.shows(*number, "success");
    }
    gate.shows(late, "action_required");
}

#[tokio::test]
async fn a_persons_work_goes_on_while_an_agent_is_suspended() {
    let gate = Gate::start(&acting(MAY_ACT), RULES).await;
    crate::stage::push(&gate.github, "bob", "fix", "mine").await;
    let own = gate.github.open(fake_github::Open::new("bob", WEB, "fix")).await.unwrap();
    auto_merge(&gate, "bob", own).await;
    gate.settle().await;
    gate.shows(own, "success");
    suspend(&gate).await;
    gate.settle().await;
    gate.shows(own, "success");
    assert!(gate.text().contains("auto-merge by bob"), "{}", gate.text());
}

#[tokio::test]
async fn auto_merge_that_an_agent_switched_on_is_switched_off() {
    let gate = Gate::start(&acting(MAY_ACT), RULES).await;
    let number = propose(&gate.github, "hello").await;
    auto_merge(&gate, "Copilot", number).await;
    gate.settle().await;
    assert!(!gate.text().contains("auto-merge by"), "{}", gate.text());
    // What it asked for is gone, so it only waits for people again.
    gate.shows(number, "action_required");
    auto_merge(&gate, "bob", number).await;
    gate.settle().await;
    assert!(gate.text().contains("auto-merge by bob"), "a person may");
}

#[tokio::test]
async fn where_the_app_may_not_switch_it_off_the_check_blocks_and_the_receipt_says_so() {
    let gate = Gate::start(&acting("contents = \"read\", pull_requests = \"read\""), &merging()).await;
    let number = propose(&gate.github, "hello").await;
    auto_merge(&gate, "bob", number).await;
    gate.settle().await;
    gate.pass(Duration::from_secs(1));
    suspend(&gate).await;
    gate.settle().await;
    gate.shows(number, "failure");
    assert!(gate.text().contains("auto-merge by bob"));
    let receipts = gate.running.gate().store.follow_suspension("copilot", gate.now()).await.unwrap();
    let stop = receipts.iter().find(|receipt| receipt.step == Step::DisableAutoMerge).unwrap();
    assert_eq!((stop.concerned, stop.done, stop.failed, stop.at.is_some()), (1, 0, 1, true));
}

#[tokio::test]
async fn an_agent_that_is_put_back_again_and_again_is_suspended_by_the_gate() {
    let rules = RULES.replace("[people]", "respond = [\"revert\"]\n\n[people]");
    let gate = Gate::start(&acting(MAY_ACT), &rules).await;
    let open = propose(&gate.github, "hello").await;
    gate.settle().await;
    gate.shows(open, "action_required");
    let main = gate.github.branch(WEB, "main").unwrap();
    let store = gate.running.gate().store.clone();
    for push in 1..=3 {
        assert!(store.suspended().await.unwrap().is_empty(), "before push {push}");
        crate::stage::push(&gate.github, "Copilot", "main", &format!("push-{push}")).await;
        gate.settle().await;
        assert_eq!(gate.github.branch(WEB, "main").unwrap(), main, "push {push}:\n{}", gate.text());
    }
    let suspended = store.suspended().await.unwrap();
    let why = &suspended["copilot"];
    assert_eq!(why.by, "portcullis");
    assert!(why.reason.contains("refs/heads/main"), "{}", why.reason);
    let all = IncidentFilter { limit: 9, ..IncidentFilter::default() };
    let kinds: Vec<String> =
        store.incidents(&all).await.unwrap().into_iter().map(|incident| incident.kind).collect();
    assert_eq!(kinds.iter().filter(|kind| *kind == "suspended").count(), 1, "{kinds:?}");
    // At once, without waiting for anybody to read the store: its open pull request is refused.
    gate.rules_are(|rules| rules.suspended.contains_key("copilot")).await;
    gate.settle().await;
    gate.shows(open, "failure");
}

/// A process with its own watchers, and two approved pull requests, the second by somebody to whom nothing happens.
async fn approved_twice(rules: &str, (first, second): (&str, &str)) -> (Den, Child, u64, u64) {
    let den = Den::new().await;
    std::fs::write(den.rules(), rules).unwrap();
    let gate = den.serve(4).await;
    let mut numbers = Vec::new();
    for (name, who) in [("hello", first), ("stays", second)] {
        let number = propose(&den.github, name).await;
        let review = Review {
            actor: who.to_owned(),
            repo: WEB.to_owned(),
            pull: number,
            state: ReviewState::Approved,
            commit: None,
            body: String::new(),
            times: 1,
        };
        den.github.review(review).await.unwrap();
        numbers.push(number);
    }
    den.github.deliver_all(&gate.webhook()).await;
    for number in &numbers {
        den.shows(*number, "success").await;
    }
    (den, gate, numbers[0], numbers[1])
}

/// Nothing but the membership's own delivery comes, and the check of what it concerns changes.
async fn is_noticed(den: &Den, gate: &Child, (number, stays): (u64, u64)) {
    den.github.deliver_all(&gate.webhook()).await;
    den.shows(number, "action_required").await;
    den.at_rest().await;
    den.shows(stays, "success").await;
}

#[tokio::test]
async fn a_membership_that_ends_is_noticed_by_itself() {
    let (den, gate, number, stays) = approved_twice(RULES, ("alice", "bob")).await;
    let left = RemoveMember { actor: "bob".into(), org: "acme".into(), member: "alice".into() };
    den.github.remove_member(left).await.unwrap();
    is_noticed(&den, &gate, (number, stays)).await;
}

#[tokio::test]
async fn a_team_that_is_left_is_noticed_by_itself() {
    // Only where somebody of the team has to approve.
    let rules = RULES.replace(
        "[[rules]]\nid = \"hold\"",
        "[tiers.looked_at]\napprovals = 1\nfrom = [\"@acme/security\"]\n\n[[rules]]\nid = \"security\"\non = \
         [\"pull_request\"]\nwhen = { paths = [\"src/hello.ts\"] }\nrequire = \"looked_at\"\n\n[[rules]]\nid = \"hold\"",
    );
    let (den, gate, number, stays) = approved_twice(&rules, ("dana", "dana")).await;
    let left = Joined { org: "acme".into(), team: "security".into(), member: "dana".into() };
    let change = ChangeAccess { actor: "bob".to_owned(), change: AccessChange::TeamLeft(left) };
    den.github.change_access(change).await.unwrap();
    is_noticed(&den, &gate, (number, stays)).await;
}

#[tokio::test]
async fn write_access_that_is_taken_away_is_noticed_by_itself() {
    let (den, gate, number, stays) = approved_twice(RULES, ("erin", "bob")).await;
    let login = "erin".to_owned();
    let change = RepoChange::MemberEdited(Collaborator { login, permission: "read".to_owned() });
    let (actor, repo) = ("alice".to_owned(), WEB.to_owned());
    den.github.change_repo(ChangeRepo { actor, repo, change }).await.unwrap();
    is_noticed(&den, &gate, (number, stays)).await;
}
