//! Files of commits. What stands at a path is a file here, or nothing: folders are not told of.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use super::Sight;
use super::walk::{Arguments, Got, Node, Trouble};
use crate::repo::Repo;

/// GitHub tells no more of a blob's text than this.
const MOST_TEXT: usize = 512 * 1024;

/// What stands at a path of a commit, or nothing.
pub(super) fn file<'w>(sight: Sight<'w>, repo: &Repo, tree: &str, path: &str) -> Got<'w> {
    let file = sight.world.files.get(&repo.dir, tree, path);
    Got::maybe(file.map(|(oid, bytes)| TreeEntry { oid, bytes }))
}

struct TreeEntry {
    oid: String,
    bytes: Vec<u8>,
}

impl<'w> Node<'w> for TreeEntry {
    fn typename(&self) -> &'static str {
        "TreeEntry"
    }

    fn field(&self, name: &str, _: &mut Arguments) -> Result<Got<'w>, Trouble> {
        Ok(match name {
            "type" => Got::leaf("blob"),
            "object" => Got::node(Blob { oid: self.oid.clone(), bytes: self.bytes.clone() }),
            _ => return Err(Trouble::NoField),
        })
    }
}

/// What the files of trees say, each asked of git once.
#[derive(Debug, Default)]
pub(crate) struct Files {
    known: Mutex<HashMap<String, Option<File>>>,
}

/// Object id and bytes.
type File = (String, Vec<u8>);

impl Files {
    /// The file of a tree. Runs git, and waits for it, when it is asked for the first time.
    fn get(&self, dir: &Path, tree: &str, path: &str) -> Option<File> {
        let name = format!("{tree}:{path}");
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(name.clone()).or_insert_with(|| read(dir, &name)).clone()
    }
}

fn read(dir: &Path, name: &str) -> Option<File> {
    let oid = git(dir, &["rev-parse", "--verify", "--quiet", name])?;
    let bytes = git(dir, &["cat-file", "blob", name])?;
    Some((String::from_utf8_lossy(&oid).trim().to_owned(), bytes))
}

/// The commit that last changed a path, as seen from a tip.
pub(super) fn last_change(repo: &Repo, tip: &str, path: &str) -> Option<String> {
    let listed = git(&repo.dir, &["rev-list", "--max-count=1", tip, "--", path])?;
    Some(String::from_utf8_lossy(&listed).trim().to_owned()).filter(|sha| !sha.is_empty())
}

fn git(dir: &Path, arguments: &[&str]) -> Option<Vec<u8>> {
    let mut command = Command::new("git");
    command.args(arguments).env("GIT_DIR", dir).env("GIT_CONFIG_NOSYSTEM", "1");
    let output = command.env("GIT_CONFIG_GLOBAL", "/dev/null").output().ok()?;
    output.status.success().then_some(output.stdout)
}

struct Blob {
    oid: String,
    bytes: Vec<u8>,
}

impl<'w> Node<'w> for Blob {
    fn typename(&self) -> &'static str {
        "Blob"
    }

    fn stands_for(&self) -> &'static [&'static str] {
        &["GitObject", "Node"]
    }

    fn field(&self, name: &str, _: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let text = std::str::from_utf8(&self.bytes).ok().filter(|text| !text.contains('\0'));
        Ok(match name {
            "oid" => Got::leaf(self.oid.as_str()),
            "byteSize" => Got::leaf(self.bytes.len()),
            "isBinary" => Got::leaf(text.is_none()),
            "isTruncated" => Got::leaf(self.bytes.len() > MOST_TEXT),
            "text" => match text {
                Some(text) => Got::leaf(text.get(..MOST_TEXT).unwrap_or(text)),
                None => Got::Leaf(serde_json::Value::Null),
            },
            _ => return Err(Trouble::NoField),
        })
    }
}
