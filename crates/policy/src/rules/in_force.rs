//! The rules that a subject is judged by: the organisation's, and below them the repository's own.
//!
//! Rule: whatever the repository's own rules say, nothing is looser than without them. Approvals are the larger
//! number, bounds must hold on both sides, and a rule of the repository never counts as allowing something.

use super::suspension::{Suspended, Suspension};
use super::tighten::{Narrowing, OWN_RULES, Tightening};
use super::{Rules, Tier, Trouble};
use crate::complaint::{Code, Complaint, Severity};
use crate::facts::{Fact, OwnRules, RulesText};
use crate::verdict::{Enforcement, OwnRulesInForce, RuleRef};

/// What a subject is judged by.
#[derive(Debug)]
pub(crate) struct InForce<'r> {
    /// The organisation's rules.
    pub(crate) rules: &'r Rules,
    /// What the repository adds.
    pub(crate) own: Option<Tightening>,
    /// What is recorded of that.
    pub(crate) stamp: Option<OwnRulesInForce>,
    /// Why it is not known what the repository adds.
    pub(crate) unseen: Option<String>,
    /// Who may do nothing for now; `None` where nobody is judged by it.
    pub(super) suspended: Option<&'r Suspended>,
}

impl<'r> InForce<'r> {
    /// The newest rules of the repository, or the last good ones, or none. Whoever judges asks
    /// [`super::RuleSource::law`], which knows who is suspended.
    pub(super) fn of(rules: &'r Rules, own: &Fact<OwnRules>) -> Self {
        let alone = Self { rules, own: None, stamp: None, unseen: None, suspended: None };
        let own = match own {
            Fact::Known(own) => own,
            Fact::Unknown(why) => return Self { unseen: Some(why.clone()), ..alone },
        };
        let trouble = match (&own.newest, &own.unusable) {
            (None, None) => return alone,
            (_, Some(why)) => Some(why.clone()),
            (Some(newest), None) => {
                let parsed = Tightening::parse(rules, &newest.text);
                if parsed.valid {
                    let stamp = stamp(newest, parsed.tightening.as_ref(), None);
                    return Self { own: parsed.tightening, stamp: Some(stamp), ..alone };
                }
                Some(Trouble::Invalid(parsed.complaints).sentence())
            }
        };
        let Some(last_good) = &own.last_good else {
            let stamp = OwnRulesInForce { source: OWN_RULES.to_owned(), blob: None, digest: None, trouble };
            return Self { stamp: Some(stamp), ..alone };
        };
        // It was valid below the organisation's rules of its time. A bound that they have overtaken does no harm; what
        // names something that is gone may have been meant to block, and nobody can tell what.
        let parsed = Tightening::parse(rules, &last_good.text);
        let stamp = stamp(last_good, parsed.tightening.as_ref(), trouble);
        let lost = |complaint: &Complaint| {
            complaint.severity == Severity::Error && complaint.code != Code::Loosening
        };
        let lost: Vec<Complaint> = parsed.complaints.into_iter().filter(lost).collect();
        let unseen = (!lost.is_empty()).then(|| {
            format!(
                "the last good ones no longer fit the organisation's, {}",
                Trouble::Invalid(lost).sentence()
            )
        });
        Self { own: parsed.tightening, stamp: Some(stamp), unseen, ..alone }
    }

    /// Whether verdicts block. Not knowing what the repository asks for, the strictest.
    pub(crate) fn enforcement(&self) -> Enforcement {
        let organisation = self.rules.gate.enforcement;
        match (&self.unseen, self.own.as_ref().and_then(|own| own.enforcement)) {
            (Some(_), _) => Enforcement::Active,
            (None, Some(own)) => own.max(organisation),
            (None, None) => organisation,
        }
    }

    /// What a tier asks for, and the repository's own line where that raised it.
    pub(crate) fn tier(&self, name: &str) -> Option<(Tier, Option<RuleRef>)> {
        let organisation = self.rules.tiers.get(name);
        let own = self.own.as_ref().and_then(|own| own.tiers.get(name));
        match (organisation, own) {
            (None, None) => None,
            (Some(tier), None) => Some((tier.clone(), None)),
            (None, Some(own)) => Some((own.clone(), None)),
            (Some(tier), Some(own)) => {
                let both = stricter(tier, own);
                let raised = both != *tier;
                Some((both, raised.then(|| own_ref(format!("tiers.{name}"), own.line))))
            }
        }
    }

    /// Why an agent may do nothing for now.
    pub(crate) fn suspension(&self, agent: &str) -> Option<&Suspension> {
        self.suspended.and_then(|suspended| suspended.get(agent))
    }

    /// What the repository bounds an agent by.
    pub(crate) fn narrowing(&self, agent: &str) -> Option<&Narrowing> {
        self.own.as_ref().and_then(|own| own.agents.get(agent))
    }

    /// Where the repository says which agents may act in it, if this one is not among them.
    pub(crate) fn keeps_out(&self, agent: &str) -> Option<RuleRef> {
        let (only, line) = self.own.as_ref()?.only.as_ref()?;
        (!only.contains(agent)).then(|| own_ref("gate.agents".to_owned(), *line))
    }
}

/// A place in the repository's own rules.
pub(crate) fn own_ref(id: String, line: u32) -> RuleRef {
    RuleRef { id, line, source: OWN_RULES.to_owned() }
}

fn stamp(text: &RulesText, tightening: Option<&Tightening>, trouble: Option<String>) -> OwnRulesInForce {
    OwnRulesInForce {
        source: OWN_RULES.to_owned(),
        blob: Some(text.blob.clone()),
        digest: tightening.map(|own| own.digest.clone()),
        trouble,
    }
}

/// As many approvals as either asks for, from teams that both would take (of teams that only one names, those), from
/// each team that either names, after the longer wait and before the shorter age.
pub(crate) fn stricter(organisation: &Tier, own: &Tier) -> Tier {
    let both: std::collections::BTreeSet<_> = organisation.from.intersection(&own.from).cloned().collect();
    let from = match (organisation.from.is_empty(), both.is_empty()) {
        (true, _) => own.from.clone(),
        (false, true) => organisation.from.clone(),
        (false, false) => both,
    };
    let each: std::collections::BTreeSet<_> = organisation.each.union(&own.each).cloned().collect();
    let all = u32::try_from(each.len()).unwrap_or(u32::MAX);
    Tier {
        approvals: organisation.approvals.max(own.approvals).max(all),
        from,
        each,
        not_before: organisation.not_before.max(own.not_before),
        max_age: organisation.max_age.into_iter().chain(own.max_age).min(),
        owner: organisation.owner.max(own.owner),
        ..organisation.clone()
    }
}
