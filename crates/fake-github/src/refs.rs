//! Refs by their full names: branches, tags, and whatever else lies below `refs/`.
//!
//! The state is what the API answers from; every move is mirrored into the bare repository. An annotated tag is an
//! object of its own that points at a commit.

use crate::repo::{Graph, Ident, Repo};

/// 40 zeros: the ref is not there.
pub(crate) const NOTHING: &str = "0000000000000000000000000000000000000000";

/// Which part of a repository a ref belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Branch,
    Tag,
    Other,
}

impl Kind {
    /// What a full name names, and the short name of it.
    pub(crate) fn of(full: &str) -> (Self, &str) {
        if let Some(branch) = full.strip_prefix("refs/heads/") {
            (Self::Branch, branch)
        } else if let Some(tag) = full.strip_prefix("refs/tags/") {
            (Self::Tag, tag)
        } else {
            (Self::Other, full)
        }
    }

    /// The word of webhooks, which know nothing of other refs.
    pub(crate) fn word(self) -> Option<&'static str> {
        match self {
            Self::Branch => Some("branch"),
            Self::Tag => Some("tag"),
            Self::Other => None,
        }
    }
}

/// An annotated tag.
#[derive(Debug, Clone)]
pub(crate) struct TagObject {
    pub(crate) sha: String,
    pub(crate) name: String,
    /// The commit.
    pub(crate) target: String,
    pub(crate) message: String,
    pub(crate) tagger: Ident,
    pub(crate) date: i64,
}

/// Whether git takes the name and it lies below `refs/` in a folder of its own: two slashes at least.
/// <https://git-scm.com/docs/git-check-ref-format>
pub(crate) fn is_full_name(name: &str) -> bool {
    let bad = |c: char| {
        c.is_ascii_control() || matches!(c, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\' | '\x7f')
    };
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.ends_with('.')
            && std::path::Path::new(part).extension().is_none_or(|end| end != "lock")
    };
    name.starts_with("refs/")
        && name.matches('/').count() >= 2
        && !name.contains("..")
        && !name.contains("@{")
        && !name.contains(bad)
        && name.split('/').all(part)
}

impl Repo {
    /// Where a ref points: a commit, or an annotated tag's own object.
    pub(crate) fn tip(&self, full: &str) -> Option<&str> {
        let (kind, short) = Kind::of(full);
        let found = match kind {
            Kind::Branch => self.branches.get(short),
            Kind::Tag => self.tags.get(short),
            Kind::Other => self.other_refs.get(full).or_else(|| self.pull_tip(full)),
        };
        found.map(String::as_str)
    }

    fn pull_tip(&self, full: &str) -> Option<&String> {
        let number = full.strip_prefix("refs/pull/")?.strip_suffix("/head")?.parse().ok()?;
        self.pulls.get(&number).map(|pull| &pull.now().ends.head_sha)
    }

    /// Points a ref somewhere, or takes it away.
    pub(crate) fn point(&mut self, full: &str, to: Option<&str>) {
        let (kind, short) = Kind::of(full);
        let refs = match kind {
            Kind::Branch => &mut self.branches,
            Kind::Tag => &mut self.tags,
            Kind::Other => &mut self.other_refs,
        };
        match to {
            Some(sha) => refs.insert(short.to_owned(), sha.to_owned()),
            None => refs.remove(short),
        };
    }

    /// Every ref by full name, sorted as git sorts them; heads of pull requests are among them.
    pub(crate) fn all_refs(&self) -> Vec<(String, String)> {
        let branches = self.branches.iter().map(|(name, sha)| (format!("refs/heads/{name}"), sha.clone()));
        let tags = self.tags.iter().map(|(name, sha)| (format!("refs/tags/{name}"), sha.clone()));
        let others = self.other_refs.iter().map(|(name, sha)| (name.clone(), sha.clone()));
        let pulls = self
            .pulls
            .values()
            .map(|pull| (format!("refs/pull/{}/head", pull.number), pull.now().ends.head_sha.clone()));
        let mut all: Vec<_> = branches.chain(tags).chain(others).chain(pulls).collect();
        all.sort();
        all
    }

    /// A name that is a file where another name needs a folder, or the other way round: git holds only one of them.
    pub(crate) fn in_the_way(&self, full: &str) -> Option<String> {
        let above = format!("{full}/");
        let clashes = |other: &str| other.starts_with(&above) || full.starts_with(&format!("{other}/"));
        self.all_refs().into_iter().map(|(name, _)| name).find(|name| clashes(name))
    }
}

impl Graph {
    /// The commit behind an object id, through an annotated tag.
    pub(crate) fn peel<'a>(&'a self, sha: &'a str) -> &'a str {
        self.tag(sha).map_or(sha, |tag| &tag.target)
    }
}

#[cfg(test)]
mod tests {
    use super::is_full_name;

    #[test]
    fn a_full_name_has_two_slashes_and_nothing_that_git_refuses() {
        for good in ["refs/heads/main", "refs/tags/v1.0", "refs/portcullis/quarantine/1"] {
            assert!(is_full_name(good), "{good}");
        }
        for bad in [
            "main",
            "refs/heads",
            "refs/heads/",
            "refs/heads/a..b",
            "refs/heads/a b",
            "refs/heads/.a",
            "refs/heads/a.lock",
        ] {
            assert!(!is_full_name(bad), "{bad}");
        }
    }
}
