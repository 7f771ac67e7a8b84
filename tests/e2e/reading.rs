//! The verbs that read the store: `explain` and `deliveries`, while a gate serves from it.

use serde_json::{Value, json};

use crate::child::{Child, Den};
use crate::stage::{post, propose, unreadable_payload};

const UNREADABLE: &str = "00000000-0000-4000-a000-000000000004";
const UNKNOWN: &str = "00000000-0000-4000-a000-000000000005";

/// A gate that has seen an agent's pull request, an event that it does not know, and one that it could not read.
async fn told() -> (Den, Child) {
    let den = Den::new().await;
    let gate = den.serve(4).await;
    let number = propose(&den.github, "hello").await;
    den.github.deliver_all(&gate.webhook()).await;
    post(&den.github, &gate.webhook(), "star", UNKNOWN, r#"{"action":"created"}"#).await;
    post(&den.github, &gate.webhook(), "pull_request", UNREADABLE, &unreadable_payload()).await;
    den.shows(number, "action_required").await;
    den.at_rest().await;
    (den, gate)
}

/// The answer of a verb that goes well.
#[track_caller]
fn answer(den: &Den, arguments: &[&str]) -> String {
    let (code, out, err) = den.run(arguments);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{arguments:?}");
    out
}

/// The complaint of a verb that cannot answer.
#[track_caller]
fn complaint(den: &Den, arguments: &[&str]) -> String {
    let (code, out, err) = den.run(arguments);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{arguments:?}: {err}");
    err
}

#[tokio::test]
async fn deliveries_are_listed() {
    let (den, _gate) = told().await;
    let all = answer(&den, &["deliveries"]);
    let opened = all.lines().find(|line| line.contains("pull_request.opened") && line.contains("processed"));
    assert!(opened.is_some_and(|line| line.contains("acme/web")), "{all}");
    assert!(all.lines().any(|line| line.contains("star.created") && line.contains("ignored")), "{all}");

    let failed = answer(&den, &["deliveries", "--failed"]);
    assert!(failed.contains(UNREADABLE) && failed.contains("at `pull_request.number`"), "{failed}");
    assert!(!failed.contains("star") && !failed.contains("processed"), "{failed}");

    let newest = answer(&den, &["deliveries", "--limit", "1", "--json"]);
    let newest: Value = serde_json::from_str(&newest).unwrap();
    assert_eq!(newest.as_array().unwrap().len(), 1);

    let failed: Value = serde_json::from_str(&answer(&den, &["deliveries", "--failed", "--json"])).unwrap();
    let [one] = failed.as_array().unwrap().as_slice() else { panic!("{failed}") };
    assert_eq!(
        (&one["guid"], &one["event"], &one["state"], &one["error_path"], &one["repository"], &one["seen"]),
        (
            &json!(UNREADABLE),
            &json!("pull_request"),
            &json!("failed"),
            &json!("pull_request.number"),
            &json!("acme/web"),
            &json!(1)
        ),
    );
}

#[tokio::test]
async fn a_payload_is_shown_as_it_came() {
    let (den, _gate) = told().await;
    assert_eq!(answer(&den, &["deliveries", "--body", UNREADABLE]).trim_end(), unreadable_payload());
    let nobody = "00000000-0000-4000-a000-00000000ffff";
    assert!(complaint(&den, &["deliveries", "--body", nobody]).contains(nobody));
    assert!(complaint(&den, &["deliveries", "--body", "../x"]).contains("GUID"));
}

#[tokio::test]
async fn a_verdict_is_explained() {
    let (den, _gate) = told().await;
    let text = answer(&den, &["explain", "acme/web#1"]);
    for needed in ["everything", "rules.toml:", "routine", "Copilot", "Agents propose, people decide."] {
        assert!(text.contains(needed), "`{needed}` is missing in:\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "no colours into a pipe:\n{text}");
    let json: Value = serde_json::from_str(&answer(&den, &["explain", "acme/web#1", "--json"])).unwrap();
    assert_eq!(json["verdict"]["conclusion"], "action_required");
    assert_eq!(json["facts"]["pull"]["number"], 1);
    assert!(json["decided_at"].is_i64() && json["digest"].is_string(), "{json}");

    assert!(complaint(&den, &["explain", "acme/web#99"]).contains("`acme/web#99`"));
    assert!(complaint(&den, &["explain", "acme/web"]).contains("acme/web#12"), "it says how to write it");
}
