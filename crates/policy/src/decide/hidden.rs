//! Text that people do not see: whoever approves a change cannot have meant it.
//!
//! In what runs or steers it is denied whoever approves. In prose, a title or a body it is told, and a person must have
//! approved; soft hyphens in prose are a note. Names of files are part of what runs.

use std::collections::{BTreeMap, BTreeSet};

use change::{Class, HiddenText, RawPath, Spot, Status, hidden};

use super::approval::Approvals;
use super::cannot_see;
use super::involve;
use crate::act::Move;
use crate::facts::{Fact, Facts, Pull};
use crate::predicate::Touched;
use crate::rules::RuleSource;
use crate::verdict::{Code, Effect, Enforcement, Evidence, Finding, JudgedAs};

/// A verdict must stay readable and storable however much is hidden.
const MOST_EVIDENCE: usize = 100;

/// Whether it matters what is hidden in what a pull request adds: what people alone wrote is not read.
#[must_use]
pub fn reads_contents(facts: &Facts, pull: &Pull, source: &RuleSource) -> bool {
    source.law(&facts.own_rules).is_some_and(|law| {
        law.enforcement() != Enforcement::Disabled
            && involve::involve(facts, pull, law.rules).judged_as != JudgedAs::People
    })
}

/// What is hidden in a pull request.
pub(super) fn check(pull: &Pull, files: &Fact<Touched<'_>>, approvals: &Approvals) -> Vec<Finding> {
    let mut found = Found::default();
    found.files(&pull.hidden, files);
    found.message("the title", &pull.title);
    found.message("the body", &pull.body);
    let seen = if approvals.any() { Effect::Satisfied } else { Effect::Waits };
    let mut findings: Vec<Finding> = found.unseen.iter().map(|why| unseen(why)).collect();
    findings.extend(found.running.finding(Effect::Denies, RUNS, OUT));
    findings.extend(found.prose.finding(seen, "text that people do not see is added where they read", LOOK));
    findings.extend(found.notes.finding(Effect::Satisfied, "soft hyphens are added to prose", LOOK));
    findings
}

/// What is hidden in a push that nobody could have approved: all of it is denied, prose as well.
pub(super) fn in_push(moved: &Move, files: &Fact<Touched<'_>>) -> Vec<Finding> {
    let mut found = Found::default();
    found.files(&moved.hidden, files);
    let deny = |why: &String| Finding { effect: Effect::Denies, ..unseen(why) };
    let mut findings: Vec<Finding> = found.unseen.iter().map(deny).collect();
    findings.extend(found.running.finding(Effect::Denies, RUNS, OUT));
    findings.extend(found.prose.finding(
        Effect::Denies,
        "text that people do not see is added to prose",
        OUT,
    ));
    findings
}

const RUNS: &str = "text that people do not see is added to what runs or steers";
const OUT: &str = "Take the characters out, or write them as escapes; or have a person add them.";
const LOOK: &str =
    "A person with write access who had no hand in the change looks at these places and approves.";

fn unseen(why: &str) -> Finding {
    cannot_see(format!("whether text is added that people do not see: {why}"))
}

/// What was found, by what is to be done about it.
#[derive(Debug, Default)]
struct Found {
    running: Places,
    prose: Places,
    notes: Places,
    unseen: Option<String>,
}

impl Found {
    fn files(&mut self, hidden: &Fact<Vec<HiddenText>>, files: &Fact<Touched<'_>>) {
        let none = BTreeSet::new();
        let mut classes: BTreeMap<&RawPath, &BTreeSet<Class>> = BTreeMap::new();
        let hidden = match hidden {
            Fact::Known(hidden) => hidden.as_slice(),
            // A change that is not known blocks by itself.
            Fact::Unknown(why) => {
                self.unseen = files.get().is_ok().then(|| why.clone());
                &[]
            }
        };
        let wanted: BTreeSet<&RawPath> = hidden.iter().map(|hidden| &hidden.path).collect();
        for (file, of_file) in files.get().into_iter().flat_map(Touched::each) {
            if file.status != Status::Deleted {
                for spot in hidden::in_path(&file.path) {
                    self.running.add(name(&file.path, spot));
                }
            }
            if wanted.contains(&file.path) {
                classes.insert(&file.path, of_file);
            }
        }
        for HiddenText { path, spots, total } in hidden {
            // A file of which it is not known what it is could be anything.
            let is_prose = is_prose(classes.get(path).unwrap_or(&&none));
            let places = match is_prose {
                false => &mut self.running,
                true if spots.iter().all(|spot| spot.code.is_soft_hyphen()) => &mut self.notes,
                true => &mut self.prose,
            };
            spots.iter().for_each(|spot| places.add(line(path, *spot)));
            let told: u64 = spots.iter().map(|spot| u64::from(spot.count)).sum();
            places.more(total.saturating_sub(told));
        }
    }

    fn message(&mut self, what: &str, text: &str) {
        for spot in hidden::in_message(text) {
            let places = if spot.code.is_soft_hyphen() { &mut self.notes } else { &mut self.prose };
            places.add(Evidence::Note(format!("{what}, line {}: {}", spot.line, described(spot))));
        }
    }
}

/// What only people read, and nothing else: prose that also governs, steers or runs is not.
fn is_prose(classes: &BTreeSet<Class>) -> bool {
    let is_mild = |class: &Class| *class == Class::DOCS || !Class::BUILTIN.contains(class);
    classes.contains(&Class::DOCS) && classes.iter().all(is_mild)
}

/// Places where something is hidden: a few of them, and how many there are.
#[derive(Debug, Default)]
struct Places {
    evidence: Vec<Evidence>,
    total: usize,
}

impl Places {
    fn add(&mut self, evidence: Evidence) {
        self.total = self.total.saturating_add(1);
        if self.evidence.len() < MOST_EVIDENCE {
            self.evidence.push(evidence);
        }
    }

    fn more(&mut self, count: u64) {
        self.total = self.total.saturating_add(usize::try_from(count).unwrap_or(usize::MAX));
    }

    fn finding(self, effect: Effect, message: &str, way_out: &str) -> Option<Finding> {
        (self.total > 0).then(|| Finding {
            code: Code::HiddenText,
            effect,
            rule: None,
            message: message.to_owned(),
            why: None,
            evidence: self.evidence,
            evidence_total: self.total,
            way_out: (effect != Effect::Satisfied).then(|| way_out.to_owned()),
        })
    }
}

fn line(path: &RawPath, spot: Spot) -> Evidence {
    Evidence::Line { path: path.clone(), line: spot.line, note: described(spot) }
}

fn name(path: &RawPath, spot: Spot) -> Evidence {
    Evidence::Line { path: path.clone(), line: 1, note: format!("in its name {}", described(spot)) }
}

/// The character by its number, never itself.
fn described(spot: Spot) -> String {
    let times = if spot.count > 1 { format!(", {} times", spot.count) } else { String::new() };
    format!("`{}`, {}{times}", spot.code, spot.code.kind())
}
