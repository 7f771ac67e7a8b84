//! Rules in a local file: read again when it changes.
//!
//! The file is compared, not trusted to an event: editors replace files, and mounted configuration swaps links.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use notify::Watcher as _;
use policy::rules::MAX_BYTES;
use tokio::sync::{Notify, watch};

use super::{Found, Rulebook};

/// How often the file is compared even when the system reports no change.
const COMPARE_EVERY: Duration = Duration::from_secs(10);
/// A file that changes again within this time is still being written: half of it may be valid and mean something else.
const CALM: Duration = Duration::from_millis(300);

impl Rulebook {
    /// Reads a local file for the first time. Never fails: what is wrong is said by [`Rulebook::current`].
    #[must_use]
    pub fn open(path: &Path) -> Arc<Self> {
        let book = Self::new(place(path), Some(path.to_owned()));
        book.reload();
        book
    }

    /// Compares the local file with what is in force and takes it over when it is valid.
    pub fn reload(&self) {
        if let Some(path) = &self.path {
            self.take(read(path).map(|text| Found { text, origin: None, commit: None }));
        }
    }

    /// Watches the local file until `stopped` turns true; without one there is nothing to do.
    pub async fn watch(self: Arc<Self>, mut stopped: watch::Receiver<bool>) {
        let Some(path) = self.path.clone() else {
            // The end of this task would be taken for a part that broke.
            let _ = stopped.wait_for(|stop| *stop).await;
            return;
        };
        let hint = Arc::new(Notify::new());
        let _watcher = watcher(&path, &hint);
        loop {
            tokio::select! {
                () = hint.notified() => {}
                () = tokio::time::sleep(COMPARE_EVERY) => {}
                _ = stopped.wait_for(|stop| *stop) => return,
            }
            if is_calm(&path).await {
                self.reload();
            } else {
                hint.notify_one();
            }
        }
    }
}

/// Whether the file stays as it is for a moment.
async fn is_calm(path: &Path) -> bool {
    let first = read(path);
    tokio::time::sleep(CALM).await;
    first == read(path)
}

/// The folder is watched, not the file: editors and mounts replace it. Without a watcher, comparing must do.
fn watcher(path: &Path, hint: &Arc<Notify>) -> Option<notify::RecommendedWatcher> {
    let hint = Arc::clone(hint);
    let told = move |event: notify::Result<notify::Event>| {
        // Reading the file is an event as well: our own reads must not wake us.
        if !event.is_ok_and(|event| event.kind.is_access()) {
            hint.notify_one();
        }
    };
    let mut watcher = notify::recommended_watcher(told).ok()?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match watcher.watch(folder, notify::RecursiveMode::NonRecursive) {
        Ok(()) => Some(watcher),
        Err(error) => {
            tracing::warn!(%error, "the rules file cannot be watched; comparing it every few seconds");
            None
        }
    }
}

/// What verdicts call the file. Never its folder: that is nobody's business on the forge, and replicas that keep the file
/// in different folders must come to one and the same verdict.
fn place(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn read(path: &Path) -> Result<String, String> {
    let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > MAX_BYTES as u64 {
        return Err(format!("it has {size} bytes, more than {MAX_BYTES}"));
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}
