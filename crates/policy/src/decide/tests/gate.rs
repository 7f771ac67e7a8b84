//! Enforcement, and rules that are not there or not valid.

use std::sync::Arc;

use super::scene::*;
use crate::decide::decide;
use crate::rules::{RuleSource, Rules, Trouble};
use crate::verdict::{Code, Conclusion, Enforcement};

fn broken() -> Trouble {
    Trouble::Invalid(Rules::parse("rules.toml", "version = 1\nrulez = 3").complaints)
}

#[test]
fn evaluate_decides_and_passes() {
    let scene = Scene::by_copilot().rules("\"active\" ", "\"evaluate\" ");
    let verdict = scene.decide();
    assert_eq!((verdict.conclusion, verdict.shown()), (Conclusion::ActionRequired, Conclusion::Success));
    assert_eq!(verdict.enforcement, Enforcement::Evaluate);
    assert_eq!(verdict.pulls[0].findings.len(), 1);
}

#[test]
fn disabled_judges_nothing() {
    let scene = Scene::of(pull(7, erin(), "fix")).rules("\"active\" ", "\"disabled\" ");
    let verdict = scene.decide();
    assert_eq!((verdict.conclusion, verdict.shown()), (Conclusion::Success, Conclusion::Success));
    assert!(verdict.pulls[0].findings.is_empty());
}

#[test]
fn without_rules_everything_is_blocked_with_the_reason() {
    let source = RuleSource {
        place: "/etc/rules.toml".into(),
        in_force: None,
        trouble: Some(broken()),
        ..RuleSource::default()
    };
    for scene in [Scene::by_alice(), Scene::by_copilot().approved(&bob())] {
        let verdict = decide(&scene.facts, &source);
        assert_eq!((verdict.shown(), verdict.check.as_str()), (Conclusion::Failure, "portcullis"));
        let finding = &verdict.pulls[0].findings[0];
        assert_eq!(finding.code, Code::NoRules);
        assert!(
            finding.message.contains("/etc/rules.toml") && finding.message.contains("line"),
            "{finding:?}"
        );
    }
}

#[test]
fn the_last_good_rules_stay_in_force_and_say_so() {
    let scene = Scene::by_copilot().approved(&bob());
    let rules = Some(Arc::new(parsed(&scene.rules)));
    let source = RuleSource {
        place: "rules.toml".into(),
        in_force: rules,
        trouble: Some(broken()),
        ..RuleSource::default()
    };
    let verdict = decide(&scene.facts, &source);
    assert_eq!(verdict.conclusion, Conclusion::Success);
    assert!(verdict.rules.trouble.as_ref().unwrap().contains("line"));
    assert!(verdict.rules.digest.is_some());
    let unreadable = RuleSource { trouble: Some(Trouble::Unreadable("no such file".into())), ..source };
    assert!(decide(&scene.facts, &unreadable).rules.trouble.unwrap().contains("no such file"));
}
