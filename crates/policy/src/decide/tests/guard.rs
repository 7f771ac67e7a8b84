//! Protections: what counts as looser, whose doing it is, and who is suspended for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::scene::{NOW, alice, bob, copilot, group, repository};
use crate::act::{Edge, Guard, GuardEvidence, GuardFacts, GuardTold, Guards, Holder, Lock, Setting};
use crate::decide::judge_guard;
use crate::facts::{Account, Fact, OwnRules, Roster};
use crate::incident::{Kind, incidents};
use crate::rules::{Respond, RuleSource, Rules};
use crate::verdict::{Code, Conclusion, JudgedAs};

const RULES: &str = r#"
version = 1
[gate]
respond = ["suspend"]
[people]
members_of = ["acme"]
[agents.copilot]
recognise = ["github-copilot"]
owner     = "@acme/platform"
purpose   = "fixes small issues"
repos     = ["acme/web"]
branches  = ["copilot/**"]
may       = ["propose"]
expires   = 2027-03-31
[agents.elsewhere]
recognise = [{ user_id = 77 }]
owner     = "@acme/platform"
purpose   = "works in another repository"
repos     = ["acme/docs"]
branches  = ["**"]
may       = ["propose"]
expires   = 2027-03-31
"#;

fn rules(text: &str) -> RuleSource {
    let parsed = Rules::parse("rules.toml", text);
    RuleSource::good(Arc::new(parsed.rules.unwrap_or_else(|| panic!("{:#?}", parsed.complaints))))
}

fn strength(lock: Lock, on: &str, strength: u64) -> Guard {
    Guard::of(lock, on, Fact::Known(Setting::Strength(strength)))
}

fn holders(lock: Lock, held: &[(&str, u64)]) -> Guard {
    let holder = |(name, level): &(&str, u64)| {
        ((*name).to_owned(), Holder { name: (*name).to_owned(), level: *level })
    };
    Guard::of(lock, "", Fact::Known(Setting::Holders(held.iter().map(holder).collect())))
}

fn hidden(lock: Lock, on: &str) -> Guard {
    Guard::of(lock, on, Fact::unknown("needs `sight`"))
}

fn told(id: &str, event: &str, by: &Account) -> GuardEvidence {
    let told = GuardTold {
        event: event.to_owned(),
        action: "edited".to_owned(),
        by: Fact::Known(by.clone()),
        edges: Vec::new(),
    };
    GuardEvidence { id: id.to_owned(), told }
}

fn facts(before: Option<Vec<Guard>>, now: Vec<Guard>, told: Vec<GuardEvidence>) -> GuardFacts {
    let people = [alice().id, bob().id].into_iter().collect();
    GuardFacts {
        now: NOW,
        repository: repository(1, "acme/web"),
        turn: 3,
        before: before.map(Guards::new),
        seen: Fact::Known(Guards::new(now)),
        told,
        roster: Roster { groups: BTreeMap::from([(group("acme"), Fact::Known(people))]) },
        own_rules: Fact::Known(OwnRules::default()),
    }
}

/// What is said of a change from one to the other.
fn said(before: Guard, now: Guard) -> Vec<String> {
    let judged = judge_guard(&facts(Some(vec![before]), vec![now], vec![]), &rules(RULES));
    let findings = judged.verdict.deeds.into_iter().flat_map(|deed| deed.findings);
    findings.map(|finding| finding.message).collect()
}

#[test]
fn only_what_is_looser_is_told() {
    assert_eq!(
        said(strength(Lock::Check, "main", 2), strength(Lock::Check, "main", 1)),
        ["`main`: our check is taken from anybody, and not from our App alone"]
    );
    assert_eq!(
        said(strength(Lock::Approvals, "main", 2), strength(Lock::Approvals, "main", 1)),
        ["`main`: 1 approvals are asked for instead of 2"]
    );
    assert_eq!(
        said(holders(Lock::Bypass, &[("a", 1)]), holders(Lock::Bypass, &[("a", 2), ("b", 1)])).len(),
        2,
        "more, and one more"
    );
    for (before, now) in [
        (strength(Lock::Check, "main", 1), strength(Lock::Check, "main", 2)),
        (strength(Lock::Check, "main", 2), strength(Lock::Check, "main", 2)),
        (holders(Lock::DeployKeys, &[("a", 1)]), holders(Lock::DeployKeys, &[])),
        (holders(Lock::Accounts, &[("a", 1)]), holders(Lock::Accounts, &[("a", 2)])),
        (holders(Lock::Accounts, &[("a", 5)]), holders(Lock::Accounts, &[("a", 3)])),
    ] {
        assert_eq!(said(before.clone(), now.clone()), Vec::<String>::new(), "{before:?} {now:?}");
    }
}

