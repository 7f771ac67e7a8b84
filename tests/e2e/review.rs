//! Reviews in depth: approving by comment, tiers that wait, dismissals by agents, and commits that stay an agent's.

use std::time::Duration;

use fake_github::{
    Assign, Comment, CreateBranch, DeleteComment, Dismiss, EditComment, Merge, Open, Push, ReviewState,
};
use portcullis::store::{DeliveryFilter, DeliveryState};

use crate::Gate;
use crate::stage::{FORGE, RULES, WEB, propose};

const HOUR: Duration = Duration::from_secs(3_600);

impl Gate {
    fn approval(&self, number: u64) -> String {
        format!("/portcullis approve {}", self.github.pull_head(WEB, number).unwrap())
    }

    async fn comment(&self, who: &str, number: u64, body: &str, via_app: Option<&str>) {
        let (actor, repo, via_app) = (who.to_owned(), WEB.to_owned(), via_app.map(str::to_owned));
        let comment = Comment { actor, repo, pull: number, body: body.to_owned(), via_app };
        self.github.comment(comment).await.unwrap();
    }

    async fn delete_comment(&self, who: &str, number: u64) {
        let (actor, repo) = (who.to_owned(), WEB.to_owned());
        self.github.delete_comment(DeleteComment { actor, repo, pull: number, nth: None }).await.unwrap();
    }

    async fn dismiss(&self, who: &str, number: u64, of: &str) {
        let (actor, repo, of) = (who.to_owned(), WEB.to_owned(), of.to_owned());
        self.github.dismiss(Dismiss { actor, repo, pull: number, of }).await.unwrap();
    }

    #[track_caller]
    pub(crate) fn says(&self, number: u64, words: &str) {
        let summary = self.summary(number);
        assert!(summary.contains(words), "{summary}");
    }
}

/// The shared rules, whose only tier asks for more.
fn asking(more: &str) -> String {
    RULES.replace("[tiers.routine]\napprovals = 1\n", &format!("[tiers.routine]\n{more}\n"))
}

#[tokio::test]
async fn a_comment_with_the_head_approves_until_it_is_gone() {
    let (gate, number) = Gate::with_proposal().await;
    gate.comment("bob", number, &format!("{}\r\n\r\nThank you.", gate.approval(number)), None).await;
    gate.settle().await;
    gate.shows(number, "success");
    gate.says(number, "in a comment");
    gate.delete_comment("bob", number).await;
    gate.settle().await;
    gate.shows(number, "action_required");
    let unknown = gate.github.unknown_routes();
    assert!(
        !unknown.iter().any(|route| route.contains("comments") || route.contains("permission")),
        "{unknown:?}"
    );
}

#[tokio::test]
async fn a_comment_of_an_older_head_approves_nothing() {
    let (gate, number) = Gate::with_proposal().await;
    gate.comment("bob", number, &gate.approval(number), None).await;
    gate.settle().await;
    gate.shows(number, "success");
    crate::stage::push(&gate.github, "Copilot", "copilot/hello", "more").await;
    gate.settle().await;
    gate.shows(number, "action_required");
    gate.says(number, "not the head any more");
}

#[tokio::test]
async fn a_comment_that_does_not_count_is_told_with_the_reason() {
    let (gate, number) = Gate::with_proposal().await;
    let head = gate.approval(number);
    gate.comment("Copilot", number, &head, None).await;
    gate.settle().await;
    gate.shows(number, "action_required");
    gate.says(number, "the review of a machine approves nothing");
    gate.comment("bob", number, &format!("{head} please"), None).await;
    gate.settle().await;
    gate.shows(number, "action_required");
    gate.says(number, "is not exactly");
    gate.comment("dana", number, &head, Some("slash")).await;
    gate.settle().await;
    gate.shows(number, "action_required");
    gate.says(number, "an App wrote the comment");
    gate.comment("dana", number, &head, None).await;
    gate.settle().await;
    gate.shows(number, "success");
}

