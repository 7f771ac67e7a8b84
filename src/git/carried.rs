//! Whether a head is an approved one and nothing more, on a newer base: what "Update branch" makes, or a rebase.
//!
//! Both have to leave the same patch, and the tree that merging the approved head with the newer base gives without any
//! contradiction. Besides, nothing may have come along the way: of an updated branch each new commit is itself the clean
//! merge of what was there and the base, and of a rebased one each commit is the patch of one that was approved.
//! Rule: whoever is in doubt answers no.

use change::Sha;
use policy::RepoId;
use secrecy::SecretString;

use super::command::Call;
use super::fetch::{self, Remote};
use super::folder::Folder;
use super::read::Look;
use super::{GitCache, GitError};

/// What is to be compared.
#[derive(Debug)]
pub struct CarriedRequest<'a> {
    /// Identifies the cache; survives renames.
    pub repo: RepoId,
    /// `https://host/owner/name.git`, from the repository's name as it is now.
    pub url: &'a str,
    /// An installation token that may read the contents.
    pub token: &'a SecretString,
    /// The number of the pull request.
    pub pull: u64,
    /// Where it would land.
    pub base: &'a Sha,
    /// The head that was approved.
    pub approved: &'a Sha,
    /// The head as it is now.
    pub head: &'a Sha,
}

/// More commits than these are not gone through.
const MOST_COMMITS: usize = 20;

impl GitCache {
    /// Whether the head is the approved one on a newer base, and nothing more.
    ///
    /// # Errors
    /// As [`GitCache::change`].
    pub async fn carried(&self, ask: &CarriedRequest<'_>) -> Result<bool, GitError> {
        let remote = Remote::new(ask.url, ask.token)?;
        let folder = Folder::new(&self.root, ask.repo);
        let found = {
            let _held = folder.hold().await?;
            self.carried_inside(&folder, ask, &remote).await
        };
        self.tidy(&folder, found.as_ref().err()).await;
        found
    }

    async fn carried_inside(
        &self,
        folder: &Folder,
        ask: &CarriedRequest<'_>,
        remote: &Remote,
    ) -> Result<bool, GitError> {
        let _turn = self.turns.take(folder).await?;
        for head in [ask.head, ask.approved] {
            if !folder.has(head) || !folder.has(ask.base) {
                let wanted = fetch::Wanted { base: Some(ask.base), head, pull: ask.pull };
                fetch::commits(&self.git, &self.limits, folder, &wanted, remote).await?;
                self.grown(folder).await;
            }
        }
        let look = Look { git: &self.git, limits: &self.limits, folder };
        let (Some(was), Some(is)) =
            (look.merge_base(ask.base, ask.approved).await?, look.merge_base(ask.base, ask.head).await?)
        else {
            return Ok(false);
        };
        let (approved, head) = (ask.approved, ask.head);
        let onto = self.merged(folder, &is, approved, remote).await?;
        if onto.is_none() || onto != Some(look.tree(head).await?) {
            return Ok(false);
        }
        if self.patch(folder, &was, approved, remote).await? != self.patch(folder, &is, head, remote).await? {
            return Ok(false);
        }
        let place = (folder, remote);
        if look.is_within(approved, head).await? {
            let new = look.with_parents(head, &[approved, &is]).await?;
            return self.updated(place, &new, approved, &is).await;
        }
        let (old, new) =
            (look.with_parents(approved, &[&was]).await?, look.with_parents(head, &[&is]).await?);
        self.rebased(place, &old, &new).await
    }

    /// Whether each commit is the clean merge of what was there and the base.
    async fn updated(
        &self,
        (folder, remote): (&Folder, &Remote),
        new: &[Vec<Sha>],
        approved: &Sha,
        base: &Sha,
    ) -> Result<bool, GitError> {
        let look = Look { git: &self.git, limits: &self.limits, folder };
        let is_new = |sha: &Sha| new.iter().any(|commit| commit.first() == Some(sha));
        if new.len() > MOST_COMMITS {
            return Ok(false);
        }
        for commit in new {
            let [merge, ours, theirs] = commit.as_slice() else { return Ok(false) };
            if !(ours == approved || is_new(ours)) || !look.is_within(theirs, base).await? {
                return Ok(false);
            }
            if self.merged(folder, ours, theirs, remote).await? != Some(look.tree(merge).await?) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether each commit is the patch of one that was approved, in the same order.
    async fn rebased(
        &self,
        (folder, remote): (&Folder, &Remote),
        old: &[Vec<Sha>],
        new: &[Vec<Sha>],
    ) -> Result<bool, GitError> {
        if old.len() != new.len() || new.len() > MOST_COMMITS {
            return Ok(false);
        }
        for pair in old.iter().zip(new) {
            let ([old, before], [new, onto]) = (pair.0.as_slice(), pair.1.as_slice()) else {
                return Ok(false);
            };
            let (old, new) = (
                self.patch(folder, before, old, remote).await?,
                self.patch(folder, onto, new, remote).await?,
            );
            if old != new {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What git takes for the name of a patch, whoever made it and wherever it stands in a file.
    async fn patch(
        &self,
        folder: &Folder,
        before: &Sha,
        after: &Sha,
        remote: &Remote,
    ) -> Result<Vec<u8>, GitError> {
        let args = ["diff-tree", "-p", "--no-renames", "--no-ext-diff", "--no-textconv", "--full-index"];
        let args = args.into_iter().chain([before.as_str(), after.as_str()]).map(str::to_owned).collect();
        // The contents of what it touches are fetched.
        let time = self.limits.fetch_time;
        let call = Call { dir: &folder.git_dir, args, stdin: Vec::new(), remote: Some(remote), time };
        let printed = fetch::bounded(folder, &self.limits, self.git.run(call)).await?;
        if !printed.is_success() {
            return Err(fetch::failure(&printed.stderr));
        }
        let look = Look { git: &self.git, limits: &self.limits, folder };
        look.succeed(&["patch-id", "--verbatim"], printed.stdout).await
    }
}

impl Look<'_> {
    async fn tree(&self, commit: &Sha) -> Result<Sha, GitError> {
        self.name(&format!("{commit}^{{tree}}")).await
    }

    /// Whether everything of one is in the other.
    async fn is_within(&self, one: &Sha, other: &Sha) -> Result<bool, GitError> {
        Ok(self.count(&[one], &[other]).await? == 0)
    }

    /// Each commit that one has and the others have not, oldest first, with its parents after it.
    async fn with_parents(&self, of: &Sha, without: &[&Sha]) -> Result<Vec<Vec<Sha>>, GitError> {
        let most = format!("--max-count={}", MOST_COMMITS + 1);
        let without: Vec<String> = without.iter().map(|sha| format!("^{sha}")).collect();
        let args = ["rev-list", "--topo-order", "--reverse", "--parents", &most, of.as_str()].into_iter();
        let args: Vec<&str> = args.chain(without.iter().map(String::as_str)).collect();
        let printed = self.succeed(&args, Vec::new()).await?;
        let odd = || GitError::Unseen("git printed something other than object ids".to_owned());
        let text = std::str::from_utf8(&printed).map_err(|_| odd())?;
        let line = |line: &str| line.split(' ').map(|oid| Sha::parse(oid).ok_or_else(odd)).collect();
        text.lines().map(line).collect()
    }
}
