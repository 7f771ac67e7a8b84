//! The decision tree of a verdict, for a terminal.
//!
//! Everything that the check run tells and more of the evidence, as a tree of one-line nodes. Rule: a node's text is
//! escaped where the node is made, so no escape sequence but our own colours ever reaches the terminal.

use policy::Verdict;
use policy::verdict::{
    Conclusion, Effect, Enforcement, Evidence, Finding, PullVerdict, RulesInForce, TierState,
};

use super::{Style, escape, title, words};

/// Pieces of evidence told one by one for each finding.
const MOST_EVIDENCE: usize = 50;
/// Traces of agents and approvals told one by one.
const MOST_LINES: usize = 50;

/// The whole decision as text that ends in a newline.
#[must_use]
pub fn explain(verdict: &Verdict, style: Style) -> String {
    let mut out = String::new();
    let root = root(verdict);
    out.push_str(&root.painted(style));
    out.push('\n');
    write_children(&root, "", style, &mut out);
    out
}

/// What a line is about, which gives it its colour.
#[derive(Clone, Copy)]
enum Tone {
    Plain,
    Heading,
    Good,
    Waiting,
    Bad,
    Quiet,
}

impl Tone {
    fn ansi(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Heading => "\u{1b}[1m",
            Self::Good => "\u{1b}[32m",
            Self::Waiting => "\u{1b}[33m",
            Self::Bad => "\u{1b}[31m",
            Self::Quiet => "\u{1b}[2m",
        }
    }

    fn of(conclusion: Conclusion) -> Self {
        match conclusion {
            Conclusion::Success => Self::Good,
            Conclusion::ActionRequired => Self::Waiting,
            Conclusion::Failure => Self::Bad,
        }
    }
}

struct Node {
    tone: Tone,
    text: String,
    children: Vec<Node>,
}

impl Node {
    fn new(tone: Tone, text: &str, children: Vec<Node>) -> Self {
        Self { tone, text: escape::terminal(text), children }
    }

    fn leaf(text: &str) -> Self {
        Self::new(Tone::Plain, text, Vec::new())
    }

    fn painted(&self, style: Style) -> String {
        match (style, self.tone) {
            (Style::Plain, _) | (Style::Color, Tone::Plain) => self.text.clone(),
            (Style::Color, tone) => format!("{}{}\u{1b}[0m", tone.ansi(), self.text),
        }
    }
}

/// The tree is a handful of levels deep, whatever the verdict.
fn write_children(node: &Node, indent: &str, style: Style, out: &mut String) {
    let last = node.children.len().saturating_sub(1);
    for (index, child) in node.children.iter().enumerate() {
        let (branch, below) = if index == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        out.push_str(indent);
        out.push_str(branch);
        out.push_str(&child.painted(style));
        out.push('\n');
        write_children(child, &format!("{indent}{below}"), style, out);
    }
}

fn root(verdict: &Verdict) -> Node {
    let mut children = vec![
        Node::leaf(&format!("commit {} of {}", verdict.head, verdict.repository.name)),
        shown(verdict),
        rules(&verdict.rules),
    ];
    children.extend(words::by_strictness(verdict).into_iter().map(pull));
    Node::new(Tone::Heading, &title::title(verdict), children)
}

fn shown(verdict: &Verdict) -> Node {
    let shown = verdict.shown();
    let mut text = format!("check `{}` shows {}", words::quoted(&verdict.check), shown.as_str());
    if verdict.enforcement != Enforcement::Active {
        let enforcement = words::enforcement(verdict.enforcement);
        text.push_str(&format!(
            " because enforcement is `{enforcement}`; decided: {}",
            verdict.conclusion.as_str()
        ));
    }
    Node::new(Tone::of(shown), &text, Vec::new())
}

fn rules(rules: &RulesInForce) -> Node {
    let source = words::quoted(&rules.source);
    let text = match &rules.digest {
        Some(digest) => format!("rules: `{source}`, digest {}", words::short_digest(digest)),
        None => format!("rules: no valid ones were ever read from `{source}`"),
    };
    let trouble: Vec<Node> = rules
        .trouble
        .iter()
        .flat_map(|text| text.lines())
        .filter(|line| !line.trim().is_empty())
        .take(MOST_LINES)
        .map(|line| Node::new(Tone::Bad, line, Vec::new()))
        .collect();
    if trouble.is_empty() {
        return Node::leaf(&text);
    }
    if rules.digest.is_none() {
        return Node::new(Tone::Bad, &text, trouble);
    }
    let warning = "the newest rules are invalid, the last valid ones are in force";
    Node::new(Tone::Plain, &text, vec![Node::new(Tone::Bad, warning, trouble)])
}

