//! One file of a repository as a commit has it: rules, wherever they stand.
//!
//! A file is read whole or not at all: half of a rules file may be valid and mean something else. What the forge does not
//! tell is unknown; what it tells to be no rules file is that, and not unknown.

use policy::facts::RulesText;
use policy::{Fact, InstallationId, RepoName, Sha};
use serde::{Deserialize, Serialize};

use super::api::Api;
use super::error::ForgeError;
use super::graphql::FILE;

/// The tip of the default branch with one file, as it travels.
#[derive(Debug, Deserialize)]
pub(super) struct BranchNode {
    pub(super) target: Option<CommitNode>,
}

/// A commit with one file. Only a commit has files; a tag, which a branch never is, would have none.
#[derive(Debug, Deserialize)]
pub(super) struct CommitNode {
    #[serde(rename = "__typename")]
    kind: String,
    /// Only asked for where the newest change matters.
    history: Option<History>,
    file: Option<EntryNode>,
}

#[derive(Debug, Deserialize)]
struct History {
    #[serde(default)]
    nodes: Option<Vec<Option<Oid>>>,
}

#[derive(Debug, Deserialize)]
struct Oid {
    oid: String,
}

impl CommitNode {
    /// The newest commit of the history that was asked for.
    pub(super) fn newest(self) -> Option<Sha> {
        let commits = self.history?.nodes?;
        commits.into_iter().flatten().find_map(|commit| Sha::parse(&commit.oid))
    }
}

/// What stands at a path.
#[derive(Debug, Deserialize)]
struct EntryNode {
    #[serde(rename = "type")]
    kind: String,
    object: Option<BlobNode>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlobNode {
    oid: String,
    byte_size: Option<u64>,
    is_binary: Option<bool>,
    #[serde(default)]
    is_truncated: bool,
    text: Option<String>,
}

#[derive(Debug, Serialize)]
struct Variables<'a> {
    owner: &'a str,
    name: &'a str,
    commit: &'a str,
    path: &'a str,
}

#[derive(Debug, Deserialize)]
struct Data {
    repository: Option<Repository>,
}

#[derive(Debug, Deserialize)]
struct Repository {
    object: Option<CommitNode>,
}

/// What stands where rules are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RulesFile {
    /// Nothing.
    Missing,
    /// A text.
    Text(RulesText),
    /// Something else, or too large; the words say what.
    Unusable(String),
}

/// A file at the default branch, of at most so many bytes. A repository without a default branch has no file.
pub(super) fn at_tip(branch: Option<&BranchNode>, path: &str, most: usize) -> Fact<RulesFile> {
    match branch.map(|branch| &branch.target) {
        None => Fact::Known(RulesFile::Missing),
        Some(Some(commit)) => at_commit(commit, path, most),
        Some(None) => Fact::unknown("the forge does not tell what the default branch points at"),
    }
}

fn at_commit(commit: &CommitNode, path: &str, most: usize) -> Fact<RulesFile> {
    if commit.kind != "Commit" {
        return Fact::unknown("the forge does not tell what the branch points at");
    }
    let Some(entry) = &commit.file else { return Fact::Known(RulesFile::Missing) };
    let unusable = |why: String| Fact::Known(RulesFile::Unusable(why));
    if entry.kind != "blob" {
        return unusable(format!("`{path}` is no file"));
    }
    let Some(blob) = &entry.object else { return Fact::unknown(format!("the forge does not show `{path}`")) };
    if blob.is_truncated || blob.byte_size.is_none_or(|size| size > most as u64) {
        return unusable(format!("`{path}` is larger than {most} bytes"));
    }
    // GitHub does not always say whether a file is binary; what has no text is.
    let text = blob.text.as_ref().filter(|_| blob.is_binary != Some(true));
    match (text, Sha::parse(&blob.oid)) {
        (Some(text), Some(blob)) => Fact::Known(RulesFile::Text(RulesText { blob, text: text.clone() })),
        (None, Some(_)) => unusable(format!("`{path}` is no text in UTF-8")),
        (_, None) => Fact::unknown(format!("the forge does not name the object at `{path}`")),
    }
}

/// Reads one file at one commit; `None` when there is none.
pub(super) async fn read(
    api: &Api,
    installation: InstallationId,
    repo: &RepoName,
    (commit, path): (&Sha, &str),
    most: usize,
) -> Result<Fact<Option<String>>, ForgeError> {
    let variables = Variables { owner: repo.owner(), name: repo.name(), commit: commit.as_str(), path };
    let data: Data = api.query(installation, &FILE, &variables).await?;
    let found = data.repository.ok_or_else(|| ForgeError::Gone { what: format!("repository {repo}") })?;
    let Some(found) = found.object else {
        return Ok(Fact::unknown("the forge does not show the commit"));
    };
    Ok(match at_commit(&found, path, most) {
        Fact::Known(RulesFile::Missing) => Fact::Known(None),
        Fact::Known(RulesFile::Text(found)) => Fact::Known(Some(found.text)),
        Fact::Known(RulesFile::Unusable(why)) | Fact::Unknown(why) => Fact::Unknown(why),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(edit: impl FnOnce(&mut BlobNode)) -> Fact<RulesFile> {
        let mut blob = BlobNode {
            oid: "a".repeat(40),
            byte_size: Some(11),
            is_binary: Some(false),
            is_truncated: false,
            text: Some("version = 1".into()),
        };
        edit(&mut blob);
        entry(Some(EntryNode { kind: "blob".into(), object: Some(blob) }))
    }

    fn entry(file: Option<EntryNode>) -> Fact<RulesFile> {
        let target = Some(CommitNode { kind: "Commit".into(), history: None, file });
        at_tip(Some(&BranchNode { target }), "x", 100)
    }

    fn unusable(why: &str) -> Fact<RulesFile> {
        Fact::Known(RulesFile::Unusable(why.into()))
    }

    #[test]
    fn a_file_is_read_whole_or_is_none() {
        assert!(matches!(check(|_| ()), Fact::Known(RulesFile::Text(text)) if text.text == "version = 1"));
        let large = unusable("`x` is larger than 100 bytes");
        assert_eq!(check(|blob| blob.is_truncated = true), large);
        assert_eq!(check(|blob| blob.byte_size = Some(101)), large);
        assert_eq!(check(|blob| blob.byte_size = None), large);
        let binary = unusable("`x` is no text in UTF-8");
        assert_eq!(check(|blob| blob.is_binary = Some(true)), binary);
        assert_eq!(check(|blob| blob.text = None), binary);
        assert_eq!(
            entry(Some(EntryNode { kind: "commit".into(), object: None })),
            unusable("`x` is no file")
        );
    }

    #[test]
    fn nothing_there_and_not_told_are_two_things() {
        assert_eq!(entry(None), Fact::Known(RulesFile::Missing));
        assert_eq!(at_tip(None, "x", 100), Fact::Known(RulesFile::Missing), "an empty repository");
        assert!(at_tip(Some(&BranchNode { target: None }), "x", 100).get().is_err());
        let tag = Some(CommitNode { kind: "Tag".into(), history: None, file: None });
        assert!(at_tip(Some(&BranchNode { target: tag }), "x", 100).get().is_err());
        assert!(entry(Some(EntryNode { kind: "blob".into(), object: None })).get().is_err());
        assert!(check(|blob| blob.oid = "x".into()).get().is_err());
    }
}
