//! Approving by comment, and what was said otherwise.

use super::scene::*;
use crate::facts::{Assignment, Dismissal, Fact, ReviewState};
use crate::ids::Millis;
use crate::verdict::Disqualification as Why;
use crate::verdict::{Code, Conclusion};

#[test]
fn a_persons_comment_approves_exactly_this_head() {
    let verdict = Scene::by_copilot().commented(&bob(), |_| {}).passes();
    assert!(verdict.tiers[0].counted[0].commented);
    let other = Scene::by_copilot().commented(&bob(), |comment| {
        comment.line = format!("/portcullis approve {}", sha(5));
    });
    assert_eq!(other.approval_does_not_count(), [Why::OtherCommit(Some(sha(5)))]);
}

#[test]
fn a_line_with_anything_else_is_no_approval() {
    for line in ["/portcullis approve", "/portcullis approve beef", "/portcullis please"] {
        let scene = Scene::by_copilot().commented(&bob(), |comment| line.clone_into(&mut comment.line));
        assert_eq!(scene.approval_does_not_count(), [Why::NoCommand]);
    }
}

#[test]
fn an_edited_comment_is_nobodys_word() {
    let scene = Scene::by_copilot().commented(&bob(), |comment| comment.edited = true);
    assert_eq!(scene.approval_does_not_count(), [Why::Edited]);
}

#[test]
fn an_agents_comment_approves_nothing() {
    let scene = Scene::by_copilot().commented(&coderabbit(), |comment| comment.can_push = Fact::Known(true));
    assert_eq!(scene.approval_does_not_count(), [Why::Agent("CodeRabbit".into())]);
}

#[test]
fn a_comment_through_an_app_approves_nothing() {
    let scene = Scene::by_copilot().commented(&bob(), |comment| comment.by_app = Fact::Known(true));
    assert_eq!(scene.approval_does_not_count(), [Why::ThroughApp]);
    let scene = Scene::by_copilot().commented(&bob(), |comment| comment.by_app = Fact::unknown("404"));
    assert_eq!(scene.approval_does_not_count(), [Why::ThroughAppUnknown("404".into())]);
}

#[test]
fn who_comments_needs_write_access_and_no_part_in_the_change() {
    let scene = Scene::by_copilot().commented(&bob(), |comment| comment.can_push = Fact::Known(false));
    assert_eq!(scene.approval_does_not_count(), [Why::NoWriteAccess]);
    let scene = Scene::by_copilot().pushed_by(&bob()).commented(&bob(), |_| {});
    assert_eq!(scene.approval_does_not_count(), [Why::Pusher]);
}

#[test]
fn what_a_person_says_in_a_review_goes_before() {
    let asked = Scene::by_copilot().reviewed(&bob(), ReviewState::ChangesRequested).commented(&bob(), |_| {});
    let verdict = asked.ends(Conclusion::ActionRequired, &[Code::ChangesRequested, Code::RuleRequires]);
    assert_eq!(verdict.tiers[0].disqualified[0].because, [Why::Overruled]);
    let dismissed_at = |at| {
        let gone = Dismissal { by: Fact::Known(alice()), was: ReviewState::Approved, at };
        let scene = Scene::by_copilot()
            .review(&bob(), ReviewState::Dismissed, |review| review.dismissal = Some(gone));
        scene.commented(&bob(), |_| {})
    };
    assert_eq!(dismissed_at(NOW).approval_does_not_count(), [Why::Overruled]);
    dismissed_at(Millis(NOW.0 - 1)).passes();
    Scene::by_copilot().reviewed(&bob(), ReviewState::Commented).commented(&bob(), |_| {}).passes();
}

#[test]
fn a_review_by_somebody_unknown_may_be_a_second_thought() {
    let scene =
        Scene::by_copilot().commented(&bob(), |_| {}).review(&bob(), ReviewState::Dismissed, |review| {
            review.author = Fact::unknown("gone");
            review.dismissal =
                Some(Dismissal { by: Fact::Known(alice()), was: ReviewState::Approved, at: NOW });
        });
    let why = scene.approval_does_not_count();
    assert_eq!(why, [Why::PersonUnknown("whose a review is: gone".into())]);
}

#[test]
fn one_person_approves_once_however_often() {
    let twice = Scene::by_copilot().commented(&bob(), |_| {}).commented(&bob(), |_| {}).approved(&bob());
    assert_eq!(twice.passes().tiers[0].counted.len(), 1);
}

#[test]
fn a_request_for_changes_that_an_agent_dismissed_stands() {
    let dismissed = |by: Fact<_>| {
        Scene::by_copilot().approved(&alice()).review(&bob(), ReviewState::Dismissed, |review| {
            review.dismissal = Some(Dismissal { by, was: ReviewState::ChangesRequested, at: NOW });
        })
    };
    for by in [copilot(), erin()] {
        let verdict =
            dismissed(Fact::Known(by.clone())).ends(Conclusion::ActionRequired, &[Code::ChangesRequested]);
        assert!(verdict.findings[0].message.contains(&by.login), "{:?}", verdict.findings);
    }
    dismissed(Fact::unknown("gone")).ends(Conclusion::Failure, &[Code::CannotSee]);
    dismissed(Fact::Known(dana())).passes();
    dismissed(Fact::Known(copilot())).approved(&bob()).passes();
}

#[test]
fn a_dismissal_that_cannot_be_seen_blocks() {
    let scene = Scene::by_copilot().approved(&alice());
    let lost = scene.review(&bob(), ReviewState::Dismissed, |review| review.dismissal = None);
    lost.ends(Conclusion::Failure, &[Code::CannotSee]);
    let approval = Dismissal { by: Fact::Known(copilot()), was: ReviewState::Approved, at: NOW };
    let scene = Scene::by_copilot().approved(&alice());
    scene.review(&bob(), ReviewState::Dismissed, |review| review.dismissal = Some(approval)).passes();
}

#[test]
fn who_put_the_agent_in_charge_does_not_approve() {
    let assigned = |by: Fact<_>, to: Fact<_>| {
        let scene = Scene::by_copilot().approved(&bob());
        scene.pull(|pull| known(&mut pull.assignments).push(Assignment { by, to }))
    };
    let by_bob = assigned(Fact::Known(bob()), Fact::Known(copilot()));
    assert_eq!(by_bob.approval_does_not_count(), [Why::Requester]);
    let gone = assigned(Fact::Known(bob()), Fact::unknown("gone"));
    assert_eq!(gone.approval_does_not_count(), [Why::Requester]);
    let nobody = assigned(Fact::unknown("gone"), Fact::Known(copilot()));
    assert_eq!(nobody.approval_does_not_count(), [Why::IndependenceUnknown("gone".into())]);
    assigned(Fact::Known(bob()), Fact::Known(alice())).passes();
    assigned(Fact::Known(alice()), Fact::Known(copilot())).passes();
}
