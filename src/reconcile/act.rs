//! Who belongs where, as all looks at things that have happened ask it.

use std::collections::BTreeSet;

use policy::facts::{Group, Roster};
use policy::{Fact, InstallationId, UserId, Wanted};

use super::{Gate, ReconcileError};

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
