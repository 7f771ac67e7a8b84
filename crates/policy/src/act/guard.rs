//! What was seen of what guards a repository, or the gate itself: rulesets, protection, keys, permissions.
//!
//! Settings are levels: a look reads them all, and compares them with what the last look kept. Who changed them is an
//! edge, told by a delivery alone, and so is what leaves no setting behind, such as a secret that was found.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::facts::{Account, Fact, OwnRules, Repository, Roster};
use crate::ids::Millis;

/// One kind of lock. A look that finds it looser than before tells of it, in this order: what others follow from first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lock {
    /// Which branch is the default.
    DefaultBranch,
    /// Whether only members see the repository.
    Private,
    /// Who owns it.
    Owner,
    /// Our check on a branch: 0 not required, 1 from anybody, 2 from our App alone.
    Check,
    /// Who may go past what requires our check on a branch.
    Bypass,
    /// How many approvals a branch asks for.
    Approvals,
    /// Whether a push takes approvals back.
    StaleApprovals,
    /// Whether somebody else than who pushed last must approve.
    LastPush,
    /// Whether forced pushes are blocked.
    ForcePush,
    /// Whether deletion is blocked.
    Deletion,
    /// Deploy keys that may push.
    DeployKeys,
    /// What accounts may do.
    Accounts,
    /// What teams may do.
    Teams,
    /// A security feature of the forge's own.
    Security,
    /// Whether somebody must approve what goes to an environment.
    Reviewers,
    /// Whether who starts a deployment may not approve it.
    SelfReview,
    /// Whether administrators are held to an environment's rules.
    AdminBypass,
    /// Whether an environment asks our App as well.
    DeploymentRule,
    /// Whose workflow runs from forks wait for a person.
    ForkRuns,
    /// One of the installation's permissions: 1 to read, 2 to write.
    Permission,
    /// A repository that the installation covers, by its number.
    Covered,
    /// Whether the installation is in force: 0 gone, 1 suspended, 2 in force.
    InForce,
    /// A ruleset, as a delivery tells of it: 1 while it is in force.
    Ruleset,
    /// Classic protection, as a delivery tells of it: 1 while it is in force.
    Protection,
    /// The repository: 1 while it is there.
    Existence,
    /// A secret that the forge found.
    Secret,
    /// A token that somebody asks for.
    Token,
}

/// How a lock is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// The more the tighter.
    Strength(u64),
    /// Who may do something, by number or name. The fewer and the less the tighter.
    Holders(BTreeMap<String, Holder>),
    /// Neither tighter nor looser, but not to be changed unseen.
    Value(String),
    /// Something that may be renamed.
    Named {
        /// Its number; 0 when there is none any more.
        id: u64,
        /// What it is called. Hostile text.
        name: String,
    },
}

/// Somebody who may do something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// For people. Hostile text.
    pub name: String,
    /// How much: for accounts and teams one of [`Access`], else 1.
    pub level: u64,
}

/// What accounts and teams may do in a repository, in GitHub's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Access {
    /// Read.
    Read = 1,
    /// Manage issues and pull requests.
    Triage = 2,
    /// Push.
    Write = 3,
    /// Change most settings.
    Maintain = 4,
    /// Change everything.
    Admin = 5,
}

impl Access {
    /// By any of GitHub's words for it. A role of an organisation's own is taken by what it is based on.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "read" | "pull" => Self::Read,
            "triage" => Self::Triage,
            "write" | "push" => Self::Write,
            "maintain" => Self::Maintain,
            "admin" => Self::Admin,
            _ => return None,
        })
    }

    /// As a level.
    #[must_use]
    pub const fn level(self) -> u64 {
        self as u64
    }
}

/// One lock on one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guard {
    /// Which kind.
    pub lock: Lock,
    /// On what: a branch, an environment, a feature, a permission; empty for the whole. Hostile text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub on: String,
    /// How it is set, or was when it was last seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setting: Option<Setting>,
    /// Why it cannot be seen now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unseen: Option<String>,
}

