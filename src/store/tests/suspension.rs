//! Suspensions: in force once, followed until they have taken effect, and started by strikes.

use policy::rules::{Suspension, suspension};
use policy::strike::Strike;

use super::incident::{incident, opened};
use super::*;

fn why(reason: &str, seconds: i64) -> Suspension {
    Suspension { reason: reason.to_owned(), by: "alice".to_owned(), at: at(seconds) }
}

#[tokio::test]
async fn one_suspension_is_in_force_until_it_is_ended() {
    let stage = stage().await;
    let store = &stage.store;
    assert!(store.suspended().await.unwrap().is_empty());
    assert_eq!(store.suspend("robo", &why("a key leaked", 1)).await, Ok(true));
    assert_eq!(store.suspend("robo", &why("another", 2)).await, Ok(false), "the first stands");
    assert_eq!(store.suspended().await.unwrap()["robo"], why("a key leaked", 1));
    assert_eq!(store.resume("robo", "bob", at(3)).await, Ok(true));
    assert_eq!(store.resume("robo", "bob", at(4)).await, Ok(false));
    assert_eq!(store.suspend("robo", &why("again", 5)).await, Ok(true));
    let past = store.suspensions(Some("robo")).await.unwrap();
    let told: Vec<_> = past.iter().map(|one| (one.id.as_str(), one.ended.clone())).collect();
    assert_eq!(told, [("robo@2", None), ("robo@1", Some((at(3), "bob".to_owned())))]);
    assert!(store.suspensions(Some("other")).await.unwrap().is_empty());
}

impl Stage {
    /// A pull request that was judged under this law.
    async fn judged(&self, number: u64, law: &str, actions: Vec<ActionRecord>) -> Vec<ActionId> {
        self.deliver(pull(number), at(0)).await;
        let lease = self.claim_one(at(100)).await;
        self.judge(lease, law, actions).await
    }

    async fn judge(&self, lease: Lease, law: &str, actions: Vec<ActionRecord>) -> Vec<ActionId> {
        let record = VerdictRecord { rules_digest: law.to_owned(), ..verdict("d") };
        let intended = self.store.intend(&lease, record, actions).await.unwrap();
        self.store.record(&lease, Vec::new(), Next::Done, at(100)).await.unwrap();
        intended.actions
    }

    async fn receipts(&self, now: i64) -> Vec<(u64, u64, u64, bool)> {
        let receipts = self.store.follow_suspension("robo", at(now)).await.unwrap();
        let steps: Vec<Step> = receipts.iter().map(|receipt| receipt.step).collect();
        assert!(receipts.is_empty() || steps == Step::ALL);
        receipts.iter().map(|r| (r.concerned, r.done, r.failed, r.at.is_some())).collect()
    }
}

