//! `[gate]`: the check run's name, and whether verdicts block.

use super::read::{At, Table, nearest};
use crate::complaint::Complaints;
use crate::verdict::Enforcement;

/// The gate's own settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// The check run that branch protection requires.
    pub check: String,
    /// Whether verdicts block.
    pub enforcement: Enforcement,
}

/// The check run's name when the rules give none.
pub const DEFAULT_CHECK: &str = "portcullis";

impl Default for Gate {
    fn default() -> Self {
        Self { check: DEFAULT_CHECK.to_owned(), enforcement: Enforcement::Active }
    }
}

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
                "bad-value",
                check.span,
                message,
                "Use the name that branch protection requires.",
            );
        }
    }
    if let Some(enforcement) = parse_enforcement(&mut table, complaints) {
        gate.enforcement = enforcement.value;
    }
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
    let help = nearest(&text.value, &Enforcement::ALL.map(Enforcement::as_str)).map_or_else(
        || "Known: `active` (block), `evaluate` (report and pass) and `disabled` (pass).".to_owned(),
        |near| format!("Did you mean `{near}`?"),
    );
    let message = format!("`{}` is no enforcement", text.value.escape_debug());
    complaints.error("bad-value", text.span, message, help);
    None
}
