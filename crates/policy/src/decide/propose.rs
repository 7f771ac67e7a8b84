//! Rules that a pull request proposes: would they be valid, and what would they change? They never judge the change that
//! brings them.

use crate::complaint::{Complaint, Severity};
use crate::facts::{Fact, Facts, ProposedRules, Pull};
use crate::rules::in_force::InForce;
use crate::rules::{RuleSource, Rules, Sentence, Tightening};
use crate::verdict::{Proposal, ProposalState, Remark, Whose};

/// More remarks than these help nobody, and every one is stored with the verdict.
const MOST_REMARKS: usize = 50;
/// The same of sentences.
const MOST_SENTENCES: usize = 50;
/// A list of patterns may be long.
const MOST_CHARS: usize = 400;

/// What is to be said of each rules file that one of these pull requests changes.
pub(super) fn proposals<'f>(
    pulls: impl Iterator<Item = &'f Pull>,
    facts: &Facts,
    source: &RuleSource,
    law: Option<&InForce<'_>>,
) -> Vec<Proposal> {
    let mut said: Vec<Proposal> = Vec::new();
    for proposed in pulls.flat_map(|pull| &pull.proposed_rules) {
        // All of them have one head.
        if said.iter().any(|proposal| proposal.path == proposed.path) {
            continue;
        }
        said.push(match source.path_in(&facts.repository) == Some(proposed.path.as_str()) {
            true => of_the_organization(proposed, law),
            false => of_the_repository(proposed, law),
        });
    }
    said
}

fn of_the_organization(proposed: &ProposedRules, law: Option<&InForce<'_>>) -> Proposal {
    proposal(proposed, Whose::Organization, |text| {
        let parsed = Rules::parse(&proposed.path, text);
        let now = law.map(|law| law.rules.meaning()).unwrap_or_default();
        Ok(Read { complaints: parsed.complaints, now, then: parsed.rules.map(|rules| rules.meaning()) })
    })
}

fn of_the_repository(proposed: &ProposedRules, law: Option<&InForce<'_>>) -> Proposal {
    proposal(proposed, Whose::Repository, |text| {
        let over = law.ok_or("the organisation's rules, below which they would stand, are not valid")?.rules;
        let parsed = Tightening::parse(over, text);
        let now = law.and_then(|law| law.own.as_ref()).map(|own| own.meaning(over)).unwrap_or_default();
        let then = parsed.tightening.filter(|_| parsed.valid).map(|own| own.meaning(over));
        Ok(Read { complaints: parsed.complaints, now, then })
    })
}

/// Proposed rules, read.
struct Read {
    complaints: Vec<Complaint>,
    /// What holds now.
    now: Vec<Sentence>,
    /// What would hold; `None` when they are not valid.
    then: Option<Vec<Sentence>>,
}

fn proposal(
    proposed: &ProposedRules,
    whose: Whose,
    read: impl FnOnce(&str) -> Result<Read, &'static str>,
) -> Proposal {
    let path = proposed.path.clone();
    let said =
        |state| Proposal { path, whose, state, remarks: Vec::new(), adds: Vec::new(), removes: Vec::new() };
    let text = match &proposed.text {
        Fact::Unknown(why) => return said(ProposalState::Unseen(why.clone())),
        Fact::Known(None) => return said(ProposalState::Removed),
        Fact::Known(Some(text)) => text,
    };
    let read = match read(text) {
        Ok(read) => read,
        Err(why) => return said(ProposalState::Unseen(why.to_owned())),
    };
    let remarks = remarks(&read.complaints, text);
    match read.then {
        None => Proposal { remarks, ..said(ProposalState::Invalid) },
        Some(then) => Proposal {
            remarks,
            adds: difference(&then, &read.now),
            removes: difference(&read.now, &then),
            ..said(ProposalState::Valid)
        },
    }
}

/// The first of them in the order of the file; warnings never use up the room of errors.
fn remarks(complaints: &[Complaint], text: &str) -> Vec<Remark> {
    let mut told: Vec<&Complaint> = complaints.iter().collect();
    told.sort_by_key(|complaint| complaint.severity);
    told.truncate(MOST_REMARKS);
    told.sort_by_key(|complaint| complaint.span.start);
    told.into_iter().map(|complaint| remark(complaint, text)).collect()
}

/// The sentences that the others do not have.
fn difference(these: &[Sentence], others: &[Sentence]) -> Vec<String> {
    let new = these.iter().filter(|one| others.iter().all(|other| other.text != one.text));
    new.take(MOST_SENTENCES).map(|one| one.text.chars().take(MOST_CHARS).collect()).collect()
}

fn remark(complaint: &Complaint, text: &str) -> Remark {
    let spanned = text.get(complaint.span.clone()).unwrap_or_default().trim_end();
    let more = u32::try_from(spanned.matches('\n').count()).unwrap_or(0);
    Remark {
        code: complaint.code.to_string(),
        error: complaint.severity == Severity::Error,
        line: complaint.line,
        end_line: complaint.line.saturating_add(more),
        message: complaint.message.clone(),
        help: complaint.help.clone(),
    }
}
