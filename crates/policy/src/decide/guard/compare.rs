//! What became looser since the last look, what cannot be seen any more, and what a delivery says by itself.

use super::words;
use crate::act::{Access, Edge, Guard, GuardEvidence, GuardFacts, Guards, Holder, Lock, Setting};
use crate::facts::Fact;

/// One lock that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) lock: Lock,
    /// On what. Hostile text.
    pub(super) on: String,
    pub(super) turn: Turn,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is looser, or else than it was.
    Looser {
        /// In one sentence.
        said: String,
    },
    /// It cannot be seen.
    Unseen {
        /// Why.
        why: String,
    },
}

impl Change {
    /// In one sentence.
    pub(super) fn said(&self) -> String {
        match &self.turn {
            Turn::Looser { said } => said.clone(),
            Turn::Unseen { why } => format!("{}: {why}", words::thing(self.lock, &self.on)),
        }
    }

    /// Whether it is surely looser.
    pub(super) fn is_looser(&self) -> bool {
        matches!(self.turn, Turn::Looser { .. })
    }
}

/// What a look finds by comparing with the one before. Without one there is nothing to compare with.
pub(super) fn levels(facts: &GuardFacts) -> Vec<Change> {
    let (Some(before), Fact::Known(now)) = (&facts.before, &facts.seen) else { return Vec::new() };
    let mut changes = Vec::new();
    for guard in before.iter() {
        let Some(was) = &guard.setting else { continue };
        let now = match now.get(guard.lock, &guard.on) {
            Some(Guard { setting: Some(setting), .. }) => Some(setting.clone()),
            Some(Guard { unseen: Some(why), .. }) => {
                // Told once, and again by each delivery that says that it was touched.
                if guard.unseen.is_none() || is_touched(facts, guard.lock) {
                    changes.push(unseen(guard.lock, &guard.on, why));
                }
                None
            }
            Some(_) => None,
            None if now.lists(guard.lock) => guard.after_all(),
            None => None,
        };
        let looser = now.map(|now| looser(guard.lock, &guard.on, Some(was), &now)).unwrap_or_default();
        changes.extend(looser.into_iter().map(|said| change(guard.lock, &guard.on, said)));
    }
    // What was never seen may have been changed all the same, when a delivery says that it was touched.
    for guard in now.iter().filter(|guard| is_touched(facts, guard.lock)) {
        let known = before.get(guard.lock, &guard.on).is_some_and(|before| before.setting.is_some());
        if let (Some(why), false) = (&guard.unseen, known) {
            changes.push(unseen(guard.lock, &guard.on, why));
        }
    }
    changes
}

/// Whether a delivery says that somebody edited what a branch's locks rest on. What is only made or taken away shows in
/// what is left.
fn is_touched(facts: &GuardFacts, lock: Lock) -> bool {
    let touches = |one: &GuardEvidence| {
        one.told.action == "edited"
            && one.told.event != "repository"
            && lock.told_by().contains(&one.told.event.as_str())
    };
    lock.is_a_branchs() && facts.told.iter().any(touches)
}

/// What a delivery says by itself. Where comparing tells it as well, only whoever is no person is told of: a lock may have
/// been opened and closed again.
pub(super) fn edges(facts: &GuardFacts, one: &GuardEvidence, peoples: bool) -> Vec<Change> {
    let mut changes = Vec::new();
    for Edge { lock, on, before, now } in &one.told.edges {
        if peoples && (*lock == Lock::Token || is_compared(facts, *lock, on)) {
            continue;
        }
        let said = looser(*lock, on, before.as_ref(), now);
        changes.extend(said.into_iter().map(|said| change(*lock, on, said)));
    }
    changes
}

