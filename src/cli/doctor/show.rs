//! What `doctor` prints. Texts of the forge are in most lines, so for people every line is escaped as a whole.

use policy::Fact;
use serde_json::{Value, json};

use crate::doctor::{Count, Examined, Line, Section, Standing};
use crate::report::escape::plain;

/// Characters of one line at most.
const LONGEST: usize = 800;
/// The form of the JSON. It changes when something is taken away or means something else; what is added changes nothing.
const VERSION: u32 = 1;

pub(super) fn as_text(check: &Fact<String>, sections: &[Section]) -> String {
    let mut text = match check {
        Fact::Known(check) => format!("The check is `{}`.\n", plain(check, LONGEST)),
        Fact::Unknown(why) => format!("The name of the check is not known: {}.\n", plain(why, LONGEST)),
    };
    for section in sections {
        text.push_str(&format!("\n{}\n", plain(&title(&section.examined), LONGEST)));
        for line in &section.lines {
            text.push_str(&told(line));
        }
    }
    let Count { pass, fail, unknown } = Count::of(sections);
    text.push_str(&format!("\n{pass} pass, {fail} FAIL, {unknown} UNKNOWN.\n"));
    if unknown > 0 {
        text.push_str("What is UNKNOWN could not be seen: it is not known to be well.\n");
    }
    text
}

fn title(examined: &Examined) -> String {
    match examined {
        Examined::App { name, id } => format!("App `{name}` ({id})"),
        Examined::Installation { name, id } => format!("Installation at `{name}` ({id})"),
        Examined::Repository { name } => format!("Repository `{name}`"),
        Examined::Branch { repository, name } => format!("Branch `{name}` of `{repository}`"),
    }
}

fn told(line: &Line) -> String {
    let word = match line.standing {
        Standing::Pass => "pass",
        Standing::Fail => "FAIL",
        Standing::Unknown => "UNKNOWN",
    };
    let mut told = format!("  {word:<7}  {:<20}  {}\n", line.point.as_str(), plain(&line.said, LONGEST));
    if let Some(fix) = &line.fix {
        told.push_str(&format!("  {:<7}  {:<20}  fix: {}\n", "", "", plain(fix, LONGEST)));
    }
    told
}

pub(super) fn as_json(check: &Fact<String>, sections: &[Section]) -> String {
    let count = Count::of(sections);
    let sections: Vec<Value> = sections.iter().map(section).collect();
    let report = json!({
        "version": VERSION,
        "check": check.get().ok(),
        "standing": count.worst(),
        "count": count,
        "sections": sections,
    });
    format!("{report:#}\n")
}

fn section(section: &Section) -> Value {
    let lines = section.lines.iter().map(|line| {
        json!({
            "point": line.point,
            "standing": line.standing,
            "said": line.said,
            "fix": line.fix,
            "rows": line.point.rows(),
        })
    });
    json!({ "examined": section.examined, "lines": lines.collect::<Vec<_>>() })
}
