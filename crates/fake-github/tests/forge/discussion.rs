//! Comments, issues, assignees and the timeline; and an operator's own webhook.

use fake_github::{
    Assign, Comment, CommitComment, DeleteComment, Dismiss, EditComment, FakeGithub, OnPull, Open, OpenIssue,
    Push, Retarget, ReviewState, Stage,
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};

use crate::client::{Client, SAMPLE, http, sample};

const WORDS: &str = "query Words { repository(owner: \"acme\", name: \"web\") { pullRequest(number: 1) { \
    assignees(first: 5) { nodes { login } } \
    comments(last: 10) { totalCount nodes { fullDatabaseId author { __typename login } body createdAt \
      lastEditedAt includesCreatedEdit editor { login } } } \
    timelineItems(first: 20, itemTypes: [ASSIGNED_EVENT, AUTO_MERGE_ENABLED_EVENT, REVIEW_DISMISSED_EVENT, \
      HEAD_REF_FORCE_PUSHED_EVENT, CONVERT_TO_DRAFT_EVENT, BASE_REF_CHANGED_EVENT]) { totalCount nodes { \
      __typename \
      ... on AssignedEvent { actor { login } assignee { ... on User { login } } } \
      ... on AutoMergeEnabledEvent { actor { login } createdAt } \
      ... on BaseRefChangedEvent { actor { login } previousRefName currentRefName } \
      ... on ConvertToDraftEvent { actor { login } } \
      ... on HeadRefForcePushedEvent { actor { login } beforeCommit { oid } afterCommit { oid } } \
      ... on ReviewDismissedEvent { actor { login } previousReviewState review { fullDatabaseId state } } \
    } } } } }";

fn last(github: &FakeGithub) -> (String, Value) {
    let told = github.last_delivery().unwrap();
    (format!("{}.{}", told.event, told.action.clone().unwrap_or_default()), told.to_json()["payload"].clone())
}

async fn pull(client: &Client) -> Value {
    let answer = client.graphql(WORDS, json!({})).await;
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    answer["data"]["repository"]["pullRequest"].clone()
}

