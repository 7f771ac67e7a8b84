//! An agent's bounds, before any rule: registered, not expired, in its repositories, on its branches, doing what it
//! may.

use std::collections::BTreeSet;

use change::Globs;

use super::involve::Involved;
use super::{cannot_see, skip};
use crate::facts::{Facts, Pull};
use crate::ids::{Millis, RepoId, RepoName};
use crate::rules::in_force::{InForce, own_ref};
use crate::rules::{Agent, Expiry, Quota, Rules, Verb};
use crate::verdict::{AgentTrace, Code, Effect, Evidence, Finding, JudgedAs, RuleRef, quoted};

/// Everything that speaks against the agents themselves, and what could not be seen of them.
pub(super) fn check(facts: &Facts, pull: &Pull, in_force: &InForce<'_>, involved: &Involved) -> Vec<Finding> {
    let mut findings: Vec<Finding> = involved.unseen.iter().cloned().map(cannot_see).collect();
    if let Err(why) = pull.change.get() {
        findings.push(cannot_see(format!("what changed: {why}")));
    }
    if matches!(involved.judged_as, JudgedAs::People | JudgedAs::Assisted) {
        return findings;
    }
    for name in &involved.registered {
        let Some(agent) = in_force.rules.agents.get(name) else { continue };
        findings.extend(kept_out(in_force, agent));
        findings.extend(repository(facts, pull, in_force.rules, agent));
        for bound in Bound::all(in_force, agent) {
            findings.extend(bound.expired(facts.now));
            findings.extend(bound.branch(&pull.head.name));
            findings.extend(bound.verbs(involved));
        }
    }
    findings.extend(unregistered(involved));
    findings.extend(unattributed(involved));
    findings.extend(skip::check(pull));
    findings
}

/// What an agent is bounded by in one place: its registration, or the repository's own rules.
pub(super) struct Bound<'r> {
    place: RuleRef,
    agent: &'r Agent,
    branches: Option<&'r Globs>,
    workflows: Option<&'r Globs>,
    may: Option<&'r BTreeSet<Verb>>,
    expires: Option<&'r Expiry>,
    quota: Option<&'r Quota>,
    /// Whether it counts only what the agent does in this repository.
    own: bool,
    /// Who can change it.
    keeper: String,
}

impl<'r> Bound<'r> {
    /// The registration, and the repository's own bounds where it has some: both must hold.
    pub(super) fn all(in_force: &'r InForce<'_>, agent: &'r Agent) -> impl Iterator<Item = Self> {
        let registration = Self {
            place: registration(in_force.rules, agent),
            agent,
            branches: Some(&agent.branches),
            workflows: agent.workflows.as_ref(),
            may: Some(&agent.may),
            expires: agent.expires.as_ref(),
            quota: agent.quota.as_ref(),
            own: false,
            keeper: format!("its owner `{}`", agent.owner),
        };
        let narrowing = in_force.narrowing(&agent.name).map(|own| Self {
            place: own_ref(format!("agents.{}", agent.name), own.line),
            agent,
            branches: own.branches.as_ref(),
            workflows: None,
            may: own.may.as_ref(),
            expires: own.expires.as_ref(),
            quota: own.quota.as_ref(),
            own: true,
            keeper: "whoever maintains this repository's own rules".to_owned(),
        });
        std::iter::once(registration).chain(narrowing)
    }

