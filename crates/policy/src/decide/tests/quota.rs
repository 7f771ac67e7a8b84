//! Quotas: how much of one thing an agent may do, and whose turn it is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use change::Class;

use super::moved::{facts as ref_facts, pushed};
use super::scene::{NOW, Scene, copilot, file, parsed, pull, repository, user};
use crate::act::RefFacts;
use crate::decide::decide_ref;
use crate::facts::{Counted, Fact, PullState, PushTold};
use crate::ids::{Millis, RepoId};
use crate::rules::{Respond, RuleSource, Rules, Tightening};
use crate::verdict::{Code, Conclusion, Effect, PullVerdict};

const HOUR: i64 = 3_600_000;

fn ago(hours: i64) -> Millis {
    Millis(NOW.0 - hours * HOUR)
}

/// Another pull request of the agent, opened before so many hours.
fn earlier(number: u64, hours: i64) -> Counted {
    Counted {
        repository: repository(1, "acme/web"),
        number,
        opened_at: ago(hours),
        earlier: true,
        state: PullState::Open,
        ended_at: None,
        lines: Fact::Known(BTreeMap::new()),
    }
}

fn ended(state: PullState, hours: i64, other: Counted) -> Counted {
    Counted { state, ended_at: Some(ago(hours)), ..other }
}

fn changing(class: Class, lines: u64, other: Counted) -> Counted {
    Counted { lines: Fact::Known(BTreeMap::from([(class, lines)])), ..other }
}

/// Copilot's approved pull request, of an agent with a quota.
fn scene(quota: &str, tally: Vec<Counted>) -> Scene {
    Scene::by_copilot()
        .approved(&super::scene::alice())
        .and_rules(&format!("\n[agents.copilot.quota]\n{quota}\n"))
        .pull(|pull| pull.tally = Some(Fact::Known(tally)))
}

fn many(count: u64, hours: i64) -> Vec<Counted> {
    (1..=count).map(|number| earlier(number, hours)).collect()
}

#[track_caller]
fn waits(scene: &Scene) -> PullVerdict {
    let verdict = scene.ends(Conclusion::ActionRequired, &[Code::OverQuota]);
    let finding = &verdict.findings[0];
    assert_eq!(finding.effect, Effect::Waits);
    assert!(finding.rule.as_ref().unwrap().id == "agents.copilot.quota", "{finding:?}");
    verdict
}

#[test]
fn so_many_open_ones_pass_and_the_next_waits_with_the_numbers() {
    scene("open = 3", many(2, 100)).passes();
    let verdict = waits(&scene("open = 3", many(3, 100)));
    assert!(verdict.findings[0].message.contains("has 3 open pull requests before this one, of 3"));
    assert_eq!(verdict.findings[0].evidence_total, 3);
    assert_eq!(verdict.turn, None, "nobody knows when one is closed");
    let closed = ended(PullState::Closed, 1, earlier(3, 100));
    scene("open = 3", [many(2, 100), vec![closed]].concat()).passes();
    waits(&scene("open = 0", vec![]));
}

#[test]
fn what_was_opened_later_takes_nothing_from_it() {
    let later = Counted { earlier: false, ..earlier(9, 1) };
    let crowd = vec![later; 50];
    scene("open = 1\npulls_a_day = 1\nlines_a_day = { source = 1 }", crowd)
        .files([change::FileChange { lines: Some(1), ..file("src/lib.rs") }])
        .passes();
}

#[test]
fn the_turn_of_a_day_comes_when_the_window_has_moved_on() {
    scene("pulls_a_day = 2", vec![earlier(1, 20)]).passes();
    let verdict = waits(&scene("pulls_a_day = 2", vec![earlier(1, 20), earlier(2, 5)]));
    assert_eq!(verdict.turn, Some(ago(20 - 24)), "when the older one is a day old");
    assert!(
        verdict.findings[0].message.contains("opened 2 pull requests within 24 hours before this one, of 2"),
        "{}",
        verdict.findings[0].message
    );
    assert!(verdict.findings[0].message.contains(&ago(20 - 24).minute()));
    scene("pulls_a_day = 2", vec![earlier(1, 24), earlier(2, 5)]).passes();
    // Whether they are open makes no difference: somebody had to look at them.
    let closed = ended(PullState::Closed, 1, earlier(1, 2));
    waits(&scene("pulls_a_day = 1", vec![closed]));
    assert_eq!(waits(&scene("pulls_a_day = 0", vec![])).turn, None);
}