#[tokio::test]
async fn comments_are_written_edited_and_deleted() {
    let github = sample().await;
    let id = github.comment(Comment::new("bob", "acme/web", 1, "Please wait.")).await.unwrap();
    let (kind, payload) = last(&github);
    assert_eq!(
        (kind.as_str(), &payload["comment"]["body"]),
        ("issue_comment.created", &json!("Please wait."))
    );
    assert_eq!(payload["issue"]["number"], 1);
    assert!(payload["issue"]["pull_request"]["url"].is_string());
    let via = Comment::new("dana", "acme/web", 1, "/approve").via("slash");
    github.comment(via).await.unwrap();
    let edit = EditComment {
        actor: "dana".into(),
        repo: "acme/web".into(),
        pull: 1,
        nth: Some(1),
        body: "Go on.".into(),
    };
    github.edit_comment(edit.clone()).await.unwrap();
    let (kind, payload) = last(&github);
    assert_eq!(
        (kind.as_str(), &payload["changes"]["body"]["from"]),
        ("issue_comment.edited", &json!("Please wait."))
    );
    assert!(github.edit_comment(EditComment { nth: Some(9), ..edit }).await.is_err());

    let client = Client::of(&github).await;
    let comments = &pull(&client).await["comments"];
    assert_eq!(
        (&comments["totalCount"], &comments["nodes"][0]["fullDatabaseId"]),
        (&json!(2), &json!(id.to_string()))
    );
    assert_eq!(comments["nodes"][0]["editor"]["login"], "dana");
    assert_eq!(
        (&comments["nodes"][0]["includesCreatedEdit"], &comments["nodes"][1]["includesCreatedEdit"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(comments["nodes"][1]["lastEditedAt"], Value::Null);
    let path = "/repos/acme/web/issues/1/comments";
    let (status, listed) = client.get(&format!("{path}?per_page=1&page=2")).await;
    assert_eq!((status, listed.as_array().unwrap().len()), (200, 1));
    assert_eq!(listed[0]["performed_via_github_app"]["slug"], "slash");
    let since = listed[0]["updated_at"].as_str().unwrap();
    assert_eq!(
        client.get(&format!("{path}?since={since}")).await.1.as_array().unwrap().len(),
        2,
        "one was edited later"
    );
    let text = github.text();
    assert!(
        text.contains("    comment by bob (edited): Go on.\n    comment by dana via slash: /approve\n"),
        "{text}"
    );

    let gone = DeleteComment { actor: "alice".into(), repo: "acme/web".into(), pull: 1, nth: None };
    github.delete_comment(gone).await.unwrap();
    assert_eq!(
        (last(&github).0.as_str(), &last(&github).1["comment"]["body"]),
        ("issue_comment.deleted", &json!("/approve"))
    );
    assert_eq!(pull(&client).await["comments"]["totalCount"], 1);
    assert_eq!(client.get("/repos/acme/web/pulls/1").await.1["comments"], 1);
    assert_eq!(github.unknown_routes(), Vec::<String>::new());
}

#[tokio::test]
async fn commits_are_commented() {
    let github = sample().await;
    let head = github.pull_head("acme/web", 1).unwrap();
    let said = CommitComment {
        actor: "bob".into(),
        repo: "acme/web".into(),
        commit: "copilot/fix-1".into(),
        body: "Why?".into(),
        path: Some("src/button.ts".into()),
    };
    github.commit_comment(said).await.unwrap();
    let (kind, payload) = last(&github);
    assert_eq!((kind.as_str(), &payload["comment"]["commit_id"]), ("commit_comment.created", &json!(head)));
    let client = Client::of(&github).await;
    let (_, listed) = client.get(&format!("/repos/acme/web/commits/{head}/comments")).await;
    assert_eq!((&listed[0]["path"], &listed[1]), (&json!("src/button.ts"), &Value::Null));
}

#[tokio::test]
async fn the_timeline_says_who_did_it() {
    let github = sample().await;
    let on = |actor: &str| OnPull::new(actor, "acme/web", 1);
    let old = github.pull_head("acme/web", 1).unwrap();
    github.push(Push::new("alice", "acme/web", "release").file("R.md", "1")).await.unwrap();
    let assign = Assign { actor: "bob".into(), repo: "acme/web".into(), pull: 1, assignee: "erin".into() };
    github.assign(assign).await.unwrap();
    assert_eq!(
        (last(&github).0.as_str(), &last(&github).1["assignee"]["login"]),
        ("pull_request.assigned", &json!("erin"))
    );
    github.enable_auto_merge(on("dana")).await.unwrap();
    github.review_as("dana", "acme/web", 1, ReviewState::Approved).await.unwrap();
    let dismiss = Dismiss { actor: "bob".into(), repo: "acme/web".into(), pull: 1, of: "dana".into() };
    github.dismiss(dismiss).await.unwrap();
    github.draft(on("Copilot")).await.unwrap();
    let retarget = Retarget { actor: "bob".into(), repo: "acme/web".into(), pull: 1, base: "release".into() };
    github.retarget(retarget).await.unwrap();
    let force = Push::new("erin", "acme/web", "copilot/fix-1").from("main").file("x", "y").force();
    let new = github.push(force).await.unwrap();

    let client = Client::of(&github).await;
    let seen = pull(&client).await;
    assert_eq!(seen["assignees"]["nodes"], json!([{ "login": "erin" }]));
    let items = seen["timelineItems"]["nodes"].as_array().unwrap();
    let told: Vec<String> = items
        .iter()
        .map(|item| {
            let text = |key: &str| item[key].as_str().unwrap_or_default().to_owned();
            format!("{} by {}", text("__typename"), item["actor"]["login"].as_str().unwrap())
        })
        .collect();
    assert_eq!(
        told,
        [
            "AssignedEvent by bob",
            "AutoMergeEnabledEvent by dana",
            "ReviewDismissedEvent by bob",
            "ConvertToDraftEvent by copilot-swe-agent",
            "BaseRefChangedEvent by bob",
            "HeadRefForcePushedEvent by erin"
        ]
    );
    assert_eq!(
        (&items[2]["previousReviewState"], &items[2]["review"]["state"]),
        (&json!("APPROVED"), &json!("DISMISSED"))
    );
    assert_eq!(
        (&items[4]["previousRefName"], &items[4]["currentRefName"]),
        (&json!("main"), &json!("release"))
    );
    assert_eq!(
        (&items[5]["beforeCommit"]["oid"], &items[5]["afterCommit"]["oid"]),
        (&json!(old), &json!(new))
    );
    let query = "{ repository(owner: \"acme\", name: \"web\") { pullRequest(number: 1) { \
                 timelineItems(last: 1, itemTypes: [ASSIGNED_EVENT]) { totalCount } } } }";
    let one = client.graphql(query, json!({})).await;
    assert_eq!(one["data"]["repository"]["pullRequest"]["timelineItems"]["totalCount"], 1);
}

#[tokio::test]
async fn the_app_opens_answers_and_closes_issues() {
    let granted = "installation = 7001\npermissions = { issues = \"write\", metadata = \"read\" }\n";
    let text = SAMPLE.replacen("installation = 7001\n", granted, 1);
    let github = FakeGithub::start(Stage::parse(&text).unwrap()).await.unwrap();
    let client = Client::of(&github).await;
    let path = "/repos/acme/web/issues";
    let new =
        json!({ "title": "main was changed past the gate", "body": "By bob.", "labels": ["portcullis"] });
    let (status, made) = client.call("POST", path, Some(new)).await;
    assert_eq!(
        (status, &made["number"], &made["user"]["login"]),
        (201, &json!(2), &json!("portcullis[bot]"))
    );
    assert_eq!((last(&github).0.as_str(), &last(&github).1["issue"]["number"]), ("issues.opened", &json!(2)));
    let by_bob = OpenIssue {
        actor: "bob".into(),
        repo: "acme/web".into(),
        title: "Help".into(),
        ..OpenIssue::default()
    };
    assert_eq!(github.open_issue(by_bob).await.unwrap(), 3);
    github.push(Push::new("bob", "acme/web", "more").file("a", "b")).await.unwrap();
    assert_eq!(github.open(Open::new("bob", "acme/web", "more")).await.unwrap(), 4, "numbers are shared");
    let numbers = |listed: &Value| -> Vec<u64> {
        listed.as_array().unwrap().iter().map(|one| one["number"].as_u64().unwrap()).collect()
    };
    assert_eq!(numbers(&client.get(path).await.1), [4, 3, 2, 1]);
    let mine = format!("{path}?state=all&labels=portcullis&creator=portcullis%5Bbot%5D");
    assert_eq!(numbers(&client.get(&mine).await.1), [2]);
    let (status, said) =
        client.call("POST", &format!("{path}/2/comments"), Some(json!({ "body": "Again." }))).await;
    assert_eq!((status, &said["performed_via_github_app"]["slug"]), (201, &json!("portcullis")));
    let (status, closed) =
        client.call("PATCH", &format!("{path}/2"), Some(json!({ "state": "closed" }))).await;
    assert_eq!(
        (status, &closed["state"], &closed["state_reason"]),
        (200, &json!("closed"), &json!("completed"))
    );
    assert_eq!(last(&github).0, "issues.closed");
    assert_eq!(numbers(&client.get(path).await.1), [4, 3, 1]);
    assert_eq!(client.get(&format!("{path}/2")).await.1["comments"], 1);
    assert_eq!(client.call("PATCH", &format!("{path}/9"), Some(json!({}))).await.0, 404);
    let shown = "  issue #2 main was changed past the gate (closed) by portcullis[bot]\n    labels: portcullis\n    \
                 | By bob.\n    comment by portcullis[bot] via portcullis: Again.\n";
    assert!(github.text().contains(shown), "{}", github.text());
    let reader = Client::with(&github, json!({ "permissions": { "issues": "read" } })).await;
    assert_eq!(reader.call("POST", path, Some(json!({ "title": "x" }))).await.0, 403);
    assert_eq!(github.unknown_routes(), Vec::<String>::new());
}

#[tokio::test]
async fn an_operators_webhook_keeps_what_it_is_sent() {
    let github = sample().await;
    github.fail_operator_hook(1);
    let body = json!({ "kind": "finding" }).to_string();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"operators").unwrap();
    mac.update(body.as_bytes());
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    let mut answers = Vec::new();
    for _ in 0..2 {
        let request =
            http().post(github.operator_hook_url()).header("X-Portcullis-Signature-256", &signature);
        answers.push(request.body(body.clone()).send().await.unwrap().status().as_u16());
    }
    assert_eq!(answers, [500, 204]);
    let letters = github.operator_letters();
    assert_eq!(letters.iter().map(|letter| letter.status).collect::<Vec<_>>(), [500, 204]);
    assert!(letters[1].is_signed_with("operators") && !letters[1].is_signed_with("others"));
    assert_eq!(letters[1].json()["kind"], "finding");
    assert!(github.calls().is_empty(), "it is no part of the API");
}
