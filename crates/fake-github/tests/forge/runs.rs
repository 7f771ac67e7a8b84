//! Workflow runs: started, listed, run again, cancelled; and what goes wrong.

use fake_github::{Complete, FakeGithub, Fault, Job, Open, Push, Rerun, Run, Stage};
use serde_json::{Value, json};

use crate::client::{Client, SAMPLE};

/// The sample with what this App needs for runs, and with this added to its repository.
pub(crate) async fn stage(more: &str, steps: &str) -> FakeGithub {
    let (before, _) = SAMPLE.split_once("[[steps]]").unwrap();
    let granted = "permissions = { actions = \"write\", contents = \"write\", deployments = \"write\", metadata = \"read\" }\n\
                   events = [\"deployment\", \"deployment_protection_rule\", \"deployment_review\", \
                   \"deployment_status\", \"pull_request\", \"push\", \"registry_package\", \"release\", \
                   \"repository_dispatch\", \"workflow_dispatch\", \"workflow_job\", \"workflow_run\"]\n";
    let text = before.replacen("installation = 7001\n", &format!("installation = 7001\n{granted}"), 1);
    FakeGithub::start(Stage::parse(&format!("{text}{more}\n{steps}")).unwrap()).await.unwrap()
}

/// What waits to be told, as `event.action`.
pub(crate) fn told(github: &FakeGithub) -> Vec<String> {
    let name = |delivery: &fake_github::Delivery| match &delivery.action {
        Some(action) => format!("{}.{action}", delivery.event),
        None => delivery.event.clone(),
    };
    let told = github.pending().iter().map(name).collect();
    github.forget_pending();
    told
}

/// The payload of the newest delivery of this event.
pub(crate) fn payload(github: &FakeGithub, event: &str) -> Value {
    let all = github.deliveries();
    let found = all.iter().rev().find(|delivery| delivery.event == event).unwrap();
    serde_json::from_slice(&found.body).unwrap()
}

const CI: &str = ".github/workflows/ci.yml";
const RUNS: &str = "/repos/acme/web/actions/runs";

#[tokio::test]
async fn a_run_is_told_from_its_beginning_to_its_end() {
    let github = stage("", "").await;
    let client = Client::of(&github).await;
    let id = github.start_run(Run::new("bob", "acme/web", CI)).await.unwrap();
    assert!(id > u64::from(u32::MAX));
    let begun = ["workflow_run.requested", "workflow_job.queued", "workflow_job.in_progress"];
    assert_eq!(told(&github), [&begun[..], &["workflow_run.in_progress"]].concat());
    let run = payload(&github, "workflow_run");
    assert_eq!(run["workflow_run"]["triggering_actor"]["login"], "bob");
    assert_eq!(run["workflow"]["path"], CI);
    github
        .complete(Complete { repo: "acme/web".into(), conclusion: "failure".into(), run: None })
        .await
        .unwrap();
    assert_eq!(told(&github), ["workflow_job.completed", "workflow_run.completed"]);

    github.rerun(Rerun { actor: "erin".into(), repo: "acme/web".into(), run: Some(1) }).await.unwrap();
    assert!(github.rerun(Rerun { actor: "erin".into(), repo: "acme/web".into(), run: None }).await.is_err());
    let (status, run) = client.get(&format!("{RUNS}/{id}")).await;
    assert_eq!((status, &run["status"], &run["run_attempt"]), (200, &json!("in_progress"), &json!(2)));
    assert_eq!((&run["actor"]["login"], &run["triggering_actor"]["login"]), (&json!("bob"), &json!("erin")));
    let (_, first) = client.get(&format!("{RUNS}/{id}/attempts/1")).await;
    assert_eq!(
        (&first["conclusion"], &first["triggering_actor"]["login"]),
        (&json!("failure"), &json!("bob"))
    );
    assert_eq!(client.get(&format!("{RUNS}/{id}/attempts/3")).await.0, 404);
    assert_eq!(client.get(&format!("{RUNS}/{id}/jobs")).await.1["total_count"], 1);
    assert_eq!(client.get(&format!("{RUNS}/{id}/jobs?filter=all")).await.1["total_count"], 2);
    let (_, workflow) =
        client.get(&format!("/repos/acme/web/actions/workflows/{}", run["workflow_id"])).await;
    assert_eq!(workflow, client.get("/repos/acme/web/actions/workflows/ci.yml").await.1);
    let head = github.branch("acme/web", "main").unwrap();
    let text = github.text();
    let line = format!(
        "  run 1 {CI} on push by bob (triggered by erin) at {head:.7} (main), attempt 2: in_progress\n"
    );
    assert!(text.contains(&(line + "    job build [ubuntu-latest]: in_progress\n")), "{text}");
    assert_eq!(github.unknown_routes(), Vec::<String>::new());
}

