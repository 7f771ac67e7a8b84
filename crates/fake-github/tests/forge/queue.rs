//! The merge queue: groups over real merge commits, what is told of them, and how they land.

use fake_github::{Dequeue, DestroyGroup, Destruction, Enqueue, FakeGithub, LandGroup, Open, Push, Stage};
use serde_json::{Value, json};

use crate::client::{Client, SAMPLE, sample};

const QUEUE: &str = "query Queue { repository(owner: \"acme\", name: \"web\") { \
    mergeQueue(branch: \"main\") { entries(first: 10) { totalCount nodes { \
      position state enqueuer { login } baseCommit { oid } headCommit { oid committedDate } \
      pullRequest { number headRefOid } } } } \
    pullRequest(number: 1) { state closed merged mergedAt mergedBy { login } mergeCommit { oid } isInMergeQueue \
      mergeQueueEntry { position state headCommit { oid } enqueuer { login __typename } } } } }";

async fn second(github: &FakeGithub) -> u64 {
    github.push(Push::new("bob", "acme/web", "more").file("MORE.md", "more\n")).await.unwrap();
    let number = github.open(Open::new("bob", "acme/web", "more")).await.unwrap();
    github.forget_pending();
    number
}

fn told(github: &FakeGithub) -> Vec<String> {
    let told = github.pending();
    github.forget_pending();
    let shown = told.iter().map(|one| {
        let payload = &one.to_json()["payload"];
        let reason = payload["reason"].as_str().map(|reason| format!(" {reason}")).unwrap_or_default();
        format!("{} {}{reason}", one.event, one.action.as_deref().unwrap_or("-"))
    });
    shown.collect()
}

#[tokio::test]
async fn a_group_is_merged_in_advance_checked_and_landed() {
    let text = SAMPLE.replace(
        "name = \"acme/web\"\n",
        "name = \"acme/web\"\nsafeguards = { classic = [{ branch = \"main\", checks = [{ context = \"portcullis\" }] }] }\n",
    );
    let github = FakeGithub::start(Stage::parse(&text).unwrap()).await.unwrap();
    assert_eq!(second(&github).await, 2);
    let base = github.branch("acme/web", "main").unwrap();
    let head = github.enqueue(Enqueue::new("bob", "acme/web", &[1, 2])).await.unwrap();
    let pending = github.pending();
    let group = &pending.last().unwrap().to_json()["payload"];
    let branch = format!("gh-readonly-queue/main/pr-2-{base}");
    assert_eq!(group["merge_group"]["head_sha"], json!(head));
    assert_eq!(group["merge_group"]["head_ref"], json!(format!("refs/heads/{branch}")));
    assert_eq!(group["merge_group"]["base_sha"], json!(base));
    assert_eq!(group["merge_group"]["base_ref"], "refs/heads/main");
    assert_eq!(group["merge_group"]["head_commit"]["id"], json!(head));
    assert_eq!(
        told(&github),
        ["pull_request enqueued", "pull_request enqueued", "push -", "merge_group checks_requested"]
    );
    assert_eq!(github.branch("acme/web", &branch).unwrap(), head);

    let client = Client::of(&github).await;
    let seen = &client.graphql(QUEUE, json!({})).await["data"]["repository"];
    let entries = &seen["mergeQueue"]["entries"]["nodes"];
    assert_eq!((&entries[0]["position"], &entries[1]["position"]), (&json!(1), &json!(2)));
    assert_eq!(entries[0]["baseCommit"]["oid"], json!(base));
    assert_eq!(entries[1]["baseCommit"]["oid"], entries[0]["headCommit"]["oid"], "they build on each other");
    assert_eq!(entries[1]["headCommit"]["oid"], json!(head));
    assert_eq!(entries[1]["pullRequest"]["headRefOid"], json!(github.pull_head("acme/web", 2).unwrap()));
    assert_eq!(seen["pullRequest"]["mergeQueueEntry"]["state"], "AWAITING_CHECKS");
    assert_eq!(seen["pullRequest"]["mergeQueueEntry"]["enqueuer"]["login"], "bob");
    let query = "query($oid: GitObjectID!) { repository(owner: \"acme\", name: \"web\") { object(oid: $oid) { \
                 ... on Commit { parents(first: 2) { nodes { oid } } file(path: \"MORE.md\") { object { \
                 ... on Blob { text } } } } } } }";
    let answer = client.graphql(query, json!({ "oid": head })).await;
    let commit = &answer["data"]["repository"]["object"];
    assert_eq!(commit["file"]["object"]["text"], "more\n", "the trees are truly merged: {answer}");
    assert_eq!(commit["parents"]["nodes"][1]["oid"], json!(github.pull_head("acme/web", 2).unwrap()));

    let land = LandGroup { repo: "acme/web".into(), pull: 1, force: false };
    assert!(github.land_group(land.clone()).await.unwrap_err().to_string().contains("not green"));
    let run = json!({ "name": "portcullis", "head_sha": head, "conclusion": "success" });
    assert_eq!(client.call("POST", "/repos/acme/web/check-runs", Some(run)).await.0, 201);
    github.forget_pending();
    github.land_group(land).await.unwrap();
    assert_eq!(
        told(&github),
        [
            "push -",
            "pull_request dequeued MERGE",
            "pull_request closed",
            "pull_request dequeued MERGE",
            "pull_request closed",
            "merge_group destroyed merged"
        ]
    );
    assert_eq!(github.branch("acme/web", "main").unwrap(), head);
    assert_eq!(github.branch("acme/web", &branch), None);
    let push = github.deliveries().into_iter().rev().find(|one| one.event == "push").unwrap().to_json();
    assert_eq!(push["payload"]["sender"]["login"], "github-merge-queue[bot]");
    let seen = &client.graphql(QUEUE, json!({})).await["data"]["repository"];
    assert_eq!(seen["mergeQueue"]["entries"]["totalCount"], 0);
    let pull = &seen["pullRequest"];
    assert_eq!(
        (&pull["state"], &pull["merged"], &pull["closed"]),
        (&json!("MERGED"), &json!(true), &json!(true))
    );
    assert_eq!((&pull["mergedBy"]["login"], &pull["mergeQueueEntry"]), (&json!("bob"), &Value::Null));
    let (_, rest) = client.get("/repos/acme/web/pulls/1").await;
    assert_eq!((&rest["state"], &rest["merged"]), (&json!("closed"), &json!(true)));
    assert_eq!(rest["merge_commit_sha"], pull["mergeCommit"]["oid"]);
    let (_, activity) = client.get("/repos/acme/web/activity").await;
    assert_eq!(activity[0]["activity_type"], "merge_queue_merge");
    let (_, pulls) = client.get(&format!("/repos/acme/web/commits/{head}/pulls")).await;
    assert_eq!((&pulls[0]["number"], &pulls[1]), (&json!(2), &Value::Null));
    assert!(github.text().contains("#2 more (merged) more→main by bob"), "{}", github.text());
    assert_eq!(github.unknown_routes(), Vec::<String>::new());
}