#[test]
fn without_an_earlier_look_there_is_nothing_to_compare_with() {
    let judged = judge_guard(&facts(None, vec![strength(Lock::Check, "main", 0)], vec![]), &rules(RULES));
    assert_eq!((judged.verdict.deeds.len(), judged.verdict.conclusion), (0, Conclusion::Success));
}

#[test]
fn what_cannot_be_seen_any_more_is_told_once_and_compared_when_it_can() {
    let tight = Guards::new(vec![strength(Lock::Deletion, "main", 1)]);
    let blind = Guards::new(vec![hidden(Lock::Deletion, "main")]);
    let first = judge_guard(
        &facts(Some(tight.iter().cloned().collect()), blind.iter().cloned().collect(), vec![]),
        &rules(RULES),
    );
    let deed = &first.verdict.deeds[0];
    assert_eq!((deed.findings[0].code, deed.respond), (Code::CannotSee, Some(Respond::Report)));
    let opened = incidents(&first.verdict, Kind::Protection, "guard/1", NOW);
    assert_eq!((opened[0].kind, first.suspend.len()), (Kind::Unseen, 0));

    let kept: Vec<Guard> = blind.kept(&tight).iter().cloned().collect();
    let again =
        judge_guard(&facts(Some(kept.clone()), blind.iter().cloned().collect(), vec![]), &rules(RULES));
    assert!(again.verdict.deeds.is_empty(), "told already");
    let touched = facts(
        Some(kept.clone()),
        blind.iter().cloned().collect(),
        vec![told("d", "repository_ruleset", &alice())],
    );
    assert_eq!(judge_guard(&touched, &rules(RULES)).verdict.deeds.len(), 1, "somebody touched it");
    let loose = facts(Some(kept), vec![strength(Lock::Deletion, "main", 0)], vec![]);
    let found = judge_guard(&loose, &rules(RULES));
    assert_eq!(found.verdict.deeds[0].findings[0].code, Code::ProtectionLoosened);
}

#[test]
fn whose_doing_it_is_the_deliveries_tell() {
    let loosened = |told: Vec<GuardEvidence>| {
        let change =
            facts(Some(vec![strength(Lock::Check, "main", 2)]), vec![strength(Lock::Check, "main", 0)], told);
        let mut judged = judge_guard(&change, &rules(RULES));
        let deed = judged.verdict.deeds.remove(0);
        (deed.involvement.author.map(|who| who.login), deed.involvement.judged_as, judged.suspend.len())
    };
    let ruleset = |id: &str, by: &Account| told(id, "repository_ruleset", by);
    assert_eq!(loosened(vec![]), (None, JudgedAs::Unknown, 0));
    assert_eq!(loosened(vec![ruleset("a", &alice())]), (Some("alice".to_owned()), JudgedAs::People, 0));
    assert_eq!(
        loosened(vec![ruleset("a", &alice()), ruleset("b", &bob())]),
        (None, JudgedAs::Unknown, 0),
        "one of both"
    );
    let agent = Some(copilot().login);
    assert_eq!(
        loosened(vec![ruleset("a", &alice()), ruleset("b", &copilot())]),
        (agent, JudgedAs::Agents, 1),
        "an agent has no business there"
    );
    assert_eq!(loosened(vec![told("a", "deploy_key", &copilot())]).2, 0, "that is another matter");
}

#[test]
fn whoever_may_work_in_a_repository_that_leaves_its_hands_is_suspended() {
    let public = |rules: &RuleSource| {
        let change = facts(
            Some(vec![strength(Lock::Private, "", 1)]),
            vec![strength(Lock::Private, "", 0)],
            vec![told("a", "repository", &alice())],
        );
        judge_guard(&change, rules).suspend.into_iter().map(|one| one.agent).collect::<Vec<_>>()
    };
    assert_eq!(public(&rules(RULES)), ["copilot"], "not who works elsewhere");
    assert_eq!(public(&rules(&RULES.replace("[\"suspend\"]", "[\"report\"]"))), Vec::<String>::new());
    let evaluating =
        RULES.replace("respond = [\"suspend\"]", "respond = [\"suspend\"]\nenforcement = \"evaluate\"");
    assert_eq!(public(&rules(&evaluating)), Vec::<String>::new());
}