impl Guard {
    /// A lock as it was seen, or not.
    #[must_use]
    pub fn of(lock: Lock, on: &str, setting: Fact<Setting>) -> Self {
        let (setting, unseen) = match setting {
            Fact::Known(setting) => (Some(setting), None),
            Fact::Unknown(why) => (None, Some(why)),
        };
        Self { lock, on: on.to_owned(), setting, unseen }
    }

    /// Tells it from others.
    fn key(&self) -> (Lock, &str) {
        (self.lock, &self.on)
    }
}

/// Everything that guards one thing, each lock once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Guards {
    /// In a fixed order.
    all: Vec<Guard>,
}

/// More are not remembered of what is not there any more.
const MOST: usize = 10_000;

impl Guards {
    /// These, in a fixed order.
    #[must_use]
    pub fn new(mut all: Vec<Guard>) -> Self {
        all.sort_by(|a, b| a.key().cmp(&b.key()));
        all.dedup_by(|a, b| a.key() == b.key());
        Self { all }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Guard> {
        self.all.iter()
    }

    /// One lock.
    #[must_use]
    pub fn get(&self, lock: Lock, on: &str) -> Option<&Guard> {
        let at = self.all.binary_search_by(|guard| guard.key().cmp(&(lock, on))).ok()?;
        self.all.get(at)
    }

    /// Whether all locks of a kind could be listed. What could not be is told by one of the kind that is on nothing.
    #[must_use]
    pub fn lists(&self, lock: Lock) -> bool {
        self.get(lock, "").is_none_or(|list| list.unseen.is_none())
    }

    /// What is to be kept for the next look: how each lock is set now, or was when it was last seen. What is not there any
    /// more stays too: an environment that is deleted and made anew is compared with what it was.
    #[must_use]
    pub fn kept(&self, before: &Self) -> Self {
        let now = self.all.iter().cloned().map(|mut guard| {
            if guard.setting.is_none() {
                guard.setting = before.get(guard.lock, &guard.on).and_then(|before| before.setting.clone());
            }
            guard
        });
        let gone = before.all.iter().filter(|guard| self.get(guard.lock, &guard.on).is_none());
        let room = MOST.saturating_sub(self.all.len());
        let gone = gone.take(room).map(|guard| match self.lists(guard.lock) {
            true => Guard { setting: guard.after_all(), ..guard.clone() },
            false => guard.clone(),
        });
        Self::new(now.chain(gone).collect())
    }
}

impl Guard {
    /// How a lock is set that is not listed any more: what only lists name is then not so.
    pub(crate) fn after_all(&self) -> Option<Setting> {
        match self.lock {
            Lock::Permission => Some(Setting::Strength(0)),
            Lock::Covered => Some(Setting::Named { id: 0, name: String::new() }),
            _ => self.setting.clone(),
        }
    }
}

/// What one signed delivery tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardTold {
    /// GitHub's word for the event.
    pub event: String,
    /// And for what happened.
    pub action: String,
    /// Who did it. Platform evidence.
    pub by: Fact<Account>,
    /// What it says by itself, whatever is read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edges: Vec<Edge>,
}

/// A lock that a delivery says was moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    /// Which kind.
    pub lock: Lock,
    /// On what. Hostile text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub on: String,
    /// How it was set, where that is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Setting>,
    /// How it is set now.
    pub now: Setting,
}

/// A delivery, by its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardEvidence {
    /// The delivery.
    pub id: String,
    /// What it tells.
    pub told: GuardTold,
}

/// Everything that a verdict about protections rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardFacts {
    /// When the look was taken.
    pub now: Millis,
    /// The repository; for an installation its account, with the number 0.
    pub repository: Repository,
    /// How often what guards it was seen to change.
    pub turn: u64,
    /// What the last look kept; `None` when there was none.
    pub before: Option<Guards>,
    /// What is seen now.
    pub seen: Fact<Guards>,
    /// What was told since.
    pub told: Vec<GuardEvidence>,
    /// Who belongs to the organisations and teams that the rules name.
    pub roster: Roster,
    /// The repository's own rules when they were last seen.
    pub own_rules: Fact<OwnRules>,
}
