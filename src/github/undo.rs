//! Taking content back on top of a branch, without moving away from anybody's work.
//!
//! `createCommitOnBranch` makes a commit that GitHub signs, only when the branch stands where it is expected to
//! (<https://docs.github.com/en/graphql/reference/mutations#createcommitonbranch>). It writes plain files only; what it
//! takes otherwise is refused, and people are told. Where the branch takes no commit of ours, a pull request proposes
//! it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use policy::plan::Undo;
use policy::{InstallationId, RepoName, Sha};
use serde::{Deserialize, Serialize};

use super::GitHub;
use super::api::Write;
use super::auth::Right;
use super::error::{ForgeError, quote};
use super::graphql::CREATE_COMMIT;
use super::reference::{self, RefUpdate};
use crate::git::{GitError, Inverse, InverseRequest};
use crate::lease::Lease;

#[derive(Debug, Serialize)]
struct Variables<'a> {
    input: CommitInput<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CommitInput<'a> {
    branch: BranchInput<'a>,
    expected_head_oid: &'a str,
    message: Message<'a>,
    file_changes: FileChanges,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct BranchInput<'a> {
    repository_name_with_owner: String,
    branch_name: &'a str,
}

#[derive(Debug, Serialize)]
struct Message<'a> {
    headline: &'a str,
    body: &'a str,
}

#[derive(Debug, Serialize)]
struct FileChanges {
    additions: Vec<Addition>,
    deletions: Vec<Deletion>,
}

#[derive(Debug, Serialize)]
struct Addition {
    path: String,
    contents: String,
}

#[derive(Debug, Serialize)]
struct Deletion {
    path: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    create_commit_on_branch: Option<Payload>,
}

#[derive(Debug, Deserialize)]
struct Payload {
    commit: Option<Oid>,
}

#[derive(Debug, Deserialize)]
struct Oid {
    oid: String,
}

#[derive(Debug, Serialize)]
struct NewPull<'a> {
    title: &'a str,
    body: &'a str,
    head: &'a str,
    base: &'a str,
}

#[derive(Debug, Deserialize)]
struct Opened {
    number: u64,
}

impl GitHub {
    /// Takes content back with a commit on top, or proposes it. Says which commit or pull request was made.
    ///
    /// # Errors
    /// [`ForgeError::Refused`] when it cannot be done so, or the branch has moved: look again.
    pub async fn undo(&self, lease: &Lease, node: &str, undo: &Undo) -> Result<String, ForgeError> {
        let installation = lease.subject().place().installation;
        let Some(branch) = undo.name.branch() else { return Err(refused("only branches have content")) };
        // Kept whether or not the content can be taken back.
        self.keep(installation, node, undo.keep.iter().map(reference::kept)).await?;
        let files = self.inverse(lease, undo).await?;
        let aside = format!("portcullis/undo-{}", undo.onto.short());
        let full = format!("refs/heads/{aside}");
        let proposal = undo.propose.then(|| RefUpdate::new_at(&full, &undo.onto));
        self.keep(installation, node, proposal).await?;
        let target = if undo.propose { aside.as_str() } else { branch };
        let (headline, body) = undo.message.split_once("\n\n").unwrap_or((&undo.message, ""));
        let commit = self
            .commit(installation, &undo.repository, target, &undo.onto, (headline.trim(), body), files)
            .await?;
        if !undo.propose {
            return Ok(commit);
        }
        let url = self.inner.api.addresses.rest(&[
            "repos",
            undo.repository.owner(),
            undo.repository.name(),
            "pulls",
        ]);
        let pull = NewPull { title: headline.trim(), body, head: &aside, base: branch };
        let opened: Opened = self
            .inner
            .api
            .write_by(Right::Act, installation, ("open_pull_request", Write::Create), url, &pull)
            .await?;
        Ok(format!("#{}", opened.number))
    }

    async fn inverse(&self, lease: &Lease, undo: &Undo) -> Result<FileChanges, ForgeError> {
        let place = lease.subject().place();
        let token = self.inner.api.token(place.installation).await?;
        let url = self.inner.api.addresses.clone_url(&undo.repository);
        let spans: Vec<(Sha, Sha)> =
            undo.spans.iter().map(|span| (span.before.clone(), span.after.clone())).collect();
        let ask = InverseRequest {
            repo: place.repo_id,
            url: url.as_str(),
            token: token.secret(),
            onto: &undo.onto,
            spans: &spans,
        };
        match self.inner.git.inverse(&ask).await {
            Ok(Inverse::Files { write, delete }) if write.is_empty() && delete.is_empty() => {
                Err(refused("nothing is left to be taken back"))
            }
            Ok(Inverse::Files { write, delete }) => Ok(changes(write, delete)),
            Ok(Inverse::Impossible(why)) => Err(refused(&why)),
            Err(GitError::NotThereYet | GitError::Busy) => {
                Err(ForgeError::NotYet { what: format!("the objects of {}", undo.onto.short()) })
            }
            Err(error @ (GitError::TooLarge(_) | GitError::Unseen(_))) => Err(refused(&error.to_string())),
            Err(error) => Err(ForgeError::broken("undo", error.to_string())),
        }
    }

    /// Names what is taken back, and the branch of a proposal. They may be there from an earlier try.
    async fn keep(
        &self,
        installation: InstallationId,
        node: &str,
        names: impl IntoIterator<Item = RefUpdate<'_>>,
    ) -> Result<(), ForgeError> {
        for update in names {
            match self.update_refs(installation, node, vec![update]).await {
                // It is there already: it was made for the same move.
                Ok(()) | Err(ForgeError::Refused { status: 403, .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn commit(
        &self,
        installation: InstallationId,
        repository: &RepoName,
        branch: &str,
        onto: &Sha,
        (headline, body): (&str, &str),
        file_changes: FileChanges,
    ) -> Result<String, ForgeError> {
        let input = CommitInput {
            branch: BranchInput { repository_name_with_owner: repository.to_string(), branch_name: branch },
            expected_head_oid: onto.as_str(),
            message: Message { headline, body },
            file_changes,
        };
        let made: Created = self.inner.api.mutate(installation, &CREATE_COMMIT, &Variables { input }).await?;
        let commit = made.create_commit_on_branch.and_then(|made| made.commit);
        commit
            .map(|commit| commit.oid)
            .ok_or_else(|| ForgeError::Incomplete { what: "the commit that was made".to_owned() })
    }
}

fn changes(write: BTreeMap<String, Vec<u8>>, delete: Vec<String>) -> FileChanges {
    let addition = |(path, content): (String, Vec<u8>)| Addition { path, contents: STANDARD.encode(content) };
    FileChanges {
        additions: write.into_iter().map(addition).collect(),
        deletions: delete.into_iter().map(|path| Deletion { path }).collect(),
    }
}

fn refused(why: &str) -> ForgeError {
    ForgeError::Refused { what: "to take it back".to_owned(), status: 422, message: quote(why) }
}
