//! A repository's own `.github/portcullis.toml`: it may only tighten what the organisation's rules allow.
//!
//! More rules, stricter tiers, fewer and narrower agents, stricter enforcement. What would loosen is an error at its
//! line. Not relied on: [`super::InForce`] puts both together so that whatever stands here, nothing is loosened.

mod agents;
mod meaning;
mod tiers;

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

pub(crate) use agents::Narrowing;

use super::read::{Table, list, nearest};
use super::shelf::{PathSet, Shelf};
use super::{Expiry, Quota, Rule, Rules, Tier};
use crate::complaint::{Code, Complaint, Complaints};
use crate::facts::{Group, Lines};
use crate::predicate::Known;
use crate::verdict::Enforcement;

/// Where a repository keeps its own rules.
pub const OWN_RULES: &str = ".github/portcullis.toml";

/// A repository's own rules larger than this are not read, in bytes: they are stored with every verdict.
pub const OWN_MAX_BYTES: usize = 64 * 1024;

/// What a repository's own rules add to the organisation's.
#[derive(Debug, Clone)]
pub struct Tightening {
    /// SHA-256 of the text, in hex.
    pub digest: String,
    /// Stricter enforcement.
    pub(crate) enforcement: Option<Enforcement>,
    /// The only agents that may act here, and the line that says so.
    pub(crate) only: Option<(BTreeSet<String>, u32)>,
    /// Narrower bounds, by the name of the agent.
    pub(crate) agents: BTreeMap<String, Narrowing>,
    /// Stricter tiers, and the repository's own.
    pub(crate) tiers: BTreeMap<String, Tier>,
    /// More rules, in the order of the file.
    pub(crate) rules: Vec<Rule>,
    /// The path patterns of these rules.
    pub(crate) paths: PathSet,
}

/// What came of reading a repository's own rules.
#[derive(Debug, Clone)]
pub struct Tightened {
    /// What can be made of the file, also when something in it is wrong; `None` when nothing can.
    pub tightening: Option<Tightening>,
    /// Everything that is wrong or doubtful, in the order of the file.
    pub complaints: Vec<Complaint>,
    /// Whether the file may come into force.
    pub valid: bool,
}

/// Teams that a repository's own rules may name. The members of each are read with calls that all repositories share.
const MOST_TEAMS: usize = 20;

/// What only the organisation's rules may hold.
const OF_THE_ORGANISATION: [&str; 2] = ["people", "classes"];

impl Tightening {
    /// Parses a repository's own rules, to stand below `over`. Total: whatever the text, there is an answer.
    #[must_use]
    pub fn parse(over: &Rules, text: &str) -> Tightened {
        let mut complaints = Complaints::about(text);
        let help = "A repository adds little to the organisation's rules: shorten it.";
        let root = super::document(text, OWN_MAX_BYTES, help, &mut complaints);
        let tightening =
            root.map(|root| parse_root(over, text, Table::new("", 0..0, root.get_ref()), &mut complaints));
        Tightened { tightening, valid: !complaints.has_errors(), complaints: complaints.finish() }
    }

    /// The ids of its own rules about pull requests.
    pub fn rule_ids(&self) -> impl Iterator<Item = &str> {
        let proposals = self.rules.iter().filter(|rule| rule.on.contains(&super::On::PullRequest));
        proposals.map(|rule| rule.id.as_str())
    }

    /// Teams whose members matter, never more than may be named.
    pub(crate) fn groups(&self) -> BTreeSet<&Group> {
        let all: BTreeSet<&Group> = self.tiers.values().flat_map(Tier::teams).collect();
        all.into_iter().take(MOST_TEAMS).collect()
    }

    /// Whether changed lines must be counted.
    pub(crate) fn lines(&self) -> Lines {
        let counts = |rule: &Rule| rule.when.iter().any(|condition| condition.lines() == Lines::Count);
        if self.rules.iter().any(counts) { Lines::Count } else { Lines::Skip }
    }

    /// How much an agent may do here.
    pub(crate) fn quota(&self, agent: &str) -> Option<&Quota> {
        self.agents.get(agent).and_then(|own| own.quota.as_ref())
    }

    /// When bounds end by themselves.
    pub(crate) fn expiries(&self) -> impl Iterator<Item = &Expiry> {
        self.agents.values().filter_map(|agent| agent.expires.as_ref())
    }
}

