//! Calls of every route that the fake forge knows, those that the gate does not use included, and of its refusals.

pub(super) mod actions;

use fake_github::{Enqueue, Fault, OnPull};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};

use crate::Gate;

const EVERYTHING: &str = include_str!("everything.graphql");
const MUTATIONS: &str = include_str!("mutations.graphql");
const DELETE_REF: &str =
    "mutation DeleteRef($delete: DeleteRefInput!) { deleteRef(input: $delete) { clientMutationId } }";

struct Caller<'a> {
    gate: &'a Gate,
    http: reqwest::Client,
}

pub(super) async fn all(gate: &Gate) {
    let caller = Caller::of(gate);
    let jwt = caller.jwt();
    let (_, minted) = caller.post(&jwt, "/app/installations/7001/access_tokens", json!({})).await;
    let token = minted["token"].as_str().unwrap().to_owned();
    caller.of_the_app(&jwt).await;
    caller.of_repositories(&token).await;
    caller.of_check_runs(&token).await;
    caller.of_issues(&token).await;
    caller.graphql(&token).await;
    caller.of_refs(&token).await;
    caller.mutations(&token).await;
    caller.refusals(&jwt, &token).await;
    caller.limits(&token).await;
}

impl<'a> Caller<'a> {
    fn of(gate: &'a Gate) -> Self {
        let http = reqwest::Client::builder().user_agent("tests").no_proxy().build().unwrap();
        Self { gate, http }
    }

