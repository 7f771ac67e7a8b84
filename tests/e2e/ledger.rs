//! What no delivery told of, moves of branches and tags as well as changes of pull requests, is found by comparing and
//! judged like any other.

use std::collections::BTreeMap;
use std::time::Duration;

use fake_github::{Merge, Open, PushMany, RemoveMember, ReviewState, Tag};
use policy::Millis;
use portcullis::reconcile::{ledger, resync};
use portcullis::store::IncidentFilter;

use crate::Gate;
use crate::refs::gate;
use crate::stage::{WEB, propose, push};

/// A gate that has seen the repository before.
async fn watching() -> Gate {
    let gate = gate().await;
    push(&gate.github, "alice", "main", "first").await;
    gate.settle().await;
    gate.pass(Duration::from_secs(30));
    assert_eq!(gate.compares_now().await, 0, "what was there before is nobody's move");
    gate.github.advance(Duration::from_secs(40));
    gate
}

impl Gate {
    /// Ten minutes later every repository is compared once. Answers how many moves nobody had told of.
    async fn compares(&self) -> usize {
        self.pass(Duration::from_secs(600));
        self.compares_now().await
    }

    async fn compares_now(&self) -> usize {
        let parts = self.running.gate();
        let mut found = 0;
        for repository in parts.store.repositories(Millis(0)).await.unwrap() {
            found += ledger::compare(parts, &repository).await.unwrap();
        }
        found
    }

    /// Ten minutes later the pull requests of every repository are compared once, and what that asks for is done. Answers
    /// of how many changes nobody had told.
    pub(crate) async fn resyncs(&self) -> usize {
        self.pass(Duration::from_secs(600));
        let parts = self.running.gate();
        let mut found = 0;
        for repository in parts.store.repositories(Millis(0)).await.unwrap() {
            found += resync::compare(parts, &repository).await.unwrap();
        }
        self.settle().await;
        found
    }

    async fn kinds_of_incidents(&self) -> Vec<String> {
        let filter = IncidentFilter { limit: 100, ..IncidentFilter::default() };
        let incidents = self.running.gate().store.incidents(&filter).await.unwrap();
        incidents.into_iter().map(|incident| incident.kind).collect()
    }

    fn at(&self, name: &str) -> Option<String> {
        self.github.object_of(WEB, name).unwrap()
    }
}

#[tokio::test]
async fn a_push_whose_delivery_was_lost_is_found_and_put_back() {
    let gate = watching().await;
    let before = gate.at("refs/heads/main");
    gate.github.drop_next(1);
    push(&gate.github, "Copilot", "main", "sly").await;
    gate.settle().await;
    assert_ne!(gate.at("refs/heads/main"), before, "nobody told of it");
    assert_eq!(gate.compares().await, 1);
    gate.settle().await;
    assert_eq!(gate.at("refs/heads/main"), before);
    assert_eq!(gate.kinds_of_incidents().await, ["moved"]);
    assert_eq!(gate.compares().await, 0, "what the gate did itself, its delivery told");
}

#[tokio::test]
async fn more_than_three_tags_at_once_are_found_and_told_and_stay() {
    let gate = watching().await;
    let tags = ["a", "b", "c", "d"].map(|name| (format!("refs/tags/{name}"), "main".to_owned()));
    let refs = BTreeMap::from(tags);
    let many = PushMany { actor: "Copilot".to_owned(), repo: WEB.to_owned(), refs, force: false };
    gate.github.push_many(many).await.unwrap();
    gate.settle().await;
    assert_eq!(gate.kinds_of_incidents().await, Vec::<String>::new(), "GitHub sends no event for four tags");
    assert_eq!(gate.compares().await, 0, "a delivery might be on its way");
    assert_eq!(gate.compares().await, 4);
    gate.settle().await;
    // Nobody tells who pushed a tag, so nobody's work is taken back.
    assert!(gate.at("refs/tags/a").is_some());
    assert_eq!(gate.kinds_of_incidents().await, ["unseen"; 4]);
    assert_eq!(gate.compares().await, 0);
}

