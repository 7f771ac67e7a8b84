//! What becomes of deliveries about workflow runs.

use policy::act::JobTold;
use policy::{RunId, RunSubject};

use super::*;

fn run(number: u64) -> Subject {
    Subject::Run(RunSubject {
        installation: InstallationId(7),
        repo_id: RepoId(100),
        repo: RepoName::parse("acme/web").unwrap(),
        run: RunId(number),
    })
}

#[tokio::test]
async fn a_run_is_queued_until_it_is_over() {
    let door = door().await;
    for (n, action) in ["requested", "in_progress", "completed"].into_iter().enumerate() {
        let told = payload(action, json!({ "workflow_run": { "id": 17_000_000_000_u64 } }));
        let answer = door.send(&format!("g-{n}"), "workflow_run", &told).await;
        assert_eq!(answer.body["outcome"], "queued", "{action}: {}", answer.body);
        let lease = door.claim().await.remove(0);
        assert_eq!(lease.subject(), &run(17_000_000_000));
        door.store.finish(&lease, Next::Done, NOW).await.unwrap();
    }
    let unreadable = payload("requested", json!({ "workflow_run": { "id": "17" } }));
    let answer = door.send("odd", "workflow_run", &unreadable).await;
    assert_eq!(
        (&answer.body["outcome"], &answer.body["field"]),
        (&json!("kept as failed"), &json!("workflow_run.id"))
    );
}

#[tokio::test]
async fn what_a_job_asks_for_is_kept_for_the_look() {
    let door = door().await;
    let job = json!({ "run_id": 17, "run_attempt": 2, "labels": ["self-hosted", "a\u{7}b"] });
    let more = json!({ "workflow_job": job, "deployment": { "environment": "production" } });
    assert_eq!(door.send("job", "workflow_job", &payload("queued", more)).await.body["outcome"], "queued");
    let kept = door.store.evidence(&run(17)).await.unwrap();
    assert_eq!(kept.len(), 1);
    let told: JobTold = serde_json::from_str(&kept[0].body).unwrap();
    let labels = ["self-hosted".to_owned(), "ab".to_owned()].into();
    let environment = Some("production".to_owned());
    assert_eq!(told, JobTold { attempt: 2, labels, environment });
    let over = payload("completed", json!({ "workflow_job": { "run_id": 17, "run_attempt": 2 } }));
    assert_eq!(door.send("over", "workflow_job", &over).await.body["outcome"], "ignored");
}

#[tokio::test]
async fn of_a_dispatch_only_the_run_is_judged() {
    let door = door().await;
    for (n, event) in ["workflow_dispatch", "repository_dispatch"].into_iter().enumerate() {
        let answer = door.send(&format!("d-{n}"), event, &payload("sample", json!({ "inputs": null }))).await;
        assert_eq!(
            (&answer.body["outcome"], &answer.body["reason"]),
            (&json!("ignored"), &json!("the run that it starts is judged"))
        );
    }
    assert!(door.claim().await.is_empty());
}
