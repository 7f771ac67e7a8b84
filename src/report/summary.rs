//! The explanation as Markdown, for the body of a check run.
//!
//! Readable in half a minute: the answer first, the strictest first, bounded evidence. Rule: a text is put together of
//! whole items within a budget of bytes that is handed down, so GitHub's limit holds by construction and nothing is cut
//! inside markup.

mod item;

use policy::Verdict;

use super::tree::{Node, PullTree, Tree};
use super::words;
use item::{line, section};

/// GitHub's limit for `output.summary` is 65,535 characters; in bytes it holds whichever of the two is counted.
pub(super) const LIMIT: usize = 65_535;
/// Pull requests told one by one; so many leave each some ten kilobytes.
const MOST_PULLS: usize = 6;
/// Lines of a complaint about the rules.
const MOST_TROUBLE_LINES: usize = 8;

/// The body of the whole verdict.
pub(super) fn summary(verdict: &Verdict) -> String {
    let tree = Tree::of(verdict, MOST_PULLS);
    let head: String = tree.notices.iter().map(notice).collect();
    let foot = footer(verdict, &tree);
    let mut left = LIMIT.saturating_sub(head.len() + foot.len());
    let mut parts = Vec::new();
    // From the mildest on, so that all that they do not need is left for the strictest.
    for (index, pull) in tree.pulls.iter().enumerate().rev() {
        let part = pull_part(pull, verdict.pulls.len(), left / (index + 1));
        left = left.saturating_sub(part.len());
        parts.push(part);
    }
    parts.reverse();
    head + &parts.concat() + &foot
}

/// What must be known before anything else is read.
fn notice(node: &Node) -> String {
    format!("> {}  \n{}\n", line(&node.line), quoted(node))
}

/// What stands under a line, as lines of a quote; the last of it is never left out.
fn quoted(node: &Node) -> String {
    let kept = |index: &usize| *index < MOST_TROUBLE_LINES || index + 1 == node.under.len();
    let lines = node.under.iter().enumerate().filter(|(index, _)| kept(index));
    lines.map(|(_, node)| format!("> {}  \n", line(&node.line))).collect()
}

fn footer(verdict: &Verdict, tree: &Tree) -> String {
    let mut text = String::new();
    if verdict.pulls.len() > MOST_PULLS {
        let more = words::count((verdict.pulls.len() - MOST_PULLS) as u64, "more pull request");
        text.push_str(&format!("… {more} not shown, none of them judged more strictly.\n\n"));
    }
    text.push_str(&format!("### Which rules\n\n{}\n", line(&tree.rules.line)));
    if !tree.rules.under.is_empty() {
        text.push_str(&format!("\n{}", quoted(&tree.rules)));
    }
    text.push_str(&format!("\n{}", line(&tree.judged.line)));
    if let Some(pull) = tree.pulls.first() {
        let name = &verdict.repository.name;
        text.push_str(&format!(" The whole decision: `portcullis explain {name}#{}`.", pull.number));
    }
    text.push('\n');
    text
}

/// One pull request, in at most so many bytes.
fn pull_part(pull: &PullTree, pulls: usize, budget: usize) -> String {
    let mut text = String::new();
    if pulls > 1 {
        text.push_str(&format!("## {}\n\n", line(&pull.heading.line)));
    }
    text.push_str(&format!("{}\n\n", line(&pull.answer.line)));
    let next = section(&pull.next, budget / 4);
    let whose = section(&pull.whose, budget / 6);
    let left = budget.saturating_sub(text.len() + next.len() + whose.len());
    text + &section(&pull.why, left) + &next + &whose
}
