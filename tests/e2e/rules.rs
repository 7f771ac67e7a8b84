//! The rules change while pull requests are open.

use fake_github::{Open, Push, Signature};
use serde_json::Value;

use crate::Gate;
use crate::child::{Child, Den, until};
use crate::stage::{FORGE, RULES, WEB, closed_rules, propose, push};

/// One letter too few. No rule is silenced by it.
fn invalid_rules() -> String {
    RULES.replace("require = \"routine\"", "require = \"routin\"")
}

async fn health(gate: &Gate) -> Value {
    let (status, body) = gate.get("/healthz").await;
    assert_eq!(status, 200, "invalid rules are no reason to restart");
    serde_json::from_str(&body).unwrap()
}

#[tokio::test]
async fn other_rules_are_another_verdict_on_everything_open() {
    let (gate, first) = Gate::with_approved_proposal().await;
    let second = propose(&gate.github, "second").await;
    gate.settle().await;
    gate.write_rules(&closed_rules()).await;
    gate.settle().await;
    gate.shows(first, "failure");
    gate.shows(second, "failure");
    gate.write_rules(RULES).await;
    gate.settle().await;
    gate.shows(first, "success");
    gate.shows(second, "action_required");
}

#[tokio::test]
async fn the_last_good_rules_stay_in_force_and_it_is_said_everywhere() {
    let (gate, number) = Gate::with_approved_proposal().await;
    let good = health(&gate).await;
    assert_eq!(good["rules"]["trouble"], Value::Null);

    gate.write_rules(&invalid_rules()).await;
    gate.settle().await;
    gate.shows(number, "success");
    assert!(gate.shown(number).contains("newest rules are invalid"), "{}", gate.shown(number));
    assert!(gate.summary(number).contains("`routin`"), "{}", gate.summary(number));
    let trouble = health(&gate).await;
    assert_eq!(trouble["rules"]["in_force"], good["rules"]["in_force"]);
    assert!(trouble["rules"]["trouble"].as_str().unwrap().contains("`routin`"), "{trouble}");

    // What is new is judged by them too.
    let new = propose(&gate.github, "new").await;
    gate.settle().await;
    gate.shows(new, "action_required");

    gate.write_rules(RULES).await;
    gate.settle().await;
    gate.shows(number, "success");
    assert!(!gate.shown(number).contains("invalid"), "{}", gate.shown(number));
    assert_eq!(health(&gate).await["rules"]["trouble"], Value::Null);
}

#[tokio::test]
async fn without_any_good_rules_everything_is_blocked() {
    let gate = Gate::start(FORGE, &invalid_rules()).await;
    let agents = propose(&gate.github, "hello").await;
    push(&gate.github, "bob", "bobs-fix", "by-hand").await;
    let persons = gate.github.open(Open::new("bob", WEB, "bobs-fix")).await.unwrap();
    gate.settle().await;
    for number in [agents, persons] {
        gate.shows(number, "failure");
        assert!(gate.summary(number).contains("`routin`"), "{}", gate.summary(number));
    }
    assert_eq!(health(&gate).await["rules"]["in_force"], Value::Null);

    gate.write_rules(RULES).await;
    gate.settle().await;
    gate.shows(agents, "action_required");
    gate.shows(persons, "success");
}

/// Whoever restarts to mend things does not lose the rules that were in force.
#[tokio::test]
async fn the_last_good_rules_survive_a_restart() {
    let den = Den::new().await;
    let gate = den.serve(1).await;
    let in_force = async |gate: &Child| {
        let health: Value = serde_json::from_str(&gate.get("/healthz").await.1).unwrap();
        health["rules"]["in_force"].clone()
    };
    let good = in_force(&gate).await;
    assert!(good.is_string(), "{good}");
    let store = den.store().await;
    until("they are remembered", async || store.kv_get("rules.last_good").await.unwrap().is_some()).await;
    store.close().await;
    gate.kill();
    std::fs::write(den.rules(), invalid_rules()).unwrap();
    let gate = den.serve(1).await;
    assert_eq!(in_force(&gate).await, good);
    let number = propose(&den.github, "hello").await;
    den.github.deliver_all(&gate.webhook()).await;
    den.shows(number, "action_required").await;
}

/// The file as people edit it: another process, the real watcher, the real metric.
#[tokio::test]
async fn the_file_is_read_again_when_it_changes() {
    let den = Den::new().await;
    let gate = den.serve(1).await;
    let metric = async |wanted: &str| {
        let metrics = gate.get("/metrics").await.1;
        metrics.lines().any(|line| line == format!("portcullis_rules_invalid {wanted}"))
    };
    until("the rules are valid", async || metric("0").await).await;
    std::fs::write(den.rules(), invalid_rules()).unwrap();
    until("the rules are invalid", async || metric("1").await).await;
    // Editors write another file and move it into place.
    let beside = den.rules().with_extension("new");
    std::fs::write(&beside, RULES).unwrap();
    std::fs::rename(&beside, den.rules()).unwrap();
    until("the rules are valid again", async || metric("0").await).await;
}

/// Whatever a pull request makes of the rules: it is judged by those that stand outside of it.
#[tokio::test]
async fn a_rule_never_comes_from_the_change_it_judges() {
    let gate = Gate::acme().await;
    let lax = RULES.replace("version = 1", "version = 1\n\n[gate]\nenforcement = \"disabled\"");
    for path in ["rules.toml", ".github/portcullis.toml"] {
        let branch = format!("copilot/{}", path.len());
        let edit =
            Push::new("Copilot", WEB, &branch).from("main").signed(Signature::by_github()).file(path, &lax);
        gate.github.push(edit).await.unwrap();
        let number = gate.github.open(Open::new("Copilot", WEB, &branch)).await.unwrap();
        gate.settle().await;
        gate.shows(number, "action_required");
        assert!(!gate.shown(number).contains("disabled"), "{path}: {}", gate.shown(number));
    }
}
