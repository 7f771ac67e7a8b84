//! Deliveries in, leases out.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_at_once_share_transactions() {
    let stage = stage().await;
    let before = stage.store.counters();
    let tasks: Vec<_> = (0..1000)
        .map(|n| {
            let store = stage.store.clone();
            tokio::spawn(async move { store.accept(delivery(guid(n), pull(n % 250), at(0))).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), Ok(Accepted::New { subjects: 1 }));
    }
    let after = stage.store.counters();
    assert_eq!(after.operations - before.operations, 1000);
    let transactions = after.transactions - before.transactions;
    assert!(transactions <= 100, "{transactions} transactions");
    assert_eq!(stage.store.waiting().await.unwrap().subjects, 250);
    let all = DeliveryFilter { limit: 1000, ..DeliveryFilter::default() };
    assert_eq!(stage.store.deliveries(&all).await.unwrap().len(), 1000);
}

#[tokio::test]
async fn a_guid_counts_as_dealt_with_only_when_its_look_is_finished() {
    let stage = stage().await;
    let again = || stage.store.accept(delivery(guid(1), pull(1), at(0)));
    assert_eq!(again().await, Ok(Accepted::New { subjects: 1 }));
    assert_eq!(again().await, Ok(Accepted::Again));

    let lease = stage.claim_one(at(1)).await;
    assert_eq!(lease.generation(), 2);
    assert_eq!(again().await, Ok(Accepted::Again), "a redelivery during the look asks for one more");
    stage.store.finish(&lease, Next::Done, at(2)).await.unwrap();
    assert_eq!(stage.state(&guid(1)).await, DeliveryState::Queued);

    let lease = stage.claim_one(at(2)).await;
    stage.store.finish(&lease, Next::Done, at(3)).await.unwrap();
    assert_eq!(stage.state(&guid(1)).await, DeliveryState::Processed);
    assert_eq!(again().await, Ok(Accepted::AlreadyProcessed));
    assert!(stage.claim(at(9)).await.is_empty());
    let kept = stage.store.delivery(&guid(1)).await.unwrap().unwrap();
    assert_eq!((kept.seen, kept.settled_at), (4, Some(at(3))));
}

#[tokio::test]
async fn deliveries_during_a_lease_cost_exactly_one_more_look() {
    let stage = stage().await;
    stage.deliver(pull(1), at(0)).await;
    let lease = stage.claim_one(at(0)).await;
    for second in 1..=20 {
        stage.deliver(pull(1), at(second)).await;
        assert!(stage.claim(at(second)).await.is_empty(), "leased");
    }
    stage.store.finish(&lease, Next::Done, at(21)).await.unwrap();
    assert_eq!(stage.store.next_due().await.unwrap(), Some(at(21)));

    let lease = stage.claim_one(at(21)).await;
    assert_eq!(lease.generation(), 21);
    assert_eq!(lease.floor().updated_at, Some(at(20)));
    stage.store.finish(&lease, Next::Done, at(22)).await.unwrap();
    assert!(stage.claim(at(1000)).await.is_empty());
    assert_eq!(stage.store.next_due().await.unwrap(), None);
    let queued = DeliveryFilter { state: Some(DeliveryState::Queued), ..DeliveryFilter::default() };
    assert_eq!(stage.store.deliveries(&queued).await.unwrap(), []);
}

#[tokio::test]
async fn the_longest_waiting_come_first() {
    let stage = stage().await;
    for (number, second) in [(1, 30), (2, 10), (3, 20), (4, 40)] {
        stage.deliver(pull(number), at(second)).await;
    }
    let taken = stage.store.claim(at(50), LEASE, 2).await.unwrap();
    let keys: Vec<_> = taken.iter().map(|lease| lease.subject().key()).collect();
    assert_eq!(keys, ["pull/100/2", "pull/100/3"]);
    assert_eq!(stage.store.waiting().await.unwrap(), Waiting { subjects: 4, oldest: Some(at(10)) });
    let rest: Vec<_> = stage.claim(at(50)).await.iter().map(|lease| lease.subject().key()).collect();
    assert_eq!(rest, ["pull/100/1", "pull/100/4"]);
}

