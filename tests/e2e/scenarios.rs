//! Every folder of `fixtures/scenarios`, played on the real thing and compared stage by stage.
//!
//! `BLESS=1` writes the stages instead of comparing them; read the difference before committing it.

use std::path::PathBuf;

use crate::Gate;
use crate::fold::fold;
use crate::gate::scenario;

macro_rules! scenarios {
    ($($name:ident),+ $(,)?) => {
        $(#[tokio::test]
        async fn $name() {
            play(&stringify!($name).replace('_', "-")).await;
        })+

        #[test]
        fn every_scenario_is_played() {
            let mut played: Vec<String> = vec![$(stringify!($name).replace('_', "-")),+];
            let folder = scenario("");
            let mut there: Vec<String> = std::fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            played.sort();
            there.sort();
            assert_eq!(played, there);
        }
    };
}

include!("../../fixtures/scenarios.rs");

#[test]
fn every_scenario_is_in_the_overview() {
    let overview = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/scenarios.md");
    let overview = std::fs::read_to_string(overview).unwrap();
    let rows = overview.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let mut told: Vec<(String, String)> = Vec::new();
    for (name, rest) in rows.filter(|(name, _)| !name.contains('.')) {
        let title = rest.split(" | ").next().unwrap_or_default();
        told.push((name.to_owned(), format!("# {title}")));
    }
    told.sort();
    let names = std::fs::read_dir(scenario("")).unwrap();
    let mut there: Vec<(String, String)> = Vec::new();
    for name in names.map(|entry| entry.unwrap().file_name().into_string().unwrap()) {
        let readme = std::fs::read_to_string(scenario(&name).join("README.md")).unwrap();
        there.push((name, readme.lines().next().unwrap_or_default().to_owned()));
    }
    there.sort();
    assert_eq!(told, there, "docs/scenarios.md has one row for each folder, with the title of its README.md");
}

async fn play(name: &str) {
    let gate = Gate::of_scenario(name).await;
    let mut event = last_event(&gate);
    gate.settle().await;
    // What the gate itself causes is not the story's.
    while gate.play_on().await {
        event = last_event(&gate);
        gate.settle().await;
    }
    assert_eq!(gate.github.unknown_routes(), Vec::<String>::new());
    let number = first_judged(&gate).await;
    let stored = gate.stored(number).await.unwrap();
    let actions = gate.running.gate().store.actions(&stored.id).await.unwrap();
    let actions: Vec<serde_json::Value> =
        actions.iter().map(|action| serde_json::from_str(&action.record.body).unwrap()).collect();
    compare(name, "event.json", &event);
    compare(name, "facts.json", &folded(&stored.record.facts));
    compare(name, "verdict.json", &pretty(&stored.record.verdict));
    compare(name, "actions.json", &format!("{:#}\n", serde_json::Value::from(actions)));
    compare(name, "forge.txt", &gate.github.text().replace(gate.github.url(), "https://forge.example"));
}

/// The delivery that the story ends with, without what changes from run to run.
fn last_event(gate: &Gate) -> String {
    let delivery = gate.github.last_delivery().expect("the story causes a delivery");
    let body: serde_json::Value = serde_json::from_slice(&delivery.body).unwrap();
    let event = serde_json::json!({ "event": delivery.event, "guid": delivery.guid, "payload": body });
    format!("{event:#}\n").replace(gate.github.url(), "https://forge.example")
}

/// The pull request that the story is about: the lowest-numbered one with a verdict.
async fn first_judged(gate: &Gate) -> u64 {
    for number in 1..20 {
        if gate.stored(number).await.is_some() {
            return number;
        }
    }
    panic!("nothing was judged");
}

fn pretty(json: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    format!("{value:#}\n")
}

/// Facts as they are kept here: see `fixtures/fold.rs`.
fn folded(json: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    format!("{:#}\n", fold(&value))
}

fn compare(name: &str, file: &str, found: &str) {
    let path = scenario(name).join(file);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, found).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        expected == found,
        "{name}/{file} differs; read the difference and run `just bless`\n{}",
        difference(&expected, found)
    );
}

/// The first lines that differ.
fn difference(expected: &str, found: &str) -> String {
    let pairs = expected.lines().zip(found.lines()).enumerate();
    let first =
        pairs.filter(|(_, (a, b))| a != b).map(|(line, (a, b))| format!("line {}\n- {a}\n+ {b}", line + 1));
    first.take(5).collect::<Vec<_>>().join("\n")
}
