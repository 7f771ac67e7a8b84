//! The ref ledger: moves that no delivery told of are found by comparing, and judged like any other.

use std::collections::BTreeMap;
use std::time::Duration;

use fake_github::{PushMany, Tag};
use policy::Millis;
use portcullis::reconcile::ledger;
use portcullis::store::IncidentFilter;

use crate::Gate;
use crate::refs::gate;
use crate::stage::{WEB, push};

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
