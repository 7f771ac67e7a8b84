//! Telling people whether the rules that a pull request proposes could come into force.
//!
//! A check of its own beside the gate's: it decides nothing about the change, which is judged by the rules of the default
//! branch like any other.

use policy::Verdict;
use policy::verdict::{Proposal, ProposalState, Remark, Whose};

use super::{Annotation, CheckOutput, Level, escape, summary, title, words};

/// What the check run of proposed rules shows.
#[must_use]
pub fn rules_output(verdict: &Verdict) -> CheckOutput {
    let foot = format!(
        "This check looks at the proposed text alone. Whether the change may land is judged by the rules of the \
         default branch, in the check {}.\n",
        escape::code(&verdict.check)
    );
    let items: Vec<String> = verdict.proposals.iter().flat_map(items).collect();
    let (mut summary, mut left_out) = (String::new(), 0);
    for item in items {
        if summary.len() + item.len() + foot.len() + ROOM <= summary::LIMIT {
            summary.push_str(&item);
        } else {
            left_out += 1;
        }
    }
    if left_out > 0 {
        summary.push_str(&format!("- … {left_out} more not shown\n"));
    }
    summary.push_str(&foot);
    CheckOutput { title: headline(&verdict.proposals), summary, annotations: annotations(&verdict.proposals) }
}

/// For the line that tells how much is not shown.
const ROOM: usize = 100;

fn headline(proposals: &[Proposal]) -> String {
    let worst = proposals.iter().max_by_key(|proposal| match proposal.state {
        ProposalState::Valid => 0,
        ProposalState::Removed => 1,
        ProposalState::Unseen(_) => 2,
        ProposalState::Invalid => 3,
    });
    let Some(proposal) = worst else { return "No rules are proposed".to_owned() };
    let text = match &proposal.state {
        ProposalState::Valid => "The proposed rules are valid".to_owned(),
        ProposalState::Removed => format!("`{}` is removed", words::quoted(&proposal.path)),
        ProposalState::Unseen(why) => format!("The proposed rules could not be read: {why}"),
        ProposalState::Invalid => {
            let errors = proposal.remarks.iter().filter(|remark| remark.error);
            let first =
                errors.clone().next().map(|remark| format!("line {}: {}", remark.line, remark.message));
            let count = words::count(errors.count() as u64, "error");
            format!("The proposed rules are invalid, {count}: {}", first.unwrap_or_default())
        }
    };
    escape::plain(&text, title::LIMIT)
}

/// What is said of one file, in whole items.
fn items(proposal: &Proposal) -> Vec<String> {
    let mut items = vec![answer(proposal)];
    if !proposal.remarks.is_empty() {
        items.push("\n".to_owned());
    }
    items.extend(proposal.remarks.iter().map(|remark| {
        let kind = if remark.error { "Error" } else { "Warning" };
        format!(
            "- {kind} in line {}: {} ({})  \n  {}\n",
            remark.line,
            escape::prose(&remark.message),
            escape::code(&remark.code),
            escape::prose(&remark.help)
        )
    }));
    for (heading, sentences) in
        [("What would hold in addition", &proposal.adds), ("What would hold no longer", &proposal.removes)]
    {
        if !sentences.is_empty() {
            items.push(format!("\n### {heading}\n\n"));
            items.extend(sentences.iter().map(|sentence| format!("- {}\n", escape::prose(sentence))));
        }
    }
    items.push("\n".to_owned());
    items
}

fn answer(proposal: &Proposal) -> String {
    let path = escape::code(&proposal.path);
    let whose = match proposal.whose {
        Whose::Organization => "the organisation's rules",
        Whose::Repository => "this repository's own rules",
    };
    match (&proposal.state, proposal.whose) {
        (ProposalState::Valid, _) => format!("**Valid.** {path}, {whose}, can come into force.\n"),
        (ProposalState::Removed, Whose::Repository) => {
            format!("**Removed.** Without {path} the organisation's rules alone hold here.\n")
        }
        (ProposalState::Removed, Whose::Organization) => format!(
            "**Removed.** Without {path} there are no rules: the last good ones stay in force, and every check says so.\n"
        ),
        (ProposalState::Unseen(why), _) => {
            format!("**Could not be read.** {path}, {whose}: {}.\n\n", escape::prose(why))
        }
        (ProposalState::Invalid, _) => format!(
            "**Invalid.** Merged like this, {path} would not come into force: the last good text of {whose} stays, and \
             every check says so.\n"
        ),
    }
}

fn annotations(proposals: &[Proposal]) -> Vec<Annotation> {
    let all =
        proposals.iter().flat_map(|proposal| proposal.remarks.iter().map(move |remark| (proposal, remark)));
    all.map(|(proposal, remark)| annotation(&proposal.path, remark)).collect()
}

fn annotation(path: &str, remark: &Remark) -> Annotation {
    Annotation {
        path: path.to_owned(),
        start_line: remark.line,
        end_line: remark.end_line,
        level: if remark.error { Level::Failure } else { Level::Warning },
        title: escape::plain(&remark.code, title::LIMIT),
        message: format!("{}\nHelp: {}", escape::terminal(&remark.message), escape::terminal(&remark.help)),
    }
}
