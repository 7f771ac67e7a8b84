//! Branches and tags that moved: who may, what rules forbid, and what is done about it.

use std::sync::Arc;

use change::Change;

use super::scene::{NOW, SAMPLE, alice, bob, copilot, file, group, repository, sha};
use crate::act::{ActVerdict, Landed, Move, RefFacts, RefName, Refused, Remedy};
use crate::decide::decide_ref;
use crate::facts::{Account, Fact, Roster};
use crate::incident::{Kind, incidents};
use crate::plan::{Action, owed, plan_ref};
use crate::rules::{Respond, RuleSource, Rules};
use crate::verdict::{Code, Conclusion};

/// No rule about branches and tags.
pub(super) const BARE: &str = r#"
version = 1
[gate]
respond = ["revert"]
[people]
members_of = ["acme"]
[agents.copilot]
recognise = ["github-copilot"]
owner     = "@acme/platform"
purpose   = "fixes small issues"
repos     = ["acme/web"]
branches  = ["copilot/**", "main"]
may       = ["propose"]
expires   = 2027-03-31
"#;

pub(super) fn rules(text: &str) -> RuleSource {
    let parsed = Rules::parse("rules.toml", text);
    RuleSource::good(Arc::new(parsed.rules.unwrap_or_else(|| panic!("{:#?}", parsed.complaints))))
}

pub(super) fn pushed(by: Account, before: u64, after: u64) -> Move {
    let at = |number: u64| (number > 0).then(|| sha(number));
    Move {
        id: format!("{before}-{after}"),
        actor: Fact::Known(by),
        own: false,
        before: at(before),
        after: at(after),
        forced: false,
        at: NOW,
        change: Fact::Known(change("src/button.ts")),
        hidden: Fact::Known(Vec::new()),
        signed: Fact::Known(true),
        stripped: false,
        pushed_before: None,
        landed: Fact::Known(Vec::new()),
    }
}

fn change(path: &str) -> Change {
    Change { files: vec![file(path)], commits: Vec::new(), merge_base: None, lines: None }
}

pub(super) fn facts(name: &str, moves: Vec<Move>) -> RefFacts {
    let people = [alice().id, bob().id].into_iter().collect();
    RefFacts {
        now: NOW,
        repository: repository(1, "acme/web"),
        name: RefName::parse(name).unwrap(),
        default_branch: "main".to_owned(),
        tip: moves.last().and_then(|moved| moved.after.clone()),
        moves: Fact::Known(moves),
        refused: Vec::new(),
        roster: Roster { groups: [(group("acme"), Fact::Known(people))].into() },
        own_rules: Fact::Known(crate::facts::OwnRules::default()),
    }
}

fn main_branch(moves: Vec<Move>) -> RefFacts {
    facts("refs/heads/main", moves)
}

fn judged(text: &str, facts: &RefFacts) -> (ActVerdict, Vec<Action>) {
    let verdict = decide_ref(facts, &rules(text));
    let actions = plan_ref(&verdict, facts);
    (verdict, actions)
}

pub(super) fn codes(verdict: &ActVerdict) -> Vec<Code> {
    verdict.deeds.iter().flat_map(|deed| deed.findings.iter().map(|finding| finding.code)).collect()
}

fn with_rule(rule: &str) -> String {
    format!("{BARE}\n[[rules]]\nid = \"r\"\n{rule}\n").replace("respond = [\"revert\"]\n", "")
}

#[test]
fn people_move_what_they_like() {
    for forced in [false, true] {
        let moved = Move { forced, ..pushed(alice(), 1, 2) };
        let (verdict, actions) = judged(BARE, &main_branch(vec![moved]));
        assert_eq!((verdict.conclusion, actions), (Conclusion::Success, vec![]));
        assert_eq!(incidents(&verdict, Kind::Moved, "k", NOW), vec![]);
    }
}

#[test]
fn an_agent_that_may_only_propose_is_put_back_from_main() {
    let facts = main_branch(vec![pushed(copilot(), 1, 2)]);
    let (verdict, actions) = judged(BARE, &facts);
    assert_eq!(codes(&verdict), [Code::AgentVerb]);
    let [Action::PutBack(back)] = actions.as_slice() else { panic!("{actions:?}") };
    assert_eq!((back.from.clone(), back.to.clone()), (Some(sha(2)), Some(sha(1))));
    assert_eq!(back.keep.len(), 1);
    assert_eq!(back.keep[0].name, "refs/portcullis/quarantine/2026-11-20/1-2");
    assert_eq!(back.keep[0].sha, sha(2));
    let opened = incidents(&verdict, Kind::Moved, "k", NOW);
    assert_eq!(opened.len(), 1);
    assert_eq!((opened[0].kind, opened[0].respond), (Kind::Moved, Respond::Revert));

    let shown = RefFacts { tip: Some(sha(1)), ..facts };
    assert_eq!(judged(BARE, &shown).1, vec![], "it stands where it belongs");
}

