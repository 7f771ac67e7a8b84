//! The rules in force, read from a local file and read again when it changes.
//!
//! A file that becomes invalid leaves the last good rules in force and says so everywhere: log, metric, health page,
//! every check. Where there never were good rules, everything governed is blocked with the reason.
//!
//! The file is compared, not trusted to an event: editors replace files, and mounted configuration swaps links.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use notify::Watcher as _;
use policy::rules::{MAX_BYTES, RuleSource, Rules, Trouble};
use tokio::sync::{Notify, watch};

/// The rules in force.
#[derive(Debug)]
pub struct Rulebook {
    path: PathBuf,
    current: ArcSwap<RuleSource>,
    /// The text of the rules in force.
    text: ArcSwapOption<String>,
    changed: Arc<Notify>,
}

/// How often the file is compared even when the system reports no change.
const COMPARE_EVERY: Duration = Duration::from_secs(10);
/// A file that changes again within this time is still being written: half of it may be valid and mean something else.
const CALM: Duration = Duration::from_millis(300);

impl Rulebook {
    /// Reads the rules for the first time. Never fails: what is wrong is said by [`Rulebook::current`].
    #[must_use]
    pub fn open(path: &Path) -> Arc<Self> {
        let nothing = RuleSource { place: place(path), in_force: None, trouble: None };
        let book = Self {
            path: path.to_owned(),
            current: ArcSwap::from_pointee(nothing),
            text: ArcSwapOption::empty(),
            changed: Arc::new(Notify::new()),
        };
        book.reload();
        Arc::new(book)
    }

    /// What is in force now.
    #[must_use]
    pub fn current(&self) -> Arc<RuleSource> {
        self.current.load_full()
    }

    /// The text of the rules in force, to be remembered over a restart.
    #[must_use]
    pub fn text(&self) -> Option<Arc<String>> {
        self.text.load_full()
    }

    /// Puts rules in force that were good before a restart, when the file is not usable now.
    pub fn remember(&self, text: &str) {
        let now = self.current();
        let Some(rules) = Rules::parse(&now.place, text).rules.filter(|_| now.in_force.is_none()) else {
            return;
        };
        tracing::warn!(digest = %rules.digest, "the rules that were last good are in force again");
        self.text.store(Some(Arc::new(text.to_owned())));
        self.current.store(Arc::new(RuleSource { in_force: Some(Arc::new(rules)), ..(*now).clone() }));
    }

    /// Wakes the one who waits when other rules came into force, or trouble came or went.
    #[must_use]
    pub fn changed(&self) -> Arc<Notify> {
        Arc::clone(&self.changed)
    }

    /// Compares the file with what is in force and takes it over when it is valid.
    pub fn reload(&self) {
        let before = self.current();
        let text = read(&self.path);
        let after = next(&before, &text);
        metrics::gauge!("portcullis_rules_invalid").set(if after.trouble.is_some() { 1.0 } else { 0.0 });
        let same_rules = digest(&before) == digest(&after);
        if same_rules && before.trouble == after.trouble {
            return;
        }
        tell(&self.path, &before, &after);
        if let (None, Ok(text)) = (&after.trouble, text) {
            self.text.store(Some(Arc::new(text)));
        }
        self.current.store(Arc::new(after));
        self.changed.notify_one();
    }

    /// Watches the file until `stopped` turns true.
    pub async fn watch(self: Arc<Self>, mut stopped: watch::Receiver<bool>) {
        let hint = Arc::new(Notify::new());
        let _watcher = watcher(&self.path, &hint);
        loop {
            tokio::select! {
                () = hint.notified() => {}
                () = tokio::time::sleep(COMPARE_EVERY) => {}
                _ = stopped.wait_for(|stop| *stop) => return,
            }
            if self.is_calm().await {
                self.reload();
            } else {
                hint.notify_one();
            }
        }
    }

    /// Whether the file stays as it is for a moment.
    async fn is_calm(&self) -> bool {
        let first = read(&self.path);
        tokio::time::sleep(CALM).await;
        first == read(&self.path)
    }
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

fn digest(source: &RuleSource) -> Option<&str> {
    source.in_force.as_ref().map(|rules| rules.digest.as_str())
}

fn next(before: &RuleSource, text: &Result<String, String>) -> RuleSource {
    let trouble = match text {
        Err(why) => Trouble::Unreadable(why.clone()),
        Ok(text) => {
            let parsed = Rules::parse(&before.place, text);
            match parsed.rules {
                Some(rules) => return RuleSource::good(Arc::new(rules)),
                None => Trouble::Invalid(parsed.complaints),
            }
        }
    };
    RuleSource { trouble: Some(trouble), ..before.clone() }
}

fn read(path: &Path) -> Result<String, String> {
    let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > MAX_BYTES as u64 {
        return Err(format!("it has {size} bytes, more than {MAX_BYTES}"));
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}

fn tell(path: &Path, before: &RuleSource, after: &RuleSource) {
    let path = path.display();
    match &after.trouble {
        Some(trouble) => tracing::error!(
            rules = %path,
            trouble = %trouble.sentence(),
            last_good = digest(after).unwrap_or("none: everything governed is blocked"),
            "the rules file is not usable"
        ),
        None => tracing::info!(
            rules = %path,
            digest = digest(after).unwrap_or_default(),
            before = digest(before).unwrap_or("none"),
            "rules in force"
        ),
    }
}
