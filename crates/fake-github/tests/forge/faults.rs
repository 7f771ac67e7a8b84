//! Adversity on the API.

use fake_github::Fault;
use serde_json::json;

use crate::client::{Client, PULL_REQUEST, pull_variables, sample};

#[tokio::test]
async fn faults_strike_before_and_after_the_effect() {
    let github = sample().await;
    let client = Client::of(&github).await;
    let sha = github.pull_head("acme/web", 1).unwrap();
    let run = json!({ "name": "portcullis", "head_sha": sha });
    let path = "/repos/acme/web/check-runs";
    github.fail("POST /repos/*/*/check-runs", Fault::Before(502), 1);
    github.fail("POST /repos/*/*/check-runs", Fault::After(502), 1);
    assert_eq!(client.call("POST", path, Some(run.clone())).await.0, 502);
    assert_eq!(github.check_run_posts(), (0, 0));
    assert_eq!(client.call("POST", path, Some(run.clone())).await.0, 502);
    assert_eq!(github.check_run_posts(), (1, 0));
    assert_eq!(client.call("POST", path, Some(run)).await.0, 201);
    let mark = github.calls().len();
    github.fail("graphql PullRequest", Fault::Exhausted { reset_in: 60 }, 1);
    let answer = client.graphql(PULL_REQUEST, pull_variables(1)).await;
    assert_eq!(answer["errors"][0]["type"], "RATE_LIMITED");
    github.fail("*", Fault::RateLimited { retry_after: 3 }, 1);
    let url = format!("{}/repos/acme/web", github.url());
    let answer = client.http.get(&url).bearer_auth(&client.token).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (429, &"3".parse().unwrap()));
    github.fail("*", Fault::Drop, 1);
    let answer = client.http.get(&url).bearer_auth(&client.token).send().await;
    let body = match answer {
        Ok(answer) => answer.bytes().await,
        Err(error) => Err(error),
    };
    assert!(body.is_err());
    let routes: Vec<_> = github.calls_since(mark).iter().map(ToString::to_string).collect();
    assert_eq!(routes, ["graphql PullRequest 200", "GET /repos/acme/web 429", "GET /repos/acme/web 200"]);
}

#[tokio::test]
async fn a_call_hangs_until_it_is_released() {
    let github = sample().await;
    let client = Client::of(&github).await;
    github.fail("GET /repos/*/*", Fault::Hang, 1);
    let call = tokio::spawn(async move { client.get("/repos/acme/web").await.0 });
    while github.calls().last().is_none_or(|call| call.route != "GET /repos/acme/web") {
        tokio::task::yield_now().await;
    }
    assert!(!call.is_finished());
    while !call.is_finished() {
        github.release();
        tokio::task::yield_now().await;
    }
    assert_eq!(call.await.unwrap(), 200);
}
