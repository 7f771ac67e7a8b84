//! An agent's own pull request: its bounds, before any rule.

use super::scene::*;
use crate::facts::{Descent, Fact, ReviewState};
use crate::ids::Millis;
use crate::verdict::{Code, Conclusion, JudgedAs};

#[test]
fn an_allowed_change_passes_with_one_approval() {
    let verdict = Scene::by_copilot().approved(&bob()).passes();
    assert_eq!(verdict.involvement.judged_as, JudgedAs::Agents);
    assert_eq!(verdict.tiers[0].counted[0].by, bob());
    assert_eq!(verdict.findings[0].code, Code::RuleRequires);
}

#[test]
fn an_allowed_change_waits_for_an_approval() {
    let verdict = Scene::by_copilot().ends(Conclusion::ActionRequired, &[Code::RuleRequires]);
    assert_eq!((verdict.tiers[0].needed, verdict.tiers[0].satisfied), (1, false));
}

#[test]
fn an_agent_outside_of_its_branches_is_denied() {
    let scene = Scene::by_copilot().approved(&bob()).pull(|pull| pull.head.name = "main-fix".into());
    scene.ends(Conclusion::Failure, &[Code::AgentBranch]);
}

#[test]
fn a_branch_that_only_looks_like_an_agents_is_not_its_own() {
    let disguised = [
        "refs/heads/copilot/fix",
        "Copilot/fix",
        "copilot",
        "copilot-fix",
        "xcopilot/fix",
        "main\ncopilot/fix",
        "copilot\u{200b}/fix",
        "c\u{43e}pilot/fix",
    ];
    for name in disguised {
        let scene = Scene::by_copilot().approved(&bob()).pull(|pull| pull.head.name = name.into());
        scene.ends(Conclusion::Failure, &[Code::AgentBranch]);
    }
}

#[test]
fn an_agent_outside_of_its_repositories_is_denied() {
    let elsewhere = |facts: &mut crate::Facts| facts.repository = repository(9, "acme/payments");
    let verdict = Scene::by_copilot()
        .approved(&bob())
        .facts(elsewhere)
        .ends(Conclusion::Failure, &[Code::AgentRepository]);
    assert_eq!(verdict.findings[0].rule.as_ref().unwrap().id, "agents.copilot");
}

#[test]
fn repositories_are_compared_without_case() {
    let shouting = |facts: &mut crate::Facts| facts.repository = repository(1, "Acme/WEB");
    Scene::by_copilot().approved(&bob()).facts(shouting).passes();
}

#[test]
fn an_agent_may_not_propose_from_a_fork_that_is_not_its_own() {
    let fork = |pull: &mut crate::facts::Pull| pull.head_repository = Some(repository(5, "erin/web"));
    Scene::by_copilot().approved(&bob()).pull(fork).ends(Conclusion::Failure, &[Code::AgentRepository]);
}

#[test]
fn an_agent_may_not_propose_from_a_fork_that_is_gone() {
    let scene = Scene::by_copilot().approved(&bob()).pull(|pull| pull.head_repository = None);
    scene.ends(Conclusion::Failure, &[Code::AgentRepository]);
}

