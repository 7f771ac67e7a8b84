//! Incidents: opened once, told once, brought further and never back.

use policy::facts::{Account, AccountKind};
use policy::incident::{Incident, Kind};
use policy::rules::Respond;

use super::*;

pub(super) fn incident(n: u64, group: Option<&str>) -> Incident {
    Incident {
        kind: Kind::Moved,
        once_key: format!("key-{n}"),
        group: group.map(str::to_owned),
        title: format!("robo pushed `{n}`"),
        who: Some(Account { id: UserId(9), login: "robo[bot]".to_owned(), kind: AccountKind::Bot }),
        agent: Some("robo".to_owned()),
        at: at(n.cast_signed()),
        findings: Vec::new(),
        respond: Respond::Report,
    }
}

/// A look that opens these, as T3 does.
pub(super) async fn opened(stage: &Stage, incidents: Vec<Incident>) {
    stage.deliver(pull(1), at(0)).await;
    let lease = stage.claim_one(at(0)).await;
    let action = ActionRecord { kind: "put_back".into(), once_key: "k".into(), body: "{}".into() };
    let intended = stage.store.intend_with(&lease, verdict("d1"), vec![action], incidents).await.unwrap();
    let refused = ActionOutcome::Refused { error: "a ruleset".to_owned() };
    stage
        .store
        .record(&lease, vec![(intended.actions[0].clone(), refused)], Next::Done, at(1))
        .await
        .unwrap();
}

fn all() -> IncidentFilter {
    IncidentFilter { limit: 50, ..IncidentFilter::default() }
}

#[tokio::test]
async fn an_incident_is_found_with_its_evidence_and_what_was_done() {
    let stage = stage().await;
    opened(&stage, vec![incident(1, None)]).await;
    let found = stage.store.incidents(&all()).await.unwrap();
    let [one] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((one.kind.as_str(), one.repo.as_str(), one.parts), ("moved", "acme/web", 1));
    assert_eq!((one.who.as_deref(), one.agent.as_deref()), (Some("robo[bot]"), Some("robo")));
    assert_eq!(stage.store.incident(&one.id).await.unwrap().as_ref(), Some(one));
    let parts = stage.store.incident_parts(&one.id).await.unwrap();
    assert_eq!(parts[0].incident, incident(1, None));
    let done = stage.store.actions(&parts[0].verdict).await.unwrap();
    assert_eq!((done[0].state, done[0].outcome.as_deref()), (ActionState::Refused, Some("a ruleset")));

    let only = |state, repo: Option<&str>| IncidentFilter {
        state,
        repo: repo.map(|repo| RepoName::parse(repo).unwrap()),
        limit: 5,
    };
    for (filter, count) in [
        (only(Some(IncidentState::Open), Some("acme/web")), 1),
        (only(Some(IncidentState::Closed), None), 0),
        (only(None, Some("acme/other")), 0),
    ] {
        assert_eq!(stage.store.incidents(&filter).await.unwrap().len(), count, "{filter:?}");
    }
}

#[tokio::test]
async fn an_incident_goes_further_and_never_back() {
    let stage = stage().await;
    opened(&stage, vec![incident(1, None)]).await;
    let id = stage.store.incidents(&all()).await.unwrap()[0].id.clone();
    let store = &stage.store;
    assert_eq!(store.acknowledge("INC-0", "alice", at(5)).await, Ok(None));
    assert_eq!(store.acknowledge(&id, "alice", at(5)).await, Ok(Some(IncidentState::Open)));
    assert_eq!(store.acknowledge(&id, "bob", at(6)).await, Ok(Some(IncidentState::Acknowledged)));
    let now = store.incident(&id).await.unwrap().unwrap();
    assert_eq!(
        (now.state, now.by.as_deref(), now.state_at),
        (IncidentState::Acknowledged, Some("alice"), at(5))
    );
    let before = store.close_incident(&id, "a drill", "bob", at(7)).await;
    assert_eq!(before, Ok(Some(IncidentState::Acknowledged)));
    assert_eq!(store.close_incident(&id, "again", "dana", at(8)).await, Ok(Some(IncidentState::Closed)));
    assert_eq!(store.acknowledge(&id, "dana", at(9)).await, Ok(Some(IncidentState::Closed)));
    let now = store.incident(&id).await.unwrap().unwrap();
    assert_eq!(
        (now.state, now.by.as_deref(), now.reason.as_deref()),
        (IncidentState::Closed, Some("bob"), Some("a drill"))
    );
}

#[tokio::test]
async fn a_burst_is_one_post_and_a_post_is_claimed_by_one() {
    let stage = stage().await;
    let store = &stage.store;
    opened(&stage, vec![incident(1, Some("sweep/9")), incident(2, Some("sweep/9")), incident(3, None)]).await;
    assert_eq!(store.fill_outbox("webhook", at(4)).await, Ok(2));
    assert_eq!(store.fill_outbox("webhook", at(4)).await, Ok(0));
    assert_eq!(store.fill_outbox("issues", at(4)).await, Ok(2), "each target once");

    let (first, second) = (
        store.claim_post("webhook", at(4)).await.unwrap().unwrap(),
        store.claim_post("webhook", at(4)).await.unwrap().unwrap(),
    );
    assert_ne!(first.incident(), second.incident());
    assert!(store.claim_post("webhook", at(5)).await.unwrap().is_none(), "both are under way");
    store.posted(&first, "taken", at(5)).await.unwrap();
    store.not_posted(&second, "answered 500", at(20), at(5)).await.unwrap();
    assert!(store.claim_post("webhook", at(19)).await.unwrap().is_none());
    let again = store.claim_post("webhook", at(20)).await.unwrap().unwrap();
    assert_eq!((again.incident(), again.attempts()), (second.incident(), 2));

    // Nobody has heard of it for more than a minute: somebody else tries. The late outcome of the first counts.
    let taken_over = store.claim_post("webhook", at(90)).await.unwrap().unwrap();
    assert_eq!((taken_over.incident(), taken_over.attempts()), (second.incident(), 3));
    store.not_posted(&again, "late", at(200), at(91)).await.unwrap();
    store.posted(&again, "taken", at(92)).await.unwrap();
    store.not_posted(&taken_over, "it was there", at(200), at(93)).await.unwrap();
    let posts = store.posts(second.incident()).await.unwrap();
    assert_eq!((posts[1].target.as_str(), posts[1].state), ("webhook", PostState::Posted));
    assert_eq!(posts[1].outcome.as_deref(), Some("taken"));
    assert!(store.claim_post("webhook", at(9_000)).await.unwrap().is_none());
}

#[tokio::test]
async fn what_is_closed_is_not_told_and_what_fails_for_days_is_given_up() {
    let stage = stage().await;
    let store = &stage.store;
    opened(&stage, vec![incident(1, None), incident(2, None)]).await;
    let ids = store.incidents(&all()).await.unwrap();
    store.close_incident(&ids[0].id, "a drill", "bob", at(3)).await.unwrap();
    assert_eq!(store.fill_outbox("webhook", at(4)).await, Ok(1));
    let mut tries = 0;
    for minute in 0..100 {
        let now = at(10 + minute * 100);
        let Some(errand) = store.claim_post("webhook", now).await.unwrap() else { break };
        store.not_posted(&errand, "answered 500", now, now).await.unwrap();
        tries += 1;
    }
    assert_eq!(tries, 24);
    assert_eq!(store.posts(&ids[1].id).await.unwrap()[0].state, PostState::GivenUp);
}
