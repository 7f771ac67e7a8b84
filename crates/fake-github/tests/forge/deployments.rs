//! Deployments: what they wait for, who answers, and what is told.

use fake_github::{
    BypassProtection, CreateDeployment, Deploy, FakeGithub, Fault, ReviewDeployment, Run, SetDeploymentStatus,
};
use serde_json::{Value, json};

use crate::client::Client;
use crate::runs::{payload, stage, told};

const CI: &str = ".github/workflows/ci.yml";
const GUARDED: &str = "
[repos.safeguards]
environments = [
  { name = \"production\", protection = [\"portcullis\"], admins_bypass = false, branches = [\"main\"] },
  { name = \"staging\", protection = [\"portcullis\", \"other\"], reviewers = [\"dana\", \"bob\"], prevent_self_review = true },
  { name = \"lured\", protection = [\"portcullis\"], callback_url = \"https://mallory.example/repos/acme/web/actions/runs/1/deployment_protection_rule\" },
  { name = \"open\" },
]
";

async fn answer(client: &Client, run: u64, body: Value) -> u16 {
    let url = format!("{}/repos/acme/web/actions/runs/{run}/deployment_protection_rule", client.url);
    let answer = client.http.post(url).bearer_auth(&client.token).json(&body).send().await.unwrap();
    answer.status().as_u16()
}

async fn deploying(github: &FakeGithub, environment: &str) -> u64 {
    github.start_run(Run::new("bob", "acme/web", CI).environment(environment)).await.unwrap()
}

#[tokio::test]
async fn a_guarded_deployment_waits_for_the_apps_answer() {
    let github = stage(GUARDED, "").await;
    let client = Client::of(&github).await;
    let run = deploying(&github, "production").await;
    assert_eq!(
        told(&github),
        [
            "workflow_run.requested",
            "workflow_job.queued",
            "deployment.created",
            "deployment_status.created",
            "workflow_job.waiting",
            "deployment_protection_rule.requested",
        ]
    );
    let asked = payload(&github, "deployment_protection_rule");
    assert_eq!((&asked["environment"], &asked["event"]), (&json!("production"), &json!("push")));
    assert_eq!(asked["sha"], json!(github.branch("acme/web", "main").unwrap()));
    let callback = asked["deployment_callback_url"].as_str().unwrap();
    assert_eq!(
        callback,
        format!("https://api.github.example/repos/acme/web/actions/runs/{run}/deployment_protection_rule")
    );
    assert_eq!(github.runs("acme/web")[0].status, "waiting");
    let path = format!("/repos/acme/web/actions/runs/{run}/pending_deployments");
    assert_eq!(client.get(&path).await.1[0]["environment"]["name"], "production");

    for refused in [
        json!({}),
        json!({ "environment_name": "production" }),
        json!({ "environment_name": "nowhere", "state": "approved" }),
        json!({ "environment_name": "production", "state": "perhaps" }),
        json!({ "environment_name": "production", "state": "approved", "comment": "x".repeat(1025) }),
    ] {
        assert_eq!(answer(&client, run, refused.clone()).await, 422, "{refused}");
    }
    for _ in 0..10 {
        let report = json!({ "environment_name": "production", "comment": "x".repeat(1024) });
        assert_eq!(answer(&client, run, report).await, 204);
    }
    let late = json!({ "environment_name": "production", "comment": "the eleventh" });
    assert_eq!(answer(&client, run, late).await, 422);
    let yes = json!({ "environment_name": "production", "state": "approved", "comment": "fine" });
    assert_eq!(answer(&client, 1, yes.clone()).await, 404);
    assert_eq!(answer(&client, run, yes.clone()).await, 204);
    assert_eq!(answer(&client, run, yes).await, 422, "answered already");
    assert_eq!(github.runs("acme/web")[0].status, "in_progress");
    assert_eq!(client.get(&path).await.1, json!([]));
    assert_eq!(
        told(&github),
        ["deployment_status.created", "workflow_job.in_progress", "workflow_run.in_progress"]
    );
    let text = github.text();
    assert!(
        text.contains(
            "to production by bob: in_progress\n    rule portcullis: approved\n      | fine\n      report: x"
        ),
        "{text}"
    );
    assert_eq!(github.unknown_routes(), Vec::<String>::new());
}

#[tokio::test]
async fn one_no_ends_the_run() {
    let github = stage(GUARDED, "").await;
    let client = Client::of(&github).await;
    let run = deploying(&github, "production").await;
    github.forget_pending();
    let reader = Client::with(&github, json!({ "permissions": { "deployments": "read" } })).await;
    let no = json!({ "environment_name": "production", "state": "rejected", "comment": "not today" });
    assert_eq!(answer(&reader, run, no.clone()).await, 403);
    assert_eq!(answer(&client, run, no.clone()).await, 204);
    assert_eq!(
        told(&github),
        ["deployment_status.created", "workflow_job.completed", "workflow_run.completed"]
    );
    assert_eq!(github.runs("acme/web")[0].conclusion.as_deref(), Some("failure"));
    assert_eq!(answer(&client, run, no).await, 422, "the run is over");
    let (_, listed) = client.get("/repos/acme/web/deployments?environment=production").await;
    let (_, statuses) =
        client.get(&format!("/repos/acme/web/deployments/{}/statuses", listed[0]["id"])).await;
    assert_eq!((&statuses[0]["state"], &statuses[1]["state"]), (&json!("failure"), &json!("pending")));
}

#[tokio::test]
async fn people_and_every_app_have_to_say_yes() {
    let github = stage(GUARDED, "").await;
    let client = Client::of(&github).await;
    let run = deploying(&github, "staging").await;
    assert_eq!(payload(&github, "deployment_review")["action"], "requested");
    let review = |actor: &str, state: &str| ReviewDeployment {
        actor: actor.into(),
        repo: "acme/web".into(),
        run: None,
        environment: "staging".into(),
        state: state.into(),
        comment: "seen".into(),
    };
    let refused = github.review_deployment(review("bob", "approved")).await.unwrap_err().to_string();
    assert!(refused.contains("started"), "{refused}");
    assert!(github.review_deployment(review("alice", "approved")).await.is_err());
    github.review_deployment(review("dana", "approved")).await.unwrap();
    let told = payload(&github, "deployment_review");
    assert_eq!(
        (&told["action"], &told["approver"]["login"], &told["comment"]),
        (&json!("approved"), &json!("dana"), &json!("seen"))
    );
    let yes = json!({ "environment_name": "staging", "state": "approved" });
    assert_eq!(answer(&client, run, yes).await, 204);
    assert_eq!(github.runs("acme/web")[0].status, "waiting", "the other App has said nothing");
    let bypass = |actor: &str, environment: &str| BypassProtection {
        actor: actor.into(),
        repo: "acme/web".into(),
        run: None,
        environment: environment.into(),
    };
    assert!(github.bypass_protection(bypass("bob", "staging")).await.is_err());
    github.bypass_protection(bypass("alice", "staging")).await.unwrap();
    assert_eq!(github.runs("acme/web")[0].status, "in_progress");
    let text = github.text();
    assert!(
        text.contains("rule other: waiting\n    review by dana: approved\n    bypassed by alice\n"),
        "{text}"
    );
    deploying(&github, "production").await;
    assert!(github.bypass_protection(bypass("alice", "production")).await.is_err(), "admins may not");
    deploying(&github, "staging").await;
    github.review_deployment(review("dana", "rejected")).await.unwrap();
    assert_eq!(github.runs("acme/web")[2].conclusion.as_deref(), Some("failure"));
}

#[tokio::test]
async fn deployments_come_without_rules_without_runs_and_with_false_addresses() {
    let github = stage(GUARDED, "").await;
    let client = Client::of(&github).await;
    deploying(&github, "lured").await;
    let asked = payload(&github, "deployment_protection_rule");
    assert!(asked["deployment_callback_url"].as_str().unwrap().starts_with("https://mallory.example/"));
    let run = deploying(&github, "open").await;
    assert_eq!(github.runs("acme/web")[1].status, "in_progress");
    let cancel = format!("/repos/acme/web/actions/runs/{run}/cancel");
    assert_eq!(client.call("POST", &cancel, None).await.0, 202);
    let (_, of_run) = client.get("/repos/acme/web/deployments?environment=open").await;
    let (_, statuses) =
        client.get(&format!("/repos/acme/web/deployments/{}/statuses", of_run[0]["id"])).await;
    assert_eq!(statuses[0]["state"], "error");

    github.start_run(Run::new("bob", "acme/web", CI)).await.unwrap();
    let deploy = Deploy { repo: "acme/web".into(), run: None, job: "ship".into(), environment: "new".into() };
    github.deploy(deploy).await.unwrap();
    github.forget_pending();
    let outside = CreateDeployment {
        actor: "Copilot".into(),
        repo: "acme/web".into(),
        environment: "production".into(),
        payload: [("ticket".to_owned(), "7".to_owned())].into(),
        ..CreateDeployment::default()
    };
    let id = github.create_deployment(outside).await.unwrap();
    let status = SetDeploymentStatus {
        actor: "Copilot".into(),
        repo: "acme/web".into(),
        state: "success".into(),
        ..SetDeploymentStatus::default()
    };
    github.set_deployment_status(status).await.unwrap();
    assert_eq!(told(&github), ["deployment.created", "deployment_status.created"]);
    let made = payload(&github, "deployment");
    assert_eq!(
        (&made["workflow_run"], &made["deployment"]["payload"]["ticket"]),
        (&Value::Null, &json!("7"))
    );
    let head = github.branch("acme/web", "main").unwrap();
    let (_, listed) =
        client.get(&format!("/repos/acme/web/deployments?sha={head}&environment=production")).await;
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["id"]), (1, &json!(id)));
    assert_eq!(
        client.get(&format!("/repos/acme/web/deployments/{id}")).await.1["creator"]["login"],
        "Copilot"
    );
    let path = format!("/repos/acme/web/deployments/{id}/statuses");
    let (made, _) =
        client.call("POST", &path, Some(json!({ "state": "inactive", "description": "gone" }))).await;
    assert_eq!(
        (made, payload(&github, "deployment_status")["deployment_status"]["state"].as_str()),
        (201, Some("inactive"))
    );
    assert_eq!(client.call("POST", &path, Some(json!({ "state": "fine" }))).await.0, 422);
}

#[tokio::test]
async fn environments_tell_what_guards_them() {
    let github = stage(GUARDED, "").await;
    let client = Client::of(&github).await;
    let (status, one) = client.get("/repos/acme/web/environments/staging").await;
    assert_eq!((status, &one["protection_rules"][0]["prevent_self_review"]), (200, &json!(true)));
    let path = "/repos/acme/web/environments/staging/deployment_protection_rules";
    let (_, rules) = client.get(path).await;
    assert_eq!(rules["custom_deployment_protection_rules"][0]["app"]["id"], 4242);
    assert_eq!(rules["custom_deployment_protection_rules"][1]["app"]["slug"], "other");
    assert_eq!(client.get("/repos/acme/web/environments/none").await.0, 404);
    let run = deploying(&github, "production").await;
    let yes = json!({ "environment_name": "production", "state": "approved" });
    github.fail("POST /repos/*/*/actions/runs/*/deployment_protection_rule", Fault::Before(422), 1);
    assert_eq!(answer(&client, run, yes.clone()).await, 422);
    assert_eq!(github.runs("acme/web")[0].status, "waiting");
    github.fail("POST /repos/*/*/actions/runs/*/deployment_protection_rule", Fault::After(502), 1);
    assert_eq!(answer(&client, run, yes.clone()).await, 502);
    assert_eq!(answer(&client, run, yes).await, 422, "the first one counted");
}
