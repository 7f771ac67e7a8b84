//! Merges after the fact: was there a verdict that passed, and is what landed what it was about?

use super::scene::{Scene, alice, bob, head, sha};
use crate::act::{ActVerdict, Landing, MergeFacts, Stood};
use crate::decide::judge_merge;
use crate::facts::Fact;
use crate::incident::{Kind, incidents};
use crate::plan::{Action, plan_merge};
use crate::rules::RuleSource;
use crate::verdict::{Code, Conclusion, Enforcement, Involvement, JudgedAs};

fn stood(conclusion: Conclusion, judged_as: JudgedAs) -> Option<Stood> {
    let involvement = Involvement { author: None, judged_as, agents: Vec::new() };
    Some(Stood { conclusion, enforcement: Enforcement::Active, involvement })
}

/// Copilot's approved pull request, merged by Bob as it was judged.
fn facts() -> MergeFacts {
    let any = Scene::by_copilot().facts;
    MergeFacts {
        now: any.now,
        repository: any.repository,
        number: 7,
        title: "Fix `it`".to_owned(),
        base: "main".to_owned(),
        head: head(),
        commit: Fact::Known(sha(99)),
        by: Fact::Known(bob()),
        at: Some(any.now),
        queued: false,
        stood: stood(Conclusion::Success, JudgedAs::Agents),
        afterwards: None,
        landing: Fact::Known(Landing { as_merged: true, strangers: 0 }),
        reverts: Fact::Known(Vec::new()),
        own_rules: any.own_rules,
    }
}

fn proposing() -> RuleSource {
    Scene::by_copilot()
        .rules("enforcement = \"active\"", "enforcement = \"active\"\nmerged = \"propose_revert\"")
        .source()
}

fn judged(facts: &MergeFacts) -> ActVerdict {
    judge_merge(facts, &Scene::by_copilot().source())
}

fn codes(verdict: &ActVerdict) -> Vec<Code> {
    verdict.deeds.iter().flat_map(|deed| deed.findings.iter().map(|finding| finding.code)).collect()
}

#[track_caller]
fn is_clean(facts: &MergeFacts) {
    let verdict = judged(facts);
    assert_eq!((verdict.conclusion, codes(&verdict)), (Conclusion::Success, vec![]));
    assert_eq!(incidents(&verdict, Kind::MergedPast, "merge/1/7", facts.now), vec![]);
    assert_eq!(plan_merge(&judge_merge(facts, &proposing()), facts), vec![]);
}

#[track_caller]
fn is_an_incident(facts: &MergeFacts, code: Code, kind: Kind) {
    let verdict = judged(facts);
    assert_eq!(codes(&verdict), [code]);
    let opened = incidents(&verdict, Kind::MergedPast, "merge/1/7", facts.now);
    assert_eq!(opened.len(), 1);
    assert_eq!((opened[0].kind, opened[0].who.as_ref()), (kind, facts.by.get().ok()));
    assert!(opened[0].once_key.starts_with("merge/1/7#"), "{}", opened[0].once_key);
}

#[test]
fn what_passed_and_landed_as_judged_is_no_incident() {
    is_clean(&facts());
}

#[test]
fn what_had_not_passed_is_an_incident_whoever_merged() {
    for conclusion in [Conclusion::ActionRequired, Conclusion::Failure] {
        for by in [alice(), bob()] {
            let facts =
                MergeFacts { stood: stood(conclusion, JudgedAs::Agents), by: Fact::Known(by), ..facts() };
            is_an_incident(&facts, Code::MergedPastTheGate, Kind::MergedPast);
        }
    }
}

#[test]
fn what_landed_otherwise_is_an_incident_and_what_could_not_be_compared_is_told() {
    for landing in [Landing { as_merged: false, strangers: 0 }, Landing { as_merged: true, strangers: 2 }] {
        let facts = MergeFacts { landing: Fact::Known(landing), ..facts() };
        is_an_incident(&facts, Code::LandsOtherwise, Kind::MergedPast);
    }
    let facts = MergeFacts { landing: Fact::unknown("no objects"), ..facts() };
    is_an_incident(&facts, Code::CannotSee, Kind::Unseen);
}

#[test]
fn what_people_made_is_theirs_to_merge() {
    let own = stood(Conclusion::Success, JudgedAs::People);
    for landing in [Fact::Known(Landing { as_merged: false, strangers: 3 }), Fact::unknown("x")] {
        is_clean(&MergeFacts { stood: own.clone(), landing, ..facts() });
    }
    let afterwards = Some(Box::new(Scene::by_alice().facts));
    is_clean(&MergeFacts { stood: None, afterwards, ..facts() });
}

#[test]
fn an_agents_work_without_a_verdict_is_an_incident_and_so_is_not_knowing_whose() {
    let afterwards = Some(Box::new(Scene::by_copilot().facts));
    is_an_incident(
        &MergeFacts { stood: None, afterwards, ..facts() },
        Code::MergedPastTheGate,
        Kind::MergedPast,
    );
    is_an_incident(&MergeFacts { stood: None, afterwards: None, ..facts() }, Code::CannotSee, Kind::Unseen);
}

#[test]
fn what_only_reports_is_no_incident() {
    for word in ["evaluate", "disabled"] {
        let rules = Scene::by_copilot()
            .rules(
                "enforcement = \"active\"",
                &format!("enforcement = \"{word}\"\nmerged = \"propose_revert\""),
            )
            .source();
        let facts = MergeFacts { stood: stood(Conclusion::Failure, JudgedAs::Agents), ..facts() };
        let verdict = judge_merge(&facts, &rules);
        assert_eq!(incidents(&verdict, Kind::MergedPast, "k", facts.now), vec![], "{word}");
        assert_eq!(plan_merge(&verdict, &facts), vec![], "{word}");
    }
    let mut stood = stood(Conclusion::Failure, JudgedAs::Agents);
    stood.as_mut().unwrap().enforcement = Enforcement::Evaluate;
    is_clean(&MergeFacts { stood, ..facts() });
}

#[test]
fn a_revert_is_proposed_once_where_the_rules_say_so_and_never_blindly() {
    let past = MergeFacts { stood: stood(Conclusion::Failure, JudgedAs::Agents), ..facts() };
    let planned = |facts: &MergeFacts| plan_merge(&judge_merge(facts, &proposing()), facts);
    let actions = planned(&past);
    let [Action::ProposeRevert(revert)] = actions.as_slice() else { panic!("{actions:?}") };
    assert_eq!(revert.pull, 7);
    assert!(revert.body.contains("merged-past-the-gate"), "{}", revert.body);
    assert_eq!(plan_merge(&judged(&past), &past), vec![], "no rule says so");
    for reverts in [Fact::Known(vec![8]), Fact::unknown("not told")] {
        assert_eq!(planned(&MergeFacts { reverts, ..past.clone() }), vec![]);
    }
    let unseen = MergeFacts { landing: Fact::unknown("x"), ..facts() };
    assert_eq!(planned(&unseen), vec![], "what could not be seen may be as it was judged");
}
