//! `[tiers.NAME]`: named approval requirements that rules point to.

use std::collections::BTreeSet;

use super::read::{At, Table, list, nearest};
use crate::complaint::Complaints;
use crate::facts::Group;

/// What must be approved by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tier {
    /// Its name in `rules.toml`.
    pub name: String,
    /// Where its table stands.
    pub line: u32,
    /// How many people must approve.
    pub approvals: u32,
    /// Teams of which at least one approver must be a member; empty when any person will do.
    pub from: BTreeSet<Group>,
}

/// More approvals than anybody could collect are a typo.
const MOST_APPROVALS: u64 = 20;

pub(super) fn parse(name: &str, mut table: Table<'_>, complaints: &mut Complaints<'_>) -> Option<Tier> {
    let line = complaints.line_of(table.span.start);
    let span = table.span.clone();
    if !table.has("approvals") {
        table.missing("approvals", "Say how many people must approve: `approvals = 1`.", complaints);
    }
    let approvals = table.number("approvals", MOST_APPROVALS, complaints);
    let mut from = BTreeSet::new();
    for text in table.texts("from", complaints).map(|texts| texts.value).unwrap_or_default() {
        match Group::parse(&text.value) {
            Some(team @ Group::Team { .. }) => {
                from.insert(team);
            }
            _ => complaints.error(
                "bad-value",
                text.span,
                format!("`{}` is no team", text.value.escape_debug()),
                "Write `\"@acme/security\"`.",
            ),
        }
    }
    table.finish(complaints);
    let approvals = u32::try_from(approvals?.value).ok()?;
    if approvals == 0 && !from.is_empty() {
        complaints.error(
            "contradiction",
            span,
            format!("tier `{}` needs no approval, but names who must give it", name.escape_debug()),
            "Raise `approvals` or remove `from`.",
        );
        return None;
    }
    Some(Tier { name: name.to_owned(), line, approvals, from })
}

/// Whether a tier of this name exists; complains otherwise.
pub(super) fn known(tier: &At<String>, tiers: &[String], complaints: &mut Complaints<'_>) -> bool {
    if tiers.contains(&tier.value) {
        return true;
    }
    let help = match nearest(&tier.value, tiers) {
        Some(near) => format!("Did you mean `{near}`?"),
        None => format!("Defined under `[tiers.NAME]`: {}.", list(tiers)),
    };
    let message = format!("no tier is called `{}`", tier.value.escape_debug());
    complaints.error("unknown-tier", tier.span.clone(), message, help);
    false
}
