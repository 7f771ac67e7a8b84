//! The records say what the parser does: each key, each example, each code.

use std::collections::BTreeSet;

use super::*;
use crate::complaint::code::Found;
use crate::complaint::{Complaint, Severity};
use crate::rules::{Rules, Tightening};

fn complaints(part: &str) -> Vec<Complaint> {
    Rules::parse("rules.toml", &whole(part)).complaints
}

fn errors(part: &str) -> BTreeSet<Code> {
    let complaints = complaints(part).into_iter();
    complaints
        .filter(|complaint| complaint.severity == Severity::Error)
        .map(|complaint| complaint.code)
        .collect()
}

#[track_caller]
fn good(what: &str, part: &str) {
    assert_eq!(complaints_that_matter(part), Vec::<String>::new(), "{what} is to be good:\n{part}");
}

fn complaints_that_matter(part: &str) -> Vec<String> {
    errors(part).into_iter().map(|code| code.to_string()).collect()
}

#[track_caller]
fn bad(what: &str, bad: Bad, part: &str) {
    assert!(
        errors(part).contains(&bad.code),
        "{what} is to yield {}, not {:?}:\n{part}",
        bad.code,
        errors(part)
    );
}

/// The table's own example with another line instead of the key's.
fn with(table: &Table, key: &str, line: &str) -> String {
    let own = |text: &&str| {
        text.trim_start().strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    let exclusive = |text: &&str| key == "deny" && text.starts_with("require");
    let mut lines: Vec<&str> = table.good.lines().filter(|text| !own(text) && !exclusive(text)).collect();
    let at = usize::from(!table.heading.is_empty());
    lines.insert(at, line);
    lines.join("\n") + "\n"
}

#[test]
fn every_table_and_key_has_a_good_and_a_bad_example() {
    for table in TABLES {
        good(table.heading, table.good);
        for refused in table.bad {
            bad(table.heading, *refused, refused.text);
        }
        for key in table.keys {
            let what = format!("{} {}", table.heading, key.name);
            bad(&what, key.bad, &with(table, key.name, key.bad.text));
            assert!(key.meaning.ends_with('.') && !key.words.is_empty(), "{what}");
            if key.needed && !table.heading.is_empty() {
                let without: Vec<&str> =
                    table.good.lines().filter(|line| !line.starts_with(key.name)).collect();
                assert!(errors(&without.join("\n")).contains(&Code::MissingKey), "{what} is not needed");
            }
            if let Some(default) = key.default {
                good(&what, &with(table, key.name, &format!("{} = {default}", key.name)));
            }
        }
    }
}

#[test]
fn every_condition_has_good_examples_and_a_bad_one() {
    let conditions = conditions();
    assert_eq!(conditions.len(), 23);
    for record in conditions {
        for text in record.good {
            good(record.key.name, text);
            assert!(text.contains(&format!("{{ {} = ", record.key.name)), "{text}");
        }
        assert!(
            !record.good.is_empty() && record.key.meaning.starts_with("Holds when "),
            "{}",
            record.key.name
        );
        bad(record.key.name, record.key.bad, record.key.bad.text);
    }
}

#[test]
fn every_key_that_is_asked_for_has_a_record() {
    for table in TABLES {
        let asked = asked(&with(table, "zzzzzzzzzz", "zzzzzzzzzz = 1"));
        let told: BTreeSet<String> = table.keys.iter().map(|key| key.name.to_owned()).collect();
        assert!(asked.is_subset(&told), "{}: {asked:?} have a record: {told:?}", table.heading);
        // What is only asked for when it is there.
        let seldom: BTreeSet<&str> = BTreeSet::from(["expires", "when"]);
        for name in told.difference(&asked) {
            assert!(seldom.contains(name.as_str()), "{}: nothing asks for `{name}`", table.heading);
        }
    }
    let asked = asked("when = { zzzzzzzzzz = 1 }");
    let told: BTreeSet<String> = conditions().iter().map(|record| record.key.name.to_owned()).collect();
    assert_eq!(asked, told);
    for record in conditions() {
        let (table, line) = match record.key.shape {
            Shape::Table(table) => {
                (table, format!("when = {{ {} = {{ zzzzzzzzzz = 1 }} }}", record.key.name))
            }
            Shape::Either([_, Shape::Table(table)]) => {
                (*table, format!("when = {{ {} = {{ zzzzzzzzzz = 1 }} }}", record.key.name))
            }
            _ => continue,
        };
        let told: BTreeSet<String> = table.keys.iter().map(|key| key.name.to_owned()).collect();
        assert_eq!(self::asked(&line), told, "{line}");
    }
}

/// What the parser says that it knows beside `zzzzzzzzzz`.
fn asked(part: &str) -> BTreeSet<String> {
    let complaints = complaints(part);
    let unknown = complaints.iter().find(|c| c.code == Code::UnknownKey && c.message.contains("zzzzzzzzzz"));
    let help = &unknown.unwrap_or_else(|| panic!("{part}\n{complaints:#?}")).help;
    help.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_code_has_a_true_example() {
    for code in Code::ALL {
        let record = code.record();
        assert!(record.meaning.ends_with('.') && record.way_out.ends_with('.'), "{code}");
        assert_eq!(Code::parse(record.text), Some(*code));
        if record.found == Found::InRepositoryFile {
            let found = |text: &str| own(text).iter().any(|complaint| complaint.code == *code);
            assert!(found(record.bad) && own(record.good).is_empty(), "{code}: {:?}", own(record.good));
            continue;
        }
        if record.found != Found::InFile {
            assert_eq!(record.found == Found::BySize, record.bad.is_empty(), "{code}");
            continue;
        }
        // What an example is completed with may be complained about as well, but not more than before.
        let count = |part: &str| complaints(part).iter().filter(|complaint| complaint.code == *code).count();
        assert!(count(record.bad) > 0, "{code} is not found in\n{}", record.bad);
        assert!(count(record.good) < count(record.bad), "{code} is found in\n{}", record.good);
        good(record.text, record.good);
        let severities = complaints(record.bad);
        let severities = severities.iter().filter(|complaint| complaint.code == *code);
        for complaint in severities {
            assert!(record.severities.contains(&complaint.severity), "{code}: {complaint:?}");
        }
    }
    let texts: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(texts.len(), Code::ALL.len(), "two codes are written alike");
}

/// What is said of a repository's own file below the sample.
fn own(text: &str) -> Vec<Complaint> {
    let over = Rules::parse("rules.toml", include_str!("../../../../rules.toml")).rules.unwrap();
    Tightening::parse(&over, text).complaints
}

#[test]
fn finding_codes_are_written_as_they_are_stored() {
    for code in crate::verdict::Code::ALL {
        assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        assert_eq!(crate::verdict::Code::parse(code.as_str()), Some(*code));
    }
}
