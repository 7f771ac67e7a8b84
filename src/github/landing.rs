//! Whether what lands of a pull request is what merging its head gives, asked of git's own objects.

use policy::act::Landing;
use policy::facts::Repository;
use policy::{Fact, PullSubject, Sha};

use super::GitHub;
use super::error::ForgeError;
use crate::git::{GitError, LandingRequest, Onto};

/// What is to be compared.
#[derive(Debug, Clone, Copy)]
pub struct Landed<'a> {
    /// What stood there before.
    pub onto: Onto<'a>,
    /// The head that was judged.
    pub head: &'a Sha,
    /// The commit that lands, or landed.
    pub result: &'a Sha,
}

impl GitHub {
    /// Compares what lands with what merging gives.
    ///
    /// # Errors
    /// [`ForgeError`] when git could not be asked now.
    pub async fn landing(
        &self,
        subject: &PullSubject,
        repository: &Repository,
        landed: Landed<'_>,
    ) -> Result<Fact<Landing>, ForgeError> {
        let token = self.inner.api.token(subject.installation).await?;
        let url = self.inner.api.addresses.clone_url(&repository.name);
        let ask = LandingRequest {
            repo: subject.repo_id,
            url: url.as_str(),
            token: token.secret(),
            pull: subject.number,
            onto: landed.onto,
            head: landed.head,
            result: landed.result,
        };
        let found = self.inner.git.landing(&ask).await;
        if matches!(found, Err(GitError::Refused(_))) {
            self.inner.api.reject(subject.installation, &token).await;
        }
        super::gather::known_or(found, landed.result)
    }
}
