//! `[agents.NAME]` of a repository: narrower bounds for an agent that the organisation registers.

use std::collections::{BTreeMap, BTreeSet};

use change::Globs;

use super::{refuse, unknown_agent};
use crate::complaint::{Code, Complaints};
use crate::rules::read::Table;
use crate::rules::{Agent, Expiry, Quota, Rules, Verb, agents, glob, quota};

/// Narrower bounds; what is `None` stays as the organisation's rules have it.
#[derive(Debug, Clone)]
pub(crate) struct Narrowing {
    /// Where its table stands.
    pub(crate) line: u32,
    /// The branches it may work on.
    pub(crate) branches: Option<Globs>,
    /// What it may do.
    pub(crate) may: Option<BTreeSet<Verb>>,
    /// Until when.
    pub(crate) expires: Option<Expiry>,
    /// How much here.
    pub(crate) quota: Option<Quota>,
}

/// What a registration holds and a repository cannot set.
const REGISTRATION: [&str; 4] = ["recognise", "owner", "purpose", "repos"];

const HELP: &str = "A repository's own rules may only tighten. Stay within the organisation's bounds.";

pub(super) fn parse(
    over: &Rules,
    root: &mut Table<'_>,
    complaints: &mut Complaints<'_>,
) -> BTreeMap<String, Narrowing> {
    let mut parsed = BTreeMap::new();
    for (name, mut table) in root.named_tables("agents", complaints) {
        let Some(agent) = over.agents.get(&name) else {
            unknown_agent(over, &name, table.span, complaints);
            continue;
        };
        let line = complaints.line_of(table.span.start);
        for key in REGISTRATION {
            refuse(
                &mut table,
                key,
                "A repository narrows `branches`, `may`, `expires` and `quota` only.",
                complaints,
            );
        }
        let narrowing = Narrowing {
            line,
            branches: branches(agent, &mut table, complaints),
            may: may(agent, &mut table, complaints),
            expires: expires(agent, &mut table, complaints),
            quota: quota(over, agent, &mut table, complaints),
        };
        table.finish(complaints);
        parsed.insert(name, narrowing);
    }
    parsed
}

/// Both lists must match in the end, so a wider one would be without effect. Where a branch can be named that this list
/// matches and the organisation's does not, that is said, for somebody meant it.
fn branches(agent: &Agent, table: &mut Table<'_>, complaints: &mut Complaints<'_>) -> Option<Globs> {
    let span = table.span_of("branches");
    let globs = glob::parse("branches", table, complaints)?;
    let wider = globs.examples().into_iter().find(|example| !agent.branches.is_match(example.as_bytes()));
    if let (Some(branch), Some(span)) = (wider, span) {
        let message = format!(
            "these include `{}`, which is outside what the organisation's rules let agent `{}` work on",
            branch.escape_debug(),
            agent.name.escape_debug()
        );
        complaints.error(Code::Loosening, span, message, HELP);
    }
    Some(globs)
}

fn may(agent: &Agent, table: &mut Table<'_>, complaints: &mut Complaints<'_>) -> Option<BTreeSet<Verb>> {
    let span = table.span_of("may")?;
    let may = agents::parse_may(table, complaints);
    if let Some(verb) = may.difference(&agent.may).next() {
        let message = format!(
            "`{verb}` is more than the organisation's rules let agent `{}` do",
            agent.name.escape_debug()
        );
        complaints.error(Code::Loosening, span, message, HELP);
    }
    Some(may)
}

fn expires(agent: &Agent, table: &mut Table<'_>, complaints: &mut Complaints<'_>) -> Option<Expiry> {
    let span = table.span_of("expires")?;
    let expires = agents::parse_expires(table, complaints)?;
    if let Some(end) = agent.expires.as_ref().filter(|end| end.end < expires.end) {
        let message = format!(
            "{} is later than the organisation's rules let agent `{}` go on ({})",
            expires.date,
            agent.name.escape_debug(),
            end.date
        );
        complaints.error(Code::Loosening, span, message, HELP);
    }
    Some(expires)
}

/// What it counts is only what the agent does here, so that a larger number than the organisation's would be without
/// effect.
fn quota(
    over: &Rules,
    agent: &Agent,
    table: &mut Table<'_>,
    complaints: &mut Complaints<'_>,
) -> Option<Quota> {
    let span = table.span_of("quota")?;
    let quota = quota::parse(table, &over.class_names, complaints)?;
    let looser = agent.quota.as_ref().and_then(|over| quota.looser_than(over));
    if let Some((key, own, over)) = looser {
        let message = format!(
            "`{key} = {own}` is more than the organisation's rules let agent `{}` do ({over})",
            agent.name.escape_debug()
        );
        complaints.error(Code::Loosening, span, message, HELP);
    }
    Some(quota)
}
