//! What the App changes through GraphQL and REST, and when it may not.

use fake_github::{FakeGithub, Merge, Push, PushMany, Stage, Step};
use serde_json::{Value, json};

use crate::client::{Client, SAMPLE};
use crate::refs::{told, writable};

const UPDATE: &str =
    "mutation Move($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }";
const COMMIT: &str = "mutation Put($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { commit { oid \
                      message author { name } signature { isValid wasSignedByGitHub } } ref { name prefix } } }";
const REVERT: &str = "mutation Back($input: RevertPullRequestInput!) { revertPullRequest(input: $input) { pullRequest { \
                      number } revertPullRequest { number title headRefName } } }";

async fn node(client: &Client, selection: &str) -> Value {
    let query = format!("{{ repository(owner: \"acme\", name: \"web\") {{ id {selection} }} }}");
    let answer = client.graphql(&query, json!({})).await;
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    answer["data"]["repository"].clone()
}

async fn update(client: &Client, updates: Value) -> Value {
    let id = node(client, "").await["id"].clone();
    let input = json!({ "repositoryId": id, "refUpdates": updates, "clientMutationId": "mine" });
    client.graphql(UPDATE, json!({ "input": input })).await
}

fn zero() -> String {
    "0".repeat(40)
}

#[tokio::test]
async fn refs_are_compared_and_swapped_all_or_none() {
    let github = writable().await;
    let client = Client::of(&github).await;
    let good = github.branch("acme/web", "main").unwrap();
    let bad = github.push(Push::new("Copilot", "acme/web", "main").file("a", "b")).await.unwrap();
    github.forget_pending();
    let kept = "refs/portcullis/quarantine/1";
    let back = |before: &str, force: bool| {
        json!([
            { "name": kept, "beforeOid": zero(), "afterOid": bad },
            { "name": "refs/heads/main", "beforeOid": before, "afterOid": good, "force": force },
        ])
    };
    let stale = update(&client, back(&good, true)).await;
    assert_eq!(
        (&stale["errors"][0]["type"], &stale["data"]["updateRefs"]),
        (&json!("STALE_DATA"), &Value::Null)
    );
    let slow = update(&client, back(&bad, false)).await;
    assert_eq!(slow["errors"][0]["message"], "Update is not a fast forward");
    assert_eq!(github.object_of("acme/web", kept).unwrap(), None, "none, when not all");
    let done = update(&client, back(&bad, true)).await;
    assert_eq!(done, json!({ "data": { "updateRefs": { "clientMutationId": "mine" } } }));
    assert_eq!(github.branch("acme/web", "main"), Some(good.clone()));
    assert_eq!(github.object_of("acme/web", kept).unwrap(), Some(bad.clone()));
    let happened = told(&github);
    assert_eq!(happened.len(), 1, "the other ref is told to nobody");
    let (event, push) = &happened[0];
    assert_eq!((event.as_str(), &push["sender"]["login"]), ("push", &json!("portcullis[bot]")));
    assert_eq!((&push["before"], &push["after"], &push["forced"]), (&json!(bad), &json!(good), &json!(true)));
    let (_, newest) = client.get("/repos/acme/web/activity?ref=main&per_page=1").await;
    assert_eq!(
        (&newest[0]["activity_type"], &newest[0]["actor"]["login"]),
        (&json!("force_push"), &json!("portcullis[bot]"))
    );
    let twice = update(&client, json!([{ "name": kept, "beforeOid": zero(), "afterOid": bad }])).await;
    assert_eq!(twice["errors"][0]["type"], "STALE_DATA");
    let gone = update(&client, json!([{ "name": kept, "beforeOid": bad, "afterOid": zero() }])).await;
    assert_eq!(gone["errors"], Value::Null);
    let short = update(&client, json!([{ "name": "main", "afterOid": bad }])).await;
    assert!(short["errors"][0]["message"].as_str().unwrap().contains("at least two slashes"));
    let nowhere = update(&client, json!([{ "name": "refs/tags/x", "afterOid": "1".repeat(40) }])).await;
    assert_eq!(nowhere["errors"][0]["message"], "Object does not exist");
    assert_eq!(github.unknown_routes(), Vec::<String>::new());
}

#[tokio::test]
async fn somebody_pushes_right_before_the_swap() {
    let github = writable().await;
    let client = Client::of(&github).await;
    let main = github.branch("acme/web", "main").unwrap();
    let late = Push::new("alice", "acme/web", "main").file("late", "1");
    github.before("updateRefs", Step::Push(Box::new(late)));
    let change = json!([{ "name": "refs/heads/main", "beforeOid": main, "afterOid": main, "force": true }]);
    let stale = update(&client, change).await;
    assert_eq!(stale["errors"][0]["type"], "STALE_DATA");
    assert_eq!(github.ambushes(), [Ok(())]);
    assert_ne!(github.branch("acme/web", "main"), Some(main));
    let again = github.branch("acme/web", "main").unwrap();
    let change = json!([{ "name": "refs/heads/x", "beforeOid": zero(), "afterOid": again }]);
    assert_eq!(update(&client, change).await["errors"], Value::Null, "once only");
}

