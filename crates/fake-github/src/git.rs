//! Real git, with as few processes as can be.
//!
//! A bare repository is a handful of files, so it is written without `git init`; one `git fast-import` makes all
//! commits of a push; refs are written as loose files, which is safe because nothing here ever packs them.
//! Nothing of the machine's git configuration takes part, so object ids are the same everywhere.

use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::repo::Ident;

mod file;
mod trees;

pub(crate) use file::{text, texts};
pub(crate) use trees::{Changed, blob, changed, counted, merge_tree, paths, stat, tag, workflows};

/// Why git did not do it.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The process or the folder could not be used.
    #[error("git could not be run: {0}")]
    Io(#[from] io::Error),
    /// Git refused.
    #[error("`git {verb}` failed: {complaint}")]
    Refused {
        /// The subcommand.
        verb: &'static str,
        /// What it said.
        complaint: String,
    },
}

const CONFIG: &str = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n\
[gc]\n\tauto = 0\n[receive]\n\tautogc = false\n[fastimport]\n\tunpackLimit = 1000\n\
[uploadpack]\n\tallowFilter = true\n\tallowAnySHA1InWant = true\n[http]\n\treceivepack = true\n";

/// Writes an empty bare repository. A fork borrows the objects of its parent.
pub(crate) fn init(dir: &Path, default_branch: &str, objects_of: Option<&Path>) -> Result<(), GitError> {
    for folder in ["objects/info", "objects/pack", "refs/heads", "refs/pull", "info"] {
        std::fs::create_dir_all(dir.join(folder))?;
    }
    std::fs::write(dir.join("HEAD"), format!("ref: refs/heads/{default_branch}\n"))?;
    std::fs::write(dir.join("config"), CONFIG)?;
    if let Some(parent) = objects_of {
        let objects = parent.join("objects");
        std::fs::write(dir.join("objects/info/alternates"), format!("{}\n", objects.display()))?;
    }
    Ok(())
}

/// Points a ref at a commit.
pub(crate) fn set_ref(dir: &Path, name: &str, sha: &str) -> Result<(), GitError> {
    let file = dir.join(name);
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let lock = file.with_extension("fake-lock");
    std::fs::write(&lock, format!("{sha}\n"))?;
    Ok(std::fs::rename(lock, file)?)
}

/// Takes a ref away. One that is not there is no error.
pub(crate) fn delete_ref(dir: &Path, name: &str) -> Result<(), GitError> {
    match std::fs::remove_file(dir.join(name)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => {
            // A folder left empty would be in the way of a ref of its name; one that is not empty stays.
            let mut above = dir.join(name);
            while above.pop() && above.parent().is_some_and(|up| up != dir && up != dir.join("refs")) {
                if std::fs::remove_dir(&above).is_err() {
                    break;
                }
            }
            Ok(())
        }
    }
}

