//! `[[rules]]`: when a rule applies, and what it demands.

use toml::Spanned;
use toml::de::DeValue;

use super::read::{At, Table, list, nearest};
use super::shelf::Shelf;
use crate::complaint::{Code, Complaints};
use crate::predicate::{Known, Predicate};
use crate::reference::{self, ANY, Bad, Key, Shape};

/// A rule: every one that applies counts, the strictest wins.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its id, unique in the file.
    pub id: String,
    /// Where its id stands.
    pub line: u32,
    /// All of these must hold; none means always.
    pub(crate) when: Vec<Predicate>,
    /// What it demands.
    pub demand: Demand,
    /// Its reason, for whoever is blocked by it.
    pub why: Option<String>,
}

/// What a rule demands when it applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Demand {
    /// The approvals of a tier.
    Require(String),
    /// Nothing helps.
    Deny,
}

/// What rules can be about in this version; the words are GitHub's.
const JUDGED: [&str; 1] = ["pull_request"];
/// What later versions will judge: refused now, so that nobody relies on a rule that does nothing.
const LATER: [&str; 8] =
    ["push", "branch", "tag", "workflow_run", "deployment", "merge_group", "release", "pull_request_review"];

pub(super) fn parse(
    value: &Spanned<DeValue<'_>>,
    known: &Known<'_>,
    tiers: &[String],
    shelf: &mut Shelf,
    complaints: &mut Complaints<'_>,
) -> Option<(At<String>, Rule)> {
    let mut table = Table::of("rules", value.span(), value, complaints)?;
    let id = table.needed_text("id", "Give it a short name: verdicts refer to it.", complaints);
    let id = id.and_then(|id| checked_id(id, complaints));
    if let Some(id) = &id {
        table.name = format!("rules.{}", id.value);
    }
    parse_on(&mut table, complaints);
    let when = match table.has("when") {
        true => parse_when(&mut table, known, shelf, complaints),
        false => Some(Vec::new()),
    };
    let demand = parse_demand(&mut table, tiers, complaints);
    let why = table.text("why", complaints);
    table.finish(complaints);
    let id = id?;
    let line = complaints.line_of(id.span.start);
    let rule =
        Rule { id: id.value.clone(), line, when: when?, demand: demand?, why: why.map(|why| why.value) };
    Some((id, rule))
}

fn checked_id(id: At<String>, complaints: &mut Complaints<'_>) -> Option<At<String>> {
    let plain = id.value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if plain && id.value.len() <= 60 {
        return Some(id);
    }
    complaints.error(
        Code::BadValue,
        id.span,
        format!("`{}` is no usable id", id.value.escape_debug()),
        "Use lower-case letters, digits and hyphens, at most 60.",
    );
    None
}

fn parse_on(table: &mut Table<'_>, complaints: &mut Complaints<'_>) {
    if !table.has("on") {
        table.missing("on", "Say what it is about: `on = [\"pull_request\"]`.", complaints);
    }
    for text in table.texts("on", complaints).map(|texts| texts.value).unwrap_or_default() {
        let word = text.value.as_str();
        if JUDGED.contains(&word) {
            continue;
        }
        let (code, message) = if LATER.contains(&word) {
            (Code::NotJudged, format!("this version does not judge `{word}`, so the rule would do nothing"))
        } else {
            (Code::UnknownEvent, format!("`{}` is nothing that rules can be about", word.escape_debug()))
        };
        let help = match nearest(word, &JUDGED) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => format!("Judged by this version: {}.", list(&JUDGED)),
        };
        complaints.error(code, text.span, message, help);
    }
}

fn parse_when(
    table: &mut Table<'_>,
    known: &Known<'_>,
    shelf: &mut Shelf,
    complaints: &mut Complaints<'_>,
) -> Option<Vec<Predicate>> {
    let mut when = table.table("when", complaints)?;
    let span = when.span.clone();
    let empty = when.is_empty();
    let predicates = Predicate::parse_all(&mut when, known, shelf, complaints);
    when.finish(complaints);
    if empty {
        complaints.error(
            Code::EmptyValue,
            span,
            "`when` names no condition",
            "Remove `when` if the rule is to apply always.",
        );
        return None;
    }
    Some(predicates)
}

