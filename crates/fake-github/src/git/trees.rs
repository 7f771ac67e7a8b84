//! What git knows of two trees: what differs, and what they merge to. And tag objects.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::{GitError, git, run};
use crate::pull::Stat;
use crate::refs::TagObject;
use crate::repo::Touched;

/// Counts what changed from the merge base of `base` and `head` to `head`.
pub(crate) async fn stat(dir: &Path, base: &str, head: &str) -> Result<Stat, GitError> {
    let mut command = git(dir, "diff");
    command.args(["--shortstat", &format!("{base}...{head}")]);
    let text = run(command, "diff", Vec::new()).await?;
    let mut stat = Stat::default();
    for part in text.split(',') {
        let count = part.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0);
        if part.contains("file") {
            stat.files = count;
        } else if part.contains("insertion") {
            stat.additions = count;
        } else if part.contains("deletion") {
            stat.deletions = count;
        }
    }
    Ok(stat)
}

/// One file that differs.
#[derive(Debug, Clone)]
pub(crate) struct Changed {
    /// Git's letter: `A`, `M`, `D` or `T`.
    pub(crate) status: char,
    pub(crate) blob: String,
    pub(crate) path: String,
}

/// The files that differ between two commits, renames as a deletion and an addition.
pub(crate) async fn changed(dir: &Path, old: &str, new: &str) -> Result<Vec<Changed>, GitError> {
    let mut command = git(dir, "diff-tree");
    command.args(["-r", "-z", "--no-renames", old, new]);
    let text = run(command, "diff-tree", Vec::new()).await?;
    let mut words = text.split('\0');
    let mut files = Vec::new();
    while let (Some(facts), Some(path)) = (words.next(), words.next()) {
        let mut facts = facts.split(' ');
        let (old, new, status) = (facts.nth(2), facts.next(), facts.next());
        let status = status.and_then(|letter| letter.chars().next()).unwrap_or('M');
        let blob = if status == 'D' { old } else { new };
        files.push(Changed { status, blob: blob.unwrap_or_default().to_owned(), path: path.to_owned() });
    }
    Ok(files)
}

impl Changed {
    /// The same as the lists of a push.
    pub(crate) fn touched(files: Vec<Self>) -> Touched {
        let mut touched = Touched::default();
        for file in files {
            match file.status {
                'A' => touched.added.push(file.path),
                'D' => touched.removed.push(file.path),
                _ => touched.modified.push(file.path),
            }
        }
        touched
    }
}

/// The tree of `ours` with what changed from `base` to `theirs`; `None` when they conflict.
pub(crate) async fn merge_tree(
    (dir, store): (&Path, &Path),
    base: Option<&str>,
    ours: &str,
    theirs: &str,
) -> Result<Option<String>, GitError> {
    let mut command = git(dir, "merge-tree");
    command.env("GIT_OBJECT_DIRECTORY", store.join("objects")).args(["--write-tree", "--name-only"]);
    if let Some(base) = base {
        command.arg(format!("--merge-base={base}"));
    }
    command.args([ours, theirs]);
    match run(command, "merge-tree", Vec::new()).await {
        Ok(text) => Ok(text.lines().next().map(str::to_owned)),
        // A conflict is told on standard output, everything else on standard error.
        Err(GitError::Refused { complaint, .. }) if complaint.is_empty() => Ok(None),
        Err(error) => Err(error),
    }
}

/// What lies in `.github/workflows` of a commit, as text to compare.
pub(crate) async fn workflows(dir: &Path, commit: &str) -> Result<String, GitError> {
    let mut command = git(dir, "ls-tree");
    command.args(["-r", "-z", commit, "--", ".github/workflows/"]);
    run(command, "ls-tree", Vec::new()).await
}

/// Writes an annotated tag and answers its id.
pub(crate) async fn tag((dir, store): (&Path, &Path), tag: &TagObject) -> Result<String, GitError> {
    let TagObject { name, target, message, tagger, date, .. } = tag;
    let who = format!("{} <{}> {date} +0000", tagger.name, tagger.email);
    let text = format!("object {target}\ntype commit\ntag {name}\ntagger {who}\n\n{message}\n");
    let mut command = git(dir, "hash-object");
    command.env("GIT_OBJECT_DIRECTORY", store.join("objects")).args(["-t", "tag", "-w", "--stdin"]);
    Ok(run(command, "hash-object", text.into_bytes()).await?.trim().to_owned())
}

/// Writes a file's content and answers its id.
pub(crate) async fn blob((dir, store): (&Path, &Path), bytes: &[u8]) -> Result<String, GitError> {
    let mut command = git(dir, "hash-object");
    command.env("GIT_OBJECT_DIRECTORY", store.join("objects")).args(["-w", "--stdin"]);
    Ok(run(command, "hash-object", bytes.to_vec()).await?.trim().to_owned())
}

/// The paths of a commit.
pub(crate) async fn paths(dir: &Path, commit: &str) -> Result<HashSet<String>, GitError> {
    let mut command = git(dir, "ls-tree");
    command.args(["-r", "-z", "--name-only", commit]);
    let text = run(command, "ls-tree", Vec::new()).await?;
    Ok(text.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
}

/// Lines added and removed between two commits, by path; none for what is no text.
pub(crate) async fn counted(
    dir: &Path,
    old: &str,
    new: &str,
) -> Result<HashMap<String, (u64, u64)>, GitError> {
    let mut command = git(dir, "diff-tree");
    command.args(["-r", "-z", "--numstat", "--no-renames", old, new]);
    let text = run(command, "diff-tree", Vec::new()).await?;
    let read = |line: &str| {
        let (added, rest) = line.split_once('\t')?;
        let (removed, path) = rest.split_once('\t')?;
        Some((path.to_owned(), (added.parse().unwrap_or(0), removed.parse().unwrap_or(0))))
    };
    Ok(text.split('\0').filter_map(read).collect())
}