    fn jwt(&self) -> String {
        let now = self.gate.now().0 / 1000;
        let claims =
            json!({ "iss": self.gate.github.app_id().to_string(), "iat": now - 60, "exp": now + 540 });
        let key = EncodingKey::from_rsa_pem(self.gate.github.private_key_pem().as_bytes()).unwrap();
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key).unwrap()
    }

    async fn call(&self, method: Method, token: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request =
            self.http.request(method, format!("{}{path}", self.gate.github.url())).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        // 204 has no body.
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() };
        (status, body)
    }

    async fn post(&self, token: &str, path: &str, body: Value) -> (u16, Value) {
        self.call(Method::POST, token, path, Some(body)).await
    }

    async fn get(&self, token: &str, path: &str) -> Value {
        let (status, body) = self.call(Method::GET, token, path, None).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    async fn of_the_app(&self, jwt: &str) {
        for path in [
            "/app",
            "/app/hook/config",
            "/app/installations",
            "/app/installations/7001",
            "/repos/acme/web/installation",
        ] {
            self.get(jwt, path).await;
        }
        let listed = self.get(jwt, "/app/hook/deliveries?per_page=100").await;
        let id = &listed[0]["id"];
        self.get(jwt, &format!("/app/hook/deliveries/{id}")).await;
        let again = self.post(jwt, &format!("/app/hook/deliveries/{id}/attempts"), json!({})).await;
        assert_eq!(again.0, 202);
        self.gate.github.forget_pending();
        let narrow = json!({ "repository_ids": [3001], "permissions": { "checks": "read" } });
        assert_eq!(self.post(jwt, "/app/installations/7001/access_tokens", narrow).await.0, 201);
    }

    async fn of_repositories(&self, token: &str) {
        let paths = [
            "/rate_limit",
            "/installation/repositories?per_page=1&page=2",
            "/repos/acme/web/branches?protected=true",
            "/repos/acme/web/branches",
            "/repos/acme/web/branches/main/protection",
            "/repos/acme/web/rules/branches/main",
            "/repos/acme/web/rules/branches/none",
            "/repos/acme/web/rulesets/501",
            "/repos/acme/web/rulesets/502",
            "/repos/acme/web/keys",
            "/repos/acme/web/environments",
            "/repos/acme/web/actions/permissions/fork-pr-contributor-approval",
            "/repos/acme/web",
            "/repos/acme/vault",
            "/repositories/3001",
            "/user/1001",
            "/repos/acme/web/pulls/1",
            "/repos/acme/web/pulls/2",
            "/repos/acme/web/pulls/3",
            "/repos/acme/web/pulls/4",
            "/repos/acme/web/commits/main/pulls",
            "/repos/acme/web/commits/copilot%2Ffix-1/pulls",
            "/repos/acme/web/commits/copilot%2Ffix-1/comments",
            "/repos/acme/web/issues?state=all&per_page=2",
            "/repos/acme/web/issues/1",
            "/repos/acme/web/issues/6",
            "/repos/acme/web/issues/1/comments?since=2026-01-01T00:00:00Z",
            "/repos/acme/web/collaborators?affiliation=direct",
            "/repos/acme/web/teams",
            "/repos/acme/web/collaborators/alice/permission",
            "/repos/acme/web/collaborators/bob/permission",
            "/orgs/acme/members?per_page=1&page=2",
            "/orgs/acme/teams/security/members",
        ];
        for path in paths {
            self.get(token, path).await;
        }
    }

    async fn of_refs(&self, token: &str) {
        let main = self.gate.github.branch("acme/web", "main").unwrap();
        let paths = [
            "/repos/acme/web/git/matching-refs/tags".to_owned(),
            "/repos/acme/web/git/matching-refs/heads/none".to_owned(),
            "/repos/acme/web/git/ref/tags/v2".to_owned(),
            "/repos/acme/vault/git/ref/heads/main".to_owned(),
            "/repos/acme/web/compare/main...release".to_owned(),
            "/repos/acme/web/compare/release...release".to_owned(),
            format!("/repos/acme/web/commits/{main}/pulls"),
            "/repos/acme/web/activity?activity_type=branch_deletion&time_period=day&actor=bob".to_owned(),
        ];
        for path in paths {
            self.get(token, &path).await;
        }
        assert_eq!(self.gate.github.ambushes(), [Ok(())]);
        let (refs, one) = ("/repos/acme/web/git/refs", "/repos/acme/web/git/refs/heads/mine");
        let body = json!({ "ref": "refs/heads/mine", "sha": main });
        assert_eq!(self.post(token, refs, body.clone()).await.0, 201);
        assert_eq!(self.post(token, refs, body).await.0, 422);
        let release = self.gate.github.branch("acme/web", "release").unwrap();
        let patch = json!({ "sha": release, "force": true });
        assert_eq!(self.call(Method::PATCH, token, one, Some(patch)).await.0, 200);
        let back = json!({ "sha": main });
        assert_eq!(self.call(Method::PATCH, token, one, Some(back)).await.0, 422);
        let open = json!({ "head": "mine", "base": "main", "title": "Mine", "body": "All mine." });
        assert_eq!(self.post(token, "/repos/acme/web/pulls", open.clone()).await.0, 201);
        assert_eq!(self.post(token, "/repos/acme/web/pulls", open).await.0, 422);
        assert_eq!(self.call(Method::DELETE, token, one, None).await.0, 204);
        assert_eq!(self.call(Method::DELETE, token, one, None).await.0, 422);
        assert_eq!(self.call(Method::GET, token, "/repos/acme/web/git/ref/heads/mine", None).await.0, 404);
        assert_eq!(self.call(Method::GET, token, "/repos/acme/web/compare/main...mine", None).await.0, 404);
    }

    async fn mutations(&self, token: &str) {
        let question = |input: Value| json!({ "query": MUTATIONS, "variables": input });
        let github = &self.gate.github;
        let first = self.get(token, "/repos/acme/web/pulls/1").await;
        github.enable_auto_merge(OnPull::new("bob", "acme/web", 1)).await.unwrap();
        github.enqueue(Enqueue::new("bob", "acme/web", &[1])).await.unwrap();
        let main = github.branch("acme/web", "main").unwrap();
        let kept = github.object_of("acme/web", "refs/portcullis/kept/1").unwrap().unwrap();
        assert_ne!(main, kept, "a merge came between");
        let release = github.branch("acme/web", "release").unwrap();
        let ids = json!({
            "query": "{ repository(owner: \"acme\", name: \"web\") { id pullRequest(number: 7) { id } } }",
        });
        let (_, ids) = self.post(token, "/graphql", ids).await;
        let repository = &ids["data"]["repository"];
        let nothing = "0".repeat(40);
        let variables = json!({
            "refs": { "repositoryId": repository["id"], "refUpdates": [
                { "name": "refs/heads/gate", "beforeOid": nothing, "afterOid": release },
                { "name": "refs/portcullis/kept/1", "beforeOid": kept, "afterOid": nothing },
            ] },
            "commit": {
                "branch": { "repositoryNameWithOwner": "acme/web", "branchName": "gate" },
                "expectedHeadOid": release, "message": { "headline": "Put back", "body": "As it was." },
                "fileChanges": { "additions": [{ "path": "a.txt", "contents": "aGVsbG8K" }],
                                 "deletions": [{ "path": "RELEASE.md" }] },
            },
            "create": { "repositoryId": repository["id"], "name": "refs/heads/other", "oid": release },
            "revert": { "pullRequestId": repository["pullRequest"]["id"] },
            "id": first["node_id"],
        });
        let (_, answer) = self.post(token, "/graphql", question(variables.clone())).await;
        assert_eq!(answer["errors"], Value::Null, "{answer}");
        let made = &answer["data"]["createRef"]["ref"]["id"];
        let delete = json!({ "query": DELETE_REF, "variables": { "delete": { "refId": made } } });
        let (_, answer) = self.post(token, "/graphql", delete).await;
        assert_eq!(answer["errors"], Value::Null, "{answer}");
        let (_, answer) = self.post(token, "/graphql", question(variables)).await;
        assert_eq!(answer["errors"][0]["type"], "STALE_DATA", "{answer}");
    }

    async fn of_check_runs(&self, token: &str) {
        let head = self.gate.github.pull_head("acme/web", 1).unwrap();
        let annotation = json!({
            "path": "src/button.ts", "start_line": 1, "end_line": 1, "annotation_level": "failure",
            "message": "no", "title": "No", "raw_details": "no, really", "start_column": 1, "end_column": 2,
        });
        let run = json!({
            "name": "extra", "head_sha": head, "status": "in_progress", "details_url": "https://portcullis.example/1",
            "output": { "title": "Extra", "summary": "More", "text": "Most", "annotations": [annotation] },
            "actions": [{ "label": "Again", "description": "Look again", "identifier": "again" }],
        });
        let (status, made) = self.post(token, "/repos/acme/web/check-runs", run).await;
        assert_eq!(status, 201, "{made}");
        let path = format!("/repos/acme/web/check-runs/{}", made["id"]);
        self.get(token, &path).await;
        self.get(token, &format!("{path}/annotations")).await;
        let done = json!({ "conclusion": "cancelled" });
        assert_eq!(self.call(Method::PATCH, token, &path, Some(done)).await.0, 200);
        self.get(token, &format!("/repos/acme/web/commits/{head}/check-runs?filter=all")).await;
    }

    async fn of_issues(&self, token: &str) {
        let new = json!({ "title": "A finding", "body": "Look.", "labels": ["portcullis"] });
        let (status, made) = self.post(token, "/repos/acme/web/issues", new).await;
        assert_eq!(status, 201, "{made}");
        let path = format!("/repos/acme/web/issues/{}", made["number"]);
        let (status, said) = self.post(token, &format!("{path}/comments"), json!({ "body": "Still." })).await;
        assert_eq!(status, 201, "{said}");
        self.get(token, &format!("/repos/acme/web/issues/comments/{}", said["id"])).await;
        let close = json!({ "state": "closed", "state_reason": "completed" });
        assert_eq!(self.call(Method::PATCH, token, &path, Some(close)).await.0, 200);
    }

    async fn graphql(&self, token: &str) {
        for (name, number) in [("web", 1), ("web", 2), ("web", 3), ("vault", 1)] {
            let variables = json!({ "owner": "acme", "name": name, "number": number, "login": "acme", "slug": "security" });
            let question = json!({ "query": EVERYTHING, "variables": variables });
            let (status, answer) = self.post(token, "/graphql", question).await;
            assert_eq!((status, &answer["errors"]), (200, &Value::Null), "{answer}");
        }
        let variables =
            json!({ "owner": "acme", "name": "web", "number": 99, "login": "nobody", "slug": "x" });
        let (_, answer) =
            self.post(token, "/graphql", json!({ "query": EVERYTHING, "variables": variables })).await;
        assert_eq!(answer["errors"][0]["type"], "NOT_FOUND", "{answer}");
    }

    async fn refusals(&self, jwt: &str, token: &str) {
        let narrow = json!({ "permissions": { "checks": "read" } });
        let (_, minted) = self.post(jwt, "/app/installations/7001/access_tokens", narrow).await;
        let weak = minted["token"].as_str().unwrap();
        let absent = json!({ "name": "extra", "head_sha": "0".repeat(40) });
        let tries = [
            (Method::GET, "nobody", "/repos/acme/web", None, 401),
            (Method::GET, "nobody", "/app", None, 401),
            (Method::POST, "nobody", "/app/installations/7001/access_tokens", None, 401),
            (Method::POST, jwt, "/app/installations/7002/access_tokens", None, 404),
            (
                Method::POST,
                jwt,
                "/app/installations/7001/access_tokens",
                Some(json!({ "repositories": ["x"] })),
                422,
            ),
            (Method::GET, token, "/repos/acme/none", None, 404),
            (Method::GET, token, "/repos/acme/vault/branches/main/protection", None, 404),
            (Method::GET, token, "/repos/acme/web/branches/none/protection", None, 404),
            (Method::GET, token, "/repos/acme/web/rulesets/1", None, 404),
            (Method::GET, weak, "/repos/acme/web/branches/main/protection", None, 403),
            (Method::GET, weak, "/repos/acme/web/keys", None, 403),
            (Method::GET, weak, "/repos/acme/web/teams", None, 403),
            (Method::GET, weak, "/repos/acme/web/environments", None, 403),
            (Method::GET, token, "/repos/acme/web/pulls/99", None, 404),
            (Method::GET, token, "/repos/acme/web/collaborators/nobody/permission", None, 404),
            (Method::GET, token, "/orgs/nobody/members", None, 404),
            (Method::POST, weak, "/repos/acme/web/check-runs", Some(absent.clone()), 403),
            (Method::POST, token, "/repos/acme/web/check-runs", Some(absent), 422),
            (Method::GET, token, "/repos/acme/web/check-runs/1", None, 404),
        ];
        for (method, credential, path, body, wanted) in tries {
            let (status, answer) = self.call(method, credential, path, body).await;
            assert_eq!(status, wanted, "{path}: {answer}");
        }
    }

    async fn limits(&self, token: &str) {
        let github = &self.gate.github;
        let faults = [
            (Fault::Before(502), 502),
            (Fault::RateLimited { retry_after: 1 }, 429),
            (Fault::Secondary { retry_after: 1 }, 403),
            (Fault::Exhausted { reset_in: 60 }, 403),
        ];
        for (fault, wanted) in faults {
            github.fail("GET /repos/*/*", fault, 1);
            assert_eq!(self.call(Method::GET, token, "/repos/acme/web", None).await.0, wanted);
        }
        github.fail("graphql", Fault::Exhausted { reset_in: 60 }, 1);
        let (status, answer) =
            self.post(token, "/graphql", json!({ "query": "{ rateLimit { cost } }" })).await;
        assert_eq!((status, &answer["errors"][0]["type"]), (200, &json!("RATE_LIMITED")));
    }
}
