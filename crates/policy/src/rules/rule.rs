//! `[[rules]]`: when a rule applies, and what it demands.

use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::DeValue;

use super::on::{On, Respond};
use super::read::{At, Table, list, nearest, quoted_or};
use super::shelf::Shelf;
use crate::complaint::{Code, Complaints};
use crate::predicate::{self, Known, Predicate};
use crate::reference::{self, ANY, Bad, Key, Shape};

/// A rule: every one that applies counts, the strictest wins.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its id, unique in the file.
    pub id: String,
    /// Where its id stands.
    pub line: u32,
    /// What it is about; never empty.
    pub on: BTreeSet<On>,
    /// All of these must hold; none means always.
    pub(crate) when: Vec<Predicate>,
    /// What it demands.
    pub demand: Demand,
    /// What is done where it denies something that has happened already; `None` leaves it to `[gate]`.
    pub respond: Option<Respond>,
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

/// What rules can be about.
const JUDGED: [&str; 9] = [
    On::PullRequest.as_str(),
    On::Push.as_str(),
    On::Branch.as_str(),
    On::Tag.as_str(),
    On::WorkflowRun.as_str(),
    On::Deployment.as_str(),
    On::Release.as_str(),
    On::Package.as_str(),
    On::Protection.as_str(),
];
/// What is judged as part of something else, or not at all: refused, so that nobody relies on a rule that does nothing.
const LATER: [&str; 2] = ["merge_group", "pull_request_review"];
/// What can be done about something that has happened.
pub(super) const RESPONSES: [&str; 4] =
    [Respond::Report.as_str(), Respond::Cancel.as_str(), Respond::Revert.as_str(), Respond::Suspend.as_str()];

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
    let on = parse_on(&mut table, complaints);
    let when = match table.has("when") {
        true => parse_when(&mut table, &on, known, shelf, complaints),
        false => Some(Vec::new()),
    };
    let demand = parse_demand(&mut table, &on, tiers, complaints);
    let respond = parse_respond(&mut table, &on, demand.as_ref(), complaints);
    let why = table.text("why", complaints);
    table.finish(complaints);
    let id = id?;
    let line = complaints.line_of(id.span.start);
    let (when, demand, why) = (when?, demand?, why.map(|why| why.value));
    Some((id.clone(), Rule { id: id.value, line, on, when, demand, respond, why }))
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

fn parse_on(table: &mut Table<'_>, complaints: &mut Complaints<'_>) -> BTreeSet<On> {
    let mut on = BTreeSet::new();
    if !table.has("on") {
        table.missing("on", "Say what it is about: `on = [\"pull_request\"]`.", complaints);
    }
    for text in table.texts("on", complaints).map(|texts| texts.value).unwrap_or_default() {
        let word = text.value.as_str();
        if let Some(known) = On::ALL.iter().find(|known| known.as_str() == word) {
            on.insert(*known);
            continue;
        }
        let (code, message) = if LATER.contains(&word) {
            (Code::NotJudged, format!("`{word}` is not judged by itself, so the rule would do nothing"))
        } else {
            (Code::UnknownEvent, format!("`{}` is nothing that rules can be about", word.escape_debug()))
        };
        let help = match nearest(word, &JUDGED) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => format!("Rules can be about {}.", list(&JUDGED)),
        };
        complaints.error(code, text.span, message, help);
    }
    on
}

