//! What a pull request changes, read from git objects.
//!
//! Per repository one bare, blob-less cache of objects: nothing is checked out, no hook, attribute, replacement or setting
//! of anybody but ours has a say, and blobs are fetched only to count lines or to read what agents wrote. The facts of a `(base, head)` pair never
//! change, so they are kept as files and a repeated question starts no process at all.
//!
//! The rule: either the whole change is returned or an error. There is no shortened list and no second-best base.
//!
//! Several processes may share the folder. Who uses a repository holds a shared file lock on it, who fetches an exclusive
//! one, and eviction moves a repository away only when it gets the first lock exclusively.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use change::{Change, HiddenText, Numstat, Sha};
use moka::future::Cache;
use policy::RepoId;
use secrecy::SecretString;
use tokio::sync::Semaphore;

mod carried;
mod command;
mod error;
mod facts;
mod fetch;
mod folder;
mod inverse;
mod landing;
mod read;
mod text;
mod trim;

pub use carried::CarriedRequest;
pub use error::GitError;
pub use inverse::{Inverse, InverseRequest};
pub use landing::{LandingRequest, Onto};

use command::Git;
use fetch::{Remote, Turns};
use folder::Folder;

/// How much time, space and output git may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes on disk over all repositories; the least recently used ones go first.
    pub max_bytes: u64,
    /// Bytes that one fetch may bring.
    pub max_fetch_bytes: u64,
    /// How long one fetch may take.
    pub fetch_time: Duration,
    /// How long one look into the cache may take.
    pub read_time: Duration,
    /// Bytes that one command may print. They are held in memory, as are the commits, for each look under way.
    pub max_output: usize,
    /// Paths that may differ.
    pub max_files: usize,
    /// Commits that head may have and base has not.
    pub max_commits: usize,
    /// Fetches at the same time, each of another repository.
    pub parallel_fetches: usize,
    /// Repositories that are read at the same time.
    pub parallel_reads: usize,
    /// Fetches after which a repository starts over, because each adds a pack and many packs are slow to search.
    pub max_packs: usize,
    /// Bytes of new content that are fetched to be read; at most [`Self::max_output`] of them are read.
    pub max_text_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 20 << 30,
            max_fetch_bytes: 8 << 30,
            fetch_time: Duration::from_secs(300),
            read_time: Duration::from_secs(60),
            max_output: 32 << 20,
            max_files: 100_000,
            max_commits: 1_000,
            parallel_fetches: 8,
            parallel_reads: 8,
            max_packs: 500,
            max_text_bytes: 256 << 20,
        }
    }
}

/// Whether lines are counted, which needs the content of every changed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineCount {
    /// Leave [`Change::lines`] empty.
    Skip,
    /// Fetch the contents and count.
    Count,
}

/// Which change to look at, and how to reach it.
#[derive(Debug)]
pub struct ChangeRequest<'a> {
    /// Identifies the cache; survives renames.
    pub repo: RepoId,
    /// `https://host/owner/name.git`, from the repository's name as it is now.
    pub url: &'a str,
    /// An installation token that may read the contents.
    pub token: &'a SecretString,
    /// The number of the pull request; only to find what is likely close to `head`.
    pub pull: u64,
    /// The tip of the base branch as the API told.
    pub base: &'a Sha,
    /// The head as the API told.
    pub head: &'a Sha,
    /// Whether lines are counted.
    pub with_lines: LineCount,
}

/// Which head will probably be asked about, and how to reach it.
#[derive(Debug)]
pub struct HeadRequest<'a> {
    /// As in [`ChangeRequest`].
    pub repo: RepoId,
    /// As in [`ChangeRequest`].
    pub url: &'a str,
    /// As in [`ChangeRequest`].
    pub token: &'a SecretString,
    /// As in [`ChangeRequest`].
    pub pull: u64,
    /// The head as a delivery told.
    pub head: &'a Sha,
}

/// A pair of commits in a repository: what all facts belong to.
type Pair = (RepoId, Sha, Sha);

