//! Whose approval counts.

use super::scene::*;
use crate::decide::approved_before;
use crate::facts::{Carried, Fact, Linked, ReviewState, Signature};
use crate::ids::UserId;
use crate::verdict::Disqualification as Why;
use crate::verdict::{Code, Conclusion};

fn linked(account: &crate::facts::Account) -> Linked {
    Linked { id: account.id, login: account.login.clone() }
}

#[test]
fn an_approval_of_another_commit_does_not_count() {
    for commit in [Some(sha(0xdead)), None] {
        let scene = Scene::by_copilot()
            .review(&bob(), ReviewState::Approved, |review| review.commit.clone_from(&commit));
        assert_eq!(scene.approval_does_not_count(), [Why::OtherCommit(commit)]);
    }
}

#[test]
fn an_approval_stays_where_the_head_is_the_approved_one_on_a_newer_base() {
    let older = sha(5);
    let scene = |whole: Option<Fact<bool>>| {
        let mut scene =
            Scene::by_copilot().review(&bob(), ReviewState::Approved, |review| review.commit = Some(sha(5)));
        scene.facts.pull.carried = whole.map(|whole| Carried { from: sha(5), whole }).into_iter().collect();
        scene
    };
    let asked = approved_before(&scene(None).facts, &scene(None).facts.pull, &scene(None).source());
    assert_eq!(asked, [older.clone()].into());
    assert_eq!(scene(Some(Fact::Known(true))).verdict().conclusion, Conclusion::Success);
    let no = scene(Some(Fact::Known(false)));
    assert_eq!(no.approval_does_not_count(), [Why::OtherCommit(Some(older.clone()))]);
    let unknown = scene(Some(Fact::unknown("it is gone")));
    assert_eq!(unknown.approval_does_not_count(), [Why::UpdateUnknown(older, "it is gone".to_owned())]);
}

#[test]
fn nothing_is_compared_where_it_would_not_count() {
    let of = |scene: Scene| approved_before(&scene.facts, &scene.facts.pull, &scene.source());
    let older = |scene: Scene, who: &crate::facts::Account| {
        scene.review(who, ReviewState::Approved, |review| review.commit = Some(sha(5)))
    };
    assert_eq!(of(Scene::by_copilot().approved(&bob())), [].into());
    assert_eq!(of(older(Scene::by_copilot(), &copilot())), [].into());
    assert_eq!(of(older(Scene::by_copilot().pushed_by(&bob()), &bob())), [].into());
    assert_eq!(of(older(Scene::by_alice(), &bob())), [].into(), "people's own work needs no approval");
}

