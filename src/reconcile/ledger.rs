//! The ref ledger: finds moves of branches and tags of which no delivery told.
//!
//! Goes through the repositories one after another and compares what the forge records with what was told. What is
//! missing becomes evidence like any delivery's and is judged by the same look. The first time a repository is seen
//! only its tags are written down: what was there before is nobody's move.

use std::collections::BTreeMap;
use std::time::Duration;

use policy::act::{Pushed, RefName};
use policy::{Fact, Millis, RefSubject, Sha, Subject};

use super::{Gate, ReconcileError};
use crate::store::{KnownRepository, Testimony};

/// A delivery that is not here after this is not on its way.
const UNDER_WAY: Duration = Duration::from_secs(2 * 60);
/// Marks in the ledger where a tag was noticed to stand of which nothing was told yet; zeros where it was gone.
const NOTICED: char = '?';
/// The forge's own records reach back a day.
const REACH: Duration = Duration::from_secs(25 * 60 * 60);

/// Compares one repository. Answers how many moves nobody had told of.
///
/// # Errors
/// [`ReconcileError`]: nothing is lost, the next round finds it again.
pub async fn compare(gate: &Gate, repository: &KnownRepository) -> Result<usize, ReconcileError> {
    let now = gate.clock.now();
    let baseline = baseline(gate, repository, now).await?;
    let mut found = branches(gate, repository, baseline, now).await?;
    found += tags(gate, repository, baseline == now, now).await?;
    if found > 0 {
        metrics::counter!("portcullis_untold_moves_total").increment(found as u64);
        tracing::warn!(repository = %repository.name, moves = found, "nobody had told of these moves");
    }
    Ok(found)
}

/// Since when the repository is watched.
async fn baseline(gate: &Gate, repository: &KnownRepository, now: Millis) -> Result<Millis, ReconcileError> {
    let key = format!("ledger.{}", repository.id);
    if let Some(since) = gate.store.kv_get(&key).await?.and_then(|text| text.parse().ok()) {
        return Ok(Millis(since));
    }
    gate.store.kv_put(&key, &now.0.to_string()).await?;
    Ok(now)
}

async fn branches(
    gate: &Gate,
    repository: &KnownRepository,
    baseline: Millis,
    now: Millis,
) -> Result<usize, ReconcileError> {
    let mut found = 0;
    let settled = earlier(now, UNDER_WAY);
    // The same move may be made twice, and only one of both be told.
    let mut matched: BTreeMap<(RefName, Option<Sha>, Option<Sha>), usize> = BTreeMap::new();
    for recorded in gate.github.recorded(repository.installation, &repository.name).await? {
        if recorded.at < baseline || recorded.at > settled {
            continue;
        }
        let Pushed { before, after, .. } = &recorded.pushed;
        let times = matched.entry((recorded.name.clone(), before.clone(), after.clone())).or_default();
        *times += 1;
        let subject = subject(repository, recorded.name);
        let told = gate.store.told_since(&subject, earlier(now, REACH)).await?;
        if told.iter().filter(|body| same_move(body, &recorded.pushed)).count() >= *times {
            continue;
        }
        let body = serde_json::to_string(&recorded.pushed)?;
        let actor = recorded.pushed.actor.get().ok().map(|actor| actor.id);
        let id = format!("activity-{}", recorded.id);
        found += usize::from(gate.store.testify(id, Testimony { subject, body, actor }, now).await?);
    }
    Ok(found)
}

async fn tags(
    gate: &Gate,
    repository: &KnownRepository,
    first: bool,
    now: Millis,
) -> Result<usize, ReconcileError> {
    let Some(stand) = gate.github.tags(repository.installation, &repository.name).await? else {
        tracing::warn!(repository = %repository.name, "more tags than are compared");
        return Ok(0);
    };
    let known = gate.store.tips(repository.id).await?;
    let stood: BTreeMap<RefName, Sha> =
        known.iter().filter_map(|(name, tip)| Some((RefName::parse(name)?, tip.clone()))).collect();
    let mut notes = Vec::new();
    let mut found = 0;
    let names = stand.keys().chain(stood.keys().filter(|name| !stand.contains_key(name)));
    for name in names.filter(|name| name.tag().is_some()) {
        let (before, after) = (stood.get(name), stand.get(name));
        if before == after {
            continue;
        }
        let mark = format!("{NOTICED}{name}", name = name.as_str());
        let subject = subject(repository, name.clone());
        let told = gate.store.told_since(&subject, earlier(now, REACH)).await?;
        let leads_here = |body: &String| {
            serde_json::from_str::<Pushed>(body).is_ok_and(|pushed| pushed.after.as_ref() == after)
        };
        let noticed = after.cloned().unwrap_or_else(Sha::zero);
        // Only the newest: it may have stood there before, and been put back since.
        if first || told.last().is_some_and(leads_here) {
            notes.extend([(name.as_str().to_owned(), after.cloned()), (mark, None)]);
            continue;
        }
        // Its delivery may be on the way: it is told of in the next round, if that has not come by then.
        if known.get(&mark) != Some(&noticed) {
            notes.push((mark, Some(noticed)));
            continue;
        }
        notes.extend([(name.as_str().to_owned(), after.cloned()), (mark, None)]);
        let pushed = Pushed {
            actor: Fact::unknown("no delivery told of it, and the forge keeps no record of tags"),
            before: before.cloned(),
            after: after.cloned(),
            forced: before.is_some() && after.is_some(),
        };
        let stands = after.map_or("gone", Sha::as_str);
        let id = format!("ledger-{stands}-{}", now.0);
        let body = serde_json::to_string(&pushed)?;
        found += usize::from(gate.store.testify(id, Testimony { subject, body, actor: None }, now).await?);
    }
    gate.store.note_tips(repository.id, notes, now).await?;
    Ok(found)
}

fn same_move(body: &str, recorded: &Pushed) -> bool {
    serde_json::from_str::<Pushed>(body)
        .is_ok_and(|told| told.before == recorded.before && told.after == recorded.after)
}

fn subject(repository: &KnownRepository, name: RefName) -> Subject {
    Subject::Ref(RefSubject {
        installation: repository.installation,
        repo_id: repository.id,
        repo: repository.name.clone(),
        name,
    })
}

pub(super) fn earlier(now: Millis, by: Duration) -> Millis {
    Millis(now.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
}