#[tokio::test]
async fn a_comment_that_was_edited_into_a_command_approves_nothing() {
    let (gate, number) = Gate::with_proposal().await;
    gate.comment("bob", number, "Looks fine.", None).await;
    gate.settle().await;
    let (actor, repo) = ("bob".to_owned(), WEB.to_owned());
    let edit = EditComment { actor, repo, pull: number, nth: None, body: gate.approval(number) };
    gate.github.edit_comment(edit).await.unwrap();
    gate.settle().await;
    gate.shows(number, "action_required");
    gate.says(number, "the comment was edited");
}

#[tokio::test]
async fn a_quoted_command_asks_for_nothing() {
    let (gate, number) = Gate::with_proposal().await;
    gate.comment("bob", number, &format!("> {}", gate.approval(number)), None).await;
    gate.comment("bob", number, &format!("```\n{}\n```", gate.approval(number)), None).await;
    gate.settle().await;
    gate.shows(number, "action_required");
    let ignored = DeliveryFilter { state: Some(DeliveryState::Ignored), ..DeliveryFilter::default() };
    let ignored = gate.running.gate().store.deliveries(&ignored).await.unwrap();
    let comments = ignored.iter().filter(|delivery| delivery.event == "issue_comment");
    assert_eq!(comments.count(), 2, "nobody looks for such comments");
}

#[tokio::test]
async fn a_tier_waits_for_people_to_look_and_moves_on_by_itself() {
    let gate = Gate::start(FORGE, &asking("approvals = 1\nnot_before = \"3h\"")).await;
    let number = propose(&gate.github, "hello").await;
    gate.settle().await;
    gate.approve("bob", number).await;
    gate.settle().await;
    gate.shows(number, "action_required");
    gate.says(number, "not before");
    gate.pass(4 * HOUR);
    gate.settle().await;
    gate.shows(number, "success");
    // Another head waits anew.
    crate::stage::push(&gate.github, "Copilot", "copilot/hello", "more").await;
    gate.approve("bob", number).await;
    gate.settle().await;
    gate.shows(number, "action_required");
}

#[tokio::test]
async fn an_approval_ends_by_itself() {
    let gate = Gate::start(FORGE, &asking("approvals = 1\nmax_age = \"1d\"")).await;
    let number = propose(&gate.github, "hello").await;
    gate.approve("bob", number).await;
    gate.settle().await;
    gate.shows(number, "success");
    gate.pass(24 * HOUR);
    gate.settle().await;
    gate.shows(number, "action_required");
    gate.says(number, "older than the tier allows");
}

#[tokio::test]
async fn an_agent_dismisses_no_persons_request() {
    let (gate, number) = Gate::with_approved_proposal().await;
    gate.review("bob", number, ReviewState::ChangesRequested).await;
    gate.dismiss("Copilot", number, "bob").await;
    gate.settle().await;
    gate.shows(number, "action_required");
    gate.says(number, "dismissed that");
    gate.approve("bob", number).await;
    gate.settle().await;
    gate.shows(number, "success");
}

#[tokio::test]
async fn a_person_dismisses_a_persons_request() {
    let (gate, number) = Gate::with_approved_proposal().await;
    gate.review("bob", number, ReviewState::ChangesRequested).await;
    gate.settle().await;
    gate.shows(number, "action_required");
    gate.dismiss("dana", number, "bob").await;
    gate.settle().await;
    gate.shows(number, "success");
}

#[tokio::test]
async fn whoever_assigned_the_agent_does_not_approve_its_work() {
    let (gate, number) = Gate::with_proposal().await;
    let (actor, repo, assignee) = ("bob".to_owned(), WEB.to_owned(), "Copilot".to_owned());
    gate.github.assign(Assign { actor, repo, pull: number, assignee }).await.unwrap();
    gate.approve("bob", number).await;
    gate.settle().await;
    gate.shows(number, "action_required");
    gate.says(number, "put an agent in charge");
    gate.approve("alice", number).await;
    gate.settle().await;
    gate.shows(number, "success");
}

