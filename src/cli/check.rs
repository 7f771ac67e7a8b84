//! `portcullis check`: validates rules without a forge.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use policy::complaint::{Complaint, Severity};
use policy::rules::{Parsed, Rules};
use serde_json::json;

use super::{Error, complaint, say};

/// Validate rules
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The rules
    #[arg(default_value = "rules.toml", value_name = "FILE")]
    file: PathBuf,
    /// Print the complaints as JSON
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        let name = self.file.display().to_string();
        let text = std::fs::read_to_string(&self.file).map_err(|error| format!("`{name}`: {error}"))?;
        let parsed = Rules::parse(&name, &text);
        if self.json {
            let answer = json!({
                "file": name,
                "valid": parsed.rules.is_some(),
                "complaints": parsed.complaints,
            });
            say(&format!("{answer:#}\n"));
        } else {
            say(&complaint::draw(&name, &text, &parsed.complaints));
            say(&closing(&name, &parsed));
        }
        Ok(if parsed.rules.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn closing(name: &str, parsed: &Parsed) -> String {
    let count = |severity| parsed.complaints.iter().filter(|c: &&Complaint| c.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    match &parsed.rules {
        Some(rules) => format!(
            "{name} is valid: {}, {}, {}{}.\n",
            many(rules.rules.len(), "rule"),
            many(rules.tiers.len(), "tier"),
            many(rules.agents.len(), "agent"),
            if warnings == 0 { String::new() } else { format!("; {}", many(warnings, "warning")) },
        ),
        None => format!("{name} is invalid: {}, {}.\n", many(errors, "error"), many(warnings, "warning")),
    }
}

fn many(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
