//! Text that people do not see: denied where it runs or steers, told elsewhere.

use change::{CodePoint, HiddenText, Mode, RawPath, Spot};

use super::moved::{BARE, facts as moves, pushed, rules};
use super::scene::*;
use crate::act::{ActVerdict, Move};
use crate::decide::{decide_ref, reads_contents};
use crate::facts::Fact;
use crate::rules::RuleSource;
use crate::verdict::{Code, Conclusion, Effect, Evidence, Finding};

const OVERRIDE: char = '\u{202e}';
const SOFT_HYPHEN: char = '\u{ad}';

fn hidden(path: &str, c: char) -> HiddenText {
    let spots = vec![Spot { line: 3, code: CodePoint::from(c), count: 2 }];
    HiddenText { path: RawPath::from(path), spots, total: 2 }
}

/// Something is hidden in the only file that changes.
fn hiding(scene: Scene, path: &str, c: char) -> Scene {
    scene.files([file(path)]).pull(|pull| pull.hidden = Fact::Known(vec![hidden(path, c)]))
}

#[track_caller]
fn told(findings: &[Finding]) -> &Finding {
    findings.iter().find(|finding| finding.code == Code::HiddenText).unwrap()
}

fn prose(path: &str) -> Scene {
    hiding(Scene::by_copilot(), path, OVERRIDE)
}

#[test]
fn hidden_text_is_denied_where_it_runs_or_steers() {
    for path in ["src/lib.rs", "tests/a.rs", "docs/conf.py", "docs/site/app.js", "unheard.of", "data.json"] {
        let scene = hiding(Scene::by_copilot(), path, OVERRIDE).approved(&bob()).approved(&dana());
        let verdict = scene.ends(Conclusion::Failure, &[Code::HiddenText]);
        let finding = told(&verdict.findings);
        let [Evidence::Line { path: shown, line, note }] = &finding.evidence[..] else {
            panic!("{finding:?}")
        };
        assert_eq!((shown.display().as_str(), *line), (path, 3));
        assert_eq!(note, "`U+202E`, a bidi control, 2 times");
        assert!(finding.way_out.is_some());
        scene.pull(|pull| pull.hidden = Fact::Known(vec![])).passes();
    }
    for path in ["AGENTS.md", ".github/workflows/ci.yml", "rules.toml", ".gitattributes", "Cargo.toml"] {
        let verdict =
            hiding(Scene::by_copilot(), path, SOFT_HYPHEN).approved(&bob()).approved(&dana()).verdict();
        assert_eq!(told(&verdict.findings).effect, Effect::Denies, "{path}");
    }
}

#[test]
fn in_prose_it_waits_for_a_person_and_a_soft_hyphen_for_nobody() {
    let free = "[tiers.free]\napprovals = 0\n\n[[rules]]\nid = \"docs\"\non = [\"pull_request\"]\nrequire = \"free\"\n";
    let only_free = |scene: Scene| {
        scene
            .rules(
                "require = \"routine\"\nwhy     = \"Agents propose",
                "require = \"free\"\nwhy     = \"Agents propose",
            )
            .and_rules(free)
    };
    let scene = only_free(prose("docs/guide.md"));
    let verdict = scene.ends(Conclusion::ActionRequired, &[Code::HiddenText]);
    assert!(told(&verdict.findings).way_out.is_some());
    scene.clone().approved(&copilot()).ends(Conclusion::ActionRequired, &[Code::HiddenText]);
    let verdict = scene.approved(&bob()).passes();
    assert_eq!(told(&verdict.findings).effect, Effect::Satisfied, "it is told all the same");
    let hyphen = only_free(hiding(Scene::by_copilot(), "docs/guide.md", SOFT_HYPHEN)).passes();
    assert_eq!(told(&hyphen.findings).message, "soft hyphens are added to prose");
    only_free(hiding(Scene::by_copilot(), "docs/guide.md", OVERRIDE))
        .pull(|pull| pull.hidden = Fact::Known(vec![]))
        .passes();
}

#[test]
fn a_file_that_is_not_among_the_changed_ones_could_be_anything() {
    let scene = Scene::by_copilot().approved(&bob());
    let scene = scene.pull(|pull| pull.hidden = Fact::Known(vec![hidden("docs/elsewhere.md", OVERRIDE)]));
    scene.ends(Conclusion::Failure, &[Code::HiddenText]);
}

#[test]
fn what_was_not_read_does_not_pass() {
    let scene = Scene::by_copilot().approved(&bob());
    let unread = scene.pull(|pull| pull.hidden = Fact::unknown("too many bytes"));
    let verdict = unread.ends(Conclusion::Failure, &[Code::CannotSee]);
    assert!(verdict.findings[0].message.ends_with("people do not see: too many bytes"));
    Scene::by_alice().pull(|pull| pull.hidden = Fact::unknown("not read")).passes();
}

