//! Exchanges, kept on request.

use fake_github::Fault;
use serde_json::{Value, json};

use crate::client::{Client, sample};

#[tokio::test]
async fn exchanges_are_kept_on_request_without_credentials() {
    let github = sample().await;
    let client = Client::of(&github).await;
    client.get("/repos/acme/web").await;
    assert!(github.exchanges().is_empty(), "nobody asked for them");

    github.record();
    let body = json!({ "name": "portcullis" });
    assert_eq!(client.call("POST", "/repos/acme/web/check-runs?a=b", Some(body.clone())).await.0, 422);
    client.graphql("{ rateLimit { cost } }", json!({})).await;
    let kept: Vec<Value> = github.exchanges().iter().map(|exchange| exchange.to_json()).collect();
    assert_eq!(kept.len(), 2);
    let (request, reply) = (&kept[0]["request"], &kept[0]["reply"]);
    assert_eq!(
        (&request["method"], &request["path"]),
        (&json!("POST"), &json!("/repos/acme/web/check-runs"))
    );
    assert_eq!((&request["query"], &request["body"]), (&json!("a=b"), &body));
    assert_eq!((&reply["status"], &reply["headers"]["server"]), (&json!(422), &json!("github.example")));
    assert!(reply["body"]["message"].as_str().unwrap().contains("head_sha"), "{reply}");
    assert_eq!(kept[1]["reply"]["body"]["data"]["rateLimit"]["cost"], 1);
    assert!(!json!(kept).to_string().contains(&client.token));
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_not_kept_and_still_breaks_off() {
    let github = sample().await;
    let client = Client::of(&github).await;
    github.record();
    github.fail("*", Fault::Drop, 1);
    let url = format!("{}/repos/acme/web", github.url());
    let answer = match client.http.get(&url).bearer_auth(&client.token).send().await {
        Ok(answer) => answer.bytes().await.map(drop),
        Err(error) => Err(error),
    };
    assert!(answer.is_err());
    assert!(github.exchanges().is_empty());
}
