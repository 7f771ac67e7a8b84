//! Full, closed, gone, hostile.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

/// Bytes that do not compress.
fn noise(bytes: usize) -> Bytes {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    (0..bytes)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        })
        .collect()
}

/// Makes the disk end soon, until the writer takes a new connection.
struct SmallDisk;

impl operation::Operation for SmallDisk {
    type Output = ();

    async fn run(&self, tx: &mut sqlx::AnyConnection) -> Result<(), StoreError> {
        sqlx::query("PRAGMA max_page_count = 150").fetch_all(tx).await?;
        Ok(())
    }
}

#[tokio::test]
async fn a_full_disk_is_said_keeps_nothing_by_halves_and_passes() {
    let stage = stage_on(sqlite_url()).await;
    stage.store.writer.run(SmallDisk).await.unwrap();
    let big = |n| NewDelivery { body: noise(100 * 1024), ..delivery(guid(n), pull(n), at(0)) };
    let mut kept = 0;
    let refused = loop {
        match stage.store.accept(big(kept)).await {
            Ok(_) => kept += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, StoreError::Unavailable { .. }), "{refused:?}");
    assert!((1..10).contains(&kept), "{kept}");
    assert_eq!(stage.store.counters().failures, 1);
    assert_eq!(stage.store.delivery(&guid(kept)).await.unwrap(), None);
    assert_eq!(stage.store.waiting().await.unwrap().subjects, kept);

    assert_eq!(stage.store.accept(big(kept)).await, Ok(Accepted::New { subjects: 1 }));
    assert_eq!(stage.store.delivery_body(&guid(kept)).await.unwrap().unwrap(), noise(100 * 1024));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_fails_everybody_who_shares_the_transaction() {
    let stage = stage_on(sqlite_url()).await;
    stage.store.writer.run(SmallDisk).await.unwrap();
    let small = (0..40).map(|n| stage.store.accept(delivery(guid(n), pull(n), at(0))));
    let big = NewDelivery { body: noise(2 * 1024 * 1024), ..delivery(guid(50), pull(50), at(0)) };
    let (answers, refused) = tokio::join!(futures_util::future::join_all(small), stage.store.accept(big));
    assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
    for (n, answer) in (0..40).zip(answers) {
        let kept = stage.store.delivery(&guid(n)).await.unwrap().is_some();
        assert_eq!(answer.is_ok(), kept, "{n}: told {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_refused_operation_undoes_only_itself() {
    let stage = stage().await;
    let too_big = Subject::Pull(PullSubject {
        installation: InstallationId(1),
        repo_id: RepoId(u64::MAX),
        repo: RepoName::parse("acme/web").unwrap(),
        number: 1,
    });
    let tasks: Vec<_> = (0..50)
        .map(|n| {
            let store = stage.store.clone();
            let subject = if n == 25 { too_big.clone() } else { pull(n) };
            tokio::spawn(async move { store.accept(delivery(guid(n), subject, at(0))).await })
        })
        .collect();
    for (n, task) in tasks.into_iter().enumerate() {
        let expected = if n == 25 {
            Err(StoreError::OutOfBounds { what: "repository id" })
        } else {
            Ok(Accepted::New { subjects: 1 })
        };
        assert_eq!(task.await.unwrap(), expected, "{n}");
    }
    assert_eq!(stage.store.delivery(&guid(25)).await.unwrap(), None, "half of it would be a lost delivery");
}

#[tokio::test]
async fn a_full_queue_turns_callers_away() {
    let (_folder, url) = store_url().await;
    let options = StoreOptions { queue: 4, queue_kib: 64, ..StoreOptions::default() };
    let store = Store::open(&url, options).await.unwrap();
    let body = NewDelivery { body: noise(1024 * 1024), ..delivery(guid(0), pull(0), at(0)) };
    assert!(matches!(store.accept(body).await, Err(StoreError::OutOfBounds { .. })));
    // On this single thread the writer gets no turn before all of them have knocked.
    let knocks = (1..=50).map(|n| store.accept(delivery(guid(n), pull(n), at(0))));
    let answers = futures_util::future::join_all(knocks).await;
    let taken = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(taken, 4);
    for answer in answers.into_iter().filter(Result::is_err) {
        assert!(matches!(answer, Err(StoreError::Unavailable { .. })), "{answer:?}");
    }
    assert_eq!(store.accept(delivery(guid(60), pull(60), at(0))).await, Ok(Accepted::New { subjects: 1 }));
}

#[tokio::test]
async fn what_was_answered_survives_an_abrupt_end() {
    let (_folder, url) = store_url().await;
    let path = url.clone();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let store = Store::open(&path, StoreOptions::default()).await.unwrap();
            store.accept(delivery(guid(1), pull(1), at(0))).await.unwrap();
            store.claim(at(0), LEASE, 1).await.unwrap();
        });
        runtime.shutdown_background();
    })
    .join()
    .unwrap();
    let store = Store::open(&url, StoreOptions::default()).await.unwrap();
    assert!(store.claim(at(59), LEASE, 1).await.unwrap().is_empty());
    let leases = store.claim(at(60), LEASE, 1).await.unwrap();
    assert_eq!(leases[0].subject(), &pull(1));
}