#[tokio::test]
async fn an_expired_lease_passes_on_and_the_old_holder_may_do_nothing() {
    let stage = stage().await;
    stage.deliver(pull(1), at(0)).await;
    let old = stage.claim_one(at(0)).await;
    assert!(stage.claim(at(59)).await.is_empty());
    let new = stage.claim_one(at(60)).await;
    assert_ne!(old.token(), new.token());
    assert_eq!((old.attempts(), new.attempts()), (0, 1), "a takeover counts as an attempt");

    let lost = Err(StoreError::LeaseLost);
    assert_eq!(stage.store.renew(&old, at(500)).await, lost);
    assert_eq!(stage.store.release(&old, at(61)).await, lost);
    assert_eq!(stage.store.finish(&old, Next::Done, at(61)).await, lost);
    let intended = stage.store.intend(&old, verdict("d1"), Vec::new()).await;
    assert_eq!(intended.unwrap_err(), StoreError::LeaseLost);
    assert_eq!(stage.store.latest_verdict(&pull(1)).await.unwrap(), None);

    stage.store.renew(&new, at(500)).await.unwrap();
    assert!(stage.claim(at(499)).await.is_empty(), "renewed");
    stage.store.finish(&new, Next::Done, at(499)).await.unwrap();
}

#[tokio::test]
async fn a_retry_keeps_the_delivery_owed_and_counts() {
    let stage = stage().await;
    let owed = stage.deliver(pull(1), at(0)).await;
    for attempts in 0..3 {
        let lease = stage.claim_one(at(i64::from(attempts) * 100)).await;
        assert_eq!(lease.attempts(), attempts);
        let now = at(i64::from(attempts) * 100 + 1);
        let next =
            Next::Retry { at: at(i64::from(attempts + 1) * 100), error: "the forge\0 lags".to_owned() };
        stage.store.finish(&lease, next, now).await.unwrap();
        assert!(stage.claim(now).await.is_empty(), "not before it is due");
    }
    assert_eq!(stage.state(&owed).await, DeliveryState::Queued);
    assert_eq!(stage.store.last_error(&pull(1)).await.unwrap().as_deref(), Some("the forge lags"));

    // News bring it forward.
    stage.deliver(pull(1), at(210)).await;
    let lease = stage.claim_one(at(210)).await;
    stage.store.finish(&lease, Next::At(at(900)), at(211)).await.unwrap();
    assert_eq!(stage.state(&owed).await, DeliveryState::Processed);
    assert_eq!(stage.store.last_error(&pull(1)).await.unwrap(), None);
    assert!(stage.claim(at(899)).await.is_empty());
    assert_eq!(stage.claim_one(at(900)).await.attempts(), 0);
}

#[tokio::test]
async fn a_released_lease_is_free_at_once() {
    let stage = stage().await;
    stage.deliver(pull(1), at(0)).await;
    let lease = stage.claim_one(at(0)).await;
    stage.store.release(&lease, at(1)).await.unwrap();
    assert_eq!(stage.claim_one(at(1)).await.attempts(), 0);
}