/// The object caches of all repositories.
#[derive(Debug)]
pub struct GitCache {
    root: PathBuf,
    limits: Limits,
    git: Git,
    turns: Turns,
    readers: Semaphore,
    changes: Cache<Pair, Arc<Change>>,
    lines: Cache<Pair, Arc<Numstat>>,
    hidden: Cache<Pair, Arc<[HiddenText]>>,
    /// What all repositories take on disk, as last estimated.
    bytes: AtomicU64,
}

/// Facts kept in memory, roughly.
const MEMORY: u64 = 64 << 20;

impl GitCache {
    /// Opens the folder, or makes it. Runs `git version` once.
    ///
    /// # Errors
    /// [`GitError::Broken`] when the folder cannot be used or git is missing or too old.
    pub fn open(root: PathBuf, limits: Limits) -> Result<Self, GitError> {
        for folder in ["", folder::LOCKS, folder::TRASH, command::HOME] {
            folder::create(&root.join(folder))?;
        }
        let git = Git::find(&root, limits.max_output)?;
        trim::empty_trash(&root);
        let bytes = AtomicU64::new(trim::tally(&root)?.iter().map(|entry| entry.bytes).sum());
        Ok(Self {
            git,
            turns: Turns::new(limits.parallel_fetches),
            readers: Semaphore::new(limits.parallel_reads),
            changes: Cache::builder().max_capacity(MEMORY).weigher(weight).build(),
            lines: Cache::builder().max_capacity(MEMORY / 4).weigher(stat_weight).build(),
            hidden: Cache::new(10_000),
            bytes,
            root,
            limits,
        })
    }

    /// What would land if `head` were merged into `base`, complete.
    ///
    /// # Errors
    /// See [`GitError`]; each variant says what to do.
    pub async fn change(&self, ask: &ChangeRequest<'_>) -> Result<Change, GitError> {
        let remote = Remote::new(ask.url, ask.token)?;
        let pair = (ask.repo, ask.base.clone(), ask.head.clone());
        // Whoever asks for the same pair meanwhile waits for this one answer.
        let found = self.changes.try_get_with(pair.clone(), self.look(ask, &remote)).await.map_err(own)?;
        let mut change = Change::clone(&found);
        if ask.with_lines == LineCount::Count {
            let lines =
                self.lines.try_get_with(pair, self.count(ask, &remote, &change)).await.map_err(own)?;
            change.lines = Some(lines.total);
            lines.tell(&mut change.files);
        }
        Ok(change)
    }

    /// Brings a head that will probably be asked about in a moment. Does nothing about a repository that is new here:
    /// its first fetch brings base and head together.
    ///
    /// # Errors
    /// As [`Self::change`]; none of them matters, for whoever needs the head fetches it.
    pub async fn fetch_ahead(&self, ask: &HeadRequest<'_>) -> Result<(), GitError> {
        let folder = Folder::new(&self.root, ask.repo);
        if folder.has(ask.head) || !folder.git_dir.exists() {
            return Ok(());
        }
        let remote = Remote::new(ask.url, ask.token)?;
        let fetched = {
            let _held = folder.hold().await?;
            let _turn = self.turns.take(&folder).await?;
            if folder.has(ask.head) || !folder.git_dir.exists() {
                return Ok(());
            }
            let wanted = fetch::Wanted { base: None, head: ask.head, pull: ask.pull };
            fetch::commits(&self.git, &self.limits, &folder, &wanted, &remote).await
        };
        self.grown(&folder).await;
        self.tidy(&folder, fetched.as_ref().err()).await;
        fetched
    }

    async fn look(&self, ask: &ChangeRequest<'_>, remote: &Remote) -> Result<Arc<Change>, GitError> {
        let folder = Folder::new(&self.root, ask.repo);
        let found = {
            let _held = folder.hold().await?;
            self.look_inside(&folder, ask, remote).await
        };
        self.tidy(&folder, found.as_ref().err()).await;
        found.map(Arc::new)
    }

    async fn look_inside(
        &self,
        folder: &Folder,
        ask: &ChangeRequest<'_>,
        remote: &Remote,
    ) -> Result<Change, GitError> {
        let name = facts::change_file(ask.base, ask.head);
        if let Some(change) = facts::load(folder, &name).await {
            folder.touch();
            return Ok(change);
        }
        self.fetch_missing(folder, ask, remote).await?;
        let _reader = self.readers.acquire().await.map_err(|_| GitError::TimedOut)?;
        let change = read::change(&self.git, &self.limits, folder, ask.base, ask.head).await?;
        facts::save(folder, &name, &change).await;
        Ok(change)
    }

