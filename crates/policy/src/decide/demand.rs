//! What the rules that apply demand.

use std::collections::{BTreeMap, BTreeSet};

use super::cannot_see;
use super::involve::Involved;
use crate::predicate::{Outcome, Proof, Scene};
use crate::rules::{Demand, OWN_RULES, On, Respond, Rule, Rules, Tightening};
use crate::verdict::{Code, Effect, Finding, JudgedAs, RuleRef, TierState};

/// What applies to a scene.
#[derive(Debug, Default)]
pub(super) struct Demands {
    /// The findings of rules that deny or could not be determined.
    settled: Vec<Finding>,
    /// Rules that require a tier, and why they apply.
    waiting: Vec<(RuleRef, Code, String, Option<String>, Proof)>,
    /// The tiers required, and by what.
    pub(super) tiers: BTreeMap<String, BTreeSet<String>>,
}

/// Asks every rule of the organisation. What none of them has something to say about is denied.
pub(super) fn gather(scene: &Scene<'_>, rules: &Rules, involved: &Involved) -> Demands {
    let mut demands = Demands::default();
    if involved.judged_as == JudgedAs::Assisted
        && let Some(provision) = &rules.people.assisted
    {
        let rule =
            RuleRef { id: "people.assisted".to_owned(), line: provision.line, source: rules.source.clone() };
        demands.require(rule, Code::Assisted, &provision.require, None, Proof::default());
    }
    demands.ask_about(On::PullRequest, scene, &rules.rules, &rules.source);
    let nothing_said = demands.settled.is_empty() && demands.waiting.is_empty();
    if nothing_said {
        demands.settled.push(nothing_allows());
    }
    demands
}

impl Demands {
    /// Asks the repository's own rules as well. They come last, so that none of them counts as allowing something.
    pub(super) fn add(&mut self, scene: &Scene<'_>, own: &Tightening) {
        self.ask_about(On::PullRequest, scene, &own.rules, OWN_RULES);
    }

    /// Asks those of the rules that are about this.
    pub(super) fn ask_about(&mut self, on: On, scene: &Scene<'_>, rules: &[Rule], source: &str) {
        for rule in rules.iter().filter(|rule| rule.on.contains(&on)) {
            self.ask(rule, scene, source);
        }
    }

    /// What is settled whatever the tiers.
    pub(super) fn into_settled(self) -> Vec<Finding> {
        self.settled
    }

    fn ask(&mut self, rule: &Rule, scene: &Scene<'_>, source: &str) {
        let place = RuleRef { id: rule.id.clone(), line: rule.line, source: source.to_owned() };
        match applies(rule, scene) {
            Outcome::Fails => {}
            Outcome::Undetermined(what) => {
                let message = format!("whether rule `{}` applies: {what}", rule.id);
                self.settled.push(Finding {
                    rule: Some(place),
                    why: rule.why.clone(),
                    ..cannot_see(message)
                });
            }
            Outcome::Holds(proof) => match &rule.demand {
                Demand::Require(tier) => {
                    self.require(place, Code::RuleRequires, tier, rule.why.clone(), proof);
                }
                Demand::Deny => self.settled.push(denied(rule, place, proof)),
            },
        }
    }

    fn require(&mut self, rule: RuleRef, code: Code, tier: &str, why: Option<String>, proof: Proof) {
        self.tiers.entry(tier.to_owned()).or_default().insert(rule.id.clone());
        self.waiting.push((rule, code, tier.to_owned(), why, proof));
    }
}

/// What the rules about one of these deny, or might; and the strictest answer of those that say one. Nothing can be
/// waited for here.
pub(super) fn denials(
    scene: &Scene<'_>,
    rules: &[Rule],
    on: &[On],
    source: &str,
) -> (Vec<Finding>, Option<Respond>) {
    let mut demands = Demands::default();
    let mut respond = None;
    for rule in rules.iter().filter(|rule| on.iter().any(|on| rule.on.contains(on))) {
        let before = demands.settled.len();
        demands.ask(rule, scene, source);
        let denies = |finding: &Finding| finding.effect == Effect::Denies;
        if demands.settled.iter().skip(before).any(denies) {
            respond = respond.max(rule.respond);
        }
    }
    (findings(demands, &[]), respond)
}

/// All conditions must hold. One that surely fails settles it, whatever the others do not know.
fn applies(rule: &Rule, scene: &Scene<'_>) -> Outcome {
    let mut proof = Proof::default();
    let mut undetermined = None;
    for condition in &rule.when {
        match condition.judge(scene) {
            Outcome::Fails => return Outcome::Fails,
            Outcome::Undetermined(what) => undetermined = Some(what),
            Outcome::Holds(more) => proof = proof.and(more),
        }
    }
    match undetermined {
        Some(what) => Outcome::Undetermined(what),
        None => Outcome::Holds(proof),
    }
}

fn denied(rule: &Rule, place: RuleRef, proof: Proof) -> Finding {
    Finding {
        code: Code::RuleDenies,
        effect: Effect::Denies,
        rule: Some(place),
        message: format!("rule `{}` denies this", rule.id),
        why: rule.why.clone(),
        evidence: proof.evidence,
        evidence_total: proof.total,
        way_out: Some("Take the offending part out of the change, or have a person do it.".to_owned()),
    }
}

fn nothing_allows() -> Finding {
    Finding {
        code: Code::NothingAllows,
        effect: Effect::Denies,
        rule: None,
        message: "no rule allows this, and what nothing allows is denied".to_owned(),
        why: None,
        evidence: Vec::new(),
        evidence_total: 0,
        way_out: Some("A maintainer adds a rule with `require = \"TIER\"` that applies to it.".to_owned()),
    }
}

/// One finding for each rule that applies.
pub(super) fn findings(demands: Demands, tiers: &[TierState]) -> Vec<Finding> {
    let mut findings = demands.settled;
    for (rule, code, tier, why, proof) in demands.waiting {
        let state = tiers.iter().find(|state| state.name == tier);
        findings.push(required(rule, code, &tier, why, proof, state));
    }
    findings
}

fn required(
    rule: RuleRef,
    code: Code,
    tier: &str,
    why: Option<String>,
    proof: Proof,
    state: Option<&TierState>,
) -> Finding {
    let (effect, message, way_out) = match state {
        Some(state) if state.satisfied => {
            (Effect::Satisfied, format!("tier `{tier}` is required, and satisfied"), None)
        }
        // Who can help is told once, with the tier.
        Some(state) => (
            if state.unseen.is_some() { Effect::Unseen } else { Effect::Waits },
            format!("tier `{tier}` is required: {}", missing(state)),
            None,
        ),
        // A tier that is not defined cannot be satisfied; validation refuses such files.
        None => (Effect::Denies, format!("tier `{tier}` is not defined"), None),
    };
    Finding {
        code,
        effect,
        rule: Some(rule),
        message,
        why,
        evidence: proof.evidence,
        evidence_total: proof.total,
        way_out,
    }
}

fn missing(state: &TierState) -> String {
    if let Some(why) = &state.unseen {
        return format!("could not see everything: {why}");
    }
    let counted = u32::try_from(state.counted.len()).unwrap_or(u32::MAX);
    if counted < state.needed {
        let noun = if state.needed == 1 { "approval" } else { "approvals" };
        format!("{counted} of {} {noun}", state.needed)
    } else if state.lacks_team() {
        format!("{counted} approvals, none of them from {}", teams(state))
    } else {
        state.lacks.join(", ")
    }
}

fn teams(state: &TierState) -> String {
    let teams: Vec<String> = state.from.iter().map(|team| format!("`{team}`")).collect();
    teams.join(" or ")
}