#[tokio::test]
async fn commits_of_an_agents_pull_request_stay_the_agents_on_a_persons_branch() {
    let gate = Gate::acme().await;
    // What the commit itself says is a person's: only where it was seen first tells.
    let push = Push::new("Copilot", WEB, "copilot/one").file("src/one.ts", "export {};\n").message("One");
    gate.github
        .push(
            push.author("alice <1001+alice@users.noreply.github.com>")
                .committer("alice <1001+alice@users.noreply.github.com>"),
        )
        .await
        .unwrap();
    let first = gate.github.open(Open::new("Copilot", WEB, "copilot/one")).await.unwrap();
    gate.settle().await;
    gate.close(first).await;
    let again = Push::new("alice", WEB, "feature").from("copilot/one").file("src/two.ts", "export {};\n");
    gate.github.push(again.message("Two")).await.unwrap();
    let second = gate.github.open(Open::new("alice", WEB, "feature")).await.unwrap();
    gate.settle().await;
    gate.shows(second, "failure");
    gate.says(second, "was first seen in");

    let own = Push::new("alice", WEB, "own").file("src/own.ts", "export {};\n").message("Own");
    gate.github.push(own).await.unwrap();
    let twin = gate.github.open(Open::new("alice", WEB, "own")).await.unwrap();
    gate.settle().await;
    gate.shows(twin, "success");
}

/// A proposal that bob has approved, and a base that has moved on since.
async fn approved_before_the_base_moved() -> (Gate, u64) {
    let (gate, number) = Gate::with_proposal().await;
    gate.approve("bob", number).await;
    gate.settle().await;
    gate.shows(number, "success");
    crate::stage::push(&gate.github, "alice", "main", "base").await;
    gate.settle().await;
    (gate, number)
}

/// What "Update branch" makes of it, with more in it if told so.
fn update(who: &str) -> Push {
    let push = Push::new(who, WEB, "copilot/hello").file("src/base.ts", "export {};\n");
    Push { merge: Some("main".to_owned()), ..push }
}

#[tokio::test]
async fn an_approval_stays_when_the_branch_is_updated_and_nothing_else() {
    let (gate, number) = approved_before_the_base_moved().await;
    gate.github.push(update("Copilot")).await.unwrap();
    gate.settle().await;
    gate.shows(number, "success");
}

#[tokio::test]
async fn an_approval_stays_when_the_same_patch_is_rebased() {
    let (gate, number) = approved_before_the_base_moved().await;
    let rebased = Push::new("Copilot", WEB, "copilot/hello").from("main").force();
    gate.github.push(rebased.file("src/hello.ts", "export {};\n")).await.unwrap();
    gate.settle().await;
    gate.shows(number, "success");
}

#[tokio::test]
async fn an_approval_does_not_stay_when_anything_comes_along() {
    let (gate, number) = approved_before_the_base_moved().await;
    gate.github.push(update("Copilot").file("src/evil.ts", "x\n")).await.unwrap();
    gate.settle().await;
    gate.shows(number, "action_required");
    gate.says(number, "not the head any more");
    gate.approve("bob", number).await;
    gate.settle().await;
    gate.shows(number, "success");
    crate::stage::push(&gate.github, "Copilot", "copilot/hello", "more").await;
    gate.settle().await;
    gate.shows(number, "action_required");
}

#[tokio::test]
async fn an_approval_does_not_stay_when_a_contradiction_was_resolved() {
    let gate = Gate::acme().await;
    let change = |who: &str, branch: &str, label: &str| {
        Push::new(who, WEB, branch).file("src/button.ts", &format!("export const label = '{label}';\n"))
    };
    gate.github.push(change("Copilot", "copilot/hello", "Hello")).await.unwrap();
    let number = gate.github.open(Open::new("Copilot", WEB, "copilot/hello")).await.unwrap();
    gate.settle().await;
    gate.approve("bob", number).await;
    gate.github.push(change("alice", "main", "Good day")).await.unwrap();
    gate.settle().await;
    gate.shows(number, "success");
    let resolved = Push { merge: Some("main".to_owned()), ..change("Copilot", "copilot/hello", "Hi") };
    gate.github.push(resolved).await.unwrap();
    gate.settle().await;
    gate.shows(number, "action_required");
}

