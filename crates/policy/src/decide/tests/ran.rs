//! Workflow runs: who may have what run, what rules forbid, and what is done about it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::scene::{NOW, alice, bob, bot, copilot, erin, group, repository, sha};
use crate::act::{ActVerdict, Run, RunFacts, RunState};
use crate::decide::decide_run;
use crate::facts::{Account, Fact, Going, Roster};
use crate::ids::{Millis, RunId};
use crate::incident::{Kind, incidents};
use crate::plan::{Action, plan_run};
use crate::rules::{Respond, RuleSource, Rules};
use crate::verdict::{Code, Conclusion, JudgedAs};

/// No rule about runs.
const BARE: &str = r#"
version = 1
[gate]
respond = ["cancel"]
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
"#;

/// With a registration of the workflows' own account.
const ACTIONS: &str = r#"
[agents.actions]
recognise = [{ user_id = 41898282 }]
owner     = "@acme/platform"
purpose   = "starts what follows"
repos     = ["acme/web"]
branches  = ["main"]
workflows = [".github/workflows/ci.yml"]
may       = ["run"]
expires   = 2027-03-31
"#;

fn actions() -> Account {
    bot(41_898_282, "github-actions[bot]")
}

fn rules(text: &str) -> RuleSource {
    let parsed = Rules::parse("rules.toml", text);
    RuleSource::good(Arc::new(parsed.rules.unwrap_or_else(|| panic!("{:#?}", parsed.complaints))))
}

/// A run that a push to the agent's own branch caused.
fn ran(by: Account) -> RunFacts {
    let people = [alice().id, bob().id].into_iter().collect();
    RunFacts {
        now: NOW,
        repository: repository(1, "acme/web"),
        default_branch: "main".to_owned(),
        run: Run {
            id: RunId(17),
            attempt: 1,
            head: sha(2),
            branch: Some("copilot/fix".to_owned()),
            path: ".github/workflows/ci.yml".to_owned(),
            event: "push".to_owned(),
            actor: Fact::Known(by.clone()),
            triggering_actor: Fact::Known(by),
            fork: Fact::Known(false),
            state: RunState::Open,
        },
        same_workflow: Fact::Known(true),
        of_tag: Fact::Known(false),
        runners: Fact::Known(["ubuntu-latest".to_owned()].into()),
        environments: Fact::Known([].into()),
        going: BTreeMap::new(),
        cancelled: None,
        roster: Roster { groups: [(group("acme"), Fact::Known(people))].into() },
        own_rules: Fact::Known(crate::facts::OwnRules::default()),
    }
}

fn but(mut facts: RunFacts, edit: impl FnOnce(&mut RunFacts)) -> RunFacts {
    edit(&mut facts);
    facts
}

fn dispatched(by: Account) -> RunFacts {
    but(ran(by), |facts| facts.run.event = "workflow_dispatch".to_owned())
}

fn judged(text: &str, facts: &RunFacts) -> (ActVerdict, Vec<Action>) {
    let verdict = decide_run(facts, &rules(text));
    let actions = plan_run(&verdict, facts);
    (verdict, actions)
}

fn codes(text: &str, facts: &RunFacts) -> Vec<Code> {
    let (verdict, actions) = judged(text, facts);
    let codes: Vec<Code> =
        verdict.deeds.iter().flat_map(|deed| deed.findings.iter().map(|finding| finding.code)).collect();
    let denied =
        verdict.conclusion != Conclusion::Success && codes.iter().all(|code| *code != Code::CannotSee);
    assert_eq!(actions.len(), usize::from(denied), "{codes:?} {actions:?}");
    codes
}

fn with_rule(rule: &str) -> String {
    format!("{BARE}\n[[rules]]\nid = \"r\"\non = [\"workflow_run\"]\n{rule}\n")
}

#[test]
fn people_have_run_what_they_like() {
    for facts in [ran(alice()), dispatched(alice()), but(dispatched(bob()), |facts| facts.run.attempt = 3)] {
        let facts = but(facts, |facts| facts.same_workflow = Fact::Known(false));
        let (verdict, actions) = judged(BARE, &facts);
        assert_eq!((verdict.conclusion, actions), (Conclusion::Success, vec![]));
        assert_eq!(verdict.deeds[0].involvement.judged_as, JudgedAs::People);
        assert_eq!(incidents(&verdict, Kind::Run, "k", NOW), vec![]);
    }
}

#[test]
fn what_an_agent_pushed_runs_as_the_default_branch_has_it() {
    assert_eq!(codes(BARE, &ran(copilot())), []);
    let changed = but(ran(copilot()), |facts| facts.same_workflow = Fact::Known(false));
    assert_eq!(codes(BARE, &changed), [Code::WorkflowChanged]);
    let elsewhere = but(ran(copilot()), |facts| facts.run.branch = Some("feature".to_owned()));
    assert_eq!(codes(BARE, &elsewhere), [Code::AgentBranch]);
    let landed = but(ran(copilot()), |facts| facts.run.branch = Some("main".to_owned()));
    assert_eq!(codes(BARE, &landed), [], "the push itself was judged");
    let tag = but(ran(copilot()), |facts| facts.of_tag = Fact::Known(true));
    assert_eq!(codes(BARE, &tag), [Code::AgentVerb]);
}

