//! What the gate's GraphQL documents and the REST reads answer.

use fake_github::{OnPull, Open, Push, RemoveMember, RemoveWriter, ReviewState};
use serde_json::{Value, json};

use crate::client::{Client, ORG_MEMBERS, PULL_REQUEST, TEAM_MEMBERS, pull_variables, sample};

#[tokio::test]
async fn the_gates_document_is_answered_for_a_reviewed_pull_request() {
    let github = sample().await;
    github.review_as("dana", "acme/web", 1, ReviewState::Approved).await.unwrap();
    github.review_as("erin", "acme/web", 1, ReviewState::ChangesRequested).await.unwrap();
    let out = RemoveWriter { actor: "alice".into(), repo: "acme/web".into(), writer: "erin".into() };
    github.remove_writer(out).await.unwrap();
    github.enable_auto_merge(OnPull::new("alice", "acme/web", 1)).await.unwrap();
    let client = Client::of(&github).await;
    let pull = client.pull(1).await;
    let head = github.pull_head("acme/web", 1).unwrap();
    assert_eq!(pull["headRefOid"], json!(head));
    assert_eq!(
        pull["author"],
        json!({ "__typename": "Bot", "login": "copilot-swe-agent", "databaseId": 198_982_749 })
    );
    assert_eq!(pull["autoMergeRequest"]["enabledBy"]["login"], "alice");
    assert_eq!(pull["headRepository"], json!({ "databaseId": 3001, "nameWithOwner": "acme/web" }));
    let commit = &pull["commits"]["nodes"][0]["commit"];
    assert_eq!(commit["oid"], json!(head));
    assert_eq!(commit["author"]["user"], Value::Null, "a bot is no User");
    assert_eq!(
        commit["signature"],
        json!({
            "isValid": true, "state": "VALID", "wasSignedByGitHub": true,
            "signer": { "databaseId": 19_864_447, "login": "web-flow" },
        })
    );
    let seen: Vec<_> = pull["reviews"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|review| {
            format!(
                "{} {} {}",
                review["author"]["login"], review["state"], review["authorCanPushToRepository"]
            )
        })
        .collect();
    assert_eq!(seen, ["\"dana\" \"APPROVED\" true", "\"erin\" \"CHANGES_REQUESTED\" false"]);
    let tip = &pull["tip"]["nodes"][0]["commit"];
    assert_eq!(tip["associatedPullRequests"]["nodes"][0]["number"], 1);
    assert_eq!(tip["checkSuites"]["totalCount"], 0);
    assert_eq!(pull.get("moreCommits"), None, "left out by @include");
    assert_eq!(github.unknown_routes(), Vec::<String>::new());
    assert_eq!(github.calls().last().unwrap().to_string(), "graphql PullRequest 200");
}

#[tokio::test]
async fn long_lists_come_in_windows() {
    let github = sample().await;
    github.push(Push::new("alice", "acme/web", "long").file("a", "b").repeat(260)).await.unwrap();
    let number = github.open(Open::new("alice", "acme/web", "long")).await.unwrap();
    let client = Client::of(&github).await;
    let pull = client.pull(number).await;
    assert_eq!(pull["commits"]["totalCount"], 260);
    let cursor = pull["commits"]["pageInfo"]["endCursor"].clone();
    let mut variables = pull_variables(number);
    variables["moreCommits"] = json!(true);
    variables["commitsAfter"] = cursor;
    let answer = client.graphql(PULL_REQUEST, variables).await;
    let more = &answer["data"]["repository"]["pullRequest"]["moreCommits"];
    assert_eq!(more["nodes"].as_array().unwrap().len(), 100);
    let last = &pull["lastCommits"]["nodes"];
    assert_eq!(last[39]["commit"]["oid"], more["nodes"][99]["commit"]["oid"], "the 200th commit");
    let query = "{ repository(owner: \"acme\", name: \"web\") { pullRequest(number: 1) { commits(first: 101) { \
                 totalCount } } } }";
    let answer = client.graphql(query, json!({})).await;
    assert_eq!(answer["errors"][0]["type"], "EXCESSIVE_PAGINATION");
}

#[tokio::test]
async fn teams_and_organisations_are_listed() {
    let github = sample().await;
    let client = Client::of(&github).await;
    let answer = client.graphql(TEAM_MEMBERS, json!({ "login": "acme", "slug": "security" })).await;
    let nodes = &answer["data"]["organization"]["team"]["members"]["nodes"];
    assert_eq!(nodes, &json!([{ "databaseId": 1004, "login": "dana" }]));
    let answer = client.graphql(ORG_MEMBERS, json!({ "login": "acme" })).await;
    assert_eq!(answer["data"]["organization"]["membersWithRole"]["totalCount"], 4);
    let answer = client.graphql(ORG_MEMBERS, json!({ "login": "nobody" })).await;
    assert_eq!(answer["errors"][0]["type"], "NOT_FOUND");
    let first = client.get("/orgs/acme/members?per_page=3").await.1;
    assert_eq!(first.as_array().unwrap().len(), 3);
    let (_, permission) = client.get("/repos/acme/web/collaborators/bob/permission").await;
    assert_eq!(permission["permission"], "write");
    assert_eq!(client.get("/repos/acme/web/collaborators/nobody/permission").await.0, 404);
    let out = RemoveMember { actor: "alice".into(), org: "acme".into(), member: "dana".into() };
    github.remove_member(out).await.unwrap();
    let answer = client.graphql(TEAM_MEMBERS, json!({ "login": "acme", "slug": "security" })).await;
    assert_eq!(answer["data"]["organization"]["team"]["members"]["totalCount"], 0);
    let told: Vec<_> = github.pending().iter().map(|delivery| delivery.event.clone()).collect();
    assert_eq!(told, ["push", "pull_request", "membership", "organization"]);
}

#[tokio::test]
async fn activities_tell_who_pushed_newest_first() {
    let github = sample().await;
    let push = fake_github::Push::new("bob", "acme/web", "copilot/fix-1").file("a", "b");
    let head = github.push(push.from("main").force()).await.unwrap();
    let client = Client::of(&github).await;
    let path = "/repos/acme/web/activity?ref=refs%2Fheads%2Fcopilot%2Ffix-1&per_page=1";
    let (status, first) = client.get(path).await;
    assert_eq!((status, first.as_array().unwrap().len()), (200, 1));
    assert_eq!((&first[0]["after"], &first[0]["actor"]["login"]), (&json!(head), &json!("bob")));
    assert_eq!(first[0]["activity_type"], "force_push");
    let (_, second) = client.get(&format!("{path}&after={}", first[0]["id"])).await;
    assert_eq!(
        (&second[0]["activity_type"], &second[0]["after"]),
        (&json!("branch_creation"), &first[0]["before"])
    );
    assert_eq!(client.get(&format!("{path}&after={}", second[0]["id"])).await.1, json!([]));
    github.lag(1);
    assert_eq!(client.get(path).await.1[0], second[0]);
    github.catch_up();
    github.delete_account(fake_github::DeleteAccount { login: "bob".into() }).await.unwrap();
    assert_eq!(client.get(path).await.1[0]["actor"], serde_json::Value::Null);
    assert_eq!(github.unknown_routes(), Vec::<String>::new());
}
