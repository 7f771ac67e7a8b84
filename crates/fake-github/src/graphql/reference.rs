//! Refs, and the annotated tags that some of them point at.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Sight;
use super::commit::Commit;
use super::connection::List;
use super::people::GitActor;
use super::root::Repository;
use super::walk::{Arguments, Got, Node, Trouble};
use crate::payload::node_id;
use crate::refs::TagObject;
use crate::repo::Repo;

/// The node id of a ref.
fn id_of(repo: u64, full: &str) -> String {
    format!("REF_{}", URL_SAFE_NO_PAD.encode(format!("{repo}:{full}")))
}

/// The repository and full name that a node id of a ref stands for.
pub(super) fn ref_of(id: &str) -> Option<(u64, String)> {
    let bytes = URL_SAFE_NO_PAD.decode(id.strip_prefix("REF_")?).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (repo, full) = text.split_once(':')?;
    Some((repo.parse().ok()?, full.to_owned()))
}

#[derive(Clone)]
pub(super) struct Ref<'w> {
    sight: Sight<'w>,
    repo: &'w Repo,
    full: String,
    target: &'w str,
}

impl<'w> Ref<'w> {
    /// A ref by its full name.
    pub(super) fn find(sight: Sight<'w>, repo: &'w Repo, full: &str) -> Option<Self> {
        repo.tip(full).map(|target| Self { sight, repo, full: full.to_owned(), target })
    }

    /// A ref by its full name, else a branch or tag by its short one.
    pub(super) fn named(sight: Sight<'w>, repo: &'w Repo, name: &str) -> Option<Self> {
        let tries = [name.to_owned(), format!("refs/heads/{name}"), format!("refs/tags/{name}")];
        tries.iter().find_map(|full| Self::find(sight, repo, full))
    }

    /// Below a folder such as `refs/heads/`, by name.
    pub(super) fn list(
        sight: Sight<'w>,
        repo: &'w Repo,
        arguments: &mut Arguments,
    ) -> Result<Got<'w>, Trouble> {
        let prefix = arguments.text("refPrefix");
        let all = repo.all_refs().into_iter().filter(|(name, _)| name.starts_with(&prefix));
        let found: Vec<Self> = all.filter_map(|(name, _)| Self::find(sight, repo, &name)).collect();
        List::new("RefConnection", found, |one| Got::node(one.clone())).window("refs", arguments)
    }

    /// What it points at.
    pub(super) fn target(&self) -> &'w str {
        self.target
    }

    /// The folder and the rest: `refs/heads/` and the branch.
    fn parts(&self) -> (&str, &str) {
        let rest = self.full.strip_prefix("refs/").unwrap_or_default();
        let folder = rest.split_once('/').map_or(0, |(folder, _)| "refs//".len() + folder.len());
        self.full.split_at_checked(folder).unwrap_or(("", &self.full))
    }
}

impl<'w> Node<'w> for Ref<'w> {
    fn typename(&self) -> &'static str {
        "Ref"
    }

    fn stands_for(&self) -> &'static [&'static str] {
        &["Node"]
    }

    fn field(&self, name: &str, _: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let (sight, repo) = (self.sight, self.repo);
        Ok(match name {
            "id" => Got::leaf(id_of(repo.id, &self.full)),
            "name" => Got::leaf(self.parts().1),
            "prefix" => Got::leaf(self.parts().0),
            "repository" => Got::node(Repository { sight, repo }),
            "target" => object(sight, repo, self.target),
            _ => return Err(Trouble::NoField),
        })
    }
}

/// A commit or an annotated tag.
pub(super) fn object<'w>(sight: Sight<'w>, repo: &'w Repo, sha: &str) -> Got<'w> {
    match sight.world.graph(repo).and_then(|graph| graph.tag(sha)) {
        Some(tag) => Got::node(Tag { sight, repo, tag }),
        None => Got::maybe(sight.world.commit(repo, sha).map(|commit| Commit { sight, repo, commit })),
    }
}

struct Tag<'w> {
    sight: Sight<'w>,
    repo: &'w Repo,
    tag: &'w TagObject,
}

impl<'w> Node<'w> for Tag<'w> {
    fn typename(&self) -> &'static str {
        "Tag"
    }

    fn stands_for(&self) -> &'static [&'static str] {
        &["Node", "GitObject"]
    }

    fn field(&self, name: &str, _: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let (sight, repo, tag) = (self.sight, self.repo, self.tag);
        Ok(match name {
            "id" => Got::leaf(format!("{}{}", node_id("TAG", repo.id), tag.sha)),
            "oid" => Got::leaf(tag.sha.as_str()),
            "name" => Got::leaf(tag.name.as_str()),
            "message" => Got::leaf(tag.message.as_str()),
            "tagger" => Got::node(GitActor { sight, ident: tag.tagger.clone(), date: tag.date }),
            "target" => object(sight, repo, &tag.target),
            _ => return Err(Trouble::NoField),
        })
    }
}