#[test]
fn a_backlog_is_let_pass_day_by_day() {
    // A hundred in one hour, thirty hours ago: of those the first twenty have had their turn.
    for (before, passes) in [(19, true), (20, false), (99, false)] {
        let scene = scene("pulls_a_day = 10", many(before, 30));
        if passes {
            scene.passes();
        } else {
            let days = i64::try_from(before / 10).unwrap();
            assert_eq!(waits(&scene).turn, Some(ago(30 - 24 * days.min(7))), "{before}");
        }
    }
}

#[test]
fn lines_of_a_class_add_up_over_pull_requests() {
    let own = |lines| change::FileChange { lines: Some(lines), ..file("Cargo.toml") };
    let class = Class::DEPENDENCIES;
    let quota = "lines_a_day = { dependencies = 100 }";
    let others = vec![
        changing(class.clone(), 40, earlier(1, 20)),
        changing(class.clone(), 30, ended(PullState::Merged, 3, earlier(2, 90))),
        // A day ago, or never landed, or of another class.
        changing(class.clone(), 900, ended(PullState::Merged, 24, earlier(3, 90))),
        changing(class.clone(), 900, ended(PullState::Closed, 1, earlier(4, 2))),
        changing(Class::SOURCE, 900, earlier(5, 2)),
    ];
    let with = |lines| {
        scene(quota, others.clone())
            .rules("require = \"sensitive\"", "require = \"routine\"")
            .files([own(lines)])
    };
    with(30).passes();
    let verdict = waits(&with(31));
    assert!(
        verdict.findings[0]
            .message
            .contains("changes 101 lines of class `dependencies` within 24 hours, of 100")
    );
    assert_eq!((verdict.turn, verdict.findings[0].evidence_total), (Some(ago(20 - 24)), 2));
    // The first to leave makes too little room.
    assert_eq!(waits(&with(75)).turn, Some(ago(3 - 24)));
    let alone = waits(&with(101));
    assert_eq!(alone.turn, None);
    assert!(alone.findings[0].message.contains("this one alone is more than that"));
    // Merged ones count whenever they were opened: those lines are used up.
    let merged =
        Counted { earlier: false, ..changing(class, 90, ended(PullState::Merged, 1, earlier(9, 2))) };
    waits(
        &scene(quota, vec![merged])
            .rules("require = \"sensitive\"", "require = \"routine\"")
            .files([own(11)]),
    );
}

#[test]
fn what_could_not_be_counted_does_not_pass() {
    let unseen = |scene: Scene| scene.ends(Conclusion::Failure, &[Code::CannotSee]);
    unseen(scene("open = 3", vec![]).pull(|pull| pull.tally = None));
    unseen(scene("open = 3", vec![]).pull(|pull| pull.tally = Some(Fact::unknown("more than 1000"))));
    let lines = "lines_a_day = { source = 100 }";
    unseen(scene(lines, vec![]));
    let counted = change::FileChange { lines: Some(1), ..file("src/lib.rs") };
    scene(lines, vec![]).files([counted.clone()]).passes();
    let unknown = Counted { lines: Fact::unknown("not counted"), ..earlier(1, 1) };
    unseen(scene(lines, vec![unknown.clone()]).files([counted.clone()]));
    // Of a class that it does not touch nothing needs to be known.
    scene("lines_a_day = { ci = 100 }", vec![unknown]).files([counted]).passes();
}

#[test]
fn without_a_quota_nothing_is_counted() {
    Scene::by_copilot().approved(&super::scene::alice()).passes();
    let people = Scene::of(pull(7, super::scene::alice(), "fix"));
    people.and_rules("\n[agents.copilot.quota]\nopen = 0\n").passes();
    let source = RuleSource::good(Arc::new(parsed(super::scene::SAMPLE)));
    assert_eq!(source.counts(copilot().id, &Fact::Known(Default::default())), None);
    let scene = scene("runs = 2", vec![]);
    let own = Fact::Known(Default::default());
    let counts = scene.source().counts(copilot().id, &own).unwrap();
    assert_eq!((counts.pulls, counts.lines, counts.pushes, counts.runs), (false, false, false, Some(2)));
    assert_eq!(scene.source().counts(user(1, "x").id, &own), None);
    scene.pull(|pull| pull.tally = None).passes();
}

#[test]
fn a_repositorys_own_quota_counts_what_happens_there() {
    let elsewhere = Counted { repository: repository(2, "acme/docs-a"), ..earlier(1, 1) };
    let own = "version = 1\n[agents.copilot.quota]\nopen = 1\n";
    scene("open = 5", vec![elsewhere.clone()]).own_rules(own).passes();
    let verdict = scene("open = 5", vec![elsewhere, earlier(2, 1)]).own_rules(own).verdict();
    assert_eq!(verdict.conclusion, Conclusion::ActionRequired);
    let place = verdict.findings[0].rule.as_ref().unwrap();
    assert_eq!((place.source.as_str(), place.line), (".github/portcullis.toml", 2));
    // Without a quota of the organisation's as well.
    let bare = Scene::by_copilot().approved(&super::scene::alice());
    let one = bare.pull(|pull| pull.tally = Some(Fact::Known(many(1, 1)))).own_rules(own);
    assert_eq!(one.verdict().conclusion, Conclusion::ActionRequired);
}

