//! Deployments and what is published: what lets a commit go out, what holds it, and what is answered.

use std::sync::Arc;

use super::scene::{NOW, alice, bob, copilot, group, repository, sha};
use crate::act::{
    Brought, DeploymentFacts, Origin, Publication, PublicationFacts, PublicationTold, Published, PushedBy,
    Run, RunState,
};
use crate::decide::{decide_deployment, decide_publication};
use crate::facts::{Account, Fact, OwnRules, Roster};
use crate::ids::RunId;
use crate::incident::{Kind, incidents};
use crate::plan::{Action, Answer, AnswerDeployment, plan_deployment};
use crate::rules::{RuleSource, Rules};
use crate::verdict::{Code, Conclusion, JudgedAs};

const RULES: &str = r#"
version = 1
[people]
members_of = ["acme"]
[agents.copilot]
recognise = ["github-copilot"]
owner     = "@acme/platform"
purpose   = "fixes small issues"
repos     = ["acme/web"]
branches  = ["copilot/**"]
may       = ["propose", "deploy", "release"]
expires   = 2027-03-31
[tiers.release]
approvals = 1
"#;

fn rules(more: &str) -> RuleSource {
    let parsed = Rules::parse("rules.toml", &format!("{RULES}{more}"));
    RuleSource::good(Arc::new(parsed.rules.unwrap_or_else(|| panic!("{:#?}", parsed.complaints))))
}

fn landed(judged_as: JudgedAs) -> Origin {
    let agents = if judged_as == JudgedAs::People { [].into() } else { ["copilot".to_owned()].into() };
    let pull = Brought { number: 7, whole: true, conclusion: Some(Conclusion::Success), judged_as, agents };
    Origin { on: ["main".to_owned()].into(), pulls: vec![pull], pushed: None, past: Fact::Known(Vec::new()) }
}

fn roster() -> Roster {
    let people = [alice().id, bob().id].into_iter().collect();
    Roster { groups: [(group("acme"), Fact::Known(people))].into() }
}

fn asked_by(by: &Account) -> DeploymentFacts {
    DeploymentFacts {
        now: NOW,
        repository: repository(1, "acme/web"),
        default_branch: "main".to_owned(),
        run: Run {
            id: RunId(17),
            attempt: 1,
            head: sha(2),
            branch: Some("main".to_owned()),
            path: ".github/workflows/deploy.yml".to_owned(),
            event: "workflow_dispatch".to_owned(),
            actor: Fact::Known(by.clone()),
            triggering_actor: Fact::Known(by.clone()),
            fork: Fact::Known(false),
            state: RunState::Open,
        },
        environment: "production".to_owned(),
        waits: true,
        origin: Fact::Known(landed(JudgedAs::Agents)),
        asked: None,
        answered: Vec::new(),
        roster: roster(),
        own_rules: Fact::Known(OwnRules::default()),
    }
}

fn from(origin: Origin) -> DeploymentFacts {
    DeploymentFacts { origin: Fact::Known(origin), ..asked_by(&bob()) }
}

/// What is answered, and the codes behind it.
fn answer(facts: &DeploymentFacts, source: &RuleSource) -> (Option<Answer>, Vec<Code>) {
    let verdict = decide_deployment(facts, source);
    let codes = verdict.deeds[0].findings.iter().map(|finding| finding.code).collect();
    let planned = plan_deployment(&verdict, facts).into_iter().next();
    let answer = planned.map(|action| match action {
        Action::AnswerDeployment(answer) => answer.answer,
        other => panic!("{other:?}"),
    });
    (answer, codes)
}

#[test]
fn what_passed_goes_out_by_people_and_by_agents_with_leave() {
    for by in [bob(), copilot()] {
        assert_eq!(answer(&asked_by(&by), &rules("")), (Some(Answer::Approve), vec![]));
    }
}

#[test]
fn what_is_not_known_never_goes_out() {
    let base = asked_by(&bob());
    let run = |change: fn(&mut Run)| {
        let mut facts = base.clone();
        change(&mut facts.run);
        facts
    };
    let unjudged = Brought { conclusion: None, ..landed(JudgedAs::Agents).pulls.remove(0) };
    let nobody = PushedBy { by: Fact::unknown("nobody tells"), passed: true };
    for facts in [
        DeploymentFacts { origin: Fact::unknown("the forge is silent"), ..base.clone() },
        DeploymentFacts { own_rules: Fact::unknown("too large"), ..base.clone() },
        DeploymentFacts {
            roster: Roster { groups: [(group("acme"), Fact::unknown("403"))].into() },
            ..base.clone()
        },
        from(Origin { pulls: vec![unjudged], ..landed(JudgedAs::Agents) }),
        from(Origin { pulls: Vec::new(), pushed: Some(nobody), ..landed(JudgedAs::Agents) }),
        from(Origin { past: Fact::unknown("more than 20"), ..landed(JudgedAs::Agents) }),
        run(|run| run.actor = Fact::unknown("ghost")),
        run(|run| run.triggering_actor = Fact::unknown("ghost")),
    ] {
        let (answered, codes) = answer(&facts, &rules(""));
        assert_eq!(answered, Some(Answer::Report), "{codes:?}");
        assert!(codes.contains(&Code::CannotSee), "{codes:?}");
    }
    // Until there are rules it waits, and is judged by them then.
    assert_eq!(answer(&base, &RuleSource::default()), (Some(Answer::Report), vec![Code::NoRules]));
}