#[test]
fn nobody_approves_their_own_pull_request() {
    // Alice's own, with an agent's trailer: judged as the agent's, which the rules register for any branch.
    let scene = Scene::by_alice().rules(r#"["copilot/**"]"#, r#"["**"]"#).commit(named(&alice()), "Fix\n");
    let scene = scene.pushed_by(&copilot());
    let why = scene.approved(&alice()).approval_does_not_count();
    assert!(why.contains(&Why::Author) && why.contains(&Why::Pusher), "{why:?}");
}

#[test]
fn who_committed_does_not_approve() {
    let scene = Scene::by_copilot().listed(|commit| commit.committer = Some(named(&bob())));
    assert_eq!(scene.approved(&bob()).approval_does_not_count(), [Why::Committer(head())]);
}

#[test]
fn who_signed_a_commit_does_not_approve() {
    let by_bob = Signature { valid: true, by_github: false, signer: Some(linked(&bob())) };
    let scene = Scene::by_copilot().listed(|commit| commit.signature = Some(by_bob));
    assert_eq!(scene.approved(&bob()).approval_does_not_count(), [Why::Committer(head())]);
}

#[test]
fn who_is_named_a_co_author_does_not_approve() {
    let message = "More\n\nCo-Authored-By: Bob <1002+bob@users.noreply.github.com>";
    let scene = Scene::by_copilot().commit(named(&copilot()), message).approved(&bob());
    assert_eq!(scene.approval_does_not_count(), [Why::CommitAuthor(sha(0xc001))]);
    let listed = Scene::by_copilot().listed(|commit| commit.authors.push(named(&bob()))).approved(&bob());
    assert_eq!(listed.approval_does_not_count(), [Why::CommitAuthor(head())]);
}

#[test]
fn an_address_that_names_one_account_and_belongs_to_another_disqualifies_both() {
    let mut both = named(&bob());
    both.account = Some(linked(&dana()));
    let scene = Scene::by_copilot().listed(|commit| commit.authors.push(both));
    assert_eq!(scene.clone().approved(&bob()).approval_does_not_count(), [Why::CommitAuthor(head())]);
    assert_eq!(scene.approved(&dana()).approval_does_not_count(), [Why::CommitAuthor(head())]);
}

#[test]
fn who_pushed_does_not_approve() {
    let scene = Scene::by_copilot().pushed_by(&bob()).approved(&bob());
    assert_eq!(scene.approval_does_not_count(), [Why::Pusher]);
}

#[test]
fn who_switched_auto_merge_on_does_not_approve() {
    let scene = Scene::by_copilot().pull(|pull| pull.auto_merge = Some(Fact::Known(bob()))).approved(&bob());
    assert_eq!(scene.approval_does_not_count(), [Why::AutoMergeEnabler]);
}

#[test]
fn an_agents_approval_does_not_count() {
    let scene = Scene::by_copilot()
        .review(&copilot(), ReviewState::Approved, |review| review.can_push = Fact::Known(true));
    let why = scene.approval_does_not_count();
    assert!(why.contains(&Why::Agent("GitHub Copilot cloud agent".into())), "{why:?}");
}

#[test]
fn an_ai_reviewers_approval_does_not_count() {
    let why = Scene::by_copilot().approved(&coderabbit()).approval_does_not_count();
    assert_eq!(why, [Why::Agent("CodeRabbit".into()), Why::NoWriteAccess]);
}

#[test]
fn an_agents_second_account_of_type_user_is_not_a_person() {
    // `cursoragent` is a user, and member of the organisation by mistake.
    let second = user(199_161_495, "cursoragent");
    let scene = Scene::by_copilot().approved(&second).facts(|facts| {
        known(facts.roster.groups.get_mut(&group("acme")).unwrap()).insert(second.id);
    });
    assert_eq!(scene.approval_does_not_count(), [Why::Agent("Cursor agents and Bugbot".into())]);
}

#[test]
fn a_machine_user_that_is_excepted_is_not_a_person() {
    let machine = user(1902, "acme-ci");
    let member = |facts: &mut crate::Facts| {
        known(facts.roster.groups.get_mut(&group("acme")).unwrap()).insert(UserId(1902));
    };
    let scene = Scene::by_copilot().approved(&machine).facts(member);
    assert_eq!(scene.approval_does_not_count(), [Why::NotAPerson]);
    let renamed = Scene::by_copilot().approved(&user(1902, "alice2")).facts(member);
    assert_eq!(renamed.approval_does_not_count(), [Why::NotAPerson]);
    let by_login = Scene::by_copilot().approved(&user(1903, "Acme-CI")).facts(|facts| {
        known(facts.roster.groups.get_mut(&group("acme")).unwrap()).insert(UserId(1903));
    });
    let by_login = by_login.rules("except     = [1902]", "except = [\"acme-ci\"]");
    assert_eq!(by_login.approval_does_not_count(), [Why::NotAPerson]);
}

#[test]
fn an_approver_without_write_access_does_not_count() {
    let scene = Scene::by_copilot()
        .review(&bob(), ReviewState::Approved, |review| review.can_push = Fact::Known(false));
    assert_eq!(scene.approval_does_not_count(), [Why::NoWriteAccess]);
}

#[test]
fn an_approver_whose_access_is_not_known_does_not_count() {
    let scene = Scene::by_copilot()
        .review(&bob(), ReviewState::Approved, |review| review.can_push = Fact::unknown("403"));
    assert_eq!(scene.approval_does_not_count(), [Why::AccessUnknown("403".into())]);
}

#[test]
fn an_approver_outside_of_the_organisation_does_not_count() {
    assert_eq!(Scene::by_copilot().approved(&erin()).approval_does_not_count(), [Why::NotAPerson]);
    Scene::by_copilot().approved(&erin()).rules("[1901]", "[1901, 1004]").passes();
    // A member's number, but the account has become a machine's.
    let machine = Scene::by_copilot().approved(&bot(1002, "bob"));
    assert_eq!(machine.approval_does_not_count(), [Why::NotAPerson, Why::NoWriteAccess]);
}

#[test]
fn an_approver_whose_account_is_gone_does_not_count() {
    let scene = Scene::by_copilot()
        .review(&bob(), ReviewState::Approved, |review| review.author = Fact::unknown("gone"));
    assert_eq!(scene.approval_does_not_count(), [Why::PersonUnknown("gone".into())]);
}

#[test]
fn nobody_is_independent_of_commits_that_the_forge_does_not_list() {
    let scene = Scene::by_copilot().commit(named(&copilot()), "More").approved(&bob());
    let scene = scene.pull(|pull| drop(known(&mut pull.commits).pop()));
    let why = scene.approval_does_not_count();
    assert!(matches!(why.as_slice(), [Why::IndependenceUnknown(_)]), "{why:?}");
}

#[test]
fn one_person_counts_once_however_often_they_approve() {
    let scene = Scene::by_copilot().files([file("Cargo.toml")]).approved(&dana()).approved(&dana());
    let verdict = scene.ends(Conclusion::ActionRequired, &[Code::RuleRequires]);
    assert_eq!(verdict.tiers[1].counted.len(), 1);
}
