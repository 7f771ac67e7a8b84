//! Whose work a pull request is.
//!
//! A person's pull request that carries commits or traces of an agent is judged as the agent's, unless the rules
//! make a provision for assisted work. Claimed evidence can only raise scrutiny: it can make a person's work an
//! agent's, never the other way round.

use std::collections::BTreeSet;

use super::standing::{self, Standing};
use crate::facts::{Account, CommitIdentity, Descent, Fact, Facts, Linked, Pull};
use crate::identity::address::Noreply;
use crate::identity::{self, Catalogue, Place, Trace, Traces};
use crate::ids::{Sha, UserId};
use crate::rules::Rules;
use crate::verdict::{AgentTrace, EvidenceClass, JudgedAs, quoted};

/// Whose work it is, and what could not be seen of that.
#[derive(Debug)]
pub(super) struct Involved {
    pub(super) judged_as: JudgedAs,
    /// Signs of agents, at least one for each registered agent, and one at least if any is not registered.
    pub(super) traces: BTreeSet<AgentTrace>,
    /// The names of all registered agents that had a hand in it.
    pub(super) registered: BTreeSet<String>,
    /// The registered agent that switched auto-merge on.
    pub(super) merging: Option<String>,
    /// What could not be seen.
    pub(super) unseen: Vec<String>,
    /// Commits that no account answers for, when they count as an unregistered agent's.
    pub(super) unattributed: Vec<(Sha, String)>,
}

/// Finds out whose work a pull request is.
pub(super) fn involve(facts: &Facts, pull: &Pull, rules: &Rules) -> Involved {
    let mut look = Look::new(facts, rules);
    look.platform(pull);
    look.lineage(pull);
    look.commits(pull);
    let found = identity::traces(pull);
    look.traces(&found);
    let mut unattributed = look.unattributed(pull, &found);
    let judged_as = if !look.unseen.is_empty() {
        JudgedAs::Unknown
    } else if look.traces.is_empty() && unattributed.is_empty() {
        JudgedAs::People
    } else if look.is_assisted(&unattributed) {
        unattributed.clear();
        JudgedAs::Assisted
    } else {
        JudgedAs::Agents
    };
    Involved {
        judged_as,
        traces: look.traces,
        registered: look.agents.into_iter().flatten().collect(),
        merging: look.merging,
        unseen: look.unseen,
        unattributed,
    }
}

struct Look<'f> {
    facts: &'f Facts,
    rules: &'f Rules,
    traces: BTreeSet<AgentTrace>,
    /// The accounts that the forge vouches for: each was judged.
    accounts: BTreeSet<UserId>,
    /// Who had a hand in it: registered agents by name, and `None` when there is any other.
    agents: BTreeSet<Option<String>>,
    merging: Option<String>,
    /// Some sign is of an agent that the provision for assisted work does not cover.
    uncovered: bool,
    unseen: Vec<String>,
}

impl<'f> Look<'f> {
    fn new(facts: &'f Facts, rules: &'f Rules) -> Self {
        Self {
            facts,
            rules,
            traces: BTreeSet::new(),
            accounts: BTreeSet::new(),
            agents: BTreeSet::new(),
            merging: None,
            uncovered: false,
            unseen: Vec::new(),
        }
    }

    /// Accounts that the forge vouches for.
    fn platform(&mut self, pull: &Pull) {
        match pull.author.get() {
            Ok(author) => self.account(author, "opened the pull request"),
            Err(why) => self.unseen(format!("who opened it: {why}")),
        }
        match pull.pushers.get() {
            Ok(pushers) => pushers.iter().for_each(|pusher| self.account(pusher, "pushed to it")),
            Err(why) => self.unseen(format!("who pushed to it: {why}")),
        }
        match pull.auto_merge.as_ref().map(Fact::get) {
            Some(Ok(enabler)) => {
                self.account(enabler, "switched auto-merge on");
                self.merging = standing::registered(enabler.id, self.rules);
            }
            Some(Err(why)) => self.unseen(format!("who switched auto-merge on: {why}")),
            None => {}
        }
    }

    /// Commits stay the agent's as whose they were first seen, whoever proposes them.
    fn lineage(&mut self, pull: &Pull) {
        let lineage = match pull.lineage.get() {
            Ok(lineage) => lineage,
            Err(why) => return self.unseen(format!("where its commits were seen first: {why}")),
        };
        for Descent { oid, agent, number } in lineage {
            let registered = self.rules.agents.contains_key(agent).then(|| agent.clone());
            let seen = format!("commit {} was first seen in #{number}, brought by {agent}", oid.short());
            self.uncovered = true;
            self.add(registered, agent, EvidenceClass::Platform, &seen);
        }
    }

    fn account(&mut self, account: &Account, did: &str) {
        let standing = standing::of(account, &self.facts.roster, self.rules);
        let known = Catalogue::builtin().by_user_id(account.id);
        let called = known.map_or(account.login.as_str(), |entry| entry.name.as_str());
        self.accounts.insert(account.id);
        self.judged(standing, called, EvidenceClass::Platform, did);
    }

    /// Accounts that addresses in commits belong to. Anybody may write any address, so this only raises scrutiny; a
    /// signature is proof.
    fn commits(&mut self, pull: &Pull) {
        let Ok(commits) = pull.commits.get() else { return };
        for commit in commits {
            for person in commit.authors.iter().chain(&commit.committer) {
                if let Some(account) = &person.account {
                    self.linked(account, EvidenceClass::Claimed, commit, "by");
                }
            }
            let signature = commit.signature.as_ref().filter(|signature| signature.valid);
            if let Some(signer) = signature.and_then(|signature| signature.signer.as_ref()) {
                self.linked(signer, EvidenceClass::Cryptographic, commit, "signed by");
            }
        }
    }