    /// How much the agent may do; `None` does not bound that.
    pub(super) fn quota(&self) -> Option<&'r Quota> {
        self.quota
    }

    /// Whether what the agent does in that repository counts for what it does in this one.
    pub(super) fn counts(&self, there: RepoId, here: RepoId) -> bool {
        !self.own || there == here
    }

    /// What it may do is exhausted. `message` tells the numbers.
    pub(super) fn beyond(&self, effect: Effect, message: String, way_out: &str) -> Finding {
        let line = self.quota.map_or(self.place.line, |quota| quota.line);
        let place =
            RuleRef { id: format!("{}.quota", self.place.id), line, source: self.place.source.clone() };
        let way_out = format!("{way_out} To change the quota, ask {}.", self.keeper);
        Finding { effect, ..denied(Code::OverQuota, place, message, way_out) }
    }

    /// The agent's name in the rules.
    pub(super) fn name(&self) -> &str {
        &self.agent.name
    }

    pub(super) fn finding(&self, code: Code, message: String, way_out: String) -> Finding {
        denied(code, self.place.clone(), message, way_out)
    }

    pub(super) fn expired(&self, now: Millis) -> Option<Finding> {
        let expiry = self.expires?;
        (now >= expiry.end).then(|| {
            self.finding(
                Code::AgentExpired,
                format!("the registration of agent `{}` ended with {}", self.agent.name, expiry.date),
                format!("Ask {}: reviewed, it gets a new `expires`.", self.keeper),
            )
        })
    }

    pub(super) fn branch(&self, branch: &str) -> Option<Finding> {
        let branches = self.branches?;
        (!branches.is_match(branch.as_bytes())).then(|| {
            self.finding(
                Code::AgentBranch,
                format!("agent `{}` may not work on branch `{}`", self.agent.name, quoted(branch)),
                format!("Allowed: {}. To change that, ask {}.", spelled(branches.patterns()), self.keeper),
            )
        })
    }

    /// The workflow must be one of those that may run for it.
    pub(super) fn workflow(&self, path: &str) -> Option<Finding> {
        let workflows = self.workflows?;
        (!workflows.is_match(path.as_bytes())).then(|| {
            self.finding(
                Code::AgentWorkflow,
                format!("agent `{}` may not have workflow `{}` run", self.agent.name, quoted(path)),
                format!("Allowed: {}. To change that, ask {}.", spelled(workflows.patterns()), self.keeper),
            )
        })
    }

    /// It must be registered for this verb to `do_it`.
    pub(super) fn needs(&self, verb: Verb, do_it: &str) -> Option<Finding> {
        self.needs_one_of(&[verb], do_it)
    }

    /// It must be registered for one of these verbs to `do_it`.
    pub(super) fn needs_one_of(&self, verbs: &[Verb], do_it: &str) -> Option<Finding> {
        let may = self.may?;
        if verbs.iter().any(|verb| may.contains(verb)) {
            return None;
        }
        let message = format!("agent `{}` may not {do_it}", self.agent.name);
        let missing: Vec<String> = verbs.iter().map(|verb| format!("`{verb}`")).collect();
        let way_out = format!("Ask {}: {} is missing from `may`.", self.keeper, missing.join(" or "));
        Some(self.finding(Code::AgentVerb, message, way_out))
    }

    /// Whether this is one of the verbs that it may do.
    pub(super) fn may(&self, verb: Verb) -> bool {
        self.may.is_none_or(|may| may.contains(&verb))
    }

    fn verbs(&self, involved: &Involved) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self.needs(Verb::Propose, "propose changes").into_iter().collect();
        let enabled_auto_merge = involved.merging.as_ref() == Some(&self.agent.name);
        if enabled_auto_merge && !self.may(Verb::Merge) {
            let message = format!("agent `{}` may not merge, but switched auto-merge on", self.agent.name);
            findings.push(self.finding(Code::AgentVerb, message, "Switch auto-merge off.".to_owned()));
        }
        findings
    }
}

fn denied(code: Code, place: RuleRef, message: String, way_out: String) -> Finding {
    Finding {
        code,
        effect: Effect::Denies,
        rule: Some(place),
        message,
        why: None,
        evidence: Vec::new(),
        evidence_total: 0,
        way_out: Some(way_out),
    }
}

fn registration(rules: &Rules, agent: &Agent) -> RuleRef {
    RuleRef { id: format!("agents.{}", agent.name), line: agent.line, source: rules.source.clone() }
}

/// What keeps an agent out, whatever it does: it is suspended, or the repository names the agents that may act in it and
/// this is none of them.
pub(super) fn kept_out(in_force: &InForce<'_>, agent: &Agent) -> Vec<Finding> {
    suspended(in_force, agent).into_iter().chain(not_named(in_force, agent)).collect()
}

/// Stands before everything else, so it points to no rule: no rule says it.
fn suspended(in_force: &InForce<'_>, agent: &Agent) -> Option<Finding> {
    let suspension = in_force.suspension(&agent.name)?;
    let message = format!(
        "agent `{}` is suspended by `{}` since {}: {}",
        agent.name,
        quoted(&suspension.by),
        suspension.at.date(),
        quoted(&suspension.reason),
    );
    let way_out = format!("Look into the reason; then `portcullis agents resume {}` ends it.", agent.name);
    Some(Finding {
        code: Code::AgentSuspended,
        effect: Effect::Denies,
        rule: None,
        message,
        why: None,
        evidence: Vec::new(),
        evidence_total: 0,
        way_out: Some(way_out),
    })
}

