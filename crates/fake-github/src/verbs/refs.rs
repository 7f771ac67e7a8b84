//! Branches and tags that come, move and go without a commit being made.

use super::VerbError;
use super::push::judge;
use crate::git;
use crate::moves::Move;
use crate::refs::{Kind, TagObject, is_full_name};
use crate::repo::{Ident, Repo};
use crate::server::FakeGithub;
use crate::step::{CreateBranch, DeleteBranch, DeleteTag, PushMany, Tag};
use crate::world::{Missing, World};

impl FakeGithub {
    /// Makes a branch and answers where it is.
    ///
    /// # Errors
    /// When it is there already, its starting point is not, or a rule forbids it.
    pub async fn create_branch(&self, step: CreateBranch) -> Result<String, VerbError> {
        let name = format!("refs/heads/{}", step.branch);
        self.move_one((&step.actor, &step.repo), &name, |world, repo| {
            if repo.tip(&name).is_some() {
                return Err(VerbError::Refused(format!("there is a branch `{}` already", step.branch)));
            }
            Ok(Some(world.resolve(repo, step.from.as_deref().unwrap_or(&repo.default_branch))?))
        })
        .await
    }

    /// Deletes a branch; its open pull requests are closed.
    ///
    /// # Errors
    /// When it is not there, is the default branch, or a rule forbids it.
    pub async fn delete_branch(&self, step: DeleteBranch) -> Result<(), VerbError> {
        let name = format!("refs/heads/{}", step.branch);
        let gone = self.move_one((&step.actor, &step.repo), &name, |_, repo| {
            repo.tip(&name).ok_or_else(|| Missing::new("branch", &step.branch))?;
            if step.branch == repo.default_branch {
                return Err(VerbError::Refused(format!("`{}` is the default branch", step.branch)));
            }
            Ok(None)
        });
        gone.await.map(|_| ())
    }

    /// Makes a tag and answers its object: the commit, or the annotated tag's own.
    ///
    /// # Errors
    /// When it is there already, its target is not, or a rule forbids it.
    pub async fn tag(&self, step: Tag) -> Result<String, VerbError> {
        if self.object_of(&step.repo, &format!("refs/tags/{}", step.tag))?.is_some() {
            return Err(VerbError::Refused(format!("there is a tag `{}` already", step.tag)));
        }
        self.put_tag(step).await
    }

    /// Moves a tag by force and answers its object.
    ///
    /// # Errors
    /// When it or its target is not there, or a rule forbids it.
    pub async fn move_tag(&self, step: Tag) -> Result<String, VerbError> {
        let known = self.object_of(&step.repo, &format!("refs/tags/{}", step.tag))?;
        known.ok_or_else(|| Missing::new("tag", &step.tag))?;
        self.put_tag(step).await
    }

    /// Deletes a tag.
    ///
    /// # Errors
    /// When it is not there, or a rule forbids it.
    pub async fn delete_tag(&self, step: DeleteTag) -> Result<(), VerbError> {
        let name = format!("refs/tags/{}", step.tag);
        let gone = self.move_one((&step.actor, &step.repo), &name, |_, repo| {
            repo.tip(&name).ok_or_else(|| Missing::new("tag", &step.tag))?;
            Ok(None)
        });
        gone.await.map(|_| ())
    }

    /// Moves, makes and deletes many refs by one push, all or none. What moves nothing is left out.
    ///
    /// # Errors
    /// When a target is not there, a ref would lose commits or a tag would move without `force`, or a rule forbids
    /// one of them.
    pub async fn push_many(&self, step: PushMany) -> Result<(), VerbError> {
        let _turn = self.shared.turn.lock().await;
        let (actor, repo, moves) = {
            let mut world = self.shared.world();
            world.clock.tick();
            let actor = world.account(&step.actor)?.id;
            let repo = world.repo(&step.repo)?;
            let mut moves = Vec::new();
            for (name, target) in &step.refs {
                let after = Some(target).filter(|target| !target.is_empty());
                let after = after.map(|target| world.resolve(repo, target)).transpose()?;
                let one = Move::new(&world, repo, name, after.as_deref());
                if one.before == one.after {
                    continue;
                }
                fits(&one, repo)?;
                let is_moved_tag = Kind::of(name).0 == Kind::Tag && one.before.is_some() && after.is_some();
                if (one.forced || is_moved_tag) && !step.force {
                    return Err(VerbError::Refused(format!("`{name}` would lose commits: say `force`")));
                }
                moves.push(one);
            }
            judge(&world, (repo, actor), &moves)?;
            (actor, repo.id, moves)
        };
        self.shared.move_refs(repo, actor, &moves).await
    }