    fn linked(&mut self, account: &Linked, class: EvidenceClass, commit: &CommitIdentity, how: &str) {
        // What the catalogue knows is among the traces, under the agent's own name.
        if account.id == WEB_FLOW || Catalogue::builtin().by_user_id(account.id).is_some() {
            return;
        }
        let seen = format!("commit {} {how} {}", commit.oid.short(), account.login);
        let standing = standing::of_linked(account.id, &account.login, &self.facts.roster, self.rules);
        self.judged(standing, &account.login, class, &seen);
    }

    /// Nothing that an account did is covered by the provision for assisted work: an account is somebody.
    fn judged(&mut self, standing: Standing, called: &str, class: EvidenceClass, seen: &str) {
        let registered = match standing {
            Standing::Person => return,
            Standing::Unknown(why) => {
                return self.unseen(format!("whether `{}` is a person: {why}", quoted(called)));
            }
            Standing::Agent(name) => Some(name),
            Standing::Unregistered => None,
        };
        self.uncovered = true;
        self.add(registered, called, class, seen);
    }

    /// Signs that the catalogue knows.
    fn traces(&mut self, found: &Traces) {
        for why in &found.unseen {
            self.unseen(why.clone());
        }
        let provided: BTreeSet<(&Place, &str)> = found
            .found
            .iter()
            .filter(|trace| self.provides_for(trace))
            .map(|trace| (&trace.place, trace.seen.as_str()))
            .collect();
        // What the forge vouches for was judged by account above.
        for trace in found.found.iter().filter(|trace| trace.class != EvidenceClass::Platform) {
            // Words that several entries of the catalogue have in common mean the one that is provided for.
            let same_words = trace.class == EvidenceClass::Claimed
                && trace.user_id.is_none()
                && provided.contains(&(&trace.place, trace.seen.as_str()));
            self.uncovered |= !self.provides_for(trace) && !same_words;
            let registered = self.registered_as(trace);
            self.add(registered, &called(trace), trace.class, &trace.seen);
        }
    }

    fn provides_for(&self, trace: &Trace) -> bool {
        let provision = self.rules.people.assisted.as_ref();
        trace.class == EvidenceClass::Claimed
            && provision.zip(trace.catalogue).is_some_and(|(provision, id)| provision.by.contains(id))
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

    /// Commits that no account answers for. Whoever opened the pull request answers for them when that is a registered
    /// agent within its bounds.
    fn unattributed(&self, pull: &Pull, found: &Traces) -> Vec<(Sha, String)> {
        let author = pull.author.get();
        if author.is_ok_and(|author| standing::registered(author.id, self.rules).is_some()) {
            return Vec::new();
        }
        let mut commits = identity::unattributed(pull);
        for commit in pull.commits.get().map(Vec::as_slice).unwrap_or_default() {
            commits.extend(self.nobodys(commit, found).map(|note| (commit.oid.clone(), note)));
        }
        commits
    }

    /// An address that carries the number of an account which the forge does not link it to: anybody can make up a
    /// number, so it answers for nothing unless it is the number of a person.
    fn nobodys(&self, commit: &CommitIdentity, found: &Traces) -> Option<String> {
        let author = commit.authors.first().filter(|author| author.account.is_none())?;
        let noreply = Noreply::parse(&author.email)?;
        let id = noreply.id?;
        let is_trace = |trace: &Trace| {
            trace.user_id == Some(id) && matches!(&trace.place, Place::Commit(oid) if *oid == commit.oid)
        };
        if self.accounts.contains(&id) || found.found.iter().any(is_trace) {
            return None;
        }
        match standing::of_linked(id, &noreply.login, &self.facts.roster, self.rules) {
            Standing::Person => None,
            _ => Some(format!("the forge knows no account {id}, whose number its author's address carries")),
        }
    }

    /// Whether the provision for assisted work covers everything: a person's own work with claimed traces only.
    fn is_assisted(&self, unattributed: &[(Sha, String)]) -> bool {
        let Some(provision) = &self.rules.people.assisted else { return false };
        !self.uncovered && (unattributed.is_empty() || provision.unattributed)
    }

    /// Bounded, but the first sign of each agent is always kept: the bounds of whoever had a hand in it are checked.
    fn add(&mut self, registered: Option<String>, called: &str, class: EvidenceClass, seen: &str) {
        let first = self.agents.insert(registered.clone());
        if first || self.traces.len() < MOST_TRACES {
            let called = called.to_owned();
            self.traces.insert(AgentTrace { registered, called, class, seen: bounded(seen) });
        }
    }

    fn unseen(&mut self, what: String) {
        if self.unseen.len() < MOST_UNSEEN && !self.unseen.contains(&what) {
            self.unseen.push(what);
        }
    }
}

/// GitHub's own account for commits made on the web: signs them, and is nobody's hand.
/// <https://docs.github.com/en/authentication/managing-commit-signature-verification>
const WEB_FLOW: UserId = UserId(19_864_447);

/// Enough to explain; a hostile pull request could carry a hundred thousand.
const MOST_TRACES: usize = 500;
/// One is enough to block.
const MOST_UNSEEN: usize = 20;

fn bounded(text: &str) -> String {
    text.chars().take(160).collect()
}

fn called(trace: &Trace) -> String {
    let known = trace.catalogue.and_then(|id| Catalogue::builtin().entry(id)).map(|entry| entry.name.clone());
    known.or_else(|| trace.login.clone()).unwrap_or_else(|| "an unknown agent".to_owned())
}
