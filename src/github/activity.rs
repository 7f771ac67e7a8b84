//! Who pushed what a pull request proposes, as the forge's own list of activities tells.
//!
//! A head does not say who pushed it, and deliveries tell only of pushes to a pull request that was open already. Two
//! rules: whoever moved the branch since it left the base counts, even when a later push replaced the work; and a list
//! that does not reach back so far is unknown, never a shorter one.
//! <https://docs.github.com/en/rest/repos/repos#list-repository-activities>

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use policy::facts::{Account, AccountKind, Branch, Repository};
use policy::{Fact, InstallationId, RepoId, Sha, UserId};
use serde::Deserialize;

use super::GitHub;
use super::error::{ForgeError, quote};

/// GitHub gives so many a page; one page is read.
const PAGE: usize = 100;
/// What is remembered, in commits and accounts.
const MEMORY: u64 = 200_000;
/// How long it is believed that a list cannot be seen.
const UNSEEN_FOR: Duration = Duration::from_secs(300);

/// Whose pushers are asked for.
#[derive(Debug, Clone, Copy)]
pub struct Pushed<'a> {
    /// Where the head branch lives.
    pub repository: &'a Repository,
    /// The head branch and its tip.
    pub head: &'a Branch,
    /// The pull request's commits.
    pub commits: &'a BTreeSet<Sha>,
    /// The tips of which a signed delivery told who pushed them.
    pub told: &'a BTreeSet<Sha>,
}

/// What it means that no activity leads to the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// The list lags behind: look again.
    Wait,
    /// It never will: nobody tells who pushed.
    End,
}

/// What activities told, by branch. Everything in it could be read again.
#[derive(Debug)]
pub(super) struct Activities {
    learnt: moka::future::Cache<(RepoId, String), Arc<Learnt>>,
    unseen: moka::future::Cache<(RepoId, String, Sha), String>,
}

/// Who brought these commits to a branch.
#[derive(Debug, Clone)]
struct Learnt {
    head: Sha,
    commits: BTreeSet<Sha>,
    pushers: BTreeSet<Account>,
}

#[derive(Debug, Deserialize)]
struct Activity {
    before: String,
    after: String,
    #[serde(rename = "ref")]
    reference: String,
    activity_type: String,
    actor: Option<Actor>,
}

#[derive(Debug, Deserialize)]
struct Actor {
    id: u64,
    login: String,
    #[serde(rename = "type", default)]
    kind: String,
}

/// What a page tells.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Whole(BTreeSet<Account>),
    Unseen(String),
    /// Nothing leads to the head.
    Nothing,
}

impl Activities {
    pub(super) fn new() -> Self {
        let weight = |_: &_, learnt: &Arc<Learnt>| {
            u32::try_from(learnt.commits.len().saturating_add(learnt.pushers.len()).saturating_add(1))
                .unwrap_or(u32::MAX)
        };
        Self {
            learnt: moka::future::Cache::builder().max_capacity(MEMORY).weigher(weight).build(),
            unseen: moka::future::Cache::builder().max_capacity(10_000).time_to_live(UNSEEN_FOR).build(),
        }
    }
}

impl GitHub {
    /// Who pushed the commits that no delivery told of, and whoever else is known to have pushed to the branch. No call
    /// when each commit is one that was asked about before or the tip of a push that a delivery told of.
    ///
    /// # Errors
    /// [`ForgeError::NotYet`] when no activity leads to the head and `patience` is to wait; others as any read.
    pub async fn pushers(
        &self,
        installation: InstallationId,
        pushed: Pushed<'_>,
        patience: Patience,
    ) -> Result<Fact<Vec<Account>>, ForgeError> {
        let memory = &self.inner.activities;
        let branch = (pushed.repository.id, pushed.head.name.clone());
        let learnt = memory.learnt.get(&branch).await;
        if pushed.is_covered_by(learnt.as_deref()) {
            let known = learnt.iter().flat_map(|learnt| learnt.pushers.iter().cloned());
            return Ok(Fact::Known(known.collect()));
        }
        let place = (branch.0, branch.1.clone(), pushed.head.sha.clone());
        if let Some(why) = memory.unseen.get(&place).await {
            return Ok(Fact::Unknown(why));
        }
        let why = match self.activities(installation, pushed).await? {
            Told::Whole(pushers) => {
                let now = pushed.learn(learnt.as_deref(), pushers);
                let known = now.pushers.iter().cloned().collect();
                memory.learnt.insert(branch, Arc::new(now)).await;
                return Ok(Fact::Known(known));
            }
            Told::Nothing if patience == Patience::Wait => {
                return Err(ForgeError::NotYet { what: format!("who pushed {}", pushed.head.sha.short()) });
            }
            Told::Nothing => format!("nobody told who pushed {}", pushed.head.sha.short()),
            Told::Unseen(why) => why,
        };
        memory.unseen.insert(place, why.clone()).await;
        Ok(Fact::Unknown(why))
    }