    /// Where a ref points, by its full name: a commit, or an annotated tag's own object.
    ///
    /// # Errors
    /// When the repository is not there.
    pub fn object_of(&self, repo: &str, full_name: &str) -> Result<Option<String>, Missing> {
        Ok(self.shared.world().repo(repo)?.tip(full_name).map(str::to_owned))
    }

    /// Every ref by its full name, and where it points.
    ///
    /// # Errors
    /// When the repository is not there.
    pub fn refs(&self, repo: &str) -> Result<Vec<(String, String)>, Missing> {
        Ok(self.shared.world().repo(repo)?.all_refs())
    }

    /// A branch's, tag's or commit's own commit and everything before it, as git lists it.
    ///
    /// # Errors
    /// When the repository or the revision is not there.
    pub async fn history(&self, repo: &str, revision: &str) -> Result<Vec<String>, VerbError> {
        let (dir, sha) = {
            let world = self.shared.world();
            let repo = world.repo(repo)?;
            (repo.dir.clone(), world.resolve(repo, revision)?)
        };
        Ok(git::history(&dir, &sha).await?)
    }

    /// A file as a branch, tag or commit has it; `None` when it has none there.
    ///
    /// # Errors
    /// When the repository or the revision is not there.
    pub async fn file(&self, repo: &str, revision: &str, path: &str) -> Result<Option<String>, VerbError> {
        let (dir, sha) = {
            let world = self.shared.world();
            let repo = world.repo(repo)?;
            (repo.dir.clone(), world.resolve(repo, revision)?)
        };
        Ok(git::text(&dir, &sha, path).await?)
    }

    async fn put_tag(&self, step: Tag) -> Result<String, VerbError> {
        let name = format!("refs/tags/{}", step.tag);
        let Some(message) = &step.message else {
            return self
                .move_one((&step.actor, &step.repo), &name, |world, repo| {
                    Ok(Some(world.resolve(repo, step.at.as_deref().unwrap_or(&repo.default_branch))?))
                })
                .await;
        };
        let (dir, store, mut object, root) = {
            let world = self.shared.world();
            let (account, repo) = (world.account(&step.actor)?, world.repo(&step.repo)?);
            let object = TagObject {
                sha: String::new(),
                name: step.tag.clone(),
                target: world.resolve(repo, step.at.as_deref().unwrap_or(&repo.default_branch))?,
                message: message.clone(),
                tagger: Ident { name: account.login.clone(), email: account.noreply() },
                date: world.clock.story() + 1,
            };
            (repo.dir.clone(), world.store_dir(repo), object, repo.root)
        };
        object.sha = git::tag((&dir, &store), &object).await?;
        let sha = object.sha.clone();
        self.shared.world().graphs.entry(root).or_default().insert_tag(object);
        self.move_one((&step.actor, &step.repo), &name, |_, _| Ok(Some(sha.clone()))).await
    }

    /// Moves one ref as a push of its own. Answers where it is then.
    async fn move_one(
        &self,
        (actor, repo): (&str, &str),
        name: &str,
        target: impl FnOnce(&World, &Repo) -> Result<Option<String>, VerbError>,
    ) -> Result<String, VerbError> {
        let _turn = self.shared.turn.lock().await;
        let (actor, repo, one) = {
            let mut world = self.shared.world();
            world.clock.tick();
            let actor = world.account(actor)?.id;
            let repo = world.repo(repo)?;
            let after = target(&world, repo)?;
            let one = Move::new(&world, repo, name, after.as_deref());
            fits(&one, repo)?;
            judge(&world, (repo, actor), std::slice::from_ref(&one))?;
            (actor, repo.id, one)
        };
        self.shared.move_refs(repo, actor, std::slice::from_ref(&one)).await?;
        Ok(one.after.unwrap_or_default())
    }
}

/// Whether git could hold the ref.
fn fits(one: &Move, repo: &Repo) -> Result<(), VerbError> {
    let name = &one.name;
    if one.before.is_none() && one.after.is_none() {
        return Err(Missing::new("ref", name).into());
    }
    if !is_full_name(name) || name.starts_with("refs/pull/") {
        return Err(VerbError::Refused(format!("`{name}` is no name for a ref")));
    }
    match repo.in_the_way(name).filter(|_| one.after.is_some() && one.before.is_none()) {
        Some(other) => Err(VerbError::Refused(format!("`{other}` is in the way of `{name}`"))),
        None => Ok(()),
    }
}
