//! Several pull requests with one head: one check run serves them all.

use super::scene::*;
use crate::facts::{Effects, Fact, PullState};
use crate::plan::plan;
use crate::verdict::{Code, Conclusion};

#[test]
fn the_strictest_of_all_with_this_head_is_shown() {
    let sibling = pull(8, erin(), "fix");
    let scene = Scene::by_alice().facts(|facts| facts.siblings = Fact::Known(vec![sibling]));
    let verdict = scene.decide();
    assert_eq!(verdict.conclusion, Conclusion::Failure);
    let each: Vec<_> = verdict.pulls.iter().map(|pull| (pull.number, pull.conclusion)).collect();
    assert_eq!(each, [(7, Conclusion::Success), (8, Conclusion::Failure)]);
    assert_eq!(verdict.pulls[1].title, "Change 8");
}

#[test]
fn a_closed_sibling_does_not_count() {
    let mut sibling = pull(8, erin(), "fix");
    sibling.state = PullState::Closed;
    let scene = Scene::by_alice().facts(|facts| facts.siblings = Fact::Known(vec![sibling]));
    assert_eq!(scene.decide().conclusion, Conclusion::Success);
}

#[test]
fn siblings_that_are_not_known_block() {
    let scene = Scene::by_alice().facts(|facts| facts.siblings = Fact::unknown("too many"));
    scene.ends(Conclusion::Failure, &[Code::CannotSee]);
}

#[test]
fn nothing_is_planned_for_what_cannot_be_merged_any_more() {
    for state in [PullState::Closed, PullState::Merged] {
        let scene = Scene::by_copilot().pull(|pull| pull.state = state);
        let verdict = scene.decide();
        assert_eq!((verdict.pulls.len(), verdict.conclusion), (0, Conclusion::Success));
        assert_eq!(plan(&verdict, &Effects::default()), []);
        // A sibling that is not known may be open.
        let unknown = scene.facts(|facts| facts.siblings = Fact::unknown("too many"));
        assert_eq!(unknown.decide().conclusion, Conclusion::Failure);
    }
}

#[test]
fn an_open_sibling_of_a_closed_subject_is_shown() {
    let scene = Scene::by_copilot().pull(|pull| pull.state = PullState::Closed);
    let scene = scene.facts(|facts| facts.siblings = Fact::Known(vec![pull(8, erin(), "fix")]));
    let verdict = scene.decide();
    assert_eq!((verdict.pulls.len(), verdict.conclusion), (1, Conclusion::Failure));
    assert_eq!(plan(&verdict, &Effects::default()).len(), 1);
}