#[test]
fn on_its_own_branches_it_may_push_and_delete() {
    for moved in [pushed(copilot(), 0, 2), pushed(copilot(), 1, 2), pushed(copilot(), 2, 0)] {
        let (verdict, actions) = judged(BARE, &facts("refs/heads/copilot/fix", vec![moved]));
        assert_eq!((codes(&verdict), actions), (vec![], vec![]));
    }
    let (verdict, _) = judged(BARE, &facts("refs/heads/elsewhere", vec![pushed(copilot(), 0, 2)]));
    assert_eq!(codes(&verdict), [Code::AgentBranch]);
}

#[test]
fn what_was_created_goes_what_was_deleted_comes_back_and_tags_move_back() {
    for (name, moved, to) in [
        ("refs/heads/elsewhere", pushed(copilot(), 0, 2), None),
        ("refs/heads/elsewhere", pushed(copilot(), 1, 0), Some(sha(1))),
        ("refs/tags/v1", pushed(copilot(), 0, 2), None),
        ("refs/tags/v1", Move { forced: true, ..pushed(copilot(), 1, 2) }, Some(sha(1))),
        ("refs/tags/v1", pushed(copilot(), 1, 0), Some(sha(1))),
    ] {
        let facts = facts(name, vec![moved]);
        let (_, actions) = judged(BARE, &facts);
        let [Action::PutBack(back)] = actions.as_slice() else { panic!("{name}: {actions:?}") };
        assert_eq!((&back.from, &back.to), (&facts.tip, &to), "{name}");
        assert_eq!(back.keep.len(), usize::from(facts.tip.is_some()), "{name}");
    }
}

#[test]
fn a_person_on_top_loses_nothing() {
    let moves = vec![pushed(copilot(), 1, 2), pushed(alice(), 2, 3)];
    let (_, actions) = judged(BARE, &main_branch(moves.clone()));
    let [Action::Undo(undo)] = actions.as_slice() else { panic!("{actions:?}") };
    assert_eq!((&undo.onto, undo.propose), (&sha(3), false));
    assert_eq!((&undo.spans[0].before, &undo.spans[0].after, undo.spans.len()), (&sha(1), &sha(2), 1));

    // Nor does somebody of whom it is not known what they are.
    let mut unknown = main_branch(moves);
    unknown.roster.groups.insert(group("acme"), Fact::unknown("no permission"));
    assert!(matches!(judged(BARE, &unknown).1.as_slice(), [Action::Undo(_)]));
}

#[test]
fn what_agents_did_after_a_person_goes_and_the_rest_is_taken_back_on_top() {
    let moves = vec![pushed(copilot(), 1, 2), pushed(alice(), 2, 3), pushed(copilot(), 3, 4)];
    let (_, actions) = judged(BARE, &main_branch(moves.clone()));
    let [Action::PutBack(back), Action::Undo(undo)] = actions.as_slice() else { panic!("{actions:?}") };
    assert_eq!((&back.from, &back.to, back.keep.len()), (&Some(sha(4)), &Some(sha(3)), 1));
    assert_eq!((&undo.onto, undo.spans.len(), undo.keep.len()), (&sha(3), 1, 2));

    // Putting back the last of it answers no more than that.
    let own = Move { own: true, ..pushed(copilot(), 4, 3) };
    let (_, actions) = judged(BARE, &main_branch([moves.clone(), vec![own]].concat()));
    let [Action::Undo(undo)] = actions.as_slice() else { panic!("{actions:?}") };
    assert_eq!((&undo.onto, undo.spans.len()), (&sha(3), 1));

    // Where it cannot be moved, all of it is taken back on top.
    let refused = vec![Refused { what: Remedy::MoveBack, why: "rules".to_owned() }];
    let (_, actions) = judged(BARE, &RefFacts { refused, ..main_branch(moves) });
    let [Action::Undo(undo)] = actions.as_slice() else { panic!("{actions:?}") };
    assert_eq!((&undo.onto, undo.spans.len()), (&sha(4), 2));
}

