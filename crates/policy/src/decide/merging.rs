//! Whether auto-merge must be switched off: an agent switched it on that may not merge, or the work is that of an agent
//! that is suspended.
//!
//! Only what the forge itself vouches for counts here: a name in a commit makes nobody's auto-merge go away. What a
//! person switched on for a person's work stays.

use super::bounds::Bound;
use super::involve::Involved;
use super::standing::{self, Standing};
use crate::facts::{AccountKind, Facts, Pull};
use crate::rules::Verb;
use crate::rules::in_force::InForce;
use crate::verdict::EvidenceClass;

/// Whether auto-merge is on and must not be.
pub(super) fn must_stop(facts: &Facts, pull: &Pull, law: &InForce<'_>, involved: &Involved) -> bool {
    let Some(enabler) = &pull.auto_merge else { return false };
    let suspended = |name: &String| law.suspension(name).is_some();
    let vouched = involved.traces.iter().filter(|trace| trace.class == EvidenceClass::Platform);
    if vouched.filter_map(|trace| trace.registered.as_ref()).any(suspended) {
        return true;
    }
    let Ok(enabler) = enabler.get() else { return false };
    match standing::of(enabler, &facts.roster, law.rules) {
        Standing::Agent(name) => {
            let agent = law.rules.agents.get(&name);
            agent.is_some_and(|agent| !Bound::all(law, agent).all(|bound| bound.may(Verb::Merge)))
        }
        // A user account that nobody recognises may yet be somebody.
        Standing::Unregistered => enabler.kind == AccountKind::Bot,
        Standing::Person | Standing::Unknown(_) => false,
    }
}
