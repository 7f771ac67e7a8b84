//! What an account is: a person, a registered agent, or an agent that nobody registered.
//!
//! Decided by numbers that the forge asserts, never by names. A person is somebody whom the rules recognise
//! positively; everybody else is an agent.

use crate::facts::{Account, AccountKind, Fact, Roster};
use crate::identity::Catalogue;
use crate::identity::address::is_bot_name;
use crate::ids::UserId;
use crate::rules::{RuleSource, Rules};

/// What an account is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    Person,
    Agent(String),
    Unregistered,
    /// Whether it is a person could not be seen; the text says why.
    Unknown(String),
}

/// Whether an account is an agent's, and what the agent is called: `None` for a person.
#[must_use]
pub fn agent_of(account: &Account, roster: &Roster, source: &RuleSource) -> Fact<Option<String>> {
    let Some(rules) = &source.in_force else { return Fact::unknown("there are no rules") };
    match of(account, roster, rules) {
        Standing::Person => Fact::Known(None),
        Standing::Agent(name) => Fact::Known(Some(name)),
        Standing::Unregistered => Fact::Known(Some(account.login.clone())),
        Standing::Unknown(why) => Fact::Unknown(why),
    }
}

/// What an account is, as the forge asserts it.
pub(super) fn of(account: &Account, roster: &Roster, rules: &Rules) -> Standing {
    if let Some(name) = registered(account.id, rules) {
        return Standing::Agent(name);
    }
    let login = account.login.to_ascii_lowercase();
    let excepted =
        rules.people.except_ids.contains(&account.id) || rules.people.except_logins.contains(&login);
    if excepted || account.kind != AccountKind::User || is_bot_name(&account.login) {
        return Standing::Unregistered;
    }
    person(account.id, roster, rules)
}

/// What the account that an address belongs to is. GitHub links addresses to accounts of type User only.
pub(super) fn of_linked(id: UserId, login: &str, roster: &Roster, rules: &Rules) -> Standing {
    let account = Account { id, login: login.to_owned(), kind: AccountKind::User };
    of(&account, roster, rules)
}

/// The agent that an account is registered as.
pub(super) fn registered(id: UserId, rules: &Rules) -> Option<String> {
    let agent = rules.agents.values().find(|agent| agent.accounts.contains(&id))?;
    Some(agent.name.clone())
}

fn person(id: UserId, roster: &Roster, rules: &Rules) -> Standing {
    if Catalogue::builtin().by_user_id(id).is_some() {
        return Standing::Unregistered;
    }
    if rules.people.accounts.contains(&id) {
        return Standing::Person;
    }
    let mut unknown = None;
    for group in &rules.people.members_of {
        match roster.has(group, id) {
            Fact::Known(true) => return Standing::Person,
            Fact::Known(false) => {}
            Fact::Unknown(why) => unknown = Some(why),
        }
    }
    unknown.map_or(Standing::Unregistered, Standing::Unknown)
}