#[tokio::test]
async fn closing_writes_what_is_queued_and_refuses_the_rest() {
    let stage = stage().await;
    let accepts = futures_util::future::join_all(
        (0..20).map(|n| stage.store.accept(delivery(guid(n), pull(n), at(0)))),
    );
    let (answers, ()) = tokio::join!(accepts, stage.store.close());
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let late = stage.store.accept(delivery(guid(30), pull(30), at(0))).await;
    assert!(matches!(late, Err(StoreError::Unavailable { .. })));
    assert!(matches!(stage.store.ping().await, Err(StoreError::Unavailable { .. })));
    let again = Store::open(&stage.url, StoreOptions::default()).await.unwrap();
    assert_eq!(again.waiting().await.unwrap().subjects, 20);
}

#[tokio::test]
async fn writable_means_that_a_write_would_get_through() {
    use sqlx::Connection as _;

    let stage = stage_on(sqlite_url()).await;
    stage.store.writable().await.unwrap();
    let engine = Engine::parse(&stage.url).unwrap();
    let mut other = engine.connect().await.unwrap();
    let lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let refused = stage.store.writable().await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable { .. }), "{refused:?}");
    assert_eq!(stage.store.ping().await, Ok(()), "reading is not writing");
    lock.rollback().await.unwrap();
    stage.deliver(pull(1), at(0)).await;
    stage.store.writable().await.unwrap();
    stage.store.close().await;
    assert!(matches!(stage.store.writable().await, Err(StoreError::Unavailable { .. })));
}

#[tokio::test]
async fn readers_cannot_write() {
    let stage = stage().await;
    let error = sqlx::query("DELETE FROM work").execute(&stage.store.readers).await.unwrap_err();
    assert!(error.to_string().contains("readonly") || error.to_string().contains("read-only"), "{error}");
}

#[tokio::test]
async fn the_file_is_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new folder/a#b?c%d.db");
    let store = Store::open(&path.display().to_string(), StoreOptions::default()).await.unwrap();
    store.ping().await.unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
}

#[tokio::test]
async fn unusable_settings_are_named_without_their_secrets() {
    for url in ["", "mysql://nobody:hunter2@db.example/x", "postgres://nobody:hunter2@[::bad/x"] {
        let error = Store::open(url, StoreOptions::default()).await.unwrap_err();
        assert!(matches!(error, StoreError::Setting { .. }), "{error:?}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    let stage = stage_on(sqlite_url()).await;
    stage.store.close().await;
    let missing = format!("sqlite://{}.missing", stage.url);
    assert!(Store::open(&missing, StoreOptions::default()).await.is_err());
}

#[tokio::test]
async fn a_newer_schema_is_left_alone() {
    let stage = stage().await;
    stage.store.close().await;
    let engine = Engine::parse(&stage.url).unwrap();
    let mut connection = engine.connect().await.unwrap();
    sqlx::query("INSERT INTO migrations (version) VALUES (9999)").execute(&mut connection).await.unwrap();
    let error = Store::open(&stage.url, StoreOptions::default()).await.unwrap_err();
    assert!(matches!(error, StoreError::Setting { .. }), "{error:?}");
}
