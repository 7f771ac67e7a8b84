//! Documents that name code are checked against it, so that neither changes alone.

use std::collections::BTreeSet;

use crate::pure::dependencies;
use crate::tree::{File, below, file, files, none, production, root};

const DECISION_ON_LIBRARIES: &str = "docs/decisions/002-libraries.md";
const MANIFESTS: [&str; 4] =
    ["Cargo.toml", "crates/policy/Cargo.toml", "crates/change/Cargo.toml", "crates/fake-github/Cargo.toml"];

/// Text between backticks, code blocks left out.
fn spans(text: &str) -> Vec<String> {
    let mut outside = String::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            outside.push_str(line);
            outside.push('\n');
        }
    }
    outside.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn docs_name_real_files() {
    let mut wrong = Vec::new();
    for document in below("", ".md") {
        for link in links(&document.text) {
            let folder = document.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            if !root().join(folder).join(link).exists() {
                wrong.push(format!("{}: link to `{link}`", document.path));
            }
        }
        // Paths in these are of the repositories that are judged.
        if ["docs/rules.md", "src/manual/rules.md"].contains(&document.path.as_str())
            || document.path.starts_with("fixtures/")
        {
            continue;
        }
        for span in spans(&document.text) {
            if is_our_path(&span) && !exists(&span) {
                wrong.push(format!("{}: `{span}`", document.path));
            }
        }
    }
    none(&wrong, "documents name files that are there:");
}

fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.match_indices("](").map(|(at, mark)| &text[at + mark.len()..]);
    let targets = targets.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    let local = targets.filter(|target| !target.contains("://") && !target.starts_with(['#', '<']));
    local.map(|target| target.split('#').next().unwrap()).filter(|target| !target.contains("mailto:"))
}

fn is_our_path(span: &str) -> bool {
    let folders =
        ["src/", "crates/", "tests/", "docs/", "fixtures/", "migrations/", "fuzz/", ".ci/", ".config/"];
    let plain = span.chars().all(|c| c.is_ascii_alphanumeric() || "/._-*<>".contains(c));
    let at_top = !span.contains('/') && (span.ends_with(".md") || span == "justfile" || span == "deny.toml");
    plain && (folders.iter().any(|folder| span.starts_with(folder)) || at_top)
}

/// A path with `*` or `<name>` in it names the folder that it begins with.
fn exists(span: &str) -> bool {
    let literal = match span.find(['*', '<']) {
        Some(at) => span[..at].rsplit_once('/').map_or("", |(folder, _)| folder),
        None => span,
    };
    root().join(literal).exists()
}

#[test]
fn every_dependency_is_justified() {
    let direct: BTreeSet<String> = MANIFESTS
        .iter()
        .flat_map(|manifest| {
            let own = ["[dependencies]", "[dev-dependencies]"];
            own.iter().flat_map(|heading| dependencies(manifest, heading)).collect::<Vec<_>>()
        })
        .filter(|name| !["policy", "change", "fake-github"].contains(&name.as_str()))
        .collect();
    assert!(direct.len() > 20, "only {} direct dependencies were found", direct.len());
    let decision = &file(DECISION_ON_LIBRARIES).text;
    let rows =
        decision.lines().filter_map(|line| line.strip_prefix("| `")).filter_map(|row| row.split_once('|'));
    let justified: BTreeSet<String> = rows.flat_map(|(names, _)| spans(&format!("`{names}"))).collect();
    let mut wrong: Vec<String> =
        direct.difference(&justified).map(|name| format!("`{name}` is used and has no row")).collect();
    wrong.extend(justified.difference(&direct).map(|name| format!("`{name}` has a row and is not used")));
    none(&wrong, "each direct dependency has its row in docs/decisions/002-libraries.md, which says why:");
}

#[test]
fn every_predicate_has_doc_scenario_and_code() {
    let page = &file("docs/rules.md").text;
    let records = policy::reference::conditions();
    let tests: Vec<&File> = files()
        .iter()
        .filter(|file| {
            let core = file.path.starts_with("crates/policy/") && file.path.contains("tests");
            core || (file.path.starts_with("fixtures/") && file.path.ends_with(".toml"))
        })
        .collect();
    let mut wrong = Vec::new();
    for code in below("crates/policy/src/predicate/", ".rs") {
        let name = code.path.rsplit('/').next().unwrap().trim_end_matches(".rs");
        // What two predicates share.
        if name == "number" {
            continue;
        }
        let Some(record) = records.iter().find(|record| record.key.name == name) else {
            wrong.push(format!("`{name}` has no record, or is not compiled in"));
            continue;
        };
        let section = page.split(&format!("### `{name}`\n")).nth(1).unwrap_or_default();
        let section = section.split("\n### ").next().unwrap_or_default();
        let told = [record.key.words, record.key.meaning, record.key.bad.text, record.key.bad.code.as_str()];
        for text in told.iter().chain(record.good) {
            if !section.contains(text) {
                wrong.push(format!("the section of `{name}` in docs/rules.md does not say `{text}`"));
            }
        }
        if !tests.iter().any(|test| asks(&test.text, name)) {
            wrong.push(format!("`{name}` is in no scenario's `when` and in no test of the core"));
        }
    }
    let files = below("crates/policy/src/predicate/", ".rs").count();
    assert_eq!(records.len() + 1, files, "one condition a file, and what two of them share");
    none(&wrong, "a predicate is code, documentation and a test:");
}

