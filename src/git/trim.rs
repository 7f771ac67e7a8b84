//! Keep the caches within their share of the disk: the least recently used repository goes first, whole.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use policy::RepoId;

use super::folder::{self, Folder, Held, TRASH};
use super::{GitCache, GitError};

/// A repository on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    repo: RepoId,
    pub(super) bytes: u64,
    used: SystemTime,
}

impl GitCache {
    /// Removes least recently used repositories until nine tenths of the limit are met. Leaves those in use.
    pub async fn trim(&self) {
        let root = self.root.clone();
        let Ok(Ok(mut entries)) = tokio::task::spawn_blocking(move || tally(&root)).await else { return };
        entries.sort_by_key(|entry| entry.used);
        let mut total: u64 = entries.iter().map(|entry| entry.bytes).sum();
        self.bytes.store(total, Ordering::Relaxed);
        let enough = self.limits.max_bytes / 10 * 9;
        if total <= self.limits.max_bytes {
            return;
        }
        for entry in entries {
            if total <= enough {
                break;
            }
            if self.evict(&Folder::new(&self.root, entry.repo)).await {
                total = total.saturating_sub(entry.bytes);
            }
        }
    }

    /// Removes a repository unless somebody uses it, and tells whether it did.
    pub(super) async fn evict(&self, folder: &Folder) -> bool {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let Some(held) = hold_alone(folder).await else { return false };
        let bytes = folder.noted_bytes();
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let trash = self.root.join(TRASH).join(format!("{}-{}-{number}", folder.repo, std::process::id()));
        if fs::rename(&folder.path, &trash).is_err() {
            return false;
        }
        drop(held);
        let left = self.bytes.load(Ordering::Relaxed).saturating_sub(bytes);
        self.bytes.store(left, Ordering::Relaxed);
        // What cannot be removed now is when the cache is opened again.
        let _ = tokio::task::spawn_blocking(move || fs::remove_dir_all(trash)).await;
        true
    }
}

/// How often a repository is asked for before it is taken to be in use.
const ATTEMPTS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(10);

/// Holds a repository that nobody uses. A process that is being started holds our descriptors, locks included, from its
/// birth until it has become another program: a lock that was let go may stand for some moments more.
async fn hold_alone(folder: &Folder) -> Option<Held> {
    for _ in 1..ATTEMPTS {
        if let Some(held) = folder.try_hold_alone() {
            return Some(held);
        }
        tokio::time::sleep(PAUSE).await;
    }
    folder.try_hold_alone()
}

/// What each repository takes and when it was last used, from its `used` file alone.
pub(super) fn tally(root: &Path) -> Result<Vec<Entry>, GitError> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(root)?.flatten() {
        let Some(repo) = entry.file_name().to_str().and_then(|name| name.parse().ok()).map(RepoId) else {
            continue;
        };
        let used = fs::metadata(entry.path().join("used")).and_then(|meta| meta.modified());
        let bytes = folder::noted_bytes(&entry.path());
        entries.push(Entry { repo, bytes, used: used.unwrap_or(SystemTime::UNIX_EPOCH) });
    }
    Ok(entries)
}

/// Removes what an earlier process could not.
pub(super) fn empty_trash(root: &Path) {
    let Ok(entries) = fs::read_dir(root.join(TRASH)) else { return };
    for entry in entries.flatten() {
        // Another process may be at it as well.
        let _ = fs::remove_dir_all(entry.path());
    }
}
