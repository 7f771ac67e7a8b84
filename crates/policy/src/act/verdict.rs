//! What was decided about something that has happened.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::facts::Repository;
use crate::ids::Sha;
use crate::rules::Respond;
use crate::verdict::{Conclusion, Enforcement, Finding, Involvement, RulesInForce, TierState};

/// What was decided about something that has happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActVerdict {
    /// Where.
    pub repository: Repository,
    /// What it is about, for people: the full name of a branch. Hostile text.
    pub about: String,
    /// The commit that it is about; `None` when that is gone.
    pub head: Option<Sha>,
    /// The strictest of all that was done.
    pub conclusion: Conclusion,
    /// Whether anything is to be done about it.
    pub enforcement: Enforcement,
    /// Which rules it was judged by.
    pub rules: RulesInForce,
    /// Each thing that was done, oldest first. Empty when there was nothing to judge.
    pub deeds: Vec<Deed>,
    /// The tiers that are required, where people can still be asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<TierState>,
}

/// One thing that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// The delivery that told of it.
    pub id: String,
    /// What was done, in words.
    pub what: String,
    /// Whether commits or a name were taken away: whoever does that to one branch often does it to many.
    pub sweeping: bool,
    /// The strictest of its findings.
    pub conclusion: Conclusion,
    /// Whose doing it is.
    pub involvement: Involvement,
    /// Every complaint, strictest first.
    pub findings: Vec<Finding>,
    /// What is to be done about it, if anything: the strictest answer of all findings that deny.
    pub respond: Option<Respond>,
}

impl ActVerdict {
    /// SHA-256 over the verdict, in hex: two verdicts with one digest read the same everywhere.
    #[must_use]
    pub fn digest(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        hex::encode(Sha256::digest(text))
    }

    /// What is to be done about a deed: nothing where the rules only evaluate.
    #[must_use]
    pub fn answer(&self, deed: &Deed) -> Option<Respond> {
        deed.respond.filter(|_| self.enforcement == Enforcement::Active)
    }
}
