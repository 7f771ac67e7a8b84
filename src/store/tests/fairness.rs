//! Whose turn it is, what a late delivery may not undo, and who else has a head.

use super::*;

fn keys(leases: &[Lease]) -> Vec<String> {
    leases.iter().map(|lease| lease.subject().key()).collect()
}

impl Stage {
    async fn finish_all(&self, next: &Next, now: Millis) {
        for lease in self.claim(now).await {
            self.store.finish(&lease, next.clone(), now).await.unwrap();
        }
    }

    async fn take(&self, now: Millis, at_most: u32) -> Vec<String> {
        keys(&self.store.claim(now, LEASE, at_most).await.unwrap())
    }
}

#[tokio::test]
async fn deliveries_go_before_re_looks_but_never_for_ever() {
    let stage = stage().await;
    for number in 1..=4 {
        stage.deliver(pull(number), at(0)).await;
    }
    stage.finish_all(&Next::Done, at(1)).await;
    assert_eq!(stage.store.wake_all(at(10)).await, Ok(4));
    stage.deliver(pull(9), at(20)).await;
    stage.deliver(pull(3), at(21)).await;
    assert_eq!(stage.take(at(21), 3).await, ["pull/100/9", "pull/100/3", "pull/100/1"]);

    // A minute later a re-look has waited long enough.
    stage.deliver(pull(5), at(69)).await;
    stage.deliver(pull(6), at(71)).await;
    assert_eq!(stage.take(at(72), 4).await, ["pull/100/5", "pull/100/2", "pull/100/4", "pull/100/6"]);
}

#[tokio::test]
async fn a_subject_that_is_busy_or_fails_all_the_time_takes_nobodys_turn() {
    let stage = stage().await;
    stage.deliver(pull(1), at(0)).await;
    stage.deliver(pull(9), at(0)).await;
    let lease = stage.store.claim(at(0), LEASE, 1).await.unwrap().remove(0);
    assert_eq!(lease.subject(), &pull(1));
    stage.deliver(pull(1), at(0)).await;
    stage.store.finish(&lease, Next::Done, at(1)).await.unwrap();
    assert_eq!(stage.take(at(1), 1).await, ["pull/100/9"]);

    let lease = stage.claim_one(at(1)).await;
    stage.store.finish(&lease, Next::Retry { at: at(5), error: "lags".to_owned() }, at(2)).await.unwrap();
    stage.deliver(pull(2), at(3)).await;
    assert_eq!(stage.take(at(6), 1).await, ["pull/100/2"], "a retry queues up anew");
    assert_eq!(stage.store.waiting().await.unwrap().oldest, Some(at(0)), "but has been owed since it was");
}

#[tokio::test]
async fn a_released_lease_keeps_its_turn() {
    let stage = stage().await;
    stage.deliver(pull(1), at(0)).await;
    stage.deliver(pull(2), at(1)).await;
    let lease = stage.store.claim(at(2), LEASE, 1).await.unwrap().remove(0);
    stage.store.release(&lease, at(3)).await.unwrap();
    assert_eq!(stage.take(at(3), 2).await, ["pull/100/1", "pull/100/2"]);
}

fn named(number: u64, repo: &str, installation: u64) -> Subject {
    Subject::Pull(PullSubject {
        installation: InstallationId(installation),
        repo_id: RepoId(100),
        repo: RepoName::parse(repo).unwrap(),
        number,
    })
}

#[tokio::test]
async fn only_news_rename_a_subject() {
    let stage = stage().await;
    let known = async |now| {
        let lease = stage.claim_one(now).await;
        stage.store.release(&lease, now).await.unwrap();
        lease.subject().repo().to_string()
    };
    let first = delivery(guid(1), named(1, "acme/old", 7), at(10));
    stage.store.accept(first.clone()).await.unwrap();
    stage.store.accept(delivery(guid(2), named(1, "acme/new", 8), at(20))).await.unwrap();
    assert_eq!(known(at(20)).await, "acme/new");
    assert_eq!(stage.store.accept(first).await, Ok(Accepted::Again));
    assert_eq!(known(at(20)).await, "acme/new", "repeated");
    let late = NewDelivery { received_at: at(30), ..delivery(guid(3), named(1, "acme/old", 7), at(15)) };
    stage.store.accept(late).await.unwrap();
    assert_eq!(known(at(30)).await, "acme/new", "late");
    stage.store.wake(&named(1, "acme/old", 7), at(31)).await.unwrap();
    assert_eq!(known(at(31)).await, "acme/new", "woken by a neighbour");
    stage.store.accept(delivery(guid(4), named(1, "acme/newer", 8), at(32))).await.unwrap();
    assert_eq!(known(at(32)).await, "acme/newer");

    // In one transaction, in the wrong order.
    let burst = [(5, "acme/last", 50), (6, "acme/late", 40)]
        .map(|(n, name, second)| stage.store.accept(delivery(guid(n), named(1, name, 8), at(second))));
    futures_util::future::join_all(burst).await;
    assert_eq!(known(at(60)).await, "acme/last");
}