#[tokio::test]
async fn a_commit_is_put_on_a_branch_and_signed() {
    let github = writable().await;
    let client = Client::of(&github).await;
    let main = github.branch("acme/web", "main").unwrap();
    let put = |expected: &str| {
        json!({ "input": {
            "branch": { "repositoryNameWithOwner": "acme/web", "branchName": "main" }, "expectedHeadOid": expected,
            "message": { "headline": "Put back", "body": "As it was." },
            "fileChanges": { "additions": [{ "path": "bin", "contents": "/wD+" }], "deletions": [{ "path": "README.md" }] },
        } })
    };
    let answer = client.graphql(COMMIT, put(&main)).await;
    let commit = &answer["data"]["createCommitOnBranch"]["commit"];
    assert_eq!(commit["message"], "Put back\n\nAs it was.", "{answer}");
    assert_eq!(commit["author"]["name"], "portcullis[bot]");
    assert_eq!(commit["signature"], json!({ "isValid": true, "wasSignedByGitHub": true }));
    let made = json!({ "name": "main", "prefix": "refs/heads/" });
    assert_eq!(answer["data"]["createCommitOnBranch"]["ref"], made);
    let (_, compared) = client.get(&format!("/repos/acme/web/compare/{main}...main")).await;
    let listed: Vec<_> =
        compared["files"].as_array().unwrap().iter().map(|file| file["status"].clone()).collect();
    assert_eq!(listed, ["removed", "added"]);
    let stale = client.graphql(COMMIT, put(&main)).await;
    assert_eq!(stale["errors"][0]["type"], "STALE_DATA");
    let wanted = format!("Expected branch to point to \"{main}\" but it did not.  Pull and try again.");
    assert_eq!(stale["errors"][0]["message"], json!(wanted));
}

#[tokio::test]
async fn a_merged_pull_request_is_reverted_by_another() {
    let github = writable().await;
    let client = Client::of(&github).await;
    let id = node(&client, "pullRequest(number: 1) { id }").await["pullRequest"]["id"].clone();
    let input = json!({ "input": { "pullRequestId": id } });
    let early = client.graphql(REVERT, input.clone()).await;
    assert_eq!(early["errors"][0]["type"], "UNPROCESSABLE");
    let before = github.branch("acme/web", "main").unwrap();
    github.merge(Merge::new("bob", "acme/web", 1)).await.unwrap();
    github.push(Push::new("alice", "acme/web", "main").file("later", "1")).await.unwrap();
    let answer = client.graphql(REVERT, input).await;
    let made = &answer["data"]["revertPullRequest"]["revertPullRequest"];
    let wanted =
        json!({ "number": 2, "title": "Revert \"Say hello\"", "headRefName": "revert-1-copilot/fix-1" });
    assert_eq!(made, &wanted, "{answer}");
    let (_, left) = client.get(&format!("/repos/acme/web/compare/{before}...revert-1-copilot/fix-1")).await;
    let files: Vec<_> =
        left["files"].as_array().unwrap().iter().map(|file| file["filename"].clone()).collect();
    assert_eq!(files, ["later"], "what came later stays, what was merged goes");
}

#[tokio::test]
async fn rest_makes_moves_and_deletes_refs() {
    let github = writable().await;
    let client = Client::of(&github).await;
    let main = github.branch("acme/web", "main").unwrap();
    let head = github.pull_head("acme/web", 1).unwrap();
    let refs = "/repos/acme/web/git/refs";
    let body = json!({ "ref": "refs/heads/a/b", "sha": main });
    let (status, made) = client.call("POST", refs, Some(body.clone())).await;
    assert_eq!((status, &made["object"]["sha"]), (201, &json!(main)));
    assert_eq!(client.call("POST", refs, Some(body)).await.1["message"], "Reference already exists");
    let one = format!("{refs}/heads/a/b");
    assert_eq!(client.call("PATCH", &one, Some(json!({ "sha": head }))).await.0, 200);
    let back = client.call("PATCH", &one, Some(json!({ "sha": main }))).await;
    assert_eq!((back.0, &back.1["message"]), (422, &json!("Update is not a fast forward")));
    github.push_many(PushMany::new("bob", "acme/web").to("refs/tags/v1", "main")).await.unwrap();
    let (_, matching) = client.get("/repos/acme/web/git/matching-refs/heads/a").await;
    assert_eq!(matching[0]["ref"], "refs/heads/a/b");
    assert_eq!(client.get("/repos/acme/web/git/matching-refs/none").await.1, json!([]));
    assert_eq!(client.get("/repos/acme/web/git/ref/tags/v1").await.1["object"]["sha"], json!(main));
    assert_eq!(client.get("/repos/acme/web/git/ref/tags/v").await.0, 404);
    let open = json!({ "head": "a/b", "base": "main", "title": "Mine" });
    let (status, pull) = client.call("POST", "/repos/acme/web/pulls", Some(open.clone())).await;
    assert_eq!((status, &pull["user"]["login"]), (201, &json!("portcullis[bot]")));
    assert_eq!(client.call("POST", "/repos/acme/web/pulls", Some(open)).await.0, 422);
    let names = "refs(refPrefix: \"refs/heads/\", first: 2) { totalCount nodes { name } }";
    let listed = node(&client, names).await["refs"].clone();
    assert_eq!(listed, json!({ "totalCount": 3, "nodes": [{ "name": "a/b" }, { "name": "copilot/fix-1" }] }));
}

