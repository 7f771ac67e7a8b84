//! Telling the outside of incidents: a signed letter and an issue, each exactly once.

use std::time::Duration;

use policy::facts::{Account, AccountKind};
use policy::incident::{Incident, Kind};
use policy::rules::Respond;
use policy::{Sha, UserId};
use portcullis::config::Incidents;
use portcullis::operator;
use portcullis::store::{IncidentFilter, Next, PostState, VerdictRecord};
use secrecy::SecretString;

use crate::Gate;
use crate::stage::{FORGE, RULES, propose};

const SECRET: &str = "a-secret-of-the-operator";

fn forge() -> String {
    format!(
        "{FORGE}\n[[repos]]\nname = \"acme/incidents\"\nid = 3700\nadmins = [\"alice\"]\n\
         files = {{ \"README.md\" = \"incidents\\n\" }}\n\n[app]\npermissions = {{ checks = \"write\", \
         contents = \"read\", issues = \"write\", members = \"read\", metadata = \"read\", pull_requests = \"read\" }}\n"
    )
}

fn incident(gate: &Gate, n: u64) -> Incident {
    Incident {
        kind: Kind::Moved,
        once_key: format!("ref/3001/refs/heads/{n}#delivery"),
        group: Some("sweep/198982749".to_owned()),
        title: format!("Copilot forced `b{n}` @acme/security in acme/web"),
        who: Some(Account { id: UserId(198_982_749), login: "Copilot".to_owned(), kind: AccountKind::Bot }),
        agent: Some("copilot".to_owned()),
        at: gate.now(),
        findings: Vec::new(),
        respond: Respond::Revert,
    }
}

/// Two moves of one burst, opened in the transaction of a look, as looks do.
async fn burst(gate: &Gate, name: &str) -> String {
    propose(&gate.github, name).await;
    gate.github.deliver_all(&gate.webhook()).await;
    let store = &gate.running.gate().store;
    let leases = store.claim(gate.now(), Duration::from_secs(60), 10).await.unwrap();
    let lease = &leases[0];
    let record = VerdictRecord {
        seen: None,
        head: Sha::zero(),
        conclusion: "failure".to_owned(),
        enforcement: "active".to_owned(),
        digest: "d".to_owned(),
        rules_digest: "r".to_owned(),
        facts: "{}".to_owned(),
        verdict: "{}".to_owned(),
        decided_at: gate.now(),
    };
    let opened = vec![incident(gate, 1), incident(gate, 2)];
    store.intend_with(lease, record, Vec::new(), opened).await.unwrap();
    store.finish(lease, Next::Done, gate.now()).await.unwrap();
    let found = store.incidents(&IncidentFilter { limit: 9, ..IncidentFilter::default() }).await.unwrap();
    assert_eq!((found.len(), found[0].parts), (1, 2), "a burst is one incident");
    found[0].id.clone()
}

async fn telling(webhook: bool, issues: bool) -> Gate {
    let settings = move |url: String| Incidents {
        issues: issues.then(|| policy::RepoName::parse("acme/incidents").unwrap()),
        webhook: webhook.then(|| operator::Settings { url, secret: SecretString::from(SECRET) }),
    };
    Gate::telling(&forge(), RULES, settings).await
}

/// Tells until nothing is due within a day.
async fn tell(gate: &Gate) -> usize {
    let mut tries = 0;
    for _ in 0..20 {
        tries += gate.running.tell_of_incidents().await.unwrap();
        match gate.running.gate().store.next_post().await.unwrap() {
            Some(due) if due.0 > gate.now().0 => {
                gate.pass(Duration::from_millis(due.0.abs_diff(gate.now().0)));
            }
            Some(_) => {}
            None => return tries,
        }
    }
    tries
}

#[tokio::test]
async fn an_incident_is_posted_exactly_once_although_the_hook_failed_twice() {
    let gate = telling(true, false).await;
    let id = burst(&gate, "hello").await;
    gate.github.fail_operator_hook(2);
    assert_eq!(tell(&gate).await, 3);
    let gate = gate.restart().await;
    assert_eq!(tell(&gate).await, 0, "a restart tells nobody again");
    let letters = gate.github.operator_letters();
    assert_eq!(letters.iter().map(|letter| letter.status).collect::<Vec<_>>(), [500, 500, 204]);
    for letter in &letters {
        assert!(letter.is_signed_with(SECRET) && !letter.is_signed_with("another-secret"));
        let header = |name: &str| letter.headers.iter().find(|(known, _)| known == name).unwrap().1.clone();
        assert_eq!(header("x-portcullis-delivery"), id, "the same at every try");
        assert_eq!(header("content-type"), "application/json");
    }
    let told = letters[2].json();
    assert_eq!((&told["id"], &told["kind"]), (&id.clone().into(), &"moved".into()));
    assert_eq!(told["repository"], "acme/web");
    assert_eq!(told["who"]["id"], 198_982_749);
    assert_eq!((&told["parts_total"], told["parts"].as_array().unwrap().len()), (&2.into(), 2));
    let posts = gate.running.gate().store.posts(&id).await.unwrap();
    assert_eq!((posts[0].state, posts[0].attempts), (PostState::Posted, 3));
}

#[tokio::test]
async fn an_issue_is_opened_once_even_when_it_is_forgotten_that_it_was() {
    let gate = telling(false, true).await;
    let id = burst(&gate, "hello").await;
    assert_eq!(tell(&gate).await, 1);
    let text = gate.text();
    let ours = |text: &str| text.matches(&format!("portcullis:{id}")).count();
    assert_eq!((text.matches("issue #").count(), ours(&text)), (1, 1), "{text}");
    assert!(text.contains("by portcullis[bot]"), "{text}");
    // GitHub looks for mentions in the body, not in the title.
    let mut body = text.lines().filter(|line| line.starts_with("    | "));
    assert!(body.all(|line| !line.contains("@acme")), "{text}");
    let posts = gate.running.gate().store.posts(&id).await.unwrap();
    assert!(posts[0].outcome.as_deref().unwrap().contains("acme/incidents"), "{posts:?}");

    // Another store, as after a crash between both: the forge is asked, and has it already.
    let gate = gate.forgetting().await;
    let again = burst(&gate, "again").await;
    assert_eq!(again, id);
    assert_eq!(tell(&gate).await, 1);
    assert_eq!(ours(&gate.text()), 1, "{}", gate.text());
}

#[tokio::test]
async fn somebody_elses_issue_with_our_marker_hides_nothing() {
    let gate = telling(false, true).await;
    let id = burst(&gate, "hello").await;
    let theirs = fake_github::OpenIssue {
        actor: "bob".to_owned(),
        repo: "acme/incidents".to_owned(),
        title: "nothing to see".to_owned(),
        body: Some(format!("<!-- portcullis:{id} -->")),
        labels: Vec::new(),
    };
    gate.github.open_issue(theirs).await.unwrap();
    assert_eq!(tell(&gate).await, 1);
    assert_eq!(gate.text().matches("issue #").count(), 2, "{}", gate.text());
}

#[tokio::test]
async fn nobody_is_told_where_nobody_is_named() {
    let gate = telling(false, false).await;
    burst(&gate, "hello").await;
    assert_eq!(gate.running.tell_of_incidents().await.unwrap(), 0);
    assert!(gate.github.operator_letters().is_empty());
}
