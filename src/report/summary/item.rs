//! The items that a summary is put together of, and how many of them fit.
//!
//! An item is whole Markdown list entries, bounded each; it is shown, shown in brief, or counted as not shown.

use std::collections::BTreeSet;

use policy::facts::AccountKind;
use policy::verdict::{Conclusion, Evidence, Finding, PullVerdict, TierState};

use crate::report::{escape, words};

/// Pieces of evidence, traces and approvals told one by one.
const MOST: usize = 10;
/// Room for the line that says how many items are not shown.
const NOTE_BYTES: usize = 64;

/// Something to show, and what to show of it where room is short.
pub(super) struct Item {
    full: String,
    brief: String,
}

impl Item {
    fn line(text: &str) -> Self {
        let full = format!("- {}\n", escape::prose(text));
        Self { brief: full.clone(), full }
    }

    fn with(text: &str, under: impl IntoIterator<Item = String>) -> Self {
        let brief = format!("- {}\n", escape::prose(text));
        Self { full: brief.clone() + &nested(under), brief }
    }
}

fn nested(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().map(|line| format!("  - {line}\n")).collect()
}

/// A heading and as many items as fit; empty when there are none, or there is no room at all.
pub(super) fn section(heading: &str, items: &[Item], budget: usize) -> String {
    let mut text = format!("### {heading}\n\n");
    if items.is_empty() || text.len() + NOTE_BYTES > budget {
        return String::new();
    }
    let mut hidden = 0_u64;
    for item in items {
        let left = budget.saturating_sub(text.len() + NOTE_BYTES);
        if hidden > 0 {
            // What comes later is milder: it must not take the place of something stricter.
            hidden += 1;
        } else if item.full.len() <= left {
            text.push_str(&item.full);
        } else if item.brief.len() <= left {
            text.push_str(&item.brief);
        } else {
            hidden += 1;
        }
    }
    if hidden > 0 {
        text.push_str(&format!("- … {hidden} more not shown.\n"));
    }
    text.push('\n');
    text
}

/// A complaint, or a rule that applied.
pub(super) fn finding(finding: &Finding) -> Item {
    let mut lead =
        format!("- **{}**, {}", words::effect(finding.effect), escape::code(words::code(finding.code)));
    if let Some(rule) = &finding.rule {
        let place = format!("{}:{}", rule.source, rule.line);
        lead.push_str(&format!(", by {} ({})", escape::code(&rule.id), escape::code(&place)));
    }
    let brief = format!("{lead}: {}\n", escape::prose(&finding.message));
    let mut under = Vec::new();
    if let Some(why) = &finding.why {
        under.push(format!("The rule's reason: {}", escape::prose(why)));
    }
    if !finding.evidence.is_empty() {
        under.push(format!("Seen: {}", evidence(finding)));
    }
    Item { full: brief.clone() + &nested(under), brief }
}

fn evidence(finding: &Finding) -> String {
    let shown: Vec<String> = finding.evidence.iter().take(MOST).map(piece).collect();
    let total = finding.evidence_total.max(finding.evidence.len());
    let more = total.saturating_sub(shown.len());
    let mut text = shown.join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

fn piece(evidence: &Evidence) -> String {
    match evidence {
        Evidence::Path { path, classes } if classes.is_empty() => escape::code(&path.display()),
        Evidence::Path { path, classes } => {
            let classes: Vec<&str> = classes.iter().map(change::Class::as_str).collect();
            format!("{} ({})", escape::code(&path.display()), escape::inline(&classes.join(", ")))
        }
        Evidence::Commit { oid, note } if note.is_empty() => escape::prose(&words::commit(oid)),
        Evidence::Commit { oid, note } => {
            format!("{} ({})", escape::prose(&words::commit(oid)), escape::prose(note))
        }
        Evidence::Account(account) => {
            let kind = match account.kind {
                AccountKind::User => "",
                AccountKind::Bot => ", a bot",
                AccountKind::Organization => ", an organisation",
                AccountKind::Other => ", of no known kind",
            };
            format!("{} (account {}{kind})", escape::code(&account.login), account.id)
        }
        Evidence::Note(note) => escape::prose(note),
    }
}

/// What to do next, and who can: the ways out, then the tiers that lack something, then the rest.
pub(super) fn next_items(pull: &PullVerdict) -> Vec<Item> {
    let mut told = BTreeSet::new();
    let mut items: Vec<Item> = words::findings(pull)
        .into_iter()
        .filter_map(|finding| finding.way_out.as_deref())
        .filter(|way_out| told.insert(*way_out))
        .map(Item::line)
        .collect();
    let (open, done): (Vec<_>, Vec<_>) = pull.tiers.iter().partition(|tier| !tier.satisfied);
    items.extend(open.into_iter().chain(done).map(tier));
    if items.is_empty() && pull.conclusion != Conclusion::Success {
        items.push(Item::line("Change what is named above, or ask whoever maintains the rules."));
    }
    items
}

fn tier(tier: &TierState) -> Item {
    let mut under = Vec::new();
    if !tier.required_by.is_empty() {
        let rules = words::list(tier.required_by.iter().cloned());
        under.push(escape::prose(&format!("Required by {rules}.")));
    }
    under.extend(bounded(words::counted(tier)));
    under.extend(bounded(tier.disqualified.iter().map(words::disqualified).collect()));
    Item::with(&words::tier(tier), under)
}

/// Whose work it is judged as, and what was seen.
pub(super) fn whose_items(pull: &PullVerdict) -> Vec<Item> {
    let involvement = &pull.involvement;
    let author = match &involvement.author {
        Some(author) => format!("Opened by {}.", words::account(author)),
        None => "Who opened it is not known.".to_owned(),
    };
    let mut items = vec![Item::line(words::judged_as(involvement.judged_as)), Item::line(&author)];
    if !involvement.agents.is_empty() {
        let traces = bounded(involvement.agents.iter().map(words::trace).collect());
        items.push(Item::with("Agents seen:", traces));
    }
    items
}

/// The first of the sentences as Markdown, and how many more there are.
fn bounded(sentences: Vec<String>) -> Vec<String> {
    let more = sentences.len().saturating_sub(MOST);
    let mut lines: Vec<String> = sentences.iter().take(MOST).map(|line| escape::prose(line)).collect();
    if more > 0 {
        lines.push(format!("… and {more} more."));
    }
    lines
}