    async fn count(
        &self,
        ask: &ChangeRequest<'_>,
        remote: &Remote,
        change: &Change,
    ) -> Result<Arc<Numstat>, GitError> {
        let folder = Folder::new(&self.root, ask.repo);
        let found = {
            let _held = folder.hold().await?;
            self.count_inside(&folder, ask, remote, change).await
        };
        self.tidy(&folder, found.as_ref().err()).await;
        found
    }

    async fn count_inside(
        &self,
        folder: &Folder,
        ask: &ChangeRequest<'_>,
        remote: &Remote,
        change: &Change,
    ) -> Result<Arc<Numstat>, GitError> {
        let name = facts::lines_file(ask.base, ask.head);
        if let Some(lines) = facts::load(folder, &name).await {
            folder.touch();
            return Ok(Arc::new(lines));
        }
        self.fetch_missing(folder, ask, remote).await?;
        // Counting fetches contents by itself, so it takes its turn like a fetch.
        let _turn = self.turns.take(folder).await?;
        let call = read::numstat(folder, change.merge_base.as_ref(), ask.head, remote, &self.limits);
        let printed = fetch::bounded(folder, &self.limits, self.git.run(call)).await?;
        if !printed.is_success() {
            return Err(fetch::failure(&printed.stderr));
        }
        self.grown(folder).await;
        let lines = change::parse_numstat(&printed.stdout).map_err(GitError::unreadable)?;
        facts::save(folder, &name, &lines).await;
        Ok(Arc::new(lines))
    }

    /// Makes sure that both commits and all their trees are in the cache.
    async fn fetch_missing(
        &self,
        folder: &Folder,
        ask: &ChangeRequest<'_>,
        remote: &Remote,
    ) -> Result<(), GitError> {
        if folder.has(ask.base) && folder.has(ask.head) {
            folder.touch();
            return Ok(());
        }
        let _turn = self.turns.take(folder).await?;
        if folder.has(ask.base) && folder.has(ask.head) {
            return Ok(());
        }
        let wanted = fetch::Wanted { base: Some(ask.base), head: ask.head, pull: ask.pull };
        fetch::commits(&self.git, &self.limits, folder, &wanted, remote).await?;
        self.grown(folder).await;
        Ok(())
    }

    /// Notes how much the repository takes now.
    async fn grown(&self, folder: &Folder) {
        let before = folder.noted_bytes();
        let now = folder.measure().await;
        let others = self.bytes.load(Ordering::Relaxed).saturating_sub(before);
        self.bytes.store(others.saturating_add(now), Ordering::Relaxed);
        #[expect(clippy::cast_precision_loss, reason = "a gauge of bytes need not be exact")]
        metrics::gauge!("portcullis_git_cache_bytes").set(others.saturating_add(now) as f64);
    }

    /// Keeps the cache healthy after a look; never fails the look itself.
    async fn tidy(&self, folder: &Folder, error: Option<&GitError>) {
        if matches!(error, Some(GitError::Damaged { .. })) || folder.packs() > self.limits.max_packs {
            self.evict(folder).await;
        }
        if self.bytes.load(Ordering::Relaxed) > self.limits.max_bytes {
            self.trim().await;
        }
    }

    /// The folder that all of it is in.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }
}

fn own(shared: Arc<GitError>) -> GitError {
    GitError::clone(&shared)
}

/// About how many bytes a change takes in memory.
fn weight(_: &Pair, change: &Arc<Change>) -> u32 {
    let files: usize = change.files.iter().map(|file| 200 + file.path.as_bytes().len()).sum();
    let commits: usize = change.commits.iter().map(|commit| 500 + commit.message.len()).sum();
    u32::try_from(files.saturating_add(commits).saturating_add(200)).unwrap_or(u32::MAX)
}

/// The same of the lines that were counted.
fn stat_weight(_: &Pair, stat: &Arc<Numstat>) -> u32 {
    let files: usize = stat.files.iter().map(|(path, _)| 50 + path.as_bytes().len()).sum();
    u32::try_from(files.saturating_add(200)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
