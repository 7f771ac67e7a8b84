//! How long one decision takes, without forge, store or git.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use policy::Facts;
use policy::decide::decide;
use policy::rules::{RuleSource, Rules};

use crate::stage::Table;

/// So many rules over so many changed paths.
pub(crate) struct Case {
    facts: Facts,
    source: RuleSource,
}

impl Case {
    pub(crate) fn new(rules: usize, paths: usize) -> Self {
        let parsed = Rules::parse("rules.toml", &rules_text(rules)).rules.unwrap();
        let facts = serde_json::from_value(facts(paths)).unwrap();
        Self { facts, source: RuleSource::good(Arc::new(parsed)) }
    }

    pub(crate) fn decide(&self) {
        drop(black_box(decide(black_box(&self.facts), &self.source)));
    }
}

/// Microseconds for a small and a large case, and for rules that cannot match.
pub(crate) fn times(table: &mut Table) {
    for (rules, paths, aim) in [(10, 10, ""), (50, 3_000, "< 1 ms"), (500, 3_000, "")] {
        let case = Case::new(rules, paths);
        let best = fastest(|| case.decide());
        let figure = format!("{:.3} ms", best as f64 / 1e6);
        table.row(format!("decide, {rules} rules over {paths} paths: fastest of 30"), aim, figure);
    }
}

/// The fastest of many, in nanoseconds: what disturbs only ever adds.
fn fastest(mut what: impl FnMut()) -> u128 {
    let mut best = u128::MAX;
    for _ in 0..30 {
        let start = Instant::now();
        what();
        best = best.min(start.elapsed().as_nanos());
    }
    best
}

/// Rules of every kind that look at paths.
fn rules_text(count: usize) -> String {
    let head = "version = 1\n[people]\nmembers_of = [\"acme\"]\n[agents.copilot]\nrecognise = [\"github-copilot\"]\n\
                owner = \"@acme/platform\"\npurpose = \"fixes\"\nrepos = [\"acme/*\"]\nbranches = [\"copilot/**\"]\n\
                may = [\"propose\"]\nexpires = 2027-03-31\n[tiers.routine]\napprovals = 1\n";
    let rule = |at: usize| {
        let when = match at % 4 {
            0 => format!("paths = [\"team{at}/**\", \"libs/team{at}/**/*.rs\"]"),
            1 => format!("paths = {{ any = [\"services/{at}/**\"], except = [\"services/{at}/docs/**\"] }}"),
            2 => format!("only_paths = [\"docs/{at}/**\", \"**/*{at}.md\"]"),
            _ => "changes = [\"ci\", \"dependencies\"]".to_owned(),
        };
        format!(
            "[[rules]]\nid = \"r{at}\"\non = [\"pull_request\"]\nwhen = {{ {when} }}\nrequire = \"routine\"\n"
        )
    };
    std::iter::once(head.to_owned()).chain((0..count).map(rule)).collect()
}

/// A registered agent's pull request with so many files.
fn facts(paths: usize) -> serde_json::Value {
    let id = "1".repeat(40);
    let path = |at: usize| format!("services/{}/src/module_{}/file_{at}.rs", at % 60, at % 17);
    // As git lists them.
    let mut listed: Vec<String> = (0..paths).map(path).collect();
    listed.sort();
    let file = |path: &String| {
        serde_json::json!({
            "path": path,
            "status": "modified", "old_mode": "file", "new_mode": "file", "old": id, "new": id,
        })
    };
    let copilot = serde_json::json!({ "id": 198_982_749, "login": "Copilot", "kind": "bot" });
    let repository = serde_json::json!({ "id": 1, "name": "acme/web" });
    serde_json::json!({
        "now": 1_795_176_000_000_i64,
        "repository": repository,
        "pull": {
            "number": 7, "title": "Fix", "body": "Fixes it.", "state": "open", "draft": false,
            "updated_at": 0, "author": { "known": copilot },
            "base": { "name": "main", "sha": id }, "head": { "name": "copilot/fix", "sha": id },
            "head_repository": repository, "labels": { "known": [] }, "auto_merge": null,
            "commits": { "known": [] }, "reviews": { "known": [] }, "pushers": { "known": [] },
            "change": { "known": {
                "merge_base": id, "commits": [], "lines": null, "files": listed.iter().map(file).collect::<Vec<_>>(),
            } },
        },
        "siblings": { "known": [] },
        "own_rules": { "known": {} },
        "roster": { "acme": { "known": [1001] } },
    })
}
