//! Commits that keep workflows from running.

use super::scene::{Scene, alice, copilot, known, named};
use crate::verdict::{Code, Conclusion};

fn saying(message: &str) -> Scene {
    Scene::by_copilot().approved(&alice()).pull(|pull| {
        known(&mut pull.change).commits[0].message = message.to_owned();
    })
}

#[test]
fn an_agents_newest_commit_may_not_switch_checks_off() {
    for message in [
        "Fix it [skip ci]",
        "Fix it [CI SKIP]",
        "Fix it\n\nMore. [no ci]",
        "[skip actions] Fix it",
        "[actions skip]",
        "Fix it\n\n\nskip-checks: true\n",
        "Fix it\n\n\nSkip-Checks:true",
    ] {
        saying(message).ends(Conclusion::Failure, &[Code::SkipsChecks]);
    }
    for message in ["Fix it", "Skip ci by hand", "Tell of skip-checks: true or false", "skip-checks: false"] {
        saying(message).passes();
    }
}

#[test]
fn only_the_newest_commit_counts_and_people_may() {
    let older = Scene::by_copilot().commit(named(&copilot()), "Fix it [skip ci]").approved(&alice());
    older.passes();
    let people = Scene::by_alice()
        .pull(|pull| known(&mut pull.change).commits[0].message = "Fix it [skip ci]".to_owned());
    people.passes();
}

#[test]
fn a_message_that_was_cut_may_say_anything() {
    let long = "x".repeat(change::MAX_MESSAGE);
    saying(&long).ends(Conclusion::Failure, &[Code::CannotSee]);
    saying(&long[..change::MAX_MESSAGE / 2]).passes();
}
