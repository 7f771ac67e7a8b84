//! Intentions and outcomes.

use super::*;

fn action(n: u8) -> ActionRecord {
    ActionRecord { kind: "show_check".to_owned(), once_key: format!("k{n}"), body: format!("{{\"n\":{n}}}") }
}

#[tokio::test]
async fn an_intention_is_there_before_its_outcome() {
    let stage = stage().await;
    stage.deliver(pull(1), at(0)).await;
    let lease = stage.claim_one(at(0)).await;
    let intended = stage.store.intend(&lease, verdict("d1"), vec![action(1), action(2)]).await.unwrap();
    let states = |actions: Vec<StoredAction>| {
        actions.iter().map(|action| (action.state, action.outcome.clone())).collect::<Vec<_>>()
    };
    let stored = stage.store.actions(&intended.verdict).await.unwrap();
    assert_eq!(stored[1].record, action(2));
    assert_eq!(states(stored), [(ActionState::Pending, None), (ActionState::Pending, None)]);

    let done = ActionOutcome::Done { note: "17".to_owned() };
    let failed = ActionOutcome::Failed { error: "502".to_owned() };
    stage.store.settle(&intended.actions[0], done, at(2)).await.unwrap();
    let retry = Next::Retry { at: at(5), error: "502".to_owned() };
    stage.store.record(&lease, vec![(intended.actions[1].clone(), failed)], retry, at(3)).await.unwrap();
    let stored = stage.store.actions(&intended.verdict).await.unwrap();
    assert_eq!(
        states(stored),
        [(ActionState::Done, Some("17".to_owned())), (ActionState::Failed, Some("502".to_owned()))]
    );

    let found = stage.store.latest_verdict(&pull(1)).await.unwrap().unwrap();
    assert_eq!((found.id, found.record), (intended.verdict, verdict("d1")));
    let repo = RepoName::parse("acme/web").unwrap();
    let by_number = stage.store.latest_verdict_of(&repo, 1).await.unwrap().unwrap();
    assert_eq!(by_number.subject_key, "pull/100/1");
    assert_eq!(stage.store.latest_verdict_of(&repo, 2).await.unwrap(), None);
}

#[tokio::test]
async fn the_same_verdict_adds_no_row_and_leftovers_are_superseded() {
    let stage = stage().await;
    stage.deliver(pull(1), at(0)).await;
    let crashed = stage.claim_one(at(0)).await;
    let first = stage.store.intend(&crashed, verdict("d1"), vec![action(1)]).await.unwrap();

    let lease = stage.claim_one(at(60)).await;
    let second = stage.store.intend(&lease, verdict("d1"), vec![action(1)]).await.unwrap();
    assert_eq!(first.verdict, second.verdict);
    assert_ne!(first.actions, second.actions);
    let states: Vec<_> =
        stage.store.actions(&first.verdict).await.unwrap().iter().map(|action| action.state).collect();
    assert_eq!(states, [ActionState::Superseded, ActionState::Pending]);

    // The crashed replica was only slow: what it did still gets written down.
    let outcome = (first.actions[0].clone(), ActionOutcome::Done { note: String::new() });
    let late = stage.store.record(&crashed, vec![outcome], Next::Done, at(61)).await;
    assert_eq!(late, Err(StoreError::LeaseLost));
    assert_eq!(stage.store.actions(&first.verdict).await.unwrap()[0].state, ActionState::Done);
    assert!(stage.store.renew(&lease, at(200)).await.is_ok(), "the new holder is undisturbed");

    let third = stage.store.intend(&lease, verdict("d2"), Vec::new()).await.unwrap();
    assert_ne!(third.verdict, second.verdict);
    assert_eq!(stage.store.latest_verdict(&pull(1)).await.unwrap().unwrap().record.digest, "d2");
}

#[tokio::test]
async fn a_head_shows_only_verdicts_that_stand() {
    let stage = stage().await;
    for number in [1, 2] {
        stage.deliver(pull(number), at(0)).await;
    }
    for lease in stage.claim(at(0)).await {
        stage.store.intend(&lease, verdict("d1"), Vec::new()).await.unwrap();
        if lease.subject() == &pull(2) {
            let moved = VerdictRecord { head: sha(2), ..verdict("d1") };
            stage.store.intend(&lease, moved, Vec::new()).await.unwrap();
        }
    }
    let keys = |verdicts: Vec<StoredVerdict>| {
        verdicts.into_iter().map(|verdict| verdict.subject_key).collect::<Vec<_>>()
    };
    assert_eq!(keys(stage.store.verdicts_for_head(RepoId(100), &sha(1)).await.unwrap()), ["pull/100/1"]);
    assert_eq!(keys(stage.store.verdicts_for_head(RepoId(100), &sha(2)).await.unwrap()), ["pull/100/2"]);
    assert_eq!(stage.store.verdicts_for_head(RepoId(101), &sha(1)).await.unwrap(), []);
}

#[tokio::test]
async fn what_is_closed_has_not_passed_whatever_stood_before() {
    let stage = stage().await;
    stage.deliver(pull(1), at(0)).await;
    let lease = stage.claim_one(at(0)).await;
    let stands = async |conclusion: &str| {
        let record = VerdictRecord { conclusion: conclusion.to_owned(), ..verdict(conclusion) };
        stage.store.intend(&lease, record, Vec::new()).await.unwrap();
        let of_head = stage.store.verdicts_for_head(RepoId(100), &sha(1)).await.unwrap().len();
        (stage.store.passed(RepoId(100), &sha(1), 1).await.unwrap(), of_head)
    };
    assert_eq!(stands("success").await, (true, 1));
    assert_eq!(stands(CLOSED).await, (false, 0));
    assert_eq!(stands("action_required").await, (false, 1));
    assert_eq!(stands("success").await, (true, 1));
}

