//! The items that a summary is put together of, and how many of them fit.
//!
//! An item is whole Markdown list entries, bounded each; it is shown, shown in brief, or counted as not shown.

use crate::report::escape;
use crate::report::tree::{Layout, Node, Section, Span};

/// Pieces of evidence, traces and approvals told one by one.
const MOST: usize = 10;
/// Room for the line that says how many items are not shown.
const NOTE_BYTES: usize = 64;

/// A heading and as many items as fit; empty when there are none, or there is no room at all.
pub(super) fn section(section: &Section, budget: usize) -> String {
    let mut text = format!("### {}\n\n", section.title);
    if section.nodes.is_empty() || text.len() + NOTE_BYTES > budget {
        return String::new();
    }
    let mut hidden = 0_u64;
    for node in &section.nodes {
        let left = budget.saturating_sub(text.len() + NOTE_BYTES);
        if hidden > 0 {
            // What comes later is milder: it must not take the place of something stricter.
            hidden += 1;
            continue;
        }
        let brief = format!("- {}\n", line(&node.line));
        let full = brief.clone() + &under(node, "  ");
        if full.len() <= left {
            text.push_str(&full);
        } else if brief.len() <= left {
            text.push_str(&brief);
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

/// A line in Markdown.
pub(super) fn line(spans: &[Span]) -> String {
    let piece = |span: &Span| match span {
        Span::Text(text) => (*text).to_owned(),
        Span::Strong(text) => format!("**{text}**"),
        Span::Prose(text) => escape::prose(text),
        Span::Code(text) => escape::code(text),
    };
    spans.iter().map(piece).collect()
}

fn under(node: &Node, indent: &str) -> String {
    let shown = node.under.iter().take(MOST);
    let more = node.under.len().saturating_sub(MOST).saturating_add(node.more);
    let mut text: String = match node.layout {
        Layout::Lines => shown.map(|child| entry(child, indent)).collect(),
        Layout::Row => String::new(),
    };
    if node.layout == Layout::Lines && more > 0 {
        text.push_str(&format!("{indent}- … and {more} more.\n"));
    }
    text
}

/// A line under another, with what belongs beside it.
fn entry(node: &Node, indent: &str) -> String {
    let mut text = format!("{indent}- {}", line(&node.line));
    if node.layout == Layout::Row {
        let pieces: Vec<String> = node.under.iter().take(MOST).map(|piece| line(&piece.line)).collect();
        text.push_str(&pieces.join(", "));
        let more = node.under.len().saturating_sub(MOST).saturating_add(node.more);
        if more > 0 {
            text.push_str(&format!(" and {more} more"));
        }
    }
    text.push('\n');
    text + &under(node, &format!("{indent}  "))
}
