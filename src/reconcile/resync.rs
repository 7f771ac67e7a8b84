//! Pull requests of which no delivery told: found by asking, a little at a time.
//!
//! Two ways, because neither finds everything. One call lists what changed last; what deliveries did not tell of is
//! looked at, and what they told of costs nothing more. And one open pull request of the repository is looked at in its
//! turn, for what no list tells, such as an approver who has left. Each round costs the same however many there are.

use std::time::Duration;

use policy::facts::PullState;
use policy::{Floor, Millis, PullSubject, Subject};
use serde::{Deserialize, Serialize};

use super::ledger::earlier;
use super::{Gate, ReconcileError};
use crate::github::{Listed, Which};
use crate::store::{Heard, KnownRepository};

/// A delivery that is not here after this is not on its way.
const UNDER_WAY: Duration = Duration::from_secs(2 * 60);
/// How far the list is read past what was compared before: the forge's clock is not ours.
const OVERLAP: Duration = Duration::from_secs(10 * 60);

/// How far the last round came.
#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    /// Since when the repository is watched.
    since: Millis,
    /// What had changed until then was compared.
    until: Option<Millis>,
    /// The key of the open pull request whose turn it was.
    turn: Option<String>,
}

/// Compares the pull requests of one repository, and has one of the open ones looked at. Answers of how many changes
/// nobody had told.
///
/// # Errors
/// [`ReconcileError`]: nothing is lost, the next round finds it again.
pub async fn compare(gate: &Gate, repository: &KnownRepository) -> Result<usize, ReconcileError> {
    let now = gate.clock.now();
    let key = format!("resync.{}", repository.id);
    // What cannot be read is read from the beginning.
    let mark = gate.store.kv_get(&key).await?.and_then(|text| serde_json::from_str(&text).ok());
    let mark = mark.unwrap_or(Mark { since: now, until: None, turn: None });
    let found = changed(gate, repository, &mark, now).await?;
    let turn = gate.store.next_open_pull(repository.id, mark.turn.as_deref()).await?;
    if let Some(subject) = &turn {
        gate.store.wake(subject, now).await?;
    }
    let turn = turn.map(|subject| subject.key());
    let mark = Mark { until: Some(earlier(now, UNDER_WAY)), turn, ..mark };
    gate.store.kv_put(&key, &serde_json::to_string(&mark)?).await?;
    if found > 0 {
        metrics::counter!("portcullis_untold_pulls_total").increment(found as u64);
        tracing::warn!(repository = %repository.name, pulls = found, "nobody had told of these pull requests");
    }
    Ok(found)
}

/// Has what changed untold looked at. The first time only what is open counts: what was merged before is nobody's.
async fn changed(
    gate: &Gate,
    repository: &KnownRepository,
    mark: &Mark,
    now: Millis,
) -> Result<usize, ReconcileError> {
    let (which, since) = match mark.until {
        Some(until) => (Which::All, earlier(until, OVERLAP)),
        None => (Which::Open, Millis(0)),
    };
    let place = (repository.id, &repository.name);
    let mut listed = gate.github.recent_pulls(repository.installation, place, which, since).await?;
    let settled = earlier(now, UNDER_WAY);
    listed.retain(|one| one.updated_at >= since && one.updated_at <= settled);
    let pull = |number| PullSubject {
        installation: repository.installation,
        repo_id: repository.id,
        repo: repository.name.clone(),
        number,
    };
    let both = |one: &Listed| [Subject::Pull(pull(one.number)), Subject::Merge(pull(one.number))];
    let subjects: Vec<Subject> = listed.iter().flat_map(both).collect();
    let heard = gate.store.heard(&subjects).await?;
    let mut found = 0;
    for one in &listed {
        let [subject, merge] = both(one);
        let known = heard.get(&subject.key());
        let untold = match one.state {
            PullState::Open => known.is_none_or(|known| is_news(one, known)),
            PullState::Closed => known.is_some_and(|known| !known.over),
            PullState::Merged => {
                !heard.contains_key(&merge.key()) && one.merged_at.is_some_and(|at| at >= mark.since)
            }
        };
        if untold {
            let floor =
                Floor { updated_at: Some(one.updated_at), head: Some(one.head.clone()), review: None };
            gate.store.hear(&subject, floor, now).await?;
            found += 1;
        }
    }
    Ok(found)
}

/// Whether the list shows something newer than was ever told.
fn is_news(one: &Listed, known: &Heard) -> bool {
    match known.floor.updated_at {
        Some(told) if told == one.updated_at => known.floor.head.as_ref() != Some(&one.head),
        told => told.is_none_or(|told| told < one.updated_at),
    }
}