#[tokio::test]
async fn jobs_come_and_go_on_their_own_runners() {
    let github = stage("", "").await;
    let mut run = Run::new("bob", "acme/web", CI).event("workflow_dispatch");
    run.labels = vec!["self-hosted".into(), "gpu".into()];
    run.runner_group = Some("expensive".into());
    run.status = "queued".into();
    run.inputs.insert("target".into(), "moon".into());
    let id = github.start_run(run).await.unwrap();
    assert_eq!(told(&github), ["workflow_dispatch", "workflow_run.requested", "workflow_job.queued"]);
    assert_eq!(payload(&github, "workflow_dispatch")["inputs"], json!({ "target": "moon" }));
    let job = |job: &str, status: &str| Job {
        repo: "acme/web".into(),
        job: job.into(),
        status: status.into(),
        conclusion: "success".into(),
        ..Job::default()
    };
    github.job(job("build", "waiting")).await.unwrap();
    github.job(Job { labels: vec!["macos-latest".into()], ..job("test", "in_progress") }).await.unwrap();
    github.job(job("test", "completed")).await.unwrap();
    assert!(github.job(job("test", "sleeping")).await.is_err());
    let wanted = ["waiting", "in_progress", "completed"].map(|action| format!("workflow_job.{action}"));
    let got = told(&github);
    assert_eq!(
        got.iter().filter(|kind| kind.starts_with("workflow_job")).collect::<Vec<_>>(),
        wanted.iter().collect::<Vec<_>>()
    );
    let (_, jobs) = Client::of(&github).await.get(&format!("{RUNS}/{id}/jobs")).await;
    assert_eq!(jobs["jobs"][0]["labels"], json!(["self-hosted", "gpu"]));
    assert_eq!(jobs["jobs"][0]["runner_group_name"], "expensive");
    assert_eq!(jobs["jobs"][1]["conclusion"], "success");
    assert_eq!(github.runs("acme/web")[0].status, "waiting");
}