#[test]
fn asking_for_a_run_needs_leave() {
    assert_eq!(codes(BARE, &dispatched(copilot())), [Code::AgentVerb]);
    let by_api = but(ran(copilot()), |facts| facts.run.event = "repository_dispatch".to_owned());
    assert_eq!(codes(BARE, &by_api), [Code::AgentVerb]);
    let again = but(ran(alice()), |facts| {
        facts.run.attempt = 2;
        facts.run.triggering_actor = Fact::Known(copilot());
    });
    assert_eq!(codes(BARE, &again), [Code::AgentVerb]);

    let may = BARE.replace("[\"propose\"]", "[\"propose\", \"run\"]");
    assert_eq!(codes(&may, &dispatched(copilot())), []);
    assert_eq!(codes(&may, &again), []);
    let old = but(again, |facts| facts.same_workflow = Fact::Known(false));
    assert_eq!(codes(&may, &old), [Code::WorkflowChanged], "the default branch has another one now");
    let on_main = but(dispatched(copilot()), |facts| facts.run.branch = Some("main".to_owned()));
    assert_eq!(codes(&may, &on_main), [Code::AgentBranch], "asked for, it must be on the agent's branches");
    let person_again = but(ran(copilot()), |facts| {
        facts.run.attempt = 2;
        facts.run.triggering_actor = Fact::Known(alice());
    });
    assert_eq!(codes(BARE, &person_again), [], "a person ran it again");
}

#[test]
fn a_registration_bounds_runs_too() {
    let expired = but(ran(copilot()), |facts| facts.now = Millis(NOW.0 + 400 * 86_400_000));
    assert_eq!(codes(BARE, &expired), [Code::AgentExpired]);
    let away = but(ran(copilot()), |facts| facts.repository = repository(2, "acme/pay"));
    assert_eq!(codes(BARE, &away), [Code::AgentRepository]);
    assert_eq!(codes(BARE, &ran(erin())), [Code::UnregisteredAgent]);
}

#[test]
fn the_workflows_own_account_is_an_agent_like_any_other() {
    let on_main = |facts| but(facts, |facts: &mut RunFacts| facts.run.branch = Some("main".to_owned()));
    assert_eq!(codes(BARE, &on_main(dispatched(actions()))), [Code::UnregisteredAgent]);
    let registered = format!("{BARE}{ACTIONS}");
    assert_eq!(codes(&registered, &on_main(dispatched(actions()))), []);
    let other = but(on_main(dispatched(actions())), |facts| {
        facts.run.path = ".github/workflows/deploy.yml".to_owned();
    });
    assert_eq!(codes(&registered, &other), [Code::AgentWorkflow]);
    let changed = but(on_main(dispatched(actions())), |facts| facts.same_workflow = Fact::Known(false));
    assert_eq!(codes(&registered, &changed), [Code::WorkflowChanged]);
    let for_another = but(on_main(dispatched(actions())), |facts| facts.run.actor = Fact::Known(erin()));
    assert_eq!(codes(&registered, &for_another), [Code::UnregisteredAgent]);
}

