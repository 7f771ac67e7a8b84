//! What all looks at things that have happened have in common: who belongs where, and what is kept.

use std::collections::BTreeSet;

use policy::act::ActVerdict;
use policy::facts::{Group, Roster};
use policy::rules::RuleSource;
use policy::{Fact, InstallationId, Millis, Sha, UserId, Wanted};
use serde::Serialize;

use super::{Gate, ReconcileError};
use crate::store::VerdictRecord;

/// Who of these accounts belongs to the groups that the rules name.
pub(super) async fn roster(
    gate: &Gate,
    installation: InstallationId,
    wanted: &Wanted,
    accounts: &BTreeSet<UserId>,
) -> Result<Roster, ReconcileError> {
    let nobody = |group: &Group| (group.clone(), Fact::Known(BTreeSet::new()));
    let mut roster = Roster { groups: wanted.groups.iter().map(nobody).collect() };
    gate.github.enroll(installation, accounts, &mut roster).await?;
    Ok(roster)
}

/// The verdict as it is kept.
pub(super) fn record_of(
    verdict: &ActVerdict,
    facts: &impl Serialize,
    decided_at: Millis,
    rules: &RuleSource,
) -> Result<VerdictRecord, serde_json::Error> {
    Ok(VerdictRecord {
        head: verdict.head.clone().unwrap_or_else(Sha::zero),
        conclusion: verdict.conclusion.as_str().to_owned(),
        enforcement: verdict.enforcement.as_str().to_owned(),
        digest: verdict.digest(),
        rules_digest: rules.key(),
        facts: serde_json::to_string(facts)?,
        verdict: serde_json::to_string(verdict)?,
        decided_at,
    })
}
