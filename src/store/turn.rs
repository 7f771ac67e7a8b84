//! Whose turn comes when: repositories take turns, however much one of them has waiting.
//!
//! What is asked for queues up behind what waits of the same repository, as if that were looked at one after the other:
//! a flood stands behind itself, and what others ask for goes between. Nobody stands back further than a re-look that no
//! delivery asked for, so the walk along the turns stays short. Nothing waits longer for it where nobody else waits.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use policy::{Millis, RepoId};
use sqlx::AnyConnection;

use super::StoreError;
use super::row::{get, signed, unsigned};
use super::work::{Ask, STAND_BACK, later};

/// How far each of a repository's subjects stands behind the one before it.
const STEP: Duration = Duration::from_millis(100);
/// Counted no further: those beyond stand back as far as anything does.
const MOST: u64 = 600;
/// Repositories asked about in one statement.
const AT_ONCE: usize = 50;

/// When the turn of each subject comes, in the order of `asks`.
pub(super) async fn turns(tx: &mut AnyConnection, asks: &[(String, Ask)]) -> Result<Vec<Millis>, StoreError> {
    let repos: BTreeSet<RepoId> = asks.iter().map(|(_, ask)| ask.subject.place().repo_id).collect();
    let repos: Vec<RepoId> = repos.into_iter().collect();
    let now = asks.iter().map(|(_, ask)| ask.now).max().unwrap_or(Millis(0));
    let mut ahead = BTreeMap::new();
    for group in repos.chunks(AT_ONCE) {
        ahead.extend(waiting(tx, group, now).await?);
    }
    let turn = |(_, ask): &(String, Ask)| {
        let before = ahead.entry(ask.subject.place().repo_id).or_insert(0);
        let steps = u32::try_from((*before).min(MOST)).unwrap_or(u32::MAX);
        *before = before.saturating_add(1);
        later(ask.now, STEP.saturating_mul(steps).min(STAND_BACK))
    };
    Ok(asks.iter().map(turn).collect())
}

/// How many subjects of each repository wait or are being looked at; at most [`MOST`].
async fn waiting(
    tx: &mut AnyConnection,
    repos: &[RepoId],
    now: Millis,
) -> Result<BTreeMap<RepoId, u64>, StoreError> {
    let one = |place: usize| {
        format!(
            "SELECT ${place} AS repo_id, COUNT(*) AS waiting FROM (SELECT 1 AS one FROM work \
             WHERE repo_id = ${place} AND turn_at <= $1 LIMIT {MOST}) AS counted"
        )
    };
    let sql = (2..repos.len().saturating_add(2)).map(one).collect::<Vec<_>>().join(" UNION ALL ");
    let mut query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(later(now, STAND_BACK).0);
    for repo in repos {
        query = query.bind(signed(repo.0, "repository id")?);
    }
    let rows = query.fetch_all(tx).await?;
    let read = |row| {
        Ok((
            RepoId(unsigned(get(row, "repo_id")?, "repository id")?),
            unsigned(get(row, "waiting")?, "count")?,
        ))
    };
    rows.iter().map(read).collect()
}