#[tokio::test]
async fn a_token_writes_only_what_it_was_given() {
    let github = writable().await;
    let main = github.branch("acme/web", "main").unwrap();
    let change = json!([{ "name": "refs/heads/x", "beforeOid": zero(), "afterOid": main }]);
    let reader = Client::with(&github, json!({ "permissions": { "contents": "read" } })).await;
    assert_eq!(update(&reader, change.clone()).await["errors"][0]["type"], "FORBIDDEN");
    let body = json!({ "ref": "refs/heads/x", "sha": main });
    assert_eq!(reader.call("POST", "/repos/acme/web/git/refs", Some(body)).await.0, 403);
    let writer = Client::with(&github, json!({ "permissions": { "contents": "write" } })).await;
    assert_eq!(update(&writer, change).await["errors"], Value::Null);
    let bad = Push::new("Copilot", "acme/web", "main").file(".github/workflows/ci.yml", "on: [push]\n");
    let bad = github.push(bad).await.unwrap();
    let back = json!([{ "name": "refs/heads/main", "beforeOid": bad, "afterOid": main, "force": true }]);
    let refused = update(&writer, back.clone()).await;
    assert_eq!(refused["errors"][0]["type"], "FORBIDDEN", "{refused}");
    assert_eq!(update(&Client::of(&github).await, back).await["errors"], Value::Null);
}

#[tokio::test]
async fn rulesets_hold_for_people_and_app_unless_they_may_pass() {
    let stage = |bypass: &str| {
        let rules = format!(
            "[[repos.safeguards.rulesets]]\nid = 1\nname = \"main\"\nbranches = [\"main\"]\nno_force_push = true\n\
             no_update = true\nbypass = [{bypass}]\n\n[[repos.safeguards.rulesets]]\nid = 2\nname = \"tags\"\n\
             tags = [\"~ALL\"]\nno_deletion = true\nno_creation = true\nbypass = [\"alice\"]\n\n[[steps]]\ndo = \"push\""
        );
        let mut stage = Stage::parse(&SAMPLE.replacen("[[steps]]\ndo = \"push\"", &rules, 1)).unwrap();
        stage.app.permissions.insert("contents".to_owned(), "write".to_owned());
        stage
    };
    let github = FakeGithub::start(stage("\"alice\"")).await.unwrap();
    let client = Client::of(&github).await;
    let push = |actor: &str| Push::new(actor, "acme/web", "main").file("a", actor);
    let refused = github.push(push("bob")).await.unwrap_err().to_string();
    assert_eq!(refused, "Repository rule violations found\n\nCannot update this protected ref.\n\n");
    let bad = github.push(push("alice")).await.unwrap();
    let back = json!([{ "name": "refs/heads/main", "beforeOid": bad, "afterOid": github.pull_head("acme/web", 1), "force": true }]);
    let answer = update(&client, back.clone()).await;
    assert_eq!(answer["errors"][0]["type"], "UNPROCESSABLE", "{answer}");
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("Cannot force-push to this branch"), "{message}");
    assert_eq!(github.branch("acme/web", "main"), Some(bad.clone()));
    let patch = json!({ "sha": github.pull_head("acme/web", 1), "force": true });
    let (status, answer) = client.call("PATCH", "/repos/acme/web/git/refs/heads/main", Some(patch)).await;
    assert_eq!(status, 422);
    assert!(answer["message"].as_str().unwrap().starts_with("Repository rule violations found"));
    let tag = json!({ "ref": "refs/tags/v1", "sha": bad });
    assert_eq!(client.call("POST", "/repos/acme/web/git/refs", Some(tag)).await.0, 422);
    github.push_many(PushMany::new("alice", "acme/web").to("refs/tags/v1", "main")).await.unwrap();
    github.push_many(PushMany::new("bob", "acme/web").delete("refs/tags/v1")).await.unwrap_err();
    let (_, rules) = client.get("/repos/acme/web/rules/branches/main").await;
    let kinds: Vec<_> = rules.as_array().unwrap().iter().map(|rule| rule["type"].clone()).collect();
    assert_eq!(kinds, ["non_fast_forward", "update"]);
    assert_eq!(client.get("/repos/acme/web/rulesets/2").await.1["target"], "tag");
    let github = FakeGithub::start(stage("\"alice\", \"portcullis\"")).await.unwrap();
    let client = Client::of(&github).await;
    let bad = github.push(push("alice")).await.unwrap();
    let head = github.pull_head("acme/web", 1);
    let back = json!([{ "name": "refs/heads/main", "beforeOid": bad, "afterOid": head, "force": true }]);
    assert_eq!(update(&client, back).await["errors"], Value::Null);
}