/// Whether a rule's `when` names the predicate, in TOML that is no comment.
fn asks(text: &str, name: &str) -> bool {
    text.lines().filter(|line| !line.trim_start().starts_with('#')).any(|line| {
        let Some((_, conditions)) = line.split_once("when") else { return false };
        let heads = conditions.match_indices(name).filter(|(at, _)| {
            let before = conditions[..*at].chars().next_back();
            before.is_some_and(|c| c == '{' || c == ' ' || c == '.')
        });
        heads.into_iter().any(|(at, _)| conditions[at + name.len()..].trim_start().starts_with('='))
    })
}

#[test]
fn every_setting_metric_and_code_is_documented() {
    let mut wrong = Vec::new();
    let mut need = |page: &str, names: BTreeSet<String>, what: &str| {
        assert!(!names.is_empty(), "no {what} was found");
        for name in names {
            if !file(page).text.contains(&format!("`{name}`")) {
                wrong.push(format!("{what} `{name}` is not in {page}"));
            }
        }
    };
    let strings: Vec<String> = production("src/").into_iter().map(|code| code.strings).collect();
    let app = strings.join("\n");

    need("docs/deploy.md", after(&app, "env = \""), "setting");
    let quoted = after(&app, "\"portcullis_").into_iter().map(|name| format!("portcullis_{name}"));
    need("docs/operations.md", quoted.filter(|name| !name.ends_with("_test")).collect(), "metric");
    let codes = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
    let findings = policy::verdict::Code::ALL.iter().map(|code| code.as_str());
    need("docs/rules.md", codes(findings.collect()), "finding code");
    let complaints = policy::complaint::Code::ALL.iter().map(|code| code.as_str());
    need("docs/rules.md", codes(complaints.collect()), "complaint code");
    let classes = change::Class::BUILTIN.iter().map(ToString::to_string).collect();
    need("docs/rules.md", classes, "change class");
    let points = portcullis::doctor::Point::ALL.iter().map(|point| point.as_str());
    need("docs/operations.md", codes(points.collect()), "line of doctor");
    none(&wrong, "what people meet is explained:");
}

