//! Where a commit comes from, put together: the branches that it is on, the pull requests that brought it and what was
//! decided about their merges, who pushed it otherwise, and what it contains that went past the gate.

use std::collections::BTreeSet;

use policy::act::{ActVerdict, Brought, Origin, PushedBy, RefName};
use policy::rules::RuleSource;
use policy::verdict::{Conclusion, Enforcement, JudgedAs};
use policy::{Fact, Place, PullSubject, Sha, Subject};

use super::{Gate, ReconcileError};
use crate::github::{MergedPull, SourceRead};
use crate::store::Past;

/// What is known of a commit that is deployed.
pub(super) struct Known {
    pub(super) seen: SourceRead,
    pub(super) origin: Fact<Origin>,
    /// Whether a merge that brought it is not judged yet; it is woken.
    pub(super) awaits: bool,
}

/// Finds out where a commit comes from. `branch` is what it is said to be deployed from.
pub(super) async fn origin(
    gate: &Gate,
    place: Place<'_>,
    commit: &Sha,
    branch: Option<&str>,
    rules: &RuleSource,
) -> Result<Known, ReconcileError> {
    let seen = gate.github.read_source(place, commit, branch).await?;
    let mut awaits = false;
    let origin = match branches(gate, place, commit, branch, &seen, rules).await? {
        Fact::Known(on) if on.is_empty() => {
            Fact::Known(Origin { on, pulls: Vec::new(), pushed: None, past: Fact::Known(Vec::new()) })
        }
        Fact::Known(on) => match &seen.pulls {
            Fact::Known(merged) => {
                // What was merged elsewhere was judged for elsewhere.
                let merged: Vec<&MergedPull> = merged.iter().filter(|pull| on.contains(&pull.base)).collect();
                let found = found(gate, place, commit, (on, merged), &seen).await?;
                awaits = found.pulls.iter().any(|pull| pull.conclusion.is_none())
                    || gate.store.merges_wait(place.repo_id).await?;
                Fact::Known(found)
            }
            Fact::Unknown(why) => Fact::Unknown(why.clone()),
        },
        Fact::Unknown(why) => Fact::Unknown(why),
    };
    let origin = match origin {
        Fact::Known(origin) if awaits && origin.pulls.iter().all(|pull| pull.conclusion.is_some()) => {
            let past = Fact::unknown("a merge is not judged yet");
            Fact::Known(Origin { past, ..origin })
        }
        origin => origin,
    };
    Ok(Known { seen, origin, awaits })
}

/// Of the branches that may be deployed from, those that contain the commit: the default branch, and the named one.
async fn branches(
    gate: &Gate,
    place: Place<'_>,
    commit: &Sha,
    branch: Option<&str>,
    seen: &SourceRead,
    rules: &RuleSource,
) -> Result<Fact<BTreeSet<String>>, ReconcileError> {
    let Some((default, tip)) = &seen.default_branch else {
        return Ok(Fact::unknown("the forge does not show the default branch"));
    };
    let other = branch.filter(|branch| branch != default).zip(seen.branch.as_ref());
    let mut on = BTreeSet::new();
    for (name, tip) in [(default.as_str(), tip)].into_iter().chain(other) {
        if !rules.deploys_from(name, default) {
            continue;
        }
        match gate.github.leads_to(place, &seen.repository.name, commit, tip).await? {
            Fact::Known(true) => {
                on.insert(name.to_owned());
            }
            Fact::Known(false) => {}
            Fact::Unknown(why) => return Ok(Fact::Unknown(why)),
        }
    }
    Ok(Fact::Known(on))
}