#[tokio::test]
async fn what_stands_behind_a_group_that_goes_away_is_formed_anew() {
    let github = sample().await;
    second(&github).await;
    let base = github.branch("acme/web", "main").unwrap();
    let first = github.enqueue(Enqueue::new("bob", "acme/web", &[1])).await.unwrap();
    github.enqueue(Enqueue::new("alice", "acme/web", &[2])).await.unwrap();
    let text = github.text();
    assert!(text.contains("  queue of main: #1 by bob; #2 by alice\n"), "{text}");
    assert!(github.branch("acme/web", &format!("gh-readonly-queue/main/pr-2-{first}")).is_some());
    let behind = LandGroup { repo: "acme/web".into(), pull: 2, force: true };
    assert!(github.land_group(behind.clone()).await.unwrap_err().to_string().contains("does not build on"));
    assert!(github.enqueue(Enqueue::new("bob", "acme/web", &[2])).await.is_err(), "it is queued already");
    told(&github);
    let out = Dequeue { actor: "alice".into(), repo: "acme/web".into(), pull: 1, reason: "MANUAL".into() };
    github.dequeue(out).await.unwrap();
    assert_eq!(
        told(&github),
        [
            "pull_request dequeued MANUAL",
            "merge_group destroyed dequeued",
            "merge_group destroyed invalidated",
            "push -",
            "merge_group checks_requested"
        ]
    );
    assert!(github.branch("acme/web", &format!("gh-readonly-queue/main/pr-2-{base}")).is_some());
    let destroy = DestroyGroup { repo: "acme/web".into(), pull: 2, reason: Destruction::Invalidated };
    github.destroy_group(destroy).await.unwrap();
    assert_eq!(told(&github), ["pull_request dequeued CI_FAILURE", "merge_group destroyed invalidated"]);
    assert!(github.land_group(behind).await.is_err(), "nothing is queued");
    assert!(!github.text().contains("queue"), "{}", github.text());
}

#[tokio::test]
async fn what_conflicts_cannot_be_queued() {
    let github = sample().await;
    for branch in ["one", "two"] {
        let push = Push::new("bob", "acme/web", branch).from("main").file("SAME.md", branch);
        github.push(push).await.unwrap();
        github.open(Open::new("bob", "acme/web", branch)).await.unwrap();
    }
    let error = github.enqueue(Enqueue::new("bob", "acme/web", &[2, 3])).await.unwrap_err();
    assert!(error.to_string().contains("merge-tree"), "{error}");
    github.enqueue(Enqueue::new("bob", "acme/web", &[2])).await.unwrap();
}
