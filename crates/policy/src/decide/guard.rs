//! Judges changes of what guards a repository, or the gate itself.
//!
//! What became looser is told of whoever did it, people included: it cannot be held back, and nothing that agents do
//! afterwards is held by what is gone. What became tighter, or stayed, is nobody's business. What cannot be seen any more
//! is told as such and never taken for unchanged.

mod compare;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::act::rule_denials;
use super::standing::{self, Standing};
use super::{cannot_see, conclude_findings};
use crate::act::{ActVerdict, Deed, GuardEvidence, GuardFacts, Lock};
use crate::facts::{Account, Fact};
use crate::ids::UserId;
use crate::predicate::{About, Scene};
use crate::rules::in_force::InForce;
use crate::rules::shelf::PathSet;
use crate::rules::{On, Respond, RuleSource};
use crate::verdict::{
    AgentTrace, Code, Conclusion, Effect, Enforcement, EvidenceClass, Finding, Involvement, JudgedAs,
    RulesInForce, quoted,
};
use compare::{Change, Turn};

/// A registered agent that is to be suspended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ToSuspend {
    /// Its name in the rules.
    pub agent: String,
    /// Why, for people.
    pub reason: String,
}

/// What was decided about protections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardVerdict {
    /// The verdict. It has no deed when nothing became looser.
    pub verdict: ActVerdict,
    /// Who is to be suspended for it.
    pub suspend: BTreeSet<ToSuspend>,
}

/// Judges what changed since the last look.
#[must_use]
pub fn judge_guard(facts: &GuardFacts, source: &RuleSource) -> GuardVerdict {
    let in_force = source.law(&facts.own_rules);
    let law = in_force.as_ref();
    let enforcement = law.map_or(Enforcement::Active, InForce::enforcement);
    let groups = match enforcement {
        Enforcement::Disabled => Vec::new(),
        Enforcement::Active | Enforcement::Evaluate => groups(facts, law),
    };
    let (deeds, freed): (Vec<Deed>, Vec<bool>) =
        groups.iter().map(|group| (deed(facts, group, law), group.frees())).unzip();
    let verdict = ActVerdict {
        repository: facts.repository.clone(),
        about: "what guards it".to_owned(),
        head: None,
        conclusion: deeds.iter().map(|deed| deed.conclusion).fold(Conclusion::Success, Conclusion::max),
        enforcement,
        rules: RulesInForce { own: law.and_then(|law| law.stamp.clone()), ..source.stamp() },
        deeds,
        tiers: Vec::new(),
    };
    let answered = verdict.deeds.iter().zip(freed);
    let answered = answered.filter(|(deed, _)| verdict.answer(deed) == Some(Respond::Suspend));
    let suspend = answered.flat_map(|(deed, freed)| to_suspend(facts, deed, freed, law)).collect();
    GuardVerdict { verdict, suspend }
}

/// What one account did, or nobody is known to have done, of one kind.
struct Group<'f> {
    by: Option<&'f Account>,
    /// The code of what it did.
    code: Code,
    changes: Vec<Change>,
    /// The deliveries that told of it.
    told: Vec<&'f str>,
}

impl Group<'_> {
    /// Whether the repository left the hands that it was in: whoever worked there for its owner does so no longer.
    fn frees(&self) -> bool {
        self.changes
            .iter()
            .any(|change| change.is_looser() && matches!(change.lock, Lock::Private | Lock::Owner))
    }
}

fn groups<'f>(facts: &'f GuardFacts, law: Option<&InForce<'_>>) -> Vec<Group<'f>> {
    let mut groups: BTreeMap<(Option<UserId>, Code), Group<'f>> = BTreeMap::new();
    let mut add = |by: Option<&'f Account>, told: Vec<&'f str>, change: Change| {
        let code = code(&change);
        let key = (by.map(|by| by.id), code);
        let group =
            groups.entry(key).or_insert_with(|| Group { by, code, changes: Vec::new(), told: Vec::new() });
        group.told.extend(told.into_iter().filter(|id| !group.told.contains(id)).collect::<Vec<_>>());
        if !group.changes.contains(&change) {
            group.changes.push(change);
        }
    };
    let person = |account: &Account| {
        law.is_some_and(|law| standing::of(account, &facts.roster, law.rules) == Standing::Person)
    };
    for change in compare::levels(facts) {
        let told: Vec<&GuardEvidence> = facts
            .told
            .iter()
            .filter(|one| change.lock.told_by().contains(&one.told.event.as_str()))
            .collect();
        let by = doer(&told, person);
        add(by, told.iter().map(|one| one.id.as_str()).collect(), change);
    }
    for one in &facts.told {
        let by = one.told.by.get().ok();
        let peoples = by.is_some_and(person);
        for change in compare::edges(facts, one, peoples) {
            add(by, vec![&one.id], change);
        }
    }
    groups.into_values().collect()
}

