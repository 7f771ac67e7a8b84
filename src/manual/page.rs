//! `docs/rules.md`: the chapters that people wrote, with the reference put in.

use std::fmt::Write as _;

use policy::complaint::Severity;
use policy::complaint::code::Found;
use policy::reference::{Bad, Key, Record, TABLES, Table, conditions, whole};
use policy::rules::Rules;
use policy::{complaint, verdict};

const CHAPTERS: &str = include_str!("rules.md");

/// Makes one part of the reference.
type Maker = fn() -> String;

/// The whole page.
#[must_use]
pub fn page() -> String {
    let parts: [(&str, Maker); 5] = [
        ("top level", || keys_of(TABLES.first().copied())),
        ("tables", || TABLES.iter().skip(1).map(|table| table_section(table)).collect::<Vec<_>>().join("\n")),
        ("conditions", || conditions().iter().map(condition_section).collect::<Vec<_>>().join("\n")),
        ("findings", findings),
        ("complaints", complaints),
    ];
    let mut page = CHAPTERS.to_owned();
    for (name, make) in parts {
        page = page.replace(&format!("<!-- reference: {name} -->\n"), &make());
    }
    page
}

fn keys_of(table: Option<&Table>) -> String {
    let Some(table) = table else { return String::new() };
    let mut text = String::from("| key | type | meaning | refused, for example |\n|---|---|---|---|\n");
    for key in table.keys {
        text.push_str(&row(key));
    }
    for bad in table.bad {
        let _ = write!(text, "\n{}", refused(*bad));
    }
    text
}

fn table_section(table: &Table) -> String {
    let mut text = format!("## `{}`\n\n{}\n\n", table.heading, table.meaning);
    text.push_str("| key | type | meaning | refused, for example |\n|---|---|---|---|\n");
    for key in table.keys {
        text.push_str(&row(key));
    }
    let _ = write!(text, "\n```toml\n{}```\n", table.good);
    for bad in table.bad {
        let _ = write!(text, "\n{}", refused(*bad));
    }
    text
}

fn row(key: &Key) -> String {
    let needed = if key.needed { "; needed" } else { "" };
    let default = key.default.map_or_else(String::new, |default| format!("; default `{default}`"));
    format!(
        "| `{}` | {}{needed}{default} | {} | {}: {} |\n",
        key.name,
        cell(key.words),
        cell(key.meaning),
        cell(&code(key.bad.text)),
        code(key.bad.code.as_str()),
    )
}

fn condition_section(record: &Record) -> String {
    let key = &record.key;
    let on: Vec<String> = record.on.iter().map(|on| format!("`{on}`")).collect();
    let mut text = format!(
        "### `{}`\n\nType: {}. For rules about {}.\n{}\n\n```toml\n",
        key.name,
        key.words,
        on.join(", "),
        key.meaning
    );
    for good in record.good {
        let _ = writeln!(text, "{good}");
    }
    let _ = write!(text, "{}   # refused: {}\n```\n", key.bad.text, key.bad.code);
    text
}

/// A bad example, with the code at the line that the complaint is about.
fn refused(bad: Bad) -> String {
    let text = whole(bad.text);
    let complaints = Rules::parse("rules.toml", &text).complaints;
    let line = complaints.iter().find(|complaint| complaint.code == bad.code).map_or(1, |found| found.line);
    let offending = text.lines().nth(line.saturating_sub(1) as usize).unwrap_or_default();
    let at = bad.text.lines().position(|line| line == offending);
    let lines = bad.text.lines().enumerate().map(|(number, line)| match Some(number) == at {
        true => format!("{line}   # refused: {}\n", bad.code),
        false => format!("{line}\n"),
    });
    format!("```toml\n{}```\n", lines.collect::<String>())
}

fn findings() -> String {
    let mut text = String::from("| code | effect | meaning | what to do |\n|---|---|---|---|\n");
    for code in verdict::Code::ALL {
        let record = code.record();
        let (meaning, way_out) = (cell(record.meaning.trim()), cell(record.way_out));
        let _ = writeln!(text, "| `{}` | {} | {meaning} | {way_out} |", record.text, record.effect);
    }
    text
}

fn complaints() -> String {
    let mut text =
        String::from("| code | severity | meaning | what to do | for example |\n|---|---|---|---|---|\n");
    for code in complaint::Code::ALL {
        let record = code.record();
        let severities: Vec<&str> = record.severities.iter().map(|severity| word(*severity)).collect();
        let _ = writeln!(
            text,
            "| `{}` | {}{} | {} | {} | {} |",
            record.text,
            severities.join(" or "),
            match record.found {
                Found::OnForge => ", with `--forge`",
                Found::InRepositoryFile => ", in a repository's own file",
                Found::InFile | Found::BySize => "",
            },
            cell(record.meaning.trim()),
            cell(record.way_out),
            cell(&difference(record.bad, record.good)),
        );
    }
    text
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// What repairs an example, in one line.
fn difference(bad: &str, good: &str) -> String {
    let only = |text: &str, other: &str| -> Option<String> {
        let lines: Vec<&str> =
            text.lines().filter(|line| !line.is_empty() && !other.lines().any(|o| o == *line)).collect();
        let first = lines.first()?;
        Some(if lines.len() > 1 { format!("{} …", code(first)) } else { code(first) })
    };
    match (only(bad, good), only(good, bad)) {
        (Some(bad), Some(good)) => format!("{bad} → {good}"),
        (Some(bad), None) => format!("without {bad}"),
        (None, Some(good)) => format!("with {good}"),
        (None, None) => String::new(),
    }
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

/// A bar would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
