//! Check runs: written once, in batches, never with doubled annotations.

use policy::{Action, CheckRunId, Conclusion, Floor, PullSubject, RepoId, RepoName, Sha, ShowCheck, Subject};
use serde_json::{Value, json};

use super::forge::{Forge, INSTALLATION, Reply};
use crate::github::{Applied, ForgeError};
use crate::lease::Lease;
use crate::report::{Annotation, CheckOutput, Level};

fn output(annotations: usize) -> CheckOutput {
    let annotation = |n| Annotation {
        path: format!("src/{n}.rs"),
        start_line: 1,
        end_line: 1,
        level: Level::Failure,
        title: "t".into(),
        message: "m".into(),
    };
    CheckOutput {
        title: "Blocked".into(),
        summary: "because".into(),
        annotations: (0..annotations).map(annotation).collect(),
    }
}

async fn show(forge: &Forge, existing: Option<u64>, output: &CheckOutput) -> Result<Applied, ForgeError> {
    show_as(forge, existing, output, "v1:digest").await
}

async fn show_as(
    forge: &Forge,
    existing: Option<u64>,
    output: &CheckOutput,
    external_id: &str,
) -> Result<Applied, ForgeError> {
    let subject = Subject::Pull(PullSubject {
        installation: INSTALLATION,
        repo_id: RepoId(5),
        repo: RepoName::parse("acme/web").unwrap(),
        number: 1,
    });
    let lease = Lease::grant(subject, 1, Floor::default(), "t".into(), 0);
    let action = Action::ShowCheck(ShowCheck {
        what: policy::Shows::Verdict,
        repository: RepoName::parse("acme/web").unwrap(),
        existing: existing.map(CheckRunId),
        head: Sha::parse(&"a".repeat(40)).unwrap(),
        name: "gate".into(),
        conclusion: Conclusion::Failure,
        external_id: external_id.into(),
    });
    forge.github.show_check(&lease, action.check().unwrap(), output).await
}

/// Every new run gets the next number from 100.
async fn forge() -> Forge {
    Forge::start(|asked, before| match asked.method.as_str() {
        "POST" => Reply::json(201, &json!({"id": 100 + before})),
        _ => Reply::json(200, &json!({"id": 1})),
    })
    .await
}

/// Method, path, number of annotations and external id of each write.
fn writes(forge: &Forge) -> Vec<(String, String, usize, String)> {
    let annotations = |body: &Value| body["output"]["annotations"].as_array().map_or(0, Vec::len);
    forge
        .requests()
        .iter()
        .map(|asked| {
            let path = asked.path.trim_start_matches("/repos/acme/web/").to_owned();
            let id = asked.body["external_id"].as_str().unwrap().to_owned();
            (asked.method.to_string(), path, annotations(&asked.body), id)
        })
        .collect()
}

fn wrote(method: &str, path: &str, annotations: usize, id: &str) -> (String, String, usize, String) {
    (method.into(), path.into(), annotations, id.into())
}

#[tokio::test]
async fn a_run_is_created_whole() {
    let forge = forge().await;
    assert_eq!(show(&forge, None, &output(1)).await, Ok(Applied::Created(CheckRunId(100))));
    assert_eq!(
        forge.requests()[0].body,
        json!({
            "name": "gate", "head_sha": "a".repeat(40), "status": "completed", "conclusion": "failure",
            "external_id": "v1:digest",
            "output": {"title": "Blocked", "summary": "because", "annotations": [{
                "path": "src/0.rs", "start_line": 1, "end_line": 1, "annotation_level": "failure",
                "title": "t", "message": "m",
            }]},
        })
    );
}

#[tokio::test]
async fn annotations_travel_in_batches_and_the_id_comes_with_the_last() {
    let forge = forge().await;
    show(&forge, None, &output(120)).await.unwrap();
    assert_eq!(
        writes(&forge),
        [
            wrote("POST", "check-runs", 50, "unfinished:v1:digest"),
            wrote("PATCH", "check-runs/100", 50, "unfinished:v1:digest"),
            wrote("PATCH", "check-runs/100", 20, "v1:digest"),
        ]
    );
    assert!(forge.requests()[1].body.get("head_sha").is_none());

    let forge = self::forge().await;
    show(&forge, None, &output(10_000)).await.unwrap();
    assert_eq!(forge.requests().len(), 10, "each batch is a call: there is an end to them");
}

#[tokio::test]
async fn a_run_without_annotations_is_updated_in_place() {
    let forge = forge().await;
    show(&forge, None, &output(0)).await.unwrap();
    assert_eq!(show(&forge, Some(100), &output(0)).await, Ok(Applied::Updated(CheckRunId(100))));
    assert_eq!(show(&forge, Some(100), &output(60)).await, Ok(Applied::Updated(CheckRunId(100))));
    assert_eq!(
        writes(&forge)[1..],
        [
            wrote("PATCH", "check-runs/100", 0, "v1:digest"),
            wrote("PATCH", "check-runs/100", 50, "unfinished:v1:digest"),
            wrote("PATCH", "check-runs/100", 10, "v1:digest"),
        ]
    );
}

