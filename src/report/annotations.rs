//! Remarks on the files that a blocking finding rests on.
//!
//! One per place and finding, strictest first. GitHub refuses the whole call for one annotation it cannot take, so what
//! cannot be named (a path that is no UTF-8) is left to the summary.

use std::collections::BTreeSet;

use change::RawPath;
use policy::Verdict;
use policy::verdict::{Effect, Enforcement, Evidence, Finding};

use super::{Annotation, Level, escape, title, words};

/// More remarks than this help nobody, and each 50 cost a call.
const MOST: usize = 500;

/// The remarks of a verdict.
pub(super) fn annotations(verdict: &Verdict) -> Vec<Annotation> {
    if verdict.enforcement == Enforcement::Disabled {
        return Vec::new();
    }
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    for pull in words::by_strictness(verdict) {
        for finding in words::findings(pull) {
            let Some(level) = level(finding.effect, verdict.enforcement) else { continue };
            let (title, message) = (heading(finding), message(finding));
            for (path, line) in places(finding) {
                if out.len() == MOST {
                    return out;
                }
                // Pull requests with one head often have the same finding.
                if seen.insert((path.to_owned(), line, title.clone(), message.clone())) {
                    out.push(Annotation {
                        path: path.to_owned(),
                        start_line: line,
                        end_line: line,
                        level,
                        title: title.clone(),
                        message: message.clone(),
                    });
                }
            }
        }
    }
    out
}

fn level(effect: Effect, enforcement: Enforcement) -> Option<Level> {
    match (effect, enforcement) {
        (Effect::Satisfied, _) | (_, Enforcement::Disabled) => None,
        (_, Enforcement::Evaluate) => Some(Level::Notice),
        (Effect::Denies, Enforcement::Active) => Some(Level::Failure),
        (Effect::Waits | Effect::Unseen, Enforcement::Active) => Some(Level::Warning),
    }
}

/// Files and lines.
fn places(finding: &Finding) -> impl Iterator<Item = (&str, u32)> {
    finding.evidence.iter().filter_map(|evidence| match evidence {
        Evidence::Path { path, .. } => Some((named(path)?, 1)),
        Evidence::Line { path, line, .. } => Some((named(path)?, *line)),
        Evidence::Commit { .. } | Evidence::Account(_) | Evidence::Note(_) => None,
    })
}

fn named(path: &RawPath) -> Option<&str> {
    std::str::from_utf8(path.as_bytes()).ok().filter(|path| !path.is_empty() && !path.contains('\0'))
}

fn heading(finding: &Finding) -> String {
    escape::plain(&format!("{}: {}", words::effect(finding.effect), title::name(finding)), title::LIMIT)
}

/// At most four bounded pieces, far below 64 KB.
fn message(finding: &Finding) -> String {
    let mut lines = vec![escape::terminal(&finding.message)];
    if let Some(why) = &finding.why {
        lines.push(format!("Why: {}", escape::terminal(why)));
    }
    if let Some(way_out) = &finding.way_out {
        lines.push(format!("Next: {}", escape::terminal(way_out)));
    }
    if let Some(rule) = &finding.rule {
        lines.push(format!(
            "Rule: {} ({}:{})",
            escape::terminal(&rule.id),
            escape::terminal(&rule.source),
            rule.line
        ));
    }
    lines.join("\n")
}