#[tokio::test]
async fn receipts_are_complete_when_everything_open_was_judged_by_the_new_law() {
    let stage = stage().await;
    let store = &stage.store;
    assert!(stage.receipts(0).await.is_empty(), "nobody is suspended");
    for number in 1..=3 {
        stage.judged(number, "rules", Vec::new()).await;
    }
    store.suspend("robo", &why("a key leaked", 101)).await.unwrap();
    assert!(store.is_followed("robo").await.unwrap());
    let mark = suspension::mark(&store.suspended().await.unwrap()).unwrap();
    let law = format!("rules {mark}");
    assert_eq!(stage.receipts(102).await[0], (3, 0, 0, false));

    assert_eq!(store.wake_judged_otherwise(&law, at(102)).await, Ok(3));
    let stop = |number| ActionRecord {
        kind: "disable_auto_merge".to_owned(),
        once_key: format!("disable-auto-merge/acme/web#{number}"),
        body: "{}".to_owned(),
    };
    let mut leases = store.claim(at(200), LEASE, 10).await.unwrap();
    assert_eq!(leases.len(), 3);
    let record = VerdictRecord { rules_digest: law.clone(), decided_at: at(200), ..verdict("d2") };
    let one = leases.remove(0);
    let intended = store.intend(&one, record.clone(), vec![stop(1)]).await.unwrap();
    let done = vec![(intended.actions[0].clone(), ActionOutcome::Done { note: String::new() })];
    store.record(&one, done, Next::Done, at(200)).await.unwrap();
    let two = leases.remove(0);
    let retry = Next::Retry { at: at(210), error: "502".to_owned() };
    store.record(&two, Vec::new(), retry, at(200)).await.unwrap();
    let three = leases.remove(0);
    let shows = ActionRecord { kind: "show_check".into(), once_key: "c".into(), body: "{}".into() };
    store.intend(&three, record.clone(), vec![shows]).await.unwrap();
    // One is done, one failed for now, one is intended and not shown yet.
    let receipts = stage.receipts(201).await;
    assert_eq!(receipts[0], (3, 1, 1, false));
    assert_eq!(receipts[1], (1, 1, 0, false), "which are concerned is known when all were judged");
    assert_eq!((receipts[2], receipts[3]), ((0, 0, 0, true), (0, 0, 0, true)));

    let intended = store.intend(&three, record.clone(), vec![stop(3)]).await.unwrap();
    let refused = vec![(intended.actions[0].clone(), ActionOutcome::Refused { error: "403".to_owned() })];
    store.record(&three, refused, Next::Done, at(202)).await.unwrap();
    let two = stage.claim_one(at(211)).await;
    store.intend(&two, record, Vec::new()).await.unwrap();
    store.record(&two, Vec::new(), Next::Done, at(211)).await.unwrap();
    let receipts = stage.receipts(212).await;
    assert_eq!(receipts[0], (3, 3, 0, true));
    assert_eq!(receipts[1], (2, 1, 1, true));
    assert_eq!(receipts[4], (5, 4, 1, true));
    assert!(!store.is_followed("robo").await.unwrap());
    // What is complete stays, whatever comes later.
    stage.judged(9, "rules", Vec::new()).await;
    let id = store.suspensions(Some("robo")).await.unwrap()[0].id.clone();
    let kept = store.receipts(&id).await.unwrap();
    assert_eq!(stage.receipts(300).await[0], (3, 3, 0, true));
    assert_eq!((kept[0].at, kept[4].at), (Some(at(212)), Some(at(212))));
    store.resume("robo", "bob", at(400)).await.unwrap();
    assert!(stage.receipts(401).await.is_empty());
}

fn strike(agent: &str, n: u64) -> Strike {
    Strike {
        agent: agent.to_owned(),
        id: format!("move-{n}"),
        at: at(n.cast_signed()),
        reason: "put back again and again".to_owned(),
        incident: incident(1_000 + n, None),
    }
}

#[tokio::test]
async fn the_last_strike_that_is_borne_suspends_and_is_an_incident() {
    let stage = stage().await;
    let store = &stage.store;
    opened(&stage, Vec::new()).await;
    let verdict = store.latest_verdict(&pull(1)).await.unwrap().unwrap().id;
    let struck = async |subject: u64, strikes: Vec<Strike>, now: i64| {
        store.strike(&pull(subject), &verdict, strikes, 3, at(now)).await.unwrap()
    };
    let nobody: [&str; 0] = [];
    assert_eq!(struck(1, vec![strike("robo", 1), strike("robo", 2)], 10).await, nobody);
    assert_eq!(struck(1, vec![strike("robo", 2)], 11).await, nobody, "told twice, it counts once");
    assert_eq!(struck(2, vec![strike("robo", 3)], 12).await, nobody, "another branch");
    assert_eq!(struck(1, vec![strike("other", 4)], 13).await, nobody, "another agent");
    assert_eq!(struck(1, vec![strike("robo", 5)], 10 + 86_401).await, nobody, "those of yesterday are past");
    let today = 10 + 86_402;
    assert_eq!(struck(1, vec![strike("robo", 6), strike("robo", 7)], today).await, ["robo"]);
    let reason = &store.suspended().await.unwrap()["robo"];
    assert_eq!((reason.by.as_str(), reason.reason.as_str()), ("portcullis", "put back again and again"));
    let incidents = store.incidents(&IncidentFilter { limit: 9, ..IncidentFilter::default() }).await.unwrap();
    assert_eq!(incidents.len(), 1, "{incidents:?}");
    assert_eq!(struck(1, vec![strike("robo", 8)], today + 1).await, nobody, "it is suspended already");

    // What was before the end of a suspension is paid for.
    store.resume("robo", "alice", at(today + 2)).await.unwrap();
    assert_eq!(struck(1, vec![strike("robo", 9), strike("robo", 10)], today + 3).await, nobody);
    assert_eq!(struck(1, vec![strike("robo", 11)], today + 4).await, ["robo"]);
}
