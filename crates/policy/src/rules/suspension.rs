//! Agents that may do nothing for now, whatever the rules say.
//!
//! No part of the rules: a person says so at the gate, or the gate itself after strikes. Part of the law all the same:
//! whoever was judged without it is judged again ([`super::RuleSource::key`]).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ids::Millis;

/// Who is suspended, by the names of the rules.
pub type Suspended = BTreeMap<String, Suspension>;

/// Why an agent may do nothing for now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// For people; hostile text, for it may name a branch.
    pub reason: String,
    /// Who said so; a name for people, nothing is decided by it.
    pub by: String,
    /// Since when.
    pub at: Millis,
}

/// Tells these suspensions from others; `None` when nobody is suspended. It ends the key of the law that verdicts are
/// given by, so that whoever reads verdicts sees which of them were given under these suspensions.
#[must_use]
pub fn mark(suspended: &Suspended) -> Option<String> {
    if suspended.is_empty() {
        return None;
    }
    let text = serde_json::to_vec(suspended).unwrap_or_default();
    let digest = hex::encode(Sha256::digest(text));
    Some(format!("suspended:{}", digest.get(..16).unwrap_or_default()))
}
