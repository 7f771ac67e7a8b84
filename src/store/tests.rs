//! The store against a real database: SQLite, or PostgreSQL when `PORTCULLIS_TEST_POSTGRES` names a server
//! (`postgres://user@host:port`) on which each test makes a database of its own.

mod fairness;
mod incident;
mod interleaving;
mod lineage;
mod queue;
mod quota;
mod suspension;
mod trouble;
mod verdict;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use policy::{
    Floor, InstallationId, Millis, PullSubject, RepoId, RepoName, ReviewFloor, Sha, Subject, UserId,
};
use tempfile::TempDir;

use super::*;
use crate::lease::Lease;

pub(super) const LEASE: Duration = Duration::from_secs(60);

/// A database of its own for one test.
pub(super) struct Stage {
    _folder: TempDir,
    pub(super) url: String,
    pub(super) store: Store,
}

/// A fresh, empty database of the engine under test.
pub(super) async fn store_url() -> (TempDir, String) {
    match std::env::var("PORTCULLIS_TEST_POSTGRES") {
        Ok(server) => (tempfile::tempdir().unwrap(), postgres_url(&server).await),
        Err(_) => sqlite_url(),
    }
}

async fn postgres_url(server: &str) -> String {
    use sqlx::Connection as _;

    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = format!("store_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    sqlx::any::install_default_drivers();
    let mut connection = sqlx::AnyConnection::connect(&format!("{server}/postgres")).await.unwrap();
    let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::raw_sql(create).execute(&mut connection).await.unwrap();
    format!("{server}/{name}")
}

/// A fresh SQLite file, for what only that engine does.
pub(super) fn sqlite_url() -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().join("portcullis.db").display().to_string();
    (folder, url)
}

pub(super) async fn stage() -> Stage {
    stage_on(store_url().await).await
}

pub(super) async fn stage_on((folder, url): (TempDir, String)) -> Stage {
    let store = Store::open(&url, StoreOptions::default()).await.unwrap();
    Stage { _folder: folder, url, store }
}

pub(super) fn at(seconds: i64) -> Millis {
    Millis(1_790_000_000_000 + seconds * 1000)
}

pub(super) fn sha(n: u8) -> Sha {
    Sha::parse(&hex::encode([n; 20])).unwrap()
}

pub(super) fn pull(number: u64) -> Subject {
    Subject::Pull(PullSubject {
        installation: InstallationId(7),
        repo_id: RepoId(100),
        repo: RepoName::parse("acme/web").unwrap(),
        number,
    })
}

pub(super) fn actor(id: u64) -> Actor {
    Actor { id: UserId(id), login: format!("invented-{id}"), kind: "User".to_owned() }
}

pub(super) fn guid(n: u64) -> Guid {
    Guid::parse(&format!("00000000-0000-0000-0000-{n:012}")).unwrap()
}

pub(super) fn fresh_guid() -> Guid {
    static COUNT: AtomicU64 = AtomicU64::new(1_000_000);
    guid(COUNT.fetch_add(1, Ordering::Relaxed))
}

pub(super) fn delivery(guid: Guid, subject: Subject, now: Millis) -> NewDelivery {
    let floor = Floor { updated_at: Some(now), head: Some(sha(1)), review: None };
    let fate = Fate::Queue { targets: vec![Target::Subject(subject)], floor, pusher: None, evidence: None };
    NewDelivery {
        guid,
        event: "pull_request".to_owned(),
        action: Some("labeled".to_owned()),
        repo: Some((RepoId(100), RepoName::parse("acme/web").unwrap())),
        installation: Some(InstallationId(7)),
        sender: Some(actor(5)),
        received_at: now,
        body: Bytes::from_static(b"{\"invented\":true}"),
        fate,
    }
}

pub(super) fn verdict(digest: &str) -> VerdictRecord {
    VerdictRecord {
        seen: None,
        head: sha(1),
        conclusion: "failure".to_owned(),
        enforcement: "active".to_owned(),
        digest: digest.to_owned(),
        rules_digest: "r1".to_owned(),
        facts: "{\"facts\":1}".to_owned(),
        verdict: "{\"verdict\":1}".to_owned(),
        decided_at: at(10),
    }
}

impl Stage {
    pub(super) async fn deliver(&self, subject: Subject, now: Millis) -> Guid {
        let guid = fresh_guid();
        let accepted = self.store.accept(delivery(guid.clone(), subject, now)).await.unwrap();
        assert_eq!(accepted, Accepted::New { subjects: 1 });
        guid
    }

    pub(super) async fn claim(&self, now: Millis) -> Vec<Lease> {
        self.store.claim(now, LEASE, 100).await.unwrap()
    }

    pub(super) async fn claim_one(&self, now: Millis) -> Lease {
        let mut leases = self.claim(now).await;
        assert_eq!(leases.len(), 1, "{leases:?}");
        leases.remove(0)
    }

    pub(super) async fn state(&self, guid: &Guid) -> DeliveryState {
        self.store.delivery(guid).await.unwrap().unwrap().state
    }
}
