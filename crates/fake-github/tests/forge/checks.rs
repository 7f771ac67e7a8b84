//! Check runs and their limits.

use fake_github::{ForeignCheck, Rerequest};
use serde_json::{Value, json};

use crate::client::{Client, sample};

#[tokio::test]
async fn check_runs_are_posted_within_githubs_limits() {
    let github = sample().await;
    let client = Client::of(&github).await;
    let sha = github.pull_head("acme/web", 1).unwrap();
    let path = "/repos/acme/web/check-runs";
    let annotation = json!({
        "path": "src/button.ts", "start_line": 1, "end_line": 1, "annotation_level": "failure",
        "message": "m", "title": "t",
    });
    let output = |annotations: usize, summary: usize| json!({ "title": "t", "summary": "s".repeat(summary), "annotations": vec![annotation.clone(); annotations] });
    let base = json!({ "name": "portcullis", "head_sha": sha });
    let refused = [
        json!({ "head_sha": "f".repeat(40) }),
        json!({ "output": output(51, 1) }),
        json!({ "output": output(0, 65_536) }),
        json!({ "output": { "title": "t" } }),
        json!({ "conclusion": "stale" }),
        json!({ "status": "completed" }),
        json!({ "name": "n".repeat(256) }),
        json!({ "actions": [{ "label": "l".repeat(21), "description": "d", "identifier": "i" }] }),
        json!({ "output": { "title": "t", "summary": "s", "annotations": [
            { "path": "a", "start_line": 1, "end_line": 2, "start_column": 1, "annotation_level": "notice", "message": "m" },
        ] } }),
    ];
    for change in refused {
        let mut body = base.clone();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let (status, answer) = client.call("POST", path, Some(body)).await;
        assert_eq!(status, 422, "{change} {answer}");
    }
    let mut body = base.clone();
    body["output"] = output(50, 65_535);
    body["status"] = json!("in_progress");
    let (status, run) = client.call("POST", path, Some(body)).await;
    assert_eq!((status, &run["status"]), (201, &json!("in_progress")));
    let one = format!("{path}/{}", run["id"]);
    let update = json!({ "conclusion": "failure", "external_id": "x", "output": output(10, 3) });
    let (status, run) = client.call("PATCH", &one, Some(update)).await;
    assert_eq!((status, &run["status"]), (200, &json!("completed")));
    assert_eq!(run["output"]["annotations_count"], 60);
    let listed = client.get(&format!("{one}/annotations?per_page=1")).await.1;
    let blob = listed[0]["blob_href"].as_str().unwrap();
    assert!(blob.ends_with(&format!("/blob/{sha}/src/button.ts")), "{blob}");
    assert_eq!(github.check_run_posts(), (1, 1));
    let told: Vec<_> = github.pending().iter().filter_map(|delivery| delivery.action.clone()).collect();
    assert_eq!(told, ["opened", "created", "completed"]);
    let tip = client.pull(1).await["tip"]["nodes"][0]["commit"].clone();
    let seen = &tip["checkSuites"]["nodes"][0]["checkRuns"]["nodes"][0];
    assert_eq!((&seen["conclusion"], &seen["externalId"]), (&json!("FAILURE"), &json!("x")));
    let text = github.text();
    assert!(
        text.contains(
            "    check portcullis by portcullis: completed/failure, has external id\n      title: t\n"
        ),
        "{text}"
    );
    assert!(text.contains("        src/button.ts:1 failure t\n"), "{text}");
}

#[tokio::test]
async fn another_apps_check_run_is_not_ours_to_change() {
    let github = sample().await;
    let client = Client::of(&github).await;
    let check = ForeignCheck {
        app: "mallory".into(),
        repo: "acme/web".into(),
        pull: 1,
        name: "portcullis".into(),
        conclusion: "success".into(),
    };
    github.foreign_check(check).await.unwrap();
    let sha = github.pull_head("acme/web", 1).unwrap();
    let (_, list) = client.get(&format!("/repos/acme/web/commits/{sha}/check-runs")).await;
    assert_eq!(list["check_runs"][0]["app"]["slug"], "mallory");
    let path = format!("/repos/acme/web/check-runs/{}", list["check_runs"][0]["id"]);
    assert_eq!(client.call("PATCH", &path, Some(json!({ "conclusion": "failure" }))).await.0, 403);
    assert_eq!(client.pull(1).await["tip"]["nodes"][0]["commit"]["checkSuites"]["totalCount"], 0);
}

#[tokio::test]
async fn a_rerun_names_the_check_run() {
    let github = sample().await;
    let client = Client::of(&github).await;
    let sha = github.pull_head("acme/web", 1).unwrap();
    let press = Rerequest { actor: "bob".into(), repo: "acme/web".into(), pull: 1 };
    assert!(github.rerequest(press.clone()).await.is_err(), "nothing to re-run yet");
    let run = json!({ "name": "portcullis", "head_sha": sha, "conclusion": "success" });
    client.call("POST", "/repos/acme/web/check-runs", Some(run)).await;
    github.rerequest(press).await.unwrap();
    let payload: Value = serde_json::from_slice(&github.last_delivery().unwrap().body).unwrap();
    assert_eq!((&payload["action"], &payload["sender"]["login"]), (&json!("rerequested"), &json!("bob")));
    assert_eq!(payload["check_run"]["pull_requests"][0]["number"], 1);
}
