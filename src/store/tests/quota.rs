//! What quotas count: the order that stays, who is woken, and what is forgotten.

use std::collections::BTreeSet;

use bytes::Bytes;
use policy::facts::PullState;
use policy::{RefSubject, UserId, act::RefName};

use super::*;
use crate::store::{Beside, News, Use, UseKind};

const AGENT: UserId = UserId(7);
const DAY: i64 = 24 * 60 * 60 * 1_000;

fn accounts() -> BTreeSet<UserId> {
    [AGENT].into()
}

/// A pull request that was opened at that moment.
fn opened(number: u64, moment: Millis) -> Use {
    Use {
        subject: pull(number),
        account: AGENT,
        kind: UseKind::Pull,
        repo: RepoName::parse("acme/web").unwrap(),
        begun_at: moment,
        state: PullState::Open,
        ended_at: None,
        lines: Some("{}".to_owned()),
    }
}

impl Stage {
    /// Notes it as a look does, after a delivery that nobody owes a look any more.
    async fn notes(&self, told: &Use, now: Millis) {
        if self.store.noted_use(&told.subject, told.account).await.unwrap().is_none() {
            self.deliver(told.subject.clone(), now).await;
            for lease in self.claim(now).await {
                self.store.finish(&lease, Next::Done, now).await.unwrap();
            }
        }
        self.store.note_use(told.clone(), accounts(), News::Changed, now).await.unwrap();
    }

    async fn before(&self, of: &Use, since: Millis) -> Vec<u64> {
        let accounts = accounts();
        let beside = Beside { of, accounts: &accounts, since };
        let found = self.store.uses_before(beside).await.unwrap();
        found.iter().filter_map(|other| Some(other.told.subject.pull()?.number)).collect()
    }

    /// Which pull requests are due, and then are no more.
    async fn due(&self, now: Millis) -> Vec<u64> {
        let later = Millis(now.0 + 120_000);
        let leases = self.claim(later).await;
        let mut due = Vec::new();
        for lease in leases {
            due.extend(lease.subject().pull().map(|pull| pull.number));
            self.store.finish(&lease, Next::Done, later).await.unwrap();
        }
        due.sort_unstable();
        due
    }
}

#[tokio::test]
async fn what_was_opened_first_comes_first_whenever_it_was_noted() {
    let stage = stage().await;
    // Numbers decide within one second, as numbers and not as texts.
    let uses = [opened(9, at(50)), opened(10, at(50)), opened(3, at(40))];
    for told in &uses {
        stage.notes(told, at(100)).await;
    }
    assert_eq!(stage.before(&uses[1], at(0)).await, [9, 3]);
    assert_eq!(stage.before(&uses[0], at(0)).await, [3]);
    assert_eq!(stage.before(&uses[2], at(0)).await, [0; 0]);
    // What is over counts for as long as it was opened lately.
    stage.notes(&Use { state: PullState::Closed, ..uses[2].clone() }, at(110)).await;
    assert_eq!(stage.before(&uses[0], at(0)).await, [3]);
    assert_eq!(stage.before(&uses[0], at(40)).await, [0; 0]);
}

#[tokio::test]
async fn news_wakes_those_behind_it_and_a_merge_wakes_all() {
    let stage = stage().await;
    let uses = [opened(1, at(10)), opened(2, at(20)), opened(3, at(30))];
    for told in &uses {
        stage.notes(told, at(100)).await;
    }
    stage.due(at(100)).await;
    let of_now = at(200);
    stage.store.note_use(uses[1].clone(), accounts(), News::SeenAgain, of_now).await.unwrap();
    assert_eq!(stage.due(of_now).await, [0; 0], "it was only seen again");
    stage.notes(&Use { state: PullState::Closed, ..uses[1].clone() }, of_now).await;
    assert_eq!(stage.due(of_now).await, [3]);
    stage.notes(&Use { state: PullState::Merged, ..uses[1].clone() }, of_now).await;
    assert_eq!(stage.due(of_now).await, [1, 3]);
    stage.notes(&opened(4, at(5)), of_now).await;
    assert_eq!(stage.due(of_now).await, [1, 3], "one that was opened before and is noted late");
}

