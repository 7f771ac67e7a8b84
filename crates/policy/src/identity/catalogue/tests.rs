use std::collections::BTreeSet;

use super::*;
use crate::verdict::EvidenceClass;

fn builtin() -> &'static Catalogue {
    Catalogue::builtin()
}

#[test]
fn the_builtin_catalogue_can_be_read() {
    assert_eq!(builtin().complaint(), None);
    assert!(builtin().entries().len() > 60, "{}", builtin().entries().len());
}

#[test]
fn every_entry_has_a_source_a_date_and_a_signal() {
    for entry in builtin().entries() {
        assert!(
            !entry.source.is_empty() && !entry.signals.is_empty() && !entry.name.is_empty(),
            "{}",
            entry.id
        );
        assert!(entry.checked_on.year() >= 2026, "{}", entry.id);
    }
}

#[test]
fn the_ids_that_rules_name_stay() {
    for (id, user) in [
        ("github-copilot", 198_982_749),
        ("copilot-code-review", 175_728_472),
        ("claude", 209_825_114),
        ("claude-code", 81_847),
        ("openai-codex", 199_175_422),
        ("cursor", 206_951_365),
        ("devin", 158_243_242),
        ("jules", 161_369_871),
        ("renovate", 29_139_614),
        ("dependabot", 49_699_333),
        ("github-actions", 41_898_282),
    ] {
        assert_eq!(builtin().by_user_id(UserId(user)).map(|entry| entry.id.as_str()), Some(id));
        assert!(builtin().user_ids_of(id).contains(&UserId(user)), "{id}");
    }
    assert_eq!(builtin().by_user_id(UserId(1)), None);
    assert!(builtin().user_ids_of("nobody").is_empty());
    assert_eq!(builtin().entry("amp").map(Entry::user_ids), Some([].as_slice()));
}

#[test]
fn ids_and_numbers_are_unique() {
    assert_eq!(builtin().ids().count(), builtin().entries().len());
    let users: Vec<_> = builtin().entries().iter().flat_map(Entry::user_ids).collect();
    assert_eq!(users.iter().collect::<BTreeSet<_>>().len(), users.len());
}

#[test]
fn both_numbers_of_a_conflict_are_listed_with_a_note() {
    let roo = builtin().entry("roo").unwrap();
    for id in [263_205_322, 219_738_659] {
        let signal = roo.signals.iter().find(|signal| signal.sign == Sign::UserId(UserId(id))).unwrap();
        assert!(signal.note.as_ref().is_some_and(|note| note.contains("both count")));
    }
}

#[test]
fn a_shared_number_has_one_owner_and_is_documented_where_it_is_borrowed() {
    for (id, address) in [
        ("claude-code-action", "41898282+claude[bot]@users.noreply.github.com"),
        ("opencode", "41898282+opencode-agent[bot]@users.noreply.github.com"),
    ] {
        let sign = Sign::Email { address: address.into(), name: None };
        let signals = &builtin().entry(id).unwrap().signals;
        let signal = signals.iter().find(|signal| signal.sign == sign).unwrap();
        assert!(signal.note.as_ref().is_some_and(|note| note.contains("github-actions[bot]")), "{id}");
    }
}

/// The matching rules that sources learnt the hard way (`reference/identities.md`, 3.1).
#[test]
fn no_forbidden_sign_counts() {
    let words = [
        "claude", "devin", "jules", "cody", "cursor", "codex", "amp", "continue", "cline", "copilot", "kiro",
        "junie",
    ];
    for entry in builtin().entries() {
        for signal in entry.signals.iter().filter(|signal| !signal.never) {
            let sign = &signal.sign;
            assert_eq!(signal.class == EvidenceClass::Platform, matches!(sign, Sign::UserId(_)), "{sign:?}");
            match sign {
                Sign::Email { address, .. } => {
                    assert!(
                        !["gemini-cli@google.com", "noreply@github.com", "bot@antigravity.ai"]
                            .contains(&address.as_str())
                    );
                }
                Sign::EmailDomain { domain, .. } => assert!(!domain.contains("github.com"), "{domain}"),
                Sign::Login(text) | Sign::LoginPrefix(text) | Sign::Body(text) => {
                    assert!(!words.contains(&text.as_str()), "{}: {text}", entry.id);
                }
                Sign::NameSuffix(suffix) => assert!(suffix.starts_with(' '), "{suffix}"),
                Sign::Subject(prefix) => assert!(prefix.ends_with(": "), "{prefix}"),
                Sign::UserId(_) | Sign::Trailer { .. } | Sign::Branch(_) | Sign::Label(_) => {}
            }
        }
    }
}

fn refused(text: &str) -> String {
    Catalogue::parse(text).expect_err(text)
}

const GOOD: &str = r#"
[sources]
X = "x"
[[agents]]
id = "a"
name = "A"
kind = "author"
source = ["X"]
checked_on = 2026-11-20
signals = [{ user_id = 1, class = "platform" }]
"#;

#[test]
fn a_broken_catalogue_is_refused_with_the_reason() {
    Catalogue::parse(GOOD).unwrap();
    assert!(refused(&GOOD.replace("name =", "nam =")).contains("unknown field"));
    assert!(refused(&GOOD.replace("[sources]", "x = 1\n[sources]")).contains("unknown field"));
    assert!(refused(&GOOD.replace("[\"X\"]", "[\"Y\"]")).contains("`Y` is not among the sources"));
    assert!(refused(&GOOD.replace("[\"X\"]", "[]")).contains("needs a source"));
    assert!(refused(&GOOD.replace("2026-11-20", "07:32:00")).contains("`checked_on` is a day"));
    assert!(refused(&GOOD.replace("\"a\"", "\"A b\"")).contains("small letters"));
    assert!(refused(&GOOD.replace("\"author\"", "\"boss\"")).contains("unknown variant"));
    let twice = GOOD.split_once("[[agents]]").unwrap().1;
    assert!(refused(&format!("{GOOD}[[agents]]{twice}")).contains("listed twice"));
    let shared = twice.replace("\"a\"", "\"b\"");
    assert!(refused(&format!("{GOOD}[[agents]]{shared}")).contains("also a sign of `a`"));
}
