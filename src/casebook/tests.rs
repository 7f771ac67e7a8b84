use policy::verdict::Effect;

use super::*;

fn rules() -> Arc<Rules> {
    let parsed = Rules::parse("rules.toml", include_str!("../../rules.toml"));
    Arc::new(parsed.rules.unwrap())
}

fn case(text: &str) -> Case {
    let book = format!("[[cases]]\nname = \"x\"\nrepository = \"acme/web\"\n{text}");
    Casebook::parse(&book).unwrap().cases.remove(0)
}

#[test]
fn the_cases_beside_the_sample_hold_and_reach_every_rule() {
    let rules = rules();
    let book = Casebook::parse(include_str!("../../tests/rules/sample.toml")).unwrap();
    let mut reached = BTreeSet::new();
    for case in &book.cases {
        let judged = case.judge(&rules).unwrap();
        assert_eq!(judged.differences, Vec::<String>::new(), "{}", case.name);
        reached.extend(judged.applied);
    }
    let all: BTreeSet<String> = rules.rules.iter().map(|rule| rule.id.clone()).collect();
    assert_eq!(reached, all);
}

#[test]
fn a_wrong_expectation_is_told_in_full() {
    let case = case(
        "actor = \"copilot\"\nbranch = \"copilot/x\"\npaths = [\"src/a.rs\"]\nexpect = \"success\"\n\
         rules = [\"pipelines\"]\ncodes = [\"agent-branch\"]",
    );
    let judged = case.judge(&rules()).unwrap();
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
fn nonsense_is_refused_with_the_way_out() {
    let error = case("actor = \"copylot\"\nexpect = \"success\"").judge(&rules()).unwrap_err();
    assert!(error.contains("`copylot`") && error.contains("@login"), "{error}");
    assert!(Casebook::parse("[[cases]]\nnam = \"x\"").is_err());
}

#[test]
fn the_examples_of_findings_are_true() {
    let rules = rules();
    let mut told = 0;
    for code in Code::ALL {
        let record = code.record();
        let found = |body: &str| {
            let place = if body.contains("repository") { "" } else { "repository = \"acme/web\"\n" };
            let text = format!("[[cases]]\nname = \"x\"\nexpect = \"success\"\n{place}{body}");
            let judged = Casebook::parse(&text).unwrap().cases.remove(0).judge(&rules).unwrap();
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