#[tokio::test]
async fn what_deliveries_told_is_not_found_again() {
    let gate = watching().await;
    push(&gate.github, "alice", "main", "second").await;
    push(&gate.github, "Copilot", "copilot/work", "work").await;
    gate.github.tag(Tag::new("alice", WEB, "v1")).await.unwrap();
    gate.settle().await;
    assert_eq!((gate.compares().await, gate.compares().await), (0, 0));
    assert_eq!(gate.kinds_of_incidents().await, Vec::<String>::new());
}

#[tokio::test]
async fn an_objection_of_which_nobody_told_is_found() {
    for watched in [false, true] {
        let (gate, number) = Gate::with_approved_proposal().await;
        if watched {
            assert_eq!(gate.resyncs().await, 0, "deliveries told of everything");
        }
        gate.github.drop_next(1);
        gate.review("bob", number, ReviewState::ChangesRequested).await;
        gate.settle().await;
        gate.shows(number, "success");
        assert_eq!(gate.resyncs().await, 1);
        gate.shows(number, "action_required");
        assert_eq!(gate.resyncs().await, 0);
    }
}

#[tokio::test]
async fn a_pull_request_of_which_nobody_told_gets_its_check() {
    let gate = Gate::acme().await;
    // Of the repository somebody told.
    push(&gate.github, "alice", "main", "first").await;
    gate.settle().await;
    let number = propose(&gate.github, "hello").await;
    gate.github.forget_pending();
    assert_eq!(gate.resyncs().await, 1);
    gate.shows(number, "action_required");
    assert_eq!(gate.github.check_run_posts(), (1, 0));

    let other = propose(&gate.github, "later").await;
    gate.github.forget_pending();
    assert_eq!(gate.resyncs().await, 1);
    gate.shows(other, "action_required");
}

#[tokio::test]
async fn a_merge_of_which_nobody_told_is_looked_at() {
    for approved in [false, true] {
        let (gate, number) = Gate::with_proposal().await;
        if approved {
            gate.approve("bob", number).await;
            gate.settle().await;
        }
        assert_eq!(gate.resyncs().await, 0);
        gate.github.advance(Duration::from_secs(600));
        gate.github.merge(Merge::new("alice", WEB, number).bypass()).await.unwrap();
        gate.github.forget_pending();
        assert_eq!(gate.resyncs().await, 1);
        assert_eq!(gate.incidents_of_merge(number).await.len(), usize::from(!approved));
        assert_eq!(gate.resyncs().await, 0, "once");
    }
}

#[tokio::test]
async fn each_open_pull_request_is_looked_at_in_its_turn() {
    let (gate, first) = Gate::with_approved_proposal().await;
    push(&gate.github, "bob", "fix", "fix").await;
    let persons = gate.github.open(Open::new("bob", WEB, "fix")).await.unwrap();
    gate.settle().await;
    let left = RemoveMember { actor: "bob".into(), org: "acme".into(), member: "alice".into() };
    gate.github.remove_member(left).await.unwrap();
    gate.github.forget_pending();
    // No list tells that the approver left.
    assert_eq!((gate.resyncs().await, gate.resyncs().await), (0, 0));
    gate.shows(first, "action_required");
    gate.shows(persons, "success");
}

#[tokio::test]
async fn what_was_looked_at_costs_two_calls_however_much_is_open_and_posts_nothing() {
    let (gate, number) = Gate::with_approved_proposal().await;
    for name in ["one", "two", "three"] {
        propose(&gate.github, name).await;
    }
    gate.settle().await;
    gate.resyncs().await;
    let (mark, posts) = (gate.github.calls().len(), gate.github.check_run_posts());
    assert_eq!(gate.resyncs().await, 0);
    let calls = gate.github.calls_since(mark);
    let routes = |begin: &str| calls.iter().filter(|call| call.route.starts_with(begin)).count();
    assert_eq!((routes("graphql RecentPulls"), routes("graphql PullRequest")), (1, 1), "{calls:#?}");
    // The members are read anew once five minutes have passed.
    assert!(calls.len() <= 3, "{calls:#?}");
    assert_eq!(gate.github.check_run_posts(), posts);
    gate.shows(number, "success");
}
