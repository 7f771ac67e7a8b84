//! The one task that writes: concurrent operations share a transaction and its fsync (group commit).
//!
//! While one commit waits for the disk, operations queue up; the next transaction takes all of them. Each has
//! its savepoint (`store/operation.rs`), so one that is refused undoes only itself. Nobody is answered before the commit: what the
//! caller hears is durable. When the transaction as a whole fails, nothing of it was kept and everybody hears
//! `Unavailable`; when another replica was in the way, each operation is repeated alone.
//! The queue is bounded in operations and in bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::{AnyConnection, Connection as _};
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::operation::{Group, Job, Operation, gather};
use super::{Engine, StoreError};

/// A transaction takes at most this many operations, so that the first of them does not wait for ever.
const BATCH_OPERATIONS: usize = 512;
const BATCH_KIB: u32 = 32 * 1024;
/// A transaction that takes longer is given up; its connection is dropped with it.
const BATCH_TIME: Duration = Duration::from_secs(30);
const ALONE_TRIES: u32 = 5;

/// What the writer has done since the store was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// Transactions committed.
    pub transactions: u64,
    /// Operations committed in them.
    pub operations: u64,
    /// Transactions that failed as a whole.
    pub failures: u64,
}

#[derive(Debug, Default)]
struct Tally {
    transactions: AtomicU64,
    operations: AtomicU64,
    failures: AtomicU64,
}

/// The way in to the writer. The task ends when the last of them is dropped, or by `close`.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<Message>,
    room: Arc<Semaphore>,
    room_kib: u32,
    tally: Arc<Tally>,
}

enum Message {
    Run(Box<dyn Job>),
    Close(oneshot::Sender<()>),
}

impl Writer {
    pub(super) fn start(engine: Engine, connection: AnyConnection, operations: usize, room_kib: u32) -> Self {
        let (queue, inbox) = mpsc::channel(operations.max(1));
        let tally = Arc::new(Tally::default());
        let task = Task { engine, connection: Some(connection), tally: Arc::clone(&tally) };
        tokio::spawn(task.work(inbox));
        Self { queue, room: Arc::new(Semaphore::new(room_kib as usize)), room_kib, tally }
    }

    /// Runs an operation, refusing at once when the queue is full: for callers whom others may flood.
    pub(super) async fn offer<O: Operation>(&self, operation: O) -> Result<O::Output, StoreError> {
        let kib = self.kib(&operation)?;
        let full = || StoreError::unavailable("too much is waiting to be written");
        let room = Arc::clone(&self.room).try_acquire_many_owned(kib).map_err(|_| full())?;
        let (job, answer) = Group::of_one(operation, kib, Some(room));
        self.queue.try_send(Message::Run(job)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => full(),
            mpsc::error::TrySendError::Closed(_) => closed(),
        })?;
        answer.await.map_err(|_| closed())?
    }

    /// Runs an operation, waiting for its turn: for our own few workers.
    pub(super) async fn run<O: Operation>(&self, operation: O) -> Result<O::Output, StoreError> {
        let kib = self.kib(&operation)?;
        let (job, answer) = Group::of_one(operation, kib, None);
        self.queue.send(Message::Run(job)).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    /// Writes what is queued, then stops.
    pub(super) async fn close(&self) {
        let (done, wait) = oneshot::channel();
        if self.queue.send(Message::Close(done)).await.is_ok() {
            let _ = wait.await;
        }
    }

    pub(super) fn counters(&self) -> Counters {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counters {
            transactions: read(&self.tally.transactions),
            operations: read(&self.tally.operations),
            failures: read(&self.tally.failures),
        }
    }

    fn kib<O: Operation>(&self, operation: &O) -> Result<u32, StoreError> {
        let kib = u32::try_from(operation.weight() / 1024 + 1).unwrap_or(u32::MAX);
        if kib > self.room_kib {
            return Err(StoreError::OutOfBounds { what: "size of the operation" });
        }
        Ok(kib)
    }
}

