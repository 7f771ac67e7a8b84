//! The forge client: gather what a verdict rests on, apply what it says.
//!
//! It is the only part that speaks HTTP to GitHub or GitHub Enterprise Server. It decides nothing and keeps nothing
//! that could not be read again: what it remembers only saves calls. Its rule: an answer is complete or it is called
//! unknown, a write is never repeated blindly, and neither key nor token is ever shown.
//!
//! From the ground up: `http` sends one request within `budget`; `auth` gets tokens; `api` puts both together;
//! `pulls`, `activity` and `roster` read; `gather` and `apply` are what the reconciler calls.

use std::sync::Arc;

use policy::Millis;

mod activity;
mod answer;
mod api;
mod apply;
mod auth;
mod budget;
mod carried;
mod census;
mod deployment;
mod error;
mod file;
mod flight;
mod gather;
mod graphql;
mod group;
mod guard;
mod http;
mod issue;
mod landing;
mod ledger;
mod merge;
mod merging;
pub mod posture;
mod pulls;
mod recent;
mod reference;
mod roster;
mod rules;
mod run;
mod said;
mod settings;
mod source;
mod text;
mod undo;
mod window;
mod wire;

pub use crate::git::Onto;
pub use activity::{Patience, Pushed};
pub use apply::Applied;
pub use error::{Again, ForgeError};
pub use file::RulesFile;
pub use gather::{Ask, Seen};
pub use group::{Entry, GroupRead};
pub use guard::GuardsRead;
pub use issue::NewIssue;
pub use landing::Landed;
pub use ledger::Recorded;
pub use merge::MergeRead;
pub use recent::{Listed, Which};
pub use reference::RefRead;
pub use rules::PolicyRead;
pub use run::{RunAround, RunRead};
pub use settings::{Limits, Purpose, Settings, SettingsError};
pub use source::{MergedPull, SourceRead};
pub use text::Compared;

use crate::git::GitCache;

/// Tells the time. Injected, so that limits and lives can be tested without waiting.
pub type Clock = Arc<dyn Fn() -> Millis + Send + Sync>;

/// The forge. Cheap to clone; all clones share tokens, budgets and memories.
#[derive(Clone)]
pub struct GitHub {
    inner: Arc<Inner>,
}

struct Inner {
    api: Arc<api::Api>,
    pulls: pulls::Pulls,
    rosters: roster::Rosters,
    activities: activity::Activities,
    shown: apply::Shown,
    /// The installation of the policy repository.
    policy: moka::future::Cache<policy::RepoName, policy::InstallationId>,
    /// The login of our own bot, once it was asked for.
    own_login: tokio::sync::OnceCell<String>,
    git: Arc<GitCache>,
}

impl GitHub {
    /// A client for one App. Sends nothing yet.
    ///
    /// # Errors
    /// [`SettingsError`] names the setting that cannot be used.
    pub fn new(settings: &Settings, clock: Clock, git: Arc<GitCache>) -> Result<Self, SettingsError> {
        let api = Arc::new(api::Api::new(settings, clock)?);
        let inner = Inner {
            pulls: pulls::Pulls::new(settings.app_id),
            rosters: roster::Rosters::new(Arc::clone(&api), settings.limits.roster),
            activities: activity::Activities::new(),
            shown: apply::Shown::new(),
            policy: moka::future::Cache::new(10),
            own_login: tokio::sync::OnceCell::new(),
            api,
            git,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The login of the App's own bot: what it did is the gate's own. GitHub reserves `[bot]` for Apps.
    ///
    /// # Errors
    /// [`ForgeError`] when the forge does not tell; it is asked once.
    pub async fn own_login(&self) -> Result<&str, ForgeError> {
        let api = &self.inner.api;
        let ask = async || {
            let app: wire::AppNode = api.read_as_app("get_app", api.addresses.rest(&["app"])).await?;
            Ok(format!("{}[bot]", app.slug))
        };
        self.inner.own_login.get_or_try_init(ask).await.map(String::as_str)
    }

    /// Forgets who belongs to which organisation and team: a delivery told of a change.
    pub fn forget_members(&self) {
        self.inner.rosters.forget();
    }

    /// How many HTTP requests were sent so far, repetitions counted. Git's own are not among them.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.inner.api.calls()
    }
}

impl std::fmt::Debug for GitHub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GitHub").field("api", &self.inner.api).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
