//! The examples of `docs/rules.md` are run: good ones are valid, bad ones are refused with the code that they name, and
//! the tables of patterns and classes say what the code does.

use change::{Class, ClassTable, FileChange, Globs, Mode, RawPath, Sha, Status};
use policy::complaint::Severity;
use policy::rules::{Rules, Tightening};

use crate::tree::{file, none};

const PAGE: &str = "docs/rules.md";

/// What an example may leave out.
const REST: [(&str, &str); 5] = [
    ("version", "version = 1\n"),
    ("[people]", "[people]\nmembers_of = [\"acme\"]\n"),
    ("[tiers.routine]", "[tiers.routine]\napprovals = 1\n"),
    ("[tiers.sensitive]", "[tiers.sensitive]\napprovals = 2\nfrom = [\"@acme/security\"]\n"),
    (
        "[agents.copilot]",
        "[agents.copilot]\nrecognise = [\"github-copilot\"]\nowner = \"@acme/platform\"\npurpose = \"x\"\n\
         repos = [\"acme/web\"]\nbranches = [\"copilot/**\"]\nmay = [\"propose\"]\nexpires = 2027-03-31\n",
    ),
];

#[test]
fn the_examples_of_the_rules_page_are_true() {
    let mut wrong = Vec::new();
    let (mut good, mut bad) = (0, 0);
    for (line, block) in toml_blocks(&file(PAGE).text) {
        for example in examples(&block) {
            let codes = match example.starts_with("# .github/portcullis.toml") {
                true => errors_of_own(&example),
                false => errors_of(&whole(&example)),
            };
            match expected(&example) {
                None if codes.is_empty() => good += 1,
                None => wrong.push(format!("{PAGE}:{line}: refused with {codes:?}\n{example}")),
                Some(code) if codes.contains(&code) => bad += 1,
                Some(code) => wrong.push(format!("{PAGE}:{line}: {codes:?} instead of `{code}`\n{example}")),
            }
        }
    }
    assert!(good > 12 && bad > 12, "{good} good and {bad} bad examples were found");
    none(&wrong, "what the page shows is what the program does:");
}

fn toml_blocks(text: &str) -> Vec<(usize, String)> {
    let (mut blocks, mut inside) = (Vec::new(), None);
    for (at, line) in text.lines().enumerate() {
        match (&mut inside, line.trim()) {
            (None, "```toml") => inside = Some((at + 1, String::new())),
            (Some(_), "```") => blocks.extend(inside.take()),
            (Some((_, block)), _) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, _) => {}
        }
    }
    blocks
}

/// A block of `when` lines is one example a line; another block is one example.
fn examples(block: &str) -> Vec<String> {
    let lines: Vec<&str> = block.lines().filter(|line| !line.trim().is_empty()).collect();
    if !lines.iter().all(|line| line.starts_with("when ")) {
        return vec![block.to_owned()];
    }
    lines.into_iter().map(policy::reference::rule_around).collect()
}

/// The code after `# refused: `.
fn expected(example: &str) -> Option<String> {
    let rest = example.split_once("# refused: ")?.1;
    Some(rest.split_whitespace().next()?.to_owned())
}

fn whole(example: &str) -> String {
    let has = |head: &str| example.lines().any(|line| line.trim_start().starts_with(head));
    let [version, tables @ ..] = REST;
    let mut text = if has(version.0) { String::new() } else { version.1.to_owned() };
    text.push_str(example);
    text.extend(tables.iter().filter(|(head, _)| !has(head)).map(|(_, table)| *table));
    text
}

fn errors_of(text: &str) -> Vec<String> {
    let complaints = Rules::parse("rules.toml", text).complaints;
    let errors = complaints.into_iter().filter(|complaint| complaint.severity == Severity::Error);
    errors.map(|complaint| complaint.code.to_string()).collect()
}

/// A repository's own rules, below those that every example is completed with.
fn errors_of_own(text: &str) -> Vec<String> {
    let over = Rules::parse("rules.toml", &whole("")).rules.unwrap();
    let complaints = Tightening::parse(&over, text).complaints;
    complaints.into_iter().map(|complaint| complaint.code.to_string()).collect()
}

/// Rows of the table under a heading, each as its cells' texts between backticks.
fn rows(heading: &str) -> Vec<Vec<Vec<String>>> {
    let text = &file(PAGE).text;
    let section = text.split(heading).nth(1).unwrap_or_else(|| panic!("{PAGE} has no `{heading}`"));
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells = row.trim_matches('|').split(" | ");
        cells.map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()).collect()
    })
    .collect()
}

#[test]
fn the_table_of_patterns_is_true() {
    let rows = rows("## Patterns");
    assert!(rows.len() >= 8, "the table of patterns has {} rows", rows.len());
    let mut wrong = Vec::new();
    for row in &rows {
        let [patterns, yes, no, ..] = &row[..] else { panic!("a row of patterns has three cells: {row:?}") };
        let globs = Globs::compile(patterns).unwrap_or_else(|error| panic!("{patterns:?}: {error:?}"));
        wrong.extend(
            yes.iter().filter(|path| !globs.is_match(path.as_bytes())).map(|p| format!("{patterns:?} {p}")),
        );
        wrong.extend(
            no.iter().filter(|path| globs.is_match(path.as_bytes())).map(|p| format!("{patterns:?} not {p}")),
        );
    }
    none(&wrong, "the table of patterns says what the matcher does:");
}

#[test]
fn the_table_of_classes_is_true() {
    let rows = rows("## Change classes");
    assert_eq!(rows.len(), Class::BUILTIN.len(), "one row for each built-in class");
    let (table, mut wrong) = (ClassTable::builtin(), Vec::new());
    for row in &rows {
        let class = Class::parse(&row[0][0]).expect("the first cell is a class");
        for path in row.last().expect("there are examples") {
            let classes = table.classify(&changed(path, &class));
            if !classes.contains(&class) {
                wrong.push(format!("`{path}` is {classes:?}, not `{class}`"));
            }
        }
    }
    none(&wrong, "the table of classes says what the code does:");
}

fn changed(path: &str, class: &Class) -> FileChange {
    let new_mode = match class {
        class if *class == Class::SYMLINK => Mode::Symlink,
        class if *class == Class::SUBMODULE && path != ".gitmodules" => Mode::Submodule,
        _ => Mode::File,
    };
    FileChange {
        path: RawPath::new(path),
        status: Status::Added,
        old_mode: Mode::Absent,
        new_mode,
        old: None,
        new: Sha::parse(&"1".repeat(40)),
        lines: None,
    }
}
