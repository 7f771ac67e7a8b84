//! What guards one branch, all rulesets and classic protection together: what one of them is seen to demand is demanded.

use std::collections::BTreeMap;

use policy::Fact;
use policy::act::{Guard, Holder, Lock, Setting};

use crate::github::posture::{BranchPosture, Bypass, Classic, Demand, RequiredCheck, Reviews};

/// Whoever administers the repository, where classic protection does not hold administrators.
const ADMINISTRATORS: &str = "administrators";

/// The locks of one branch. `app` is ours.
pub(super) fn guards(seen: &BranchPosture, check: &str, app: u64) -> Vec<Guard> {
    let on = seen.name.as_str();
    let held = |demands: &dyn Fn(&Demand) -> bool, classic: &dyn Fn(&Classic) -> bool| {
        let strength = |demand: &Demand| u64::from(demands(demand));
        strongest(seen, 1, strength, |protection| u64::from(classic(protection)))
    };
    let review = |such: fn(Reviews) -> bool| {
        held(&|demand| matches!(demand, Demand::Reviews(reviews) if such(*reviews)), &|classic| {
            classic.reviews.is_some_and(such)
        })
    };
    let required = |checks: &[RequiredCheck]| {
        let ours = checks.iter().filter(|required| required.context == check);
        let strength = ours.map(|required| match required.app {
            Some(from) if from == app => 2,
            None => 1,
            Some(_) => 0,
        });
        strength.max().unwrap_or(0)
    };
    let by_rule = |demand: &Demand| match demand {
        Demand::Checks(checks) => required(checks),
        _ => 0,
    };
    let approvals = |demand: &Demand| match demand {
        Demand::Reviews(reviews) => reviews.approvals,
        _ => 0,
    };
    let classic_approvals = |classic: &Classic| classic.reviews.map_or(0, |reviews| reviews.approvals);
    vec![
        Guard::of(Lock::Check, on, strongest(seen, 2, by_rule, |classic| required(&classic.checks))),
        Guard::of(Lock::Bypass, on, bypass(seen, check, app)),
        Guard::of(Lock::Approvals, on, strongest(seen, u64::MAX, approvals, classic_approvals)),
        Guard::of(Lock::StaleApprovals, on, review(|reviews| reviews.dismiss_stale)),
        Guard::of(Lock::LastPush, on, review(|reviews| reviews.last_push)),
        Guard::of(
            Lock::ForcePush,
            on,
            held(&|demand| *demand == Demand::NoForcePush, &|classic| !classic.allow_force_pushes),
        ),
        Guard::of(
            Lock::Deletion,
            on,
            held(&|demand| *demand == Demand::NoDeletion, &|classic| !classic.allow_deletions),
        ),
    ]
}

/// The most that any of them demands. Unless that is as much as can be, one that is unseen may demand more.
fn strongest(
    seen: &BranchPosture,
    most: u64,
    by_rule: impl Fn(&Demand) -> u64,
    by_classic: impl Fn(&Classic) -> u64,
) -> Fact<Setting> {
    let rules = seen.rules.get().map(Vec::as_slice).unwrap_or_default();
    let rule = rules.iter().map(|rule| by_rule(&rule.demand)).max().unwrap_or(0);
    let classic = seen.classic.get().ok().and_then(Option::as_ref).map_or(0, by_classic);
    let strength = rule.max(classic);
    match unseen(seen).filter(|_| strength < most) {
        Some(why) => Fact::Unknown(why),
        None => Fact::Known(Setting::Strength(strength)),
    }
}

fn unseen(seen: &BranchPosture) -> Option<String> {
    let rules = seen.rules.get().err().map(|why| format!("rulesets: {why}"));
    let classic = seen.classic.get().err().map(|why| format!("classic branch protection: {why}"));
    rules.or(classic)
}

/// Who may go past all that takes our check from us alone. What takes it from anybody holds nobody up.
fn bypass(seen: &BranchPosture, check: &str, app: u64) -> Fact<Setting> {
    let ours = |checks: &[RequiredCheck]| {
        checks.iter().any(|required| required.context == check && required.app == Some(app))
    };
    let mut holders = BTreeMap::new();
    let mut hidden = Vec::new();
    for rule in seen.rules.get().map(Vec::as_slice).unwrap_or_default() {
        if !matches!(&rule.demand, Demand::Checks(checks) if ours(checks)) {
            continue;
        }
        match rule.ruleset.and_then(|id| seen.bypass.get(&id)) {
            Some(Fact::Known(actors)) if actors.is_empty() => return nobody(),
            Some(Fact::Known(actors)) => holders.extend(actors.iter().map(holder)),
            Some(Fact::Unknown(why)) => hidden.push(why.clone()),
            None => hidden.push("the forge does not tell which ruleset it is".to_owned()),
        }
    }
    if let Fact::Known(Some(classic)) = &seen.classic
        && ours(&classic.checks)
    {
        if classic.enforce_admins {
            return nobody();
        }
        let name = ADMINISTRATORS.to_owned();
        holders.insert(name.clone(), Holder { name, level: 1 });
    }
    hidden.extend(unseen(seen));
    if hidden.is_empty() {
        return Fact::Known(Setting::Holders(holders));
    }
    Fact::Unknown(hidden.join("; "))
}

fn nobody() -> Fact<Setting> {
    Fact::Known(Setting::Holders(BTreeMap::new()))
}

/// By pull request only is less than always; without a trace is more.
fn holder(actor: &Bypass) -> (String, Holder) {
    let number = actor.id.map(|id| format!(" {id}")).unwrap_or_default();
    let level = match actor.mode.as_str() {
        "pull_request" => 1,
        "exempt" => 3,
        _ => 2,
    };
    let name = format!("{}{number} ({})", actor.kind, actor.mode);
    (format!("{}/{}", actor.kind, actor.id.unwrap_or(0)), Holder { name, level })
}