#[test]
fn what_people_write_is_not_judged_and_not_read() {
    let source = |scene: &Scene| scene.source();
    let reads = |scene: &Scene, source: &RuleSource| reads_contents(&scene.facts, &scene.facts.pull, source);
    let people = hiding(Scene::by_alice(), "src/lib.rs", OVERRIDE);
    people.passes();
    assert!(!reads(&people, &source(&people)));
    let agents = Scene::by_copilot();
    assert!(reads(&agents, &source(&agents)));
    assert!(!reads(&agents, &RuleSource::default()), "without rules nothing passes anyway");
    let off = agents.clone().rules("enforcement = \"active\"", "enforcement = \"disabled\"");
    assert!(!reads(&off, &source(&off)));
    // An agent's commit in a person's pull request, provided for or not.
    let helped = Scene::by_alice().commit(nobody("Claude", "noreply@anthropic.com"), "Fix it");
    assert!(reads(&helped, &source(&helped)));
    let assisted =
        Scene::by_alice().commit(named(&alice()), "x\n\nCo-Authored-By: Claude <noreply@anthropic.com>");
    assert!(reads(&assisted, &source(&assisted)));
    let verdict = hiding(assisted, "src/lib.rs", OVERRIDE).approved(&bob()).verdict();
    assert_eq!(verdict.conclusion, Conclusion::Failure);
    let unknown = Scene::by_alice().pull(|pull| pull.author = Fact::unknown("gone"));
    assert!(reads(&unknown, &source(&unknown)), "who it was nobody knows");
}

#[test]
fn a_name_is_part_of_what_runs() {
    let scene = Scene::by_copilot().approved(&bob()).approved(&dana());
    for path in ["docs/AGENTS\u{200b}.md", "src/\u{202e}sj.ts"] {
        let verdict =
            scene.clone().files([added(path, Mode::File)]).ends(Conclusion::Failure, &[Code::HiddenText]);
        let Evidence::Line { note, .. } = &told(&verdict.findings).evidence[0] else { panic!() };
        assert!(note.starts_with("in its name `U+20"), "{note}");
    }
    scene.clone().files([added("docs/\u{645}\u{6cc}\u{200c}\u{62e}.md", Mode::File)]).passes();
    scene.files([deleted("src/\u{202e}sj.ts")]).passes();
}

#[test]
fn a_title_or_a_body_waits_for_a_person() {
    for edit in [(|pull: &mut crate::facts::Pull| pull.title = "Fix\u{e0041}".into()) as fn(&mut _), |pull| {
        pull.body = "a\nb\u{202e}".into()
    }] {
        let scene = Scene::by_copilot().pull(edit);
        let verdict = scene.ends(Conclusion::ActionRequired, &[Code::HiddenText, Code::RuleRequires]);
        let Evidence::Note(note) = &told(&verdict.findings).evidence[0] else { panic!() };
        assert!(note.is_ascii() && note.contains("U+"), "{note}");
        scene.approved(&bob()).passes();
    }
    let mention = Scene::by_copilot().pull(|pull| pull.body = "Thanks to @\u{200b}alice".into());
    mention.ends(Conclusion::ActionRequired, &[Code::RuleRequires]);
}

#[test]
fn nothing_hidden_reaches_the_default_branch_by_an_agents_push() {
    let may = BARE.replace("[\"propose\"]", "[\"push\"]");
    let source = rules(&may);
    let judge = |name: &str, moved: Move| -> ActVerdict { decide_ref(&moves(name, vec![moved]), &source) };
    let codes = |verdict: &ActVerdict| -> Vec<Code> {
        verdict.deeds.iter().flat_map(|deed| deed.findings.iter().map(|finding| finding.code)).collect()
    };
    let push = |hidden| Move { hidden, ..pushed(copilot(), 1, 2) };
    let known = || Fact::Known(vec![hidden("src/button.ts", OVERRIDE)]);
    assert_eq!(codes(&judge("refs/heads/main", push(known()))), [Code::HiddenText]);
    assert_eq!(codes(&judge("refs/heads/main", push(Fact::Known(vec![])))), []);
    assert_eq!(codes(&judge("refs/heads/copilot/x", push(known()))), [], "a proposal to be");
    let unread = judge("refs/heads/main", push(Fact::unknown("too many bytes")));
    assert_eq!((codes(&unread), unread.conclusion), (vec![Code::CannotSee], Conclusion::Failure));
    let by_alice = Move { actor: Fact::Known(alice()), ..push(known()) };
    assert_eq!(codes(&judge("refs/heads/main", by_alice)), []);
}