#[test]
fn what_may_not_go_out_is_refused_whoever_sends_it() {
    let on = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let failed =
        Brought { conclusion: Some(Conclusion::Failure), ..landed(JudgedAs::Agents).pulls.remove(0) };
    let pushed = |passed| PushedBy { by: Fact::Known(copilot()), passed };
    let base = landed(JudgedAs::Agents);
    let between = |judged_as| Brought { whole: false, ..landed(judged_as).pulls.remove(0) };
    let peoples = Origin { pulls: vec![between(JudgedAs::People)], ..base.clone() };
    assert_eq!(answer(&from(peoples), &rules("")).0, Some(Answer::Approve));
    for (origin, code) in [
        (Origin { pulls: vec![between(JudgedAs::Agents)], ..base.clone() }, Code::DeploysUnpassed),
        (Origin { on: on(&[]), ..base.clone() }, Code::CommitElsewhere),
        (Origin { on: on(&["release/1"]), ..base.clone() }, Code::CommitElsewhere),
        (Origin { pulls: vec![failed], ..base.clone() }, Code::DeploysUnpassed),
        (Origin { past: Fact::Known(vec!["#3".to_owned()]), ..base.clone() }, Code::DeploysUnpassed),
        (Origin { pulls: vec![], pushed: Some(pushed(false)), ..base.clone() }, Code::DeploysUnpassed),
    ] {
        assert_eq!(answer(&from(origin), &rules("")), (Some(Answer::Reject), vec![code]));
    }
    let passed = Origin { pulls: vec![], pushed: Some(pushed(true)), ..base };
    assert_eq!(answer(&from(passed), &rules("")).0, Some(Answer::Approve));
    let release = "[gate]\ndeploy_from = [\"release/*\"]\n";
    let elsewhere = Origin { on: on(&["release/1"]), ..landed(JudgedAs::Agents) };
    assert_eq!(answer(&from(elsewhere), &rules(release)).0, Some(Answer::Approve));
    assert_eq!(answer(&asked_by(&bob()), &rules(release)).0, Some(Answer::Reject), "main is not named");
}

#[test]
fn rules_are_asked_where_an_agent_had_a_hand() {
    let deny = rules(
        "[[rules]]\nid = \"no\"\non = [\"deployment\"]\nwhen = { environments = [\"PROD*\"] }\ndeny = true\n",
    );
    for facts in [asked_by(&bob()), asked_by(&copilot())] {
        assert_eq!(answer(&facts, &deny), (Some(Answer::Reject), vec![Code::RuleDenies]));
    }
    assert_eq!(answer(&from(landed(JudgedAs::People)), &deny).0, Some(Answer::Approve), "people's own");
    let elsewhere = DeploymentFacts { environment: "staging".to_owned(), ..asked_by(&bob()) };
    assert_eq!(answer(&elsewhere, &deny).0, Some(Answer::Approve));

    let asks = rules("[[rules]]\nid = \"ask\"\non = [\"deployment\"]\nrequire = \"release\"\n");
    assert_eq!(
        answer(&asked_by(&bob()), &asks),
        (Some(Answer::Report), vec![Code::RuleRequires]),
        "nobody to ask"
    );
}

