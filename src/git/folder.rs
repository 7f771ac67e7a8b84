//! One repository's folder: its objects, which commits are complete, and who uses it.
//!
//! ```text
//! <root>/<repo_id>/objects.git    the bare repository
//!                  have/<oid>     this commit, its history and its trees are all there
//!                  facts/         see `facts.rs`
//!                  used           the bytes it takes; its mtime is the last use
//! <root>/locks/<repo_id>.{use,fetch}
//! ```
//!
//! The lock files stay when the folder goes, so that nobody locks a file that is no longer the lock.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use change::Sha;
use policy::RepoId;

use super::GitError;

/// Where lock files are.
pub(super) const LOCKS: &str = "locks";
/// Where evicted repositories wait for their removal.
pub(super) const TRASH: &str = "trash";

/// How often a taken lock is tried again, and how often in all.
const LOCK_PAUSE: Duration = Duration::from_millis(20);
const LOCK_TRIES: u32 = 30_000;

/// A repository's folder, which need not exist yet.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) repo: RepoId,
    pub(super) path: PathBuf,
    /// The bare repository in it.
    pub(super) git_dir: PathBuf,
    locks: PathBuf,
}

/// A file lock, released on drop.
#[derive(Debug)]
pub(super) struct Held {
    _file: File,
}

/// Makes a folder and those above it: what private repositories contain is nobody's business but ours.
pub(super) fn create(path: &Path) -> std::io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

impl Folder {
    pub(super) fn new(root: &Path, repo: RepoId) -> Self {
        let root = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
        let path = root.join(repo.to_string());
        Self { repo, git_dir: path.join("objects.git"), path, locks: root.join(LOCKS) }
    }

    /// Keeps the folder from being evicted, and makes it.
    pub(super) async fn hold(&self) -> Result<Held, GitError> {
        let held = self.lock("use", File::try_lock_shared).await?;
        create(&self.path.join("have"))?;
        create(&self.path.join("facts"))?;
        Ok(held)
    }

    /// Keeps other processes from fetching into it.
    pub(super) async fn hold_to_fetch(&self) -> Result<Held, GitError> {
        self.lock("fetch", File::try_lock).await
    }

    /// Takes the folder away from everybody, unless it is in use.
    pub(super) fn try_hold_alone(&self) -> Option<Held> {
        let file = self.lock_file("use").ok()?;
        file.try_lock().ok().map(|()| Held { _file: file })
    }

    async fn lock(&self, name: &str, take: fn(&File) -> Result<(), TryLockError>) -> Result<Held, GitError> {
        let file = self.lock_file(name)?;
        for _ in 0..LOCK_TRIES {
            match take(&file) {
                Ok(()) => return Ok(Held { _file: file }),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(LOCK_PAUSE).await,
                Err(TryLockError::Error(error)) => return Err(error.into()),
            }
        }
        Err(GitError::TimedOut)
    }

    fn lock_file(&self, name: &str) -> std::io::Result<File> {
        let path = self.locks.join(format!("{}.{name}", self.repo));
        File::options().create(true).truncate(false).write(true).open(path)
    }

    /// Whether the commit is complete here.
    pub(super) fn has(&self, commit: &Sha) -> bool {
        self.have(commit).exists()
    }

    /// Notes that the commit is complete here.
    pub(super) fn note(&self, commit: &Sha) -> Result<(), GitError> {
        fs::write(self.have(commit), b"").map_err(GitError::from)
    }

    fn have(&self, commit: &Sha) -> PathBuf {
        self.path.join("have").join(commit.as_str())
    }

    /// How many packs there are.
    pub(super) fn packs(&self) -> usize {
        let Ok(entries) = fs::read_dir(self.git_dir.join("objects/pack")) else { return 0 };
        entries.flatten().filter(|entry| entry.path().extension().is_some_and(|e| e == "pack")).count()
    }

    /// Bytes in files that a fetch is still writing.
    pub(super) fn incoming(&self) -> u64 {
        let Ok(entries) = fs::read_dir(self.git_dir.join("objects/pack")) else { return 0 };
        let unfinished = entries.flatten().filter(|entry| is_unfinished(&entry.file_name()));
        unfinished.filter_map(|entry| entry.metadata().ok()).map(|meta| meta.len()).sum()
    }

    /// Removes what killed fetches left. Only for whoever holds the fetch lock.
    pub(super) fn sweep(&self) {
        let Ok(entries) = fs::read_dir(self.git_dir.join("objects/pack")) else { return };
        for entry in entries.flatten().filter(|entry| is_unfinished(&entry.file_name())) {
            // What cannot be removed is found again by the next sweep.
            let _ = fs::remove_file(entry.path());
        }
    }

    /// The bytes last noted.
    pub(super) fn noted_bytes(&self) -> u64 {
        noted_bytes(&self.path)
    }

    /// Marks the folder as used just now.
    pub(super) fn touch(&self) {
        // A use that goes unnoticed only makes the folder look older than it is.
        let _ = fs::write(self.path.join("used"), self.noted_bytes().to_string());
    }

    /// Adds up the files and notes the sum, which marks the folder as used.
    pub(super) async fn measure(&self) -> u64 {
        let path = self.path.clone();
        let bytes = tokio::task::spawn_blocking(move || size(&path, 6)).await.unwrap_or_default();
        let _ = fs::write(self.path.join("used"), bytes.to_string());
        bytes
    }
}

/// The bytes last noted for the repository at `path`.
pub(super) fn noted_bytes(path: &Path) -> u64 {
    fs::read_to_string(path.join("used")).ok().and_then(|text| text.trim().parse().ok()).unwrap_or_default()
}

fn is_unfinished(name: &std::ffi::OsStr) -> bool {
    name.to_string_lossy().starts_with("tmp_")
}

/// Adds up file sizes, rounded up to blocks. Does not follow links and goes `depth` folders deep at most.
fn size(path: &Path, depth: u32) -> u64 {
    let Some(depth) = depth.checked_sub(1) else { return 0 };
    let Ok(entries) = fs::read_dir(path) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => size(&entry.path(), depth),
            Ok(meta) => meta.len().next_multiple_of(4096),
            Err(_) => 0,
        })
        .sum()
}
