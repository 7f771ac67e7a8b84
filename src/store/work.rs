//! The work queue: one row per subject, leased in the database.
//!
//! Wanted: no delivery is lost, no two live leases on one subject, however replicas crash.
//! - A delivery raises the subject's generation. A lease remembers the generation it was granted at; when it ends and
//!   the generation has moved, the subject is due again at once. So deliveries during a look cost exactly one more.
//! - `due_at` is when the row may next be claimed. A claim moves it to the lease's end, so a crashed replica's
//!   subject becomes due by itself, and while a lease stands no delivery brings `due_at` forward.
//! - `turn_at` orders those that are due and is never put off once given, so every subject's turn comes. A re-look that no
//!   delivery asked for stands a minute further back than a delivery of the same moment; of a repository with much waiting
//!   the rest stands back up to that far too (`store/turn.rs`).
//! - A token ties every later write to the lease that allows it; taking over an expired lease replaces the token.
//! - An expired lease that nobody took over still counts: nobody else is acting.

use std::collections::BTreeMap;
use std::time::Duration;

use policy::facts::ReviewState;
use policy::{Floor, Millis, RepoId, ReviewFloor, Sha, Subject};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::operation::Operation;
use super::row::{from_json, get, get_millis, parsed, signed, to_json, unsigned};
use super::rows::Insert;
use super::{Store, StoreError, Target, turn};
use crate::lease::Lease;

/// A head may be shared by many pull requests; one delivery wakes at most this many of them.
const SUBJECTS_PER_HEAD: i64 = 100;
const NUMBERS_PER_HEAD: usize = 50;
/// How far behind deliveries of the same moment a re-look stands that no delivery asked for.
pub(super) const STAND_BACK: Duration = Duration::from_secs(60);

const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// How long to wait after this many looks in a row without a verdict: doubling from 1 s to 5 min, less up to a
/// quarter that depends on the key, so that subjects that failed together do not come back together.
#[must_use]
pub fn backoff(attempts: u32, key: &str) -> Duration {
    let doubled = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1).min(16)));
    let wait = doubled.min(LONGEST_WAIT);
    // FNV-1a: the same on every replica and in every build, unlike the standard library's hasher.
    let hash = key.bytes().chain(attempts.to_le_bytes()).fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let per_mille = u32::try_from((hash >> 32) % 250).unwrap_or(0);
    wait - wait * per_mille / 1000
}

/// What the queue looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Subjects that are due, later due, or leased.
    pub subjects: u64,
    /// Since when the longest waiting of them has been due.
    pub oldest: Option<Millis>,
}

impl Store {
    /// T2: takes up to `at_most` due subjects, longest waiting first, deliveries before re-looks of the last minute. Taking over from a lease that ran out counts as
    /// an attempt, so that a subject that kills its replica is seen to do so.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: nothing was taken, or what was taken comes back when its lease runs out.
    pub async fn claim(
        &self,
        now: Millis,
        lease_for: Duration,
        at_most: u32,
    ) -> Result<Vec<Lease>, StoreError> {
        let until = later(now, lease_for);
        self.writer.run(Claim { now, until, at_most, token: self.next_token() }).await
    }

    /// Keeps a lease longer.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when the subject is no longer held.
    pub async fn renew(&self, lease: &Lease, until: Millis) -> Result<(), StoreError> {
        self.writer.run(Renew { hold: Hold::of(lease), due: until, over: Over::No }).await
    }

    /// Gives a lease back unused: due again at once, no attempt counted. For a graceful stop.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when the subject is no longer held.
    pub async fn release(&self, lease: &Lease, now: Millis) -> Result<(), StoreError> {
        self.writer.run(Renew { hold: Hold::of(lease), due: now, over: Over::Yes }).await
    }