#[tokio::test]
async fn a_push_starts_what_says_so_where_the_stage_says_so() {
    let fork = "\n[[repos]]\nname = \"erin/web\"\nid = 3002\nfork_of = \"acme/web\"\n";
    let github = stage("runs_on_push = true\n", fork).await;
    assert_eq!(github.runs("acme/web"), [], "not for the first commit");
    let push = Push::new("bob", "acme/web", "fix")
        .file(".github/workflows/nightly.yml", "on:\n  schedule:\njobs:\n  push: {}\n")
        .file(".github/workflows/deploy.yaml", "name: Deploy\non: [push]\njobs: {}\n")
        .file(".github/workflows/README.md", "on: push\n");
    let head = github.push(push).await.unwrap();
    let started: Vec<String> = github.runs("acme/web").into_iter().map(|run| run.workflow).collect();
    assert_eq!(started, [CI, ".github/workflows/deploy.yaml"]);
    github.open(Open::new("bob", "acme/web", "fix")).await.unwrap();
    let client = Client::of(&github).await;
    let found = client
        .get(&format!("{RUNS}?head_sha={head}&branch=fix&actor=bob&event=push&status=in_progress&per_page=1"))
        .await
        .1;
    assert_eq!((&found["total_count"], found["workflow_runs"].as_array().unwrap().len()), (&json!(2), 1));
    assert_eq!(found["workflow_runs"][0]["name"], "Deploy");
    assert_eq!(found["workflow_runs"][0]["pull_requests"][0]["number"], 1);
    for other in ["head_sha=0", "branch=main", "actor=alice", "event=schedule", "status=completed"] {
        assert_eq!(client.get(&format!("{RUNS}?{other}")).await.1["total_count"], 0, "{other}");
    }
    github.push_as("erin", "erin/web", "patch", [("a", "b")]).await.unwrap();
    assert_eq!(github.runs("erin/web"), []);
    let run = Run::new("erin", "acme/web", CI).event("pull_request").branch("patch").from_fork("erin/web");
    let id = github.start_run(run).await.unwrap();
    github.open(Open::new("erin", "acme/web", "patch").from_fork("erin/web")).await.unwrap();
    let run = client.get(&format!("{RUNS}/{id}")).await.1;
    assert_eq!(
        (&run["head_repository"]["full_name"], &run["pull_requests"]),
        (&json!("erin/web"), &json!([]))
    );
    let missing = Run::new("bob", "acme/web", ".github/workflows/none.yml");
    assert!(github.start_run(missing).await.unwrap_err().to_string().contains("no workflow"));
    github.start_run(Run::new("Copilot", "acme/web", "dynamic/copilot-swe-agent/copilot")).await.unwrap();
}

#[tokio::test]
async fn a_cancel_ends_a_run_unless_it_hangs() {
    let github = stage("", "").await;
    let client = Client::of(&github).await;
    let id = github.start_run(Run::new("bob", "acme/web", CI)).await.unwrap();
    let cancel = |id: u64, how: &str| format!("{RUNS}/{id}/{how}");
    assert_eq!(client.call("POST", &cancel(id, "cancel"), None).await, (202, json!({})));
    assert_eq!(client.call("POST", &cancel(id, "cancel"), None).await.0, 409);
    assert_eq!(client.call("POST", &cancel(id, "force-cancel"), None).await.0, 409);
    assert_eq!(client.call("POST", &cancel(1, "cancel"), None).await.0, 404);
    let ended = payload(&github, "workflow_run");
    assert_eq!(ended["workflow_run"]["conclusion"], "cancelled");
    assert_eq!(ended["sender"]["login"], "portcullis[bot]");

    let id = github.start_run(Run::new("bob", "acme/web", CI).hangs()).await.unwrap();
    assert_eq!(client.call("POST", &cancel(id, "cancel"), None).await.0, 202);
    assert_eq!(github.runs("acme/web")[1].status, "in_progress");
    let reader = Client::with(&github, json!({ "permissions": { "actions": "read" } })).await;
    assert_eq!(reader.call("POST", &cancel(id, "force-cancel"), None).await.0, 403);
    assert_eq!(client.call("POST", &cancel(id, "force-cancel"), None).await.0, 202);
    assert_eq!(github.runs("acme/web")[1].conclusion.as_deref(), Some("cancelled"));
}

#[tokio::test]
async fn a_cancel_can_go_wrong_in_every_way() {
    let github = stage("", "").await;
    let client = Client::of(&github).await;
    let id = github.start_run(Run::new("bob", "acme/web", CI)).await.unwrap();
    let route = "POST /repos/*/*/actions/runs/*/cancel";
    let path = format!("{RUNS}/{id}/cancel");
    for status in [403, 404, 409, 422, 500, 502] {
        github.fail(route, Fault::Before(status), 1);
        assert_eq!(client.call("POST", &path, None).await.0, status);
    }
    github.fail(route, Fault::Secondary { retry_after: 60 }, 1);
    let (status, body) = client.call("POST", &path, None).await;
    assert!(status == 403 && body["message"].as_str().unwrap().contains("secondary rate limit"), "{body}");
    assert_eq!(github.runs("acme/web")[0].status, "in_progress");
    github.fail(route, Fault::After(502), 1);
    assert_eq!(client.call("POST", &path, None).await.0, 502);
    assert_eq!(github.runs("acme/web")[0].status, "completed");
}
