//! How a tier stands, given the approvals that count for themselves.
//!
//! A tier only takes away: by age, by who answers for the agent, by team, and by time.

use std::collections::{BTreeMap, BTreeSet};

use super::{Approvals, Bench, Counted};
use crate::facts::{Account, Fact, Group};
use crate::ids::{Millis, UserId};
use crate::rules::{Owner, Tier};
use crate::verdict::{Approval, Disqualification, Disqualified, TierState};

/// How the tier stands.
pub(super) fn state(
    bench: &Bench<'_>,
    tier: &Tier,
    required_by: BTreeSet<String>,
    approvals: &Approvals,
) -> TierState {
    let (mut unseen, mut changes_at) = (approvals.unseen.clone(), None);
    let (mut counted, mut disqualified) = (Vec::new(), approvals.disqualified.clone());
    for given in &approvals.counted {
        let because = against(bench, tier, given);
        if !because.is_empty() {
            disqualified.push(Disqualified { by: Some(given.by.clone()), because });
            continue;
        }
        let ends = tier.max_age.zip(given.at).map(|(age, at)| age.after(at));
        changes_at = earlier(changes_at, ends);
        let (teams, doubt) = teams(bench, given.by.id, tier);
        unseen = unseen.take().or(doubt);
        counted.push(Approval { by: given.by.clone(), teams, commented: given.commented });
    }
    let enough = counted.len() >= tier.approvals as usize;
    let from_there = |approval: &Approval| approval.teams.iter().any(|team| tier.from.contains(team));
    let team_there = tier.from.is_empty() || counted.iter().any(from_there);
    let mut lacks = lacking_of_each(&tier.each, &counted);
    match wait(bench, tier) {
        Wait::Over => {}
        Wait::Until(at) => {
            changes_at = earlier(changes_at, Some(at));
            lacks.push(format!("not before {}", at.minute()));
        }
        Wait::Unknown(why) => unseen = unseen.take().or(Some(why)),
    }
    let clock_seen = !matches!(wait(bench, tier), Wait::Unknown(_));
    let satisfied = approvals.unseen.is_none() && clock_seen && enough && team_there && lacks.is_empty();
    TierState {
        name: tier.name.clone(),
        required_by,
        raised_by: None,
        needed: tier.approvals,
        from: tier.from.clone(),
        each: tier.each.clone(),
        counted,
        disqualified,
        lacks,
        changes_at,
        satisfied,
        unseen: unseen.filter(|_| !satisfied),
    }
}

fn earlier(one: Option<Millis>, other: Option<Millis>) -> Option<Millis> {
    one.into_iter().chain(other).min()
}

enum Wait {
    Over,
    Until(Millis),
    Unknown(String),
}

/// How long the head must still be there.
fn wait(bench: &Bench<'_>, tier: &Tier) -> Wait {
    let Some(span) = tier.not_before else { return Wait::Over };
    match bench.pull.head_since {
        None => Wait::Unknown("since when the head is there".to_owned()),
        Some(since) => match span.after(since) {
            at if at <= bench.facts.now => Wait::Over,
            at => Wait::Until(at),
        },
    }
}

/// Why the tier does not take an approval that counts for itself.
fn against(bench: &Bench<'_>, tier: &Tier, given: &Counted) -> Vec<Disqualification> {
    let mut because = Vec::new();
    if tier.owner == Owner::Excluded {
        because.extend(bench.agents.iter().find_map(|agent| answers_for(bench, agent, &given.by)));
    }
    if let Some(age) = tier.max_age {
        match given.at {
            None => because.push(Disqualification::AgeUnknown),
            Some(at) if age.after(at) <= bench.facts.now => because.push(Disqualification::TooOld),
            Some(_) => {}
        }
    }
    because
}

/// Whether the account is the agent's owner, or of the team that is.
fn answers_for(bench: &Bench<'_>, agent: &str, account: &Account) -> Option<Disqualification> {
    let agent = bench.in_force.rules.agents.get(agent)?;
    match agent.owner_team() {
        None => {
            let login = agent.owner.trim_start_matches('@');
            login.eq_ignore_ascii_case(&account.login).then(|| Disqualification::Owner(agent.name.clone()))
        }
        Some(team) => match bench.facts.roster.has(&team, account.id) {
            Fact::Known(false) => None,
            Fact::Known(true) => Some(Disqualification::Owner(agent.name.clone())),
            Fact::Unknown(why) => Some(Disqualification::OwnerUnknown(why)),
        },
    }
}

/// Which of the tier's teams an account belongs to, and what could not be seen of that.
fn teams(bench: &Bench<'_>, account: UserId, tier: &Tier) -> (BTreeSet<Group>, Option<String>) {
    let (mut member_of, mut unseen) = (BTreeSet::new(), None);
    for team in tier.teams() {
        match bench.facts.roster.has(team, account) {
            Fact::Known(true) => {
                member_of.insert(team.clone());
            }
            Fact::Known(false) => {}
            Fact::Unknown(why) => unseen = Some(why),
        }
    }
    (member_of, unseen)
}

/// The teams for which nobody is left when each has a person of its own: as few as can be.
fn lacking_of_each(each: &BTreeSet<Group>, counted: &[Approval]) -> Vec<String> {
    // A maximal matching, team by team along augmenting paths.
    let mut speaks_for: BTreeMap<usize, &Group> = BTreeMap::new();
    let mut lacking = Vec::new();
    for team in each {
        if !seat(team, counted, &mut speaks_for, &mut BTreeSet::new()) {
            lacking.push(format!("a person of `{team}`"));
        }
    }
    lacking
}

/// Finds a person for the team, if need be by finding another for the team that has this one.
fn seat<'g>(
    team: &'g Group,
    counted: &[Approval],
    speaks_for: &mut BTreeMap<usize, &'g Group>,
    asked: &mut BTreeSet<usize>,
) -> bool {
    for (at, approval) in counted.iter().enumerate() {
        if !approval.teams.contains(team) || !asked.insert(at) {
            continue;
        }
        let free = match speaks_for.get(&at).copied() {
            None => true,
            Some(other) => seat(other, counted, speaks_for, asked),
        };
        if free {
            speaks_for.insert(at, team);
            return true;
        }
    }
    false
}