/// What stands behind a mark, up to the closing quote.
fn after(text: &str, mark: &str) -> BTreeSet<String> {
    let rests = text.match_indices(mark).map(|(at, mark)| &text[at + mark.len()..]);
    rests.filter_map(|rest| rest.split_once('"')).map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn invariants_are_named_and_are_tests() {
    let architecture = &file("ARCHITECTURE.md").text;
    let lines = architecture.lines().count();
    assert!(lines < 150, "ARCHITECTURE.md has {lines} lines: it is read in one go or not at all");
    let mut wrong = Vec::new();
    for test in house_rules() {
        if !architecture.contains(&format!("`{test}`")) {
            wrong.push(format!("ARCHITECTURE.md does not name `{test}`"));
        }
    }
    let names = functions();
    let section = architecture.split("## Invariants").nth(1).expect("there is a section `## Invariants`");
    let section = section.split("\n## ").next().unwrap();
    for line in section.lines().filter_map(|line| line.strip_prefix("- `")) {
        let name = line.split('`').next().unwrap();
        if !names.contains(name) {
            wrong.push(format!("ARCHITECTURE.md names `{name}`, which is no test"));
        }
    }
    none(&wrong, "an invariant is a sentence and a test:");
}

/// The tests of this binary that are rules and not tests of the tests.
fn house_rules() -> BTreeSet<String> {
    let own = ["boundary", "pure", "habit", "document", "example"];
    let texts = own.iter().map(|name| &file(&format!("tests/architecture/{name}.rs")).text);
    texts.flat_map(|text| text.split("\n#[test]\n").skip(1)).filter_map(function_name).collect()
}

fn function_name(text: &str) -> Option<String> {
    let rest = text.split_once("fn ")?.1;
    Some(rest.split('(').next()?.trim().to_owned())
}

/// The names of all functions, in which tests are among.
fn functions() -> BTreeSet<String> {
    let texts = below("", ".rs").map(|file| file.text.as_str());
    texts
        .flat_map(|text| text.split("fn ").skip(1))
        .filter_map(|rest| rest.split('(').next())
        .map(str::to_owned)
        .collect()
}

/// The names of all tests: functions directly below the attribute.
fn tests() -> BTreeSet<String> {
    let texts = below("", ".rs").map(|file| file.text.as_str());
    let marked =
        texts.flat_map(|text| text.split("#[test]").skip(1).chain(text.split("#[tokio::test").skip(1)));
    let next_function = |text: &str| {
        let (before, _) = text.split_once("fn ")?;
        // Other attributes may stand between, another function's body may not.
        (!before.contains('{')).then(|| function_name(text)).flatten()
    };
    marked.filter_map(next_function).collect()
}

/// The rows of the threat model that name what holds them: numbers of the catalogue, and what is named.
///
/// What cannot be decided has no test: that table is made from the program's own records.
fn held() -> Vec<(Vec<u16>, Vec<String>)> {
    let (before, rest) = file("docs/threat-model.md").text.split_once("<!-- limits -->").unwrap();
    let (_, after) = rest.split_once("<!-- /limits -->").unwrap();
    let rows =
        before.lines().chain(after.lines()).filter(|line| line.starts_with("| ") && line.contains('`'));
    let read = |row: &str| {
        let first = row.split('|').nth(1).unwrap_or_default();
        let numbers = first.split(',').map(str::trim).filter_map(|part| {
            let (from, to) = part.split_once('–').unwrap_or((part, part));
            Some(from.parse::<u16>().ok()?..=to.parse().ok()?)
        });
        let named = row.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
        (numbers.flatten().collect(), spans(named))
    };
    rows.map(read).collect()
}

/// Whether a name is a test's or a scenario's; scenarios are played by functions of their name.
fn holds(name: &str, tests: &BTreeSet<String>) -> bool {
    let folder = name.replace('_', "-");
    tests.contains(name) || [name, &folder].iter().any(|name| is_scenario(name))
}

fn is_scenario(name: &str) -> bool {
    below("fixtures/scenarios/", "/README.md").any(|file| file.path.split('/').nth(2) == Some(name))
}

#[test]
fn the_threat_model_points_to_tests() {
    let tests = tests();
    let mut wrong = Vec::new();
    let mut pointed = 0;
    for (rows, names) in held() {
        pointed += names.len();
        let missing = names.iter().filter(|name| !holds(name, &tests));
        wrong.extend(missing.map(|name| format!("`{name}`, of row {rows:?}")));
    }
    assert!(pointed > 200, "the threat model points to {pointed} tests only");
    none(&wrong, "each attack that is said to be covered names a test or a scenario that is there:");
}

/// Rows of the catalogue of attacks that the forge tells enough of to be decided: who did it, reviews, runs, merging,
/// pushes, and the gate itself.
const DECIDED: &[u16] = &[
    1, 3, 4, 6, 9, 10, 11, 12, 13, 15, // who did it
    16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, // reviews and approvals
    53, // quotas
    59, 60, 61, 63, 64, // what guards the gate
    71, 72, 73, 75, // workflow runs
    77, 78, 79, 82, 83, 84, // deployments, releases and packages
    86, 87, 88, 89, 90, 92, 93, 94, 95, 96, 97, 98, // merging, branches and tags
    99, 100, 101, 102, 103, 104, 105, 106, 107, 108, // check, webhook and gate
];
/// Rows that a setting of the forge decides: `doctor` has a line for each.
const CONFIGURED: &[u16] = &[13, 62, 74, 80, 99];

#[test]
fn every_row_that_can_be_decided_is_held() {
    let held: BTreeSet<u16> =
        held().into_iter().filter(|(_, names)| !names.is_empty()).flat_map(|(rows, _)| rows).collect();
    let mut wrong: Vec<String> = DECIDED
        .iter()
        .filter(|row| !held.contains(row))
        .map(|row| format!("row {row} names no test"))
        .collect();
    let looked_at: BTreeSet<u16> =
        portcullis::doctor::Point::ALL.iter().flat_map(|point| point.rows()).copied().collect();
    let unseen = CONFIGURED.iter().filter(|row| !looked_at.contains(row));
    wrong.extend(unseen.map(|row| format!("row {row} has no line of doctor")));
    none(&wrong, "what can be decided is in docs/threat-model.md with what holds it, or doctor tells of it:");
}

/// An event that the App is not subscribed to never comes, and no test of ours would miss it.
#[test]
fn the_app_is_told_to_subscribe_to_every_event_that_is_routed() {
    let deploy = &file("docs/deploy.md").text;
    let listed = deploy.lines().find(|line| line.contains("**Events.**")).unwrap();
    let routed = &file("src/webhook/delivery.rs").text;
    let functions = ["fn is_known(", "fn changes_the_roster("].map(|name| routed.split(name).nth(1).unwrap());
    let mut events = BTreeSet::new();
    for body in functions.map(|text| text.split("\n}").next().unwrap()) {
        events.extend(body.split('"').skip(1).step_by(2));
    }
    assert!(events.len() >= 10, "{events:?}");
    let mut missing = Vec::new();
    for event in events {
        let words = event.replace('_', " ");
        let shown = format!("{}{}", words[..1].to_uppercase(), &words[1..]);
        if !listed.contains(&format!(" {shown},")) && !listed.contains(&format!(" {shown}.")) {
            missing.push(format!("`{event}` as \"{shown}\""));
        }
    }
    none(&missing, "docs/deploy.md names every event:");
}