fn parse_when(
    table: &mut Table<'_>,
    on: &BTreeSet<On>,
    known: &Known<'_>,
    shelf: &mut Shelf,
    complaints: &mut Complaints<'_>,
) -> Option<Vec<Predicate>> {
    let mut when = table.table("when", complaints)?;
    let span = when.span.clone();
    let empty = when.is_empty();
    asked_elsewhere(&when, on, complaints);
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

/// A condition that can only be asked of something else would keep the rule from ever applying.
fn asked_elsewhere(when: &Table<'_>, on: &BTreeSet<On>, complaints: &mut Complaints<'_>) {
    for key in predicate::RECORDS.iter().map(|record| record.key.name) {
        let (Some(span), Some(asked)) = (when.span_of(key), predicate::asked_of(key)) else { continue };
        let elsewhere: Vec<&On> = on.iter().filter(|on| !asked.contains(on)).collect();
        if elsewhere.is_empty() {
            continue;
        }
        let message = format!("`{key}` cannot be asked of {}", quoted_or(&elsewhere));
        let help = format!("It can be asked of {}. Write a rule of its own for the rest.", quoted_or(asked));
        complaints.error(Code::AskedElsewhere, span, message, help);
    }
}

/// What is done where it denies something that has happened.
fn parse_respond(
    table: &mut Table<'_>,
    on: &BTreeSet<On>,
    demand: Option<&Demand>,
    complaints: &mut Complaints<'_>,
) -> Option<Respond> {
    let text = table.text("respond", complaints)?;
    let respond = parse_response(&text, complaints)?;
    let happened: Vec<&On> = on.iter().filter(|on| !on.can_wait()).collect();
    let unanswered: Vec<&On> = happened.iter().copied().filter(|on| !respond.answers(**on)).collect();
    let message = if matches!(demand, Some(Demand::Require(_))) || happened.is_empty() {
        "`respond` says what is done about something that has happened and is denied".to_owned()
    } else if unanswered.is_empty() {
        return Some(respond);
    } else {
        format!("`{respond}` is no answer to {}", quoted_or(&unanswered))
    };
    let help = "`report` tells of it; `revert` puts a branch or tag back, for `push`, `branch` and `tag`; `cancel` ends a run, for `workflow_run`; `suspend` stops the agent, for `protection`.";
    complaints.error(Code::Contradiction, text.span, message, help);
    None
}

/// One answer, complained about when it is none.
pub(super) fn parse_response(text: &At<String>, complaints: &mut Complaints<'_>) -> Option<Respond> {
    let known = Respond::ALL.iter().find(|known| known.as_str() == text.value);
    if known.is_none() {
        let help = match nearest(&text.value, &RESPONSES) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => format!("Known: {}.", list(&RESPONSES)),
        };
        let message = format!("`{}` is nothing that can be done about it", text.value.escape_debug());
        complaints.error(Code::BadValue, text.span.clone(), message, help);
    }
    known.copied()
}

fn parse_demand(
    table: &mut Table<'_>,
    on: &BTreeSet<On>,
    tiers: &[String],
    complaints: &mut Complaints<'_>,
) -> Option<Demand> {
    let require = table.text("require", complaints);
    let deny = table.flag("deny", complaints);
    let help = "A rule has either `require = \"TIER\"` or `deny = true`.";
    match (require, deny) {
        (Some(tier), None) => {
            let late: Vec<&On> = on.iter().filter(|on| !on.can_wait()).collect();
            if !late.is_empty() {
                let message = format!("nobody can be asked before {} has happened", quoted_or(&late));
                let help = "Write `deny = true`, and `respond` for what is done about it.";
                complaints.error(Code::Contradiction, tier.span, message, help);
                return None;
            }
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
            words: "list of `pull_request`, `push`, `branch`, `tag`, `workflow_run`, `deployment`, `release`, `package`, `protection`",
            default: None,
            meaning: "What it is about: a proposed change, commits that arrive on a branch, a branch that is created or deleted, a tag that is created, moved or deleted, a workflow that runs, something that is deployed, a release that is published or changed, a package that is published, what guards a repository that becomes looser. A merge group is judged by the rules about `pull_request`, each of its pull requests again.",
            bad: Bad { text: "on = [\"merge_group\"]", code: Code::NotJudged },
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
            name: "respond",
            needed: false,
            shape: Shape::OneOf(&RESPONSES),
            words: "`report`, `cancel`, `revert` or `suspend`",
            default: None,
            meaning: "What is done where the rule denies something that has happened already: `report` opens an incident; `revert` also puts the branch or tag back and keeps what was pushed aside; `cancel` also ends the run; `suspend` also suspends the agent that loosened a protection. What `[gate] respond` says is done at least.",
            bad: Bad { text: "respond = \"revert\"", code: Code::Contradiction },
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
