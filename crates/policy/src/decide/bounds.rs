//! An agent's bounds, before any rule: registered, not expired, in its repositories, on its branches, doing what it
//! may.

use super::cannot_see;
use super::involve::Involved;
use crate::facts::{Facts, Pull};
use crate::rules::{Agent, Rules, Verb};
use crate::verdict::{AgentTrace, Code, Effect, Evidence, Finding, JudgedAs, RuleRef, quoted};

/// Everything that speaks against the agents themselves, and what could not be seen of them.
pub(super) fn check(facts: &Facts, pull: &Pull, rules: &Rules, involved: &Involved) -> Vec<Finding> {
    let mut findings: Vec<Finding> = involved.unseen.iter().cloned().map(cannot_see).collect();
    if let Err(why) = pull.change.get() {
        findings.push(cannot_see(format!("what changed: {why}")));
    }
    if matches!(involved.judged_as, JudgedAs::People | JudgedAs::Assisted) {
        return findings;
    }
    for name in &involved.registered {
        let Some(agent) = rules.agents.get(name) else { continue };
        let bounds = Bounds { facts, pull, rules, agent };
        findings.extend(bounds.expired());
        findings.extend(bounds.repository());
        findings.extend(bounds.branch());
        findings.extend(bounds.verbs(involved));
    }
    findings.extend(unregistered(involved));
    findings.extend(unattributed(involved));
    findings
}

struct Bounds<'f> {
    facts: &'f Facts,
    pull: &'f Pull,
    rules: &'f Rules,
    agent: &'f Agent,
}

impl Bounds<'_> {
    fn finding(&self, code: Code, message: String, way_out: String) -> Finding {
        Finding {
            code,
            effect: Effect::Denies,
            rule: Some(RuleRef {
                id: format!("agents.{}", self.agent.name),
                line: self.agent.line,
                source: self.rules.source.clone(),
            }),
            message,
            why: None,
            evidence: Vec::new(),
            evidence_total: 0,
            way_out: Some(way_out),
        }
    }

    fn expired(&self) -> Option<Finding> {
        let expiry = self.agent.expires.as_ref()?;
        (self.facts.now >= expiry.end).then(|| {
            self.finding(
                Code::AgentExpired,
                format!("the registration of agent `{}` ended with {}", self.agent.name, expiry.date),
                format!("Its owner `{}` reviews it and sets a new `expires`.", self.agent.owner),
            )
        })
    }

    /// Both where it wants to land and where it comes from: a fork is another repository.
    fn repository(&self) -> Option<Finding> {
        let within = |name: &str| self.agent.repos.is_match(name.to_ascii_lowercase().as_bytes());
        let base = self.facts.repository.name.to_string();
        let way_out = format!(
            "Allowed: {}. Its owner is `{}`.",
            spelled(self.agent.repos.patterns()),
            self.agent.owner
        );
        if !within(&base) {
            let message = format!("agent `{}` may not act in repository `{base}`", self.agent.name);
            return Some(self.finding(Code::AgentRepository, message, way_out));
        }
        match &self.pull.head_repository {
            Some(head) if within(&head.name.to_string()) => None,
            Some(head) => {
                let message =
                    format!("agent `{}` may not propose from repository `{}`", self.agent.name, head.name);
                Some(self.finding(Code::AgentRepository, message, way_out))
            }
            None => {
                let message =
                    format!("the repository that agent `{}` proposes from is gone", self.agent.name);
                Some(self.finding(Code::AgentRepository, message, way_out))
            }
        }
    }

    fn branch(&self) -> Option<Finding> {
        let branch = &self.pull.head.name;
        (!self.agent.branches.is_match(branch.as_bytes())).then(|| {
            self.finding(
                Code::AgentBranch,
                format!("agent `{}` may not work on branch `{}`", self.agent.name, quoted(branch)),
                format!(
                    "Allowed: {}. Its owner is `{}`.",
                    spelled(self.agent.branches.patterns()),
                    self.agent.owner
                ),
            )
        })
    }

    fn verbs(&self, involved: &Involved) -> Vec<Finding> {
        let mut findings = Vec::new();
        if !self.agent.may.contains(&Verb::Propose) {
            let message = format!("agent `{}` may not propose changes", self.agent.name);
            let way_out = format!("Its owner `{}` adds `propose` to `may`.", self.agent.owner);
            findings.push(self.finding(Code::AgentVerb, message, way_out));
        }
        let enabled_auto_merge = involved.merging.as_ref() == Some(&self.agent.name);
        if enabled_auto_merge && !self.agent.may.contains(&Verb::Merge) {
            let message = format!("agent `{}` may not merge, but switched auto-merge on", self.agent.name);
            findings.push(self.finding(Code::AgentVerb, message, "Switch auto-merge off.".to_owned()));
        }
        findings
    }
}

fn spelled(patterns: &[String]) -> String {
    let quoted: Vec<String> = patterns.iter().take(10).map(|pattern| format!("`{pattern}`")).collect();
    quoted.join(", ")
}

/// More agents than this in one pull request are told together.
const MOST_NAMED: usize = 20;

/// One finding for each agent that nobody registered.
fn unregistered(involved: &Involved) -> Vec<Finding> {
    let mut by_name: std::collections::BTreeMap<&str, Vec<&AgentTrace>> = std::collections::BTreeMap::new();
    for trace in involved.traces.iter().filter(|trace| trace.registered.is_none()) {
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
