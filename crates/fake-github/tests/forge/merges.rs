//! Pull requests that are merged, by a person or by where their commits arrive.

use fake_github::{
    CheckSpec, FakeGithub, ForeignCheck, Merge, MergeMethod, Open, Push, PushMany, RulesetSpec, Stage,
};
use serde_json::json;

use crate::client::{Client, SAMPLE};
use crate::refs::{told, writable};

async fn files(github: &FakeGithub, client: &Client, at: &str) -> Vec<String> {
    let first = github.object_of("acme/web", "refs/tags/start").unwrap().unwrap();
    let (status, compared) = client.get(&format!("/repos/acme/web/compare/{first}...{at}")).await;
    assert_eq!(status, 200, "{compared}");
    let listed = compared["files"].as_array().unwrap();
    listed.iter().map(|file| file["filename"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn each_method_leaves_its_own_history() {
    for (method, commits, parents) in
        [(MergeMethod::Merge, 3, 2), (MergeMethod::Squash, 1, 1), (MergeMethod::Rebase, 2, 1)]
    {
        let github = writable().await;
        github.push_many(PushMany::new("alice", "acme/web").to("refs/tags/start", "main")).await.unwrap();
        let main = github.branch("acme/web", "main").unwrap();
        github.push(Push::new("bob", "acme/web", "side").file("one", "1")).await.unwrap();
        github.push(Push::new("bob", "acme/web", "side").file("two", "2")).await.unwrap();
        github.push(Push::new("alice", "acme/web", "main").file("other", "3")).await.unwrap();
        let number = github.open(Open::new("bob", "acme/web", "side")).await.unwrap();
        let before = github.branch("acme/web", "main").unwrap();
        github.forget_pending();
        let after = github.merge(Merge::new("alice", "acme/web", number).method(method)).await.unwrap();
        let client = Client::of(&github).await;
        assert_eq!(files(&github, &client, "main").await, ["one", "other", "two"], "{method:?}");
        let (_, compared) = client.get(&format!("/repos/acme/web/compare/{before}...main")).await;
        assert_eq!(
            (&compared["status"], &compared["ahead_by"]),
            (&json!("ahead"), &json!(commits)),
            "{method:?}"
        );
        let tip = compared["commits"].as_array().unwrap().last().unwrap();
        assert_eq!(tip["parents"].as_array().unwrap().len(), parents, "{method:?}");
        let happened = told(&github);
        let push = &happened[0];
        assert_eq!(
            (push.0.as_str(), &push.1["after"], &push.1["forced"]),
            ("push", &json!(after), &json!(false))
        );
        let closed = &happened[1].1;
        assert_eq!((&closed["action"], &closed["pull_request"]["merged"]), (&json!("closed"), &json!(true)));
        assert_eq!(closed["pull_request"]["merge_commit_sha"], json!(after));
        assert_eq!(closed["pull_request"]["merged_by"]["login"], "alice");
        assert_eq!(happened.len(), 2);
        let (_, newest) = client.get("/repos/acme/web/activity?ref=main&per_page=1").await;
        assert_eq!((&newest[0]["activity_type"], &newest[0]["after"]), (&json!("pr_merge"), &json!(after)));
        let (_, pulls) = client.get(&format!("/repos/acme/web/commits/{after}/pulls")).await;
        assert_eq!((&pulls[0]["number"], &pulls[0]["state"]), (&json!(number), &json!("closed")));
        assert_eq!(client.get(&format!("/repos/acme/web/commits/{main}/pulls")).await.1, json!([]));
        assert_eq!(client.pull(number).await["state"], "MERGED");
        assert!(github.text().contains(&format!("    merged by alice as {after:.7}\n")), "{}", github.text());
        let again = github.merge(Merge::new("alice", "acme/web", number)).await.unwrap_err();
        assert!(again.to_string().contains("not open"));
    }
}

#[tokio::test]
async fn commits_that_arrive_by_another_way_merge_their_pull_request() {
    let github = writable().await;
    let head = github.pull_head("acme/web", 1).unwrap();
    github.push_many(PushMany::new("bob", "acme/web").to("refs/heads/main", &head)).await.unwrap();
    let happened = told(&github);
    assert_eq!(happened.len(), 2);
    assert_eq!(happened[1].1["pull_request"]["merged_by"]["login"], "bob");
}

#[tokio::test]
async fn what_conflicts_is_not_merged() {
    let github = writable().await;
    github.push(Push::new("bob", "acme/web", "main").file("src/button.ts", "mine")).await.unwrap();
    let main = github.branch("acme/web", "main");
    let refused = github.merge(Merge::new("alice", "acme/web", 1)).await.unwrap_err();
    assert_eq!(refused.to_string(), "Pull Request is not mergeable");
    assert_eq!(github.branch("acme/web", "main"), main);
}

#[tokio::test]
async fn required_checks_are_waited_for_unless_they_are_gone_past() {
    let mut stage = Stage::parse(SAMPLE).unwrap();
    stage.repos[0].safeguards.rulesets.push(RulesetSpec {
        id: 1,
        enforcement: "active".to_owned(),
        branches: vec!["main".to_owned()],
        checks: vec![CheckSpec { context: "tests".to_owned(), app: None }],
        ..RulesetSpec::default()
    });
    let github = FakeGithub::start(stage.clone()).await.unwrap();
    let refused = github.merge(Merge::new("alice", "acme/web", 1)).await.unwrap_err().to_string();
    assert!(refused.contains("Required status check \"tests\" is expected."), "{refused}");
    let check = |conclusion: &str| ForeignCheck {
        app: "ci".to_owned(),
        repo: "acme/web".to_owned(),
        pull: 1,
        name: "tests".to_owned(),
        conclusion: conclusion.to_owned(),
    };
    github.foreign_check(check("failure")).await.unwrap();
    github.merge(Merge::new("alice", "acme/web", 1)).await.unwrap_err();
    github.foreign_check(check("success")).await.unwrap();
    github.merge(Merge::new("alice", "acme/web", 1)).await.unwrap();
    let other = FakeGithub::start(stage).await.unwrap();
    other.merge(Merge::new("alice", "acme/web", 1).bypass()).await.unwrap();
}
