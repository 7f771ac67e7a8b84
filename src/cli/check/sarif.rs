//! Complaints as SARIF 2.1.0, which code scanning shows on the lines of a pull request.
//!
//! What GitHub reads of it: docs.github.com, "SARIF support for code scanning".

use policy::complaint::{Code, Complaint, Severity, place};
use serde_json::{Value, json};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The whole log.
pub(super) fn log(file: &str, text: &str, complaints: &[Complaint]) -> String {
    let results: Vec<Value> = complaints.iter().map(|complaint| result(file, text, complaint)).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "Portcullis",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": Code::ALL.iter().map(|code| rule(*code)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn rule(code: Code) -> Value {
    let record = code.record();
    let level = record.severities.first().map_or("warning", |severity| level(*severity));
    let mut markdown = record.way_out.to_owned();
    if !record.bad.is_empty() {
        markdown.push_str(&format!(
            "\n\n```toml\n{}```\n\nInstead:\n\n```toml\n{}```\n",
            record.bad, record.good
        ));
    }
    json!({
        "id": record.text,
        "shortDescription": { "text": record.meaning.trim() },
        "fullDescription": { "text": record.meaning.trim() },
        "help": { "text": record.way_out, "markdown": markdown },
        "defaultConfiguration": { "level": level },
    })
}

fn result(file: &str, text: &str, complaint: &Complaint) -> Value {
    let (line, column) = place(text, complaint.span.end.max(complaint.span.start));
    json!({
        "ruleId": complaint.code,
        "ruleIndex": Code::ALL.iter().position(|code| *code == complaint.code),
        "level": level(complaint.severity),
        "message": { "text": format!("{}. {}", complaint.message, complaint.help) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": address(file) },
            "region": {
                "startLine": complaint.line,
                "startColumn": complaint.column,
                "endLine": line,
                // The column after the last character.
                "endColumn": column,
            },
        }}],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// A path as an address, relative when the path is.
fn address(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let encoded: String = path
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    let relative = encoded.strip_prefix("./").map(str::to_owned).unwrap_or(encoded);
    if relative.starts_with('/') { format!("file://{relative}") } else { relative }
}
