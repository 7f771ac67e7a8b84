//! Decides about a merge group: each of its pull requests again, and what landing them would make.
//!
//! The strictest wins, as among pull requests that share a head. A group of which it is not certain what it holds is one
//! that could not be seen.

use super::{cannot_see, conclude_findings, decide};
use crate::act::{GroupFacts, Landing, Member};
use crate::facts::{Fact, PullState};
use crate::rules::RuleSource;
use crate::rules::in_force::InForce;
use crate::verdict::{
    Code, Conclusion, Effect, Enforcement, Finding, GroupVerdict, JudgedAs, PullVerdict, RulesInForce,
    Verdict,
};

/// Decides about a merge group.
#[must_use]
pub fn decide_group(facts: &GroupFacts, source: &RuleSource) -> Verdict {
    let in_force = source.law(&facts.own_rules);
    let law = in_force.as_ref();
    let enforcement = law.map_or(Enforcement::Active, InForce::enforcement);
    let (mut pulls, mut findings): (Vec<PullVerdict>, _) = (Vec::new(), Vec::new());
    match &facts.members {
        Fact::Known(members) if !members.is_empty() => {
            for member in members {
                let (judged, more) = judge(member, source);
                findings.extend(more);
                let known: Vec<u64> = pulls.iter().map(|pull| pull.number).collect();
                pulls.extend(judged.into_iter().filter(|pull| !known.contains(&pull.number)));
            }
        }
        Fact::Known(_) => findings.push(unseen("it names none")),
        Fact::Unknown(why) => findings.push(unseen(why)),
    }
    if enforcement == Enforcement::Disabled {
        findings.clear();
    }
    let own = conclude_findings(&mut findings);
    Verdict {
        repository: facts.repository.clone(),
        head: facts.head.clone(),
        check: source.check().to_owned(),
        conclusion: pulls.iter().map(|pull| pull.conclusion).fold(own, Conclusion::max),
        enforcement,
        rules: RulesInForce { own: law.and_then(|law| law.stamp.clone()), ..source.stamp() },
        pulls,
        proposals: Vec::new(),
        group: Some(GroupVerdict { base: facts.base.clone(), findings }),
    }
}

/// The verdicts on a pull request and on those that share its head, and what is to be said of its landing.
fn judge(member: &Member, source: &RuleSource) -> (Vec<PullVerdict>, Vec<Finding>) {
    let pull = &member.facts.pull;
    if pull.state != PullState::Open {
        return (Vec::new(), vec![cannot_see(format!("pull request {} is not open any more", pull.number))]);
    }
    let pulls = decide(&member.facts, source).pulls;
    let peoples = pulls.iter().all(|pull| pull.involvement.judged_as == JudgedAs::People);
    let findings = if peoples { Vec::new() } else { landing(pull.number, &member.landing) };
    (pulls, findings)
}

/// What speaks against how a pull request lands, or would.
pub(super) fn landing(number: u64, landing: &Fact<Landing>) -> Vec<Finding> {
    match landing {
        Fact::Unknown(why) => {
            vec![cannot_see(format!("whether what lands of pull request {number} is what was judged: {why}"))]
        }
        Fact::Known(Landing { as_merged: true, strangers: 0 }) => Vec::new(),
        Fact::Known(Landing { as_merged: false, .. }) => vec![lands_otherwise(format!(
            "what lands of pull request {number} is not what merging its judged head gives"
        ))],
        Fact::Known(Landing { strangers, .. }) => vec![lands_otherwise(format!(
            "with pull request {number} land commits that are not its own: {strangers}"
        ))],
    }
}

fn lands_otherwise(message: String) -> Finding {
    Finding {
        code: Code::LandsOtherwise,
        effect: Effect::Denies,
        rule: None,
        message,
        why: None,
        evidence: Vec::new(),
        evidence_total: 0,
        way_out: Some(
            "Compare it with the pull request; take it out of the queue and put it there anew.".to_owned(),
        ),
    }
}

fn unseen(why: &str) -> Finding {
    cannot_see(format!("which pull requests the merge group holds: {why}"))
}