#[tokio::test]
async fn lines_stay_when_it_is_over_and_what_is_over_long_is_forgotten() {
    let stage = stage().await;
    let counted = Use { lines: Some("{\"source\":3}".to_owned()), ..opened(1, at(10)) };
    stage.notes(&counted, at(100)).await;
    let merged = Use { state: PullState::Merged, lines: None, ..counted.clone() };
    stage.notes(&merged, at(200)).await;
    stage.notes(&merged, at(900)).await;
    let noted = stage.store.noted_use(&pull(1), AGENT).await.unwrap().unwrap();
    assert_eq!(
        (noted.told.lines, noted.told.ended_at),
        (counted.lines, Some(at(200))),
        "as it was seen first"
    );
    let accounts = accounts();
    let later = opened(2, at(1_000));
    let since = |since| Beside { of: &later, accounts: &accounts, since };
    assert_eq!(stage.store.merged_lately(since(at(100))).await.unwrap().len(), 1);
    assert_eq!(stage.store.merged_lately(since(at(200))).await.unwrap().len(), 0);
    // Unknown lines of what is open are not what they were.
    let unknown = Use { lines: None, ..opened(3, at(20)) };
    stage.notes(&Use { lines: Some("{}".to_owned()), ..unknown.clone() }, at(900)).await;
    stage.notes(&unknown, at(901)).await;
    assert_eq!(stage.store.noted_use(&pull(3), AGENT).await.unwrap().unwrap().told.lines, None);

    stage.notes(&later, Millis(at(1_000).0 + 9 * DAY)).await;
    assert!(stage.store.noted_use(&pull(1), AGENT).await.unwrap().is_none());
    assert!(stage.store.noted_use(&pull(3), AGENT).await.unwrap().is_some(), "what is open stays");
}

/// A push by an account, told by a delivery.
async fn pushed(stage: &Stage, guid: &str, actor: Option<UserId>, moment: Millis) {
    let PullSubject { installation, repo_id, repo, .. } = pull(1).pull().unwrap().clone();
    let name = RefName::parse("refs/heads/copilot/x").unwrap();
    let subject = Subject::Ref(RefSubject { installation, repo_id, repo, name });
    let testimony = Testimony { subject: subject.clone(), body: "{}".to_owned(), actor };
    let delivery = NewDelivery {
        guid: Guid::parse(guid).unwrap(),
        event: "push".to_owned(),
        action: None,
        repo: None,
        installation: None,
        sender: None,
        received_at: moment,
        body: Bytes::from_static(b"{}"),
        fate: Fate::Queue {
            targets: vec![Target::Subject(subject)],
            floor: Floor::default(),
            pusher: None,
            evidence: Some(Box::new(testimony)),
        },
    };
    stage.store.accept(delivery).await.unwrap();
}

#[tokio::test]
async fn pushes_of_a_day_are_counted_whether_or_not_they_were_judged() {
    let stage = stage().await;
    for (guid, actor, moment) in [
        ("a", Some(AGENT), 10),
        ("b", Some(AGENT), 20),
        ("c", Some(UserId(8)), 20),
        ("d", None, 20),
        ("e", Some(AGENT), 30),
        ("f", Some(AGENT), 30),
    ] {
        pushed(&stage, guid, actor, at(moment)).await;
    }
    let before = async |id: &str, moment: i64, since: i64| {
        stage.store.pushes_before(&accounts(), (at(moment), id), at(since)).await.unwrap().len()
    };
    assert_eq!(before("a", 10, 0).await, 0);
    assert_eq!(before("e", 30, 0).await, 2, "one of the same moment comes after it");
    assert_eq!(before("f", 30, 0).await, 3);
    assert_eq!(before("f", 30, 10).await, 2, "the window has moved on");
}