#[tokio::test]
async fn pruning_forgets_the_settled_and_keeps_the_owed_and_the_standing() {
    let stage = stage().await;
    let done = stage.deliver(pull(1), at(0)).await;
    let lease = stage.claim_one(at(0)).await;
    let old = stage.store.intend(&lease, verdict("d1"), vec![action(1)]).await.unwrap();
    stage.store.intend(&lease, verdict("d2"), Vec::new()).await.unwrap();
    stage.store.finish(&lease, Next::Done, at(1)).await.unwrap();
    let owed = stage.deliver(pull(2), at(1)).await;

    let day = Duration::from_secs(86400);
    let retention = Retention { bodies: day, deliveries: 2 * day, verdicts: 2 * day };
    let none = stage.store.prune(at(86400), retention).await.unwrap();
    assert_eq!(none, Pruned::default());
    let bodies = stage.store.prune(at(86402), retention).await.unwrap();
    assert_eq!(bodies, Pruned { bodies: 1, deliveries: 0, verdicts: 0 });
    assert_eq!(stage.store.delivery_body(&done).await.unwrap(), None);
    assert!(stage.store.delivery(&done).await.unwrap().is_some());
    let rows = stage.store.prune(at(3 * 86400), retention).await.unwrap();
    assert_eq!(rows, Pruned { bodies: 0, deliveries: 1, verdicts: 1 });
    assert_eq!(stage.store.delivery(&done).await.unwrap(), None);
    assert_eq!(stage.store.actions(&old.verdict).await.unwrap(), []);
    assert_eq!(stage.store.latest_verdict(&pull(1)).await.unwrap().unwrap().record.digest, "d2");
    assert!(stage.store.delivery_body(&owed).await.unwrap().is_some());
}

#[tokio::test]
async fn having_nothing_to_forget_reads_no_table() {
    let stage = stage_on(sqlite_url()).await;
    for sql in [prune::BODIES, prune::DELIVERIES, prune::VERDICTS] {
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        let plan =
            sqlx::query(explain).bind(0_i64).bind(1_i64).fetch_all(&stage.store.readers).await.unwrap();
        let steps: Vec<String> = plan.iter().map(|row| sqlx::Row::get(row, "detail")).collect();
        assert!(steps.iter().all(|step| !step.starts_with("SCAN")), "{steps:?}");
        let by_moment = |step: &String| step.contains("_at<?");
        assert!(steps.iter().any(by_moment), "{steps:?}");
    }
}

#[tokio::test]
async fn pruning_takes_many_small_steps() {
    let stage = stage().await;
    for n in 0..120 {
        let ignored = Fate::Ignore { reason: "unknown event".to_owned() };
        let accepted = stage.store.accept(NewDelivery { fate: ignored, ..delivery(guid(n), pull(n), at(0)) });
        accepted.await.unwrap();
    }
    let before = stage.store.counters().operations;
    let (none, day) = (Duration::ZERO, Duration::from_secs(86400));
    let retention = Retention { bodies: none, deliveries: day, verdicts: day };
    assert_eq!(stage.store.prune(at(1), retention).await.unwrap().bodies, 120);
    assert_eq!(stage.store.counters().operations - before, 5, "50, 50, 20, and one look each at the others");
}

#[tokio::test]
async fn small_things_are_remembered() {
    let stage = stage().await;
    assert_eq!(stage.store.kv_get("rules").await.unwrap(), None);
    for value in ["one", "two"] {
        stage.store.kv_put("rules", value).await.unwrap();
        assert_eq!(stage.store.kv_get("rules").await.unwrap().as_deref(), Some(value));
    }
}

#[tokio::test]
async fn whoever_was_judged_by_other_rules_or_is_being_judged_is_woken() {
    let stage = stage().await;
    stage.deliver(pull(1), at(0)).await;
    let lease = stage.claim_one(at(0)).await;
    // Nothing stands yet, and a look is under way: whichever rules it began with, it looks once more.
    assert_eq!(stage.store.wake_judged_otherwise("r1", at(1)).await.unwrap(), 1);
    stage.store.intend(&lease, verdict("d1"), vec![]).await.unwrap();
    assert_eq!(stage.store.wake_judged_otherwise("r1", at(1)).await.unwrap(), 1);
    stage.store.record(&lease, vec![], Next::Done, at(2)).await.unwrap();
    let again = stage.claim_one(at(100)).await;
    stage.store.record(&again, vec![], Next::Done, at(101)).await.unwrap();

    assert_eq!(stage.store.wake_judged_otherwise("r1", at(102)).await.unwrap(), 0);
    assert!(stage.claim(at(300)).await.is_empty());
    assert_eq!(stage.store.wake_judged_otherwise("r2", at(301)).await.unwrap(), 1);
    let woken = stage.claim_one(at(500)).await;
    stage.store.record(&woken, vec![], Next::Done, at(501)).await.unwrap();
    assert_eq!(stage.store.wake_repository(policy::RepoId(100), at(502)).await.unwrap(), 1);
    assert_eq!(stage.store.wake_repository(policy::RepoId(101), at(502)).await.unwrap(), 0);
    let ended = stage.claim_one(at(700)).await;
    stage.store.record(&ended, vec![], Next::Ended, at(701)).await.unwrap();
    assert_eq!(stage.store.wake_judged_otherwise("r2", at(702)).await.unwrap(), 0);
    assert_eq!(stage.store.wake_repository(policy::RepoId(100), at(702)).await.unwrap(), 0);
}
