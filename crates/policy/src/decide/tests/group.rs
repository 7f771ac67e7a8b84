//! Merge groups: each pull request again, and nothing that belongs to none of them.

use super::scene::{Scene, alice, head, sha};
use crate::act::{GroupFacts, Landing, Member, RefName};
use crate::decide::decide_group;
use crate::facts::{Fact, Facts, PullState};
use crate::plan::plan;
use crate::rules::RuleSource;
use crate::verdict::{Code, Conclusion, Verdict};
use crate::{Action, Effects};

const GOOD: Landing = Landing { as_merged: true, strangers: 0 };

fn member(scene: &Scene, number: u64) -> Member {
    let mut facts: Facts = scene.facts.clone();
    facts.pull.number = number;
    Member { facts, landing: Fact::Known(GOOD) }
}

fn facts(members: Fact<Vec<Member>>) -> GroupFacts {
    let any = Scene::by_copilot().facts;
    GroupFacts {
        now: any.now,
        repository: any.repository,
        head_ref: RefName::parse("refs/heads/gh-readonly-queue/main/pr-7-b").unwrap(),
        head: sha(99),
        base: "main".to_owned(),
        members,
        own_rules: any.own_rules,
    }
}

fn judged(members: Vec<Member>) -> Verdict {
    decide_group(&facts(Fact::Known(members)), &rules())
}

fn rules() -> RuleSource {
    Scene::by_copilot().source()
}

fn codes(verdict: &Verdict) -> Vec<Code> {
    verdict.group.as_ref().unwrap().findings.iter().map(|finding| finding.code).collect()
}

fn good(number: u64) -> Member {
    member(&Scene::by_copilot().approved(&alice()), number)
}

#[test]
fn a_group_is_as_strict_as_its_strictest_pull_request() {
    assert_eq!(judged(vec![good(1), good(2)]).conclusion, Conclusion::Success);
    let verdict = judged(vec![good(1), member(&Scene::by_copilot(), 2)]);
    assert_eq!(verdict.conclusion, Conclusion::ActionRequired);
    assert_eq!(verdict.pulls.iter().map(|pull| pull.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(verdict.head, sha(99), "shown on the group's head, not on theirs");
    assert_ne!(verdict.head, head());
}

#[test]
fn the_check_is_planned_once() {
    let verdict = judged(vec![good(1)]);
    let actions = plan(&verdict, &Effects::default());
    let [Action::ShowCheck(show)] = actions.as_slice() else { panic!("{actions:?}") };
    assert_eq!((&show.head, show.conclusion), (&sha(99), Conclusion::Success));
}

#[test]
fn a_group_of_which_it_is_not_certain_what_it_holds_does_not_pass() {
    for members in [Fact::unknown("the queue is hidden"), Fact::Known(Vec::new())] {
        let verdict = decide_group(&facts(members), &rules());
        assert_eq!((verdict.conclusion, codes(&verdict)), (Conclusion::Failure, vec![Code::CannotSee]));
        assert_eq!(plan(&verdict, &Effects::default()).len(), 1, "and it is shown");
    }
}

#[test]
fn a_pull_request_that_is_not_open_any_more_is_not_passed_over() {
    for state in [PullState::Closed, PullState::Merged] {
        let mut gone = good(2);
        gone.facts.pull.state = state;
        let verdict = judged(vec![good(1), gone]);
        assert_eq!((verdict.conclusion, codes(&verdict)), (Conclusion::Failure, vec![Code::CannotSee]));
    }
}

#[test]
fn what_belongs_to_no_pull_request_does_not_land_with_an_agents() {
    for (landing, code) in [
        (Fact::Known(Landing { as_merged: false, strangers: 0 }), Code::LandsOtherwise),
        (Fact::Known(Landing { as_merged: true, strangers: 1 }), Code::LandsOtherwise),
        (Fact::unknown("git was busy"), Code::CannotSee),
    ] {
        let verdict = judged(vec![Member { landing: landing.clone(), ..good(1) }]);
        assert_eq!((verdict.conclusion, codes(&verdict)), (Conclusion::Failure, vec![code]));
        let peoples = Member { landing, ..member(&Scene::by_alice(), 1) };
        assert_eq!(judged(vec![peoples]).conclusion, Conclusion::Success, "people's work is theirs");
    }
}

#[test]
fn evaluate_and_disabled_pass_whatever_the_group_holds() {
    for word in ["evaluate", "disabled"] {
        let scene =
            Scene::by_copilot().rules("enforcement = \"active\"", &format!("enforcement = \"{word}\""));
        let verdict = decide_group(&facts(Fact::unknown("hidden")), &scene.source());
        assert_eq!(verdict.shown(), Conclusion::Success, "{word}");
    }
}