fn closed() -> StoreError {
    StoreError::unavailable("the store is closed")
}

struct Task {
    engine: Engine,
    connection: Option<AnyConnection>,
    tally: Arc<Tally>,
}

impl Task {
    async fn work(mut self, mut inbox: mpsc::Receiver<Message>) {
        while let Some(message) = inbox.recv().await {
            let mut closing = None;
            let mut jobs = Vec::new();
            let mut kib = 0_u32;
            let mut next = Some(message);
            while let Some(message) = next.take() {
                match message {
                    Message::Run(job) => {
                        kib = kib.saturating_add(job.kib());
                        jobs.push(job);
                    }
                    Message::Close(done) => {
                        inbox.close();
                        closing = Some(done);
                    }
                }
                if jobs.len() < BATCH_OPERATIONS && kib < BATCH_KIB {
                    next = inbox.try_recv().ok();
                }
            }
            self.write(jobs).await;
            if let Some(done) = closing {
                self.drain(&mut inbox).await;
                let _ = done.send(());
            }
        }
        if let Some(connection) = self.connection {
            let _ = connection.close().await;
        }
    }

    /// What was queued before the queue was closed.
    async fn drain(&mut self, inbox: &mut mpsc::Receiver<Message>) {
        while let Some(message) = inbox.recv().await {
            match message {
                Message::Run(job) => self.write(vec![job]).await,
                Message::Close(done) => {
                    let _ = done.send(());
                }
            }
        }
    }

    async fn write(&mut self, jobs: Vec<Box<dyn Job>>) {
        if jobs.is_empty() {
            return;
        }
        let mut jobs = gather(jobs);
        match self.share(&mut jobs).await {
            Err(StoreError::Contended { .. }) => {
                for job in jobs {
                    self.alone(job).await;
                }
            }
            fate => {
                for job in jobs {
                    job.answer(fate.clone());
                }
            }
        }
    }

    async fn alone(&mut self, job: Box<dyn Job>) {
        let mut jobs = vec![job];
        let mut fate = Ok(());
        for _ in 0..ALONE_TRIES {
            fate = self.share(&mut jobs).await;
            if !matches!(fate, Err(StoreError::Contended { .. })) {
                break;
            }
        }
        if let Err(StoreError::Contended { reason }) = fate {
            fate = Err(StoreError::Unavailable { reason });
        }
        for job in jobs {
            job.answer(fate.clone());
        }
    }

    /// One transaction for all of them. The connection is kept only when it ended well.
    async fn share(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
        let kept = self.connection.take();
        let operations = jobs.iter().map(|job| job.operations()).sum();
        let work = async {
            let mut connection = self.engine.revive(kept).await?;
            transact(&mut connection, self.engine.begin(), jobs).await?;
            Ok(connection)
        };
        let fate = tokio::time::timeout(BATCH_TIME, work)
            .await
            .unwrap_or_else(|_| Err(StoreError::unavailable("writing took too long")));
        match fate {
            Ok(connection) => {
                self.connection = Some(connection);
                self.tally.transactions.fetch_add(1, Ordering::Relaxed);
                self.tally.operations.fetch_add(operations, Ordering::Relaxed);
                Ok(())
            }
            Err(error) => {
                self.tally.failures.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(%error, operations, "a transaction was given up");
                Err(match error {
                    known @ (StoreError::Contended { .. } | StoreError::Unavailable { .. }) => known,
                    other => StoreError::Unavailable { reason: other.to_string() },
                })
            }
        }
    }
}

async fn transact(
    connection: &mut AnyConnection,
    begin: &'static str,
    jobs: &mut [Box<dyn Job>],
) -> Result<(), StoreError> {
    let mut tx = connection.begin_with(begin).await?;
    for job in jobs {
        job.run(&mut tx).await?;
    }
    Ok(tx.commit().await?)
}
