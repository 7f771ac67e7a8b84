//! Whose work a pull request is.
//!
//! A person's pull request that carries commits or traces of an agent is judged as the agent's, unless the rules
//! make a provision for assisted work. Claimed evidence can only raise scrutiny: it can make a person's work an
//! agent's, never the other way round.

use std::collections::BTreeSet;

use super::standing::{self, Standing};
use crate::facts::{Account, Facts, Pull};
use crate::identity::{self, Catalogue, Trace};
use crate::ids::{Sha, UserId};
use crate::rules::Rules;
use crate::verdict::{AgentTrace, EvidenceClass, JudgedAs, quoted};

/// Whose work it is, and what could not be seen of that.
#[derive(Debug)]
pub(super) struct Involved {
    pub(super) judged_as: JudgedAs,
    /// Every sign of an agent; several may point to one agent.
    pub(super) traces: BTreeSet<AgentTrace>,
    /// What could not be seen.
    pub(super) unseen: Vec<String>,
    /// Commits that no account answers for, when they count as an unregistered agent's.
    pub(super) unattributed: Vec<(Sha, String)>,
}

impl Involved {
    /// The names of the registered agents among them.
    pub(super) fn registered(&self) -> BTreeSet<String> {
        self.traces.iter().filter_map(|trace| trace.registered.clone()).collect()
    }
}

/// Finds out whose work a pull request is.
pub(super) fn involve(facts: &Facts, pull: &Pull, rules: &Rules) -> Involved {
    let mut look = Look { facts, rules, traces: BTreeSet::new(), unseen: Vec::new() };
    look.platform(pull);
    look.linked_commits(pull);
    let found = identity::traces(pull);
    look.unseen.extend(found.unseen.iter().cloned());
    for trace in &found.found {
        look.claimed(trace);
    }
    // Whoever opened it answers for commits without an account when that is a registered agent within bounds.
    let author_is_agent = pull
        .author
        .get()
        .is_ok_and(|author| matches!(standing::of(author, facts, rules), Standing::Agent(_)));
    let mut unattributed = if author_is_agent { Vec::new() } else { identity::unattributed(pull) };
    let judged_as = if !look.unseen.is_empty() {
        JudgedAs::Unknown
    } else if look.traces.is_empty() && unattributed.is_empty() {
        JudgedAs::People
    } else if assisted(&look.traces, &found.found, &unattributed, rules) {
        unattributed.clear();
        JudgedAs::Assisted
    } else {
        JudgedAs::Agents
    };
    Involved { judged_as, traces: look.traces, unseen: look.unseen, unattributed }
}

struct Look<'f> {
    facts: &'f Facts,
    rules: &'f Rules,
    traces: BTreeSet<AgentTrace>,
    unseen: Vec<String>,
}

