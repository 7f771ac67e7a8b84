//! The explanation of a verdict, once for every surface.
//!
//! The check run's summary and the terminal's decision tree render this and nothing else, so that neither can tell what
//! the other does not; JSON has the verdict that it is made of. A line says which of its words are ours and which came
//! from elsewhere; escaping is up to whoever renders it. Rule: the answer first, the strictest first.

mod act;
mod finding;
mod tier;
mod whose;

use policy::Verdict;
use policy::verdict::{Code, Conclusion, Enforcement, JudgedAs, OwnRulesInForce, PullVerdict, RulesInForce};

use super::{title, words};
pub(super) use act::ActTree;

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Span {
    /// Our own words, without markup.
    Text(&'static str),
    /// Our own words, to be noticed.
    Strong(&'static str),
    /// A sentence of ours in which pairs of backticks quote what came from elsewhere.
    Prose(String),
    /// What came from elsewhere, as it is.
    Code(String),
}

/// What a line is about, which gives it its colour where there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Good,
    Waiting,
    Bad,
    Next,
}

impl Tone {
    pub(super) fn of(conclusion: Conclusion) -> Self {
        match conclusion {
            Conclusion::Success => Self::Good,
            Conclusion::ActionRequired => Self::Waiting,
            Conclusion::Failure => Self::Bad,
        }
    }
}

/// How what stands under a line is shown where lines are dear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// One below the other.
    Lines,
    /// Side by side.
    Row,
}

/// A line and what stands under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) tone: Tone,
    pub(super) line: Vec<Span>,
    pub(super) layout: Layout,
    pub(super) under: Vec<Node>,
    /// How many more stand under it than the verdict lists.
    pub(super) more: usize,
}

impl Node {
    fn new(tone: Tone, line: Vec<Span>) -> Self {
        Self { tone, line, layout: Layout::Lines, under: Vec::new(), more: 0 }
    }

    fn prose(text: impl Into<String>) -> Self {
        Self::new(Tone::Plain, vec![Span::Prose(text.into())])
    }

    fn with(mut self, under: impl IntoIterator<Item = Self>) -> Self {
        self.under.extend(under);
        self
    }

    /// A line with its pieces side by side, and how many more there are.
    fn row(line: Vec<Span>, pieces: Vec<Self>, more: usize) -> Self {
        Self { layout: Layout::Row, under: pieces, more, ..Self::new(Tone::Plain, line) }
    }
}

/// A heading and what stands under it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) nodes: Vec<Node>,
}

/// One pull request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PullTree {
    pub(super) number: u64,
    /// Which one, how it was judged, and its title.
    pub(super) heading: Node,
    /// The answer in one sentence.
    pub(super) answer: Node,
    /// The complaints and the rules that applied.
    pub(super) why: Section,
    /// What to do next, and who can; who approved.
    pub(super) next: Section,
    /// Whose work it is, and how that is known.
    pub(super) whose: Section,
}

/// Pieces of evidence that are told at most, wherever.
pub(super) const MOST_PIECES: usize = 50;

/// The whole explanation.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tree {
    /// What must be known before anything else is read.
    pub(super) notices: Vec<Node>,
    /// The strictest first.
    pub(super) pulls: Vec<PullTree>,
    /// By which rules.
    pub(super) rules: Node,
    /// What was judged, and what the check shows.
    pub(super) judged: Node,
}

impl Tree {
    /// At most so many pull requests are told.
    pub(super) fn of(verdict: &Verdict, most: usize) -> Self {
        let pulls = words::by_strictness(verdict);
        Self {
            notices: notices(verdict, pulls.len()),
            pulls: pulls.into_iter().take(most).map(|pull| pull_tree(verdict, pull)).collect(),
            rules: rules(&verdict.rules),
            judged: judged(verdict),
        }
    }
}

fn notices(verdict: &Verdict, pulls: usize) -> Vec<Node> {
    let mut notices = Vec::new();
    if let Some((own, trouble)) =
        verdict.rules.own.as_ref().and_then(|own| Some((own, own.trouble.as_ref()?)))
    {
        let line = vec![
            Span::Strong("Warning: this repository's own rules are invalid"),
            Span::Text(" in "),
            Span::Code(own.source.clone()),
            Span::Text("."),
        ];
        notices.push(Node::new(Tone::Bad, line).with(lines(trouble)));
    }
    if title::newest_refused(&verdict.rules) {
        let line = vec![Span::Strong(
            "Warning: the newest rules are invalid, and the last valid ones are still in force.",
        )];
        let mend = Node::prose("Whoever maintains the rules must mend them.");
        notices.push(Node::new(Tone::Bad, line).with(trouble(&verdict.rules)).with([mend]));
    }
    match verdict.enforcement {
        Enforcement::Active => {}
        Enforcement::Evaluate => {
            let would = format!(
                ": the check passes whatever is decided. Were the rules enforced, it would be `{}`.",
                verdict.conclusion.as_str()
            );
            let line = vec![Span::Strong("Evaluate only"), Span::Prose(would)];
            notices.push(Node::new(Tone::Waiting, line));
        }
        Enforcement::Disabled => {
            let line = vec![
                Span::Strong("Disabled"),
                Span::Text(": the rules are switched off, and the check passes."),
            ];
            notices.push(Node::new(Tone::Waiting, line));
        }
    }
    if let Some(group) = &verdict.group {
        let held = words::count(pulls as u64, "pull request");
        let line = vec![
            Span::Prose(format!("A merge group of {held}, about to land on ")),
            Span::Code(group.base.clone()),
            Span::Text(". Each was judged again as it stands now, and the strictest verdict is shown."),
        ];
        notices.push(Node::new(Tone::Plain, line));
        let troubles = group.findings.iter().map(|finding| {
            let line = vec![
                Span::Strong(words::effect(finding.effect)),
                Span::Text(": "),
                Span::Prose(format!("{}.", finding.message)),
            ];
            Node::new(Tone::of(finding.effect.conclusion()), line)
        });
        notices.extend(troubles);
        return notices;
    }
    if pulls == 0 {
        notices.push(Node::prose("No open pull request has this head, so there is nothing to judge."));
    }
    if pulls > 1 {
        notices.push(Node::prose(format!(
            "{} have this head. One check run serves them all, so the strictest verdict is shown.",
            words::count(pulls as u64, "open pull request")
        )));
    }
    notices
}