fn pull(pull: &PullVerdict) -> Node {
    let mut children = vec![involvement(pull)];
    children.extend(words::findings(pull).into_iter().map(finding));
    children.extend(pull.tiers.iter().map(tier));
    let text = format!(
        "pull request {}, {}: `{}`",
        pull.number,
        words::conclusion(pull.conclusion),
        words::quoted(&pull.title)
    );
    Node::new(Tone::of(pull.conclusion), &text, children)
}

fn involvement(pull: &PullVerdict) -> Node {
    let author = match &pull.involvement.author {
        Some(author) => format!("opened by {} (account {})", words::account(author), author.id),
        None => "who opened it is not known".to_owned(),
    };
    let mut children = vec![Node::leaf(&author)];
    children.extend(bounded(pull.involvement.agents.iter().map(|trace| Node::leaf(&words::trace(trace)))));
    Node::new(Tone::Plain, words::judged_as(pull.involvement.judged_as), children)
}

fn finding(finding: &Finding) -> Node {
    let mut text = format!("{}, {}", words::effect(finding.effect), words::code(finding.code));
    if let Some(rule) = &finding.rule {
        text.push_str(&format!(", by `{}` at {}:{}", words::quoted(&rule.id), rule.source, rule.line));
    }
    let mut children = vec![Node::leaf(&finding.message)];
    if let Some(why) = &finding.why {
        children.push(Node::leaf(&format!("the rule's reason: {why}")));
    }
    children.extend(evidence(finding));
    if let Some(way_out) = &finding.way_out {
        children.push(Node::new(Tone::Heading, &format!("next: {way_out}"), Vec::new()));
    }
    let tone = match finding.effect {
        Effect::Satisfied => Tone::Good,
        Effect::Waits => Tone::Waiting,
        Effect::Unseen | Effect::Denies => Tone::Bad,
    };
    Node::new(tone, &text, children)
}

fn evidence(finding: &Finding) -> Option<Node> {
    let mut pieces: Vec<Node> =
        finding.evidence.iter().take(MOST_EVIDENCE).map(|piece| Node::leaf(&describe(piece))).collect();
    let total = finding.evidence_total.max(finding.evidence.len());
    let more = total.saturating_sub(pieces.len());
    if more > 0 {
        pieces.push(Node::new(Tone::Quiet, &format!("and {more} more"), Vec::new()));
    }
    (!pieces.is_empty()).then(|| Node::leaf("seen:")).map(|seen| Node { children: pieces, ..seen })
}

fn describe(evidence: &Evidence) -> String {
    match evidence {
        Evidence::Path { path, classes } if classes.is_empty() => path.display(),
        Evidence::Path { path, classes } => {
            let classes: Vec<&str> = classes.iter().map(change::Class::as_str).collect();
            format!("{} ({})", path.display(), classes.join(", "))
        }
        Evidence::Commit { oid, note } => format!("{} {note}", words::commit(oid)),
        Evidence::Account(account) => format!("{} (account {})", words::account(account), account.id),
        Evidence::Note(note) => note.clone(),
    }
}

fn tier(tier: &TierState) -> Node {
    let mut children = Vec::new();
    if !tier.required_by.is_empty() {
        children.push(Node::leaf(&format!("required by {}", words::list(tier.required_by.iter().cloned()))));
    }
    children.extend(bounded(words::counted(tier).into_iter().map(|line| Node::leaf(&line))));
    children.extend(bounded(tier.disqualified.iter().map(|given| Node::leaf(&words::disqualified(given)))));
    let tone = if tier.satisfied { Tone::Good } else { Tone::Waiting };
    Node::new(tone, &words::tier(tier), children)
}

fn bounded(nodes: impl ExactSizeIterator<Item = Node>) -> Vec<Node> {
    let more = nodes.len().saturating_sub(MOST_LINES);
    let mut kept: Vec<Node> = nodes.take(MOST_LINES).collect();
    if more > 0 {
        kept.push(Node::new(Tone::Quiet, &format!("and {more} more"), Vec::new()));
    }
    kept
}