#[test]
fn a_repository_raises_no_number() {
    let over = parsed(&format!(
        "{}\n[agents.copilot.quota]\nopen = 5\nlines_a_day = {{ source = 100 }}\n",
        super::scene::SAMPLE
    ));
    let codes = |quota: &str| {
        let text = format!("version = 1\n[agents.copilot.quota]\n{quota}\n");
        let complaints = Tightening::parse(&over, &text).complaints;
        complaints.iter().map(|complaint| complaint.code).collect::<Vec<_>>()
    };
    for fine in ["open = 5", "open = 1\nruns = 100", "lines_a_day = { source = 100, docs = 9999 }"] {
        assert!(codes(fine).is_empty(), "{fine}");
    }
    for looser in ["open = 6", "lines_a_day = { source = 101 }"] {
        assert_eq!(codes(looser), [crate::complaint::Code::Loosening], "{looser}");
    }
}

#[test]
fn a_quota_of_nothing_and_an_unknown_class_are_complained_about() {
    let codes = |quota: &str| {
        let text = format!("{}\n[agents.copilot.quota]\n{quota}\n", super::scene::SAMPLE);
        let complaints = Rules::parse("rules.toml", &text).complaints;
        complaints.iter().map(|complaint| complaint.code).collect::<Vec<_>>()
    };
    use crate::complaint::Code::{BadValue, EmptyValue, UnknownClass, UnknownKey, WrongType};
    for (quota, code) in [
        ("", EmptyValue),
        ("lines_a_day = {}", EmptyValue),
        ("lines_a_day = { sources = 1 }", UnknownClass),
        ("lines_a_day = { source = 1.5 }", WrongType),
        ("lines_a_day = 100", WrongType),
        ("open = 501", BadValue),
        ("pulls_per_day = 1", UnknownKey),
    ] {
        assert_eq!(codes(quota), [code], "{quota}");
    }
    assert!(codes("lines_a_day = { infrastructure = 1 }").is_empty());
}

/// A push of the agent to its own branch, after these in the same or another repository.
fn push(quota: &str, before: Option<Fact<Vec<PushTold>>>) -> (RefFacts, RuleSource) {
    let moved = crate::act::Move { pushed_before: before, ..pushed(copilot(), 1, 2) };
    let rules = format!("{}\n[agents.copilot.quota]\n{quota}\n", super::moved::BARE);
    (ref_facts("refs/heads/copilot/fix", vec![moved]), RuleSource::good(Arc::new(parsed(&rules))))
}

fn told(count: u64, minutes: i64) -> Option<Fact<Vec<PushTold>>> {
    let push = |_| PushTold { repository: RepoId(7), at: Millis(NOW.0 - minutes * 60_000) };
    Some(Fact::Known((0..count).map(push).collect()))
}

#[test]
fn pushes_beyond_the_quota_are_denied_and_answered() {
    let judged = |before| {
        let (facts, rules) = push("pushes_a_day = 3", before);
        decide_ref(&facts, &rules).deeds.remove(0)
    };
    assert_eq!(judged(told(2, 30)).conclusion, Conclusion::Success);
    assert_eq!(judged(told(50, 24 * 60 + 1)).conclusion, Conclusion::Success, "a day is over");
    let deed = judged(told(3, 30));
    assert_eq!((deed.findings[0].code, deed.respond), (Code::OverQuota, Some(Respond::Revert)));
    assert!(deed.findings[0].message.contains("had pushed 3 times within 24 hours before, of 3"));
    for unknown in [None, Some(Fact::unknown("gone"))] {
        let deed = judged(unknown);
        assert_eq!((deed.findings[0].code, deed.respond), (Code::CannotSee, Some(Respond::Report)));
    }
}

#[test]
fn every_kind_of_quota_is_told_in_the_meaning() {
    let rules = scene("open = 3\nruns = 2\nlines_a_day = { source = 10 }", vec![]).rules;
    let told: BTreeSet<String> = parsed(&rules).meaning().into_iter().map(|said| said.text).collect();
    let wanted = "at most 3 open pull requests, 2 runs at a time, 10 lines of `source` a day";
    assert!(told.iter().any(|text| text.contains(wanted)), "{told:#?}");
}