    /// One page of the branch's activities, read.
    async fn activities(&self, installation: InstallationId, pushed: Pushed<'_>) -> Result<Told, ForgeError> {
        let name = &pushed.repository.name;
        let reference = format!("refs/heads/{}", pushed.head.name);
        let mut url = self.inner.api.addresses.rest(&["repos", name.owner(), name.name(), "activity"]);
        url.query_pairs_mut().append_pair("ref", &reference).append_pair("per_page", &PAGE.to_string());
        match self.inner.api.read::<Vec<Activity>>(installation, "list_activities", url).await {
            Ok(page) => Ok(pushed.read(&reference, &page)),
            // A fork that the App may not read, or a server that is too old to tell.
            Err(
                error @ (ForgeError::Gone { .. } | ForgeError::Refused { .. } | ForgeError::TooLarge { .. }),
            ) => {
                let why = format!("could not see who pushed to `{name}`: {error}");
                Ok(Told::Unseen(why))
            }
            Err(error) => Err(error),
        }
    }
}

impl Pushed<'_> {
    fn is_covered_by(&self, learnt: Option<&Learnt>) -> bool {
        let is_known = |commit: &Sha| {
            self.told.contains(commit) || learnt.is_some_and(|learnt| learnt.commits.contains(commit))
        };
        is_known(&self.head.sha) && self.commits.iter().all(is_known)
    }

    /// Another pull request from the same head may have further commits: then both count.
    fn learn(&self, before: Option<&Learnt>, pushers: BTreeSet<Account>) -> Learnt {
        let head = self.head.sha.clone();
        let mut commits = self.commits.clone();
        commits.insert(head.clone());
        let mut now = Learnt { head, commits, pushers };
        if let Some(before) = before.filter(|before| before.head == now.head) {
            now.commits.extend(before.commits.iter().cloned());
            now.pushers.extend(before.pushers.iter().cloned());
        }
        now
    }

    /// Goes back from the head, newest first, to where the branch left the base.
    ///
    /// What a forced push replaced is gone from the commits, but commits that came with it may have stayed: only a
    /// plain push that leads from the base into the pull request, or the branch's creation, ends the search.
    fn read(&self, reference: &str, page: &[Activity]) -> Told {
        let here = |activity: &&Activity| activity.reference == reference;
        let is_own =
            |sha: &str| sha == self.head.sha.as_str() || self.commits.iter().any(|c| c.as_str() == sha);
        let mut pushers = BTreeSet::new();
        let leads_here = |activity: &&Activity| activity.after != self.head.sha.as_str();
        for activity in page.iter().filter(here).skip_while(leads_here) {
            let Some(actor) = &activity.actor else {
                return Told::Unseen("an account that pushed is deleted (GitHub shows `ghost`)".to_owned());
            };
            pushers.insert(actor.account());
            let from_base = activity.activity_type != "force_push"
                && is_own(&activity.after)
                && !is_own(&activity.before);
            if from_base || activity.activity_type == "branch_creation" {
                return Told::Whole(pushers);
            }
        }
        if pushers.is_empty() {
            return Told::Nothing;
        }
        if page.len() >= PAGE {
            return Told::Unseen(format!(
                "the branch was pushed to more than {PAGE} times since it left the base"
            ));
        }
        Told::Whole(pushers)
    }
}

impl Actor {
    fn account(&self) -> Account {
        let kind = match self.kind.as_str() {
            "User" => AccountKind::User,
            "Bot" => AccountKind::Bot,
            "Organization" => AccountKind::Organization,
            _ => AccountKind::Other,
        };
        Account { id: UserId(self.id), login: quote(&self.login), kind }
    }
}

#[cfg(test)]
mod tests;
