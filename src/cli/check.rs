//! `portcullis check`: validates rules, and says in sentences what they mean.

mod explain;
mod forge;
mod sarif;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use policy::complaint::{Complaint, Severity};
use policy::rules::{Parsed, Rules, Sentence, Tightened, Tightening};
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
    /// The file is a repository's own `.github/portcullis.toml`, below these rules of the organisation
    #[arg(long, value_name = "RULES", conflicts_with = "forge")]
    under: Option<PathBuf>,
    #[command(flatten)]
    forge: forge::Forge,
}

/// What came of checking a file.
struct Checked {
    valid: bool,
    complaints: Vec<Complaint>,
    /// What the rules mean, when they are valid.
    meaning: Vec<Sentence>,
    /// How much there is in the file, in words.
    holds: String,
}

impl Check {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        if let Some(code) = &self.explain {
            say(&explain::code(code)?);
            return Ok(ExitCode::SUCCESS);
        }
        let name = self.file.display().to_string();
        let text = read(&self.file)?;
        let checked = match &self.under {
            Some(over) => own(over, &text)?,
            None => self.rules(&name, &text)?,
        };
        let passed =
            checked.valid && !(self.deny_warnings && count(&checked.complaints, Severity::Warning) > 0);
        say(&match () {
            () if self.json => as_json(&name, &checked),
            () if self.sarif => sarif::log(&name, &text, &checked.complaints),
            () => as_text(&name, &text, &checked, passed),
        });
        Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// The organisation's rules.
    fn rules(&self, name: &str, text: &str) -> Result<Checked, Error> {
        let Parsed { mut rules, mut complaints } = Rules::parse(name, text);
        if let Some(read) = rules.as_ref().filter(|_| self.forge.forge) {
            complaints.extend(self.forge.complaints(read, text)?);
            complaints.sort_by_key(|complaint| complaint.span.start);
            // They would be taken, and whoever they count on is not there.
            rules = rules.filter(|_| count(&complaints, Severity::Error) == 0);
        }
        let holds = rules.as_ref().map(|rules| {
            let counts =
                [(rules.rules.len(), "rule"), (rules.tiers.len(), "tier"), (rules.agents.len(), "agent")];
            counts.map(|(count, what)| many(count, what)).join(", ")
        });
        Ok(Checked {
            valid: rules.is_some(),
            complaints,
            meaning: rules.as_ref().map(Rules::meaning).unwrap_or_default(),
            holds: holds.unwrap_or_default(),
        })
    }
}

/// A repository's own rules, below those of the organisation.
fn own(over: &Path, text: &str) -> Result<Checked, Error> {
    let name = over.display().to_string();
    let Some(rules) = Rules::parse(&name, &read(over)?).rules else {
        return Err(format!("`{name}` is not valid: `portcullis check {name}` tells why").into());
    };
    let Tightened { tightening, complaints, valid } = Tightening::parse(&rules, text);
    let meaning = tightening.filter(|_| valid).map(|own| own.meaning(&rules)).unwrap_or_default();
    let holds = format!("it tightens {name} in {}", many(meaning.len(), "way"));
    Ok(Checked { valid, complaints, meaning, holds })
}

fn read(file: &Path) -> Result<String, Error> {
    std::fs::read_to_string(file).map_err(|error| format!("`{}`: {error}", file.display()).into())
}

fn as_json(name: &str, checked: &Checked) -> String {
    let sentence = |told: &Sentence| json!({ "line": told.line, "sentence": told.text });
    let answer = json!({
        "file": name,
        "valid": checked.valid,
        "complaints": checked.complaints,
        "meaning": checked.meaning.iter().map(sentence).collect::<Vec<_>>(),
    });
    format!("{answer:#}\n")
}

fn as_text(name: &str, text: &str, checked: &Checked, passed: bool) -> String {
    let mut told = complaint::draw(name, text, &checked.complaints);
    told.push_str(&closing(name, checked));
    if checked.valid {
        told.push_str("\nWhat it means:\n");
        for sentence in &checked.meaning {
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

fn closing(name: &str, checked: &Checked) -> String {
    let (errors, warnings) =
        (count(&checked.complaints, Severity::Error), count(&checked.complaints, Severity::Warning));
    match (checked.valid, warnings) {
        (true, 0) => format!("{name} is valid: {}.\n", checked.holds),
        (true, _) => format!("{name} is valid: {}; {}.\n", checked.holds, many(warnings, "warning")),
        (false, _) => {
            format!("{name} is invalid: {}, {}.\n", many(errors, "error"), many(warnings, "warning"))
        }
    }
}

fn many(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
