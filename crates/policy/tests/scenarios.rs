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

scenarios! {
    agent_approves,
    agent_change_approved,
    agent_edits_rules,
    agent_edits_steering,
    agent_edits_workflow,
    agent_edits_workflow_approved,
    agent_expired,
    agent_from_fork,
    agent_on_its_last_day,
    agent_outside_branches,
    agent_outside_repository,
    agent_pushed_branch_person_opened,
    agent_pushes_to_a_persons_pull_request,
    agent_waits_for_approval,
    ai_reviewer_approves,
    approval_of_an_older_commit,
    approval_then_push,
    approver_leaves_the_organisation,
    approver_loses_write_access,
    approver_without_write_access,
    author_approves_own,
    auto_merge_by_a_person,
    auto_merge_by_agent,
    bot_with_a_borrowed_name,
    case_folded_path,
    changes_requested_after_approval,
    co_author_approves,
    comment_after_approval,
    committer_approves,
    deleted_fork,
    dismissed_approval,
    draft,
    draft_made_ready,
    evaluate_enforcement,
    evil_merge,
    executable_mode,
    hostile_title_and_paths,
    human_only,
    invalid_rules_from_the_start,
    large_change,
    machine_user,
    outside_contributor,
    person_edits_rules,
    person_pushes_to_an_agents_pull_request,
    person_with_claude_trailers,
    person_with_claude_trailers_approved,
    person_with_claude_trailers_unprovided,
    registered_bot_approved,
    rename_out_of_protected_folder,
    rename_outside_protected_folders,
    same_head_in_two_pulls,
    submodule_bump,
    symlink_into_protected,
    unattributed_commit,
    unknown_user,
    unregistered_bot,
}

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
