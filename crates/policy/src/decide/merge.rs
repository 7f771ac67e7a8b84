//! Judges a merge after the fact: was there a verdict that passed, and is what landed what it was about?
//!
//! What people made by themselves is theirs to merge. A merge cannot be held back any more: whatever is found here is told
//! of, and the deployment of its commit can be refused.

use super::{cannot_see, conclude_findings, decide, group};
use crate::act::{ActVerdict, Deed, MergeFacts};
use crate::rules::in_force::InForce;
use crate::rules::{OnMerged, Respond, RuleSource};
use crate::verdict::{
    Code, Conclusion, Effect, Enforcement, Finding, Involvement, JudgedAs, RulesInForce, quoted,
};

/// Judges a merge.
#[must_use]
pub fn judge_merge(facts: &MergeFacts, source: &RuleSource) -> ActVerdict {
    let in_force = source.law(&facts.own_rules);
    let law = in_force.as_ref();
    let enforcement = law.map_or(Enforcement::Active, InForce::enforcement);
    let (involvement, mut findings) = match enforcement {
        Enforcement::Active | Enforcement::Evaluate => judge(facts, source),
        Enforcement::Disabled => (nobodys(JudgedAs::Unknown), Vec::new()),
    };
    let conclusion = conclude_findings(&mut findings);
    let denied = findings.iter().any(|finding| finding.effect == Effect::Denies);
    let agents = matches!(involvement.judged_as, JudgedAs::Agents | JudgedAs::Assisted);
    let proposes = law.is_some_and(|law| law.rules.gate.merged == OnMerged::ProposeRevert);
    let respond = match conclusion {
        Conclusion::Success => None,
        _ if denied && agents && proposes => Some(Respond::Revert),
        _ => Some(Respond::Report),
    };
    let commit = facts.commit.get().ok().cloned();
    let deed = Deed {
        id: commit.as_ref().map_or_else(|| facts.head.as_str().to_owned(), |sha| sha.as_str().to_owned()),
        what: format!(
            "merged pull request {} `{}` into `{}`",
            facts.number,
            quoted(&facts.title),
            quoted(&facts.base)
        ),
        sweeping: false,
        conclusion,
        // Who did it is who merged it; whose work it was is told by the rest.
        involvement: Involvement { author: facts.by.get().ok().cloned(), ..involvement },
        findings,
        respond,
    };
    ActVerdict {
        repository: facts.repository.clone(),
        about: format!("#{} into {}", facts.number, facts.base),
        head: commit,
        conclusion,
        enforcement,
        rules: RulesInForce { own: law.and_then(|law| law.stamp.clone()), ..source.stamp() },
        deeds: vec![deed],
        tiers: Vec::new(),
    }
}

fn judge(facts: &MergeFacts, source: &RuleSource) -> (Involvement, Vec<Finding>) {
    let Some(stood) = &facts.stood else { return unjudged(facts, source) };
    let shown = stood.shown();
    let mut findings = Vec::new();
    if shown != Conclusion::Success {
        let said = format!("its check showed `{}` when it was merged", shown.as_str());
        findings.push(past_the_gate(said));
    }
    if stood.involvement.judged_as != JudgedAs::People && stood.enforcement == Enforcement::Active {
        findings.extend(group::landing(facts.number, &facts.landing));
    }
    (stood.involvement.clone(), findings)
}

/// No verdict stood for the head: whose work it was is looked at now.
fn unjudged(facts: &MergeFacts, source: &RuleSource) -> (Involvement, Vec<Finding>) {
    let afterwards = facts.afterwards.as_deref().map(|facts| decide(facts, source));
    let own =
        afterwards.and_then(|verdict| verdict.pulls.into_iter().find(|pull| pull.number == facts.number));
    let Some(pull) = own else {
        let why = cannot_see("whose work was merged without a verdict".to_owned());
        return (nobodys(JudgedAs::Unknown), vec![why]);
    };
    let findings = match pull.involvement.judged_as {
        JudgedAs::People => Vec::new(),
        JudgedAs::Agents | JudgedAs::Assisted => {
            vec![past_the_gate("it was merged without a verdict, and an agent had a hand in it".to_owned())]
        }
        // What could not be seen is among the findings.
        JudgedAs::Unknown => pull.findings.into_iter().filter(|f| f.effect >= Effect::Unseen).collect(),
    };
    (pull.involvement, findings)
}

fn nobodys(judged_as: JudgedAs) -> Involvement {
    Involvement { author: None, judged_as, agents: Vec::new() }
}

fn past_the_gate(message: String) -> Finding {
    Finding {
        code: Code::MergedPastTheGate,
        effect: Effect::Denies,
        rule: None,
        message,
        why: None,
        evidence: Vec::new(),
        evidence_total: 0,
        way_out: Some("Find out who merged it and why; revert it, or judge it after the fact.".to_owned()),
    }
}