#[test]
fn what_an_agent_left_behind_is_kept_where_it_cannot_be_put_back() {
    let forced = Move { forced: true, ..pushed(copilot(), 1, 2) };
    let on_top = main_branch(vec![forced.clone(), pushed(alice(), 2, 3)]);
    let (_, actions) = judged(BARE, &on_top);
    let [Action::Undo(undo)] = actions.as_slice() else { panic!("{actions:?}") };
    let left = ("refs/portcullis/quarantine/2026-11-20/1-2-left".to_owned(), sha(1));
    assert!(undo.keep.iter().any(|kept| (kept.name.clone(), kept.sha.clone()) == left), "{:?}", undo.keep);

    // A branch that people made anew is theirs; only a name is given to what was there.
    let anew = vec![pushed(copilot(), 1, 0), pushed(alice(), 0, 3)];
    let (_, actions) = judged(BARE, &main_branch(anew));
    let [Action::PutBack(kept)] = actions.as_slice() else { panic!("{actions:?}") };
    assert_eq!((&kept.from, &kept.to), (&Some(sha(3)), &Some(sha(3))));
    assert!(kept.keep.iter().any(|kept| kept.sha == sha(1)));

    // Nothing was left behind: nothing is to be named.
    let deleted = facts("refs/heads/topic", vec![pushed(copilot(), 1, 2), pushed(alice(), 2, 0)]);
    assert_eq!(judged(BARE, &deleted).1, vec![]);
}

#[test]
fn more_moves_than_one_look_judges_are_owed_as_one() {
    let untold = |moves| RefFacts { tip: Some(sha(99)), ..main_branch(moves) };
    let burst = untold((1..5).map(|n| pushed(copilot(), n, n + 1)).collect());
    let verdict = decide_ref(&burst, &rules(BARE));
    assert_eq!(plan_ref(&verdict, &burst), vec![]);
    let (id, pushed_) = owed(&verdict, &burst).unwrap();
    assert_eq!((id.as_str(), pushed_.before, pushed_.after), ("sum-1-2", Some(sha(1)), Some(sha(5))));

    // What a person did in the end is nobody's debt.
    let person = untold(vec![pushed(copilot(), 1, 2), pushed(alice(), 2, 3)]);
    assert_eq!(owed(&decide_ref(&person, &rules(BARE)), &person), None);
}

#[test]
fn what_the_forge_refuses_is_tried_otherwise_and_then_left_to_people() {
    let refused = |what: &[Remedy]| RefFacts {
        refused: what.iter().map(|what| Refused { what: *what, why: "rules".to_owned() }).collect(),
        ..main_branch(vec![pushed(copilot(), 1, 2)])
    };
    let planned = |what: &[Remedy]| judged(BARE, &refused(what)).1;
    let Action::Undo(inverse) = &planned(&[Remedy::MoveBack])[0] else { panic!() };
    assert!(!inverse.propose);
    let Action::Undo(proposal) = &planned(&[Remedy::MoveBack, Remedy::Inverse])[0] else { panic!() };
    assert!(proposal.propose);
    assert_eq!(planned(&[Remedy::MoveBack, Remedy::Inverse, Remedy::Propose]), vec![]);
}

#[test]
fn what_the_gate_did_itself_settles_what_was_before() {
    let own = Move { own: true, ..pushed(copilot(), 2, 1) };
    let (verdict, actions) = judged(BARE, &main_branch(vec![pushed(copilot(), 1, 2), own.clone()]));
    assert_eq!((verdict.deeds.len(), actions), (1, vec![]));
    let again = pushed(copilot(), 1, 4);
    let (_, actions) = judged(BARE, &main_branch(vec![pushed(copilot(), 1, 2), own, again]));
    let [Action::PutBack(back)] = actions.as_slice() else { panic!("{actions:?}") };
    assert_eq!((&back.from, &back.to), (&Some(sha(4)), &Some(sha(1))));
}

