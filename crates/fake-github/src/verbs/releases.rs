//! Releases and packages: published, changed and taken away.

use std::collections::BTreeMap;

use serde_json::{Map, json};
use sha2::{Digest as _, Sha256};

use super::VerbError;
use crate::git;
use crate::payload::release as told;
use crate::release::{Asset, Package, Release as Published};
use crate::server::FakeGithub;
use crate::step::{DeleteRelease, EditRelease, PublishPackage, Release};
use crate::world::{Missing, World};

impl FakeGithub {
    /// Publishes a release, or saves a draft of one; answers its id. A tag that is not there is made.
    ///
    /// # Errors
    /// When somebody or the commit is not there, or the tag has a release.
    pub async fn publish_release(&self, step: Release) -> Result<u64, VerbError> {
        let _turn = self.shared.turn.lock().await;
        let mut world = self.shared.world();
        world.clock.tick();
        let (author, now) = (world.account(&step.actor)?.id, world.clock.story());
        let repo = world.repo(&step.repo)?;
        let target = step.target.unwrap_or_else(|| repo.default_branch.clone());
        let sha = world.resolve(repo, &target)?;
        let (repo, dir) = (repo.id, repo.dir.clone());
        if world.release_mut(repo, &step.tag).is_ok() {
            return Err(VerbError::Refused(format!("`{}` has a release already", step.tag)));
        }
        // A draft makes no tag yet.
        let reference = format!("refs/tags/{}", step.tag);
        if !step.draft && !dir.join(&reference).exists() {
            git::set_ref(&dir, &reference, &sha)?;
            world.repo_mut(repo)?.point(&reference, Some(&sha));
        }
        let id = world.next_published();
        let assets = assets(&mut world, &step.assets, author);
        let name = if step.name.is_empty() { step.tag.clone() } else { step.name };
        let release = Published {
            id,
            repo,
            tag: step.tag,
            target,
            name,
            body: step.body,
            draft: step.draft,
            prerelease: step.prerelease,
            immutable: step.immutable,
            author,
            assets,
            created_at: now,
            updated_at: now,
            published_at: (!step.draft).then_some(now),
        };
        world.automation.releases.push(release.clone());
        told::told(&mut world, "created", &release, author, json!({}));
        if !release.draft {
            tell_published(&mut world, &release, author);
        }
        drop(world);
        self.told();
        Ok(id)
    }

    /// Changes a release: words, tag, assets, or from draft to published.
    ///
    /// # Errors
    /// When it is not there, or is immutable and would change in more than its words.
    pub async fn edit_release(&self, step: EditRelease) -> Result<(), VerbError> {
        let _turn = self.shared.turn.lock().await;
        let mut world = self.shared.world();
        world.clock.tick();
        let (actor, now) = (world.account(&step.actor)?.id, world.clock.story());
        let repo = world.repo(&step.repo)?;
        let sha = step.target.as_deref().map(|target| world.resolve(repo, target)).transpose()?;
        let (id, dir, default) =
            (repo.id, repo.dir.clone(), repo.branches.get(&repo.default_branch).cloned());
        let swapped = assets(&mut world, &step.assets, actor);
        let release = world.release_mut(id, &step.tag)?;
        let moves = step.new_tag.is_some() || step.target.is_some() || !swapped.is_empty();
        if release.immutable && !release.draft && moves {
            return Err(VerbError::Refused("an immutable release keeps its tag and assets".to_owned()));
        }
        let mut changes = Map::new();
        for (key, was, new) in [
            ("name", &mut release.name, step.name),
            ("body", &mut release.body, step.body),
            ("tag_name", &mut release.tag, step.new_tag),
        ] {
            if let Some(new) = new {
                changes.insert(key.to_owned(), json!({ "from": std::mem::replace(was, new) }));
            }
        }
        for asset in swapped {
            release.assets.retain(|known| known.name != asset.name);
            release.assets.push(asset);
        }
        release.target = step.target.unwrap_or_else(|| release.target.clone());
        let publishes = step.publish && std::mem::take(&mut release.draft);
        if publishes {
            release.published_at = Some(now);
        }
        release.updated_at = now;
        let release = release.clone();
        let reference = format!("refs/tags/{}", release.tag);
        let is_new = !dir.join(&reference).exists();
        if let Some(sha) = sha.or(default.filter(|_| is_new)).filter(|_| !release.draft) {
            git::set_ref(&dir, &reference, &sha)?;
            world.repo_mut(release.repo)?.point(&reference, Some(&sha));
        }
        if publishes {
            tell_published(&mut world, &release, actor);
        } else {
            told::told(&mut world, "edited", &release, actor, json!({ "changes": changes }));
        }
        drop(world);
        self.told();
        Ok(())
    }

    /// Takes a release away; its tag stays.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn delete_release(&self, step: DeleteRelease) -> Result<(), VerbError> {
        let _turn = self.shared.turn.lock().await;
        let mut world = self.shared.world();
        world.clock.tick();
        let actor = world.account(&step.actor)?.id;
        let repo = world.repo(&step.repo)?.id;
        let release = world.release_mut(repo, &step.tag)?.clone();
        world.automation.releases.retain(|known| known.id != release.id);
        told::told(&mut world, "deleted", &release, actor, json!({}));
        drop(world);
        self.told();
        Ok(())
    }

    /// Publishes a version of a package.
    ///
    /// # Errors
    /// When somebody or the repository is not there.
    pub async fn publish_package(&self, step: PublishPackage) -> Result<(), VerbError> {
        let _turn = self.shared.turn.lock().await;
        let mut world = self.shared.world();
        world.clock.tick();
        let (author, at) = (world.account(&step.actor)?.id, world.clock.story());
        let repo = world.repo(&step.repo)?.id;
        if !["npm", "maven", "rubygems", "nuget", "docker", "container"].contains(&step.kind.as_str()) {
            return Err(Missing::new("type of package", &step.kind).into());
        }
        let id = world.next_published() * 10;
        let package =
            Package { id, repo, name: step.name, kind: step.kind, version: step.version, author, at };
        told::package(&mut world, &package, author);
        world.automation.packages.push(package);
        drop(world);
        self.told();
        Ok(())
    }
}

fn tell_published(world: &mut World, release: &Published, sender: u64) {
    let kind = if release.prerelease { "prereleased" } else { "released" };
    for action in ["published", kind] {
        told::told(world, action, release, sender, json!({}));
    }
}

fn assets(world: &mut World, told: &BTreeMap<String, String>, uploader: u64) -> Vec<Asset> {
    let at = world.clock.story();
    let mut made = Vec::new();
    for (name, content) in told {
        let digest = format!("sha256:{}", hex::encode(Sha256::digest(content)));
        let id = world.next_published();
        made.push(Asset { id, name: name.clone(), digest, size: content.len(), uploader, at });
    }
    made
}