/// The account that alone touched such settings. Of several it is one that is no person, if there is any: it had no
/// business there.
fn doer<'f>(told: &[&'f GuardEvidence], person: impl Fn(&Account) -> bool) -> Option<&'f Account> {
    let mut accounts: Vec<&Account> = told.iter().filter_map(|one| one.told.by.get().ok()).collect();
    accounts.sort_by_key(|account| account.id);
    accounts.dedup_by_key(|account| account.id);
    match accounts.as_slice() {
        [one] => Some(one),
        several => several.iter().copied().find(|account| !person(account)),
    }
}

fn deed(facts: &GuardFacts, group: &Group<'_>, law: Option<&InForce<'_>>) -> Deed {
    let what = words::what(group.code, &group.changes);
    let (judged_as, registered) = match (group.by, law) {
        (Some(by), Some(law)) => match standing::of(by, &facts.roster, law.rules) {
            Standing::Person => (JudgedAs::People, None),
            Standing::Agent(name) => (JudgedAs::Agents, Some(name)),
            Standing::Unregistered => (JudgedAs::Agents, None),
            Standing::Unknown(_) => (JudgedAs::Unknown, None),
        },
        _ => (JudgedAs::Unknown, None),
    };
    let agents: Vec<AgentTrace> = match (judged_as, group.by) {
        (JudgedAs::Agents, Some(by)) => vec![AgentTrace {
            registered: registered.clone(),
            called: by.login.clone(),
            class: EvidenceClass::Platform,
            seen: what.clone(),
        }],
        _ => Vec::new(),
    };
    let mut findings: Vec<Finding> =
        group.changes.iter().take(MOST_FINDINGS).map(|change| finding(change, group.code)).collect();
    let looser = group.changes.iter().any(Change::is_looser);
    let mut respond = Respond::Report;
    if let Some(law) = law.filter(|_| looser) {
        let scene = |_: &PathSet| Scene {
            repository: &facts.repository,
            about: About::Guard,
            files: Fact::unknown("no files change"),
            agents: registered.iter().cloned().collect(),
        };
        let (denied, answer) = rule_denials(law, &[On::Protection], scene);
        findings.extend(denied);
        // Who is no registered agent cannot be suspended.
        if registered.is_some() || group.frees() {
            respond = respond.max(answer.unwrap_or(Respond::Report));
        }
    }
    let conclusion = conclude_findings(&mut findings);
    Deed {
        id: id(facts.turn, group),
        what,
        sweeping: false,
        conclusion,
        involvement: Involvement { author: group.by.cloned(), judged_as, agents },
        findings,
        respond: Some(respond),
    }
}

/// More are not told of one thing that somebody did.
const MOST_FINDINGS: usize = 100;

/// Tells it from everything else that ever changed here. Made again of the same, it is the same.
fn id(turn: u64, group: &Group<'_>) -> String {
    let mut all = Sha256::new();
    for change in &group.changes {
        all.update(change.said().as_bytes());
        all.update([0]);
    }
    for id in &group.told {
        all.update(id.as_bytes());
        all.update([1]);
    }
    let who = group.by.map_or_else(|| "nobody".to_owned(), |by| by.id.to_string());
    let digest = hex::encode(all.finalize());
    format!("{turn}/{who}/{}/{}", group.code.as_str(), digest.get(..16).unwrap_or_default())
}

fn code(change: &Change) -> Code {
    match change.lock {
        Lock::Permission | Lock::Covered | Lock::InForce => Code::GateHindered,
        Lock::Secret => Code::SecretFound,
        Lock::Token => Code::TokenRequested,
        _ => Code::ProtectionLoosened,
    }
}

fn finding(change: &Change, code: Code) -> Finding {
    match &change.turn {
        Turn::Unseen { .. } => cannot_see(change.said()),
        Turn::Looser { .. } => Finding {
            code,
            effect: Effect::Denies,
            rule: None,
            message: change.said(),
            why: None,
            evidence: Vec::new(),
            evidence_total: 0,
            way_out: Some(code.record().way_out.to_owned()),
        },
    }
}

/// The agent that did it. Where the repository left the hands that it was in, every agent that may work there.
fn to_suspend(facts: &GuardFacts, deed: &Deed, freed: bool, law: Option<&InForce<'_>>) -> Vec<ToSuspend> {
    let name = &facts.repository.name;
    let did = deed.involvement.agents.iter().filter_map(|trace| trace.registered.clone());
    let place = crate::incident::place(&facts.repository);
    let reason = format!("it {} {place}", deed.what);
    let mut found: Vec<ToSuspend> = did.map(|agent| ToSuspend { agent, reason: reason.clone() }).collect();
    let Some(law) = law.filter(|_| freed) else { return found };
    let who = deed.involvement.author.as_ref().map_or("somebody", |who| who.login.as_str());
    let reason = format!("it may work in {name}, and {} {}", quoted(who), deed.what);
    for agent in law.rules.agents.values() {
        let here = super::bounds::outside_repository(name, law.rules, agent).is_none();
        if here && found.iter().all(|known| known.agent != agent.name) {
            found.push(ToSuspend { agent: agent.name.clone(), reason: reason.clone() });
        }
    }
    found
}
