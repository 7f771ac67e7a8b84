//! What it takes to undo some moves of a branch on top of what stands there now: which files to write, which to delete.
//!
//! Nothing is guessed: where a file is no longer as the move left it, somebody has worked on it since, and the answer is
//! that it cannot be undone, not a merge. Contents are read for the files to be written only, and bounded.

use std::collections::BTreeMap;

use change::{FileChange, Mode, RawPath, Sha};
use policy::RepoId;
use secrecy::SecretString;

use super::command::Call;
use super::fetch::{self, Remote};
use super::folder::Folder;
use super::read::{Look, object};
use super::{GitCache, GitError};

/// More files than these are undone by people.
const MOST_FILES: usize = 500;
/// More bytes than these are, too; GitHub takes the contents in one request.
const MOST_BYTES: usize = 8 << 20;

/// What is to be undone.
#[derive(Debug)]
pub struct InverseRequest<'a> {
    /// Identifies the cache; survives renames.
    pub repo: RepoId,
    /// `https://host/owner/name.git`, from the repository's name as it is now.
    pub url: &'a str,
    /// An installation token that may read the contents.
    pub token: &'a SecretString,
    /// What stands there now.
    pub onto: &'a Sha,
    /// From where to where each move led, latest first.
    pub spans: &'a [(Sha, Sha)],
}

/// How to undo it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inverse {
    /// Write these and delete those.
    Files {
        /// Plain files with their content.
        write: BTreeMap<String, Vec<u8>>,
        /// Paths to delete.
        delete: Vec<String>,
    },
    /// It cannot be done by writing files; the words say why.
    Impossible(String),
}

/// A side of a file: its mode and object; `None` when there is none.
type Side = Option<(Mode, Sha)>;

impl GitCache {
    /// Finds out what it takes to undo moves.
    ///
    /// # Errors
    /// As [`GitCache::change`].
    pub async fn inverse(&self, ask: &InverseRequest<'_>) -> Result<Inverse, GitError> {
        let remote = Remote::new(ask.url, ask.token)?;
        let folder = Folder::new(&self.root, ask.repo);
        let found = {
            let _held = folder.hold().await?;
            self.inverse_inside(&folder, ask, &remote).await
        };
        self.tidy(&folder, found.as_ref().err()).await;
        found
    }

    async fn inverse_inside(
        &self,
        folder: &Folder,
        ask: &InverseRequest<'_>,
        remote: &Remote,
    ) -> Result<Inverse, GitError> {
        let _turn = self.turns.take(folder).await?;
        for (before, after) in
            ask.spans.iter().map(|(before, after)| (before, after)).chain([(ask.onto, ask.onto)])
        {
            if !folder.has(before) || !folder.has(after) {
                let wanted = fetch::Wanted { base: Some(before), head: after, pull: 0 };
                fetch::commits(&self.git, &self.limits, folder, &wanted, remote).await?;
                self.grown(folder).await;
            }
        }
        let look = Look { git: &self.git, limits: &self.limits, folder };
        let mut wanted: BTreeMap<RawPath, Side> = BTreeMap::new();
        for (before, after) in ask.spans {
            let drift = sides(look.files(Some(after), ask.onto).await?);
            for file in look.files(Some(before), after).await? {
                let left = side(file.new_mode, file.new.clone());
                let stands = match (wanted.get(&file.path), drift.get(&file.path)) {
                    (Some(stands), _) | (None, Some(stands)) => stands.clone(),
                    (None, None) => left.clone(),
                };
                if stands != left {
                    let path = file.path.display();
                    return Ok(Inverse::Impossible(format!("`{path}` was worked on since")));
                }
                wanted.insert(file.path, side(file.old_mode, file.old));
            }
        }
        if wanted.len() > MOST_FILES {
            return Ok(Inverse::Impossible(format!("{} files, more than {MOST_FILES}", wanted.len())));
        }
        self.contents(folder, remote, wanted).await
    }

    async fn contents(
        &self,
        folder: &Folder,
        remote: &Remote,
        wanted: BTreeMap<RawPath, Side>,
    ) -> Result<Inverse, GitError> {
        let (mut blobs, mut delete) = (Vec::new(), Vec::new());
        for (path, side) in wanted {
            let Ok(name) = String::from_utf8(path.as_bytes().to_vec()) else {
                return Ok(Inverse::Impossible(format!("`{}` is no UTF-8", path.display())));
            };
            match side {
                None => delete.push(name),
                Some((Mode::File, blob)) => blobs.push((name, blob)),
                Some(_) => {
                    let why = format!("`{}` was no plain file", path.display());
                    return Ok(Inverse::Impossible(why));
                }
            }
        }
        let names: String = blobs.iter().flat_map(|(_, blob)| [blob.as_str(), "\n"]).collect();
        let args = ["cat-file", "--batch", "--buffer"].map(str::to_owned).to_vec();
        let call = Call {
            dir: &folder.git_dir,
            args,
            stdin: names.into_bytes(),
            remote: Some(remote),
            time: self.limits.fetch_time,
        };
        let printed = fetch::bounded(folder, &self.limits, self.git.run(call)).await?;
        if !printed.is_success() {
            return Err(fetch::failure(&printed.stderr));
        }
        self.grown(folder).await;
        if printed.stdout.len() > MOST_BYTES {
            return Ok(Inverse::Impossible("the files are too large".to_owned()));
        }
        let mut rest = printed.stdout.as_slice();
        let mut write = BTreeMap::new();
        for (name, blob) in blobs {
            let (content, after) = object(rest, &blob)?;
            write.insert(name, content.to_vec());
            rest = after;
        }
        Ok(Inverse::Files { write, delete })
    }
}

fn sides(files: Vec<FileChange>) -> BTreeMap<RawPath, Side> {
    files.into_iter().map(|file| (file.path, side(file.new_mode, file.new))).collect()
}

fn side(mode: Mode, object: Option<Sha>) -> Side {
    Some((mode, object?))
}
