//! Something that has happened, or that waits for an answer: each thing that was done, why it was judged so, and what is
//! done about it.

use policy::act::{ActVerdict, Deed};
use policy::rules::Respond;
use policy::verdict::Enforcement;

use super::{Node, Section, Tone, finding, own_rules, rules, tier, whose};
use crate::report::words;

/// A verdict about what was done.
pub(in crate::report) struct ActTree {
    /// What it is about, and how it ends.
    pub(in crate::report) heading: String,
    /// What was done, strictest findings first.
    pub(in crate::report) deeds: Vec<(Node, Vec<Section>)>,
    /// Who can be asked, where somebody can.
    pub(in crate::report) tiers: Vec<Node>,
    /// Which rules it was judged by.
    pub(in crate::report) rules: Vec<Node>,
}

impl ActTree {
    pub(in crate::report) fn of(verdict: &ActVerdict) -> Self {
        let word = match verdict.conclusion.as_str() {
            "success" => "Passed",
            "action_required" => "Waiting",
            _ => "Not passed",
        };
        let only = match verdict.enforcement {
            Enforcement::Active => "",
            Enforcement::Evaluate => ", and nothing is done: the rules only evaluate",
            Enforcement::Disabled => ", for nothing is judged: enforcement is `disabled`",
        };
        let (about, repository) = (words::quoted(&verdict.about), &verdict.repository.name);
        let own = verdict.rules.own.as_ref().map(own_rules);
        Self {
            heading: format!("{word}: `{about}` in `{repository}`{only}"),
            deeds: verdict.deeds.iter().map(|deed| (heading(verdict, deed), sections(deed))).collect(),
            tiers: verdict.tiers.iter().map(tier::tier).collect(),
            rules: std::iter::once(rules(&verdict.rules)).chain(own).collect(),
        }
    }
}

fn heading(verdict: &ActVerdict, deed: &Deed) -> Node {
    let who = deed.involvement.author.as_ref().map_or_else(|| "Somebody".to_owned(), words::account);
    let answered = match verdict.answer(deed) {
        None => "",
        Some(Respond::Report) => "; it is told of",
        Some(Respond::Cancel) => "; it is cancelled",
        Some(Respond::Revert) => "; it is put back",
        Some(Respond::Suspend) => "; the agent is suspended",
    };
    Node { tone: Tone::of(deed.conclusion), ..Node::prose(format!("{who} {}{answered}.", deed.what)) }
}

fn sections(deed: &Deed) -> Vec<Section> {
    let ways_out = deed.findings.iter().filter_map(|finding| finding.way_out.as_deref());
    let mut told = std::collections::BTreeSet::new();
    let next = ways_out.filter(|way_out| told.insert(*way_out));
    let next = next.map(|way_out| Node { tone: Tone::Next, ..Node::prose(way_out) }).collect();
    vec![
        Section { title: "Why", nodes: finding::of(words::strictest_first(&deed.findings)) },
        Section { title: "What to do next", nodes: next },
        Section { title: "Whose doing it is", nodes: whose::nodes(&deed.involvement) },
    ]
}
