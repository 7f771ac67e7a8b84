//! One file of a repository as a commit has it: rules, wherever they stand.
//!
//! A file is read whole or it is unknown: half of a rules file may be valid and mean something else.

use policy::facts::RulesText;
use policy::{Fact, InstallationId, RepoName, Sha};
use serde::{Deserialize, Serialize};

use super::api::Api;
use super::error::ForgeError;
use super::graphql::FILE;

/// What stands at a path, as it travels.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FileNode {
    #[serde(rename = "__typename")]
    kind: String,
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
    expression: &'a str,
}

#[derive(Debug, Deserialize)]
struct Data {
    repository: Option<Repository>,
}

#[derive(Debug, Deserialize)]
struct Repository {
    object: Option<FileNode>,
}

/// Names a file at the tip of the default branch.
pub(super) fn at_head(path: &str) -> String {
    format!("HEAD:{path}")
}

/// The text of a file of at most so many bytes; `None` when nothing stands there.
pub(super) fn text(node: Option<&FileNode>, path: &str, most: usize) -> Fact<Option<RulesText>> {
    let Some(node) = node else { return Fact::Known(None) };
    if node.kind != "Blob" {
        return Fact::unknown(format!("`{path}` is no file"));
    }
    if node.is_truncated || node.byte_size.is_none_or(|size| size > most as u64) {
        return Fact::unknown(format!("`{path}` is larger than {most} bytes"));
    }
    // GitHub does not always say whether a file is binary; what has no text is.
    let text = node.text.as_ref().filter(|_| node.is_binary != Some(true));
    match (text, Sha::parse(&node.oid)) {
        (Some(text), Some(blob)) => Fact::Known(Some(RulesText { blob, text: text.clone() })),
        _ => Fact::unknown(format!("`{path}` is no text in UTF-8")),
    }
}

/// Reads one file at one commit.
pub(super) async fn read(
    api: &Api,
    installation: InstallationId,
    repo: &RepoName,
    (commit, path): (&Sha, &str),
    most: usize,
) -> Result<Fact<Option<String>>, ForgeError> {
    let expression = format!("{commit}:{path}");
    let variables = Variables { owner: repo.owner(), name: repo.name(), expression: &expression };
    let data: Data = api.query(installation, &FILE, &variables).await?;
    let found = data.repository.ok_or_else(|| ForgeError::Gone { what: format!("repository {repo}") })?;
    Ok(match text(found.object.as_ref(), path, most) {
        Fact::Known(found) => Fact::Known(found.map(|found| found.text)),
        Fact::Unknown(why) => Fact::Unknown(why),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(edit: impl FnOnce(&mut FileNode)) -> Fact<Option<String>> {
        let mut node = FileNode {
            kind: "Blob".into(),
            oid: "a".repeat(40),
            byte_size: Some(11),
            is_binary: Some(false),
            is_truncated: false,
            text: Some("version = 1".into()),
        };
        edit(&mut node);
        match text(Some(&node), "x", 100) {
            Fact::Known(found) => Fact::Known(found.map(|found| found.text)),
            Fact::Unknown(why) => Fact::Unknown(why),
        }
    }

    #[test]
    fn a_file_is_read_whole_or_unknown() {
        assert_eq!(check(|_| ()), Fact::Known(Some("version = 1".into())));
        assert_eq!(text(None, "x", 100), Fact::Known(None));
        assert_eq!(check(|node| node.kind = "Tree".into()), Fact::unknown("`x` is no file"));
        let large = Fact::unknown("`x` is larger than 100 bytes");
        assert_eq!(check(|node| node.is_truncated = true), large);
        assert_eq!(check(|node| node.byte_size = Some(101)), large);
        assert_eq!(check(|node| node.byte_size = None), large);
        let binary = Fact::unknown("`x` is no text in UTF-8");
        assert_eq!(check(|node| node.is_binary = Some(true)), binary);
        assert_eq!(check(|node| node.text = None), binary);
    }
}
