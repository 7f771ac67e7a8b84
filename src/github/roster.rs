//! Who belongs to an organisation or team, read whole and kept for some minutes.
//!
//! The hot path makes no call: a list is renewed in the background from half its life on. A webhook that tells of a
//! changed membership forgets them all. What may not be seen is `Fact::Unknown` with the permission that is missing.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use policy::facts::Group;
use policy::{Fact, InstallationId, Millis, UserId};
use serde::{Deserialize, Serialize};

use super::api::Api;
use super::error::ForgeError;
use super::flight::Flights;
use super::graphql::{Document, ORGANIZATION_MEMBERS, TEAM_MEMBERS};
use super::wire::{self, Page, User};

/// Nobody reads on beyond these: 200 calls.
const MOST_MEMBERS: usize = 20_000;
/// How long it is believed that a list cannot be seen. Short: somebody may be granting the permission right now.
const UNKNOWN_FOR: i64 = 60_000;

/// The members of one group, as far as they could be seen.
pub(super) type Members = Fact<Arc<HashSet<UserId>>>;

type Key = (InstallationId, Group);

/// The groups' members, shared by all looks.
#[derive(Debug, Clone)]
pub(super) struct Rosters {
    api: Arc<Api>,
    lists: Arc<Flights<Key, List>>,
    renewing: Arc<Mutex<HashSet<Key>>>,
    life: i64,
}

#[derive(Debug, Clone)]
struct List {
    read_at: Millis,
    members: Members,
}

#[derive(Debug, Serialize)]
struct Variables<'a> {
    login: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    slug: Option<&'a str>,
    after: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Data {
    organization: Option<Organization>,
}

/// The answer to either document.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Organization {
    members_with_role: Option<Page<User>>,
    team: Option<Team>,
}

#[derive(Debug, Deserialize)]
struct Team {
    members: Option<Page<User>>,
}

impl Rosters {
    pub(super) fn new(api: Arc<Api>, life: Duration) -> Self {
        Self {
            api,
            lists: Arc::new(Flights::new(1_000, Duration::from_secs(3_600))),
            renewing: Arc::default(),
            life: i64::try_from(life.as_millis()).unwrap_or(i64::MAX),
        }
    }

    /// Everybody in the group.
    pub(super) async fn members(
        &self,
        installation: InstallationId,
        group: &Group,
    ) -> Result<Members, ForgeError> {
        let (key, now) = ((installation, group.clone()), self.api.now());
        let fresh = |list: &List| list.age(now) < list.life(self.life);
        let list = self.lists.get(key.clone(), fresh, self.read(&key)).await?;
        if list.age(now) > list.life(self.life) / 2 {
            self.renew(key);
        }
        Ok(list.members)
    }

    /// Reads these anew, whatever is remembered, so that what is asked for next is no older than `since`.
    pub(super) async fn renewed<'g>(
        &self,
        installation: InstallationId,
        groups: impl Iterator<Item = &'g Group>,
        since: Millis,
    ) -> Result<(), ForgeError> {
        for group in groups {
            let key = (installation, group.clone());
            self.lists.drop_if(&key, |_| true).await;
            self.lists.get(key.clone(), |list: &List| list.read_at >= since, self.read(&key)).await?;
        }
        Ok(())
    }

    /// Somebody joined or left something: ask anew.
    pub(super) fn forget(&self) {
        self.lists.forget();
    }

    fn renew(&self, key: Key) {
        if !self.renewing().insert(key.clone()) {
            return;
        }
        let rosters = self.clone();
        tokio::spawn(async move {
            rosters.lists.renew(&key, rosters.read(&key)).await;
            rosters.renewing().remove(&key);
        });
    }

    fn renewing(&self) -> std::sync::MutexGuard<'_, HashSet<Key>> {
        self.renewing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read(&self, (installation, group): &Key) -> Result<List, ForgeError> {
        let read_at = self.api.now();
        let members = match self.pages(*installation, group).await {
            Ok(members) => members,
            // These do not pass by themselves; the verdict says what is missing.
            Err(ForgeError::Refused { status, message, .. }) => {
                not_permitted(group, &format!("{status}: {message}"))
            }
            Err(ForgeError::Gone { .. }) => not_permitted(group, "not found"),
            Err(error @ (ForgeError::TooLarge { .. } | ForgeError::Incomplete { .. })) => {
                Fact::unknown(format!("could not see the members of `{group}`: {error}"))
            }
            Err(error) => return Err(error),
        };
        Ok(List { read_at, members })
    }

    async fn pages(&self, installation: InstallationId, group: &Group) -> Result<Members, ForgeError> {
        let (document, login, slug): (&Document, _, _) = match group {
            Group::Organization(org) => (&ORGANIZATION_MEMBERS, org, None),
            Group::Team { org, slug } => (&TEAM_MEMBERS, org, Some(slug.as_str())),
        };
        let (mut members, mut after) = (HashSet::new(), None);
        loop {
            let variables = Variables { login, slug, after };
            let data: Data = self.api.query(installation, document, &variables).await?;
            // GitHub answers `null`, without a complaint, where it does not want to say.
            let Some(page) = data.page() else {
                return Ok(not_permitted(group, "the forge shows nothing"));
            };
            members.extend(page.nodes().filter_map(|user| user.database_id).map(UserId));
            let total = page.total_count;
            after = page.page_info.end_cursor.filter(|_| page.page_info.has_next_page);
            if after.is_none() || total > MOST_MEMBERS || members.len() >= MOST_MEMBERS {
                return Ok(if members.len() == total {
                    Fact::Known(Arc::new(members))
                } else {
                    wire::unseen(&format!("all members of `{group}`"), members.len(), total)
                });
            }
        }
    }
}

impl Data {
    fn page(self) -> Option<Page<User>> {
        let organization = self.organization?;
        organization.members_with_role.or_else(|| organization.team?.members)
    }
}

impl List {
    /// A list that was read later than now is as old as it seems young: a clock that went back by hours keeps none.
    fn age(&self, now: Millis) -> i64 {
        now.0.saturating_sub(self.read_at.0).saturating_abs()
    }

    fn life(&self, known: i64) -> i64 {
        match self.members {
            Fact::Known(_) => known,
            Fact::Unknown(_) => known.min(UNKNOWN_FOR),
        }
    }
}

/// Those of the members that matter here.
pub(super) fn restrict(members: &Members, involved: &BTreeSet<UserId>) -> Fact<BTreeSet<UserId>> {
    match members {
        Fact::Known(all) => Fact::Known(involved.iter().filter(|id| all.contains(id)).copied().collect()),
        Fact::Unknown(why) => Fact::Unknown(why.clone()),
    }
}

fn not_permitted(group: &Group, why: &str) -> Members {
    Fact::unknown(format!(
        "could not see the members of `{group}` ({why}): it must exist, and the App needs the organisation \
         permission `members: read` and an installation there"
    ))
}
