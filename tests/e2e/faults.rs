//! What goes wrong on the way to the forge and back. In the end the forge shows the verdict, once, and nothing is
//! passed that could not be seen.

use std::time::Duration;

use fake_github::{Fault, ForeignCheck, RemoveMember, Rerequest};
use portcullis::store::{DeliveryFilter, DeliveryState};
use serde_json::json;

use crate::Gate;
use crate::stage::{WEB, propose, push, unreadable_payload};

const POST: &str = "POST /repos/*/*/check-runs";
const READ: &str = "graphql PullRequest";

/// A fault strikes while an agent's pull request is judged for the first time; the check is posted once all the same.
async fn posted_once_despite(route: &'static str, fault: Fault, times: usize) {
    let gate = Gate::acme().await;
    gate.github.fail(route, fault, times);
    let number = propose(&gate.github, "hello").await;
    gate.settle().await;
    gate.shows(number, "action_required");
    assert_eq!(gate.github.check_run_posts(), (1, 0));
    gate.approve("alice", number).await;
    gate.settle().await;
    gate.shows(number, "success");
}

#[tokio::test]
async fn a_502_before_the_check_was_posted() {
    posted_once_despite(POST, Fault::Before(502), 2).await;
}

#[tokio::test]
async fn a_502_after_the_check_was_posted() {
    posted_once_despite(POST, Fault::After(502), 1).await;
}

#[tokio::test]
async fn the_connection_breaks_after_the_check_was_posted() {
    posted_once_despite(POST, Fault::Drop, 1).await;
}

#[tokio::test]
async fn the_connection_breaks_while_reading() {
    posted_once_despite(READ, Fault::Drop, 1).await;
}

#[tokio::test]
async fn the_server_is_in_trouble_for_several_looks() {
    posted_once_despite(READ, Fault::Before(500), 4).await;
}

#[tokio::test]
async fn git_is_in_trouble() {
    posted_once_despite("git", Fault::Before(500), 2).await;
}

#[tokio::test]
async fn git_refuses_the_token() {
    posted_once_despite("git", Fault::Before(401), 2).await;
}

#[tokio::test]
async fn nothing_passes_while_git_cannot_be_read() {
    let gate = Gate::acme().await;
    gate.github.fail("git", Fault::Before(500), 1_000);
    let number = propose(&gate.github, "hello").await;
    gate.approve("alice", number).await;
    gate.step().await;
    for _ in 0..5 {
        gate.pass(Duration::from_secs(60));
        gate.step().await;
        assert!(!gate.shown(number).starts_with("success"), "{}", gate.shown(number));
    }
    gate.github.heal();
    gate.settle().await;
    gate.shows(number, "success");
}