fn parse_root(over: &Rules, text: &str, mut root: Table<'_>, complaints: &mut Complaints<'_>) -> Tightening {
    super::parse_version(&mut root, complaints);
    for key in OF_THE_ORGANISATION {
        let help = "Remove it here, or ask whoever maintains the organisation's rules.";
        refuse(&mut root, key, help, complaints);
    }
    let (enforcement, only) = parse_gate(over, &mut root, complaints);
    let tiers = tiers::parse(over, &mut root, complaints);
    let teams: BTreeSet<&Group> = tiers.values().flat_map(Tier::teams).collect();
    if teams.len() > MOST_TEAMS {
        let message = format!("the tiers name {} teams, more than {MOST_TEAMS}", teams.len());
        let help = "Name one team for each purpose, or have the organisation make one of several.";
        complaints.error(Code::TooManyTeams, 0..0, message, help);
    }
    let agents = agents::parse(over, &mut root, complaints);
    let agent_names: Vec<String> = over.agents.keys().cloned().collect();
    let tier_names: BTreeSet<String> = over.tiers.keys().chain(tiers.keys()).cloned().collect();
    let tier_names: Vec<String> = tier_names.into_iter().collect();
    let known = Known { agents: &agent_names, classes: &over.class_names };
    let mut shelf = Shelf::default();
    let (rules, spans) = super::parse_rules(&mut root, &known, &tier_names, &mut shelf, complaints);
    for (rule, span) in rules.iter().zip(spans) {
        if let Some(other) = over.rules.iter().find(|other| other.id == rule.id) {
            complaints.warn(
                Code::SameId,
                span,
                format!("the organisation's rules have a `{}` as well; both apply", other.id),
                "Nothing here replaces a rule of the organisation. Give it another id.",
            );
        }
    }
    let paths = shelf.compile(complaints);
    root.finish(complaints);
    Tightening {
        digest: hex::encode(Sha256::digest(text.as_bytes())),
        enforcement,
        only,
        agents,
        tiers,
        rules,
        paths,
    }
}

/// `[gate]`: stricter enforcement, and which of the organisation's agents may act here.
fn parse_gate(
    over: &Rules,
    root: &mut Table<'_>,
    complaints: &mut Complaints<'_>,
) -> (Option<Enforcement>, Option<(BTreeSet<String>, u32)>) {
    let Some(mut table) = root.table("gate", complaints) else { return (None, None) };
    refuse(&mut table, "check", "Branch protection requires one check everywhere.", complaints);
    let enforcement = super::gate::parse_enforcement(&mut table, complaints);
    if let Some(own) = &enforcement
        && own.value < over.gate.enforcement
    {
        let message = format!(
            "enforcement `{}` is less than the organisation's `{}`",
            own.value.as_str(),
            over.gate.enforcement.as_str()
        );
        let help = "A repository's own rules may only tighten. Remove the line.";
        complaints.error(Code::Loosening, own.span.clone(), message, help);
    }
    let names = table.texts_or_none("agents", complaints);
    let only = names.map(|names| {
        let line = complaints.line_of(names.span.start);
        let mut only = BTreeSet::new();
        for name in names.value {
            if over.agents.contains_key(&name.value) {
                only.insert(name.value);
            } else {
                unknown_agent(over, &name.value, name.span, complaints);
            }
        }
        (only, line)
    });
    table.finish(complaints);
    (enforcement.map(|enforcement| enforcement.value), only)
}

fn unknown_agent(over: &Rules, name: &str, span: std::ops::Range<usize>, complaints: &mut Complaints<'_>) {
    let names: Vec<&str> = over.agents.keys().map(String::as_str).collect();
    let help = match nearest(name, &names) {
        Some(near) => format!("Did you mean `{near}`?"),
        None => format!("The organisation registers {}; only it can register more.", list(&names)),
    };
    let message = format!("the organisation's rules register no agent `{}`", name.escape_debug());
    complaints.error(Code::UnknownAgent, span, message, help);
}

/// A key that only the organisation's rules may hold.
fn refuse(table: &mut Table<'_>, key: &'static str, help: &str, complaints: &mut Complaints<'_>) {
    if let Some(span) = table.discard(key) {
        let message = format!("`{key}` is set by the organisation's rules alone");
        complaints.error(Code::OnlyOrganisation, span, message, help);
    }
}
