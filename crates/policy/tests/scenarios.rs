//! Every folder of `fixtures/scenarios`, from its facts on: decide gives its verdict, and plan its actions.
//!
//! The end-to-end tests play the same folders from the forge on, so that here only the core can be at fault.
//! `BLESS=1` writes verdict and actions instead of comparing them; read the difference before committing it.

#![expect(clippy::disallowed_methods, reason = "the core does no I/O, but its golden files must be read")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

#[path = "../../../fixtures/fold.rs"]
mod fold;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use policy::decide::decide;
use policy::facts::ShownCheck;
use policy::rules::{RuleSource, Rules, Trouble};
use policy::{Action, Effects, Facts, ShowCheck, Verdict, plan, plan_merging};
use serde::Serialize;
use serde_json::{Value, json};

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
    let facts: Value = serde_json::from_str(&read(name, "facts.json")).unwrap();
    let facts: Facts = serde_json::from_value(fold::unfold(&facts)).unwrap();
    let verdict = decide(&facts, &source(name));
    compare(name, "verdict.json", &verdict);
    let mut actions = planned(name, &verdict);
    actions.extend(plan_merging(&verdict, &facts));
    compare(name, "actions.json", &actions);
    let again: Verdict = serde_json::from_str(&read(name, "verdict.json")).unwrap();
    assert_eq!(again.digest(), verdict.digest(), "{name}: a stored verdict does not read as it was written");
}

/// What is planned at each look that led to an action. The forge showed nothing then, or the check run that was to be
/// updated, which tells something else; so much only the written actions tell.
fn planned(name: &str, verdict: &Verdict) -> Vec<Action> {
    let from_nothing = plan(verdict, &Effects::default());
    let written = std::fs::read_to_string(scenario(name).join("actions.json")).unwrap();
    let written: Vec<Action> =
        serde_json::from_str(&written).unwrap_or_else(|error| panic!("{name}: {error}"));
    let kinds = |actions: &[Action]| -> BTreeSet<String> {
        actions.iter().filter_map(Action::check).map(|show| format!("{:?}", show.what)).collect()
    };
    if kinds(&written) != kinds(&from_nothing) {
        return from_nothing;
    }
    let again = |show: &ShowCheck| {
        let other = |id| ShownCheck { id, completed: true, conclusion: None, external_id: None };
        let checks: Vec<ShownCheck> = show.existing.map(other).into_iter().collect();
        let what = show.what;
        let effects = Effects { checks: checks.clone(), rules_checks: checks };
        let is_it = move |action: &Action| action.check().is_some_and(|show| show.what == what);
        plan(verdict, &effects).into_iter().filter(is_it)
    };
    written.iter().filter_map(Action::check).flat_map(again).collect()
}

/// The rules as the shell takes them over: of a file that is invalid the last good one stays in force, if there is one.
fn source(name: &str) -> RuleSource {
    let parsed = Rules::parse("rules.toml", &read(name, "rules.toml"));
    if let Some(rules) = parsed.rules {
        return RuleSource::good(Arc::new(rules));
    }
    let before = scenario(name).join("rules.before.toml");
    let before = std::fs::read_to_string(before).ok();
    let before = before.map(|text| Rules::parse("rules.toml", &text).rules.unwrap());
    RuleSource {
        place: "rules.toml".to_owned(),
        in_force: before.map(Arc::new),
        trouble: Some(Trouble::Invalid(parsed.complaints)),
        ..RuleSource::default()
    }
}

/// The facts of large changes are folded, so it has to be certain that every file and commit comes out again.
#[test]
fn what_is_folded_is_all_there() {
    let file = |path: String| json!({ "path": path, "status": "added", "old": null });
    let mut files: Vec<Value> = (0..3_000).map(|n| file(format!("src/v2/icon{n:04}.ts"))).collect();
    files.push(file("web/AGENTS.md".to_owned()));
    files.push(file("9".repeat(30)));
    files.push(json!({ "path": { "bytes": [255] }, "status": "deleted", "old": "aa09" }));
    let facts = json!({ "pull": { "files": files, "labels": ["a1", "a2", "a3", "a4"] } });
    let folded = fold::fold(&facts);
    assert_eq!(fold::unfold(&folded), facts);
    assert!(folded.to_string().len() < 800, "{folded}");
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
