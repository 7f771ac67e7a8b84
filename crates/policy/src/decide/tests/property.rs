//! What holds whatever the facts and the rules.
//!
//! `PROPTEST_CASES` sets how many cases are tried.

mod deliveries;
mod facts;
mod own;
mod rules;
mod unknown;

use std::sync::Arc;

use proptest::prelude::*;

use super::scene::parsed;
use crate::decide::decide;
use crate::facts::{Effects, Fact, Facts, OwnRules, PullState, ShownCheck};
use crate::ids::CheckRunId;
use crate::plan::{Action, Shows, plan};
use crate::rules::RuleSource;
use crate::verdict::{Code, Conclusion, Verdict};
use deliveries::{Move, Play};
use rules::RuleFile;

fn source(rules: &RuleFile) -> RuleSource {
    RuleSource::good(Arc::new(parsed(&rules.to_string())))
}

fn verdict(facts: &Facts, rules: &RuleFile) -> Verdict {
    decide(facts, &source(rules))
}

fn blocks(verdict: &Verdict) -> bool {
    verdict.conclusion != Conclusion::Success
}

/// Makes the forge show what was planned.
fn apply(actions: &[Action], effects: &mut Effects) {
    for show in actions.iter().filter_map(Action::check) {
        let checks = match show.what {
            Shows::Verdict => &mut effects.checks,
            Shows::ProposedRules => &mut effects.rules_checks,
        };
        let newest = checks.iter().map(|check| check.id.0).max().unwrap_or(0);
        let id = show.existing.unwrap_or(CheckRunId(newest + 1));
        checks.retain(|check| check.id != id);
        checks.push(ShownCheck {
            id,
            completed: true,
            conclusion: Some(show.conclusion.as_str().to_owned()),
            external_id: Some(show.external_id.clone()),
        });
    }
}

fn checks() -> impl Strategy<Value = Vec<ShownCheck>> {
    let conclusion = proptest::option::of("success|failure|neutral|action_required");
    let check = (1..5u64, any::<bool>(), conclusion, proptest::option::of("v1:[0-9a-f]{4}")).prop_map(
        |(id, completed, conclusion, external_id)| ShownCheck {
            id: CheckRunId(id),
            completed,
            conclusion,
            external_id,
        },
    );
    proptest::collection::vec(check, 0..3)
}

