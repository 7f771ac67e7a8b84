//! Releases with their assets, and published packages.

use crate::world::{Missing, World};

#[derive(Debug, Clone)]
pub(crate) struct Release {
    pub(crate) id: u64,
    pub(crate) repo: u64,
    pub(crate) tag: String,
    pub(crate) target: String,
    pub(crate) name: String,
    pub(crate) body: String,
    pub(crate) draft: bool,
    pub(crate) prerelease: bool,
    pub(crate) immutable: bool,
    pub(crate) author: u64,
    pub(crate) assets: Vec<Asset>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) published_at: Option<i64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Asset {
    pub(crate) id: u64,
    pub(crate) name: String,
    /// `sha256:` and 64 hexadecimal digits.
    pub(crate) digest: String,
    pub(crate) size: usize,
    pub(crate) uploader: u64,
    pub(crate) at: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Package {
    pub(crate) id: u64,
    pub(crate) repo: u64,
    pub(crate) name: String,
    /// GitHub's word in lower case, such as `npm` or `container`.
    pub(crate) kind: String,
    pub(crate) version: String,
    pub(crate) author: u64,
    pub(crate) at: i64,
}

impl World {
    pub(crate) fn releases_of(&self, repo: u64) -> impl DoubleEndedIterator<Item = &Release> {
        self.automation.releases.iter().filter(move |release| release.repo == repo)
    }

    pub(crate) fn release_mut(&mut self, repo: u64, tag: &str) -> Result<&mut Release, Missing> {
        let wanted = |release: &&mut Release| release.repo == repo && release.tag == tag;
        self.automation.releases.iter_mut().find(wanted).ok_or_else(|| Missing::new("release", tag))
    }

    /// An id for a release or an asset.
    pub(crate) fn next_published(&mut self) -> u64 {
        self.automation.published += 1;
        190_000_000 + self.automation.published
    }
}
