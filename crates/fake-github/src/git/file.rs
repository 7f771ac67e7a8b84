//! Files as they stand at a commit.

use std::path::Path;

use super::{GitError, git, run};

/// The files right under a folder of a commit, each with its text. A folder that is not there has none.
pub(crate) async fn texts(dir: &Path, sha: &str, folder: &str) -> Result<Vec<(String, String)>, GitError> {
    let mut command = git(dir, "ls-tree");
    command.args(["-z", "--name-only", sha, &format!("{folder}/")]);
    let listed = run(command, "ls-tree", Vec::new()).await?;
    let mut found = Vec::new();
    for path in listed.split('\0').filter(|path| !path.is_empty()) {
        let mut command = git(dir, "show");
        command.arg(format!("{sha}:{path}"));
        found.push((path.to_owned(), run(command, "show", Vec::new()).await?));
    }
    Ok(found)
}

/// One file's text; `None` when there is none.
pub(crate) async fn text(dir: &Path, sha: &str, path: &str) -> Result<Option<String>, GitError> {
    let mut command = git(dir, "show");
    command.arg(format!("{sha}:{path}"));
    match run(command, "show", Vec::new()).await {
        Ok(text) => Ok(Some(text)),
        Err(GitError::Refused { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