#[test]
fn a_rule_about_protections_is_told_with_its_reason() {
    let rule = "[[rules]]\nid = \"closed\"\non = [\"protection\"]\nwhen = { agents = [\"copilot\"] }\ndeny = true\n\
                respond = \"suspend\"\nwhy = \"Agents leave locks alone.\"\n";
    let text = format!("{}{rule}", RULES.replace("[\"suspend\"]", "[\"report\"]"));
    let by = |who: &Account| {
        let change = facts(
            Some(vec![strength(Lock::ForcePush, "main", 1)]),
            vec![strength(Lock::ForcePush, "main", 0)],
            vec![told("a", "branch_protection_rule", who)],
        );
        let judged = judge_guard(&change, &rules(&text));
        let whys: Vec<String> =
            judged.verdict.deeds[0].findings.iter().filter_map(|finding| finding.why.clone()).collect();
        (whys, judged.suspend.len())
    };
    assert_eq!(by(&copilot()), (vec!["Agents leave locks alone.".to_owned()], 1));
    assert_eq!(by(&alice()), (vec![], 0));
}

#[test]
fn an_edge_tells_what_comparing_cannot() {
    let edge = |lock: Lock, now: Setting| Edge { lock, on: "x".to_owned(), before: None, now };
    let count = |by: &Account, before: Option<Vec<Guard>>, edge: Edge| {
        let mut one = told("a", "repository_ruleset", by);
        one.told.edges.push(edge);
        let seen = vec![strength(Lock::Check, "main", 2), holders(Lock::DeployKeys, &[])];
        judge_guard(&facts(before, seen, vec![one]), &rules(RULES)).verdict.deeds.len()
    };
    let seen = || Some(vec![strength(Lock::Check, "main", 2), holders(Lock::DeployKeys, &[])]);
    let ended = || edge(Lock::Ruleset, Setting::Strength(0));
    assert_eq!(count(&alice(), seen(), ended()), 0, "nothing is looser");
    assert_eq!(count(&alice(), None, ended()), 1, "nothing to compare with");
    assert_eq!(count(&copilot(), seen(), ended()), 1, "opened and closed by an agent");
    let token = || {
        edge(
            Lock::Token,
            Setting::Holders([("1".to_owned(), Holder { name: "t".to_owned(), level: 1 })].into()),
        )
    };
    assert_eq!((count(&alice(), seen(), token()), count(&copilot(), seen(), token())), (0, 1));
}

/// A list that could not be read says nothing of what it would name.
#[test]
fn what_is_not_listed_is_gone_only_when_the_list_was_read() {
    let named = |id: u64| {
        Guard::of(Lock::Covered, "7", Fact::Known(Setting::Named { id, name: "acme/web".to_owned() }))
    };
    let judge = |now: Vec<Guard>| judge_guard(&facts(Some(vec![named(7)]), now, vec![]), &rules(RULES));
    let gone = judge(vec![]);
    assert_eq!(gone.verdict.deeds[0].findings[0].code, Code::GateHindered);
    let kept = Guards::new(vec![]).kept(&Guards::new(vec![named(7)]));
    assert_eq!(
        kept.get(Lock::Covered, "7").unwrap().setting,
        Some(Setting::Named { id: 0, name: String::new() })
    );
    assert!(judge(vec![hidden(Lock::Covered, "")]).verdict.deeds.is_empty());
}

/// Told again it is the same; another change is another.
#[test]
fn a_change_has_one_name() {
    let key = |turn: u64, told: Vec<GuardEvidence>| {
        let mut change =
            facts(Some(vec![strength(Lock::Check, "main", 2)]), vec![strength(Lock::Check, "main", 0)], told);
        change.turn = turn;
        let judged = judge_guard(&change, &rules(RULES));
        incidents(&judged.verdict, Kind::Protection, "guard/1", NOW).remove(0)
    };
    let by_alice = || vec![told("a", "repository_ruleset", &alice())];
    assert_eq!(key(1, by_alice()), key(1, by_alice()));
    assert_ne!(key(1, by_alice()).once_key, key(2, by_alice()).once_key);
    assert_ne!(key(1, by_alice()).once_key, key(1, vec![]).once_key);
    assert_eq!(key(1, by_alice()).group.as_deref(), Some("protection-loosened/1001"));
    assert_eq!(key(1, vec![]).group.as_deref(), Some("protection-loosened/nobody"));
}
