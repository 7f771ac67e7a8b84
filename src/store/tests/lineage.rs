//! What later looks must know of earlier ones.

use policy::RepoId;

use super::*;
use crate::store::Seen;

fn seen(agent: Option<&str>, commits: &[u8]) -> VerdictRecord {
    let commits = commits.iter().map(|number| (sha(*number), agent.map(str::to_owned))).collect();
    let digest = format!("d{commits:?}");
    VerdictRecord { seen: Some(Seen { commits }), ..verdict(&digest) }
}

#[tokio::test]
async fn a_commit_belongs_where_it_was_seen_first() {
    let stage = stage().await;
    for number in [1, 2, 3] {
        stage.deliver(pull(number), at(0)).await;
    }
    let leases = stage.claim(at(0)).await;
    let of = |number| leases.iter().find(|lease| lease.subject() == &pull(number)).unwrap();
    // A person's commit stays the person's, although an agent stacks its own on top.
    stage.store.intend(of(1), seen(None, &[11]), Vec::new()).await.unwrap();
    stage.store.intend(of(2), seen(Some("copilot"), &[11, 12]), Vec::new()).await.unwrap();
    stage.store.intend(of(3), seen(None, &[12, 13]), Vec::new()).await.unwrap();
    let all = [11, 12, 13].map(sha);
    let all: Vec<&policy::Sha> = all.iter().collect();
    let found = stage.store.lineage(RepoId(100), 3, &all).await.unwrap();
    let told: Vec<_> =
        found.iter().map(|descent| (&descent.oid, descent.agent.as_str(), descent.number)).collect();
    assert_eq!(told, [(&sha(12), "copilot", 2)]);
    assert_eq!(stage.store.lineage(RepoId(100), 2, &all).await.unwrap(), [], "its own are no news");
    assert_eq!(stage.store.lineage(RepoId(101), 3, &all).await.unwrap(), [], "another repository");
    let many: Vec<&policy::Sha> = all.iter().copied().cycle().take(601).collect();
    assert!(!stage.store.lineage(RepoId(100), 3, &many).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_head_is_there_since_it_was_seen_without_interruption() {
    let stage = stage().await;
    stage.deliver(pull(1), at(0)).await;
    let lease = stage.claim_one(at(0)).await;
    let look = async |head: u8, moment: i64| {
        let record = VerdictRecord { head: sha(head), decided_at: at(moment), ..verdict("d1") };
        stage.store.intend(&lease, record, Vec::new()).await.unwrap();
    };
    let since = async |head: u8| stage.store.head_since(&pull(1), &sha(head)).await.unwrap();
    assert_eq!(since(1).await, None);
    look(1, 10).await;
    look(1, 20).await;
    assert_eq!(since(1).await, Some(at(10)));
    look(2, 30).await;
    assert_eq!((since(1).await, since(2).await), (None, Some(at(30))));
    look(1, 40).await;
    assert_eq!(since(1).await, Some(at(40)), "it was away");

    let closed = VerdictRecord { conclusion: CLOSED.to_owned(), decided_at: at(50), ..verdict("d2") };
    stage.store.intend(&lease, closed, Vec::new()).await.unwrap();
    assert_eq!(since(1).await, None, "nobody looks at what is closed");
    look(1, 60).await;
    assert_eq!(since(1).await, Some(at(60)));
}