    /// When the next subject becomes due or the next lease runs out.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn next_due(&self) -> Result<Option<Millis>, StoreError> {
        let row = sqlx::query("SELECT MIN(due_at) AS due_at FROM work").fetch_one(&self.readers).await?;
        get_millis(&row, "due_at")
    }

    /// How much is waiting, leased subjects included.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn waiting(&self) -> Result<Waiting, StoreError> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS subjects, MIN(COALESCE(due_since, due_at)) AS oldest FROM work \
             WHERE due_at IS NOT NULL",
        )
        .fetch_one(&self.readers)
        .await?;
        Ok(Waiting {
            subjects: unsigned(get(&row, "subjects")?, "count")?,
            oldest: get_millis(&row, "oldest")?,
        })
    }

    /// Other pull requests of the repository that were last told of or judged with this head and are not over, lowest
    /// number first. At most 50.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Unreadable`].
    pub async fn numbers_with_head(
        &self,
        repo_id: RepoId,
        head: &Sha,
        except: u64,
    ) -> Result<Vec<u64>, StoreError> {
        // Keys of one repository differ in the number only, so the shorter one is the smaller one.
        let rows = sqlx::query(
            "SELECT subject FROM work WHERE repo_id = $1 AND (floor_head = $2 OR verdict_head = $2) AND ended = 0 \
             AND subject_key LIKE 'pull/%' ORDER BY LENGTH(subject_key), subject_key LIMIT $3",
        )
        .bind(signed(repo_id.0, "repository id")?)
        .bind(head.as_str())
        .bind(NUMBERS_PER_HEAD as i64 + 1)
        .fetch_all(&self.readers)
        .await?;
        let mut numbers = Vec::with_capacity(rows.len());
        for row in &rows {
            let subject: Subject = from_json(&get::<String, _>(row, "subject")?, "subject")?;
            numbers.extend(subject.pull().map(|pull| pull.number));
        }
        numbers.retain(|number| *number != except);
        numbers.truncate(NUMBERS_PER_HEAD);
        Ok(numbers)
    }

    /// The error that the subject's last look ended with, if it did.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn last_error(&self, subject: &Subject) -> Result<Option<String>, StoreError> {
        let row = sqlx::query("SELECT last_error FROM work WHERE subject_key = $1")
            .bind(subject.key())
            .fetch_optional(&self.readers)
            .await?;
        row.map_or(Ok(None), |row| get(&row, "last_error"))
    }
}

