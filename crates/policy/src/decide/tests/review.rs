//! Which of somebody's reviews speaks for them, and what a request for changes does.

use super::scene::*;
use crate::facts::{Fact, ReviewState};
use crate::verdict::{Code, Conclusion, Disqualification};

#[test]
fn a_comment_after_an_approval_clears_nothing() {
    let scene = Scene::by_copilot().approved(&bob()).reviewed(&bob(), ReviewState::Commented);
    scene.reviewed(&bob(), ReviewState::Pending).passes();
}

#[test]
fn a_request_for_changes_after_an_approval_takes_it_back() {
    let scene = Scene::by_copilot().approved(&bob()).reviewed(&bob(), ReviewState::ChangesRequested);
    scene.ends(Conclusion::ActionRequired, &[Code::ChangesRequested, Code::RuleRequires]);
}

#[test]
fn an_approval_after_a_request_for_changes_withdraws_it() {
    Scene::by_copilot().reviewed(&bob(), ReviewState::ChangesRequested).approved(&bob()).passes();
}

#[test]
fn another_persons_request_for_changes_blocks() {
    let scene = Scene::by_copilot().approved(&bob()).reviewed(&dana(), ReviewState::ChangesRequested);
    scene.ends(Conclusion::ActionRequired, &[Code::ChangesRequested]);
    scene.reviewed(&dana(), ReviewState::Dismissed).passes();
}

#[test]
fn whoever_has_no_say_cannot_block() {
    let scene = Scene::by_copilot().approved(&bob()).reviewed(&coderabbit(), ReviewState::ChangesRequested);
    scene.passes();
    let no_access =
        Scene::by_copilot()
            .approved(&bob())
            .review(&dana(), ReviewState::ChangesRequested, |review| review.can_push = Fact::Known(false));
    no_access.passes();
}

#[test]
fn whoever_might_have_a_say_blocks() {
    let unknown =
        Scene::by_copilot()
            .approved(&bob())
            .review(&dana(), ReviewState::ChangesRequested, |review| review.can_push = Fact::unknown("403"));
    unknown.ends(Conclusion::ActionRequired, &[Code::ChangesRequested]);
}

#[test]
fn an_unknown_later_review_casts_doubt_on_an_approval() {
    for state in [ReviewState::ChangesRequested, ReviewState::Dismissed] {
        let scene = Scene::by_copilot()
            .approved(&bob())
            .review(&dana(), state, |review| review.author = Fact::unknown("gone"));
        let verdict = scene.verdict();
        assert_eq!(verdict.conclusion, Conclusion::ActionRequired);
        let because = &verdict.tiers[0].disqualified[0].because;
        assert!(matches!(because.as_slice(), [Disqualification::PersonUnknown(_)]), "{because:?}");
    }
    // An approval of an older commit would have taken the place of the first one.
    let older = Scene::by_copilot().approved(&bob()).review(&bob(), ReviewState::Approved, |review| {
        review.author = Fact::unknown("gone");
        review.commit = Some(sha(5));
    });
    older.ends(Conclusion::ActionRequired, &[Code::RuleRequires]);
    // One that would count takes nothing away, whosever it is.
    let as_good = Scene::by_copilot()
        .approved(&bob())
        .review(&bob(), ReviewState::Approved, |review| review.author = Fact::unknown("gone"));
    as_good.passes();
}