impl Look<'_> {
    /// Accounts that the forge vouches for.
    fn platform(&mut self, pull: &Pull) {
        match pull.author.get() {
            Ok(author) => self.account(author, "opened the pull request"),
            Err(why) => self.unseen.push(format!("who opened it: {why}")),
        }
        match pull.pushers.get() {
            Ok(pushers) => pushers.iter().for_each(|pusher| self.account(pusher, "pushed to it")),
            Err(why) => self.unseen.push(format!("who pushed to it: {why}")),
        }
        match pull.auto_merge.as_ref().map(crate::facts::Fact::get) {
            Some(Ok(enabler)) => self.account(enabler, "switched auto-merge on"),
            Some(Err(why)) => self.unseen.push(format!("who switched auto-merge on: {why}")),
            None => {}
        }
    }

    fn account(&mut self, account: &Account, did: &str) {
        match standing::of(account, self.facts, self.rules) {
            Standing::Person => {}
            Standing::Agent(name) => self.add(Some(name), &account.login, EvidenceClass::Platform, did),
            Standing::Unregistered => self.add(None, &account.login, EvidenceClass::Platform, did),
            Standing::Unknown(why) => {
                self.unseen.push(format!("whether `{}` is a person: {why}", quoted(&account.login)));
            }
        }
    }

    /// Accounts that addresses in commits belong to. Anybody may write any address, so this only raises scrutiny.
    fn linked_commits(&mut self, pull: &Pull) {
        let Ok(commits) = pull.commits.get() else { return };
        for commit in commits {
            for person in commit.authors.iter().chain(&commit.committer) {
                let Some(account) = &person.account else { continue };
                if account.id == WEB_FLOW {
                    continue;
                }
                let seen = format!("commit {} by {}", commit.oid.short(), account.login);
                match standing::of_linked(account.id, &account.login, self.facts, self.rules) {
                    Standing::Person => {}
                    Standing::Agent(name) => {
                        self.add(Some(name), &account.login, EvidenceClass::Claimed, &seen);
                    }
                    Standing::Unregistered => self.add(None, &account.login, EvidenceClass::Claimed, &seen),
                    Standing::Unknown(why) => {
                        self.unseen.push(format!("whether `{}` is a person: {why}", quoted(&account.login)));
                    }
                }
            }
        }
    }

    /// Signs that the catalogue knows.
    fn claimed(&mut self, trace: &Trace) {
        // What the forge vouches for was judged by account above.
        if trace.class == EvidenceClass::Platform {
            return;
        }
        let registered = self.registered_as(trace);
        let called = called(trace);
        self.add(registered, &called, trace.class, &trace.seen);
    }

    /// The registration that a sign points to: by number, by catalogue entry, or by another entry of the same family,
    /// whose signs look alike.
    fn registered_as(&self, trace: &Trace) -> Option<String> {
        if let Some(name) = trace.user_id.and_then(|id| standing::registered(id, self.rules)) {
            return Some(name);
        }
        let catalogue = Catalogue::builtin();
        let entry = catalogue.entry(trace.catalogue?)?;
        let same_family = |id: &String| catalogue.entry(id).is_some_and(|other| other.family == entry.family);
        let agents = || self.rules.agents.values();
        let exact = agents().find(|agent| agent.catalogue.contains(&entry.id));
        let agent = exact.or_else(|| agents().find(|agent| agent.catalogue.iter().any(same_family)));
        agent.map(|agent| agent.name.clone())
    }

    fn add(&mut self, registered: Option<String>, called: &str, class: EvidenceClass, seen: &str) {
        let trace = AgentTrace { registered, called: called.to_owned(), class, seen: bounded(seen) };
        if self.traces.len() < MOST_TRACES || trace.registered.is_none() {
            self.traces.insert(trace);
        }
    }
}

/// GitHub's own account for commits made on the web: signs them, and is nobody's hand.
/// <https://docs.github.com/en/authentication/managing-commit-signature-verification>
const WEB_FLOW: UserId = UserId(19_864_447);

/// A pull request has at most 250 commits on GitHub; a few traces each are enough to explain.
const MOST_TRACES: usize = 500;

fn bounded(text: &str) -> String {
    text.chars().take(160).collect()
}

fn called(trace: &Trace) -> String {
    let known = trace.catalogue.and_then(|id| Catalogue::builtin().entry(id)).map(|entry| entry.name.clone());
    known.or_else(|| trace.login.clone()).unwrap_or_else(|| "an unknown agent".to_owned())
}

/// Whether the provision for assisted work covers everything: a person's own work with claimed traces only.
fn assisted(
    traces: &BTreeSet<AgentTrace>,
    found: &[Trace],
    unattributed: &[(Sha, String)],
    rules: &Rules,
) -> bool {
    let Some(provision) = &rules.people.assisted else { return false };
    let claimed_only = traces.iter().all(|trace| trace.class == EvidenceClass::Claimed);
    // A commit by the account of somebody unknown is no assistance, whatever else it carries.
    let covered = |trace: &&AgentTrace| {
        found.iter().any(|sign| {
            sign.class == EvidenceClass::Claimed
                && sign.catalogue.is_some_and(|id| provision.by.contains(id))
                && (called(sign) == trace.called)
        })
    };
    let all_covered = traces.iter().filter(|trace| !covered(trace)).count() == 0;
    claimed_only && all_covered && (unattributed.is_empty() || provision.unattributed)
}
