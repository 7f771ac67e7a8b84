//! `portcullis check`: validates rules, and says in sentences what they mean.

mod explain;
mod forge;
mod sarif;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use policy::complaint::{Complaint, Severity};
use policy::rules::{Parsed, Rules, Sentence};
use serde_json::json;

use super::{Error, complaint, say};

/// Validate rules
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The rules
    #[arg(default_value = "rules.toml", value_name = "FILE")]
    file: PathBuf,
    /// Print complaints and sentences as JSON
    #[arg(long)]
    json: bool,
    /// Print complaints as SARIF 2.1.0, for code scanning
    #[arg(long, conflicts_with = "json")]
    sarif: bool,
    /// Leave with 1 when there are warnings
    #[arg(long)]
    deny_warnings: bool,
    /// Tell what a code means, of complaints and of findings, and check nothing
    #[arg(long, value_name = "CODE")]
    explain: Option<String>,
    #[command(flatten)]
    forge: forge::Forge,
}

impl Check {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        if let Some(code) = &self.explain {
            say(&explain::code(code)?);
            return Ok(ExitCode::SUCCESS);
        }
        let name = self.file.display().to_string();
        let text = std::fs::read_to_string(&self.file).map_err(|error| format!("`{name}`: {error}"))?;
        let mut parsed = Rules::parse(&name, &text);
        if let Some(rules) = parsed.rules.as_ref().filter(|_| self.forge.forge) {
            parsed.complaints.extend(self.forge.complaints(rules, &text)?);
            parsed.complaints.sort_by_key(|complaint| complaint.span.start);
            // They would be taken, and whoever they count on is not there.
            parsed.rules = parsed.rules.filter(|_| count(&parsed.complaints, Severity::Error) == 0);
        }
        let passed = parsed.rules.is_some()
            && !(self.deny_warnings && count(&parsed.complaints, Severity::Warning) > 0);
        say(&match () {
            () if self.json => as_json(&name, &parsed),
            () if self.sarif => sarif::log(&name, &text, &parsed.complaints),
            () => as_text(&name, &text, &parsed, passed),
        });
        Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn as_json(name: &str, parsed: &Parsed) -> String {
    let sentence = |told: Sentence| json!({ "line": told.line, "sentence": told.text });
    let meaning = parsed.rules.as_ref().map(Rules::meaning).unwrap_or_default();
    let answer = json!({
        "file": name,
        "valid": parsed.rules.is_some(),
        "complaints": parsed.complaints,
        "meaning": meaning.into_iter().map(sentence).collect::<Vec<_>>(),
    });
    format!("{answer:#}\n")
}

fn as_text(name: &str, text: &str, parsed: &Parsed, passed: bool) -> String {
    let mut told = complaint::draw(name, text, &parsed.complaints);
    told.push_str(&closing(name, parsed));
    if let Some(rules) = &parsed.rules {
        told.push_str("\nWhat it means:\n");
        for sentence in rules.meaning() {
            told.push_str(&format!("  - {}\n", sentence.text));
        }
        if !passed {
            told.push_str("\nWarnings are denied.\n");
        }
    }
    told
}

fn count(complaints: &[Complaint], severity: Severity) -> usize {
    complaints.iter().filter(|complaint: &&Complaint| complaint.severity == severity).count()
}

fn closing(name: &str, parsed: &Parsed) -> String {
    let (errors, warnings) =
        (count(&parsed.complaints, Severity::Error), count(&parsed.complaints, Severity::Warning));
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
