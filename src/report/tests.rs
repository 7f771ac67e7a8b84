//! Whole texts of typical verdicts, and the limits that hold for any verdict.

use insta::assert_snapshot;
use policy::Verdict;
use policy::verdict::{Enforcement, Finding, PullVerdict};
use proptest::prelude::*;

use super::fixture::{self, HOSTILE};
use super::*;

fn shown(verdict: &Verdict) -> String {
    let output = check_output(verdict);
    assert_limits(&output);
    let mut text =
        format!("{}\n\n=== title\n{}\n\n=== summary\n{}\n", one_line(verdict), output.title, output.summary);
    text.push_str("=== annotations\n");
    for each in output.annotations.iter().take(4) {
        let level = each.level.as_str();
        text.push_str(&format!("{level} {:?} {}: {:?}\n", each.path, each.title, each.message));
    }
    text.push_str(&format!(
        "{} in all\n\n=== explain\n{}",
        output.annotations.len(),
        explain(verdict, Style::Plain)
    ));
    text
}

/// GitHub's limits on a check run (REST API, "Create a check run").
fn assert_limits(output: &CheckOutput) {
    assert!(output.title.chars().count() <= 255 && !output.title.is_empty());
    assert!(output.summary.len() <= 65_535, "{}", output.summary.len());
    assert!(output.annotations.len() <= 500);
    for each in &output.annotations {
        assert!(
            each.title.chars().count() <= 255 && each.message.len() <= 64 * 1024 && !each.message.is_empty()
        );
        assert_eq!((each.start_line, each.end_line), (1, 1));
    }
}

macro_rules! snapshots {
    ($($name:ident),+ $(,)?) => {$(
        #[test]
        fn $name() {
            assert_snapshot!(stringify!($name), shown(&fixture::$name()));
        }
    )+};
}

snapshots!(
    denied_by_two,
    waiting,
    two_tiers,
    own_rules,
    approved_before_a_push,
    unregistered,
    blind,
    approved,
    people_only,
    assisted,
    evaluate,
    cannot_see,
    no_rules,
    siblings,
    hostile,
);

#[test]
fn three_thousand_files_are_counted_and_not_listed() {
    let verdict = fixture::huge(3_000);
    let output = check_output(&verdict);
    assert_limits(&output);
    assert_eq!(output.annotations.len(), 500);
    assert!(output.summary.contains("`src/generated/file_0009.rs` (source) and 12335 more\n"));
    assert!(!output.summary.contains("file_0010"));
    assert!(explain(&verdict, Style::Plain).contains("and 12295 more\n"));
}

#[test]
fn what_passes_or_is_switched_off_annotates_nothing() {
    assert_eq!(check_output(&fixture::approved()).annotations, []);
    let off = Verdict { enforcement: Enforcement::Disabled, ..fixture::denied_by_two() };
    let output = check_output(&off);
    assert_eq!(output.annotations, []);
    assert_eq!(output.title, "Not judged: the rules are disabled");
}

#[test]
fn evaluate_says_what_it_would_have_waited_for() {
    let verdict = Verdict { enforcement: Enforcement::Evaluate, ..fixture::waiting() };
    assert_eq!(check_output(&verdict).title, "Would have waited (evaluate): 1 approval (tier `sensitive`)");
}

#[test]
fn a_finding_that_siblings_share_is_annotated_once() {
    let one = fixture::denied_by_two();
    let mut two = one.clone();
    two.pulls.extend(one.pulls.iter().cloned().map(|pull| PullVerdict { number: 99, ..pull }));
    assert_eq!(check_output(&one).annotations, check_output(&two).annotations);
}

