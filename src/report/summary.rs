//! The Markdown body of a check run: what, why, what to do next and who can, whose work, which rules.
//!
//! Readable in half a minute: the answer first, the strictest first, bounded evidence. Rule: a text is put together of
//! whole items within a budget of bytes that is handed down, so GitHub's limit holds by construction and nothing is cut
//! inside markup.

mod item;

use policy::Verdict;
use policy::verdict::{Code, Conclusion, Effect, Enforcement, JudgedAs, PullVerdict, RulesInForce};

use super::{escape, title, words};
use item::{Item, section};

/// GitHub's limit for `output.summary` is 65,535 characters; in bytes it holds whichever of the two is counted.
pub(super) const LIMIT: usize = 65_535;
/// Pull requests told one by one; so many leave each some ten kilobytes.
const MOST_PULLS: usize = 6;
/// Lines of a complaint about the rules.
const MOST_TROUBLE_LINES: usize = 8;

/// The body of the whole verdict.
pub(super) fn summary(verdict: &Verdict) -> String {
    let pulls = words::by_strictness(verdict);
    let mut head = preface(verdict);
    if pulls.len() > 1 {
        head.push_str(&format!(
            "{} have this head. One check run serves them all, so the strictest verdict is shown.\n\n",
            words::count(pulls.len() as u64, "open pull request")
        ));
    }
    let foot = footer(verdict, &pulls);
    let mut left = LIMIT.saturating_sub(head.len() + foot.len());
    let shown = pulls.len().min(MOST_PULLS);
    let mut parts = Vec::new();
    // From the mildest on, so that all that they do not need is left for the strictest.
    for (index, pull) in pulls.iter().take(shown).enumerate().rev() {
        let part = pull_part(verdict, pull, left / (index + 1));
        left = left.saturating_sub(part.len());
        parts.push(part);
    }
    parts.reverse();
    head + &parts.concat() + &foot
}

/// What must be known before anything else is read.
fn preface(verdict: &Verdict) -> String {
    let mut text = String::new();
    if title::newest_refused(&verdict.rules) {
        text.push_str(
            "> **Warning: the newest rules are invalid, and the last valid ones are still in force.**\n",
        );
        text.push_str(&trouble(&verdict.rules));
        text.push_str("> Whoever maintains the rules must mend them.\n\n");
    }
    match verdict.enforcement {
        Enforcement::Active => {}
        Enforcement::Evaluate => text.push_str(&format!(
            "> **Evaluate only**: the check passes whatever is decided. Were the rules enforced, it would be `{}`.\n\n",
            verdict.conclusion.as_str()
        )),
        Enforcement::Disabled => text.push_str("> **Disabled**: the rules are switched off, and the check passes.\n\n"),
    }
    if verdict.pulls.is_empty() {
        text.push_str("No open pull request has this head, so there is nothing to judge.\n\n");
    }
    text
}

fn trouble(rules: &RulesInForce) -> String {
    let lines = rules.trouble.iter().flat_map(|text| text.lines()).filter(|line| !line.trim().is_empty());
    lines.take(MOST_TROUBLE_LINES).map(|line| format!("> {}  \n", escape::prose(line))).collect()
}

fn footer(verdict: &Verdict, pulls: &[&PullVerdict]) -> String {
    let mut text = String::new();
    if pulls.len() > MOST_PULLS {
        let more = words::count((pulls.len() - MOST_PULLS) as u64, "more pull request");
        text.push_str(&format!("… {more} not shown, none of them judged more strictly.\n\n"));
    }
    text.push_str("### Which rules\n\n");
    let source = escape::code(&verdict.rules.source);
    match &verdict.rules.digest {
        Some(digest) => {
            text.push_str(&format!("{source}, digest {}.\n", escape::code(words::short_digest(digest))));
        }
        None => text.push_str(&format!(
            "No valid rules were ever read from {source}.\n\n{}",
            trouble(&verdict.rules)
        )),
    }
    let name = &verdict.repository.name;
    text.push_str(&format!("\nJudged: commit `{}` of `{name}`.", verdict.head.short()));
    if let Some(pull) = pulls.first() {
        text.push_str(&format!(" The whole decision: `portcullis explain {name}#{}`.", pull.number));
    }
    text.push('\n');
    text
}

/// One pull request, in at most so many bytes.
fn pull_part(verdict: &Verdict, pull: &PullVerdict, budget: usize) -> String {
    let mut text = String::new();
    if verdict.pulls.len() > 1 {
        let conclusion = words::conclusion(pull.conclusion);
        text.push_str(&format!(
            "## Pull request {}, {conclusion}: {}\n\n",
            pull.number,
            escape::code(&pull.title)
        ));
    }
    if verdict.enforcement == Enforcement::Disabled {
        return text;
    }
    text.push_str(&what(pull));
    let next = section(next_title(pull), &item::next_items(pull), budget / 4);
    let whose = section("Whose work it is", &item::whose_items(pull), budget / 6);
    let left = budget.saturating_sub(text.len() + next.len() + whose.len());
    let items: Vec<Item> = words::findings(pull).into_iter().map(item::finding).collect();
    text + &section("Why", &items, left) + &next + &whose
}

fn next_title(pull: &PullVerdict) -> &'static str {
    match pull.conclusion {
        Conclusion::Success => "Who approved",
        Conclusion::ActionRequired | Conclusion::Failure => "What to do next, and who can",
    }
}

/// The answer, in one sentence.
fn what(pull: &PullVerdict) -> String {
    let count = |effect| pull.findings.iter().filter(|finding| finding.effect == effect).count() as u64;
    let denied = count(Effect::Denies);
    match pull.conclusion {
        Conclusion::Failure if pull.findings.iter().any(|finding| finding.code == Code::NoRules) => {
            "**Blocked.** No valid rules were ever seen, so everything governed is blocked.\n\n".to_owned()
        }
        Conclusion::Failure if denied == 0 => {
            "**Blocked.** Something could not be seen, and what is not seen does not pass.\n\n".to_owned()
        }
        Conclusion::Failure if denied == 1 => "**Blocked.** 1 finding denies it.\n\n".to_owned(),
        Conclusion::Failure => format!("**Blocked.** {denied} findings deny it.\n\n"),
        Conclusion::ActionRequired => {
            format!("**Waiting** for {}.\n\n", escape::prose(&title::waiting_for(pull)))
        }
        Conclusion::Success if pull.involvement.judged_as == JudgedAs::People => {
            "**Passed.** No agent had a hand in it.\n\n".to_owned()
        }
        Conclusion::Success => "**Passed.** Everything that the rules ask for is there.\n\n".to_owned(),
    }
}