#[test]
fn rules_about_pushes_deny_by_their_conditions() {
    let own = |moved: Move| facts("refs/heads/copilot/fix", vec![moved]);
    let update = pushed(copilot(), 1, 2);
    let workflow = change(".github/workflows/ci.yml");
    let cases = [
        (
            r#"on = ["push"]
when = { forced = true }"#,
            Move { forced: true, ..update.clone() },
        ),
        (
            r#"on = ["branch"]
when = { created = true }"#,
            pushed(copilot(), 0, 2),
        ),
        (
            r#"on = ["branch"]
when = { deleted = true }"#,
            pushed(copilot(), 1, 0),
        ),
        (
            r#"on = ["push"]
when = { signed = false }"#,
            Move { signed: Fact::Known(false), ..update.clone() },
        ),
        (
            r#"on = ["push"]
when = { changes = ["ci"] }"#,
            Move { change: Fact::Known(workflow), ..update.clone() },
        ),
    ];
    for (rule, moved) in cases {
        let text = with_rule(&format!("{rule}\ndeny = true\nrespond = \"revert\""));
        let (verdict, actions) = judged(&text, &own(moved));
        assert_eq!((codes(&verdict), actions.len()), (vec![Code::RuleDenies], 1), "{rule}");
        let (verdict, actions) = judged(&text, &own(update.clone()));
        assert_eq!((codes(&verdict), actions), (vec![], vec![]), "the benign twin of {rule}");
    }
    let tags = with_rule("on = [\"tag\"]\nwhen = { tags = [\"v*\"] }\ndeny = true")
        .replace("[\"propose\"]", "[\"release\"]");
    let (verdict, actions) = judged(&tags, &facts("refs/tags/v1", vec![pushed(copilot(), 0, 2)]));
    assert_eq!((codes(&verdict), actions), (vec![Code::RuleDenies], vec![]), "reported only");
    let (verdict, _) = judged(&tags, &facts("refs/tags/nightly", vec![pushed(copilot(), 0, 2)]));
    assert_eq!(codes(&verdict), []);
}

#[test]
fn what_is_not_known_is_told_and_never_acted_on() {
    let nobody = Move { actor: Fact::unknown("ghost"), ..pushed(copilot(), 1, 2) };
    let gap = RefFacts { moves: Fact::unknown("a delivery is missing"), ..main_branch(vec![]) };
    for facts in [main_branch(vec![nobody]), gap] {
        let (verdict, actions) = judged(BARE, &facts);
        assert_eq!((verdict.conclusion, actions), (Conclusion::Failure, vec![]));
        assert_eq!(incidents(&verdict, Kind::Moved, "k", NOW)[0].kind, Kind::Unseen);
    }
    let text = with_rule("on = [\"push\"]\nwhen = { signed = false }\ndeny = true\nrespond = \"revert\"");
    let unseen = Move { signed: Fact::unknown("too many commits"), ..pushed(copilot(), 1, 2) };
    let (verdict, actions) = judged(&text, &facts("refs/heads/copilot/fix", vec![unseen]));
    assert_eq!((codes(&verdict), actions), (vec![Code::CannotSee], vec![]));
}

#[test]
fn merging_is_no_push() {
    let merge = |passed: bool, queued: bool| {
        let landed = vec![Landed { number: 7, head: sha(9), passed, queued }];
        main_branch(vec![Move { landed: Fact::Known(landed), ..pushed(copilot(), 1, 2) }])
    };
    let queue = super::scene::bot(118_344_674, "github-merge-queue[bot]");
    let by = |actor: &Account, facts: RefFacts| {
        let Fact::Known(moves) = facts.moves.clone() else { panic!() };
        let moves = moves.into_iter().map(|moved| Move { actor: Fact::Known(actor.clone()), ..moved });
        RefFacts { moves: Fact::Known(moves.collect()), ..facts }
    };
    let landed = merge(true, true);
    assert_eq!(codes(&judged(BARE, &by(&queue, landed.clone())).0), [], "the queue is nobody's hand");
    let other = super::scene::bot(4711, "tidy-all[bot]");
    assert_eq!(
        codes(&judged(BARE, &by(&other, landed)).0),
        [Code::UnregisteredAgent],
        "nobody else is the queue"
    );
    assert_eq!(codes(&judged(BARE, &merge(true, false)).0), [Code::AgentVerb]);
    let may = BARE.replace("[\"propose\"]", "[\"propose\", \"merge\"]");
    assert_eq!(codes(&judged(&may, &merge(true, false)).0), []);
    assert_eq!(codes(&judged(&may, &merge(false, false)).0), [Code::MergedUnpassed]);
}

