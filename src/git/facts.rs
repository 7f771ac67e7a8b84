//! Facts of a `(base, head)` pair as files, because they never change.
//!
//! A file that does not parse, or that another version wrote, is as good as none.

use std::fs;

use change::Sha;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::folder::Folder;

/// Raised whenever what is read from git changes its meaning.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Versioned<T> {
    version: u32,
    facts: T,
}

/// The file of the change between two commits.
pub(super) fn change_file(base: &Sha, head: &Sha) -> String {
    format!("{base}-{head}.json")
}

/// The file of the line counts between two commits.
pub(super) fn lines_file(base: &Sha, head: &Sha) -> String {
    format!("{base}-{head}.lines.json")
}

/// The file of the text between two commits that people do not see.
pub(super) fn hidden_file(base: &Sha, head: &Sha) -> String {
    format!("{base}-{head}.hidden.json")
}

/// Reads facts, when they are there.
pub(super) async fn load<T>(folder: &Folder, name: &str) -> Option<T>
where
    T: DeserializeOwned + Send + 'static,
{
    let path = folder.path.join("facts").join(name);
    let read = move || {
        let bytes = fs::read(path).ok()?;
        let stored: Versioned<T> = serde_json::from_slice(&bytes).ok()?;
        (stored.version == VERSION).then_some(stored.facts)
    };
    tokio::task::spawn_blocking(read).await.ok().flatten()
}

/// Writes facts in one step. A failure costs a recomputation, so it is only logged.
pub(super) async fn save<T: Serialize>(folder: &Folder, name: &str, facts: &T) {
    let facts_folder = folder.path.join("facts");
    let Ok(bytes) = serde_json::to_vec(&Versioned { version: VERSION, facts }) else { return };
    let name = name.to_owned();
    let write = move || -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&facts_folder)?;
        std::io::Write::write_all(&mut file, &bytes)?;
        file.persist(facts_folder.join(name)).map_err(|error| error.error)?;
        Ok(())
    };
    if let Ok(Err(error)) = tokio::task::spawn_blocking(write).await {
        tracing::warn!(repo = %folder.repo, %error, "facts could not be stored");
    }
}
