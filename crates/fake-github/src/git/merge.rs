//! Merge commits as GitHub makes them: without a working tree, and not at all when the sides conflict.

use std::path::Path;

use super::{GitError, Made, NewCommit, git, run};

/// Merges the second parent of the commit into its first; no ref moves.
pub(crate) async fn merge(dir: &Path, store: &Path, commit: &NewCommit) -> Result<Made, GitError> {
    let objects = store.join("objects");
    let mut command = git(dir, "merge-tree");
    command.arg("--write-tree").args(&commit.parents).env("GIT_OBJECT_DIRECTORY", &objects);
    let tree = run(command, "merge-tree", Vec::new()).await?.trim().to_owned();
    let mut command = git(dir, "commit-tree");
    command.arg(&tree).env("GIT_OBJECT_DIRECTORY", &objects);
    for parent in &commit.parents {
        command.args(["-p", parent]);
    }
    let date = format!("@{} +0000", commit.date);
    command
        .env("GIT_AUTHOR_NAME", &commit.author.name)
        .env("GIT_AUTHOR_EMAIL", &commit.author.email)
        .env("GIT_AUTHOR_DATE", &date)
        .env("GIT_COMMITTER_NAME", &commit.committer.name)
        .env("GIT_COMMITTER_EMAIL", &commit.committer.email)
        .env("GIT_COMMITTER_DATE", &date);
    let sha = run(command, "commit-tree", commit.message.clone().into_bytes()).await?.trim().to_owned();
    Ok(Made { sha, tree })
}
