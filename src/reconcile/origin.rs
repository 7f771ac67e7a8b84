//! Where a commit comes from, put together: the branches that it is on, the pull requests that brought it and what was
//! decided about their merges, who pushed it otherwise, and what it contains that went past the gate.

use std::collections::BTreeSet;

use policy::act::{ActVerdict, Brought, Origin, PushedBy, RefName};
use policy::rules::RuleSource;
use policy::verdict::{Conclusion, JudgedAs};
use policy::{Fact, Place, PullSubject, Sha, Subject};

use super::{Gate, ReconcileError};
use crate::github::{MergedPull, SourceRead};
use crate::store::PastMerge;

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
    let branch = branch.filter(|branch| rules.may_deploy_from(branch));
    let seen = gate.github.read_source(place, commit, branch).await?;
    let Some(on) = branches(gate, place, commit, branch, &seen).await? else {
        let origin = Fact::unknown("the forge does not show the default branch");
        return Ok(Known { seen, origin, awaits: false });
    };
    let nowhere =
        Origin { on: BTreeSet::new(), pulls: Vec::new(), pushed: None, past: Fact::Known(Vec::new()) };
    if on.is_empty() {
        return Ok(Known { seen, origin: Fact::Known(nowhere), awaits: false });
    }
    let merged = match &seen.pulls {
        Fact::Known(merged) => merged.clone(),
        Fact::Unknown(why) => {
            let origin = Fact::Unknown(why.clone());
            return Ok(Known { seen, origin, awaits: false });
        }
    };
    let past = gate.store.past_merges(place.repo_id).await?;
    let mut pulls = Vec::with_capacity(merged.len());
    for pull in &merged {
        pulls.push(brought(gate, place, commit, pull, past.as_deref()).await?);
    }
    let awaits = pulls.iter().any(|pull| pull.conclusion.is_none());
    let pushed = match (pulls.is_empty(), on.first()) {
        (true, Some(name)) => Some(pushed(gate, place, name, commit, &seen).await?),
        _ => None,
    };
    let past = contained(gate, place, commit, &merged, past, &seen).await?;
    Ok(Known { seen, origin: Fact::Known(Origin { on, pulls, pushed, past }), awaits })
}

/// Of the default branch and the other one, those that contain the commit; the other is asked only when it matters.
async fn branches(
    gate: &Gate,
    place: Place<'_>,
    commit: &Sha,
    branch: Option<&str>,
    seen: &SourceRead,
) -> Result<Option<BTreeSet<String>>, ReconcileError> {
    let Some((default, tip)) = &seen.default_branch else { return Ok(None) };
    let name = &seen.repository.name;
    let mut on = BTreeSet::new();
    if gate.github.leads_to(place, name, commit, tip).await? {
        on.insert(default.clone());
    }
    if let (Some(branch), Some(tip)) = (branch.filter(|branch| branch != default), &seen.branch)
        && gate.github.leads_to(place, name, commit, tip).await?
    {
        on.insert(branch.to_owned());
    }
    Ok(Some(on))
}

/// What was decided about a merge; one that nobody looked at is looked at now.
async fn brought(
    gate: &Gate,
    place: Place<'_>,
    commit: &Sha,
    pull: &MergedPull,
    past: Option<&[PastMerge]>,
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
    // An incident that somebody closed is settled, and where the rules only evaluate nothing is held against it.
    let went_past = past.is_none_or(|past| past.iter().any(|merge| merge.number == number));
    let conclusion = Some(if went_past { verdict.conclusion } else { Conclusion::Success });
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

/// Of the merges that went past the gate, those that lead to the commit; what brought it is judged by itself.
async fn contained(
    gate: &Gate,
    place: Place<'_>,
    commit: &Sha,
    brought: &[MergedPull],
    past: Option<Vec<PastMerge>>,
    seen: &SourceRead,
) -> Result<Fact<Vec<u64>>, ReconcileError> {
    let Some(past) = past else {
        return Ok(Fact::unknown("more than 20 incidents about merges past the gate are not closed"));
    };
    let mut contained = Vec::new();
    for merge in past.iter().filter(|merge| !brought.iter().any(|pull| pull.number == merge.number)) {
        let Some(merged) = &merge.commit else {
            return Ok(Fact::unknown(format!("by which commit #{} was merged", merge.number)));
        };
        if gate.github.leads_to(place, &seen.repository.name, merged, commit).await? {
            contained.push(merge.number);
        }
    }
    Ok(Fact::Known(contained))
}
