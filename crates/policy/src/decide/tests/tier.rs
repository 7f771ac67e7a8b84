//! What a tier asks for beyond a number: time, age, teams of their own, and nobody who answers for the agent.

use super::scene::*;
use crate::facts::{Fact, ReviewState};
use crate::ids::{Millis, UserId};
use crate::verdict::Disqualification as Why;
use crate::verdict::{Code, Conclusion, TierState};

/// Copilot's pull request, of which the tier asks for more.
fn asking(more: &str) -> Scene {
    Scene::by_copilot().rules("[tiers.routine]\napprovals = 1\n", &format!("[tiers.routine]\n{more}\n"))
}

fn minutes(number: i64) -> Millis {
    Millis(NOW.0 + number * 60_000)
}

/// The tier of a scene that waits for nothing else.
#[track_caller]
fn waits(scene: &Scene) -> TierState {
    scene.ends(Conclusion::ActionRequired, &[Code::RuleRequires]).tiers.remove(0)
}

#[test]
fn nothing_passes_before_people_had_time_to_look() {
    let scene = asking("approvals = 1\nnot_before = \"10m\"").approved(&bob());
    let since = |at: Option<Millis>| scene.clone().pull(|pull| pull.head_since = at);
    let tier = waits(&since(Some(minutes(-9))));
    assert_eq!(tier.changes_at, Some(minutes(1)));
    assert_eq!(tier.lacks, ["not before 2026-11-20 12:01 UTC"]);
    let tier = since(Some(minutes(-10))).passes().tiers.remove(0);
    assert_eq!(tier.changes_at, None);
    since(None).ends(Conclusion::Failure, &[Code::RuleRequires]);
}

#[test]
fn an_approval_grows_too_old() {
    let scene = asking("approvals = 1\nmax_age = \"7d\"");
    let given = |at| scene.clone().review(&bob(), ReviewState::Approved, |review| review.at = at);
    let week = -7 * 24 * 60;
    assert_eq!(given(Some(minutes(week))).approval_does_not_count(), [Why::TooOld]);
    assert_eq!(given(None).approval_does_not_count(), [Why::AgeUnknown]);
    let tier = given(Some(minutes(week + 1))).passes().tiers.remove(0);
    assert_eq!(tier.changes_at, Some(minutes(1)));
    // A newer word of the same person keeps it up.
    given(Some(minutes(week))).commented(&bob(), |_| {}).passes();
}

#[test]
fn each_team_has_a_person_of_its_own() {
    let two = "approvals = 2\neach = [\"@acme/security\", \"@acme/platform\"]";
    let scene = |platform: &[u64]| {
        let members = Fact::Known(platform.iter().copied().map(UserId).collect());
        asking(two).facts(|facts| drop(facts.roster.groups.insert(group("@acme/platform"), members)))
    };
    // Dana is in both teams, and is one person.
    let tier = waits(&scene(&[1003]).approved(&dana()).approved(&bob()));
    assert_eq!(tier.lacks, ["a person of `@acme/security`"]);
    scene(&[1002, 1003]).approved(&dana()).approved(&bob()).passes();
    scene(&[1002, 1003]).approved(&bob()).approved(&dana()).passes();
    let lost = asking(two).approved(&bob()).approved(&dana());
    lost.ends(Conclusion::Failure, &[Code::RuleRequires]);
}

#[test]
fn whoever_answers_for_the_agent_may_be_excluded() {
    let scene = asking("approvals = 1\nowner = \"excluded\"").approved(&bob());
    let owned = |owner: &str| scene.clone().rules("@acme/platform", owner);
    assert_eq!(owned("@Bob").approval_does_not_count(), [Why::Owner("copilot".into())]);
    owned("@alice").passes();
    owned("@acme/security").passes();
    assert_eq!(
        owned("@acme/security").approved(&dana()).passes().tiers[0].disqualified[0].because,
        [Why::Owner("copilot".into())]
    );
    let unseen = scene.approval_does_not_count();
    assert!(matches!(unseen.as_slice(), [Why::OwnerUnknown(_)]), "{unseen:?}");
    assert!(scene.source().wanted(&scene.facts.own_rules).groups.contains(&group("@acme/platform")));
}

#[test]
fn whoever_pushed_last_never_counts_whatever_the_tier_says() {
    let scene = asking("approvals = 1").pushed_by(&bob()).approved(&bob());
    assert_eq!(scene.approval_does_not_count(), [Why::Pusher]);
    scene.approved(&alice()).passes();
}

#[test]
fn a_repository_only_tightens_what_a_tier_asks() {
    let scene = asking("approvals = 1\nnot_before = \"10m\"\nmax_age = \"7d\"").approved(&bob());
    let old = |scene: Scene| scene.pull(|pull| pull.head_since = Some(minutes(-15)));
    old(scene.clone()).passes();
    let stricter = "version = 1\n[tiers.routine]\napprovals = 1\nnot_before = \"1h\"\n";
    let tier = waits(&old(scene.clone().own_rules(stricter)));
    assert_eq!(tier.raised_by.unwrap().id, "tiers.routine");
    for looser in ["not_before = \"5m\"", "max_age = \"8d\""] {
        let own = format!("version = 1\n[tiers.routine]\napprovals = 1\n{looser}\n");
        let parsed = crate::rules::Tightening::parse(&parsed(&scene.rules), &own);
        let codes: Vec<_> = parsed.complaints.iter().map(|complaint| complaint.code).collect();
        assert_eq!(codes, [crate::complaint::Code::Loosening], "{looser}");
    }
}
