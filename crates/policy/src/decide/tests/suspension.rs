//! Agents that may do nothing for now, and auto-merge that must not stay on.

use std::sync::Arc;

use super::scene::{NOW, Scene, bob, bot, copilot, parsed, pull, sha};
use crate::decide::{decide, decide_ref};
use crate::facts::{Fact, Facts};
use crate::ids::Millis;
use crate::plan::{Action, plan, plan_merging};
use crate::rules::{RuleSource, Suspension, suspension};
use crate::verdict::{Code, Conclusion, Verdict};

fn suspended(rules: &str, agent: &str) -> RuleSource {
    let why = Suspension { reason: "it `leaked` a key".into(), by: "alice".into(), at: Millis(NOW.0 - 5) };
    RuleSource { suspended: [(agent.to_owned(), why)].into(), ..RuleSource::good(Arc::new(parsed(rules))) }
}

fn stopped(facts: &Facts, rules: &RuleSource) -> (Verdict, Vec<u64>) {
    let verdict = decide(facts, rules);
    let planned = plan_merging(&verdict, facts);
    let number = |action: &Action| match action {
        Action::DisableAutoMerge(stop) => {
            assert_eq!(stop.node, format!("PR_{}", stop.number));
            stop.number
        }
        other => panic!("{other:?}"),
    };
    (verdict.clone(), planned.iter().map(number).collect())
}

#[test]
fn a_suspended_agents_pull_request_is_denied_whoever_approves() {
    let scene = Scene::by_copilot().approved(&bob());
    scene.passes();
    let rules = suspended(&scene.rules, "copilot");
    let verdict = decide(&scene.facts, &rules);
    assert_eq!(verdict.conclusion, Conclusion::Failure);
    let first = &verdict.pulls[0].findings[0];
    assert_eq!(first.code, Code::AgentSuspended, "before everything else");
    assert!(first.message.contains("suspended by `alice`") && first.message.contains("it 'leaked' a key"));
    // Another one is none of its business, and neither is a person's work.
    let other = decide(&scene.facts, &suspended(&scene.rules, "machine"));
    assert_eq!(other.conclusion, Conclusion::Success);
    let own = Scene::of(pull(7, bob(), "fix"));
    assert_eq!(decide(&own.facts, &rules).conclusion, Conclusion::Success);
}

#[test]
fn a_suspended_agent_stands_before_all_else_that_denies() {
    let scene = Scene::by_copilot().pull(|pull| pull.head.name = "elsewhere".into());
    let verdict = decide(&scene.facts, &suspended(&scene.rules, "copilot"));
    let codes: Vec<Code> = verdict.pulls[0].findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes[..2], [Code::AgentSuspended, Code::AgentBranch], "{codes:?}");
}

#[test]
fn who_is_suspended_is_part_of_the_law_and_stands_last_in_its_key() {
    let scene = Scene::by_copilot();
    let (free, one, two) =
        (scene.source(), suspended(&scene.rules, "copilot"), suspended(&scene.rules, "machine"));
    assert_eq!(suspension::mark(&free.suspended), None);
    let mark = suspension::mark(&one.suspended).unwrap();
    assert_eq!(one.key(), format!("{} {mark}", free.key()));
    assert_ne!(one.key(), two.key());
}

