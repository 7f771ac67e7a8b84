//! `[tiers.NAME]` of a repository: a tier of its own, or a stricter reading of the organisation's.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::complaint::{Code, Complaints};
use crate::rules::read::{Table, list};
use crate::rules::{Rules, Tier, tiers};

pub(super) fn parse(
    over: &Rules,
    root: &mut Table<'_>,
    complaints: &mut Complaints<'_>,
) -> BTreeMap<String, Tier> {
    let mut parsed = BTreeMap::new();
    for (name, table) in root.named_tables("tiers", complaints) {
        let span = table.span.clone();
        let spans = ["approvals", "from", "not_before", "max_age"]
            .map(|key| table.span_of(key).unwrap_or(span.clone()));
        let Some(mut tier) = tiers::parse(&name, table, complaints) else { continue };
        if let Some(organisation) = over.tiers.get(&name) {
            only_tightens(&mut tier, organisation, &spans, complaints);
        }
        parsed.insert(name, tier);
    }
    parsed
}

/// Complains about a tier that asks for less than the organisation's of that name.
fn only_tightens(
    tier: &mut Tier,
    organisation: &Tier,
    [approvals, from, not_before, max_age]: &[Range<usize>; 4],
    complaints: &mut Complaints<'_>,
) {
    let help = "A repository's own rules may only tighten. Raise it, or make a tier with a name of its own.";
    if tier.approvals < organisation.approvals {
        let message = format!(
            "tier `{}` would need {} of the {} approvals that the organisation's rules ask for",
            tier.name.escape_debug(),
            tier.approvals,
            organisation.approvals
        );
        complaints.error(Code::Loosening, approvals.clone(), message, help);
    }
    let waits = tier.not_before.zip(organisation.not_before).filter(|(own, asked)| own < asked);
    let ages = tier.max_age.zip(organisation.max_age).filter(|(own, asked)| own > asked);
    for (key, times, span) in [("not_before", waits, not_before), ("max_age", ages, max_age)] {
        let Some((own, asked)) = times else { continue };
        let message = format!(
            "`{key}` of tier `{}` would be {own}, where the organisation's rules say {asked}",
            tier.name.escape_debug()
        );
        complaints.error(Code::Loosening, span.clone(), message, help);
    }
    if organisation.from.is_empty() {
        return;
    }
    // No team named here: the organisation's go on to be asked for.
    if tier.from.is_empty() {
        tier.from.clone_from(&organisation.from);
        return;
    }
    let more: BTreeSet<_> = tier.from.difference(&organisation.from).map(ToString::to_string).collect();
    if !more.is_empty() {
        let more: Vec<String> = more.into_iter().collect();
        let message = format!(
            "tier `{}` would also take an approval from {}, which the organisation's rules do not",
            tier.name.escape_debug(),
            list(&more)
        );
        complaints.error(Code::Loosening, from.clone(), message, help);
    }
}
