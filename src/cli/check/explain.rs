//! `portcullis check --explain CODE`: what a code means, from the catalogues of complaints and of findings.

use policy::complaint::code::Found;
use policy::complaint::{self, Severity, nearest};
use policy::verdict;

use crate::cli::Error;

/// The text about a code. One may be both a complaint about the rules and a finding about a pull request.
pub(super) fn code(text: &str) -> Result<String, Error> {
    let told: Vec<String> =
        [complaint::Code::parse(text).map(complaint), verdict::Code::parse(text).map(finding)]
            .into_iter()
            .flatten()
            .collect();
    if !told.is_empty() {
        return Ok(told.join("\n"));
    }
    let complaints = complaint::Code::ALL.iter().map(|code| code.as_str());
    let all: Vec<&str> = complaints.chain(verdict::Code::ALL.iter().map(|code| code.as_str())).collect();
    let help = match nearest(text, &all) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the codes are {}", all.join(", ")),
    };
    Err(format!("no code is called `{}`: {help}", text.escape_debug()).into())
}

fn complaint(code: complaint::Code) -> String {
    let record = code.record();
    let severities: Vec<&str> = record
        .severities
        .iter()
        .map(|severity| match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        })
        .collect();
    let place = match record.found {
        Found::OnForge => ", found by `check --forge`",
        Found::InRepositoryFile => ", in a repository's own file",
        Found::InFile | Found::BySize => "",
    };
    let head =
        format!("{code}: {} about rules.toml{place}\n\n{}\n", severities.join(" or "), record.meaning.trim());
    head + &examples(record.bad, "Complained about:", record.good) + &way_out(record.way_out)
}

fn finding(code: verdict::Code) -> String {
    let record = code.record();
    let head = format!(
        "{}: a finding about a pull request; {}\n\n{}\n",
        record.text,
        record.effect,
        record.meaning.trim()
    );
    let bad = "Found in this case, by the sample rules:";
    head + &examples(record.bad, bad, record.good) + &way_out(record.way_out)
}

fn examples(bad: &str, heading: &str, good: &str) -> String {
    if bad.is_empty() {
        return String::new();
    }
    format!("\n{heading}\n\n{}\nInstead:\n\n{}", indented(bad), indented(good))
}

fn way_out(text: &str) -> String {
    format!("\nWhat to do: {text}\n")
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") }).collect()
}