#[test]
fn a_suspended_agents_auto_merge_is_switched_off_whoever_switched_it_on() {
    for enabler in [bob(), copilot()] {
        let scene = Scene::by_copilot()
            .approved(&bob())
            .rules(r#"["read", "propose"]"#, r#"["propose", "merge"]"#)
            .pull(|pull| pull.auto_merge = Some(Fact::Known(enabler.clone())));
        assert_eq!(stopped(&scene.facts, &scene.source()).1, [] as [u64; 0], "it may merge");
        assert_eq!(stopped(&scene.facts, &suspended(&scene.rules, "copilot")).1, [7]);
    }
    let off = Scene::by_copilot();
    assert_eq!(stopped(&off.facts, &suspended(&off.rules, "copilot")).1, [] as [u64; 0], "it is off");
}

#[test]
fn auto_merge_of_whoever_may_not_merge_is_switched_off_and_a_persons_stays() {
    let on = |enabler| move |pull: &mut crate::facts::Pull| pull.auto_merge = Some(Fact::Known(enabler));
    let by = |scene: Scene| stopped(&scene.facts, &scene.source()).1;
    assert_eq!(by(Scene::by_copilot().pull(on(copilot()))), [7]);
    assert_eq!(by(Scene::by_copilot().pull(on(bob()))), [] as [u64; 0], "a person's");
    let unknown = bot(158_243_242, "devin-ai-integration[bot]");
    assert_eq!(by(Scene::of(pull(7, bob(), "fix")).pull(on(unknown))), [7], "nobody registered it");
    let unseen = |pull: &mut crate::facts::Pull| pull.auto_merge = Some(Fact::unknown("gone"));
    assert_eq!(by(Scene::by_copilot().pull(unseen)), [] as [u64; 0], "it may be a person's");
    let evaluates = Scene::by_copilot().pull(on(copilot())).rules("\"active\"", "\"evaluate\"");
    assert_eq!(by(evaluates), [] as [u64; 0], "nothing is done where rules only evaluate");
}

#[test]
fn switching_off_is_planned_until_the_forge_shows_it_off() {
    let on = Scene::by_copilot().pull(|pull| pull.auto_merge = Some(Fact::Known(copilot())));
    let verdict = decide(&on.facts, &on.source());
    assert!(verdict.pulls[0].stop_auto_merge);
    assert_eq!(plan_merging(&verdict, &on.facts).len(), 1);
    assert!(plan(&verdict, &crate::facts::Effects::default()).iter().all(|action| action.check().is_some()));
    let off = on.pull(|pull| pull.auto_merge = None);
    assert_eq!(plan_merging(&verdict, &off.facts), []);
}

#[test]
fn a_suspended_agents_pushes_are_denied_and_strikes_are_what_was_put_back() {
    use super::moved;
    use crate::plan::plan_ref;
    use crate::strike::strikes;
    let facts = moved::facts("refs/heads/copilot/fix", vec![moved::pushed(copilot(), 1, 2)]);
    let free = moved::rules(moved::BARE);
    let verdict = decide_ref(&facts, &free);
    assert_eq!(verdict.conclusion, Conclusion::Success);
    assert_eq!(strikes(&verdict, &facts, &[], "k"), []);

    let law = suspended(moved::BARE, "copilot");
    let verdict = decide_ref(&facts, &law);
    assert_eq!(moved::codes(&verdict), [Code::AgentSuspended]);
    let actions = plan_ref(&verdict, &facts);
    let found = strikes(&verdict, &facts, &actions, "k");
    let [strike] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((strike.agent.as_str(), strike.id.as_str()), ("copilot", "1-2"));
    assert!(strike.incident.title.contains("refs/heads/copilot/fix"), "{}", strike.incident.title);
    // What is not put back is no strike; what was put back before a crash is one.
    assert_eq!(strikes(&verdict, &facts, &[], "k"), []);
    let own = crate::act::Move { own: true, ..moved::pushed(copilot(), 2, 1) };
    let mut after = moved::facts("refs/heads/copilot/fix", vec![moved::pushed(copilot(), 1, 2), own]);
    after.tip = Some(sha(1));
    let verdict = decide_ref(&after, &law);
    assert_eq!(plan_ref(&verdict, &after), []);
    assert_eq!(strikes(&verdict, &after, &[], "k").len(), 1);
    // A bot that nobody registered cannot be suspended by name.
    let by_bot = moved::facts("refs/heads/x", vec![moved::pushed(bot(9, "x[bot]"), 1, 2)]);
    let verdict = decide_ref(&by_bot, &free);
    let actions = plan_ref(&verdict, &by_bot);
    assert_eq!((actions.len(), strikes(&verdict, &by_bot, &actions, "k")), (1, vec![]));
}