/// A limit that holds for `seconds` is waited for: nothing is asked before, whatever is delivered meanwhile.
async fn waited_for(route: &'static str, fault: Fault, seconds: u64) {
    let gate = Gate::acme().await;
    gate.github.fail(route, fault, 1);
    let number = propose(&gate.github, "hello").await;
    gate.step().await;
    assert_eq!(gate.shown(number), "nothing");

    let mark = gate.github.calls().len();
    gate.pass(Duration::from_secs(seconds / 2));
    gate.label(number, "please").await;
    gate.step().await;
    gate.pass(Duration::from_secs(seconds / 2 - 1));
    gate.step().await;
    assert_eq!(gate.github.calls_since(mark), [], "asked before the time");

    gate.settle().await;
    gate.shows(number, "action_required");
    assert_eq!(gate.github.check_run_posts(), (1, 0));
    assert_eq!(gate.github.unknown_routes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_429_says_when_to_come_back() {
    waited_for(POST, Fault::RateLimited { retry_after: 120 }, 120).await;
}

#[tokio::test]
async fn a_secondary_limit_says_when_to_come_back() {
    waited_for(READ, Fault::Secondary { retry_after: 300 }, 300).await;
}

#[tokio::test]
async fn the_hourly_points_are_used_up() {
    waited_for(READ, Fault::Exhausted { reset_in: 1_800 }, 1_800).await;
}

#[tokio::test]
async fn the_api_lags_behind_the_webhook() {
    let (gate, number) = Gate::with_proposal().await;
    let before = gate.text();
    gate.github.lag(1);
    gate.approve("alice", number).await;
    let head = push(&gate.github, "Copilot", "copilot/hello", "something else entirely").await;
    gate.step().await;
    // What was read is the approved commit, which is not the head any more: it is not judged.
    assert_eq!(gate.github.check_run_posts(), (1, 0), "{before}\n{}", gate.text());
    gate.github.catch_up();
    gate.settle().await;
    gate.shows(number, "action_required");
    assert_eq!(gate.verdict(number).await.head.as_str(), head);
    assert_eq!(gate.github.check_run_posts(), (2, 0));
}

#[tokio::test]
async fn the_token_is_revoked_in_the_middle() {
    let (gate, number) = Gate::with_proposal().await;
    gate.github.revoke_tokens();
    gate.approve("alice", number).await;
    gate.settle().await;
    gate.shows(number, "success");
    assert_eq!(gate.github.tokens_made(), 2);
}

#[tokio::test]
async fn another_apps_check_under_our_name_is_not_ours() {
    let (gate, number) = Gate::with_proposal().await;
    push(&gate.github, "Copilot", "copilot/hello", "more").await;
    let foreign = ForeignCheck {
        app: "impostor".to_owned(),
        repo: WEB.to_owned(),
        pull: number,
        name: "portcullis".to_owned(),
        conclusion: "success".to_owned(),
    };
    gate.github.foreign_check(foreign).await.unwrap();
    gate.settle().await;
    gate.shows(number, "action_required");
    let runs = gate.github.check_runs(WEB, &gate.github.pull_head(WEB, number).unwrap());
    let posted: Vec<_> =
        runs.iter().map(|run| (run.app.as_str(), run.conclusion.as_deref().unwrap_or_default())).collect();
    assert_eq!(posted, [("impostor", "success"), ("portcullis", "action_required")]);
}

#[tokio::test]
async fn a_rerequested_check_is_evaluated_anew() {
    let (gate, number) = Gate::with_approved_proposal().await;
    // Nobody tells that alice left; only when somebody asks again is it noticed.
    let left = RemoveMember { actor: "bob".into(), org: "acme".into(), member: "alice".into() };
    gate.github.remove_member(left).await.unwrap();
    gate.github.forget_pending();
    gate.pass(Duration::from_secs(600));
    gate.settle().await;
    gate.shows(number, "success");
    let again = Rerequest { actor: "bob".into(), repo: WEB.into(), pull: number };
    gate.github.rerequest(again).await.unwrap();
    gate.settle().await;
    gate.shows(number, "action_required");
}

#[tokio::test]
async fn an_unknown_event_is_kept_as_ignored() {
    let gate = Gate::acme().await;
    let (status, answer) =
        gate.post("star", "00000000-0000-4000-a000-000000000001", r#"{"action":"created"}"#).await;
    assert_eq!((status, &answer["outcome"]), (202, &json!("ignored")), "{answer}");
    let store = &gate.running.gate().store;
    let kept = store.deliveries(&DeliveryFilter { state: None, before: None, limit: 10 }).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].event.as_str(), kept[0].state), ("star", DeliveryState::Ignored));
}

#[tokio::test]
async fn a_payload_that_does_not_parse_is_kept_and_shown() {
    let gate = Gate::acme().await;
    let guid = "00000000-0000-4000-a000-000000000002";
    let (status, answer) = gate.post("pull_request", guid, &unreadable_payload()).await;
    assert_eq!((status, &answer["field"]), (202, &json!("pull_request.number")), "{answer}");
    let failed = gate.running.gate().store.failed_deliveries(10).await.unwrap();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].error_path.as_deref(), Some("pull_request.number"));
    assert_eq!(gate.github.calls(), [], "nothing is looked at for what could not be read");
}
