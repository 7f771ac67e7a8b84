//! Text that people do not see, in the lines that a change adds: see [`change::hidden`].
//!
//! The new contents are fetched in one go and read; the old ones only of files in which something was found, to tell what
//! was there before. All of it is read or none: more than the limits allow is an error, never a shorter answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use change::{Change, FileChange, HiddenText, Mode, Sha, hidden};

use super::fetch::{self, Remote};
use super::folder::Folder;
use super::read::{Look, object};
use super::{ChangeRequest, GitCache, GitError, Limits, LineCount, facts, own};

/// More files with hidden text than these are no accident, and too many to tell.
const MOST_FILES: usize = 1_000;

impl GitCache {
    /// What is hidden in the lines that `head` would add to `base`, in the order of the files.
    ///
    /// # Errors
    /// As [`GitCache::change`].
    pub async fn hidden(&self, ask: &ChangeRequest<'_>) -> Result<Arc<[HiddenText]>, GitError> {
        let remote = Remote::new(ask.url, ask.token)?;
        let change = self.change(&ChangeRequest { with_lines: LineCount::Skip, ..*ask }).await?;
        let pair = (ask.repo, ask.base.clone(), ask.head.clone());
        self.hidden.try_get_with(pair, self.search(ask, &remote, change)).await.map_err(own)
    }

    async fn search(
        &self,
        ask: &ChangeRequest<'_>,
        remote: &Remote,
        change: Change,
    ) -> Result<Arc<[HiddenText]>, GitError> {
        let folder = Folder::new(&self.root, ask.repo);
        let found = {
            let _held = folder.hold().await?;
            self.search_inside(&folder, ask, remote, change).await
        };
        self.tidy(&folder, found.as_ref().err()).await;
        found.map(Arc::from)
    }

    async fn search_inside(
        &self,
        folder: &Folder,
        ask: &ChangeRequest<'_>,
        remote: &Remote,
        change: Change,
    ) -> Result<Vec<HiddenText>, GitError> {
        let name = facts::hidden_file(ask.base, ask.head);
        if let Some(found) = facts::load(folder, &name).await {
            folder.touch();
            return Ok(found);
        }
        self.fetch_missing(folder, ask, remote).await?;
        let files: Vec<FileChange> = change.files.into_iter().filter(is_read).collect();
        let now =
            self.read_contents(folder, remote, files.iter().filter_map(|file| file.new.as_ref())).await?;
        let (suspects, now) = aside(move || {
            let suspects = files.into_iter().filter(|file| in_file(file, None, &now).is_some());
            (suspects.collect::<Vec<_>>(), now)
        })
        .await?;
        let old = suspects.iter().filter(|file| file.old_mode != Mode::Submodule);
        let before = self.read_contents(folder, remote, old.filter_map(|file| file.old.as_ref())).await?;
        let found: Vec<HiddenText> =
            aside(move || suspects.iter().filter_map(|file| in_file(file, Some(&before), &now)).collect())
                .await?;
        if found.len() > MOST_FILES {
            return Err(GitError::TooLarge("files with text that people do not see"));
        }
        facts::save(folder, &name, &found).await;
        Ok(found)
    }

    /// Contents by their names, all of them.
    async fn read_contents(
        &self,
        folder: &Folder,
        remote: &Remote,
        wanted: impl Iterator<Item = &Sha>,
    ) -> Result<Contents, GitError> {
        let wanted: BTreeSet<Sha> = wanted.cloned().collect();
        if wanted.is_empty() {
            return Ok(Contents::default());
        }
        let names: String = wanted.iter().flat_map(|blob| [blob.as_str(), "\n"]).collect();
        {
            let _turn = self.turns.take(folder).await?;
            let max_fetch_bytes = self.limits.max_fetch_bytes.min(self.limits.max_text_bytes);
            let limits = Limits { max_fetch_bytes, ..self.limits.clone() };
            let call = fetch::blobs(folder, &limits, names.clone(), remote);
            let printed = fetch::bounded(folder, &limits, self.git.run(call)).await?;
            if !printed.is_success() {
                return Err(fetch::failure(&printed.stderr));
            }
            self.grown(folder).await;
        }
        let _reader = self.readers.acquire().await.map_err(|_| GitError::TimedOut)?;
        let look = Look { git: &self.git, limits: &self.limits, folder };
        let printed = look.succeed(&["cat-file", "--batch", "--buffer"], names.into_bytes()).await?;
        let mut contents = Contents { bytes: printed, places: BTreeMap::new() };
        let mut rest = contents.bytes.as_slice();
        for blob in wanted {
            let (content, after) = object(rest, &blob)?;
            let end = contents.bytes.len().saturating_sub(after.len());
            // A line break stands behind each.
            let end = end.saturating_sub(1);
            contents.places.insert(blob, (end.saturating_sub(content.len()), end));
            rest = after;
        }
        Ok(contents)
    }
}

/// What git printed, and where in it each content stands.
#[derive(Debug, Default)]
struct Contents {
    bytes: Vec<u8>,
    places: BTreeMap<Sha, (usize, usize)>,
}

impl Contents {
    fn of(&self, blob: Option<&Sha>) -> Option<&[u8]> {
        let (begin, end) = self.places.get(blob?)?;
        self.bytes.get(*begin..*end)
    }
}

/// Whether the change brings content that is text perhaps. A submodule's commit is no content of this repository.
fn is_read(file: &FileChange) -> bool {
    let has_content = !matches!(file.new_mode, Mode::Absent | Mode::Submodule);
    has_content && !file.is_mode_only() && hidden::is_read(file.path.as_bytes())
}

fn in_file(file: &FileChange, before: Option<&Contents>, now: &Contents) -> Option<HiddenText> {
    let before = before.and_then(|before| before.of(file.old.as_ref()));
    hidden::in_file(&file.path, before, now.of(file.new.as_ref())?)
}

/// Reading megabytes takes its time: not where deliveries are answered.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, GitError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| GitError::Broken { stderr: "reading what was added did not end".to_owned() })
}
