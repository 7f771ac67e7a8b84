//! The core does nothing but think: invariants about `crates/policy` and `crates/change`.

use crate::tree::{below, file, none, production};

/// What the core may depend on. Each of these computes and nothing else.
const DEPENDENCIES: [(&str, &[&str]); 2] = [
    (
        "crates/policy/Cargo.toml",
        &["change", "globset", "hex", "jiff", "serde", "serde_json", "sha2", "toml"],
    ),
    ("crates/change/Cargo.toml", &["globset", "hex", "serde"]),
];

/// What has no business in it.
const BANNED: [&str; 21] = [
    "async ",
    ".await",
    "std::fs",
    "std::net",
    "std::env",
    "std::io",
    "std::process",
    "std::thread",
    "SystemTime",
    "Instant",
    "Timestamp::now",
    "Zoned::now",
    "RandomState",
    "HashMap",
    "tokio::",
    "println!",
    "eprintln!",
    "panic!",
    "unreachable!",
    "unsafe ",
    "static mut",
];

/// What clippy must refuse in it.
const CLIPPY: [&str; 9] = [
    "std::time::SystemTime::now",
    "std::time::Instant::now",
    "jiff::Timestamp::now",
    "std::env::var",
    "std::fs::read_to_string",
    "std::process::Command::new",
    "std::thread::spawn",
    "std::fs::File",
    "std::net::TcpStream",
];

#[test]
fn policy_does_no_io() {
    let mut wrong = Vec::new();
    for (manifest, allowed) in DEPENDENCIES {
        for name in dependencies(manifest, "[dependencies]") {
            if !allowed.contains(&name.as_str()) {
                wrong.push(format!("{manifest}: `{name}` is not on the list of what the core may use"));
            }
        }
        let folder = manifest.trim_end_matches("Cargo.toml");
        for code in production(folder) {
            wrong.extend(BANNED.iter().flat_map(|word| code.places(word)));
        }
        let clippy = &file(&format!("{folder}clippy.toml")).text;
        for ban in CLIPPY {
            if !clippy.contains(&format!("path = \"{ban}\"")) {
                wrong.push(format!("{folder}clippy.toml does not ban `{ban}`"));
            }
        }
    }
    none(
        &wrong,
        "the core reads nothing, waits for nothing and knows no time (hash maps have no order either):",
    );
}

/// The names under a heading of a manifest.
pub(crate) fn dependencies(manifest: &str, heading: &str) -> Vec<String> {
    let text = &file(manifest).text;
    let section = text.lines().skip_while(|line| line.trim() != heading).skip(1);
    let lines = section.take_while(|line| !line.starts_with('['));
    let name = |line: &str| line.split(['=', '.', ' ']).next().unwrap_or_default().trim().to_owned();
    lines.map(name).filter(|name| !name.is_empty() && !name.starts_with('#')).collect()
}

/// Properties over arbitrary facts and rules, and the file that must hold each.
const PROPERTIES: [(&str, &str); 4] = [
    ("any_deliveries_end_the_same", "crates/policy/"),
    ("decide_is_total", "crates/policy/"),
    ("not_knowing_is_never_a_pass", "crates/policy/"),
    ("tightening_never_loosens", "crates/policy/"),
];

#[test]
fn the_cores_promises_are_properties() {
    let mut missing = Vec::new();
    for (name, folder) in PROPERTIES {
        let holds = |text: &str| text.contains("proptest!") && text.contains(&format!("fn {name}("));
        if !below(folder, ".rs").any(|file| holds(&file.text)) {
            missing.push(format!("`{name}` in {folder}"));
        }
    }
    let decide = &file("crates/policy/src/decide.rs").text;
    let signature = "pub fn decide(facts: &Facts, source: &RuleSource) -> Verdict";
    assert!(decide.contains(signature), "`decide` always answers with a verdict, never with an error");
    none(&missing, "each promise of the core is a property test by its name:");
}