/// What brought a commit to these branches, and what it contains.
async fn found(
    gate: &Gate,
    place: Place<'_>,
    commit: &Sha,
    (on, merged): (BTreeSet<String>, Vec<&MergedPull>),
    seen: &SourceRead,
) -> Result<Origin, ReconcileError> {
    let mut pulls = Vec::with_capacity(merged.len());
    for pull in &merged {
        pulls.push(brought(gate, place, commit, pull).await?);
    }
    let pushed = match (pulls.is_empty(), on.first()) {
        (true, Some(name)) => Some(pushed(gate, place, name, commit, seen).await?),
        _ => None,
    };
    // Read last: what was judged meanwhile is in it.
    let past = gate.store.past(place.repo_id, &on).await?;
    let past = contained(gate, place, commit, &pulls, past, seen).await?;
    Ok(Origin { on, pulls, pushed, past })
}

/// What was decided about a merge; one that nobody looked at is looked at now.
async fn brought(
    gate: &Gate,
    place: Place<'_>,
    commit: &Sha,
    pull: &MergedPull,
) -> Result<Brought, ReconcileError> {
    let number = pull.number;
    let whole = pull.commit.as_ref() == Some(commit) || pull.head.as_ref() == Some(commit);
    let subject = Subject::Merge(PullSubject {
        installation: place.installation,
        repo_id: place.repo_id,
        repo: place.repo.clone(),
        number,
    });
    let Some(stored) = gate.store.latest_verdict(&subject).await? else {
        gate.store.wake(&subject, gate.clock.now()).await?;
        let judged_as = JudgedAs::Unknown;
        return Ok(Brought { number, whole, conclusion: None, judged_as, agents: BTreeSet::new() });
    };
    let verdict: ActVerdict = serde_json::from_str(&stored.record.verdict)?;
    // Where the rules only evaluated nothing is held against it, nor once somebody closed the incident about it.
    let held = verdict.enforcement == Enforcement::Active
        && verdict.conclusion != Conclusion::Success
        && !gate.store.is_settled(&subject).await?;
    let conclusion = Some(if held { verdict.conclusion } else { Conclusion::Success });
    let involvement = verdict.deeds.into_iter().next().map(|deed| deed.involvement);
    let judged_as = involvement.as_ref().map_or(JudgedAs::Unknown, |involvement| involvement.judged_as);
    let traces = involvement.into_iter().flat_map(|involvement| involvement.agents);
    let agents = traces.filter_map(|trace| trace.registered).collect();
    Ok(Brought { number, whole, conclusion, judged_as, agents })
}

async fn pushed(
    gate: &Gate,
    place: Place<'_>,
    branch: &str,
    commit: &Sha,
    seen: &SourceRead,
) -> Result<PushedBy, ReconcileError> {
    let Some(name) = RefName::parse(&format!("refs/heads/{branch}")) else {
        return Ok(PushedBy { by: Fact::unknown("its branch has no usable name"), passed: false });
    };
    let by = gate.github.pushed_by(place, &seen.repository.name, &name, commit).await?;
    Ok(PushedBy { by, passed: gate.store.push_passed(place.repo_id, &name, commit).await? })
}

/// Of what went past the gate, that which leads to the commit, in words; what brought it is judged by itself.
async fn contained(
    gate: &Gate,
    place: Place<'_>,
    commit: &Sha,
    brought: &[Brought],
    past: Option<Vec<Past>>,
    seen: &SourceRead,
) -> Result<Fact<Vec<String>>, ReconcileError> {
    let Some(past) = past else {
        return Ok(Fact::unknown("more than 20 incidents about merges or pushes are not closed"));
    };
    let by_itself =
        |one: &&Past| one.pull.is_none_or(|number| brought.iter().all(|pull| pull.number != number));
    let mut contained = Vec::new();
    for one in past.iter().filter(by_itself) {
        let name = one.pull.map(|number| format!("#{number}"));
        let Some(at) = &one.commit else {
            return Ok(Fact::unknown(format!("by which commit {} was merged", name.unwrap_or_default())));
        };
        match gate.github.leads_to(place, &seen.repository.name, at, commit).await? {
            Fact::Known(true) => {
                contained.push(name.unwrap_or_else(|| format!("the push of {}", at.short())))
            }
            Fact::Known(false) => {}
            Fact::Unknown(why) => return Ok(Fact::Unknown(why)),
        }
    }
    Ok(Fact::Known(contained))
}
