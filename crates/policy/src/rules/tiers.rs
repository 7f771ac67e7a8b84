//! `[tiers.NAME]`: named approval requirements that rules point to.

use std::collections::BTreeSet;

use super::read::{At, Table, list, nearest};
use crate::complaint::{Code, Complaints};
use crate::facts::Group;
use crate::reference::{self, Bad, Key, Shape, TEAM};

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
                Code::BadValue,
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
            Code::Contradiction,
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
    complaints.error(Code::UnknownTier, tier.span.clone(), message, help);
    false
}

/// What people read about it.
pub(super) const TABLE: reference::Table = reference::Table {
    heading: "[tiers.NAME]",
    name: "tier",
    meaning: "Named approval requirements that rules point to. [What counts as an approval](#approvals) is told above.",
    keys: &[
        Key {
            name: "approvals",
            needed: true,
            shape: Shape::Number(0, MOST_APPROVALS),
            words: "number from 0 to 20",
            default: None,
            meaning: "How many people must approve. `0` allows without anybody.",
            bad: Bad { text: "approvals = \"two\"", code: Code::WrongType },
        },
        Key {
            name: "from",
            needed: false,
            shape: Shape::List(&Shape::Text(TEAM)),
            words: "list of teams",
            default: None,
            meaning: "At least one of the counted approvers must be a member of one of them.",
            bad: Bad { text: "from = [\"security\"]", code: Code::BadValue },
        },
    ],
    good: "[tiers.audited]\napprovals = 2\nfrom      = [\"@acme/security\"]\n",
    bad: &[Bad {
        text: "[tiers.audited]\napprovals = 0\nfrom      = [\"@acme/security\"]\n",
        code: Code::Contradiction,
    }],
};