#[test]
fn an_agent_that_may_not_propose_is_denied() {
    let scene = Scene::by_copilot().approved(&bob()).rules(r#"["read", "propose"]"#, r#"["read"]"#);
    scene.ends(Conclusion::Failure, &[Code::AgentVerb]);
}

#[test]
fn an_agent_that_may_not_merge_must_not_switch_auto_merge_on() {
    let scene =
        Scene::by_copilot().approved(&bob()).pull(|pull| pull.auto_merge = Some(Fact::Known(copilot())));
    scene.ends(Conclusion::Failure, &[Code::AgentVerb]);
    scene.rules(r#"["read", "propose"]"#, r#"["propose", "merge"]"#).passes();
}

#[test]
fn a_registration_lasts_through_its_last_day_and_not_a_moment_longer() {
    // 2027-04-01T00:00:00Z.
    let end = 1_806_537_600_000;
    let at = |now| Scene::by_copilot().approved(&bob()).facts(|facts| facts.now = Millis(now));
    at(end - 1).passes();
    at(end).ends(Conclusion::Failure, &[Code::AgentExpired]);
}

#[test]
fn an_unregistered_bot_is_denied_whoever_approves() {
    let devin = bot(158_243_242, "devin-ai-integration[bot]");
    let scene = Scene::of(pull(7, devin, "devin/1763600000-fix")).approved(&bob()).approved(&dana());
    scene.ends(Conclusion::Failure, &[Code::UnregisteredAgent]);
}

#[test]
fn a_registered_agents_name_on_another_account_is_nobody() {
    let namesake = bot(4_242, "Copilot");
    let scene = Scene::of(pull(7, namesake, "copilot/fix-1")).approved(&bob());
    scene.ends(Conclusion::Failure, &[Code::UnregisteredAgent]);
}

#[test]
fn the_platform_and_not_the_commit_says_whose_work_it_is() {
    // An unregistered bot writes the registered agent's name into its commits.
    let scene = Scene::of(pull(7, bot(4_242, "ghost[bot]"), "copilot/fix-1")).approved(&bob());
    scene.commit(named(&copilot()), "More").ends(Conclusion::Failure, &[Code::UnregisteredAgent]);
}

#[test]
fn an_agent_answers_for_commits_without_an_account_on_its_own_pull_request() {
    let scene = Scene::by_copilot().commit(nobody("x", "x@nowhere.example"), "More");
    scene.approved(&bob()).passes();
}

#[test]
fn a_second_agents_commits_are_bound_by_its_own_registration() {
    let scene = Scene::by_copilot()
        .approved(&bob())
        .commit(nobody("Devin", "158243242+devin-ai-integration[bot]@users.noreply.github.com"), "More");
    scene.ends(Conclusion::Failure, &[Code::UnregisteredAgent]);
}

#[test]
fn ten_thousand_signs_of_one_agent_do_not_hide_another() {
    let second = "
[agents.second]
recognise = [{ user_id = 5005 }]
owner = \"@acme/platform\"
purpose = \"machine user\"
repos = [\"acme/web\"]
branches = [\"second/**\"]
may = [\"propose\"]
expires = 2027-03-31
";
    let mut flood = String::from("Flood\n\n");
    for i in 0..5_000 {
        flood
            .push_str(&format!("Co-authored-by: Copilot {i} <198982749+Copilot@users.noreply.github.com>\n"));
    }
    let scene = Scene::by_copilot().and_rules(second).commit(named(&copilot()), &flood);
    let scene = scene.commit(named(&user(5_005, "acme-machine")), "Hidden").approved(&bob());
    let verdict = scene.ends(Conclusion::Failure, &[Code::AgentBranch]);
    assert_eq!(verdict.findings[0].rule.as_ref().unwrap().id, "agents.second");
    assert!(verdict.involvement.agents.len() <= 501);
}

#[test]
fn a_hundred_unregistered_names_stay_readable() {
    let mut scene = Scene::by_alice();
    for i in 0..100 {
        let bot = format!("evil{i}[bot]");
        scene = scene.commit(nobody(&bot, &format!("{}+{bot}@users.noreply.github.com", 90_000 + i)), "x");
    }
    let verdict = scene.verdict();
    assert_eq!(verdict.conclusion, Conclusion::Failure);
    assert!(verdict.findings.iter().filter(|f| f.code == Code::UnregisteredAgent).count() <= 21);
}

#[test]
fn what_is_not_known_blocks() {
    let why = || Fact::unknown("the forge is down");
    let blind = |edit: fn(&mut crate::facts::Pull, Fact<()>)| {
        let scene = Scene::by_copilot().approved(&bob()).pull(|pull| edit(pull, why()));
        let verdict = scene.verdict();
        assert_eq!(verdict.conclusion, Conclusion::Failure, "{:#?}", verdict.findings);
        assert!(verdict.findings.iter().any(|finding| finding.code == Code::CannotSee));
    };
    blind(|pull, _| pull.author = Fact::unknown("?"));
    blind(|pull, _| pull.labels = Fact::unknown("?"));
    blind(|pull, _| pull.auto_merge = Some(Fact::unknown("?")));
    blind(|pull, _| pull.commits = Fact::unknown("?"));
    blind(|pull, _| pull.reviews = Fact::unknown("?"));
    blind(|pull, _| pull.pushers = Fact::unknown("?"));
    blind(|pull, _| pull.change = Fact::unknown("?"));
}

#[test]
fn a_person_whose_membership_is_not_known_is_not_passed() {
    let scene = Scene::by_alice().facts(|facts| {
        facts.roster.groups.insert(group("acme"), Fact::unknown("no permission"));
    });
    let verdict = scene.ends(Conclusion::Failure, &[Code::CannotSee, Code::RuleRequires]);
    assert_eq!(verdict.involvement.judged_as, JudgedAs::Unknown);
    Scene::by_alice()
        .facts(|facts| facts.roster.groups.clear())
        .ends(Conclusion::Failure, &[Code::CannotSee, Code::RuleRequires]);
}

#[test]
fn a_commit_of_an_agents_pull_request_stays_the_agents_on_any_branch() {
    let descends = |agent: &str| {
        let descent = Descent { oid: head(), agent: agent.into(), number: 3 };
        Scene::by_alice().pull(|pull| pull.lineage = Fact::Known(vec![descent]))
    };
    descends("copilot").ends(Conclusion::Failure, &[Code::AgentBranch, Code::RuleRequires]);
    // On a branch of the agent's, somebody else approves it as the agent's.
    let scene = descends("copilot").pull(|pull| pull.head.name = "copilot/again".into());
    scene.ends(Conclusion::ActionRequired, &[Code::RuleRequires]);
    scene.approved(&bob()).passes();
    descends("gone[bot]").ends(Conclusion::Failure, &[Code::UnregisteredAgent, Code::RuleRequires]);
    let lost = Scene::by_alice().pull(|pull| pull.lineage = Fact::unknown("lost"));
    lost.ends(Conclusion::Failure, &[Code::CannotSee, Code::RuleRequires]);
    Scene::by_alice().passes();
}

#[test]
fn a_dismissed_approval_is_none() {
    let scene = Scene::by_copilot().approved(&bob()).reviewed(&bob(), ReviewState::Dismissed);
    scene.ends(Conclusion::ActionRequired, &[Code::RuleRequires]);
}
