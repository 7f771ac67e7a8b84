//! Whether a head is an approved one on a newer base and nothing more, asked of git's own objects.

use policy::facts::{Pull, Repository};
use policy::{Fact, PullSubject, Sha};

use super::GitHub;
use super::error::ForgeError;
use crate::git::{CarriedRequest, GitError};

impl GitHub {
    /// Whether the head of a pull request is this older one and nothing more. An older head may be gone for good, so what
    /// git cannot tell now is not known.
    ///
    /// # Errors
    /// [`ForgeError`] when there is no token to ask with.
    pub async fn carried(
        &self,
        subject: &PullSubject,
        repository: &Repository,
        pull: &Pull,
        approved: &Sha,
    ) -> Result<Fact<bool>, ForgeError> {
        let token = self.inner.api.token(subject.installation).await?;
        let url = self.inner.api.addresses.clone_url(&repository.name);
        let ask = CarriedRequest {
            repo: subject.repo_id,
            url: url.as_str(),
            token: token.secret(),
            pull: pull.number,
            base: &pull.base.sha,
            approved,
            head: &pull.head.sha,
        };
        let found = self.inner.git.carried(&ask).await;
        if matches!(found, Err(GitError::Refused(_))) {
            self.inner.api.reject(subject.installation, &token).await;
        }
        Ok(found.map_or_else(|error| Fact::unknown(error.to_string()), Fact::Known))
    }
}
