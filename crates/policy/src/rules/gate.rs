//! `[gate]`: the check run's name, and whether verdicts block.

use std::collections::BTreeSet;

use super::on::Respond;
use super::read::{At, Table, nearest};
use super::rule::{RESPONSES, parse_response};
use crate::complaint::{Code, Complaints};
use crate::reference::{self, Bad, Key, Shape};
use crate::verdict::Enforcement;

/// The gate's own settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// The check run that branch protection requires.
    pub check: String,
    /// Whether verdicts block.
    pub enforcement: Enforcement,
    /// What is done about something denied that has happened, where no rule says.
    pub respond: BTreeSet<Respond>,
}

/// The check run's name when the rules give none.
pub const DEFAULT_CHECK: &str = "portcullis";

impl Default for Gate {
    fn default() -> Self {
        Self { check: DEFAULT_CHECK.to_owned(), enforcement: Enforcement::Active, respond: BTreeSet::new() }
    }
}

const ENFORCEMENTS: [&str; 3] =
    [Enforcement::Active.as_str(), Enforcement::Evaluate.as_str(), Enforcement::Disabled.as_str()];

pub(super) fn parse(root: &mut Table<'_>, complaints: &mut Complaints<'_>) -> Gate {
    let mut gate = Gate::default();
    let Some(mut table) = root.table("gate", complaints) else { return gate };
    if let Some(check) = table.text("check", complaints) {
        let fits = !check.value.trim().is_empty() && check.value.chars().count() <= 100;
        if fits && !check.value.chars().any(char::is_control) {
            gate.check = check.value;
        } else {
            let message = "`gate.check` must be 1 to 100 characters without line breaks";
            complaints.error(
                Code::BadValue,
                check.span,
                message,
                "Use the name that branch protection requires.",
            );
        }
    }
    if let Some(enforcement) = parse_enforcement(&mut table, complaints) {
        gate.enforcement = enforcement.value;
    }
    let responses = table.texts("respond", complaints).map(|texts| texts.value).unwrap_or_default();
    gate.respond.extend(responses.iter().filter_map(|text| parse_response(text, complaints)));
    table.finish(complaints);
    gate
}

/// `enforcement`, complained about when it is none.
pub(super) fn parse_enforcement(
    table: &mut Table<'_>,
    complaints: &mut Complaints<'_>,
) -> Option<At<Enforcement>> {
    let text = table.text("enforcement", complaints)?;
    let known = Enforcement::ALL.into_iter().find(|known| known.as_str() == text.value);
    if let Some(value) = known {
        return Some(At { value, span: text.span });
    }
    let help = nearest(&text.value, &ENFORCEMENTS).map_or_else(
        || "Known: `active` (block), `evaluate` (report and pass) and `disabled` (pass).".to_owned(),
        |near| format!("Did you mean `{near}`?"),
    );
    let message = format!("`{}` is no enforcement", text.value.escape_debug());
    complaints.error(Code::BadValue, text.span, message, help);
    None
}

/// What people read about it.
pub(super) const TABLE: reference::Table = reference::Table {
    heading: "[gate]",
    name: "gate",
    meaning: "How the verdict is shown, and whether it blocks.",
    keys: &[
        Key {
            name: "check",
            needed: false,
            shape: Shape::Line(100),
            words: "text of 1 to 100 characters",
            default: Some("\"portcullis\""),
            meaning: "The name of the check run. Branch protection requires this name from this App.",
            bad: Bad { text: "check = \"\"", code: Code::BadValue },
        },
        Key {
            name: "enforcement",
            needed: false,
            shape: Shape::OneOf(&ENFORCEMENTS),
            words: "`active`, `evaluate` or `disabled`",
            default: Some("\"active\""),
            meaning: "`active` blocks. `evaluate` judges everything, reports what would have been blocked, and passes. `disabled` judges nothing and passes.",
            bad: Bad { text: "enforcement = \"dry-run\"", code: Code::BadValue },
        },
        Key {
            name: "respond",
            needed: false,
            shape: Shape::List(&Shape::OneOf(&RESPONSES)),
            words: "list of `report`, `cancel`, `revert`",
            default: Some("\"report\""),
            meaning: "What is done about something that has happened and is denied, where no rule says: by an agent that nobody registered, outside an agent's bounds, or by a rule without `respond`. `report` opens an incident; `revert` also puts branches and tags back; `cancel` also ends runs.",
            bad: Bad { text: "respond = \"undo\"", code: Code::BadValue },
        },
    ],
    good: "[gate]\ncheck       = \"portcullis\"\nenforcement = \"evaluate\"\nrespond     = [\"revert\", \"cancel\"]\n",
    bad: &[],
};
