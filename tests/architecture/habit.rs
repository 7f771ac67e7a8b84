//! Habits that keep the code readable, and words that have no place in it.

use crate::lexer::{Keep, blank};
use crate::tree::{below, file, files, none, production};

/// A file beyond this many lines holds more than one idea.
const MOST_LINES: usize = 600;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 14] = [
    "util", "utils", "common", "helper", "helpers", "manager", "service", "services", "handler", "handlers",
    "misc", "shared", "types", "mod",
];

#[test]
fn files_stay_small() {
    let mut sizes: Vec<(usize, &str)> =
        below("", ".rs").map(|file| (file.text.lines().count(), file.path.as_str())).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    for (lines, path) in sizes.iter().take(5) {
        println!("{lines:5} {path}");
    }
    let long = sizes.iter().filter(|(lines, _)| *lines > MOST_LINES);
    let long: Vec<String> = long.map(|(lines, path)| format!("{path} has {lines} lines")).collect();
    none(&long, "one idea a file; aim at 80 to 250 lines:");
}

#[test]
fn no_cfg_test_in_production() {
    let mut wrong = Vec::new();
    for file in below("", ".rs").filter(|file| !file.path.starts_with("tests/")) {
        let bare = blank(&file.text, Keep::Code);
        for (at, _) in bare.match_indices("cfg") {
            let rest = &bare[at..];
            let condition = rest.split_once(')').map_or(rest, |(condition, _)| condition);
            let tests = ["cfg(", "cfg!(", "cfg_attr("].iter().any(|head| rest.starts_with(head))
                && condition.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "test");
            let module = rest.strip_prefix("cfg(test)]").is_some_and(|after| {
                let after = after.trim_start();
                after.starts_with("mod ") || after.starts_with("#[path")
            });
            if tests && !module {
                let line = bare[..at].matches('\n').count() + 1;
                wrong.push(format!("{}:{line}", file.path));
            }
        }
    }
    none(&wrong, "what runs in production is what was tested: `#[cfg(test)]` stands before a module only:");
}

#[test]
fn no_forbidden_words() {
    let mut wrong = Vec::new();
    for file in below("", ".rs").filter(|file| file.path.contains("src/")) {
        let name = file.path.rsplit('/').next().unwrap().trim_end_matches(".rs");
        if EMPTY_NAMES.contains(&name) {
            wrong.push(format!("{}: a name that says nothing", file.path));
        }
    }
    for folder in ["src/", "crates/"] {
        for code in production(folder) {
            for word in ["todo!", "unimplemented!", "dbg!", ".unwrap()", "#[allow(", "#![allow("] {
                wrong.extend(code.places(word));
            }
        }
    }
    none(&wrong, "not in production code:");
}

#[test]
fn fixtures_name_no_real_host() {
    // Agents leave their makers' addresses in what they write; those are what the catalogue looks for.
    let marks = &file("crates/policy/src/identity/catalogue.toml").text;
    let mut wrong = Vec::new();
    for file in below("fixtures/", "") {
        for (at, line) in file.text.lines().enumerate() {
            for host in hosts(line) {
                let here = host == "localhost" || host.starts_with("127.");
                if !here && !host.ends_with(".example") && !marks.contains(host) {
                    wrong.push(format!("{}:{}: `{host}`", file.path, at + 1));
                }
            }
        }
    }
    none(&wrong, "accounts and hosts of fixtures are invented (`*.example`):");
}

fn hosts(line: &str) -> impl Iterator<Item = &str> {
    let starts = line.match_indices("://").map(|(at, mark)| &line[at + mark.len()..]);
    starts
        .map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '-').next().unwrap())
}

#[test]
fn nothing_remembers_whose_machine_it_was_made_on() {
    // Put together here, so that this file does not find itself.
    let marks = ["/ho", "/ro", "/Use", "/tmp/", "C:\\Us"].iter().zip(["me/", "ot/", "rs/", ".tmp", "ers"]);
    let marks: Vec<String> = marks.map(|(a, b)| format!("{a}{b}")).collect();
    let mut wrong = Vec::new();
    for file in files() {
        for (at, line) in file.text.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark.as_str())) {
                let shown: String = line.trim().chars().take(100).collect();
                wrong.push(format!("{}:{}: {shown}", file.path, at + 1));
            }
        }
    }
    none(&wrong, "paths of somebody's machine have no place here:");
}
