//! The floor that no rule can lower: what governs agents, or steers their next run, never lands unseen.
//!
//! Rules may ask for more. Where they ask for no approval at all, one person who had no hand in the change must have
//! approved it.

use change::Class;

use super::approval::Approvals;
use crate::predicate::Scene;
use crate::verdict::{Code, Effect, Finding, TierState};

/// What is missing for the floor, unless a tier that is required asks for an approval anyway.
pub(super) fn check(scene: &Scene<'_>, tiers: &[TierState], approvals: &Approvals) -> Option<Finding> {
    if approvals.any() || tiers.iter().any(|tier| tier.needed > 0) {
        return None;
    }
    // Files that are not known block by themselves.
    let files = scene.files.get().ok()?;
    let proof = files.of_classes(&[Class::GOVERNANCE, Class::STEERING]);
    (proof.total > 0).then(|| Finding {
        code: Code::GovernanceFloor,
        effect: Effect::Waits,
        rule: None,
        message: "what governs or steers agents changes, and no person has approved it".to_owned(),
        why: None,
        evidence: proof.evidence,
        evidence_total: proof.total,
        way_out: Some(
            "A person with write access who had no hand in the change approves it. No rule can lower this."
                .to_owned(),
        ),
    })
}
