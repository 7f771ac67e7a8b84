//! What is published outside of runs: deployments made by API, releases, packages. Agents need leave; people do not.

use fake_github::{CreateDeployment, DeleteRelease, EditRelease, PublishPackage, Release};
use portcullis::store::IncidentFilter;

use crate::Gate;
use crate::stage::{FORGE, RULES, WEB, push};

fn may(verbs: &str) -> String {
    RULES.replace(r#"may = ["read", "propose"]"#, &format!("may = [{verbs}]"))
}

async fn gate(rules: &str) -> Gate {
    let gate = Gate::start(FORGE, rules).await;
    push(&gate.github, "bob", "main", "first").await;
    gate.settle().await;
    gate
}

async fn opened(gate: &Gate) -> Vec<(String, String)> {
    let filter = IncidentFilter { limit: 100, ..IncidentFilter::default() };
    let listed = gate.running.gate().store.incidents(&filter).await.unwrap();
    listed.into_iter().map(|incident| (incident.kind, incident.title)).collect()
}

async fn deployed(gate: &Gate, who: &str, reference: &str) {
    let made = CreateDeployment {
        actor: who.into(),
        repo: WEB.into(),
        reference: Some(reference.into()),
        environment: "production".into(),
        ..CreateDeployment::default()
    };
    gate.github.create_deployment(made).await.unwrap();
    gate.settle().await;
}

fn release(who: &str, tag: &str) -> Release {
    Release { actor: who.into(), repo: WEB.into(), tag: tag.into(), ..Release::default() }
}

async fn package(gate: &Gate, who: &str, version: &str) {
    let made = PublishPackage {
        actor: who.into(),
        repo: WEB.into(),
        name: "web".into(),
        kind: "npm".into(),
        version: version.into(),
    };
    gate.github.publish_package(made).await.unwrap();
    gate.settle().await;
}

#[tokio::test]
async fn a_deployment_that_an_agent_makes_by_itself_is_told_of() {
    let without = gate(RULES).await;
    deployed(&without, "Copilot", "main").await;
    let told = opened(&without).await;
    assert_eq!(told[0].0, "deployed");
    assert!(
        told[0].1.contains("Copilot deployed") && told[0].1.contains("outside of workflow runs"),
        "{told:?}"
    );
    deployed(&without, "bob", "main").await;
    assert_eq!(opened(&without).await.len(), 1, "people deploy what they like");

    let with = gate(&may("\"propose\", \"deploy\"")).await;
    deployed(&with, "Copilot", "main").await;
    assert_eq!(opened(&with).await, vec![]);
    push(&with.github, "Copilot", "copilot/fix", "fix").await;
    deployed(&with, "Copilot", "copilot/fix").await;
    assert_eq!(opened(&with).await.len(), 1, "its own branch is none to deploy from");
}

#[tokio::test]
async fn a_rule_that_asks_is_a_denial_where_nobody_was_asked() {
    let rules = may("\"propose\", \"deploy\"")
        + "\n[[rules]]\nid = \"production\"\non = [\"deployment\"]\nwhen = { environments = [\"production\"] }\n\
           require = \"routine\"\n";
    let gate = gate(&rules).await;
    deployed(&gate, "Copilot", "main").await;
    let told = opened(&gate).await;
    assert_eq!((told.len(), told[0].0.as_str()), (1, "deployed"));
}

#[tokio::test]
async fn releases_that_an_agent_touches_are_told_of() {
    let gate = gate(RULES).await;
    gate.github.publish_release(release("bob", "v1")).await.unwrap();
    gate.settle().await;
    assert_eq!(opened(&gate).await, vec![], "people release");

    let swap = EditRelease {
        actor: "Copilot".into(),
        repo: WEB.into(),
        tag: "v1".into(),
        assets: [("web.tar.gz".to_owned(), "other".to_owned())].into(),
        ..EditRelease::default()
    };
    gate.github.edit_release(swap).await.unwrap();
    gate.settle().await;
    let told = opened(&gate).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0, "published");
    assert!(told[0].1.contains("Copilot edited the release of tag `v1`"), "{told:?}");

    let gone = DeleteRelease { actor: "Copilot".into(), repo: WEB.into(), tag: "v1".into() };
    gate.github.delete_release(gone).await.unwrap();
    gate.settle().await;
    assert_eq!(opened(&gate).await.len(), 2);
}

#[tokio::test]
async fn an_agent_with_leave_releases_but_not_what_rules_forbid() {
    let rules = may("\"propose\", \"release\"")
        + "\n[[rules]]\nid = \"stable\"\non = [\"release\", \"tag\"]\nwhen = { tags = [\"v*\"] }\ndeny = true\n";
    let gate = gate(&rules).await;
    gate.github.publish_release(release("Copilot", "nightly-1")).await.unwrap();
    gate.settle().await;
    assert_eq!(opened(&gate).await, vec![]);
    gate.github.publish_release(release("Copilot", "v2")).await.unwrap();
    gate.settle().await;
    let kinds: Vec<String> = opened(&gate).await.into_iter().map(|(kind, _)| kind).collect();
    assert!(kinds.contains(&"published".to_owned()), "{kinds:?}");
}

#[tokio::test]
async fn packages_that_an_agent_publishes_are_told_of() {
    let without = gate(RULES).await;
    package(&without, "bob", "1.0.0").await;
    assert_eq!(opened(&without).await, vec![]);
    package(&without, "Copilot", "1.0.1").await;
    let told = opened(&without).await;
    assert_eq!(told.len(), 1);
    assert!(told[0].1.contains("published version `1.0.1` of npm package `web`"), "{told:?}");

    let with = gate(&may("\"release\"")).await;
    package(&with, "Copilot", "1.0.1").await;
    assert_eq!(opened(&with).await, vec![]);
}
