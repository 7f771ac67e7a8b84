use policy::verdict::Effect;

use super::*;

fn law() -> Law {
    let parsed = Rules::parse("rules.toml", include_str!("../../rules.toml"));
    Law { rules: Arc::new(parsed.rules.unwrap()), own: None }
}

fn case(text: &str) -> Case {
    let book = format!("[[cases]]\nname = \"x\"\nrepository = \"acme/web\"\n{text}");
    Casebook::parse(&book).unwrap().cases.remove(0)
}

#[test]
fn the_cases_beside_the_sample_hold_and_reach_every_rule() {
    let law = law();
    let book = Casebook::parse(include_str!("../../tests/rules/sample.toml")).unwrap();
    let mut reached = BTreeSet::new();
    for case in &book.cases {
        let judged = case.judge(&law).unwrap();
        assert_eq!(judged.differences, Vec::<String>::new(), "{}", case.name);
        reached.extend(judged.applied);
    }
    assert_eq!(reached, law.rule_ids());
}

#[test]
fn a_wrong_expectation_is_told_in_full() {
    let case = case(
        "actor = \"copilot\"\nbranch = \"copilot/x\"\npaths = [\"src/a.rs\"]\nexpect = \"success\"\n\
         rules = [\"pipelines\"]\ncodes = [\"agent-branch\"]",
    );
    let judged = case.judge(&law()).unwrap();
    assert_eq!(
        judged.differences,
        [
            "expected `success`, got `action_required`",
            "rule `pipelines` did not apply",
            "rule `everything-needs-a-person` applied, too",
            "no finding has the code `agent-branch`",
        ]
    );
}

#[test]
fn a_case_says_what_else_the_agent_did() {
    let quota = "[agents.copilot.quota]\nopen = 2\npulls_a_day = 3\nlines_a_day = { source = 100 }\n";
    let text = format!("{}\n{quota}", include_str!("../../rules.toml"));
    let law = Law { rules: Arc::new(Rules::parse("rules.toml", &text).rules.unwrap()), own: None };
    let beyond = |beside: &str| {
        let case = case(&format!(
            "actor = \"copilot\"\nbranch = \"copilot/x\"\npaths = [\"src/a.rs\", \"docs/b.md\"]\nlines = 41\n\
             approvals = [\"alice\"]\nexpect = \"success\"\n{beside}"
        ));
        let findings = case.judge(&law).map(|judged| judged.verdict.pulls[0].findings.clone())?;
        Ok::<_, String>(findings.iter().any(|finding| finding.code == Code::OverQuota))
    };
    for (beside, is_beyond) in [
        ("", false),
        ("beside = { open = 1, opened_today = 2, lines_today = { source = 80 } }", false),
        ("beside = { open = 2 }", true),
        ("beside = { opened_today = 3 }", true),
        ("beside = { lines_today = { source = 81 } }", true),
        ("beside = { lines_today = { docs = 8000 } }", false),
    ] {
        assert_eq!(beyond(beside), Ok(is_beyond), "{beside}");
    }
    assert!(beyond("beside = { lines_today = { sauce = 80 } }").unwrap_err().contains("`sauce`"));
}

#[test]
fn nonsense_is_refused_with_the_way_out() {
    let error = case("actor = \"copylot\"\nexpect = \"success\"").judge(&law()).unwrap_err();
    assert!(error.contains("`copylot`") && error.contains("@login"), "{error}");
    assert!(Casebook::parse("[[cases]]\nnam = \"x\"").is_err());
}

#[test]
fn the_examples_of_findings_are_true() {
    let law = law();
    let mut told = 0;
    for code in Code::ALL {
        let record = code.record();
        let found = |body: &str| {
            let place = if body.contains("repository") { "" } else { "repository = \"acme/web\"\n" };
            let text = format!("[[cases]]\nname = \"x\"\nexpect = \"success\"\n{place}{body}");
            let judged = Casebook::parse(&text).unwrap().cases.remove(0).judge(&law).unwrap();
            let mut findings = judged.verdict.pulls.iter().flat_map(|pull| &pull.findings);
            findings.any(|finding| finding.code == *code && finding.effect != Effect::Satisfied)
        };
        if !record.bad.is_empty() {
            told += 1;
            assert!(found(record.bad) && !found(record.good), "{}", record.text);
        }
    }
    assert!(told >= 7, "{told}");
}

#[test]
fn a_repositorys_own_rules_are_tested_below_the_organisations() {
    let own = "version = 1\n[tiers.routine]\napprovals = 2\n[tiers.ours]\napprovals = 1\nfrom = [\"@acme/owners\"]\n\
               [[rules]]\nid = \"payments\"\non = [\"pull_request\"]\nwhen = { paths = [\"pay/**\"] }\nrequire = \"ours\"\n";
    let law = Law { own: Some(own.to_owned()), ..law() };
    let judged = |approvals: &str, expect: &str| {
        let case = case(&format!(
            "actor = \"copilot\"\nbranch = \"copilot/x\"\npaths = [\"pay/a.ts\"]\napprovals = [{approvals}]\nexpect = \"{expect}\""
        ));
        case.judge(&law).unwrap()
    };
    let one = judged("\"alice\"", "action_required");
    assert_eq!(one.differences, Vec::<String>::new());
    assert!(one.applied.contains("payments") && law.rule_ids().contains("payments"));
    let two = judged("\"alice\", { by = \"bob\", teams = [\"@acme/owners\"] }", "success");
    assert_eq!(two.differences, Vec::<String>::new());
}
