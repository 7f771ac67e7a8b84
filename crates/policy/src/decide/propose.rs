//! Rules that a pull request proposes: would they be valid? They never judge the change that brings them.

use crate::complaint::{Complaint, Severity};
use crate::facts::{Fact, Facts, ProposedRules, Pull};
use crate::rules::{RuleSource, Rules, Tightening};
use crate::verdict::{Proposal, ProposalState, Remark, Whose};

/// More remarks than these help nobody, and every one is stored with the verdict.
const MOST_REMARKS: usize = 50;

/// What is to be said of each rules file that one of these pull requests changes.
pub(super) fn proposals<'f>(
    pulls: impl Iterator<Item = &'f Pull>,
    facts: &Facts,
    source: &RuleSource,
) -> Vec<Proposal> {
    let mut said: Vec<Proposal> = Vec::new();
    for proposed in pulls.flat_map(|pull| &pull.proposed_rules) {
        // All of them have one head.
        if said.iter().all(|proposal| proposal.path != proposed.path) {
            said.push(proposal(proposed, facts, source));
        }
    }
    said
}

fn proposal(proposed: &ProposedRules, facts: &Facts, source: &RuleSource) -> Proposal {
    let organization = source.path_in(&facts.repository) == Some(proposed.path.as_str());
    let whose = if organization { Whose::Organization } else { Whose::Repository };
    let said = |state, remarks| Proposal { path: proposed.path.clone(), whose, state, remarks };
    let text = match &proposed.text {
        Fact::Unknown(why) => return said(ProposalState::Unseen(why.clone()), Vec::new()),
        Fact::Known(None) => return said(ProposalState::Removed, Vec::new()),
        Fact::Known(Some(text)) => text,
    };
    let (valid, complaints) = match (whose, &source.in_force) {
        (Whose::Organization, _) => {
            let parsed = Rules::parse(&proposed.path, text);
            (parsed.rules.is_some(), parsed.complaints)
        }
        (Whose::Repository, Some(rules)) => {
            let parsed = Tightening::parse(rules, text);
            (parsed.valid, parsed.complaints)
        }
        (Whose::Repository, None) => {
            let why = "the organisation's rules, below which they would stand, are not valid";
            return said(ProposalState::Unseen(why.to_owned()), Vec::new());
        }
    };
    let state = if valid { ProposalState::Valid } else { ProposalState::Invalid };
    said(state, complaints.iter().take(MOST_REMARKS).map(|complaint| remark(complaint, text)).collect())
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
