//! The verbs of releases and packages. A release is named by its tag.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A release is published, or a draft of one is saved.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Who does it.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name`.
    pub repo: String,
    /// The tag.
    pub tag: String,
    /// The branch or commit that the tag is made of when it is not there; the default branch when absent.
    pub target: Option<String>,
    /// The title; the tag when empty.
    #[serde(default)]
    pub name: String,
    /// The notes.
    #[serde(default)]
    pub body: String,
    /// Whether nobody sees it yet.
    #[serde(default)]
    pub draft: bool,
    /// Whether it is not for everybody.
    #[serde(default)]
    pub prerelease: bool,
    /// Whether its tag and assets can no longer change.
    #[serde(default)]
    pub immutable: bool,
    /// Name to content.
    #[serde(default)]
    pub assets: BTreeMap<String, String>,
}

/// A release changes; what is absent stays.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EditRelease {
    /// Who does it.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name`.
    pub repo: String,
    /// The tag.
    pub tag: String,
    /// Another tag.
    pub new_tag: Option<String>,
    /// The branch or commit that the tag moves to.
    pub target: Option<String>,
    /// Another title.
    pub name: Option<String>,
    /// Other notes.
    pub body: Option<String>,
    /// Publishes a draft.
    #[serde(default)]
    pub publish: bool,
    /// Name to content: new assets, and new content for those of a name that is there.
    #[serde(default)]
    pub assets: BTreeMap<String, String>,
}

/// A release goes away; its tag stays.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteRelease {
    /// Who does it.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name`.
    pub repo: String,
    /// The tag.
    pub tag: String,
}

/// A version of a package is published.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishPackage {
    /// Who does it.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name` of the repository that the package belongs to.
    pub repo: String,
    /// The package's name.
    pub name: String,
    /// `npm`, `maven`, `rubygems`, `nuget`, `docker` or `container`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The version.
    pub version: String,
}