fn effects() -> impl Strategy<Value = Effects> {
    (checks(), checks()).prop_map(|(checks, rules_checks)| Effects { checks, rules_checks })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn decide_is_total(facts in facts::any_facts(), rules in rules::any_rules()) {
        let first = verdict(&facts, &rules);
        let stored = serde_json::to_string(&facts).unwrap();
        let read: Facts = serde_json::from_str(&stored).unwrap();
        prop_assert_eq!(&read, &facts);
        let replayed = verdict(&read, &rules);
        prop_assert_eq!(replayed.digest(), first.digest());
        let shown: Verdict = serde_json::from_str(&serde_json::to_string(&first).unwrap()).unwrap();
        prop_assert_eq!(shown, first);
    }

    #[test]
    fn without_rules_nothing_passes(facts in facts::any_facts()) {
        let source = RuleSource { place: "rules.toml".into(), ..RuleSource::default() };
        let verdict = decide(&facts, &source);
        prop_assert!(verdict.pulls.iter().all(|pull| pull.conclusion == Conclusion::Failure));
    }

    #[test]
    fn not_knowing_is_never_a_pass(facts in facts::any_facts(), rules in rules::any_rules()) {
        let source = source(&rules);
        let before = decide(&facts, &source);
        // What passes with everything known may do as it likes.
        let places = if blocks(&before) { 0..usize::MAX } else { 0..0 };
        for place in places {
            let Some((forgotten, what)) = unknown::forget(&facts, place) else { break };
            let after = decide(&forgotten, &source);
            prop_assert!(blocks(&after), "forgetting {} passes {:#?}", what, before);
        }
    }

    #[test]
    fn tightening_never_loosens(
        facts in facts::any_facts(),
        rules in rules::any_rules(),
        how in rules::any_tightening(),
    ) {
        let before = verdict(&facts, &rules);
        // What nothing allows is denied, so the first rule that applies may allow: that is what rules are for.
        let allowed = |pull: &crate::verdict::PullVerdict| {
            !pull.findings.iter().any(|finding| finding.code == Code::NothingAllows)
        };
        let how = if before.pulls.iter().all(allowed) { how } else { how.without_allowing() };
        let tightened = how.apply(&rules);
        let after = verdict(&facts, &tightened);
        prop_assert!(!blocks(&before) || blocks(&after), "{how:?}\n{rules}\n{before:#?}");
    }

    #[test]
    fn any_deliveries_end_the_same(
        first in deliveries::first(),
        events in deliveries::events(),
        rules in rules::any_rules(),
        moves in deliveries::moves(),
    ) {
        let (history, source) = (deliveries::history(first, events), source(&rules));
        // Once, in order, and nothing lags: a look after each.
        let mut once = Play::new(&history, &source);
        for _ in &history {
            once.play(Move::Arrive { which: 0, again: false });
            once.play(Move::Look { lag: 0 });
            once.play(Move::Happen);
        }
        let mut twisted = Play::new(&history, &source);
        moves.into_iter().for_each(|step| twisted.play(step));
        prop_assert_eq!(twisted.end(), once.end());
    }

    #[test]
    fn a_repository_never_loosens(
        facts in facts::any_facts(),
        rules in rules::any_rules(),
        own in own::any_own_rules(),
    ) {
        let alone = Facts { own_rules: Fact::Known(OwnRules::default()), ..facts.clone() };
        let below = Facts { own_rules: Fact::Known(own), ..facts };
        let (before, after) = (verdict(&alone, &rules), verdict(&below, &rules));
        prop_assert!(after.conclusion >= before.conclusion, "{:#?}\n{rules}\n{before:#?}\n{after:#?}", below.own_rules);
        prop_assert!(after.shown() >= before.shown());
    }

    #[test]
    fn plan_twice_is_once(facts in facts::any_facts(), rules in rules::any_rules(), mut effects in effects()) {
        let verdict = verdict(&facts, &rules);
        let actions = plan(&verdict, &effects);
        let open = facts.pull.state == PullState::Open
            || facts.siblings.get().is_ok_and(|all| all.iter().any(|pull| pull.state == PullState::Open));
        prop_assert!(open || actions.is_empty());
        apply(&actions, &mut effects);
        prop_assert_eq!(plan(&verdict, &effects), vec![]);
        let posted = effects.checks.iter().max_by_key(|check| check.id);
        let shown = posted.and_then(|check| check.conclusion.as_deref());
        prop_assert!(!open || shown == Some(verdict.shown().as_str()));
        for show in actions.iter().filter_map(Action::check) {
            prop_assert!(["success", "failure", "action_required"].contains(&show.conclusion.as_str()));
        }
    }
}

/// The properties say little unless some cases pass, some wait and some fail.
#[test]
fn the_cases_are_of_every_kind() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = std::collections::BTreeMap::new();
    for _ in 0..1_200 {
        let facts = facts::any_facts().new_tree(&mut runner).unwrap().current();
        let rules = rules::any_rules().new_tree(&mut runner).unwrap().current();
        let verdict = verdict(&facts, &rules);
        for pull in &verdict.pulls {
            *seen.entry((pull.involvement.judged_as as u8, pull.conclusion)).or_insert(0) += 1;
        }
    }
    use crate::verdict::JudgedAs::{Agents, Assisted, People};
    for judged_as in [Assisted, Agents] {
        for conclusion in [Conclusion::Success, Conclusion::ActionRequired, Conclusion::Failure] {
            let count = seen.get(&(judged_as as u8, conclusion)).copied().unwrap_or(0);
            assert!(count >= 5, "{judged_as:?} {conclusion:?}: {count} in {seen:?}");
        }
    }
    assert!(seen[&(People as u8, Conclusion::Success)] >= 5, "{seen:?}");
}
