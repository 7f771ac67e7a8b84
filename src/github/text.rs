//! What is hidden in the lines that a change adds, from git's own objects. No call of the API is made for it.

use change::HiddenText;
use policy::facts::Repository;
use policy::{Fact, Place, Sha};

use super::GitHub;
use super::error::ForgeError;
use super::gather::known_or;
use crate::git::{ChangeRequest, GitError, LineCount};

/// Two commits that are compared.
#[derive(Debug, Clone, Copy)]
pub struct Compared<'a> {
    /// The number of the pull request; 0 when it is none.
    pub pull: u64,
    /// What would be added to.
    pub base: &'a Sha,
    /// What adds.
    pub head: &'a Sha,
}

impl GitHub {
    /// Text that people do not see, in lines that `head` adds to `base`.
    ///
    /// # Errors
    /// [`ForgeError`] when git could not be asked now.
    pub async fn hidden_text(
        &self,
        place: Place<'_>,
        repository: &Repository,
        compared: Compared<'_>,
    ) -> Result<Fact<Vec<HiddenText>>, ForgeError> {
        let token = self.inner.api.token(place.installation).await?;
        let url = self.inner.api.addresses.clone_url(&repository.name);
        let request = ChangeRequest {
            repo: place.repo_id,
            url: url.as_str(),
            token: token.secret(),
            pull: compared.pull,
            base: compared.base,
            head: compared.head,
            with_lines: LineCount::Skip,
        };
        let found = self.inner.git.hidden(&request).await;
        if matches!(found, Err(GitError::Refused(_))) {
            self.inner.api.reject(place.installation, &token).await;
        }
        known_or(found.map(|found| found.to_vec()), compared.head)
    }
}
