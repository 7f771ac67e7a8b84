//! People's pull requests, and agents' hands in them.

use super::scene::*;
use crate::facts::{Fact, Linked, ReviewState, Signature};
use crate::verdict::{Code, Conclusion, Disqualification, JudgedAs};

const CLAUDE: &str = "Fix\n\nCo-Authored-By: Claude <noreply@anthropic.com>";
const MACHINE: &str = "
[agents.machine]
recognise = [{ user_id = 5005 }]
owner = \"@alice\"
purpose = \"machine user\"
repos = [\"acme/**\"]
branches = [\"machine/**\"]
may = [\"propose\"]
expires = 2027-03-31
";

fn without_provision(scene: Scene) -> Scene {
    let start = scene.rules.find("[people.assisted]").unwrap();
    let end = scene.rules.find("[agents.copilot]").unwrap();
    let provision = scene.rules[start..end].to_owned();
    scene.rules(&provision, "")
}

#[test]
fn a_persons_own_work_passes_at_once() {
    let verdict = Scene::by_alice().passes();
    assert_eq!(verdict.involvement.judged_as, JudgedAs::People);
    assert!(verdict.findings.is_empty() && verdict.tiers.is_empty());
    // Whatever it touches: rules govern agents.
    Scene::by_alice().files([file("rules.toml")]).passes();
}

#[test]
fn an_account_that_nobody_recognises_is_an_agent() {
    let scene = Scene::of(pull(7, erin(), "fix")).approved(&bob());
    scene.ends(Conclusion::Failure, &[Code::UnregisteredAgent]);
}

#[test]
fn claude_trailers_on_a_persons_pull_request_need_the_tier_of_assisted_work() {
    let scene = Scene::by_alice().commit(named(&alice()), CLAUDE);
    let verdict = scene.ends(Conclusion::ActionRequired, &[Code::Assisted, Code::RuleRequires]);
    assert_eq!(verdict.involvement.judged_as, JudgedAs::Assisted);
    assert_eq!(verdict.tiers.len(), 1);
    scene.approved(&bob()).passes();
}

#[test]
fn the_provision_holds_where_the_forge_links_the_trailer_to_the_agents_user() {
    let mut claude = nobody("Claude", "noreply@anthropic.com");
    claude.account = Some(Linked { id: crate::ids::UserId(81_847), login: "claude".into() });
    let scene =
        Scene::by_alice().commit(named(&alice()), CLAUDE).listed(|commit| commit.authors.push(claude));
    let verdict = scene.ends(Conclusion::ActionRequired, &[Code::Assisted, Code::RuleRequires]);
    assert_eq!(verdict.involvement.judged_as, JudgedAs::Assisted);
}

#[test]
fn without_the_provision_claude_trailers_make_it_an_unregistered_agents() {
    let scene = without_provision(Scene::by_alice().commit(named(&alice()), CLAUDE)).approved(&bob());
    scene.ends(Conclusion::Failure, &[Code::UnregisteredAgent]);
}

#[test]
fn the_provision_covers_no_other_agent() {
    let devin = "Fix\n\nCo-Authored-By: Devin <158243242+devin-ai-integration[bot]@users.noreply.github.com>";
    let scene = Scene::by_alice().commit(named(&alice()), CLAUDE).commit(named(&alice()), devin);
    let verdict = scene.approved(&bob()).verdict();
    assert_eq!(verdict.involvement.judged_as, JudgedAs::Agents);
    assert_eq!(verdict.conclusion, Conclusion::Failure);
}

#[test]
fn the_provision_covers_no_account_called_like_the_agent() {
    let namesake = user(77_777, "Claude Code");
    let scene = Scene::by_alice().commit(named(&alice()), CLAUDE).commit(named(&namesake), "More");
    let verdict = scene.approved(&bob()).verdict();
    assert_eq!(verdict.involvement.judged_as, JudgedAs::Agents);
    assert_eq!(verdict.conclusion, Conclusion::Failure);
}

#[test]
fn the_provision_is_for_people_and_not_for_the_agents_own_pull_request() {
    for agent in [bot(209_825_114, "claude[bot]"), user(81_847, "claude"), erin()] {
        let scene = Scene::of(pull(7, agent, "claude/fix")).commit(named(&alice()), CLAUDE).approved(&bob());
        let verdict = scene.verdict();
        assert_eq!(verdict.involvement.judged_as, JudgedAs::Agents);
        assert_eq!(verdict.conclusion, Conclusion::Failure);
    }
}

#[test]
fn the_provision_is_not_for_what_an_agent_pushed_or_signed() {
    let pushed = Scene::by_alice().commit(named(&alice()), CLAUDE).pushed_by(&user(81_847, "claude"));
    assert_eq!(pushed.approved(&bob()).verdict().involvement.judged_as, JudgedAs::Agents);
    let signer = Some(Linked { id: crate::ids::UserId(81_847), login: "claude".into() });
    let signature = Some(Signature { valid: true, by_github: false, signer });
    let signed =
        Scene::by_alice().commit(named(&alice()), CLAUDE).listed(|commit| commit.signature = signature);
    assert_eq!(signed.approved(&bob()).verdict().involvement.judged_as, JudgedAs::Agents);
}

#[test]
fn an_agents_commits_make_a_persons_pull_request_the_agents() {
    let scene = Scene::by_alice().commit(named(&copilot()), "More").approved(&bob());
    let verdict = scene.ends(Conclusion::Failure, &[Code::AgentBranch]);
    assert_eq!(verdict.involvement.judged_as, JudgedAs::Agents);
    scene.pull(|pull| pull.head.name = "copilot/fix-1".into()).passes();
}

#[test]
fn an_agent_that_pushes_makes_a_persons_pull_request_the_agents() {
    let scene = Scene::by_alice().pushed_by(&copilot()).approved(&bob());
    scene.ends(Conclusion::Failure, &[Code::AgentBranch]);
    let unregistered = Scene::by_alice().pushed_by(&coderabbit()).approved(&bob());
    unregistered.ends(Conclusion::Failure, &[Code::UnregisteredAgent]);
}

#[test]
fn a_machine_user_of_our_own_is_found_by_number_in_commits() {
    let machine = user(5005, "acme-machine");
    let scene = Scene::by_alice().and_rules(MACHINE).approved(&bob());
    scene.clone().commit(named(&machine), "x").ends(Conclusion::Failure, &[Code::AgentBranch]);
    // Also where the forge does not link the address, and where only the key tells.
    let mut unlinked = named(&machine);
    unlinked.account = None;
    let verdict = scene.clone().commit(unlinked, "x").verdict();
    assert_eq!(verdict.conclusion, Conclusion::Failure);
    let signer = Some(Linked { id: machine.id, login: machine.login });
    let signature = Signature { valid: true, by_github: false, signer };
    let signed = scene.commit(named(&alice()), "x").listed(|commit| commit.signature = Some(signature));
    signed.ends(Conclusion::Failure, &[Code::AgentBranch]);
}

#[test]
fn a_signature_that_is_not_valid_proves_nothing() {
    let signer = Some(Linked { id: erin().id, login: "erin".into() });
    let signature = Signature { valid: false, by_github: false, signer };
    Scene::by_alice().listed(|commit| commit.signature = Some(signature)).passes();
}

#[test]
fn a_commit_that_no_account_answers_for_counts_as_an_agents() {
    let scene = Scene::by_alice().commit(nobody("Who", "who@nowhere.example"), "More").approved(&bob());
    let verdict = scene.ends(Conclusion::Failure, &[Code::UnattributedCommit]);
    assert_eq!(verdict.involvement.judged_as, JudgedAs::Agents);
    let provided = scene.rules(
        "require = \"routine\"\n\n# Each agent",
        "require = \"routine\"\nunattributed = true\n\n# Each agent",
    );
    assert_eq!(provided.passes().involvement.judged_as, JudgedAs::Assisted);
}

#[test]
fn a_made_up_account_number_answers_for_nothing() {
    let made_up = nobody("Who", "424242424242+who@users.noreply.github.com");
    let scene = Scene::by_alice().commit(made_up, "More").approved(&bob());
    scene.ends(Conclusion::Failure, &[Code::UnattributedCommit]);
    // A person's number is a claim like the person's address.
    let mut unlinked = named(&bob());
    unlinked.account = None;
    Scene::by_alice().commit(unlinked, "More").passes();
}

#[test]
fn a_commit_that_the_forge_does_not_list_counts_as_an_agents() {
    let scene = Scene::by_alice().commit(named(&alice()), "More");
    let scene = scene.pull(|pull| drop(known(&mut pull.commits).pop()));
    scene.ends(Conclusion::Failure, &[Code::UnattributedCommit, Code::RuleRequires]);
}

#[test]
fn what_github_commits_on_the_web_is_the_persons() {
    let web = Linked { id: crate::ids::UserId(19_864_447), login: "web-flow".into() };
    let mut github = nobody("GitHub", "noreply@github.com");
    github.account = Some(web.clone());
    let signature = Signature { valid: true, by_github: true, signer: Some(web) };
    let scene = Scene::by_alice().listed(|commit| {
        commit.committer = Some(github);
        commit.signature = Some(signature);
    });
    scene.passes();
}

#[test]
fn an_agents_label_or_branch_raises_scrutiny() {
    let branch = Scene::by_alice().pull(|pull| pull.head.name = "copilot/fix".into());
    assert_eq!(branch.verdict().involvement.judged_as, JudgedAs::Agents);
    branch.approved(&bob()).passes();
}

#[test]
fn an_agent_that_switches_auto_merge_on_has_a_hand_in_it() {
    let scene = Scene::by_alice()
        .approved(&bob())
        .pull(|pull| pull.auto_merge = Some(Fact::Known(copilot())))
        .rules(r#"["copilot/**"]"#, r#"["**"]"#);
    scene.ends(Conclusion::Failure, &[Code::AgentVerb]);
}

#[test]
fn people_who_are_no_users_are_not_people() {
    // Even if their number is listed: an App's account, or a user whose login GitHub would never give a person.
    let scene = Scene::of(pull(7, bot(1901, "frank"), "fix")).approved(&bob());
    scene.ends(Conclusion::Failure, &[Code::UnregisteredAgent]);
    let scene = Scene::of(pull(7, user(1901, "frank[bot]"), "fix"));
    assert_eq!(scene.verdict().conclusion, Conclusion::Failure);
    Scene::of(pull(7, user(1901, "frank"), "fix")).passes();
}

#[test]
fn assisted_work_is_asked_the_rules_as_well() {
    let scene = Scene::by_alice().commit(named(&alice()), CLAUDE).approved(&bob()).files([file("AGENTS.md")]);
    scene.ends(Conclusion::Failure, &[Code::RuleDenies]);
    let scene =
        Scene::by_alice().commit(named(&alice()), CLAUDE).reviewed(&bob(), ReviewState::ChangesRequested);
    scene.ends(Conclusion::ActionRequired, &[Code::ChangesRequested, Code::Assisted, Code::RuleRequires]);
}

#[test]
fn a_commit_of_the_claude_code_action_is_an_agents() {
    // The name is one agent's, the number another's: registered is neither.
    let claude = nobody("claude[bot]", "41898282+claude[bot]@users.noreply.github.com");
    let verdict = Scene::by_alice().commit(claude, "More").approved(&bob()).verdict();
    assert_eq!((verdict.conclusion, verdict.involvement.judged_as), (Conclusion::Failure, JudgedAs::Agents));
    assert!(verdict.findings.iter().any(|finding| finding.code == Code::UnregisteredAgent), "{verdict:#?}");
    Scene::by_alice().commit(named(&alice()), "More").passes();
}

#[test]
fn whoever_takes_over_a_persons_login_is_nobody() {
    let scene = Scene::of(pull(7, user(7_777, "alice"), "fix")).approved(&bob());
    scene.ends(Conclusion::Failure, &[Code::UnregisteredAgent]);
    let scene = Scene::by_copilot().approved(&user(7_777, "bob"));
    assert_eq!(scene.approval_does_not_count(), [Disqualification::NotAPerson]);
    // Whoever gave the login up is who they were.
    let renamed = user(1001, "alice-by-another-name");
    Scene::of(pull(7, renamed.clone(), "fix")).passes();
    Scene::by_copilot().approved(&renamed).passes();
}
