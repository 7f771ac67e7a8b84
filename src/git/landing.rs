//! Whether a commit is what merging a head gives: the same tree as git makes of the base and the head, and no commit that
//! is neither the head's nor made by merging it.
//!
//! Merging needs the contents of files that both sides changed, so those are fetched. Nothing is checked out; the trees
//! that git makes stay in the cache as loose objects that nothing refers to.

use change::Sha;
use policy::RepoId;
use policy::act::Landing;
use secrecy::SecretString;

use super::command::{Call, Printed};
use super::fetch::{self, Remote};
use super::folder::Folder;
use super::read::Look;
use super::{GitCache, GitError};

/// What is to be compared.
#[derive(Debug)]
pub struct LandingRequest<'a> {
    /// Identifies the cache; survives renames.
    pub repo: RepoId,
    /// `https://host/owner/name.git`, from the repository's name as it is now.
    pub url: &'a str,
    /// An installation token that may read the contents.
    pub token: &'a SecretString,
    /// The number of the pull request; only to find what is likely close to `head`.
    pub pull: u64,
    /// What stood there before.
    pub onto: Onto<'a>,
    /// The head that was judged.
    pub head: &'a Sha,
    /// The commit that lands, or landed.
    pub result: &'a Sha,
}

/// Where a merge was made.
#[derive(Debug, Clone, Copy)]
pub enum Onto<'a> {
    /// On this commit.
    Commit(&'a Sha),
    /// On the first parent of the result, so many generations back.
    Above(usize),
}

impl GitCache {
    /// Compares what landed with what merging gives.
    ///
    /// # Errors
    /// As [`GitCache::change`].
    pub async fn landing(&self, ask: &LandingRequest<'_>) -> Result<Landing, GitError> {
        let remote = Remote::new(ask.url, ask.token)?;
        let folder = Folder::new(&self.root, ask.repo);
        let found = {
            let _held = folder.hold().await?;
            self.landing_inside(&folder, ask, &remote).await
        };
        self.tidy(&folder, found.as_ref().err()).await;
        found
    }

    async fn landing_inside(
        &self,
        folder: &Folder,
        ask: &LandingRequest<'_>,
        remote: &Remote,
    ) -> Result<Landing, GitError> {
        let _turn = self.turns.take(folder).await?;
        let base = match ask.onto {
            Onto::Commit(sha) => Some(sha),
            Onto::Above(_) => None,
        };
        for (base, head) in [(base, ask.head), (base, ask.result)] {
            if !folder.has(head) || base.is_some_and(|base| !folder.has(base)) {
                let wanted = fetch::Wanted { base, head, pull: ask.pull };
                fetch::commits(&self.git, &self.limits, folder, &wanted, remote).await?;
                self.grown(folder).await;
            }
        }
        let look = Look { git: &self.git, limits: &self.limits, folder };
        let onto = match ask.onto {
            Onto::Commit(sha) => sha.clone(),
            Onto::Above(generations) => {
                look.name(&format!("{}~{generations}^{{commit}}", ask.result)).await?
            }
        };
        let landed = look.name(&format!("{}^{{tree}}", ask.result)).await?;
        let merged = self.merged(folder, &onto, ask.head, remote).await?;
        let made = look.count(&[ask.result], &[&onto, ask.head]).await?;
        let own = look.count(&[ask.head], &[&onto]).await?;
        Ok(Landing { as_merged: merged == Some(landed), strangers: made.saturating_sub(own.max(1)) })
    }

    /// The tree of a merge; `None` when the sides contradict each other.
    pub(super) async fn merged(
        &self,
        folder: &Folder,
        onto: &Sha,
        head: &Sha,
        remote: &Remote,
    ) -> Result<Option<Sha>, GitError> {
        // The forge follows renames when it merges, so this must as well.
        let args = [
            "-c",
            "merge.renames=true",
            "merge-tree",
            "--write-tree",
            "--no-messages",
            onto.as_str(),
            head.as_str(),
        ];
        let args = args.map(str::to_owned).into();
        let call = Call {
            dir: &folder.git_dir,
            args,
            stdin: Vec::new(),
            remote: Some(remote),
            time: self.limits.fetch_time,
        };
        let printed: Printed = fetch::bounded(folder, &self.limits, self.git.run(call)).await?;
        let tree = || String::from_utf8_lossy(&printed.stdout).lines().next().and_then(Sha::parse);
        match printed.code {
            Some(0) => tree().map(Some).ok_or_else(|| odd("no tree")),
            Some(1) if tree().is_some() => Ok(None),
            Some(_) => Err(fetch::failure(&printed.stderr)),
            None => Err(GitError::Broken { stderr: "git was killed".to_owned() }),
        }
    }
}

impl Look<'_> {
    /// The full name of what an expression of ours means.
    pub(super) async fn name(&self, expression: &str) -> Result<Sha, GitError> {
        let printed = self.run(&["rev-parse", "--verify", "--quiet", expression], Vec::new()).await?;
        let text = String::from_utf8_lossy(&printed.stdout);
        let found = printed.is_success().then(|| Sha::parse(text.trim())).flatten();
        found.ok_or_else(|| odd("nothing of that name"))
    }

    /// How many commits the first have and the others have not.
    pub(super) async fn count(&self, of: &[&Sha], without: &[&Sha]) -> Result<u64, GitError> {
        let without: Vec<String> = without.iter().map(|sha| format!("^{sha}")).collect();
        let args = ["rev-list", "--count"].into_iter();
        let args: Vec<&str> =
            args.chain(of.iter().map(|sha| sha.as_str())).chain(without.iter().map(String::as_str)).collect();
        let printed = self.succeed(&args, Vec::new()).await?;
        String::from_utf8_lossy(&printed).trim().parse().map_err(|_| odd("no number"))
    }
}

fn odd(what: &str) -> GitError {
    GitError::Unseen(format!("git printed {what}"))
}