#[tokio::test]
async fn who_updates_the_branch_still_had_a_hand_in_it() {
    let (gate, number) = approved_before_the_base_moved().await;
    gate.github.push(update("bob")).await.unwrap();
    gate.settle().await;
    gate.shows(number, "action_required");
    gate.says(number, "pushed to the pull request");
}

#[tokio::test]
async fn an_approval_by_comment_names_one_head_and_ends_with_it() {
    let (gate, number) = Gate::with_proposal().await;
    gate.comment("bob", number, &gate.approval(number), None).await;
    crate::stage::push(&gate.github, "alice", "main", "base").await;
    gate.github.push(update("Copilot")).await.unwrap();
    gate.settle().await;
    gate.shows(number, "action_required");
    gate.says(number, "not the head any more");
}

#[tokio::test]
async fn what_an_agent_pushed_to_a_persons_pull_request_stays_the_agents() {
    let gate = Gate::acme().await;
    let own = crate::stage::push(&gate.github, "bob", "bobs-fix", "by-hand").await;
    let first = gate.github.open(Open::new("bob", WEB, "bobs-fix")).await.unwrap();
    let bob = "bob <1002+bob@users.noreply.github.example>";
    let push = Push::new("Copilot", WEB, "bobs-fix").file("src/sly.ts", "export {};\n").message("Sly");
    gate.github.push(push.author(bob).committer(bob)).await.unwrap();
    gate.settle().await;
    gate.shows(first, "failure");
    gate.close(first).await;
    gate.settle().await;

    gate.github.create_branch(CreateBranch::new("alice", WEB, "again").from("bobs-fix")).await.unwrap();
    let second = gate.github.open(Open::new("alice", WEB, "again")).await.unwrap();
    gate.settle().await;
    gate.shows(second, "failure");
    gate.says(second, "was first seen in");

    // What bob himself had pushed there is a person's.
    gate.github.create_branch(CreateBranch::new("alice", WEB, "below").from(&own)).await.unwrap();
    let twin = gate.github.open(Open::new("alice", WEB, "below")).await.unwrap();
    gate.settle().await;
    gate.shows(twin, "success");
}

#[tokio::test]
async fn time_while_it_is_closed_is_no_time_to_look() {
    let gate = Gate::start(FORGE, &asking("approvals = 1\nnot_before = \"3h\"")).await;
    let number = propose(&gate.github, "hello").await;
    gate.settle().await;
    gate.close(number).await;
    gate.settle().await;
    gate.pass(4 * HOUR);
    gate.reopen(number).await;
    gate.approve("bob", number).await;
    gate.settle().await;
    gate.shows(number, "action_required");
    gate.says(number, "not before");
    gate.pass(4 * HOUR);
    gate.settle().await;
    gate.shows(number, "success");
}

#[tokio::test]
async fn a_stack_stays_the_agents() {
    let gate = Gate::acme().await;
    for (base, whose, branch, agents) in
        [("feature", "Copilot", "copilot/a", true), ("feature2", "alice", "alices", false)]
    {
        gate.github.create_branch(CreateBranch::new("alice", WEB, base)).await.unwrap();
        // What the commit itself says is a person's either way, and not the approver's.
        let erin = "erin <1005+erin@users.noreply.github.example>";
        let push =
            Push::new(whose, WEB, branch).file(&format!("src/{base}.ts"), "export {};\n").message("One");
        gate.github.push(push.author(erin).committer(erin)).await.unwrap();
        let below = gate.github.open(Open::new(whose, WEB, branch).base(base)).await.unwrap();
        gate.settle().await;
        gate.approve(if agents { "alice" } else { "bob" }, below).await;
        gate.settle().await;
        gate.shows(below, "success");
        gate.github.merge(Merge::new("alice", WEB, below)).await.unwrap();
        let above = gate.github.open(Open::new("bob", WEB, base)).await.unwrap();
        gate.settle().await;
        gate.shows(above, if agents { "failure" } else { "success" });
        assert_eq!(gate.summary(above).contains("was first seen in"), agents, "{}", gate.summary(above));
    }
}
