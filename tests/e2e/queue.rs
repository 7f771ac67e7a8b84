//! The merge queue: a group is judged as its pull requests stand now, and shows it on its own head.

use fake_github::{Dequeue, Enqueue, Fault, LandGroup, RemoveMember, ReviewState};

use crate::Gate;
use crate::stage::{FORGE, RULES, WEB, propose};

/// The check is required, so that the queue waits for it.
const REQUIRED: &str = r#"
[[repos.safeguards.rulesets]]
id = 501
name = "main"
branches = ["~DEFAULT_BRANCH"]
checks = [{ context = "portcullis" }]
"#;

async fn gate() -> Gate {
    Gate::start(&format!("{FORGE}{REQUIRED}"), RULES).await
}

/// A pull request of the agent that Alice approved.
async fn approved(gate: &Gate, name: &str) -> u64 {
    let number = propose(&gate.github, name).await;
    gate.settle().await;
    gate.approve("alice", number).await;
    gate.settle().await;
    gate.shows(number, "success");
    number
}

async fn enqueue(gate: &Gate, pulls: &[u64]) -> String {
    gate.github.enqueue(Enqueue::new("alice", WEB, pulls)).await.unwrap()
}

async fn land(gate: &Gate, pull: u64) -> Result<String, String> {
    let step = LandGroup { repo: WEB.to_owned(), pull, force: false };
    gate.github.land_group(step).await.map_err(|error| error.to_string())
}