fn not_named(in_force: &InForce<'_>, agent: &Agent) -> Option<Finding> {
    let place = in_force.keeps_out(&agent.name)?;
    let message = format!("this repository's own rules keep agent `{}` out", agent.name);
    let way_out = "Whoever maintains this repository's own rules adds it to `gate.agents`.";
    Some(denied(Code::AgentRepository, place, message, way_out.to_owned()))
}

/// Both where it wants to land and where it comes from: a fork is another repository.
fn repository(facts: &Facts, pull: &Pull, rules: &Rules, agent: &Agent) -> Option<Finding> {
    let outside = outside_repository(&facts.repository.name, rules, agent);
    if outside.is_some() {
        return outside;
    }
    let message = match &pull.head_repository {
        Some(head) if within(agent, &head.name) => return None,
        Some(head) => format!("agent `{}` may not propose from repository `{}`", agent.name, head.name),
        None => format!("the repository that agent `{}` proposes from is gone", agent.name),
    };
    Some(not_here(rules, agent, message))
}

/// The repository is none of those that the agent may act in.
pub(super) fn outside_repository(name: &RepoName, rules: &Rules, agent: &Agent) -> Option<Finding> {
    let message = || format!("agent `{}` may not act in repository `{name}`", agent.name);
    (!within(agent, name)).then(|| not_here(rules, agent, message()))
}

fn within(agent: &Agent, name: &RepoName) -> bool {
    agent.repos.is_match(name.to_string().to_ascii_lowercase().as_bytes())
}

fn not_here(rules: &Rules, agent: &Agent, message: String) -> Finding {
    let way_out = format!(
        "Allowed: {}. To change that, ask its owner `{}`.",
        spelled(agent.repos.patterns()),
        agent.owner
    );
    denied(Code::AgentRepository, registration(rules, agent), message, way_out)
}

fn spelled(patterns: &[String]) -> String {
    let quoted: Vec<String> = patterns.iter().take(10).map(|pattern| format!("`{pattern}`")).collect();
    quoted.join(", ")
}

/// More agents than this in one pull request are told together.
const MOST_NAMED: usize = 20;

/// One finding for each agent that nobody registered.
fn unregistered(involved: &Involved) -> Vec<Finding> {
    unregistered_among(&involved.traces)
}

/// One finding for each agent among the traces that nobody registered.
pub(super) fn unregistered_among<'t>(traces: impl IntoIterator<Item = &'t AgentTrace>) -> Vec<Finding> {
    let mut by_name: std::collections::BTreeMap<&str, Vec<&AgentTrace>> = std::collections::BTreeMap::new();
    for trace in traces.into_iter().filter(|trace| trace.registered.is_none()) {
        let name = trace.called.as_str();
        let told = by_name.contains_key(name) || by_name.len() < MOST_NAMED;
        by_name.entry(if told { name } else { "several more" }).or_default().push(trace);
    }
    let finding = |(name, traces): (&str, Vec<&AgentTrace>)| Finding {
        code: Code::UnregisteredAgent,
        effect: Effect::Denies,
        rule: None,
        message: format!(
            "`{}` is neither a person whom the rules recognise nor a registered agent",
            quoted(name)
        ),
        why: None,
        evidence: traces.iter().take(20).map(|trace| Evidence::Note(trace.seen.clone())).collect(),
        evidence_total: traces.len(),
        way_out: Some(
            "Register it under `[agents.NAME]` with an owner and bounds; a person belongs under `[people]`; \
             people's own work with an agent's help can be provided for under `[people.assisted]`."
                .to_owned(),
        ),
    };
    by_name.into_iter().map(finding).collect()
}

/// Commits that no account answers for count as an unregistered agent's.
fn unattributed(involved: &Involved) -> Option<Finding> {
    if involved.unattributed.is_empty() {
        return None;
    }
    let commits = involved.unattributed.iter().take(20);
    let evidence =
        commits.map(|(oid, note)| Evidence::Commit { oid: oid.clone(), note: note.clone() }).collect();
    Some(Finding {
        code: Code::UnattributedCommit,
        effect: Effect::Denies,
        rule: None,
        message: match involved.unattributed.len() {
            1 => "1 commit has an author whom no account answers for".to_owned(),
            many => format!("{many} commits have an author whom no account answers for"),
        },
        why: None,
        evidence,
        evidence_total: involved.unattributed.len(),
        way_out: Some(
            "Add the address to the author's account, or commit with an address of the account; \
             `[people.assisted] unattributed = true` provides for such commits."
                .to_owned(),
        ),
    })
}
