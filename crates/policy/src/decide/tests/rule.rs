//! Rules and what they demand of a change.

use change::Mode;

use super::scene::*;
use crate::facts::Fact;
use crate::verdict::{Code, Conclusion, Evidence};

const DOCS_ARE_FREE: &str = "
[tiers.free]
approvals = 0

[[rules]]
id = \"docs\"
on = [\"pull_request\"]
when = { only_paths = [\"docs/**\", \"AGENTS.md\", \"rules.toml\", \"**/.gitattributes\"] }
require = \"free\"
";
const EVERYTHING: &str = "[[rules]]
id      = \"everything-needs-a-person\"
on      = [\"pull_request\"]
require = \"routine\"
why     = \"Agents propose, people decide.\"
";

/// The sample without the rule that always applies, nor the one about the gate itself, and with docs for free.
fn free_docs() -> Scene {
    let scene = Scene::by_copilot().rules(EVERYTHING, "").and_rules(DOCS_ARE_FREE);
    scene.rules(
        "when = { changes = [\"governance\", \"steering\"] }",
        "when = { files = { more_than = 9000 } }",
    )
}

#[test]
fn a_pipeline_change_needs_two_approvals_and_the_team() {
    let scene = Scene::by_copilot().files([file(".github/workflows/ci.yml")]);
    let verdict = scene.ends(Conclusion::ActionRequired, &[Code::RuleRequires, Code::RuleRequires]);
    assert_eq!(verdict.tiers.len(), 2);
    let one = scene.clone().approved(&dana());
    one.ends(Conclusion::ActionRequired, &[Code::RuleRequires]);
    let wrong_team = scene.clone().approved(&alice()).approved(&bob());
    let verdict = wrong_team.ends(Conclusion::ActionRequired, &[Code::RuleRequires]);
    assert!(verdict.findings[0].message.contains("none of them from `@acme/security`"));
    scene.approved(&bob()).approved(&dana()).passes();
}

#[test]
fn a_team_that_cannot_be_seen_satisfies_nothing() {
    let scene = Scene::by_copilot().files([file("Cargo.toml")]).approved(&bob()).approved(&dana());
    let scene = scene.facts(|facts| {
        facts.roster.groups.insert(group("@acme/security"), Fact::unknown("403"));
    });
    let verdict = scene.ends(Conclusion::Failure, &[Code::RuleRequires]);
    assert!(verdict.findings[0].message.contains("could not see everything"));
}

#[test]
fn deny_beats_require() {
    let scene = Scene::by_copilot().files([file("AGENTS.md"), file("Cargo.toml")]);
    let scene = scene.approved(&bob()).approved(&dana());
    let verdict = scene.ends(Conclusion::Failure, &[Code::RuleDenies]);
    let finding = &verdict.findings[0];
    let rule = finding.rule.as_ref().unwrap();
    assert_eq!((rule.id.as_str(), rule.source.as_str()), ("the-gate-itself", "rules.toml"));
    assert!(SAMPLE.lines().nth(rule.line as usize - 1).unwrap().contains("the-gate-itself"));
    assert!(matches!(&finding.evidence[..], [Evidence::Path { path, .. }] if path.display() == "AGENTS.md"));
}

#[test]
fn what_nothing_allows_is_denied() {
    let scene = Scene::by_copilot().rules(EVERYTHING, "").approved(&bob()).approved(&dana());
    scene.ends(Conclusion::Failure, &[Code::NothingAllows]);
}

#[test]
fn a_tier_without_approvals_allows() {
    free_docs().files([file("docs/a.md")]).passes();
    free_docs()
        .files([file("docs/a.md"), file("src/lib.rs")])
        .ends(Conclusion::Failure, &[Code::NothingAllows]);
}

#[test]
fn an_empty_change_is_not_only_docs() {
    free_docs().files([]).ends(Conclusion::Failure, &[Code::NothingAllows]);
}

#[test]
fn the_floor_keeps_governance_and_steering_from_landing_unseen() {
    for path in
        ["rules.toml", "AGENTS.md", "docs/.cursor/rules/x.mdc", ".gitattributes", "src/.gitattributes"]
    {
        let scene = free_docs().files([file(path)]);
        let verdict = scene.ends(Conclusion::ActionRequired, &[Code::GovernanceFloor]);
        assert_eq!(verdict.findings[0].evidence_total, 1);
        scene.clone().approved(&copilot()).ends(Conclusion::ActionRequired, &[Code::GovernanceFloor]);
        scene.approved(&bob()).passes();
    }
}

#[test]
fn a_rename_out_of_a_protected_folder_counts_on_both_sides() {
    let moved = [deleted("ops/deploy.sh"), added("src/deploy.sh", Mode::File)];
    let verdict = Scene::by_copilot().files(moved).verdict();
    let required: Vec<_> = verdict.tiers.iter().map(|tier| tier.name.as_str()).collect();
    assert_eq!(required, ["routine", "sensitive"]);
    let moved = [deleted("src/a.md"), added("docs/a.md", Mode::File)];
    free_docs().files(moved).ends(Conclusion::Failure, &[Code::NothingAllows]);
}

#[test]
fn links_and_submodules_are_seen_by_mode() {
    for mode in [Mode::Symlink, Mode::Submodule] {
        let verdict = Scene::by_copilot().files([added("src/innocent.rs", mode)]).verdict();
        assert!(verdict.findings.iter().any(|f| f.rule.as_ref().is_some_and(|rule| rule.id == "links")));
    }
    let executable = "
[[rules]]
id = \"programs\"
on = [\"pull_request\"]
when = { modes = [\"executable\"] }
deny = true
";
    let scene = Scene::by_copilot().and_rules(executable).approved(&bob());
    let mut edited = file("bin/tool");
    (edited.old_mode, edited.new_mode) = (Mode::Executable, Mode::Executable);
    scene.clone().files([edited.clone()]).passes();
    edited.old_mode = Mode::File;
    scene.files([edited]).ends(Conclusion::Failure, &[Code::RuleDenies]);
}

#[test]
fn paths_may_have_exceptions() {
    let payments = "
[[rules]]
id = \"payments\"
on = [\"pull_request\"]
when = { paths = { any = [\"payments/**\"], except = [\"payments/docs/**\"] }, branches = [\"main\", \"release/**\"] }
deny = true
";
    let scene = Scene::by_copilot().and_rules(payments).approved(&bob());
    scene.clone().files([file("payments/docs/a.md"), file("src/lib.rs")]).passes();
    let touched = scene.files([file("payments/docs/a.md"), file("payments/api.rs")]);
    touched.ends(Conclusion::Failure, &[Code::RuleDenies]);
    touched
        .clone()
        .pull(|pull| pull.base.name = "release/1.0".into())
        .ends(Conclusion::Failure, &[Code::RuleDenies]);
    touched.pull(|pull| pull.base.name = "topic".into()).passes();
}

#[test]
fn lines_that_were_not_counted_block_only_where_a_rule_asks() {
    let long = "
[[rules]]
id = \"long\"
on = [\"pull_request\"]
when = { lines = { more_than = 500 }, paths = [\"src/**\"] }
deny = true
";
    let scene = Scene::by_copilot().and_rules(long).approved(&bob());
    scene.ends(Conclusion::Failure, &[Code::CannotSee]);
    let counted = |added| change::Lines { added, deleted: 1 };
    scene.clone().pull(|pull| known(&mut pull.change).lines = Some(counted(499))).passes();
    scene
        .clone()
        .pull(|pull| known(&mut pull.change).lines = Some(counted(500)))
        .ends(Conclusion::Failure, &[Code::RuleDenies]);
    // A condition that surely fails settles it, whatever the others do not know.
    scene.files([file("other/a")]).passes();
}

#[test]
fn labels_are_compared_without_case() {
    let hold = "
[[rules]]
id = \"hold\"
on = [\"pull_request\"]
when = { labels = [\"Do Not Merge\"], draft = false, repos = [\"ACME/web\"], agents = [\"copilot\"] }
deny = true
";
    let scene = Scene::by_copilot().and_rules(hold).approved(&bob());
    scene.passes();
    let held = scene.pull(|pull| pull.labels = Fact::Known(vec!["do not MERGE".into()]));
    held.ends(Conclusion::Failure, &[Code::RuleDenies]);
    held.pull(|pull| pull.draft = true).passes();
}

#[test]
fn a_large_change_needs_more() {
    let files = |count: usize| (0..count).map(|i| file(&format!("src/{i}.rs")));
    Scene::by_copilot().files(files(100)).approved(&bob()).passes();
    Scene::by_copilot()
        .files(files(101))
        .approved(&bob())
        .ends(Conclusion::ActionRequired, &[Code::RuleRequires]);
}