/// Conclusion and summary of the only check run on a group's head.
fn check_on(gate: &Gate, head: &str) -> (String, String) {
    let runs = gate.github.check_runs(WEB, head);
    assert!(runs.len() <= 1, "{runs:?}");
    let Some(run) = runs.last() else { return ("nothing".to_owned(), String::new()) };
    assert_eq!(run.name, "portcullis");
    (run.conclusion.clone().unwrap_or_default(), run.summary.clone().unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_passed_lands_and_nothing_is_said_of_it() {
    let gate = gate().await;
    let pulls = [approved(&gate, "one").await, approved(&gate, "two").await];
    let head = enqueue(&gate, &pulls).await;
    assert!(land(&gate, pulls[0]).await.is_err(), "it waits for the check");
    gate.settle().await;
    let (conclusion, summary) = check_on(&gate, &head);
    assert_eq!(conclusion, "success", "{summary}");
    assert!(summary.contains("Pull request 1") && summary.contains("Pull request 2"), "{summary}");
    let posts = gate.github.check_run_posts();

    land(&gate, pulls[0]).await.unwrap();
    gate.settle().await;
    assert_eq!(gate.github.check_run_posts(), posts, "nothing more is shown of what has landed");
    for number in pulls {
        assert_eq!(gate.incidents_of_merge(number).await, vec![]);
    }
    assert_eq!(gate.incidents_of_ref("refs/heads/main").await, vec![], "the queue moved it");
    assert!(!gate.merged_past(&head).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_does_not_pass_fails_the_whole_group() {
    let gate = gate().await;
    let good = approved(&gate, "good").await;
    let bad = propose(&gate.github, "bad").await;
    gate.settle().await;
    let head = enqueue(&gate, &[good, bad]).await;
    gate.settle().await;
    let (conclusion, summary) = check_on(&gate, &head);
    assert_eq!(conclusion, "action_required", "{summary}");
    assert!(summary.contains(&format!("Pull request {bad}, waiting")), "{summary}");
    assert!(land(&gate, good).await.is_err());

    // Without the bad one the queue makes a group of its own, and that lands.
    let dequeue = Dequeue { actor: "alice".into(), repo: WEB.into(), pull: bad, reason: "MANUAL".into() };
    gate.github.dequeue(dequeue).await.unwrap();
    gate.settle().await;
    let head = land(&gate, good).await.unwrap();
    assert_eq!(check_on(&gate, &head).0, "success");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_that_is_withdrawn_in_the_queue_fails_the_group() {
    let gate = gate().await;
    let number = approved(&gate, "one").await;
    let head = enqueue(&gate, &[number]).await;
    gate.review("alice", number, ReviewState::ChangesRequested).await;
    gate.settle().await;
    assert_eq!(check_on(&gate, &head).0, "action_required");
    assert!(land(&gate, number).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_that_is_withdrawn_after_the_group_passed_fails_it_as_well() {
    let gate = gate().await;
    let number = approved(&gate, "one").await;
    let head = enqueue(&gate, &[number]).await;
    gate.settle().await;
    assert_eq!(check_on(&gate, &head).0, "success");
    gate.review("alice", number, ReviewState::ChangesRequested).await;
    gate.settle().await;
    let runs = gate.github.check_runs(WEB, &head);
    assert_eq!(runs.last().unwrap().conclusion.as_deref(), Some("action_required"));
    assert!(land(&gate, number).await.is_err());
}

/// Nobody told of it, and what is remembered is young enough for everything else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memberships_are_read_anew_for_a_group() {
    let gate = gate().await;
    let number = approved(&gate, "one").await;
    let member = RemoveMember { actor: "dana".into(), org: "acme".into(), member: "alice".into() };
    gate.github.remove_member(member).await.unwrap();
    gate.github.forget_pending();
    let head = enqueue(&gate, &[number]).await;
    gate.settle().await;
    assert_ne!(check_on(&gate, &head).0, "success");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_rules_are_asked_of_a_group_that_waits() {
    let gate = gate().await;
    let number = approved(&gate, "one").await;
    let head = enqueue(&gate, &[number]).await;
    gate.settle().await;
    assert_eq!(check_on(&gate, &head).0, "success");
    gate.write_rules(&crate::stage::closed_rules()).await;
    gate.settle().await;
    let runs = gate.github.check_runs(WEB, &head);
    assert_eq!(runs.last().unwrap().conclusion.as_deref(), Some("failure"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_is_no_more_is_not_looked_at_again() {
    let gate = gate().await;
    let number = approved(&gate, "one").await;
    let head = enqueue(&gate, &[number]).await;
    gate.settle().await;
    let dequeue = Dequeue { actor: "alice".into(), repo: WEB.into(), pull: number, reason: "MANUAL".into() };
    gate.github.dequeue(dequeue).await.unwrap();
    gate.settle().await;
    assert_eq!(gate.open_groups().await, 0);
    gate.write_rules(&crate::stage::closed_rules()).await;
    gate.settle().await;
    assert_eq!(check_on(&gate, &head).0, "success", "as it was when it was there");
}

/// The delivery that tells so is heard before the one that asks for the check.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_of_a_group_come_in_any_order() {
    for seed in 0..3 {
        let gate = gate().await;
        let number = approved(&gate, "one").await;
        enqueue(&gate, &[number]).await;
        let dequeue =
            Dequeue { actor: "alice".into(), repo: WEB.into(), pull: number, reason: "MANUAL".into() };
        gate.github.dequeue(dequeue).await.unwrap();
        gate.github.double();
        gate.github.reorder(seed);
        gate.settle_one_by_one().await;
        assert_eq!(gate.open_groups().await, 0, "order {seed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_told_twice_is_shown_once() {
    let gate = gate().await;
    let number = approved(&gate, "one").await;
    let head = enqueue(&gate, &[number]).await;
    gate.github.double();
    gate.settle_one_by_one().await;
    assert_eq!(check_on(&gate, &head).0, "success");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_nobody_can_map_does_not_pass() {
    let gate = gate().await;
    let number = approved(&gate, "one").await;
    let head = gate.github.branch(WEB, "main").unwrap();
    // The delivery names a commit that no entry of the queue leads to.
    enqueue(&gate, &[number]).await;
    gate.settle().await;
    let body = serde_json::json!({
        "action": "checks_requested",
        "installation": { "id": gate.github.installation_id() },
        "repository": { "id": 3001, "full_name": WEB },
        "sender": { "id": 118_344_674, "login": "github-merge-queue[bot]", "type": "Bot" },
        "merge_group": {
            "head_sha": head, "head_ref": "refs/heads/gh-readonly-queue/main/pr-9-0",
            "base_sha": "1".repeat(40), "base_ref": "refs/heads/main",
        },
    });
    let (status, _) = gate.post("merge_group", "invented-group", &body.to_string()).await;
    assert_eq!(status, 202);
    gate.settle().await;
    let (conclusion, summary) = check_on(&gate, &head);
    assert_eq!(conclusion, "failure");
    assert!(summary.contains("which pull requests the merge group holds"), "{summary}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passed_group_that_cannot_be_seen_any_more_is_told_so() {
    let gate = gate().await;
    let number = approved(&gate, "one").await;
    let head = enqueue(&gate, &[number]).await;
    gate.settle().await;
    assert_eq!(check_on(&gate, &head).0, "success");
    gate.github.fail("graphql MergeGroup", Fault::Before(502), 10_000);
    gate.review("alice", number, ReviewState::ChangesRequested).await;
    gate.settle().await;
    let newest = || gate.github.check_runs(WEB, &head).pop().unwrap();
    assert_eq!(newest().conclusion.as_deref(), Some("failure"), "nobody can look, so nothing passes");
    gate.github.heal();
    gate.pass(std::time::Duration::from_secs(600));
    gate.settle().await;
    assert_eq!(newest().conclusion.as_deref(), Some("action_required"));
}