#[tokio::test]
async fn the_same_annotations_are_not_sent_again() {
    let forge = forge().await;
    show(&forge, None, &output(60)).await.unwrap();
    let mut changed = output(60);
    changed.summary = "another reason".into();
    for _ in 0..2 {
        assert_eq!(show(&forge, Some(100), &changed).await, Ok(Applied::Updated(CheckRunId(100))));
    }
    assert_eq!(
        writes(&forge)[2..],
        [wrote("PATCH", "check-runs/100", 0, "v1:digest"), wrote("PATCH", "check-runs/100", 0, "v1:digest"),]
    );
}

#[tokio::test]
async fn other_annotations_need_a_new_run() {
    let forge = forge().await;
    show(&forge, None, &output(2)).await.unwrap();
    assert_eq!(show(&forge, Some(100), &output(1)).await, Ok(Applied::Created(CheckRunId(101))));
    assert_eq!(show(&forge, Some(101), &output(0)).await, Ok(Applied::Created(CheckRunId(102))));
    assert_eq!(
        show(&forge, Some(500), &output(0)).await,
        Ok(Applied::Created(CheckRunId(103))),
        "nobody remembers what that one carries"
    );
}

#[tokio::test]
async fn what_broke_off_in_the_middle_starts_over() {
    let forge = Forge::start(|asked, before| match (asked.method.as_str(), before) {
        ("PATCH", 1) => Reply::status(502),
        ("POST", _) => Reply::json(201, &json!({"id": 100 + before})),
        _ => Reply::json(200, &json!({"id": 1})),
    })
    .await;
    assert!(matches!(show(&forge, None, &output(60)).await, Err(ForgeError::Broken { .. })));
    assert_eq!(writes(&forge)[0].3, "unfinished:v1:digest", "a look would see that it is not done");
    assert_eq!(show(&forge, Some(100), &output(60)).await, Ok(Applied::Created(CheckRunId(102))));
}

#[tokio::test]
async fn a_run_that_the_forge_dropped_is_replaced() {
    let forge = Forge::start(|asked, before| match asked.method.as_str() {
        "PATCH" => Reply::status(404),
        _ => Reply::json(201, &json!({"id": 100 + before})),
    })
    .await;
    show(&forge, None, &output(0)).await.unwrap();
    assert_eq!(show(&forge, Some(100), &output(0)).await, Ok(Applied::Created(CheckRunId(102))));
}

#[tokio::test]
async fn an_unknown_outcome_is_told_and_nothing_more_is_sent() {
    let forge = Forge::start(|_, _| Reply::status(502)).await;
    assert!(matches!(show(&forge, None, &output(200)).await, Err(ForgeError::Broken { .. })));
    assert_eq!(forge.requests().len(), 1);
}

#[tokio::test]
async fn what_was_written_moments_ago_is_not_written_twice() {
    let forge = forge().await;
    show(&forge, None, &output(0)).await.unwrap();
    assert_eq!(show(&forge, None, &output(0)).await, Ok(Applied::Standing(CheckRunId(100))));
    assert_eq!(show(&forge, Some(90), &output(0)).await, Ok(Applied::Standing(CheckRunId(100))));
    assert_eq!(forge.requests().len(), 1);
    // Another verdict before the forge shows the run: the run is updated.
    let updated = show_as(&forge, None, &output(1), "v1:other").await;
    assert_eq!(updated, Ok(Applied::Updated(CheckRunId(100))));
    assert_eq!(writes(&forge)[1..], [wrote("PATCH", "check-runs/100", 1, "v1:other")]);
    // It carries an annotation now, so a verdict without one needs a new run.
    let created = show_as(&forge, None, &output(0), "v1:third").await;
    assert_eq!(created, Ok(Applied::Created(CheckRunId(102))));
    forge.pass(11 * 60_000);
    let created = show_as(&forge, None, &output(0), "v1:third").await;
    assert_eq!(created, Ok(Applied::Created(CheckRunId(103))), "no read lags that long");
}

#[tokio::test]
async fn disliked_annotations_are_left_out() {
    let forge =
        Forge::start(|asked, before| match (asked.method.as_str(), &asked.body["output"]["annotations"]) {
            (_, Value::Array(_)) => Reply::status(422),
            ("POST", _) => Reply::json(201, &json!({"id": 100 + before})),
            _ => Reply::json(200, &json!({"id": 1})),
        })
        .await;
    assert_eq!(show(&forge, None, &output(60)).await, Ok(Applied::Created(CheckRunId(101))));
    let updated = show_as(&forge, Some(101), &output(2), "v1:other").await;
    assert_eq!(updated, Ok(Applied::Updated(CheckRunId(101))));
    let tried: Vec<_> =
        writes(&forge).into_iter().map(|(method, _, annotations, _)| (method, annotations)).collect();
    let expected = [("POST", 50), ("POST", 0), ("PATCH", 2), ("PATCH", 0)];
    assert_eq!(tried, expected.map(|(method, annotations)| (method.to_owned(), annotations)));
}