#[test]
fn colours_are_the_only_control_sequences() {
    let coloured = explain(&fixture::hostile(), Style::Color);
    assert!(coloured.contains("\u{1b}[31m"));
    let mut bare = coloured;
    for ours in ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[2m", "\u{1b}[31m", "\u{1b}[32m", "\u{1b}[33m"] {
        bare = bare.replace(ours, "");
    }
    assert_eq!(bare, explain(&fixture::hostile(), Style::Plain));
    assert!(!bare.chars().any(|c| c != '\n' && c.is_control()));
}

#[test]
fn many_pull_requests_leave_room_for_the_strictest() {
    let mut verdict = fixture::waiting();
    verdict.pulls = (1..200).map(|number| PullVerdict { number, ..verdict.pulls[0].clone() }).collect();
    verdict.pulls.push(PullVerdict { number: 500, ..fixture::denied_by_two().pulls.remove(0) });
    verdict.conclusion = policy::Conclusion::Failure;
    let output = check_output(&verdict);
    assert_limits(&output);
    let at =
        |text: &str| output.summary.find(text).unwrap_or_else(|| panic!("no {text:?} in {}", output.summary));
    assert!(at("## Pull request 500, blocked") < at("## Pull request 1, waiting"));
    at("… 194 more pull requests not shown, none of them judged more strictly.");
    assert!(output.title.contains("(pull request 500; 199 other pull requests with this head)"));
}

#[test]
fn what_does_not_fit_is_counted() {
    let mut verdict = fixture::denied_by_two();
    let pull = &mut verdict.pulls[0];
    for finding in &mut pull.findings {
        finding.message = HOSTILE.repeat(50);
        finding.why = Some(HOSTILE.repeat(50));
    }
    pull.findings = pull.findings.iter().cycle().take(300).cloned().collect();
    let output = check_output(&verdict);
    assert_limits(&output);
    assert!(output.summary.contains(" more not shown.\n"));
    assert!(output.summary.contains("### What to do next, and who can"));
    assert!(output.summary.contains("### Which rules"));
}

/// The most that a change can make of a verdict: 50 rules over 3,000 files, each of which matches, by names as long as
/// a file system takes, in as many pull requests as share a head.
#[test]
fn limits_hold_for_the_largest_change() {
    let name = |n: usize| {
        let tail = format!("{n:04}");
        let fill = HOSTILE.bytes().cycle().take(255 - tail.len());
        fill.chain(tail.bytes()).collect::<Vec<u8>>()
    };
    let mut verdict = fixture::hostile();
    let mut pull = verdict.pulls.remove(0);
    let mut finding = pull.findings.remove(0);
    finding.evidence = (0..100).map(|n| fixture::path(name(n), &["source", "ci"])).collect();
    finding.evidence_total = 3_000;
    let rule = finding.rule.clone().unwrap();
    let by = |line: u32| Some(policy::verdict::RuleRef { line, ..rule.clone() });
    pull.findings = (0..100).map(|line| Finding { rule: by(line), ..finding.clone() }).collect();
    pull.tiers = vec![pull.tiers[0].clone(); 20];
    verdict.pulls = (1..100).map(|number| PullVerdict { number, ..pull.clone() }).collect();
    let output = check_output(&verdict);
    assert_limits(&output);
    assert_eq!(output.annotations.len(), 500);
    assert!(output.summary.contains("## Pull request 1, blocked"));
    assert!(output.summary.contains("### Which rules"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn limits_hold_whatever_is_judged(
        unit in prop_oneof![Just("`"), Just("\u{e0041}"), Just("&"), Just("@"), Just("é"), Just("🦀"), Just(HOSTILE)],
        times in 0_usize..300,
        pulls in 1_usize..12,
        findings in 0_usize..60,
        many in 0_usize..60,
    ) {
        let text = unit.repeat(times);
        let mut verdict = fixture::hostile();
        verdict.rules.trouble = Some(format!("{text}\n").repeat(9));
        verdict.rules.source = text.clone();
        let mut pull = verdict.pulls.remove(0);
        pull.title = text.clone();
        let mut finding = pull.findings[0].clone();
        finding.message = text.clone();
        finding.why = Some(text.clone());
        finding.way_out = Some(text.clone());
        finding.evidence = vec![fixture::path(text.clone(), &["source"]); many];
        pull.findings = vec![finding; findings];
        pull.involvement.agents = vec![pull.involvement.agents[0].clone(); many];
        pull.tiers[0].name = text;
        pull.tiers[0].disqualified = vec![pull.tiers[0].disqualified[0].clone(); many];
        pull.tiers = vec![pull.tiers[0].clone(); many.min(9)];
        verdict.pulls = vec![pull; pulls];
        assert_limits(&check_output(&verdict));
    }
}

#[test]
fn proposed_rules_have_a_check_of_their_own() {
    let output = rules_output(&fixture::proposals());
    let lines: Vec<String> = output
        .annotations
        .iter()
        .map(|each| {
            format!(
                "{} {}:{} {}: {:?}",
                each.level.as_str(),
                each.path,
                each.start_line,
                each.title,
                each.message
            )
        })
        .collect();
    insta::assert_snapshot!(format!("{}\n\n{}\n{}", output.title, output.summary, lines.join("\n")));
}

#[test]
fn however_much_is_wrong_with_proposed_rules_the_limits_hold() {
    let mut verdict = fixture::proposals();
    let hostile = "`]($\u{202e}<&\u{0}".repeat(120);
    for proposal in &mut verdict.proposals {
        let remark = policy::verdict::Remark {
            message: hostile.clone(),
            help: hostile.clone(),
            ..fixture::proposals().proposals[0].remarks[0].clone()
        };
        proposal.remarks = vec![remark; 50];
        proposal.adds = vec![hostile.clone(); 50];
        proposal.removes = vec![hostile.clone(); 50];
    }
    let output = rules_output(&verdict);
    assert!(
        output.summary.len() <= 65_535 && output.summary.contains("more not shown"),
        "{}",
        output.summary.len()
    );
    assert!(output.title.chars().count() <= 255);
    assert!(
        output
            .annotations
            .iter()
            .all(|each| each.message.len() <= 64 * 1024 && each.title.chars().count() <= 255)
    );
}
