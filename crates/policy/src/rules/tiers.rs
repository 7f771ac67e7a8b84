//! `[tiers.NAME]`: named approval requirements that rules point to.

use std::collections::{BTreeMap, BTreeSet};

use super::read::{At, Table, list, nearest};
use super::span::{self, SPAN, Span};
use crate::complaint::{Code, Complaints};
use crate::facts::{Group, Moments};
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
    /// Teams of each of which one approver must be a member, all of them different people.
    pub each: BTreeSet<Group>,
    /// How long the head must have been there.
    pub not_before: Option<Span>,
    /// Until when an approval counts after it was given.
    pub max_age: Option<Span>,
    /// Whether whoever answers for an agent that had a hand in the change may approve it.
    pub owner: Owner,
}

/// Whether whoever answers for an agent may approve its work. Ordered from mild to strict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// As anybody else.
    Counts,
    /// Neither the account nor a member of the team.
    Excluded,
}

impl Tier {
    /// Whether any of these tiers excludes those who answer for agents.
    pub(crate) fn any_excludes(tiers: &BTreeMap<String, Self>) -> bool {
        tiers.values().any(|tier| tier.owner == Owner::Excluded)
    }

    /// Whether any of these tiers asks for moments.
    pub(crate) fn moments(tiers: &BTreeMap<String, Self>) -> Moments {
        let asks = |tier: &Self| tier.not_before.is_some() || tier.max_age.is_some();
        if tiers.values().any(asks) { Moments::Tell } else { Moments::Skip }
    }

    /// Every team that it names.
    pub(crate) fn teams(&self) -> impl Iterator<Item = &Group> {
        self.from.iter().chain(&self.each)
    }
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
    let (from, each) = (teams("from", &mut table, complaints), teams("each", &mut table, complaints));
    let not_before = span::parse("not_before", &mut table, complaints);
    let age = table.has("max_age");
    let max_age = span::parse("max_age", &mut table, complaints);
    let owner = owner(&mut table, complaints);
    table.finish(complaints);
    let approvals = u32::try_from(approvals?.value).ok()?;
    if (approvals as usize) < each.len() {
        complaints.error(
            Code::Contradiction,
            span,
            format!(
                "tier `{}` needs {approvals} approvals, but names {} teams of which one person each must approve",
                name.escape_debug(),
                each.len()
            ),
            "Raise `approvals` or name fewer teams under `each`.",
        );
        return None;
    }
    if approvals == 0 && (!from.is_empty() || age || owner == Owner::Excluded) {
        complaints.error(
            Code::Contradiction,
            span,
            format!("tier `{}` needs no approval, but says who must give it or when", name.escape_debug()),
            "Raise `approvals` or remove `from`, `max_age` and `owner`.",
        );
        return None;
    }
    Some(Tier { name: name.to_owned(), line, approvals, from, each, not_before, max_age, owner })
}

fn teams(key: &'static str, table: &mut Table<'_>, complaints: &mut Complaints<'_>) -> BTreeSet<Group> {
    let mut teams = BTreeSet::new();
    for text in table.texts(key, complaints).map(|texts| texts.value).unwrap_or_default() {
        match Group::parse(&text.value) {
            Some(team @ Group::Team { .. }) => {
                teams.insert(team);
            }
            _ => complaints.error(
                Code::BadValue,
                text.span,
                format!("`{}` is no team", text.value.escape_debug()),
                "Write `\"@acme/security\"`.",
            ),
        }
    }
    teams
}

fn owner(table: &mut Table<'_>, complaints: &mut Complaints<'_>) -> Owner {
    let Some(text) = table.text("owner", complaints) else { return Owner::Counts };
    if text.value != EXCLUDED {
        let message = format!("`{}` says nothing about an agent's owner", text.value.escape_debug());
        complaints.error(
            Code::BadValue,
            text.span,
            message,
            "Write `owner = \"excluded\"`, or remove the key.",
        );
    }
    Owner::Excluded
}

const EXCLUDED: &str = "excluded";

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
        Key {
            name: "each",
            needed: false,
            shape: Shape::List(&Shape::Text(TEAM)),
            words: "list of teams",
            default: None,
            meaning: "Of each of these teams one of the counted approvers must be a member, a different person for each.",
            bad: Bad { text: "each = [\"security\"]", code: Code::BadValue },
        },
        Key {
            name: "not_before",
            needed: false,
            shape: Shape::Text(SPAN),
            words: "minutes, hours or days: `\"10m\"`, `\"36h\"`, `\"7d\"`",
            default: None,
            meaning: "How long the head must have been there before it passes, so that people have time to look. Counted from when Portcullis first saw it; the check then moves on by itself.",
            bad: Bad { text: "not_before = \"10 minutes\"", code: Code::BadValue },
        },
        Key {
            name: "max_age",
            needed: false,
            shape: Shape::Text(SPAN),
            words: "minutes, hours or days: `\"10m\"`, `\"36h\"`, `\"7d\"`",
            default: None,
            meaning: "Approvals older than this no longer count. The check moves back by itself.",
            bad: Bad { text: "max_age = \"0d\"", code: Code::BadValue },
        },
        Key {
            name: "owner",
            needed: false,
            shape: Shape::OneOf(&[EXCLUDED]),
            words: "`\"excluded\"`",
            default: None,
            meaning: "Whoever answers for an agent that had a hand in the change (the account, or any member of the team) does not count.",
            bad: Bad { text: "owner = \"no\"", code: Code::BadValue },
        },
    ],
    good: "[tiers.audited]\napprovals  = 2\nfrom       = [\"@acme/security\", \"@acme/privacy\"]\neach       = [\"@acme/platform\"]\nnot_before = \"10m\"\nmax_age    = \"7d\"\nowner      = \"excluded\"\n",
    bad: &[
        Bad {
            text: "[tiers.audited]\napprovals = 0\nfrom      = [\"@acme/security\"]\n",
            code: Code::Contradiction,
        },
        Bad {
            text: "[tiers.audited]\napprovals = 1\neach      = [\"@acme/security\", \"@acme/platform\"]\n",
            code: Code::Contradiction,
        },
    ],
};