/// Whether comparing tells all about such a lock.
fn is_compared(facts: &GuardFacts, lock: Lock, on: &str) -> bool {
    let (Some(before), Fact::Known(now)) = (&facts.before, &facts.seen) else { return false };
    let seen = |guards: &Guards| {
        guards.get(lock, on).is_some_and(|guard| guard.setting.is_some() && guard.unseen.is_none())
    };
    match lock {
        // What rulesets and protection come to is read branch by branch.
        Lock::Ruleset | Lock::Protection => {
            let mut branches = now.iter().filter(|guard| guard.lock.is_a_branchs()).peekable();
            branches.peek().is_some() && branches.all(|guard| guard.setting.is_some())
        }
        Lock::Secret | Lock::Token | Lock::Existence => false,
        Lock::Covered | Lock::Permission => seen(before),
        _ => seen(before) && seen(now),
    }
}

fn change(lock: Lock, on: &str, said: String) -> Change {
    Change { lock, on: on.to_owned(), turn: Turn::Looser { said } }
}

fn unseen(lock: Lock, on: &str, why: &str) -> Change {
    Change { lock, on: on.to_owned(), turn: Turn::Unseen { why: why.to_owned() } }
}

/// In sentences, how a lock became looser. One whose former setting is not known was as tight as can be.
fn looser(lock: Lock, on: &str, before: Option<&Setting>, now: &Setting) -> Vec<String> {
    match (before, now) {
        (None, Setting::Strength(now)) => vec![words::weaker(lock, on, None, *now)],
        (Some(Setting::Strength(before)), Setting::Strength(now)) if now < before => {
            vec![words::weaker(lock, on, Some(*before), *now)]
        }
        (before, Setting::Holders(now)) => {
            let level = |key: &str| match before {
                Some(Setting::Holders(before)) => before.get(key).map_or(0, |holder| holder.level),
                _ => 0,
            };
            let more = now.iter().filter(|(key, holder)| matters(lock, holder) && holder.level > level(key));
            more.map(|(_, holder)| words::holds(lock, on, holder)).collect()
        }
        (Some(Setting::Value(before)), Setting::Value(now)) if now != before => {
            vec![words::other(lock, Some(before), now)]
        }
        (None, Setting::Value(now)) => vec![words::other(lock, None, now)],
        (Some(Setting::Named { id: before, name }), Setting::Named { id, name: now }) if id != before => {
            match lock {
                Lock::Covered if *id == 0 => vec![words::uncovered(name)],
                Lock::Covered => Vec::new(),
                lock => vec![words::other(lock, Some(name), now)],
            }
        }
        (None, Setting::Named { name, .. }) => vec![words::other(lock, None, name)],
        _ => Vec::new(),
    }
}

/// Who may only read loosens nothing.
fn matters(lock: Lock, holder: &Holder) -> bool {
    match lock {
        Lock::Accounts | Lock::Teams => holder.level >= Access::Write.level(),
        _ => true,
    }
}

impl Lock {
    /// The events whose deliveries tell who moved it.
    pub(crate) const fn told_by(self) -> &'static [&'static str] {
        match self {
            Self::Check
            | Self::Bypass
            | Self::Approvals
            | Self::StaleApprovals
            | Self::LastPush
            | Self::ForcePush
            | Self::Deletion
            | Self::Ruleset
            | Self::Protection => {
                // Rulesets may name the default branch, whichever that is.
                &[
                    "repository_ruleset",
                    "branch_protection_rule",
                    "branch_protection_configuration",
                    "repository",
                ]
            }
            Self::DefaultBranch | Self::Private | Self::Owner | Self::Existence => &["repository"],
            Self::DeployKeys => &["deploy_key"],
            Self::Accounts => &["member", "repository"],
            Self::Teams => &["team", "repository"],
            Self::Security => &["security_and_analysis"],
            Self::Secret => &["secret_scanning_alert"],
            Self::Token => &["personal_access_token_request"],
            Self::Permission | Self::Covered | Self::InForce => {
                &["installation", "installation_repositories"]
            }
            Self::Reviewers
            | Self::SelfReview
            | Self::AdminBypass
            | Self::DeploymentRule
            | Self::ForkRuns => &[],
        }
    }

    /// Whether it is read for each branch.
    const fn is_a_branchs(self) -> bool {
        matches!(
            self,
            Self::Check
                | Self::Bypass
                | Self::Approvals
                | Self::StaleApprovals
                | Self::LastPush
                | Self::ForcePush
                | Self::Deletion
        )
    }
}
