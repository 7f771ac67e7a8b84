//! What must survive a crash: deliveries, work, verdicts, actions. SQLite in a file, or PostgreSQL.
//!
//! Four transactions carry the loop: [`Store::accept`] (T1), [`Store::claim`] (T2), [`Store::intend`] (T3),
//! [`Store::record`] (T4). Whatever happens between two of them, the next claim finds the subject again.
//! The store knows nothing of the forge and reads no clock: moments come from the caller.
//! One SQL text serves both engines; `store/engine.rs` alone knows which it is.

mod actions;
mod deliveries;
mod engine;
mod error;
mod evidence;
mod finish;
mod groups;
mod guards;
mod incidents;
mod intake;
mod journal;
mod kv;
mod ledger;
mod lineage;
mod migrate;
mod operation;
mod pack;
mod past;
mod prune;
mod quota;
mod resync;
mod row;
mod rows;
mod suspensions;
mod turn;
mod verdicts;
mod wake;
mod work;
mod writer;

#[cfg(test)]
mod tests;

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::{AnyConnection, AnyPool};

pub use actions::{ActionId, ActionOutcome, ActionRecord, ActionState, StoredAction};
pub use deliveries::{Accepted, Actor, Fate, Guid, NewDelivery, Target, Testimony};
use engine::Engine;
pub use error::StoreError;
pub use evidence::{Evidence, MOST_EVIDENCE};
pub use finish::Next;
pub use guards::KeptGuards;
pub use incidents::{IncidentFilter, IncidentPart, IncidentState, PostState, StoredIncident, StoredPost};
pub use journal::{DeliveryFilter, DeliveryState, Pusher, StoredDelivery};
pub use ledger::KnownRepository;
pub use lineage::Seen;
use operation::Operation;
pub use past::Past;
pub use prune::{Pruned, Retention};
pub use quota::{Beside, MOST_COUNTED, News, SeenUse, Use, UseKind};
pub use resync::Heard;
pub use suspensions::{Receipt, Step, StoredSuspension};
pub use verdicts::{CLOSED, Intended, StoredVerdict, VerdictId, VerdictRecord};
pub use work::{Waiting, backoff};
pub use writer::Counters;
use writer::Writer;

/// How long readiness waits for the writer.
const WRITABLE: Duration = Duration::from_secs(2);

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Operations that may wait for the writer before callers are turned away.
    pub queue: usize,
    /// KiB of bodies that may wait for the writer before callers are turned away.
    pub queue_kib: u32,
    /// Connections for reading.
    pub readers: u32,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { queue: 8192, queue_kib: 64 * 1024, readers: 4 }
    }
}

/// The store. Cloning it is cheap; all clones share one writer.
#[derive(Debug, Clone)]
pub struct Store {
    writer: Writer,
    readers: AnyPool,
    tokens: Arc<Tokens>,
}

impl Store {
    /// Opens a store and brings its schema up to date. `url` is `postgres://…`, `sqlite://path?mode=rwc`, or a plain
    /// path, whose file is made if missing. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// [`StoreError::Setting`] when the URL or the schema does not fit, [`StoreError::Unavailable`] when the
    /// database cannot be reached.
    pub async fn open(url: &str, options: StoreOptions) -> Result<Self, StoreError> {
        let engine = Engine::parse(url)?;
        let mut connection = engine.connect().await?;
        migrate::migrate(&engine, &mut connection).await?;
        let readers = engine.readers(options.readers.max(1));
        let writer = Writer::start(engine, connection, options.queue, options.queue_kib);
        Ok(Self { writer, readers, tokens: Arc::new(Tokens::new()) })
    }

    /// Writes what is queued, then closes. Later calls answer [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
    }

    /// Whether the database answers: for readiness.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT version FROM migrations LIMIT 1").fetch_optional(&self.readers).await?;
        Ok(())
    }

    /// Whether deliveries can be kept: the writer answers within two seconds and may write. Changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], also when too much is waiting to be written.
    pub async fn writable(&self) -> Result<(), StoreError> {
        tokio::time::timeout(WRITABLE, self.writer.offer(Touch))
            .await
            .unwrap_or_else(|_| Err(StoreError::unavailable("the writer does not answer")))
    }

    /// What the writer has done since the store was opened.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.writer.counters()
    }

    fn next_token(&self) -> String {
        self.tokens.next()
    }
}

/// A write that changes nothing: it needs the writer, the lock and a database that is not read-only.
struct Touch;

impl Operation for Touch {
    type Output = ();

    async fn run(&self, tx: &mut AnyConnection) -> Result<(), StoreError> {
        sqlx::query("UPDATE kv SET value = value WHERE key = ''").execute(tx).await?;
        Ok(())
    }
}

/// Lease tokens: unlike any other of this or another process.
#[derive(Debug)]
struct Tokens {
    process: u64,
    count: AtomicU64,
}

impl Tokens {
    fn new() -> Self {
        // The standard library seeds each `RandomState` from the operating system.
        Self { process: RandomState::new().hash_one("lease"), count: AtomicU64::new(0) }
    }

    fn next(&self) -> String {
        format!("{:016x}-{}", self.process, self.count.fetch_add(1, Ordering::Relaxed))
    }
}
