//! The explanation as a tree of one-line nodes, for a terminal.
//!
//! Everything that the check run tells, and more of the evidence. Rule: a line is escaped where it is written, so no
//! escape sequence but our own colours ever reaches the terminal.

use policy::Verdict;
use policy::act::ActVerdict;

use super::tree::{ActTree, Layout, MOST_PIECES, Node, PullTree, Section, Span, Tone, Tree};
use super::{Style, escape, title, words};

/// Lines under one line.
const MOST: usize = MOST_PIECES;
/// Pull requests told one by one.
const MOST_PULLS: usize = 50;

/// The whole decision as text that ends in a newline.
#[must_use]
pub fn explain(verdict: &Verdict, style: Style) -> String {
    let tree = Tree::of(verdict, MOST_PULLS);
    let heading = |text: &str, under| Line { paint: BOLD, text: escape::terminal(text), under };
    let mut root = heading(&title::title(verdict), tree.notices.iter().map(line).collect());
    root.under.extend(tree.pulls.iter().map(|pull| pull_line(pull, heading)));
    let more = verdict.pulls.len().saturating_sub(MOST_PULLS);
    if more > 0 {
        root.under.push(heading(&words::count(more as u64, "more pull request"), Vec::new()));
    }
    root.under.push(heading("Which rules", vec![line(&tree.rules), line(&tree.judged)]));
    let mut out = root.painted(style);
    out.push('\n');
    write_under(&root, "", style, &mut out);
    out
}

/// What has happened, as text that ends in a newline.
#[must_use]
pub fn explain_act(verdict: &ActVerdict, style: Style) -> String {
    let tree = ActTree::of(verdict);
    let heading = |text: &str, under| Line { paint: BOLD, text: escape::terminal(text), under };
    let section = |section: &Section| {
        let lines: Vec<Line> = section.nodes.iter().map(line).collect();
        (!lines.is_empty()).then(|| heading(section.title, lines))
    };
    let mut root = heading(&tree.heading, Vec::new());
    for (deed, sections) in tree.deeds.iter().take(MOST) {
        root.under.push(Line { under: sections.iter().filter_map(section).collect(), ..line(deed) });
    }
    let more = tree.deeds.len().saturating_sub(MOST);
    if more > 0 {
        root.under.push(heading(&format!("and {more} more"), Vec::new()));
    }
    if !tree.tiers.is_empty() {
        root.under.push(heading("Who can be asked", tree.tiers.iter().map(line).collect()));
    }
    root.under.push(heading("Which rules", tree.rules.iter().map(line).collect()));
    let mut out = root.painted(style);
    out.push('\n');
    write_under(&root, "", style, &mut out);
    out
}

const BOLD: &str = "\u{1b}[1m";
const QUIET: &str = "\u{1b}[2m";

/// A line as it is written.
struct Line {
    paint: &'static str,
    text: String,
    under: Vec<Line>,
}

impl Line {
    fn painted(&self, style: Style) -> String {
        match (style, self.paint) {
            (Style::Plain, _) | (Style::Color, "") => self.text.clone(),
            (Style::Color, paint) => format!("{paint}{}\u{1b}[0m", self.text),
        }
    }
}

fn pull_line(pull: &PullTree, heading: impl Fn(&str, Vec<Line>) -> Line) -> Line {
    let section = |section: &Section| {
        let lines: Vec<Line> = section.nodes.iter().map(line).collect();
        (!lines.is_empty()).then(|| heading(section.title, lines))
    };
    let mut under = vec![line(&pull.answer)];
    under.extend([&pull.why, &pull.next, &pull.whose].into_iter().filter_map(section));
    Line { under, ..line(&pull.heading) }
}

fn line(node: &Node) -> Line {
    let mut under: Vec<Line> = node.under.iter().take(MOST).map(line).collect();
    let more = node.under.len().saturating_sub(MOST).saturating_add(node.more);
    if more > 0 {
        under.push(Line { paint: QUIET, text: format!("and {more} more"), under: Vec::new() });
    }
    let mut text = text(&node.line);
    // What stands alone under a line that introduces it stands beside it.
    match (node.layout, under.as_slice()) {
        (Layout::Row, [only]) if only.under.is_empty() => {
            text = format!("{} {}", text.trim_end(), only.text);
            under.clear();
        }
        _ => {}
    }
    Line { paint: paint(node.tone), text: escape::terminal(&text), under }
}

fn text(spans: &[Span]) -> String {
    let piece = |span: &Span| match span {
        Span::Text(text) | Span::Strong(text) => (*text).to_owned(),
        Span::Prose(text) => text.clone(),
        Span::Code(text) => format!("`{}`", words::quoted(text)),
    };
    spans.iter().map(piece).collect()
}

fn paint(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "",
        Tone::Good => "\u{1b}[32m",
        Tone::Waiting => "\u{1b}[33m",
        Tone::Bad => "\u{1b}[31m",
        Tone::Next => BOLD,
    }
}

/// The tree is a handful of levels deep, whatever the verdict.
fn write_under(line: &Line, indent: &str, style: Style, out: &mut String) {
    let last = line.under.len().saturating_sub(1);
    for (index, child) in line.under.iter().enumerate() {
        let (branch, below) = if index == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        out.push_str(indent);
        out.push_str(branch);
        out.push_str(&child.painted(style));
        out.push('\n');
        write_under(child, &format!("{indent}{below}"), style, out);
    }
}
