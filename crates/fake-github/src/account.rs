//! Who there is: accounts, organisations, teams.
//!
//! Bots have two logins on GitHub: REST and webhooks say `dependabot[bot]`, GraphQL says `dependabot`.

use std::collections::BTreeSet;

use crate::stage::{AccountType, UserSpec};

/// GitHub's placeholder for accounts that are gone, in REST.
pub(crate) const GHOST: (&str, u64) = ("ghost", 10_137);

#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) id: u64,
    pub(crate) login: String,
    pub(crate) graphql_login: String,
    pub(crate) kind: AccountType,
    pub(crate) emails: Vec<String>,
    pub(crate) deleted: bool,
}

impl Account {
    pub(crate) fn from_spec(spec: &UserSpec) -> Self {
        let bare = spec.login.strip_suffix("[bot]").unwrap_or(&spec.login).to_owned();
        Self {
            id: spec.id,
            login: spec.login.clone(),
            graphql_login: spec.graphql_login.clone().unwrap_or(bare),
            kind: spec.kind,
            emails: spec.emails.clone(),
            deleted: false,
        }
    }

    /// The no-reply address that GitHub gives the account.
    pub(crate) fn noreply(&self) -> String {
        format!("{}+{}@users.noreply.github.example", self.id, self.login)
    }

    pub(crate) fn owns_email(&self, email: &str) -> bool {
        email.eq_ignore_ascii_case(&self.noreply())
            || email.eq_ignore_ascii_case(&format!("{}@users.noreply.github.example", self.login))
            || self.emails.iter().any(|own| own.eq_ignore_ascii_case(email))
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Org {
    pub(crate) account: u64,
    pub(crate) members: BTreeSet<u64>,
    pub(crate) teams: Vec<Team>,
}

#[derive(Debug, Clone)]
pub(crate) struct Team {
    pub(crate) id: u64,
    pub(crate) slug: String,
    pub(crate) members: BTreeSet<u64>,
}
