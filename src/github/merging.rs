//! Switching auto-merge off.
//!
//! <https://docs.github.com/en/graphql/reference/mutations#disablepullrequestautomerge>; it takes the right to change the
//! pull request and the branch that it would land on.

use policy::plan::DisableAutoMerge;
use serde::Serialize;

use super::GitHub;
use super::error::ForgeError;
use super::graphql::DISABLE_AUTO_MERGE;
use crate::lease::Lease;

#[derive(Debug, Serialize)]
struct Variables<'a> {
    pull: &'a str,
}

impl GitHub {
    /// Switches auto-merge off. Doing it again after it went well is refused.
    ///
    /// # Errors
    /// [`ForgeError::Refused`] when it is off already, or the App may not: look again.
    pub async fn disable_auto_merge(
        &self,
        lease: &Lease,
        action: &DisableAutoMerge,
    ) -> Result<(), ForgeError> {
        let installation = lease.subject().place().installation;
        let variables = Variables { pull: &action.node };
        let _: serde_json::Value =
            self.inner.api.mutate(installation, &DISABLE_AUTO_MERGE, &variables).await?;
        Ok(())
    }
}
