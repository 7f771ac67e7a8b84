//! `[gate]`: the check run's name, and whether verdicts block.

use std::collections::BTreeSet;

use change::Globs;

use super::glob;
use super::on::Respond;
use super::read::{At, Table, nearest};
use super::rule::{RESPONSES, parse_response};
use crate::complaint::{Code, Complaints};
use crate::reference::{self, Bad, Key, PATTERN, Shape};
use crate::verdict::Enforcement;

/// The gate's own settings.
#[derive(Debug, Clone)]
pub struct Gate {
    /// The check run that branch protection requires.
    pub check: String,
    /// Whether verdicts block.
    pub enforcement: Enforcement,
    /// What is done about something denied that has happened, where no rule says.
    pub respond: BTreeSet<Respond>,
    /// After so many moves of one branch or tag that had to be put back within a day, an agent is suspended.
    pub strikes: u32,
    /// What is done about an agent's work that was merged past the gate.
    pub merged: OnMerged,
    /// The branches that may be deployed from; `None` is the default branch.
    pub deploy_from: Option<Globs>,
}

impl Gate {
    /// Whether a branch may be deployed from.
    #[must_use]
    pub fn deploys_from(&self, branch: &str, default_branch: &str) -> bool {
        match &self.deploy_from {
            Some(from) => from.is_match(branch.as_bytes()),
            None => branch == default_branch,
        }
    }
}

/// What is done about an agent's work that was merged past the gate, beside telling of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnMerged {
    /// Nothing.
    #[default]
    Report,
    /// A pull request is opened that takes it back. Whether it is merged is up to people.
    ProposeRevert,
}

impl OnMerged {
    const ALL: [Self; 2] = [Self::Report, Self::ProposeRevert];

    /// The word in `rules.toml`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::ProposeRevert => "propose_revert",
        }
    }
}

/// The check run's name when the rules give none.
pub const DEFAULT_CHECK: &str = "portcullis";
/// Once may be a slip, and so may twice.
const DEFAULT_STRIKES: u32 = 3;
const MOST_STRIKES: u64 = 100;

impl Default for Gate {
    fn default() -> Self {
        Self {
            check: DEFAULT_CHECK.to_owned(),
            enforcement: Enforcement::Active,
            respond: BTreeSet::new(),
            strikes: DEFAULT_STRIKES,
            merged: OnMerged::Report,
            deploy_from: None,
        }
    }
}

const ENFORCEMENTS: [&str; 3] =
    [Enforcement::Active.as_str(), Enforcement::Evaluate.as_str(), Enforcement::Disabled.as_str()];

const ON_MERGED: [&str; 2] = [OnMerged::Report.as_str(), OnMerged::ProposeRevert.as_str()];

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
    if let Some(strikes) = table.number("strikes", MOST_STRIKES, complaints) {
        match u32::try_from(strikes.value) {
            Ok(number) if number > 0 => gate.strikes = number,
            _ => complaints.error(
                Code::BadValue,
                strikes.span,
                "`gate.strikes` must be 1 at least",
                "Write `strikes = 1` to suspend at the first.",
            ),
        }
    }
    if let Some(merged) = table.text("merged", complaints) {
        match OnMerged::ALL.into_iter().find(|known| known.as_str() == merged.value) {
            Some(known) => gate.merged = known,
            None => {
                let message =
                    format!("`{}` is nothing that is done about a merge", merged.value.escape_debug());
                let help = nearest(&merged.value, &ON_MERGED).map_or_else(
                    || "Known: `report` and `propose_revert`.".to_owned(),
                    |near| format!("Did you mean `{near}`?"),
                );
                complaints.error(Code::BadValue, merged.span, message, help);
            }
        }
    }
    gate.deploy_from = glob::parse("deploy_from", &mut table, complaints);
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
            words: "list of `report`, `cancel`, `revert`, `suspend`",
            default: Some("\"report\""),
            meaning: "What is at least done about something that has happened and is denied: by an agent that nobody registered, outside an agent's bounds, or by a rule; a rule's own `respond` can only be stricter. `report` opens an incident; `revert` also puts branches and tags back; `cancel` also ends runs; `suspend` also suspends agents that loosen protections, and those that may work in a repository that is made public or handed over.",
            bad: Bad { text: "respond = \"undo\"", code: Code::BadValue },
        },
        Key {
            name: "strikes",
            needed: false,
            shape: Shape::Number(1, MOST_STRIKES),
            words: "number from 1 to 100",
            default: Some("3"),
            meaning: "When so many moves of one branch or tag by one registered agent had to be put back within 24 hours, the gate suspends the agent by itself and opens an incident. A person ends it: `portcullis agents resume NAME`.",
            bad: Bad { text: "strikes = 0", code: Code::BadValue },
        },
        Key {
            name: "merged",
            needed: false,
            shape: Shape::OneOf(&ON_MERGED),
            words: "`report` or `propose_revert`",
            default: Some("\"report\""),
            meaning: "What is done about an agent's work that was merged past the gate: without a verdict that passed, or as something else than what was judged. `report` opens an incident; `propose_revert` also opens a pull request that takes it back, and never merges it.",
            bad: Bad { text: "merged = \"revert\"", code: Code::BadValue },
        },
        Key {
            name: "deploy_from",
            needed: false,
            shape: Shape::List(&Shape::Text(PATTERN)),
            words: "patterns",
            default: None,
            meaning: "The branches that may be deployed from. What is deployed to an environment with this App's protection rule must be on one of them, whoever deploys it. Without it, the default branch.",
            bad: Bad { text: "deploy_from = [\"/main\"]", code: Code::BadGlob },
        },
    ],
    good: "[gate]\ncheck       = \"portcullis\"\nenforcement = \"evaluate\"\nrespond     = [\"revert\", \"cancel\"]\nstrikes     = 2\n",
    bad: &[],
};
