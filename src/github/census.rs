//! Whether whom the rules name exists: for `portcullis check --forge`, never for a verdict.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use policy::facts::{AccountKind, Group};
use policy::{Fact, InstallationId, UserId};
use serde::Deserialize;

use super::GitHub;
use super::error::ForgeError;

/// GitHub lists a hundred installations a page; whoever has more of them names organisations that are among the first.
const MOST_PAGES: u32 = 10;
const PAGE: usize = 100;

#[derive(Debug, Deserialize)]
struct Installation {
    id: u64,
    account: Option<Owner>,
    suspended_at: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Owner {
    /// An enterprise has none.
    login: Option<String>,
}

#[derive(Debug, Deserialize)]
struct User {
    #[serde(rename = "type")]
    kind: String,
}

impl GitHub {
    /// Where the App is installed, by the organisation's or account's name in lower case.
    ///
    /// # Errors
    /// [`ForgeError`].
    pub async fn installations(&self) -> Result<BTreeMap<String, InstallationId>, ForgeError> {
        let api = &self.inner.api;
        let mut found = BTreeMap::new();
        for page in 1..=MOST_PAGES {
            let mut url = api.addresses.rest(&["app", "installations"]);
            url.query_pairs_mut().append_pair("per_page", "100").append_pair("page", &page.to_string());
            let listed: Vec<Installation> = api.read_as_app("list_installations", url).await?;
            let last = listed.len() < PAGE;
            for installation in listed {
                let login = installation.account.and_then(|owner| owner.login);
                if let (Some(login), None) = (login, installation.suspended_at) {
                    found.insert(login.to_ascii_lowercase(), InstallationId(installation.id));
                }
            }
            if last {
                break;
            }
        }
        Ok(found)
    }

    /// Everybody in the group, or why that cannot be seen.
    ///
    /// # Errors
    /// [`ForgeError`] when asking again may help.
    pub async fn members(
        &self,
        installation: InstallationId,
        group: &Group,
    ) -> Result<Fact<Arc<HashSet<UserId>>>, ForgeError> {
        self.inner.rosters.members(installation, group).await
    }

    /// What kind of account has this number; `None` when there is none (REST, "Get a user using their ID").
    ///
    /// # Errors
    /// [`ForgeError`].
    pub async fn account_kind(
        &self,
        installation: InstallationId,
        id: UserId,
    ) -> Result<Option<AccountKind>, ForgeError> {
        let api = &self.inner.api;
        let url = api.addresses.rest(&["user", &id.to_string()]);
        match api.read::<User>(installation, "get_user_by_id", url).await {
            Ok(user) => Ok(Some(match user.kind.as_str() {
                "User" => AccountKind::User,
                "Bot" => AccountKind::Bot,
                "Organization" => AccountKind::Organization,
                _ => AccountKind::Other,
            })),
            Err(ForgeError::Gone { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
