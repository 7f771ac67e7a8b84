//! Which rules are in force, and why it is not the newest text.

use std::sync::Arc;

use super::Rules;
use super::gate::DEFAULT_CHECK;
use crate::complaint::{Complaint, Severity};
use crate::facts::Wanted;
use crate::verdict::RulesInForce;

/// The rules as the shell found them.
#[derive(Debug, Clone)]
pub struct RuleSource {
    /// Where the rules are read from, for people.
    pub place: String,
    /// The last good rules; `None` when there never were any.
    pub in_force: Option<Arc<Rules>>,
    /// What is wrong with the text that stands there now.
    pub trouble: Option<Trouble>,
}

/// Why the text that stands there now is not in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It could not be read.
    Unreadable(String),
    /// It is invalid.
    Invalid(Vec<Complaint>),
}

impl Trouble {
    /// The first error with its line, and how many more there are.
    #[must_use]
    pub fn sentence(&self) -> String {
        let complaints = match self {
            Self::Unreadable(why) => return format!("the rules could not be read: {why}"),
            Self::Invalid(complaints) => complaints,
        };
        let mut errors = complaints.iter().filter(|complaint| complaint.severity == Severity::Error);
        let Some(first) = errors.next() else { return "the rules are invalid".to_owned() };
        let more = match errors.count() {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        format!("line {}: {} [{}]{more}", first.line, first.message, first.code)
    }
}

impl RuleSource {
    /// Rules that were read and are valid.
    #[must_use]
    pub fn good(rules: Arc<Rules>) -> Self {
        Self { place: rules.source.clone(), in_force: Some(rules), trouble: None }
    }

    /// What is recorded in every verdict.
    #[must_use]
    pub fn stamp(&self) -> RulesInForce {
        RulesInForce {
            source: self.place.clone(),
            digest: self.in_force.as_ref().map(|rules| rules.digest.clone()),
            trouble: self.trouble.as_ref().map(Trouble::sentence),
        }
    }

    /// What the rules need to know.
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        match &self.in_force {
            Some(rules) => rules.wanted(),
            None => Wanted { check: DEFAULT_CHECK.to_owned(), ..Wanted::default() },
        }
    }
}
