//! One question after another: patient with limits, whole lists only, and what was refused with what it would take.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use policy::{Fact, InstallationId, RepoName};
use reqwest::Url;
use serde::de::DeserializeOwned;

use crate::github::GitHub;
use crate::github::api::Api;
use crate::github::auth::Right;
use crate::github::error::ForgeError;

const PAGE: usize = 100;
/// The longest wait for a limit: GitHub's own and ours are by the minute.
const LONGEST_WAIT: Duration = Duration::from_secs(90);
/// Waits for a limit before giving up.
const WAITS: u32 = 3;

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(in crate::github) enum Asker {
    App,
    Installation(InstallationId),
    /// The gate itself, which has better things to do than to wait for a limit.
    Gate(InstallationId),
}

/// One who asks many things of one repository, and whether asking again would help.
#[derive(Debug)]
pub(in crate::github) struct Eye<'g> {
    pub(super) api: &'g Api,
    pub(super) asker: Asker,
    /// The first thing that was no answer at all.
    broken: Mutex<Option<ForgeError>>,
}

impl<'g> Eye<'g> {
    pub(in crate::github) fn new(api: &'g Api, asker: Asker) -> Self {
        Self { api, asker, broken: Mutex::default() }
    }

    /// The address below a repository.
    pub(in crate::github) fn below(&self, repo: &RepoName, rest: &[&str]) -> Url {
        let all: Vec<&str> =
            ["repos", repo.owner(), repo.name()].into_iter().chain(rest.iter().copied()).collect();
        self.api.addresses.rest(&all)
    }

    pub(in crate::github) async fn one<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        url: Url,
    ) -> Result<T, ForgeError> {
        one(self.api, self.asker, operation, url).await
    }

    pub(in crate::github) async fn all<P: Page>(
        &self,
        operation: &'static str,
        url: &Url,
        most_pages: u32,
    ) -> Result<Vec<P::Item>, ForgeError> {
        all::<P>(self.api, self.asker, operation, url, most_pages).await
    }

    /// What was read, or why not; what asking again would mend is noted.
    pub(in crate::github) fn fact<T>(&self, outcome: Result<T, ForgeError>, needs: &str) -> Fact<T> {
        if let Err(
            error @ (ForgeError::RateLimited { .. } | ForgeError::Broken { .. } | ForgeError::NotYet { .. }),
        ) = &outcome
        {
            let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
            broken.get_or_insert_with(|| error.clone());
        }
        fact(outcome, needs)
    }

    /// Whether everything was answered, be it by a refusal.
    pub(in crate::github) fn answered(self) -> Result<(), ForgeError> {
        match self.broken.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

/// One page of a list, as it travels.
pub(in crate::github) trait Page: DeserializeOwned {
    type Item;

    fn items(self) -> Vec<Self::Item>;
}

impl<T: DeserializeOwned> Page for Vec<T> {
    type Item = T;

    fn items(self) -> Vec<T> {
        self
    }
}

/// Reads one answer; where the forge asks to wait for a moment, it is waited.
pub(super) async fn one<T: DeserializeOwned>(
    api: &Api,
    asker: Asker,
    operation: &'static str,
    url: Url,
) -> Result<T, ForgeError> {
    let mut waits = 0;
    loop {
        let outcome = match asker {
            Asker::App => api.read_as_app(operation, url.clone()).await,
            Asker::Installation(id) => api.read(id, operation, url.clone()).await,
            Asker::Gate(id) => return api.read_by(Right::Guard, id, operation, url).await,
        };
        let Err(ForgeError::RateLimited { until }) = outcome else { return outcome };
        let wait = u64::try_from(until.0.saturating_sub(api.now().0)).unwrap_or_default();
        let wait = Duration::from_millis(wait);
        waits += 1;
        if waits > WAITS || wait > LONGEST_WAIT {
            return Err(ForgeError::RateLimited { until });
        }
        tokio::time::sleep(wait).await;
    }
}

/// Reads a list of at most so many pages. A longer one is an error: half a list would be taken for the whole.
pub(super) async fn all<P: Page>(
    api: &Api,
    asker: Asker,
    operation: &'static str,
    url: &Url,
    most_pages: u32,
) -> Result<Vec<P::Item>, ForgeError> {
    let mut found = Vec::new();
    for page in 1..=most_pages {
        let mut url = url.clone();
        url.query_pairs_mut()
            .append_pair("per_page", &PAGE.to_string())
            .append_pair("page", &page.to_string());
        let listed = one::<P>(api, asker, operation, url).await?.items();
        let last = listed.len() < PAGE;
        found.extend(listed);
        if last {
            return Ok(found);
        }
    }
    let limit = most_pages as usize * PAGE;
    Err(ForgeError::Incomplete { what: format!("the list of {operation} is longer than {limit}") })
}

/// What was read, or why not: what it would take comes first.
pub(super) fn fact<T>(outcome: Result<T, ForgeError>, needs: &str) -> Fact<T> {
    match outcome {
        Ok(value) => Fact::Known(value),
        Err(ForgeError::Refused { status: 403, message, .. }) => {
            Fact::unknown(format!("needs `{needs}` (the forge says: {message})"))
        }
        Err(ForgeError::Gone { what }) => Fact::unknown(format!("the forge shows nothing for {what}")),
        Err(error) => Fact::unknown(error.to_string()),
    }
}

impl GitHub {
    pub(super) fn api(&self) -> &Api {
        &self.inner.api
    }
}
