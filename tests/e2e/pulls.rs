//! What happens to a pull request after it was opened, and what the forge shows then.

use std::time::Duration;

use fake_github::{CreateBranch, DeleteBranch, Dismiss, Open, PushMany, RemoveMember, ReviewState};

use crate::Gate;
use crate::stage::{FORGE, RULES, WEB, closed_rules, propose, push};

#[tokio::test]
async fn a_new_base_is_another_question() {
    let (gate, number) = Gate::with_approved_proposal().await;
    push(&gate.github, "alice", "release/1", "release").await;
    gate.retarget(number, "release/1").await;
    gate.settle().await;
    gate.shows(number, "failure");
    gate.retarget(number, "main").await;
    gate.settle().await;
    gate.shows(number, "success");
}

#[tokio::test]
async fn a_closed_pull_request_rests_until_it_is_reopened() {
    let (gate, number) = Gate::with_proposal().await;
    gate.close(number).await;
    gate.settle().await;
    let mark = gate.github.calls().len();
    gate.write_rules(&closed_rules()).await;
    gate.settle().await;
    assert_eq!(gate.github.calls_since(mark), [], "what is closed is not looked at");
    gate.shows(number, "action_required");
    gate.reopen(number).await;
    gate.settle().await;
    gate.shows(number, "failure");
}

#[tokio::test]
async fn closing_and_reopening_posts_nothing_new() {
    let (gate, number) = Gate::with_proposal().await;
    gate.close(number).await;
    gate.settle().await;
    gate.reopen(number).await;
    gate.settle().await;
    assert_eq!(gate.github.check_run_posts(), (1, 0));
    gate.approve("alice", number).await;
    gate.settle().await;
    gate.shows(number, "success");
}

#[tokio::test]
async fn of_two_pull_requests_with_one_head_the_strictest_is_shown() {
    let (gate, lenient) = Gate::with_approved_proposal().await;
    push(&gate.github, "alice", "release/1", "release").await;
    let strict =
        gate.github.open(Open::new("Copilot", WEB, "copilot/hello").base("release/1")).await.unwrap();
    gate.settle().await;
    gate.shows(lenient, "failure");
    assert!(gate.shown(lenient).contains(&format!("pull request {strict}")), "{}", gate.shown(lenient));

    gate.close(strict).await;
    gate.settle().await;
    gate.shows(lenient, "success");

    gate.reopen(strict).await;
    gate.settle().await;
    gate.shows(lenient, "failure");

    gate.close(lenient).await;
    gate.settle().await;
    gate.shows(strict, "failure");
}

#[tokio::test]
async fn a_persons_pull_request_passes_until_an_agent_pushes_to_it() {
    let gate = Gate::acme().await;
    push(&gate.github, "bob", "bobs-fix", "by-hand").await;
    let number = gate.github.open(Open::new("bob", WEB, "bobs-fix")).await.unwrap();
    gate.settle().await;
    gate.shows(number, "success");
    push(&gate.github, "Copilot", "bobs-fix", "by-agent").await;
    gate.settle().await;
    // `bobs-fix` is none of the branches that the agent may work on.
    gate.shows(number, "failure");
}

#[tokio::test]
async fn who_pushed_is_remembered_even_when_the_commits_do_not_tell() {
    let gate = Gate::acme().await;
    push(&gate.github, "bob", "copilot/shared", "by-hand").await;
    let number = gate.github.open(Open::new("bob", WEB, "copilot/shared")).await.unwrap();
    let disguised = fake_github::Push::new("Copilot", WEB, "copilot/shared")
        .file("src/disguised.ts", "export {};\n")
        .author("bob <1002+bob@users.noreply.github.com>");
    gate.github.push(disguised).await.unwrap();
    gate.settle().await;
    gate.shows(number, "action_required");
    // bob had a hand in it, so his approval would not count; alice's does.
    gate.approve("alice", number).await;
    gate.settle().await;
    gate.shows(number, "success");
}

#[tokio::test]
async fn who_pushed_before_it_was_opened_is_known_after_a_persons_push_too() {
    let gate = Gate::acme().await;
    let disguised = |actor: &str, path: &str| {
        let push = fake_github::Push::new(actor, WEB, "bobs-fix").file(path, "export {};\n");
        push.author("bob <1002+bob@users.noreply.github.com>")
    };
    gate.github.push(disguised("Copilot", "src/one.ts")).await.unwrap();
    let number = gate.github.open(Open::new("bob", WEB, "bobs-fix")).await.unwrap();
    gate.settle().await;
    gate.shows(number, "failure");
    gate.github.push(disguised("bob", "src/two.ts")).await.unwrap();
    gate.settle().await;
    gate.shows(number, "failure");
}