#[tokio::test]
async fn a_repeated_delivery_wakes_what_is_over_and_nothing_else() {
    let stage = stage().await;
    let again = |n| stage.store.accept(delivery(guid(n), pull(n), at(0)));
    again(1).await.unwrap();
    stage.finish_all(&Next::Ended, at(1)).await;
    again(2).await.unwrap();
    stage.finish_all(&Next::Done, at(1)).await;
    assert_eq!(stage.store.wake_all(at(2)).await, Ok(1));
    stage.finish_all(&Next::Done, at(2)).await;

    assert_eq!(again(2).await, Ok(Accepted::AlreadyProcessed));
    assert_eq!(again(1).await, Ok(Accepted::Again));
    assert_eq!(stage.state(&guid(1)).await, DeliveryState::Queued);
    let lease = stage.claim_one(at(3)).await;
    assert_eq!(lease.subject(), &pull(1));
    stage.store.finish(&lease, Next::Done, at(3)).await.unwrap();
    assert_eq!(stage.state(&guid(1)).await, DeliveryState::Processed);
    assert_eq!(again(1).await, Ok(Accepted::AlreadyProcessed));
}

#[tokio::test]
async fn a_head_names_the_open_ones_that_have_it() {
    let stage = stage().await;
    for number in [4, 10, 2, 3] {
        stage.deliver(pull(number), at(0)).await;
    }
    for lease in stage.claim(at(0)).await {
        let next = if lease.subject() == &pull(4) { Next::Ended } else { Next::Done };
        stage.store.finish(&lease, next, at(1)).await.unwrap();
    }
    let numbers = async |repo, head, except| {
        stage.store.numbers_with_head(RepoId(repo), &sha(head), except).await.unwrap()
    };
    assert_eq!(numbers(100, 1, 2).await, [3, 10]);
    assert_eq!(numbers(100, 1, 77).await, [2, 3, 10]);
    assert_eq!(numbers(100, 2, 77).await, [0; 0]);
    assert_eq!(numbers(101, 1, 77).await, [0; 0]);

    // Judged with another head than it was told of.
    stage.deliver(pull(3), at(2)).await;
    let lease = stage.claim_one(at(2)).await;
    let moved = VerdictRecord { head: sha(2), ..verdict("d1") };
    stage.store.intend(&lease, moved, Vec::new()).await.unwrap();
    assert_eq!(numbers(100, 2, 77).await, [3]);
    for number in 11..80 {
        stage.deliver(pull(number), at(3)).await;
    }
    let many = numbers(100, 1, 10).await;
    assert_eq!((many.len(), many[..3].to_vec()), (50, vec![2, 3, 11]));
}

fn elsewhere(number: u64) -> Subject {
    Subject::Pull(PullSubject {
        installation: InstallationId(7),
        repo_id: RepoId(101),
        repo: RepoName::parse("acme/docs").unwrap(),
        number,
    })
}

#[tokio::test]
async fn a_flood_of_one_repository_leaves_others_their_turn() {
    let stage = stage().await;
    let flood = (1..=500).map(|number| stage.store.accept(delivery(guid(number), pull(number), at(0))));
    futures_util::future::join_all(flood).await;
    stage.deliver(elsewhere(1), at(1)).await;
    let taken = stage.take(at(2), 15).await;
    assert!(taken.contains(&"pull/101/1".to_owned()), "{taken:?}");
    stage.deliver(elsewhere(2), at(3)).await;
    let next = stage.take(at(3), 30).await;
    assert!(next.contains(&"pull/101/2".to_owned()), "{next:?}");
    // The flood waits for nobody who is not there.
    assert_eq!(stage.take(at(4), 500).await.len(), 500 - 14 - 29);
}

#[tokio::test]
async fn alone_a_repository_gets_all_and_a_flood_falls_no_further_back_than_re_looks() {
    let stage = stage().await;
    for number in 1..=3 {
        stage.deliver(pull(number), at(0)).await;
    }
    assert_eq!(stage.take(at(0), 10).await, ["pull/100/1", "pull/100/2", "pull/100/3"]);

    let stage = super::stage().await;
    stage.deliver(elsewhere(1), at(0)).await;
    stage.finish_all(&Next::Done, at(1)).await;
    let flood = (1..=700).map(|number| stage.store.accept(delivery(guid(number), pull(number), at(2))));
    futures_util::future::join_all(flood).await;
    assert_eq!(stage.store.wake_all(at(3)).await, Ok(701));
    let taken = stage.take(at(4), 701).await;
    assert_eq!(taken.len(), 701);
    assert_eq!(taken.last().unwrap(), "pull/101/1", "{:?}", taken.iter().rev().take(3).collect::<Vec<_>>());
}

/// Neither engine may go through all that waits to take one or to queue one up.
#[tokio::test]
async fn counting_what_waits_reads_an_index() {
    let stage = stage_on(sqlite_url()).await;
    let sql = "EXPLAIN QUERY PLAN SELECT 1 FROM work WHERE repo_id = 1 AND turn_at <= 2 LIMIT 600";
    let plan = sqlx::query(sql).fetch_all(&stage.store.readers).await.unwrap();
    let steps: Vec<String> = plan.iter().map(|row| sqlx::Row::get(row, "detail")).collect();
    assert!(steps.iter().any(|step| step.contains("work_by_repository")), "{steps:?}");
}
