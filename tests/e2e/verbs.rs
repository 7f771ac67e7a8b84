//! The verbs `agents` and `incidents`, while a gate serves from the same store.

use policy::facts::{Account, AccountKind};
use policy::incident::{Incident, Kind};
use policy::rules::Respond;
use policy::{Millis, Sha, UserId};
use portcullis::store::{ActionOutcome, ActionRecord, Next, VerdictRecord};
use serde_json::Value;

use crate::child::{Child, Den};
use crate::stage::{propose, push};

async fn serving() -> (Den, Child, u64) {
    let den = Den::new().await;
    let gate = den.serve(4).await;
    let number = propose(&den.github, "hello").await;
    den.github.deliver_all(&gate.webhook()).await;
    den.shows(number, "action_required").await;
    den.at_rest().await;
    (den, gate, number)
}

#[track_caller]
fn says(den: &Den, code: i32, arguments: &[&str]) -> String {
    let (ended, out, err) = den.run(arguments);
    assert_eq!(ended, Some(code), "{arguments:?}: {out}{err}");
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn suspending_follows_until_the_forge_shows_it_and_resuming_ends_it() {
    let (den, gate, number) = serving().await;
    assert!(says(&den, 0, &["agents", "list"]).contains("active"));
    let (code, _, err) = den.run(&["agents", "suspend", "nobody", "--reason", "x"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("`copilot`"), "it names those that there are: {err}");
    let (code, _, err) = den.run(&["agents", "suspend", "copilot", "--reason", "  "]);
    assert!(code == Some(2) && err.contains("--reason"), "{err}");

    let out = says(&den, 0, &["agents", "suspend", "copilot", "--reason", "a key leaked", "--by", "alice"]);
    assert!(out.contains("refuse pull requests   1 of 1") && out.contains("In full effect at"), "{out}");
    den.shows(number, "failure").await;
    // Running it again goes on following what is in force, and changes nothing of it.
    let again = says(&den, 0, &["agents", "suspend", "copilot", "--reason", "another", "--by", "bob"]);
    assert!(again.contains("In full effect at"), "{again}");
    let list: Value = serde_json::from_str(&says(&den, 0, &["agents", "list", "--json"])).unwrap();
    assert_eq!(list[0]["suspended"]["reason"], "a key leaked");
    assert_eq!(list[0]["suspended"]["by"], "alice");
    let shown = says(&den, 0, &["agents", "show", "copilot"]);
    assert!(shown.contains("suspended since") && shown.contains("disable auto-merge"), "{shown}");

    says(&den, 0, &["agents", "resume", "copilot", "--by", "bob"]);
    says(&den, 1, &["agents", "resume", "copilot"]);
    den.shows(number, "action_required").await;
    let shown: Value =
        serde_json::from_str(&says(&den, 0, &["agents", "show", "copilot", "--json"])).unwrap();
    assert_eq!(shown["suspended"], Value::Null);
    assert_eq!(shown["suspensions"][0]["ended_by"], "bob");
    assert_eq!(shown["suspensions"][0]["steps"][4]["step"], "report");
    drop(gate);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_gate_a_suspension_is_written_down_and_not_in_effect() {
    let (den, gate, _) = serving().await;
    drop(gate);
    let out = says(&den, 1, &["agents", "suspend", "copilot", "--reason", "r", "--wait", "1"]);
    assert!(out.contains("0 of 1") && out.contains("Not in full effect yet"), "{out}");
    // Resumed by whoever serves next.
    let gate = den.serve(4).await;
    let out = says(&den, 0, &["agents", "suspend", "copilot", "--reason", "r", "--by", "alice"]);
    assert!(out.contains("In full effect at"), "{out}");
    drop(gate);
}

/// An incident as a look opens it, with hostile text, and what came of it.
async fn incident(den: &Den) {
    let store = den.store().await;
    let now = Millis(1_795_176_000_000);
    store.wake_all(now).await.unwrap();
    let later = Millis(now.0 + 120_000);
    let lease = store.claim(later, std::time::Duration::from_secs(60), 1).await.unwrap().remove(0);
    let record = VerdictRecord {
        seen: None,
        head: Sha::zero(),
        conclusion: "failure".to_owned(),
        enforcement: "active".to_owned(),
        digest: "d".to_owned(),
        rules_digest: "r".to_owned(),
        facts: "{}".to_owned(),
        verdict: "{}".to_owned(),
        decided_at: now,
    };
    let opened = Incident {
        kind: Kind::Moved,
        once_key: "ref/3001/refs/heads/main#1".to_owned(),
        group: None,
        title: "Copilot pushed `main\u{1b}[2J\u{202e}` in acme/web".to_owned(),
        who: Some(Account { id: UserId(198_982_749), login: "Copilot".to_owned(), kind: AccountKind::Bot }),
        agent: Some("copilot".to_owned()),
        at: now,
        findings: Vec::new(),
        respond: Respond::Revert,
    };
    let back = ActionRecord { kind: "put_back".into(), once_key: "k".into(), body: "{}".into() };
    let intended = store.intend_with(&lease, record, vec![back], vec![opened]).await.unwrap();
    let refused = ActionOutcome::Refused { error: "a ruleset\u{7} stands in the way".to_owned() };
    store.record(&lease, vec![(intended.actions[0].clone(), refused)], Next::Done, now).await.unwrap();
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_is_listed_shown_acknowledged_and_closed() {
    let (den, gate, _) = serving().await;
    drop(gate);
    assert_eq!(says(&den, 0, &["incidents"]), "No such incident.\n");
    incident(&den).await;
    let list = says(&den, 0, &["incidents"]);
    assert_eq!(list, says(&den, 0, &["incidents", "list", "--state", "open", "--repo", "acme/web"]));
    assert!(!list.contains('\u{1b}') && !list.contains('\u{202e}'), "{list:?}");
    let id = list.split_whitespace().nth(1).unwrap();
    assert!(id.starts_with("INC-"), "{list}");

    let shown = says(&den, 0, &["incidents", "show", id]);
    assert!(shown.contains("put back to where it stood: refused (a ruleset"), "{shown}");
    assert!(shown.contains("Copilot, agent `copilot`") && !shown.contains('\u{7}'), "{shown:?}");
    let json: Value = serde_json::from_str(&says(&den, 0, &["incidents", "show", id, "--json"])).unwrap();
    assert_eq!(json["about"][0]["actions"][0]["state"], "refused");
    assert_eq!(json["posts"], Value::Array(Vec::new()));

    assert!(says(&den, 0, &["incidents", "ack", id, "--by", "alice"]).contains("acknowledged by alice"));
    assert_eq!(says(&den, 0, &["incidents", "--state", "open"]), "No such incident.\n");
    let closed = says(&den, 0, &["incidents", "close", id, "--reason", "a drill", "--by", "bob"]);
    assert!(closed.contains("closed by bob") && closed.contains("a drill"), "{closed}");
    let again = says(&den, 1, &["incidents", "close", id, "--reason", "other", "--by", "dana"]);
    assert!(again.contains("closed by bob"), "{again}");
    says(&den, 1, &["incidents", "ack", id]);
    let (code, _, err) = den.run(&["incidents", "show", "INC-0"]);
    assert!(code == Some(2) && err.contains("`INC-0`"), "{err}");
    let (code, _, err) = den.run(&["incidents", "--state", "lost"]);
    assert!(code == Some(2) && err.contains("acknowledged"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_happened_is_explained_as_well() {
    let (den, gate, _) = serving().await;
    push(&den.github, "Copilot", "main", "sly").await;
    den.github.deliver_all(&gate.webhook()).await;
    den.at_rest().await;
    let text = says(&den, 0, &["explain", "acme/web/refs/heads/main"]);
    for words in [
        "Not passed: `refs/heads/main` in `acme/web`",
        "`Copilot` pushed `refs/heads/main`",
        "it is told of",
        "agent `copilot` may not push to the default branch",
        "Which rules",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let json: Value =
        serde_json::from_str(&says(&den, 0, &["explain", "acme/web/refs/heads/main", "--json"])).unwrap();
    assert_eq!(json["verdict"]["about"], "refs/heads/main");
    for (asked, words) in [("acme/web/run/1", "`acme/web/run/1`"), ("acme/web/odd/1", "acme/web/run/12")] {
        let (code, _, err) = den.run(&["explain", asked]);
        assert!(code == Some(2) && err.contains(words), "{err}");
    }
    drop(gate);
}
