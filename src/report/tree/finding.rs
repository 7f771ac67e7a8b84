//! Findings as lines: what each says, by which rule, and the facts that made it so.

use std::collections::BTreeMap;

use policy::facts::AccountKind;
use policy::verdict::{Code, Effect, Evidence, Finding, PullVerdict};

use super::{MOST_PIECES, Node, Span, Tone};
use crate::report::words;

/// So many things unseen for one reason are told together.
const TOGETHER: usize = 3;

/// Every finding, strictest first.
pub(super) fn nodes(pull: &PullVerdict) -> Vec<Node> {
    of(words::findings(pull))
}

/// These findings, those that could not be seen for one reason together.
pub(super) fn of(findings: Vec<&Finding>) -> Vec<Node> {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (what, reason) in findings.iter().filter_map(|finding| unseen(finding)) {
        reasons.entry(reason).or_default().push(what);
    }
    let mut nodes = Vec::new();
    for finding in findings {
        let Some((_, reason)) = unseen(finding) else {
            nodes.push(node(finding));
            continue;
        };
        match reasons.get(reason) {
            Some(whats) if whats.len() < TOGETHER => nodes.push(node(finding)),
            // Where the first of them stands, all are told.
            Some(_) => nodes.extend(reasons.remove(reason).map(|whats| together(reason, &whats))),
            None => {}
        }
    }
    nodes
}

/// What could not be seen, and why, as the core puts it.
fn unseen(finding: &Finding) -> Option<(&str, &str)> {
    if finding.effect != Effect::Unseen {
        return None;
    }
    finding.message.strip_prefix("could not see everything: ").unwrap_or(&finding.message).rsplit_once(": ")
}

fn together(reason: &str, whats: &[&str]) -> Node {
    let line = vec![
        Span::Strong("Not seen"),
        Span::Text(", "),
        Span::Code(words::code(Code::CannotSee).to_owned()),
        Span::Text(": "),
        Span::Prose(reason.to_owned()),
    ];
    let things = whats.iter().map(|what| Node::prose(*what)).collect();
    Node::new(Tone::Bad, line).with([Node::row(vec![Span::Text("So it is not known: ")], things, 0)])
}

fn node(finding: &Finding) -> Node {
    let by_rule = matches!(finding.code, Code::RuleDenies | Code::RuleRequires);
    let mut line = vec![Span::Strong(words::effect(finding.effect)), Span::Text(", ")];
    if let Some(rule) = &finding.rule {
        let place = Span::Code(format!("{}:{}", rule.source, rule.line));
        if by_rule {
            line.push(Span::Text("rule "));
        } else {
            line.extend([Span::Code(words::code(finding.code).to_owned()), Span::Text(", by ")]);
        }
        line.extend([Span::Code(rule.id.clone()), Span::Text(" ("), place, Span::Text("): ")]);
    } else {
        line.extend([Span::Code(words::code(finding.code).to_owned()), Span::Text(": ")]);
    }
    // That a rule denies is said already: its reason says more.
    let reason_says_it = finding.code == Code::RuleDenies && finding.why.is_some();
    let (said, reason) = match &finding.why {
        Some(why) if reason_says_it => (why, None),
        why => (&finding.message, why.as_ref()),
    };
    line.push(Span::Prose(said.clone()));
    let reason = reason
        .map(|why| Node::new(Tone::Plain, vec![Span::Text("The rule's reason: "), Span::Prose(why.clone())]));
    Node::new(tone(finding.effect), line).with(reason).with(evidence(finding))
}

fn tone(effect: Effect) -> Tone {
    match effect {
        Effect::Satisfied => Tone::Good,
        Effect::Waits => Tone::Waiting,
        Effect::Unseen | Effect::Denies => Tone::Bad,
    }
}

fn evidence(finding: &Finding) -> Option<Node> {
    let pieces: Vec<Node> = finding
        .evidence
        .iter()
        .take(MOST_PIECES)
        .map(|piece| Node::new(Tone::Plain, describe(piece)))
        .collect();
    let more = finding.evidence_total.max(finding.evidence.len()).saturating_sub(pieces.len());
    (!pieces.is_empty()).then(|| Node::row(vec![Span::Text("Seen: ")], pieces, more))
}

fn describe(evidence: &Evidence) -> Vec<Span> {
    match evidence {
        Evidence::Path { path, classes } if classes.is_empty() => vec![Span::Code(path.display())],
        Evidence::Path { path, classes } => {
            let classes: Vec<&str> = classes.iter().map(change::Class::as_str).collect();
            let classes = Span::Prose(format!("({})", classes.join(", ")));
            vec![Span::Code(path.display()), Span::Text(" "), classes]
        }
        Evidence::Line { path, line, note } => {
            let place = Span::Code(format!("{}:{line}", path.display()));
            vec![place, Span::Text(" ("), Span::Prose(note.clone()), Span::Text(")")]
        }
        Evidence::Commit { oid, note } => {
            let mut line = vec![Span::Text("commit "), Span::Code(oid.short().to_owned())];
            if !note.is_empty() {
                line.extend([Span::Text(" ("), Span::Prose(note.clone()), Span::Text(")")]);
            }
            line
        }
        Evidence::Account(account) => {
            let kind = match account.kind {
                AccountKind::User => "",
                AccountKind::Bot => ", a bot",
                AccountKind::Organization => ", an organisation",
                AccountKind::Other => ", of no known kind",
            };
            let number = Span::Code(account.id.to_string());
            let login = Span::Code(account.login.clone());
            vec![login, Span::Text(" (account "), number, Span::Text(kind), Span::Text(")")]
        }
        Evidence::Note(note) => vec![Span::Prose(note.clone())],
    }
}
