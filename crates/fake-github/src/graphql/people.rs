//! Accounts as GraphQL shows them, organisations and teams.
//!
//! A bot's login has no `[bot]` here; `GitActor.user` is only ever a User.

use serde_json::json;

use super::Sight;
use super::connection::List;
use super::root::forbidden;
use super::walk::{Arguments, Got, Node, Trouble};
use crate::account::{Org, Team};
use crate::auth::Level;
use crate::clock::rfc3339;
use crate::payload::{WEB, node_id, segment};
use crate::repo::Ident;
use crate::stage::AccountType;

pub(super) struct Account<'w> {
    pub(super) account: &'w crate::account::Account,
}

impl<'w> Account<'w> {
    /// `None` when the account was deleted: GraphQL's `null` where REST says `ghost`.
    pub(super) fn living(sight: Sight<'w>, id: u64) -> Option<Self> {
        sight.world.living(id).map(|account| Self { account })
    }
}

impl<'w> Node<'w> for Account<'w> {
    fn typename(&self) -> &'static str {
        self.account.kind.word()
    }

    fn stands_for(&self) -> &'static [&'static str] {
        match self.account.kind {
            AccountType::User | AccountType::Organization => &["Actor", "Node", "RepositoryOwner"],
            AccountType::Bot | AccountType::Mannequin => &["Actor", "Node"],
        }
    }

    fn field(&self, name: &str, _: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let account = self.account;
        Ok(match name {
            "id" => Got::leaf(node_id("U", account.id)),
            "login" => Got::leaf(account.graphql_login.as_str()),
            "databaseId" => Got::leaf(account.id),
            "url" => Got::leaf(format!("{WEB}/{}", segment(&account.login))),
            _ => return Err(Trouble::NoField),
        })
    }
}

/// Who a commit says made it: a claim.
pub(super) struct GitActor<'w> {
    pub(super) sight: Sight<'w>,
    pub(super) ident: Ident,
    pub(super) date: i64,
}

impl<'w> Node<'w> for GitActor<'w> {
    fn typename(&self) -> &'static str {
        "GitActor"
    }

    fn field(&self, name: &str, _: &mut Arguments) -> Result<Got<'w>, Trouble> {
        Ok(match name {
            "name" => Got::leaf(self.ident.name.as_str()),
            "email" => Got::leaf(self.ident.email.as_str()),
            "date" => Got::leaf(rfc3339(self.date)),
            "user" => {
                let sight = self.sight;
                let found = sight.world.accounts.values().find(|account| {
                    !account.deleted
                        && account.kind == AccountType::User
                        && account.owns_email(&self.ident.email)
                });
                Got::maybe(found.map(|account| Account { account }))
            }
            _ => return Err(Trouble::NoField),
        })
    }
}

pub(super) struct Organization<'w> {
    pub(super) sight: Sight<'w>,
    pub(super) org: &'w Org,
}

fn members<'w>(
    sight: Sight<'w>,
    typename: &'static str,
    ids: impl Iterator<Item = u64>,
    arguments: &mut Arguments,
) -> Result<Got<'w>, Trouble> {
    let window = List::new(typename, ids.collect(), move |id| Got::maybe(Account::living(sight, *id)))
        .window("members", arguments)?;
    if sight.token.allows("members", Level::Read) { Ok(window) } else { Err(forbidden()) }
}

impl<'w> Node<'w> for Organization<'w> {
    fn typename(&self) -> &'static str {
        "Organization"
    }

    fn stands_for(&self) -> &'static [&'static str] {
        &["Actor", "Node", "RepositoryOwner"]
    }

    fn field(&self, name: &str, arguments: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let (sight, org) = (self.sight, self.org);
        Ok(match name {
            "login" => Got::Leaf(json!(sight.world.living(org.account).map(|account| &account.login))),
            "databaseId" => Got::leaf(org.account),
            "id" => Got::leaf(node_id("O", org.account)),
            "membersWithRole" => {
                let ids = org.members.iter().copied();
                return members(sight, "OrganizationMemberConnection", ids, arguments);
            }
            "team" => {
                let slug = arguments.text("slug");
                let team = org.teams.iter().find(|team| team.slug == slug);
                if !sight.token.allows("members", Level::Read) {
                    return Err(forbidden());
                }
                Got::maybe(team.map(|team| TeamNode { sight, team }))
            }
            _ => return Err(Trouble::NoField),
        })
    }
}

struct TeamNode<'w> {
    sight: Sight<'w>,
    team: &'w Team,
}

impl<'w> Node<'w> for TeamNode<'w> {
    fn typename(&self) -> &'static str {
        "Team"
    }

    fn stands_for(&self) -> &'static [&'static str] {
        &["Node"]
    }

    fn field(&self, name: &str, arguments: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let team = self.team;
        Ok(match name {
            "id" => Got::leaf(node_id("T", team.id)),
            "databaseId" => Got::leaf(team.id),
            "slug" | "name" => Got::leaf(team.slug.as_str()),
            "members" => {
                arguments.take("membership");
                return members(self.sight, "TeamMemberConnection", team.members.iter().copied(), arguments);
            }
            _ => return Err(Trouble::NoField),
        })
    }
}
