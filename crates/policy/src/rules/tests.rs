mod fixtures;

use super::*;
use crate::complaint::Severity;

const SAMPLE: &str = include_str!("../../../../rules.toml");

fn codes(text: &str) -> Vec<&'static str> {
    Rules::parse("rules.toml", text).complaints.iter().map(|complaint| complaint.code.as_str()).collect()
}

#[test]
fn the_sample_is_valid_and_free_of_warnings() {
    let parsed = Rules::parse("rules.toml", SAMPLE);
    assert_eq!(parsed.complaints, []);
    let rules = parsed.rules.unwrap();
    assert_eq!(rules.rules.len(), 8);
    assert_eq!(rules.agents["copilot"].expires.as_ref().unwrap().date, "2027-03-31");
    let groups: Vec<String> = rules.wanted().groups.iter().map(ToString::to_string).collect();
    assert_eq!(groups, ["acme", "@acme/security"]);
}

#[test]
fn every_complaint_is_told_at_once_with_its_place() {
    let text = SAMPLE
        .replace("enforcement = \"active\"", "enforcment = \"active\"")
        .replace("require = \"sensitive\"\nwhy     = \"A link", "require = \"sensitve\"\nwhy     = \"A link")
        .replace("repos     = [\"acme/web\", \"acme/docs-*\"]", "repos     = [\"acme/[\"]");
    let parsed = Rules::parse("rules.toml", &text);
    assert!(parsed.rules.is_none());
    let seen: Vec<(&str, u32)> = parsed.complaints.iter().map(|c| (c.code.as_str(), c.line)).collect();
    assert_eq!(seen, [("unknown-key", 11), ("bad-glob", 30), ("unknown-tier", 66)]);
    assert!(parsed.complaints.iter().all(|c| c.severity == Severity::Error));
    assert_eq!(parsed.complaints[0].help, "Did you mean `enforcement`?");
}

#[test]
fn parsing_is_total() {
    for text in
        ["", "=", "[[rules]]", "rules = 3", "version = 1\n[people]\n[people]", "\u{feff}version=1", "a=1\nb"]
    {
        let parsed = Rules::parse("rules.toml", text);
        assert!(parsed.rules.is_none(), "{text:?}");
        assert!(!parsed.complaints.is_empty(), "{text:?}");
    }
}

#[test]
fn a_rule_about_what_is_not_judged_is_refused() {
    let text = SAMPLE.replacen("on      = [\"pull_request\"]", "on      = [\"merge_group\"]", 1);
    assert_eq!(codes(&text), ["not-judged"]);
}

#[test]
fn floors_cannot_shrink() {
    let text = SAMPLE.replace("[classes.infrastructure]\npaths", "[classes.governance]\nexcept");
    assert_eq!(codes(&text), ["floor-cannot-shrink"]);
}

#[test]
fn one_account_cannot_be_two_agents_nor_a_person_as_well() {
    let again = "\n[agents.second]\nrecognise = [{ user_id = 198982749 }]\nowner = \"@acme/platform\"\n\
                 purpose = \"x\"\nrepos = [\"acme/web\"]\nbranches = [\"x/**\"]\nmay = [\"propose\"]\n\
                 expires = 2027-01-01\n";
    assert_eq!(codes(&format!("{SAMPLE}{again}")), ["agent-registered-twice"]);
    let person = SAMPLE.replace("accounts   = [1901]", "accounts   = [198982749]");
    assert_eq!(codes(&person), ["person-and-agent"]);
}

#[test]
fn logins_are_no_identity() {
    let text = SAMPLE.replace("accounts   = [1901]", "accounts   = [\"frank\"]");
    assert_eq!(codes(&text), ["login-is-no-identity"]);
}