#[test]
fn an_answer_is_told_once_and_a_report_when_it_is_news() {
    let (mut facts, source) = (asked_by(&bob()), rules(""));
    let told = |answer, attempt, comment: &str| AnswerDeployment {
        repository: facts.repository.name.clone(),
        run: RunId(17),
        attempt,
        environment: "production".to_owned(),
        answer,
        comment: comment.to_owned(),
    };
    let (approved, other) = (told(Answer::Approve, 1, ""), told(Answer::Approve, 2, ""));
    let (old, reports) = (told(Answer::Report, 1, "old"), told(Answer::Report, 1, ""));
    facts.answered = vec![other];
    assert_eq!(answer(&facts, &source).0, Some(Answer::Approve), "another attempt's answer is none");
    facts.answered.push(approved);
    assert_eq!(answer(&facts, &source).0, None);

    facts.origin = Fact::unknown("not yet");
    facts.answered = vec![old];
    let verdict = decide_deployment(&facts, &source);
    let Some(Action::AnswerDeployment(report)) = plan_deployment(&verdict, &facts).pop() else { panic!() };
    facts.answered = vec![report];
    assert_eq!(answer(&facts, &source).0, None, "the same again");
    facts.answered = vec![reports; 8];
    assert_eq!(answer(&facts, &source).0, None, "people have some left");
    facts.answered = Vec::new();
    facts.waits = false;
    assert_eq!(answer(&facts, &source).0, None);
}

#[test]
fn comments_mention_nobody_and_fit() {
    let mut facts = asked_by(&bob());
    facts.origin = Fact::unknown("@acme/security ".repeat(300));
    let verdict = decide_deployment(&facts, &rules(""));
    let Some(Action::AnswerDeployment(report)) = plan_deployment(&verdict, &facts).pop() else { panic!() };
    assert!(!report.comment.contains("@acme") && report.comment.chars().count() <= 1024);
}

#[test]
fn only_what_agents_tried_is_an_incident() {
    let elsewhere = Origin { on: [].into(), ..landed(JudgedAs::Agents) };
    for (by, expected) in [(bob(), 0), (copilot(), 1)] {
        let facts = DeploymentFacts { origin: Fact::Known(elsewhere.clone()), ..asked_by(&by) };
        let verdict = decide_deployment(&facts, &rules(""));
        assert_eq!(incidents(&verdict, Kind::Deployed, "key", NOW).len(), expected);
    }
}

fn published(by: Fact<Account>, what: Publication) -> PublicationFacts {
    let told = PublicationTold { actor: by, action: "published".to_owned(), what };
    PublicationFacts {
        now: NOW,
        repository: repository(1, "acme/web"),
        default_branch: "main".to_owned(),
        acts: vec![Published { id: "guid".to_owned(), told }],
        origin: Fact::Known(landed(JudgedAs::Agents)),
        roster: roster(),
        own_rules: Fact::Known(OwnRules::default()),
    }
}

#[test]
fn what_agents_publish_needs_leave_and_what_nobody_is_known_to_have_is_told_of() {
    let release = || Publication::Release { tag: "v1".to_owned() };
    let without = RULES.replace(", \"release\"", "");
    let parsed = Rules::parse("rules.toml", &without).rules.unwrap();
    let without = RuleSource::good(Arc::new(parsed));
    let kinds = |facts: &PublicationFacts, source: &RuleSource| {
        let verdict = decide_publication(facts, source);
        incidents(&verdict, Kind::Published, "key", NOW).into_iter().map(|one| one.kind).collect::<Vec<_>>()
    };
    let by = |account: Account| Fact::Known(account);
    assert_eq!(kinds(&published(by(copilot()), release()), &rules("")), []);
    assert_eq!(kinds(&published(by(copilot()), release()), &without), [Kind::Published]);
    assert_eq!(kinds(&published(by(bob()), release()), &without), []);
    assert_eq!(kinds(&published(Fact::unknown("nobody"), release()), &rules("")), [Kind::Unseen]);
    let deny = rules("[[rules]]\nid = \"no\"\non = [\"release\"]\nwhen = { tags = [\"v*\"] }\ndeny = true\n");
    assert_eq!(kinds(&published(by(copilot()), release()), &deny), [Kind::Published]);
}

#[test]
fn what_runs_must_be_what_is_judged() {
    for (event, expected) in [
        ("push", Answer::Approve),
        ("workflow_dispatch", Answer::Approve),
        ("pull_request", Answer::Reject),
        ("pull_request_review", Answer::Reject),
        ("pull_request_target", Answer::Report),
        ("something_new", Answer::Report),
    ] {
        let mut facts = asked_by(&bob());
        facts.run.event = event.to_owned();
        assert_eq!(answer(&facts, &rules("")).0, Some(expected), "{event}");
    }
}

#[test]
fn what_an_app_did_in_a_persons_name_is_not_the_persons() {
    let what = |through: Option<&str>| Publication::Deployment {
        environment: "production".to_owned(),
        commit: sha(2),
        reference: "main".to_owned(),
        through: through.map(str::to_owned),
    };
    for (through, expected) in [(None, 0), (Some("robot"), 1)] {
        let verdict = decide_publication(&published(Fact::Known(bob()), what(through)), &rules(""));
        assert_eq!(incidents(&verdict, Kind::Deployed, "key", NOW).len(), expected);
    }
}
