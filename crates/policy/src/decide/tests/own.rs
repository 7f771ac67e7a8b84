//! A repository's own rules tighten, and never loosen.

use super::scene::{Scene, alice, bob, dana, file, sha};
use crate::facts::{Fact, OwnRules, RulesText};
use crate::verdict::{Code, Conclusion, Enforcement, PullVerdict};

const TWO: &str = "version = 1\n[tiers.routine]\napprovals = 2\n";
const LOOSE: &str = "version = 1\n\n[tiers.routine]\napprovals = 0\n";

fn approvals_needed(verdict: &PullVerdict) -> u32 {
    verdict.tiers.iter().map(|tier| tier.needed).max().unwrap()
}

#[test]
fn a_stricter_tier_holds_and_says_who_raised_it() {
    let scene = Scene::by_copilot().approved(&alice());
    scene.passes();
    let verdict = scene.own_rules(TWO).ends(Conclusion::ActionRequired, &[Code::RuleRequires]);
    let tier = &verdict.tiers[0];
    let raised = tier.raised_by.as_ref().unwrap();
    assert_eq!((tier.needed, raised.line, raised.source.as_str()), (2, 2, ".github/portcullis.toml"));
}

#[test]
fn a_rule_of_its_own_adds_to_the_others() {
    let own = "version = 1\n[tiers.ours]\napprovals = 1\nfrom = [\"@acme/security\"]\n\
               [[rules]]\nid = \"ours\"\non = [\"pull_request\"]\nwhen = { paths = [\"src/**\"] }\nrequire = \"ours\"\n";
    let scene = Scene::by_copilot().approved(&alice()).own_rules(own);
    scene.ends(Conclusion::ActionRequired, &[Code::RuleRequires]);
    scene.approved(&dana()).passes();
}

#[test]
fn a_rule_of_its_own_allows_nothing() {
    let own = "version = 1\n[[rules]]\nid = \"all\"\non = [\"pull_request\"]\nrequire = \"routine\"\n";
    let scene = Scene::by_copilot().approved(&alice()).own_rules(own);
    let scene = Scene { rules: scene.rules.split("[[rules]]").next().unwrap().to_owned(), ..scene };
    scene.ends(Conclusion::Failure, &[Code::NothingAllows]);
}

#[test]
fn fewer_and_narrower_agents() {
    let scene = Scene::by_copilot().approved(&alice());
    for (own, code) in [
        ("[gate]\nagents = []", Code::AgentRepository),
        ("[agents.copilot]\nbranches = [\"copilot/docs-*\"]", Code::AgentBranch),
        ("[agents.copilot]\nmay = [\"read\"]", Code::AgentVerb),
        ("[agents.copilot]\nexpires = 2026-11-19", Code::AgentExpired),
    ] {
        let verdict =
            scene.clone().own_rules(&format!("version = 1\n{own}\n")).ends(Conclusion::Failure, &[code]);
        let place = verdict.findings[0].rule.clone().unwrap();
        assert_eq!(
            (place.line, place.source.as_str()),
            (2 + u32::from(place.id == "gate.agents"), ".github/portcullis.toml")
        );
    }
    scene.own_rules("version = 1\n[gate]\nagents = [\"copilot\"]\n").passes();
}

#[test]
fn stricter_enforcement_blocks_where_the_organisation_only_reports() {
    let scene = Scene::by_copilot().rules("enforcement = \"active\" ", "enforcement = \"evaluate\" ");
    assert_eq!(scene.decide().shown(), Conclusion::Success);
    let own = "version = 1\n[gate]\nenforcement = \"active\"\n";
    assert_eq!(scene.own_rules(own).decide().shown(), Conclusion::ActionRequired);
}