#[test]
fn the_floor_holds_without_any_rule() {
    let may = BARE.replace("[\"propose\"]", "[\"push\"]");
    let steering = change("AGENTS.md");
    let moved = Move { change: Fact::Known(steering), ..pushed(copilot(), 1, 2) };
    assert_eq!(codes(&judged(&may, &main_branch(vec![moved.clone()])).0), [Code::GovernanceFloor]);
    assert_eq!(codes(&judged(&may, &main_branch(vec![pushed(copilot(), 1, 2)])).0), []);
    assert_eq!(codes(&judged(&may, &facts("refs/heads/copilot/x", vec![moved])).0), [], "a proposal to be");
    let name = "refs/heads/copilot/refs/heads/main";
    assert_eq!(codes(&judged(&may, &facts(name, vec![pushed(copilot(), 0, 2)])).0), []);
    let wide = may.replace("\"main\"]", "\"**\"]");
    for name in [
        "refs/heads/refs/heads/main",
        "refs/heads/MAIN",
        "refs/heads/0123456789abcdef0123456789abcdef01234567",
    ] {
        let (verdict, _) = judged(&wide, &facts(name, vec![pushed(copilot(), 0, 2)]));
        assert_eq!(codes(&verdict), [Code::ConfusingName], "{name}");
    }
}

#[test]
fn a_copy_without_its_signature_is_told_of_whoever_pushed_it() {
    let forced = Move { forced: true, stripped: true, ..pushed(alice(), 1, 2) };
    let (verdict, actions) = judged(BARE, &main_branch(vec![forced.clone()]));
    assert_eq!((codes(&verdict), actions), (vec![Code::SignatureStripped], vec![]));
    assert_eq!(incidents(&verdict, Kind::Moved, "k", NOW).len(), 1);
    let agents = Move { actor: Fact::Known(copilot()), ..forced };
    let (verdict, actions) = judged(BARE, &facts("refs/heads/copilot/x", vec![agents]));
    assert_eq!((codes(&verdict), actions.len()), (vec![Code::SignatureStripped], 1));
}

#[test]
fn a_rule_that_only_reports_takes_nothing_from_what_the_gate_does() {
    let rule = "\n[[rules]]\nid = \"r\"\non = [\"push\"]\ndeny = true\nrespond = \"report\"\n";
    let (verdict, actions) = judged(&format!("{BARE}{rule}"), &main_branch(vec![pushed(copilot(), 1, 2)]));
    assert_eq!((verdict.deeds[0].respond, actions.len()), (Some(Respond::Revert), 1));
}

#[test]
fn an_agents_push_to_the_default_branch_that_nobody_can_see_does_not_stay() {
    let may = BARE.replace("[\"propose\"]", "[\"push\"]");
    let large = Move { change: Fact::unknown("too many commits"), ..pushed(copilot(), 1, 2) };
    assert_eq!(judged(&may, &main_branch(vec![large])).1.len(), 1);
}

#[test]
fn any_number_of_moves_is_answered_at_once() {
    let moves: Vec<Move> = (1..80).map(|n| pushed(copilot(), n, n + 1)).collect();
    let (_, actions) = judged(BARE, &main_branch(moves));
    let [Action::PutBack(back)] = actions.as_slice() else { panic!("{actions:?}") };
    assert_eq!((&back.from, &back.to, back.keep.len()), (&Some(sha(80)), &Some(sha(1)), 50));
}

#[test]
fn evaluate_does_nothing_and_disabled_does_not_even_look() {
    let facts = main_branch(vec![pushed(copilot(), 1, 2)]);
    let evaluate = BARE.replace("[gate]\n", "[gate]\nenforcement = \"evaluate\"\n");
    let (verdict, actions) = judged(&evaluate, &facts);
    assert_eq!((verdict.conclusion, actions), (Conclusion::Failure, vec![]));
    assert_eq!(incidents(&verdict, Kind::Moved, "k", NOW), vec![]);
    let disabled = BARE.replace("[gate]\n", "[gate]\nenforcement = \"disabled\"\n");
    assert_eq!(judged(&disabled, &facts).0.deeds, vec![]);
}

#[test]
fn the_sample_rules_say_what_is_done_about_a_push_to_main() {
    let facts = main_branch(vec![pushed(copilot(), 1, 2)]);
    let (verdict, _) = judged(SAMPLE, &facts);
    assert_eq!(verdict.conclusion, Conclusion::Failure);
}

#[test]
fn one_account_that_sweeps_is_one_group() {
    let moved = Move { forced: true, ..pushed(copilot(), 1, 2) };
    let opened = |name: &str| {
        let verdict = judged(BARE, &facts(name, vec![moved.clone()])).0;
        incidents(&verdict, Kind::Moved, name, NOW).remove(0)
    };
    let (a, b) = (opened("refs/heads/a"), opened("refs/heads/b"));
    assert!(a.group.is_some() && a.group == b.group);
    assert_ne!(a.once_key, b.once_key);
}
