//! Calls of the routes of what runs, deploys and publishes.

use fake_github::Run;
use reqwest::Method;
use serde_json::json;

use super::Caller;
use crate::Gate;

/// Every route, and what they refuse.
pub(in crate::record) async fn all(gate: &Gate) {
    let caller = Caller::of(gate);
    let jwt = caller.jwt();
    let (_, minted) = caller.post(&jwt, "/app/installations/7001/access_tokens", json!({})).await;
    let token = minted["token"].as_str().unwrap().to_owned();
    // The gate has answered the others; this one nobody tells it of.
    let deploy = Run::new("bob", "acme/web", ".github/workflows/deploy.yml").environment("production");
    let waiting = gate.github.start_run(deploy).await.unwrap();
    let runs: Vec<u64> = gate.github.runs("acme/web").iter().map(|run| run.id).collect();
    caller.of_runs(&token, &runs).await;
    caller.of_deployments(&token, waiting).await;
    let listed = caller.get(&token, "/repos/acme/web/releases").await;
    caller.get(&token, &format!("/repos/acme/web/releases/{}", listed[0]["id"])).await;
    caller.of_cancels(&token, &runs).await;
    let narrow = json!({ "permissions": { "checks": "read" } });
    let (_, minted) = caller.post(&jwt, "/app/installations/7001/access_tokens", narrow).await;
    caller.refused(minted["token"].as_str().unwrap(), &token).await;
}

impl Caller<'_> {
    async fn of_runs(&self, token: &str, runs: &[u64]) {
        let all = self.get(token, "/repos/acme/web/actions/runs?per_page=2&page=2").await;
        assert_eq!(all["total_count"], runs.len());
        self.get(token, "/repos/acme/web/actions/runs?actor=bob&event=push&status=waiting&branch=main").await;
        let head = self.gate.github.pull_head("acme/web", 1).unwrap();
        self.get(token, &format!("/repos/acme/web/actions/runs?head_sha={head}")).await;
        for run in runs {
            let path = format!("/repos/acme/web/actions/runs/{run}");
            let shown = self.get(token, &path).await;
            self.get(token, &format!("{path}/jobs?filter=all")).await;
            self.get(token, &format!("{path}/attempts/1")).await;
            self.get(token, &format!("/repos/acme/web/actions/workflows/{}", shown["workflow_id"])).await;
        }
        self.get(token, "/repos/acme/web/actions/workflows/ci.yml").await;
    }

    async fn of_deployments(&self, token: &str, waiting: u64) {
        for path in [
            "/environments",
            "/environments/staging",
            "/environments/production/deployment_protection_rules",
            "/deployments?environment=moon&task=deploy",
        ] {
            self.get(token, &format!("/repos/acme/web{path}")).await;
        }
        let listed = self.get(token, "/repos/acme/web/deployments").await;
        for deployment in listed.as_array().unwrap() {
            let path = format!("/repos/acme/web/deployments/{}", deployment["id"]);
            self.get(token, &path).await;
            self.get(token, &format!("{path}/statuses")).await;
        }
        let path = format!("/repos/acme/web/deployments/{}/statuses", listed[0]["id"]);
        let told = json!({
            "state": "inactive", "description": "Gone", "target_url": "https://moon.example/1",
            "environment_url": "https://moon.example",
        });
        assert_eq!(self.post(token, &path, told).await.0, 201);

        let run = format!("/repos/acme/web/actions/runs/{waiting}");
        let pending = self.get(token, &format!("{run}/pending_deployments")).await;
        assert_eq!(pending[0]["environment"]["name"], "production");
        let path = format!("{run}/deployment_protection_rule");
        let answers = [
            (json!({ "environment_name": "nowhere", "state": "approved" }), 422),
            (json!({ "environment_name": "production", "comment": "Looking." }), 204),
            (json!({ "environment_name": "production", "state": "approved", "comment": "Fine." }), 204),
            (json!({ "environment_name": "production", "state": "approved", "comment": "Fine." }), 422),
        ];
        for (body, wanted) in answers {
            assert_eq!(self.post(token, &path, body).await.0, wanted);
        }
    }

    async fn of_cancels(&self, token: &str, runs: &[u64]) {
        let tries = [
            (runs.len() - 1, "cancel", 202),
            (runs.len() - 1, "cancel", 409),
            (5, "cancel", 202),
            (5, "force-cancel", 202),
            (5, "force-cancel", 409),
        ];
        for (run, how, wanted) in tries {
            let path = format!("/repos/acme/web/actions/runs/{}/{how}", runs[run]);
            let (status, answer) = self.call(Method::POST, token, &path, None).await;
            assert_eq!(status, wanted, "{path}: {answer}");
        }
    }

    async fn refused(&self, weak: &str, token: &str) {
        let tries = [
            (Method::GET, weak, "/actions/runs", 403),
            (Method::GET, token, "/actions/runs/1", 404),
            (Method::POST, weak, "/actions/runs/1/cancel", 403),
            (Method::GET, weak, "/deployments", 403),
            (Method::GET, token, "/deployments/1", 404),
            (Method::GET, token, "/releases/1", 404),
            (Method::GET, token, "/environments/none", 404),
            (Method::GET, token, "/actions/workflows/none.yml", 404),
        ];
        for (method, credential, path, wanted) in tries {
            let path = format!("/repos/acme/web{path}");
            let (status, answer) = self.call(method, credential, &path, None).await;
            assert_eq!(status, wanted, "{path}: {answer}");
        }
    }
}