fn git(dir: &Path, verb: &'static str) -> Command {
    let mut command = Command::new("git");
    command
        .arg(verb)
        .env("GIT_DIR", dir)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

async fn run(mut command: Command, verb: &'static str, input: Vec<u8>) -> Result<String, GitError> {
    let mut child = command.spawn()?;
    let stdin = child.stdin.take();
    let feed = async {
        if let Some(mut stdin) = stdin {
            // A git that refuses early closes the pipe; its exit status tells more than the write error.
            stdin.write_all(&input).await.ok();
        }
    };
    let (output, ()) = tokio::join!(child.wait_with_output(), feed);
    let output = output?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(GitError::Refused { verb, complaint });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The commit and everything before it.
pub(crate) async fn history(dir: &Path, sha: &str) -> Result<Vec<String>, GitError> {
    let mut command = git(dir, "rev-list");
    command.arg(sha);
    let printed = run(command, "rev-list", Vec::new()).await?;
    Ok(printed.lines().map(str::to_owned).collect())
}

/// One commit to make; the tree starts as that of the first parent.
#[derive(Debug, Clone)]
pub(crate) struct NewCommit {
    pub(crate) parents: Vec<String>,
    pub(crate) message: String,
    pub(crate) author: Ident,
    pub(crate) committer: Ident,
    pub(crate) date: i64,
    pub(crate) edits: Vec<Edit>,
    /// Whether the header names the encoding: the same commit to every reader, under another id.
    pub(crate) names_encoding: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Edit {
    Rename {
        from: String,
        to: String,
    },
    Delete {
        path: String,
    },
    /// A path need not be text.
    File {
        mode: &'static str,
        path: Vec<u8>,
        content: String,
    },
    Submodule {
        path: String,
        sha: String,
    },
    /// Content that git has already.
    Object {
        mode: &'static str,
        path: String,
        sha: String,
    },
    /// The whole tree at once; comes first.
    Tree {
        sha: String,
    },
}

/// The ids of a made commit and of its tree.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) sha: String,
    pub(crate) tree: String,
}

fn quoted(path: impl AsRef<[u8]>) -> String {
    let mut text = String::from("\"");
    for byte in path.as_ref().iter().copied() {
        match byte {
            b'"' | b'\\' => text.extend(['\\', char::from(byte)]),
            0x20..=0x7e => text.push(char::from(byte)),
            other => text.push_str(&format!("\\{other:03o}")),
        }
    }
    text.push('"');
    text
}

fn write_edit(stream: &mut String, edit: &Edit) -> std::fmt::Result {
    match edit {
        Edit::Rename { from, to } => writeln!(stream, "R {} {}", quoted(from), quoted(to)),
        Edit::Delete { path } => writeln!(stream, "D {}", quoted(path)),
        Edit::File { mode, path, content } => {
            writeln!(stream, "M {mode} inline {}\ndata {}\n{content}", quoted(path), content.len())
        }
        Edit::Submodule { path, sha } => writeln!(stream, "M 160000 {sha} {}", quoted(path)),
        Edit::Object { mode, path, sha } => writeln!(stream, "M {mode} {sha} {}", quoted(path)),
        Edit::Tree { sha } => writeln!(stream, "M 040000 {sha} \"\""),
    }
}

/// A chain of commits as `git fast-import` reads it: the first has its own parents, each other the one before.
fn stream(reference: &str, chain: &[NewCommit]) -> Result<String, std::fmt::Error> {
    let mut text = String::from("feature done\n");
    for (index, commit) in chain.iter().enumerate() {
        let mark = index + 1;
        writeln!(text, "commit {reference}\nmark :{mark}")?;
        for (role, who) in [("author", &commit.author), ("committer", &commit.committer)] {
            writeln!(text, "{role} {} <{}> {} +0000", who.name, who.email, commit.date)?;
        }
        if commit.names_encoding {
            writeln!(text, "encoding UTF-8")?;
        }
        writeln!(text, "data {}\n{}", commit.message.len(), commit.message)?;
        let parents: Vec<&str> = commit.parents.iter().map(String::as_str).collect();
        match parents.split_first() {
            Some((first, merged)) if index == 0 => {
                writeln!(text, "from {first}")?;
                for parent in merged {
                    writeln!(text, "merge {parent}")?;
                }
            }
            // A branch that has commits already must not become the parent of a root commit.
            None if index == 0 => writeln!(text, "deleteall")?,
            _ => writeln!(text, "from :{index}")?,
        }
        for edit in &commit.edits {
            write_edit(&mut text, edit)?;
        }
        writeln!(text, "\nget-mark :{mark}\nls :{mark} \"\"")?;
    }
    text.push_str("done\n");
    Ok(text)
}

/// Makes a chain of commits and moves the ref to the last one.
///
/// Objects of a fork are written into the object store of its network, as GitHub does, so that the base repository
/// can serve `refs/pull/N/head`.
pub(crate) async fn commit(
    dir: &Path,
    store: &Path,
    reference: &str,
    chain: &[NewCommit],
) -> Result<Vec<Made>, GitError> {
    let mut command = git(dir, "fast-import");
    command.args(["--quiet", "--force"]).env("GIT_OBJECT_DIRECTORY", store.join("objects"));
    let input = stream(reference, chain).map_err(io::Error::other)?;
    let output = run(command, "fast-import", input.into_bytes()).await?;
    let mut lines = output.lines();
    let mut made = Vec::new();
    while let (Some(sha), Some(listing)) = (lines.next(), lines.next()) {
        let tree = listing.split_whitespace().nth(2).unwrap_or_default();
        made.push(Made { sha: sha.to_owned(), tree: tree.to_owned() });
    }
    if made.len() == chain.len() {
        return Ok(made);
    }
    Err(GitError::Refused { verb: "fast-import", complaint: format!("unexpected answer `{output}`") })
}
