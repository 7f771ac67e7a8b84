//! What the App may do by mutation: take back what would merge.

use fake_github::{Enqueue, FakeGithub, OnPull, Stage};
use serde_json::{Value, json};

use crate::client::{Client, SAMPLE, sample};

const DISABLE: &str = "mutation Disable($id: ID!) { disablePullRequestAutoMerge(input: { pullRequestId: $id, \
    clientMutationId: \"x\" }) { clientMutationId actor { login } pullRequest { number autoMergeRequest { \
    enabledBy { login } } } } }";
const BOTH: &str = "mutation Both($id: ID!) { \
    convertPullRequestToDraft(input: { pullRequestId: $id }) { pullRequest { isDraft } } \
    closePullRequest(input: { pullRequestId: $id }) { pullRequest { isDraft state } } }";
const DEQUEUE: &str = "mutation Dequeue($input: DequeuePullRequestInput!) { dequeuePullRequest(input: $input) { \
    clientMutationId mergeQueueEntry { position } } }";

async fn writing() -> FakeGithub {
    let granted = "installation = 7001\npermissions = { checks = \"write\", contents = \"write\", \
                   metadata = \"read\", pull_requests = \"write\" }\n";
    let text = SAMPLE.replacen("installation = 7001\n", granted, 1);
    FakeGithub::start(Stage::parse(&text).unwrap()).await.unwrap()
}

async fn node_id(client: &Client) -> Value {
    let query = "{ repository(owner: \"acme\", name: \"web\") { pullRequest(number: 1) { id } } }";
    client.graphql(query, json!({})).await["data"]["repository"]["pullRequest"]["id"].clone()
}

fn last(github: &FakeGithub) -> (String, Value) {
    let told = github.last_delivery().unwrap();
    (format!("{}.{}", told.event, told.action.clone().unwrap_or_default()), told.to_json()["payload"].clone())
}

#[tokio::test]
async fn auto_merge_is_switched_off() {
    let github = writing().await;
    github.enable_auto_merge(OnPull::new("bob", "acme/web", 1)).await.unwrap();
    let client = Client::of(&github).await;
    let id = node_id(&client).await;
    let answer = client.graphql(DISABLE, json!({ "id": id })).await;
    assert_eq!(
        answer,
        json!({ "data": { "disablePullRequestAutoMerge": {
            "clientMutationId": "x", "actor": { "login": "portcullis" },
            "pullRequest": { "number": 1, "autoMergeRequest": null },
        } } })
    );
    let (kind, payload) = last(&github);
    assert_eq!(
        (kind.as_str(), &payload["sender"]["login"]),
        ("pull_request.auto_merge_disabled", &json!("portcullis[bot]"))
    );
    let again = client.graphql(DISABLE, json!({ "id": id })).await;
    assert_eq!(again["errors"][0]["type"], "UNPROCESSABLE");
    let nobody = client.graphql(DISABLE, json!({ "id": "PR_none" })).await;
    assert_eq!(
        (&nobody["errors"][0]["type"], &nobody["data"]["disablePullRequestAutoMerge"]),
        (&json!("NOT_FOUND"), &Value::Null)
    );
    assert_eq!(github.calls().last().unwrap().to_string(), "graphql Disable 200");
    assert_eq!(github.unknown_routes(), Vec::<String>::new());
}

#[tokio::test]
async fn whoever_may_only_read_mutates_nothing() {
    let github = sample().await;
    github.enable_auto_merge(OnPull::new("bob", "acme/web", 1)).await.unwrap();
    let client = Client::of(&github).await;
    let id = node_id(&client).await;
    let answer = client.graphql(DISABLE, json!({ "id": id })).await;
    assert_eq!(answer["errors"][0]["type"], "FORBIDDEN");
    assert_eq!(last(&github).0, "pull_request.auto_merge_enabled");
    let answer = client.graphql("mutation { addStar(input: {}) { clientMutationId } }", json!({})).await;
    assert_eq!(answer["errors"][0]["message"], "Field 'addStar' doesn't exist on type 'Mutation'");
    assert_eq!(github.unknown_routes().len(), 1);
}

#[tokio::test]
async fn mutations_act_one_after_the_other() {
    let github = writing().await;
    let client = Client::of(&github).await;
    let id = node_id(&client).await;
    let answer = client.graphql(BOTH, json!({ "id": id })).await;
    assert_eq!(
        answer["data"]["closePullRequest"]["pullRequest"],
        json!({ "isDraft": true, "state": "CLOSED" })
    );
    assert_eq!(last(&github).0, "pull_request.closed");
    let answer = client.graphql(BOTH, json!({ "id": id })).await;
    assert_eq!(answer["errors"].as_array().unwrap().len(), 2, "it is closed already: {answer}");
}

#[tokio::test]
async fn a_pull_request_is_taken_out_of_the_queue() {
    let github = writing().await;
    github.enqueue(Enqueue::new("bob", "acme/web", &[1])).await.unwrap();
    let client = Client::of(&github).await;
    let input = json!({ "id": node_id(&client).await, "clientMutationId": "y" });
    let answer = client.graphql(DEQUEUE, json!({ "input": input })).await;
    assert_eq!(answer["data"]["dequeuePullRequest"]["clientMutationId"], "y", "{answer}");
    let (kind, payload) = last(&github);
    assert_eq!((kind.as_str(), &payload["reason"]), ("merge_group.destroyed", &json!("dequeued")));
    let again = client.graphql(DEQUEUE, json!({ "input": input })).await;
    assert_eq!(again["errors"][0]["type"], "UNPROCESSABLE");
}