#[tokio::test]
async fn an_approval_can_be_withdrawn() {
    let (gate, number) = Gate::with_approved_proposal().await;
    let dismiss = Dismiss { actor: "bob".into(), repo: WEB.into(), pull: number, of: "alice".into() };
    gate.github.dismiss(dismiss).await.unwrap();
    gate.settle().await;
    gate.shows(number, "action_required");
    gate.approve("alice", number).await;
    gate.settle().await;
    gate.shows(number, "success");
    gate.review("alice", number, ReviewState::ChangesRequested).await;
    gate.settle().await;
    assert!(!gate.shown(number).starts_with("success"), "{}", gate.shown(number));
}

#[tokio::test]
async fn an_approval_is_for_one_commit() {
    let (gate, number) = Gate::with_approved_proposal().await;
    push(&gate.github, "Copilot", "copilot/hello", "one-more-thing").await;
    gate.settle().await;
    gate.shows(number, "action_required");
}

#[tokio::test]
async fn whoever_left_no_longer_approves() {
    let (gate, number) = Gate::with_approved_proposal().await;
    let left = RemoveMember { actor: "bob".into(), org: "acme".into(), member: "alice".into() };
    gate.github.remove_member(left).await.unwrap();
    // No time passes: the remembered members are forgotten because a delivery tells that they changed.
    gate.label(number, "anything").await;
    gate.settle().await;
    gate.shows(number, "action_required");
    gate.approve("erin", number).await;
    gate.settle().await;
    gate.shows(number, "success");
}

#[tokio::test]
async fn a_registration_ends_by_itself() {
    let rules = RULES.replace("may = [\"read\"", "expires = 2026-01-20\nmay = [\"read\"");
    let gate = Gate::start(FORGE, &rules).await;
    let number = propose(&gate.github, "hello").await;
    gate.approve("alice", number).await;
    gate.settle().await;
    gate.shows(number, "success");
    gate.pass(Duration::from_secs(4 * 24 * 3_600));
    gate.settle().await;
    gate.shows(number, "success");
    gate.pass(Duration::from_secs(2 * 24 * 3_600));
    gate.settle().await;
    gate.shows(number, "failure");
}

#[tokio::test]
async fn a_branch_that_was_deleted_and_made_anew_is_judged_anew() {
    for restored in [false, true] {
        let (gate, number) = Gate::with_approved_proposal().await;
        let approved = gate.github.pull_head(WEB, number).unwrap();
        let posts = gate.github.check_run_posts();
        gate.github.delete_branch(DeleteBranch::new("Copilot", WEB, "copilot/hello")).await.unwrap();
        // GitHub closes a pull request whose branch is deleted, and opens it again where the branch is restored.
        gate.close(number).await;
        gate.settle().await;
        if restored {
            let again = CreateBranch::new("Copilot", WEB, "copilot/hello").from(&approved);
            gate.github.create_branch(again).await.unwrap();
            gate.reopen(number).await;
            gate.settle().await;
            gate.shows(number, "success");
            assert_eq!(gate.github.check_run_posts(), posts);
        } else {
            push(&gate.github, "Copilot", "copilot/hello", "other").await;
            let other = gate.github.open(Open::new("Copilot", WEB, "copilot/hello")).await.unwrap();
            gate.settle().await;
            gate.shows(other, "action_required");
        }
    }
}

#[tokio::test]
async fn going_back_to_an_approved_commit_is_judged_as_things_are_now() {
    for objected in [true, false] {
        let (gate, number) = Gate::with_approved_proposal().await;
        let approved = gate.github.pull_head(WEB, number).unwrap();
        push(&gate.github, "Copilot", "copilot/hello", "more").await;
        gate.settle().await;
        gate.shows(number, "action_required");
        if objected {
            gate.review("alice", number, ReviewState::ChangesRequested).await;
            gate.settle().await;
        }
        let back = PushMany::new("Copilot", WEB).to("refs/heads/copilot/hello", &approved).force();
        gate.github.push_many(back).await.unwrap();
        gate.settle().await;
        assert_eq!(gate.github.pull_head(WEB, number), Some(approved));
        gate.shows(number, if objected { "action_required" } else { "success" });
    }
}