pub(super) fn later(now: Millis, by: Duration) -> Millis {
    Millis(now.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
}

/// Older than anything heard: a redelivery or a wake leaves the subject as it is known.
pub(super) const NOTHING_NEW: Millis = Millis(i64::MIN);

/// Whether the review of the row stays. In words: `Floor::raise`.
macro_rules! review_stays {
    () => {
        "excluded.floor_review IS NULL \
         OR (excluded.floor_review = work.floor_review AND work.floor_review_state = 'dismissed') \
         OR (excluded.floor_review < work.floor_review AND work.floor_at IS NOT NULL \
             AND (excluded.floor_at IS NULL OR excluded.floor_at < work.floor_at))"
    };
}

/// What deliveries together ask of one subject.
pub(super) struct Ask {
    pub(super) subject: Subject,
    /// Which moment the subject's installation and name are of; [`NOTHING_NEW`] when they are no news.
    pub(super) heard_at: Millis,
    pub(super) floor: Floor,
    /// How many deliveries ask.
    pub(super) looks: i64,
    /// When the first of them came.
    pub(super) now: Millis,
}

/// Raises generations and floors and makes subjects due unless they are leased; returns the generations by key.
/// Each key may be there once only. The `CASE`s are [`Floor::raise`].
pub(super) async fn raise(
    tx: &mut AnyConnection,
    asks: &[(String, Ask)],
) -> Result<BTreeMap<String, i64>, StoreError> {
    let insert = Insert {
        table: "work",
        columns: &[
            "subject_key",
            "subject",
            "heard_at",
            "repo_id",
            "generation",
            "done_generation",
            "floor_at",
            "floor_head",
            "floor_review",
            "floor_review_state",
            "verdicts",
            "due_at",
            "turn_at",
            "attempts",
            "ended",
        ],
        then: concat!(
            "ON CONFLICT (subject_key) DO UPDATE SET \
             subject = CASE WHEN excluded.heard_at >= work.heard_at THEN excluded.subject ELSE work.subject END, \
             heard_at = CASE WHEN excluded.heard_at >= work.heard_at THEN excluded.heard_at ELSE work.heard_at END, \
             generation = work.generation + excluded.generation, \
             ended = 0, \
             floor_at = CASE WHEN work.floor_at IS NULL OR excluded.floor_at >= work.floor_at \
                 THEN excluded.floor_at ELSE work.floor_at END, \
             floor_head = CASE WHEN work.floor_at IS NULL OR excluded.floor_at >= work.floor_at \
                 THEN COALESCE(excluded.floor_head, work.floor_head) \
                 ELSE COALESCE(work.floor_head, excluded.floor_head) END, \
             floor_review = CASE WHEN ",
            review_stays!(),
            " THEN work.floor_review ELSE excluded.floor_review END, floor_review_state = CASE WHEN ",
            review_stays!(),
            " THEN work.floor_review_state ELSE excluded.floor_review_state END, \
             due_at = CASE WHEN work.lease_token IS NULL AND (work.due_at IS NULL OR work.due_at > excluded.due_at) \
                 THEN excluded.due_at ELSE work.due_at END, \
             turn_at = CASE WHEN work.lease_token IS NULL AND (work.turn_at IS NULL OR work.turn_at > excluded.turn_at) \
                 THEN excluded.turn_at ELSE work.turn_at END \
             RETURNING subject_key, generation"
        ),
    };
    let turns = turn::turns(tx, asks).await?;
    let asks: Vec<_> = asks.iter().zip(turns).collect();
    let rows = insert
        .all(tx, &asks, |query, ((key, ask), turn)| {
            Ok(query
                .bind(key.as_str())
                .bind(to_json(&ask.subject, "subject")?)
                .bind(ask.heard_at.0)
                .bind(signed(ask.subject.place().repo_id.0, "repository id")?)
                .bind(ask.looks)
                .bind(0_i64)
                .bind(ask.floor.updated_at.map(|at| at.0))
                .bind(ask.floor.head.as_ref().map(Sha::as_str))
                .bind(ask.floor.review.map(|review| signed(review.id, "review id")).transpose()?)
                .bind(ask.floor.review.map(|review| word(review.state)))
                .bind(0_i64)
                .bind(ask.now.0)
                .bind(turn.0)
                .bind(0_i64)
                .bind(0_i64))
        })
        .await?;
    rows.iter().map(|row| Ok((get(row, "subject_key")?, get(row, "generation")?))).collect()
}

/// Whether only a delivery can bring news of the subject.
pub(super) async fn is_over(tx: &mut AnyConnection, subject: &Subject) -> Result<bool, StoreError> {
    let row = sqlx::query("SELECT ended FROM work WHERE subject_key = $1")
        .bind(subject.key())
        .fetch_optional(tx)
        .await?;
    row.map_or(Ok(false), |row| Ok(get::<i64, _>(&row, "ended")? == 1))
}

/// The subjects that targets stand for, each once, ordered by key so that concurrent writers lock in one order.
pub(super) async fn resolve(tx: &mut AnyConnection, targets: &[Target]) -> Result<Vec<Subject>, StoreError> {
    let mut subjects = Vec::new();
    for target in targets {
        match target {
            Target::Subject(subject) => subjects.push(subject.clone()),
            Target::Head { repo_id, repo, installation, head } => {
                let rows = sqlx::query(
                    "SELECT subject FROM work WHERE repo_id = $1 AND (floor_head = $2 OR verdict_head = $2) \
                     AND subject_key LIKE 'pull/%' ORDER BY subject_key LIMIT $3",
                )
                .bind(signed(repo_id.0, "repository id")?)
                .bind(head.as_str())
                .bind(SUBJECTS_PER_HEAD)
                .fetch_all(&mut *tx)
                .await?;
                for row in rows {
                    let subject: Subject = from_json(&get::<String, _>(&row, "subject")?, "subject")?;
                    subjects.push(subject.reached(*installation, repo));
                }
            }
            Target::Waiting { repo_id, repo, installation } => {
                let waiting = "SELECT subject FROM work WHERE repo_id = $1 AND ended = 0 \
                     AND subject_key LIKE 'deployment/%' ORDER BY subject_key LIMIT 100";
                let repo_number = signed(repo_id.0, "repository id")?;
                for row in sqlx::query(waiting).bind(repo_number).fetch_all(&mut *tx).await? {
                    let subject: Subject = from_json(&get::<String, _>(&row, "subject")?, "subject")?;
                    subjects.push(subject.reached(*installation, repo));
                }
            }
            Target::Repository { repo_id, repo, installation } => {
                // All of them: one that is left out would go on showing what the old rules said.
                let open = "SELECT subject FROM work WHERE repo_id = $1 AND ended = 0 ORDER BY subject_key";
                let repo_number = signed(repo_id.0, "repository id")?;
                for row in sqlx::query(open).bind(repo_number).fetch_all(&mut *tx).await? {
                    let subject: Subject = from_json(&get::<String, _>(&row, "subject")?, "subject")?;
                    subjects.push(subject.reached(*installation, repo));
                }
            }
        }
    }
    subjects.sort_by_key(Subject::key);
    subjects.dedup_by_key(|subject| subject.key());
    Ok(subjects)
}

struct Claim {
    now: Millis,
    until: Millis,
    at_most: u32,
    token: String,
}

impl Operation for Claim {
    type Output = Vec<Lease>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Vec<Lease>, StoreError> {
        // Nobody's turn is later than the moment it is due by more than a re-look stands back, so the walk along the
        // turns ends there. The plus keeps SQLite on that index: it need not sort all that is due to take one.
        // The condition stands twice: on PostgreSQL a row that another replica took between the inner and the outer
        // look is looked at again by the outer one only.
        let rows = sqlx::query(
            "UPDATE work SET lease_token = $1, due_at = $2, \
             attempts = attempts + CASE WHEN lease_token IS NULL THEN 0 ELSE 1 END, \
             due_since = COALESCE(due_since, due_at) \
             WHERE subject_key IN \
             (SELECT subject_key FROM work WHERE turn_at <= $5 AND +due_at <= $3 \
             ORDER BY turn_at, subject_key LIMIT $4) \
             AND due_at <= $3 \
             RETURNING subject_key, subject, generation, floor_at, floor_head, floor_review, floor_review_state, \
             attempts, turn_at",
        )
        .bind(self.token.as_str())
        .bind(self.until.0)
        .bind(self.now.0)
        .bind(i64::from(self.at_most))
        .bind(later(self.now, STAND_BACK).0)
        .fetch_all(tx)
        .await?;
        let mut leases = Vec::with_capacity(rows.len());
        for row in &rows {
            match self.read(row) {
                Ok(lease) => leases.push(lease),
                // It stays leased and comes round again; the others must not wait for it.
                Err(error) => tracing::error!(%error, "a row of work was passed over"),
            }
        }
        leases.sort_by_key(|(turn, lease)| (*turn, lease.subject().key()));
        Ok(leases.into_iter().map(|(_, lease)| lease).collect())
    }
}

impl Claim {
    fn read(&self, row: &AnyRow) -> Result<(Option<Millis>, Lease), StoreError> {
        let subject: Subject = from_json(&get::<String, _>(row, "subject")?, "subject")?;
        let floor = read_floor(row)?;
        let attempts = u32::try_from(get::<i64, _>(row, "attempts")?).unwrap_or(u32::MAX);
        let lease = Lease::grant(subject, get(row, "generation")?, floor, self.token.clone(), attempts);
        Ok((get_millis(row, "turn_at")?, lease))
    }
}

/// The floor of a row of work.
pub(super) fn read_floor(row: &AnyRow) -> Result<Floor, StoreError> {
    let head = get::<Option<String>, _>(row, "floor_head")?;
    Ok(Floor {
        updated_at: get_millis(row, "floor_at")?,
        head: head.map(|head| parsed(&head, "floor", Sha::parse)).transpose()?,
        review: read_review(row)?,
    })
}

fn read_review(row: &AnyRow) -> Result<Option<ReviewFloor>, StoreError> {
    let Some(id) = get::<Option<i64>, _>(row, "floor_review")? else { return Ok(None) };
    let state = parsed(&get::<String, _>(row, "floor_review_state")?, "review state", state)?;
    Ok(Some(ReviewFloor { id: unsigned(id, "review id")?, state }))
}

const fn word(state: ReviewState) -> &'static str {
    match state {
        ReviewState::Approved => "approved",
        ReviewState::ChangesRequested => "changes_requested",
        ReviewState::Commented => "commented",
        ReviewState::Dismissed => "dismissed",
        ReviewState::Pending => "pending",
    }
}

