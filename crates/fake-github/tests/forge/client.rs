//! A small client and receiver for the tests: they do what a gate does, with none of its code.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use fake_github::{FakeGithub, Stage};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tokio::sync::mpsc;

pub(crate) const SAMPLE: &str = include_str!("../../forge.sample.toml");
pub(crate) const PULL_REQUEST: &str = include_str!("../../../../src/github/graphql/pull_request.graphql");
pub(crate) const TEAM_MEMBERS: &str = include_str!("../../../../src/github/graphql/team_members.graphql");
pub(crate) const ORG_MEMBERS: &str =
    include_str!("../../../../src/github/graphql/organization_members.graphql");

/// Does what a gate's client does, with none of its code.
pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
    pub(crate) token: String,
}

pub(crate) fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

pub(crate) fn jwt(github: &FakeGithub, claims: &Value) -> String {
    let key = EncodingKey::from_rsa_pem(github.private_key_pem().as_bytes()).unwrap();
    jsonwebtoken::encode(&Header::new(Algorithm::RS256), claims, &key).unwrap()
}

pub(crate) fn good_jwt(github: &FakeGithub) -> String {
    jwt(github, &json!({ "iss": github.app_id().to_string(), "iat": now() - 60, "exp": now() + 540 }))
}

pub(crate) fn http() -> reqwest::Client {
    reqwest::Client::builder().user_agent("tests").no_proxy().build().unwrap()
}

impl Client {
    pub(crate) async fn of(github: &FakeGithub) -> Self {
        Self::with(github, json!({})).await
    }

    pub(crate) async fn with(github: &FakeGithub, body: Value) -> Self {
        let http = http();
        let url = format!("{}/app/installations/{}/access_tokens", github.url(), github.installation_id());
        let answer = http.post(url).bearer_auth(good_jwt(github)).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        let token = answer.json::<Value>().await.unwrap()["token"].as_str().unwrap().to_owned();
        Self { http, url: github.url().to_owned(), token }
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        self.call("GET", path, None).await
    }

    pub(crate) async fn graphql(&self, query: &str, variables: Value) -> Value {
        let body = json!({ "query": query, "variables": variables });
        let (status, answer) = self.call("POST", "/graphql", Some(body)).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    pub(crate) async fn pull(&self, number: u64) -> Value {
        let answer = self.graphql(PULL_REQUEST, pull_variables(number)).await;
        assert_eq!(answer["errors"], Value::Null, "{answer}");
        answer["data"]["repository"]["pullRequest"].clone()
    }
}

pub(crate) fn pull_variables(number: u64) -> Value {
    json!({
        "owner": "acme", "name": "web", "number": number, "appId": 4242, "checkName": "portcullis",
        "rulesCheckName": "portcullis/rules", "ownRules": ".github/portcullis.toml",
        "moreCommits": false, "moreReviews": false, "evenMoreReviews": false,
    })
}

pub(crate) async fn sample() -> FakeGithub {
    FakeGithub::start(Stage::parse(SAMPLE).unwrap()).await.unwrap()
}

pub(crate) type Got = (HeaderMap, Bytes);

/// A receiver that answers 202 and hands on what it got.
pub(crate) async fn receiver() -> (String, mpsc::UnboundedReceiver<Got>) {
    let (send, got) = mpsc::unbounded_channel();
    let take = |State(send): State<mpsc::UnboundedSender<Got>>, headers: HeaderMap, body: Bytes| async move {
        send.send((headers, body)).unwrap();
        StatusCode::ACCEPTED
    };
    let router = axum::Router::new().route("/hook", axum::routing::post(take)).with_state(send);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, got)
}