fn parse_demand(table: &mut Table<'_>, tiers: &[String], complaints: &mut Complaints<'_>) -> Option<Demand> {
    let require = table.text("require", complaints);
    let deny = table.flag("deny", complaints);
    let help = "A rule has either `require = \"TIER\"` or `deny = true`.";
    match (require, deny) {
        (Some(tier), None) => {
            super::tiers::known(&tier, tiers, complaints).then_some(Demand::Require(tier.value))
        }
        (None, Some(At { value: true, .. })) => Some(Demand::Deny),
        (None, Some(At { value: false, span })) => {
            complaints.error(Code::Contradiction, span, "`deny = false` demands nothing", help);
            None
        }
        (Some(tier), Some(_)) => {
            let message = "a rule cannot both require a tier and deny";
            complaints.error(Code::Contradiction, tier.span, message, help);
            None
        }
        (None, None) => {
            let message = format!("`{}` demands nothing", table.name.escape_debug());
            complaints.error(Code::MissingKey, table.span.clone(), message, help);
            None
        }
    }
}

/// What people read about it.
pub(super) const TABLE: reference::Table = reference::Table {
    heading: "[[rules]]",
    name: "rule",
    meaning: "When something applies, and what it demands. A rule has either `require` or `deny`.",
    keys: &[
        Key {
            name: "id",
            needed: true,
            shape: Shape::Text("^[a-z0-9-]{1,60}$"),
            words: "lower-case letters, digits, hyphens, at most 60; unique",
            default: None,
            meaning: "Verdicts refer to it.",
            bad: Bad { text: "id = \"Everything!\"", code: Code::BadValue },
        },
        Key {
            name: "on",
            needed: true,
            shape: Shape::List(&Shape::OneOf(&JUDGED)),
            words: "list of `pull_request`",
            default: None,
            meaning: "What it is about. What later versions will judge (`push`, `tag`, `workflow_run`, `deployment`, `merge_group` and others) is refused now, so that nobody relies on a rule that does nothing.",
            bad: Bad { text: "on = [\"push\"]", code: Code::NotJudged },
        },
        Key {
            name: "when",
            needed: false,
            shape: Shape::Conditions,
            words: "table of [conditions](#conditions)",
            default: None,
            meaning: "All must hold. Without it the rule always applies.",
            bad: Bad { text: "when = {}", code: Code::EmptyValue },
        },
        Key {
            name: "require",
            needed: false,
            shape: Shape::Text(ANY),
            words: "name of a tier",
            default: None,
            meaning: "The tier must be satisfied.",
            bad: Bad { text: "require = \"sensitve\"", code: Code::UnknownTier },
        },
        Key {
            name: "deny",
            needed: false,
            shape: Shape::True,
            words: "`true`",
            default: None,
            meaning: "Nothing helps.",
            bad: Bad { text: "deny = false", code: Code::Contradiction },
        },
        Key {
            name: "why",
            needed: false,
            shape: Shape::Text(ANY),
            words: "text",
            default: None,
            meaning: "Shown to whoever is blocked.",
            bad: Bad { text: "why = 3", code: Code::WrongType },
        },
    ],
    good: "[[rules]]\nid      = \"payments\"\non      = [\"pull_request\"]\nwhen    = { paths = [\"payments/**\"], branches = [\"main\", \"release/**\"] }\nrequire = \"sensitive\"\nwhy     = \"What books money is read by somebody who answers for it.\"\n",
    bad: &[Bad {
        text: "[[rules]]\nid      = \"both\"\non      = [\"pull_request\"]\nrequire = \"routine\"\ndeny    = true\n",
        code: Code::Contradiction,
    }],
};