#[test]
fn a_file_that_loosens_is_refused_with_its_line_and_the_organisation_alone_holds() {
    let scene = Scene::by_copilot().own_rules(LOOSE);
    let verdict = scene.decide();
    let own = verdict.rules.own.clone().unwrap();
    assert_eq!(own.digest, None);
    assert!(own.trouble.as_ref().unwrap().starts_with("line 4: "), "{own:?}");
    assert_eq!(approvals_needed(&verdict.pulls[0]), 1);
    scene.approved(&bob()).passes();
}

#[test]
fn the_last_good_file_stays_in_force() {
    let text = |text: &str| Some(RulesText { blob: sha(0x61), text: text.to_owned() });
    let scene = Scene::by_copilot().approved(&alice()).facts(|facts| {
        facts.own_rules = Fact::Known(OwnRules { newest: text(LOOSE), unusable: None, last_good: text(TWO) });
    });
    let verdict = scene.decide();
    assert_eq!(approvals_needed(&verdict.pulls[0]), 2);
    let own = verdict.rules.own.unwrap();
    assert!(own.digest.is_some() && own.trouble.is_some());
}

#[test]
fn a_file_that_the_organisation_has_outgrown_goes_on_tightening() {
    let text =
        Some(RulesText { blob: sha(0x61), text: format!("{TWO}[agents.copilot]\nmay = [\"read\"]\n") });
    let scene = Scene::by_copilot()
        .approved(&alice())
        .rules("[tiers.routine]\napprovals = 1", "[tiers.routine]\napprovals = 3")
        .facts(|facts| {
            facts.own_rules = Fact::Known(OwnRules { newest: text.clone(), unusable: None, last_good: text })
        });
    let verdict = scene.ends(Conclusion::Failure, &[Code::AgentVerb, Code::RuleRequires]);
    assert_eq!(approvals_needed(&verdict), 3);
}

#[test]
fn not_knowing_what_the_repository_asks_for_blocks() {
    let unknown = |scene: Scene| scene.facts(|facts| facts.own_rules = Fact::unknown("it is binary"));
    unknown(Scene::by_copilot().approved(&alice())).ends(Conclusion::Failure, &[Code::CannotSee]);
    let evaluate = Scene::by_copilot().rules("enforcement = \"active\" ", "enforcement = \"evaluate\" ");
    assert_eq!(unknown(evaluate).decide().enforcement, Enforcement::Active);
    unknown(Scene::by_alice()).passes();
}

#[test]
fn the_organisations_rules_are_governance_wherever_they_stand() {
    use std::sync::Arc;

    use super::scene::parsed;
    use crate::decide::decide;
    use crate::rules::{Origin, RuleSource};
    let scene = Scene::by_copilot()
        .rules("[tiers.routine]\napprovals = 1", "[tiers.routine]\napprovals = 0")
        .files([file("ops/Gate.toml")]);
    let in_repository = |id| {
        let origin = Some(Origin { repository: crate::ids::RepoId(id), path: "ops/gate.toml".to_owned() });
        let source = RuleSource { origin, ..RuleSource::good(Arc::new(parsed(&scene.rules))) };
        let findings = decide(&scene.facts, &source).pulls.remove(0).findings;
        findings.iter().any(|finding| matches!(finding.code, Code::GovernanceFloor | Code::RuleDenies))
    };
    assert!(in_repository(1));
    assert!(!in_repository(2));
}