fn state(text: &str) -> Option<ReviewState> {
    use ReviewState::{Approved, ChangesRequested, Commented, Dismissed, Pending};
    [Approved, ChangesRequested, Commented, Dismissed, Pending].into_iter().find(|state| word(*state) == text)
}

/// What a lease gives the right to, as the database knows it.
#[derive(Debug, Clone)]
pub(super) struct Hold {
    pub(super) key: String,
    pub(super) token: String,
    pub(super) generation: i64,
}

impl Hold {
    pub(super) fn of(lease: &Lease) -> Self {
        Self { key: lease.subject().key(), token: lease.token().to_owned(), generation: lease.generation() }
    }
}

enum Over {
    Yes,
    No,
}

struct Renew {
    hold: Hold,
    due: Millis,
    over: Over,
}

impl Operation for Renew {
    type Output = ();

    async fn run(&self, tx: &mut AnyConnection) -> Result<(), StoreError> {
        let token = match self.over {
            Over::Yes => None,
            Over::No => Some(self.hold.token.as_str()),
        };
        let done = sqlx::query(
            "UPDATE work SET due_at = $3, lease_token = $4 WHERE subject_key = $1 AND lease_token = $2",
        )
        .bind(self.hold.key.as_str())
        .bind(self.hold.token.as_str())
        .bind(self.due.0)
        .bind(token)
        .execute(tx)
        .await?;
        if done.rows_affected() == 0 { Err(StoreError::LeaseLost) } else { Ok(()) }
    }
}
