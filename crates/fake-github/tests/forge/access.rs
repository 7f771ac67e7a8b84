//! Who may call what: JWTs, tokens, permissions, and routes that are not there.

use std::time::Duration;

use serde_json::json;

use crate::client::{Client, good_jwt, http, jwt, now, sample};

#[tokio::test]
async fn tokens_are_given_to_the_app_only_and_expire() {
    let github = sample().await;
    let url = format!("{}/app/installations/7001/access_tokens", github.url());
    let tries = [
        json!({ "iss": "1", "iat": now(), "exp": now() + 300 }),
        json!({ "iss": "4242", "iat": now() - 900, "exp": now() - 300 }),
        json!({ "iss": "4242", "iat": now(), "exp": now() + 3600 }),
        json!({ "iss": "4242", "iat": now() + 500, "exp": now() + 590 }),
    ];
    for claims in tries {
        let answer = http().post(&url).bearer_auth(jwt(&github, &claims)).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{claims}");
    }
    let client = Client::of(&github).await;
    assert!(client.token.starts_with("ghs_4242_") && client.token.len() > 100);
    assert_eq!(client.get("/repos/acme/web").await.0, 200);
    github.advance(Duration::from_secs(3601));
    let (status, body) = client.get("/repos/acme/web").await;
    assert_eq!((status, &body["message"]), (401, &json!("Bad credentials")));
}

#[tokio::test]
async fn tokens_can_do_what_they_were_given_and_no_more() {
    let github = sample().await;
    let reader = Client::with(&github, json!({ "permissions": { "checks": "read" } })).await;
    let sha = github.pull_head("acme/web", 1).unwrap();
    let run = json!({ "name": "portcullis", "head_sha": sha });
    assert_eq!(reader.call("POST", "/repos/acme/web/check-runs", Some(run)).await.0, 403);
    assert_eq!(reader.get("/repos/acme/web/pulls/1").await.0, 403);
    assert_eq!(reader.get("/repos/acme/other").await.0, 404);
    let url = format!("{}/app/installations/7001/access_tokens", github.url());
    for body in
        [json!({ "permissions": { "administration": "write" } }), json!({ "repositories": ["nothing"] })]
    {
        let answer = http().post(&url).bearer_auth(good_jwt(&github)).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 422, "{body}");
    }
}

#[tokio::test]
async fn what_is_not_known_is_refused_and_written_down() {
    let github = sample().await;
    let client = Client::of(&github).await;
    assert_eq!(client.get("/repos/acme/web/secrets").await.0, 501);
    let answer =
        client.graphql("{ repository(owner: \"acme\", name: \"web\") { stars(first: 1) } }", json!({})).await;
    assert_eq!(answer["errors"][0]["message"], "Field 'stars' doesn't exist on type 'Repository'");
    assert_eq!(
        github.unknown_routes(),
        ["GET /repos/acme/web/secrets", "graphql: Field 'stars' doesn't exist on type 'Repository'"]
    );
}

#[tokio::test]
async fn a_document_that_runs_in_a_circle_is_refused() {
    let github = sample().await;
    let client = Client::of(&github).await;
    let circle = "query Q { ...A } fragment A on Query { ...B } fragment B on Query { ...A }";
    let answer = client.graphql(circle, json!({})).await;
    assert_eq!(answer["errors"][0]["message"], "Fragments are nested too deeply, or in a circle");
    let missing = client.graphql("query Q($a: Int!) { rateLimit { cost } }", json!({})).await;
    assert_eq!(missing["errors"][0]["message"], "Variable $a of type Int! was provided invalid value");
}