fn trouble(rules: &RulesInForce) -> Vec<Node> {
    rules.trouble.iter().flat_map(|text| lines(text)).collect()
}

fn lines(text: &str) -> Vec<Node> {
    text.lines().filter(|line| !line.trim().is_empty()).map(Node::prose).collect()
}

fn rules(rules: &RulesInForce) -> Node {
    let source = Span::Code(rules.source.clone());
    match &rules.digest {
        Some(digest) => {
            let digest = Span::Code(words::short_digest(digest).to_owned());
            let mut line = vec![source];
            if let Some(commit) = &rules.commit {
                line.extend([Span::Text(" at commit "), Span::Code(commit.short().to_owned())]);
            }
            line.extend([Span::Text(", digest "), digest, Span::Text(".")]);
            Node::new(Tone::Plain, line).with(rules.own.as_ref().map(own_rules))
        }
        None => {
            let line = vec![Span::Text("No valid rules were ever read from "), source, Span::Text(".")];
            Node::new(Tone::Bad, line).with(trouble(rules))
        }
    }
}

/// What the repository's own file adds.
fn own_rules(own: &OwnRulesInForce) -> Node {
    let source = Span::Code(own.source.clone());
    match &own.digest {
        Some(digest) => {
            let digest = Span::Code(words::short_digest(digest).to_owned());
            let line = vec![
                Span::Text("The repository adds its own: "),
                source,
                Span::Text(", digest "),
                digest,
                Span::Text("."),
            ];
            Node::new(Tone::Plain, line)
        }
        None => {
            let line = vec![
                Span::Text("Nothing of the repository's own file "),
                source,
                Span::Text(" is in force."),
            ];
            Node::new(Tone::Plain, line)
        }
    }
}

fn judged(verdict: &Verdict) -> Node {
    let shown = verdict.shown();
    let line = vec![
        Span::Text("Judged: commit "),
        Span::Code(verdict.head.short().to_owned()),
        Span::Text(" of "),
        Span::Code(verdict.repository.name.to_string()),
        Span::Text(". The check "),
        Span::Code(verdict.check.clone()),
        Span::Text(" shows "),
        Span::Code(shown.as_str().to_owned()),
        Span::Text("."),
    ];
    Node::new(Tone::of(shown), line)
}

fn pull_tree(verdict: &Verdict, pull: &PullVerdict) -> PullTree {
    let line = vec![
        Span::Prose(format!("Pull request {}, {}:", pull.number, words::conclusion(pull.conclusion))),
        Span::Text(" "),
        Span::Code(pull.title.clone()),
    ];
    let tone = Tone::of(pull.conclusion);
    let is_judged = verdict.enforcement != Enforcement::Disabled;
    let section =
        |title, nodes: Vec<Node>| Section { title, nodes: if is_judged { nodes } else { Vec::new() } };
    let next = match pull.conclusion {
        Conclusion::Success => "Who approved",
        Conclusion::ActionRequired | Conclusion::Failure => "What to do next, and who can",
    };
    let answer = if is_judged { answer(pull) } else { vec![Span::Text("It was not judged.")] };
    PullTree {
        number: pull.number,
        heading: Node::new(tone, line),
        answer: Node::new(tone, answer),
        why: section("Why", finding::nodes(pull)),
        next: section(next, tier::next(pull)),
        whose: section("Whose work it is", whose::nodes(&pull.involvement)),
    }
}

/// The answer, in one sentence.
fn answer(pull: &PullVerdict) -> Vec<Span> {
    match pull.conclusion {
        Conclusion::Failure if pull.findings.iter().any(|finding| finding.code == Code::NoRules) => vec![
            Span::Strong("Blocked."),
            Span::Text(" No valid rules were ever seen, so everything governed is blocked."),
        ],
        Conclusion::Failure => match title::denied_by(pull) {
            Some(by) => vec![Span::Strong("Blocked"), Span::Text(": "), Span::Prose(format!("{by}."))],
            None => vec![
                Span::Strong("Blocked."),
                Span::Text(" Something could not be seen, and what is not seen does not pass."),
            ],
        },
        Conclusion::ActionRequired => vec![
            Span::Strong("Waiting"),
            Span::Text(" for "),
            Span::Prose(format!("{}.", title::waiting_for(pull))),
        ],
        Conclusion::Success if pull.involvement.judged_as == JudgedAs::People => {
            vec![Span::Strong("Passed."), Span::Text(" No agent had a hand in it.")]
        }
        Conclusion::Success => {
            vec![Span::Strong("Passed."), Span::Text(" Everything that the rules ask for is there.")]
        }
    }
}
