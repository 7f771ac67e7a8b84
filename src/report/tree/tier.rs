//! What to do next, and who can: the ways out, then the tiers that lack something, then the rest.

use std::collections::BTreeSet;

use policy::verdict::{Conclusion, PullVerdict, TierState};

use super::{Node, Tone};
use crate::report::words;

/// The ways out and the tiers.
pub(super) fn next(pull: &PullVerdict) -> Vec<Node> {
    let mut told = BTreeSet::new();
    let mut nodes: Vec<Node> = words::findings(pull)
        .into_iter()
        .filter_map(|finding| finding.way_out.as_deref())
        .filter(|way_out| told.insert(*way_out))
        .map(|way_out| Node { tone: Tone::Next, ..Node::prose(way_out) })
        .collect();
    let (open, done): (Vec<_>, Vec<_>) = pull.tiers.iter().partition(|tier| !tier.satisfied);
    nodes.extend(open.into_iter().chain(done).map(tier));
    if nodes.is_empty() && pull.conclusion != Conclusion::Success {
        nodes.push(Node::prose("Change what is named above, or ask whoever maintains the rules."));
    }
    nodes
}

/// How a tier stands.
pub(super) fn tier(tier: &TierState) -> Node {
    let required = (!tier.required_by.is_empty())
        .then(|| Node::prose(format!("Required by {}.", words::list(tier.required_by.iter().cloned()))));
    let raised = tier.raised_by.as_ref().map(|by| {
        let (id, source) = (words::quoted(&by.id), words::quoted(&by.source));
        Node::prose(format!("Made stricter by `{id}` at `{source}:{}`.", by.line))
    });
    let tone = if tier.satisfied { Tone::Good } else { Tone::Waiting };
    Node { tone, ..Node::prose(words::tier(tier)) }
        .with(required)
        .with(raised)
        .with(words::counted(tier).into_iter().map(Node::prose))
        .with(tier.disqualified.iter().map(|given| Node::prose(words::disqualified(given))))
}
