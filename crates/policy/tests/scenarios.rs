//! Every folder of `fixtures/scenarios`, from its facts on: decide gives its verdict, and plan its actions.
//!
//! The end-to-end tests play the same folders from the forge on, so that here only the core can be at fault.
//! `BLESS=1` writes verdict and actions instead of comparing them; read the difference before committing it.

#![expect(clippy::disallowed_methods, reason = "the core does no I/O, but its golden files must be read")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::path::PathBuf;
use std::sync::Arc;

use policy::decide::decide;
use policy::rules::{RuleSource, Rules, Trouble};
use policy::{Effects, Facts, Verdict, plan};
use serde::Serialize;

macro_rules! scenarios {
    ($($name:ident),+ $(,)?) => {
        $(#[test]
        fn $name() {
            judge(&stringify!($name).replace('_', "-"));
        })+

        #[test]
        fn every_scenario_is_judged() {
            let mut judged: Vec<String> = vec![$(stringify!($name).replace('_', "-")),+];
            let there = std::fs::read_dir(scenario("")).unwrap();
            let mut there: Vec<String> =
                there.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            judged.sort();
            there.sort();
            assert_eq!(judged, there);
        }
    };
}

include!("../../../fixtures/scenarios.rs");

fn judge(name: &str) {
    let facts: Facts = serde_json::from_str(&read(name, "facts.json")).unwrap();
    let verdict = decide(&facts, &source(&read(name, "rules.toml")));
    compare(name, "verdict.json", &verdict);
    compare(name, "actions.json", &plan(&verdict, &Effects::default()));
    let again: Verdict = serde_json::from_str(&read(name, "verdict.json")).unwrap();
    assert_eq!(again.digest(), verdict.digest(), "{name}: a stored verdict does not read as it was written");
}

/// The rules as the shell takes them over when it starts: a file that is invalid then leaves none in force.
fn source(text: &str) -> RuleSource {
    let parsed = Rules::parse("rules.toml", text);
    match parsed.rules {
        Some(rules) => RuleSource::good(Arc::new(rules)),
        None => RuleSource {
            place: "rules.toml".to_owned(),
            in_force: None,
            trouble: Some(Trouble::Invalid(parsed.complaints)),
            ..RuleSource::default()
        },
    }
}

fn compare(name: &str, file: &str, found: &impl Serialize) {
    let found = format!("{:#}\n", serde_json::to_value(found).unwrap());
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(scenario(name).join(file), found).unwrap();
        return;
    }
    let expected = read(name, file);
    let lines = expected.lines().zip(found.lines()).enumerate();
    let first = lines
        .filter(|(_, (expected, found))| expected != found)
        .map(|(at, (expected, found))| format!("line {}\n- {expected}\n+ {found}", at + 1));
    let first: Vec<String> = first.take(5).collect();
    assert!(expected == found, "{name}/{file} differs; read the difference and bless\n{}", first.join("\n"));
}

fn scenario(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/scenarios").join(name)
}

fn read(name: &str, file: &str) -> String {
    let path = scenario(name).join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