#[test]
fn rules_deny_runs_by_everything_that_is_known_of_them() {
    let facts = but(ran(copilot()), |facts| {
        facts.run.attempt = 1;
        facts.run.fork = Fact::Known(true);
        facts.runners = Fact::Known(["self-hosted".to_owned(), "linux".to_owned()].into());
        facts.environments = Fact::Known(["Production".to_owned()].into());
    });
    for (holds, fails) in [
        (r#"when = { events = ["push"] }"#, r#"when = { events = ["schedule"] }"#),
        (r#"when = { workflows = [".github/workflows/c*"] }"#, r#"when = { workflows = ["ci.yml"] }"#),
        (r#"when = { workflow_changed = false }"#, r#"when = { workflow_changed = true }"#),
        (r#"when = { runners = ["self-hosted"] }"#, r#"when = { runners = ["windows*"] }"#),
        (r#"when = { environments = ["prod*"] }"#, r#"when = { environments = ["staging"] }"#),
        (r#"when = { rerun = false }"#, r#"when = { rerun = true }"#),
        (r#"when = { fork = true }"#, r#"when = { fork = false }"#),
        (r#"when = { branches = ["copilot/**"] }"#, r#"when = { branches = ["main"] }"#),
    ] {
        assert_eq!(
            codes(&with_rule(&format!("{holds}\ndeny = true")), &facts),
            [Code::RuleDenies],
            "{holds}"
        );
        assert_eq!(codes(&with_rule(&format!("{fails}\ndeny = true")), &facts), [], "{fails}");
    }
}

#[test]
fn what_was_not_seen_is_told_and_nothing_is_cancelled() {
    let rule = with_rule("when = { runners = [\"self-hosted\"] }\ndeny = true");
    for (text, facts) in [
        (BARE, but(ran(copilot()), |facts| facts.run.actor = Fact::unknown("gone"))),
        (BARE, but(ran(alice()), |facts| facts.run.triggering_actor = Fact::unknown("gone"))),
        (BARE, but(ran(copilot()), |facts| facts.same_workflow = Fact::unknown("gone"))),
        (BARE, but(ran(copilot()), |facts| facts.of_tag = Fact::unknown("gone"))),
        (&rule, but(ran(copilot()), |facts| facts.runners = Fact::unknown("too many"))),
    ] {
        assert_eq!(codes(text, &facts), [Code::CannotSee]);
        let (verdict, _) = judged(text, &facts);
        let opened = incidents(&verdict, Kind::Run, "k", NOW);
        assert_eq!(opened.len(), 1);
        assert_eq!(opened[0].respond, Respond::Report);
    }
}

#[test]
fn twice_is_once_and_what_hangs_is_ended_by_force() {
    let facts = dispatched(copilot());
    let force = |facts: &RunFacts| match judged(BARE, facts).1.as_slice() {
        [Action::CancelRun(cancel)] => Some(cancel.force),
        [] => None,
        other => panic!("{other:?}"),
    };
    assert_eq!(force(&facts), Some(false));
    let after = |millis: i64| but(facts.clone(), |facts| facts.cancelled = Some(Millis(NOW.0 - millis)));
    assert_eq!(force(&after(59_999)), None, "it was taken, and takes its time");
    assert_eq!(force(&after(60_000)), Some(true));
    for state in [RunState::Over, RunState::Held] {
        assert_eq!(force(&but(facts.clone(), |facts| facts.run.state = state)), None);
    }
    let held = but(facts.clone(), |facts| facts.run.state = RunState::Held);
    assert_eq!(judged(BARE, &held).0.deeds, vec![], "nothing runs before a person lets it");
}

#[test]
fn a_verdict_is_of_one_attempt_at_one_commit() {
    let digest = |facts: &RunFacts| judged(BARE, facts).0.digest();
    let facts = ran(copilot());
    let again = but(facts.clone(), |facts| {
        facts.run.attempt = 2;
        facts.run.triggering_actor = Fact::Known(alice());
    });
    let elsewhere = but(facts.clone(), |facts| facts.run.head = sha(3));
    let other = but(facts.clone(), |facts| facts.run.id = RunId(18));
    let all: std::collections::BTreeSet<_> = [&facts, &again, &elsewhere, &other].map(digest).into();
    assert_eq!(all.len(), 4);
}

#[test]
fn where_rules_only_report_nothing_is_cancelled() {
    let report = BARE.replace("respond = [\"cancel\"]", "");
    let (verdict, actions) = judged(&report, &dispatched(copilot()));
    assert_eq!(actions, vec![]);
    let opened = incidents(&verdict, Kind::Run, "k", NOW);
    assert_eq!((opened.len(), opened[0].kind), (1, Kind::Run));
    let evaluate = BARE.replace("[gate]", "[gate]\nenforcement = \"evaluate\"");
    let (verdict, actions) = judged(&evaluate, &dispatched(copilot()));
    assert_eq!((actions, incidents(&verdict, Kind::Run, "k", NOW)), (vec![], vec![]));
}

#[test]
fn runs_beyond_the_quota_are_denied_and_those_that_began_first_go_on() {
    let quota = format!("{BARE}\n[agents.copilot.quota]\nruns = 2\n");
    let beside = |going: Option<Fact<Vec<Going>>>| {
        but(ran(copilot()), |facts| {
            facts.going = going.map(|going| ("copilot".to_owned(), going)).into_iter().collect();
        })
    };
    let run = |number| Going {
        repository: repository(2, "acme/docs-a"),
        run: RunId(number),
        begun_at: Millis(NOW.0 - 60_000),
    };
    assert_eq!(codes(&quota, &beside(Some(Fact::Known(vec![run(1)])))), []);
    let two = beside(Some(Fact::Known(vec![run(1), run(2)])));
    assert_eq!(codes(&quota, &two), [Code::OverQuota]);
    let (verdict, _) = judged(&quota, &two);
    let finding = &verdict.deeds[0].findings[0];
    assert!(
        finding.message.contains("2 runs of agent `copilot` went on when this one began, of 2 at a time")
    );
    assert_eq!(finding.evidence_total, 2);
    // What is not known is told, and nothing is cancelled for it.
    for unknown in [None, Some(Fact::unknown("not read"))] {
        assert_eq!(codes(&quota, &beside(unknown)), [Code::CannotSee]);
    }
    assert_eq!(codes(&quota, &ran(alice())), [], "people have no quota");
}