#[tokio::test]
async fn two_replicas_never_hold_the_same_subject() {
    let stage = stage().await;
    let other = Store::open(&stage.url, StoreOptions::default()).await.unwrap();
    for number in 0..200 {
        stage.deliver(pull(number), at(0)).await;
    }
    let rounds = (0..20).map(|n| {
        let store = if n % 2 == 0 { stage.store.clone() } else { other.clone() };
        tokio::spawn(async move { store.claim(at(1), LEASE, 20).await.unwrap() })
    });
    let mut keys = Vec::new();
    for task in rounds.collect::<Vec<_>>() {
        keys.extend(task.await.unwrap().iter().map(|lease| lease.subject().key()));
    }
    let taken = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!((taken, keys.len()), (200, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_share_subjects_finish_every_delivery() {
    let stage = stage().await;
    let other = Store::open(&stage.url, StoreOptions::default()).await.unwrap();
    let replicas = [stage.store.clone(), other];
    let both = |n: u64| {
        let (a, b) = (Target::Subject(pull(n % 5)), Target::Subject(pull((n * 3 + 1) % 5)));
        let fate = Fate::Queue {
            targets: vec![a, b],
            floor: Floor::default(),
            pusher: Some(actor(n + 1)),
            evidence: None,
        };
        NewDelivery { fate, ..delivery(guid(n), pull(0), at(0)) }
    };
    let taking: Vec<_> = (0..120_u64)
        .map(|n| {
            let (store, delivery) = (replicas[usize::from(n % 2 == 0)].clone(), both(n / 2));
            tokio::spawn(async move { store.accept(delivery).await })
        })
        .collect();
    let looking: Vec<_> = replicas
        .iter()
        .map(|store| {
            let store = store.clone();
            tokio::spawn(async move {
                for _ in 0..40 {
                    for lease in store.claim(at(1), LEASE, 2).await.unwrap() {
                        store.intend(&lease, verdict("d"), Vec::new()).await.unwrap();
                        store.finish(&lease, Next::Done, at(1)).await.unwrap();
                    }
                }
            })
        })
        .collect();
    for task in taking {
        task.await.unwrap().unwrap();
    }
    for task in looking {
        task.await.unwrap();
    }
    for lease in stage.claim(at(2)).await {
        stage.store.finish(&lease, Next::Done, at(2)).await.unwrap();
    }
    for n in 0..60 {
        assert_eq!(stage.state(&guid(n)).await, DeliveryState::Processed, "{n}");
    }
}

#[tokio::test]
async fn a_burst_of_every_kind_gets_each_its_own_answer() {
    let stage = stage().await;
    stage.store.accept(delivery(guid(0), pull(0), at(0))).await.unwrap();
    let good = |n| delivery(guid(n), pull(n % 3), at(0));
    let ignored = NewDelivery { fate: Fate::Ignore { reason: "unknown event".to_owned() }, ..good(2) };
    let failed = NewDelivery { fate: Fate::Fail { path: "x".to_owned(), error: "y".to_owned() }, ..good(3) };
    let burst = [good(0), good(1), ignored.clone(), failed, good(1), ignored, good(4)];
    let before = stage.store.counters().transactions;
    let answers = futures_util::future::join_all(burst.map(|delivery| stage.store.accept(delivery))).await;
    assert_eq!(stage.store.counters().transactions - before, 1);
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    let new = |subjects| Accepted::New { subjects };
    let expected =
        [Accepted::Again, new(1), new(0), new(0), Accepted::Again, Accepted::AlreadyProcessed, new(1)];
    assert_eq!(answers, expected);
    let looks: Vec<_> =
        stage.claim(at(1)).await.iter().map(|lease| (lease.subject().key(), lease.generation())).collect();
    assert_eq!(looks, [("pull/100/0".to_owned(), 2), ("pull/100/1".to_owned(), 3)]);
}

#[tokio::test]
async fn floors_only_rise_and_agree_with_the_core() {
    let stage = stage().await;
    use policy::facts::ReviewState::{Approved, ChangesRequested, Commented, Dismissed};
    let told = [
        (5, 1, None),
        (3, 2, Some((7, Approved))),
        (5, 3, None),
        (4, 4, Some((6, Commented))),
        (9, 5, Some((7, Dismissed))),
        (9, 5, Some((7, Approved))),
        (0, 6, Some((8, ChangesRequested))),
        (9, 7, Some((7, Dismissed))),
    ];
    let mut expected = Floor::default();
    for (second, head, review) in told {
        let updated_at = (second > 0).then(|| at(second));
        let review = review.map(|(id, state)| ReviewFloor { id, state });
        let floor = Floor { updated_at, head: Some(sha(head)), review };
        expected = expected.raise(floor.clone());
        let fate =
            Fate::Queue { targets: vec![Target::Subject(pull(1))], floor, pusher: None, evidence: None };
        let accepted = stage.store.accept(NewDelivery { fate, ..delivery(fresh_guid(), pull(1), at(20)) });
        accepted.await.unwrap();
        let lease = stage.claim_one(at(20)).await;
        assert_eq!(lease.floor(), &expected);
        stage.store.release(&lease, at(20)).await.unwrap();
    }
}

#[tokio::test]
async fn a_head_wakes_every_subject_that_has_it() {
    let stage = stage().await;
    for number in [1, 2] {
        stage.deliver(pull(number), at(0)).await;
    }
    // The verdict of the third was for the head that the others were told of since.
    let floor = Floor { updated_at: Some(at(0)), head: Some(sha(9)), review: None };
    let fate = Fate::Queue { targets: vec![Target::Subject(pull(3))], floor, pusher: None, evidence: None };
    stage.store.accept(NewDelivery { fate, ..delivery(fresh_guid(), pull(3), at(0)) }).await.unwrap();
    for lease in stage.claim(at(1)).await {
        if lease.subject() == &pull(3) {
            stage.store.intend(&lease, verdict("d"), Vec::new()).await.unwrap();
        }
        stage.store.finish(&lease, Next::Done, at(2)).await.unwrap();
    }

    let ask = |head| {
        let target = Target::Head {
            repo_id: RepoId(100),
            repo: RepoName::parse("acme/renamed").unwrap(),
            installation: InstallationId(8),
            head,
        };
        // Named twice: counted once.
        let targets = vec![target.clone(), Target::Subject(pull(2)), target];
        Fate::Queue { targets, floor: Floor::default(), pusher: None, evidence: None }
    };
    let again = delivery(guid(1), pull(1), at(3));
    let accepted = stage.store.accept(NewDelivery { fate: ask(sha(1)), ..again.clone() }).await;
    assert_eq!(accepted, Ok(Accepted::New { subjects: 3 }));
    let leases = stage.claim(at(3)).await;
    assert_eq!(leases.len(), 3);
    assert_eq!(leases[0].subject().repo().name(), "renamed");
    assert_eq!(leases[0].floor().head, Some(sha(1)), "asking for a look does not lower the floor");
    for (done, lease) in leases.iter().enumerate() {
        assert_eq!(stage.state(&guid(1)).await, DeliveryState::Queued, "after {done} of 3");
        stage.store.finish(lease, Next::Done, at(4)).await.unwrap();
    }
    assert_eq!(stage.state(&guid(1)).await, DeliveryState::Processed);

    let only_head = Fate::Queue {
        targets: vec![Target::Head {
            repo_id: RepoId(100),
            repo: RepoName::parse("acme/web").unwrap(),
            installation: InstallationId(7),
            head: sha(77),
        }],
        floor: Floor::default(),
        pusher: None,
        evidence: None,
    };
    let nobody = NewDelivery { guid: guid(2), fate: only_head, ..again };
    assert_eq!(stage.store.accept(nobody).await, Ok(Accepted::New { subjects: 0 }));
    assert_eq!(stage.state(&guid(2)).await, DeliveryState::Ignored);
}

#[tokio::test]
async fn ignored_and_failed_ones_are_kept_and_taken_again_once_understood() {
    let stage = stage().await;
    let good = delivery(guid(1), pull(1), at(0));
    let ignored = NewDelivery { fate: Fate::Ignore { reason: "unknown event".to_owned() }, ..good.clone() };
    let failed = NewDelivery {
        guid: guid(2),
        fate: Fate::Fail { path: "pull_request.head".to_owned(), error: "missing".to_owned() },
        ..good.clone()
    };
    for delivery in [&ignored, &failed] {
        assert_eq!(stage.store.accept(delivery.clone()).await, Ok(Accepted::New { subjects: 0 }));
        assert_eq!(stage.store.accept(delivery.clone()).await, Ok(Accepted::AlreadyProcessed));
    }
    assert!(stage.claim(at(1)).await.is_empty());
    let listed = stage.store.failed_deliveries(10).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].error_path.as_deref(), Some("pull_request.head"));
    assert_eq!(stage.store.delivery_body(&guid(2)).await.unwrap().unwrap(), good.body);

    for n in [1, 2] {
        let understood = NewDelivery { guid: guid(n), ..good.clone() };
        assert_eq!(stage.store.accept(understood).await, Ok(Accepted::New { subjects: 1 }));
        assert_eq!(stage.state(&guid(n)).await, DeliveryState::Queued);
    }
    let kept = stage.store.delivery(&guid(2)).await.unwrap().unwrap();
    assert_eq!((kept.error_path, kept.error), (None, None));
}

#[tokio::test]
async fn who_pushed_is_told_once_each_with_the_newest_push_first() {
    let stage = stage().await;
    for (n, who) in [(1, 5), (1, 5), (2, 6), (3, 5), (4, 7), (5, 6)] {
        let mut push = delivery(guid(n), pull(1), at(i64::try_from(n).unwrap()));
        if let Fate::Queue { pusher, floor, .. } = &mut push.fate {
            *pusher = Some(actor(who));
            floor.head = Some(sha(u8::try_from(n).unwrap()));
        }
        stage.store.accept(push).await.unwrap();
    }
    let pushers = stage.store.pushers(&pull(1)).await.unwrap();
    let told: Vec<_> = pushers.iter().map(|p| (p.actor.id.0, p.delivery.clone(), p.head.clone())).collect();
    assert_eq!(told, [(6, guid(5), Some(sha(5))), (7, guid(4), Some(sha(4))), (5, guid(3), Some(sha(3)))]);
    assert_eq!(stage.store.pushers(&pull(2)).await.unwrap(), []);
}

#[test]
fn backoff_grows_to_a_cap_and_spreads() {
    let waits: Vec<_> = (0..12).map(|attempts| backoff(attempts, "pull/1/1").as_millis()).collect();
    assert!(waits[1..9].is_sorted(), "{waits:?}");
    for attempts in [0, 1, 9, 40, u32::MAX] {
        let wait = backoff(attempts, "pull/1/1");
        assert!(wait >= Duration::from_millis(750) && wait <= Duration::from_secs(300), "{wait:?}");
    }
    let spread: std::collections::BTreeSet<_> = (0..50).map(|n| backoff(9, &format!("pull/1/{n}"))).collect();
    assert!(spread.len() > 30, "{}", spread.len());
    assert_eq!(backoff(5, "pull/1/1"), backoff(5, "pull/1/1"));
}