#[test]
fn proposed_rules_are_validated_and_judge_nothing() {
    use crate::facts::{Effects, ProposedRules};
    use crate::plan::{Shows, plan};
    use crate::verdict::ProposalState;
    let propose = |text: Fact<Option<&str>>| {
        let text = match text {
            Fact::Known(text) => Fact::Known(text.map(str::to_owned)),
            Fact::Unknown(why) => Fact::Unknown(why),
        };
        let proposed = ProposedRules { path: ".github/portcullis.toml".into(), text };
        Scene::by_copilot().approved(&alice()).pull(|pull| pull.proposed_rules = vec![proposed])
    };
    for (text, valid) in [
        (Fact::Known(Some(TWO)), true),
        (Fact::Known(None), true),
        (Fact::Known(Some(LOOSE)), false),
        (Fact::unknown("it is binary"), false),
    ] {
        let scene = propose(text);
        scene.passes();
        let verdict = scene.decide();
        let actions = plan(&verdict, &Effects::default());
        let own = actions[0].check().unwrap();
        let rules = actions[1].check().unwrap();
        assert_eq!((own.what, own.conclusion), (Shows::Verdict, Conclusion::Success));
        assert_eq!((rules.what, rules.name.as_str()), (Shows::ProposedRules, "portcullis/rules"));
        let expected = if valid { Conclusion::Success } else { Conclusion::Failure };
        assert_eq!(rules.conclusion, expected, "{:#?}", verdict.proposals);
    }
    let remark = propose(Fact::Known(Some(LOOSE))).decide().proposals.remove(0);
    assert_eq!(remark.state, ProposalState::Invalid);
    assert_eq!((remark.remarks[0].code.as_str(), remark.remarks[0].line), ("loosening", 4));
}

#[test]
fn what_can_be_no_rules_is_said_and_the_last_good_file_stays() {
    let last_good = Some(RulesText { blob: sha(0x61), text: TWO.to_owned() });
    for (last_good, needed) in [(last_good, 2), (None, 1)] {
        let verdict = Scene::by_copilot()
            .facts(|facts| {
                let unusable = Some("it is no text".to_owned());
                facts.own_rules = Fact::Known(OwnRules { newest: None, unusable, last_good });
            })
            .decide();
        assert_eq!(approvals_needed(&verdict.pulls[0]), needed);
        assert_eq!(verdict.rules.own.unwrap().trouble.as_deref(), Some("it is no text"));
    }
}

/// Renaming a tier or an agent for the whole organisation must not undo what a repository asked for.
#[test]
fn what_the_organisation_took_away_under_a_repositorys_rules_is_not_passed_over() {
    let own = |rule: &str| format!("version = 1\n[[rules]]\nid = \"own\"\non = [\"pull_request\"]\n{rule}");
    for text in [
        own("require = \"audited\"\n"),
        own("when = { changes = [\"money\"] }\ndeny = true\n"),
        own("when = { agents = [\"gone\"] }\ndeny = true\n"),
        "version = 1\n[agents.gone]\nmay = [\"read\"]\n".to_owned(),
    ] {
        let text = Some(RulesText { blob: sha(0x61), text });
        let scene = Scene::by_copilot().approved(&alice()).facts(|facts| {
            facts.own_rules = Fact::Known(OwnRules { newest: text.clone(), unusable: None, last_good: text });
        });
        let verdict = scene.ends(Conclusion::Failure, &[Code::CannotSee]);
        assert!(verdict.findings[0].message.contains("no longer fit"), "{}", verdict.findings[0].message);
        assert!(scene.decide().rules.own.unwrap().trouble.is_some());
    }
}

#[test]
fn a_check_of_proposed_rules_is_not_made_green_by_what_cannot_be_seen() {
    use crate::facts::{Effects, ShownCheck};
    use crate::plan::{Shows, plan};
    let shown = ShownCheck {
        id: crate::ids::CheckRunId(1),
        completed: true,
        conclusion: Some("failure".to_owned()),
        external_id: None,
    };
    let effects = Effects { checks: Vec::new(), rules_checks: vec![shown] };
    let rules_checks = |scene: &Scene| {
        let actions = plan(&scene.decide(), &effects);
        let checks = actions.iter().filter_map(|action| action.check());
        checks.filter(|show| show.what == Shows::ProposedRules).count()
    };
    assert_eq!(rules_checks(&Scene::by_alice()), 1, "the head proposes none any more");
    assert_eq!(rules_checks(&Scene::by_alice().pull(|pull| pull.change = Fact::unknown("too large"))), 0);
}
