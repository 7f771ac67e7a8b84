//! The merge queue: groups are formed, dissolved and landed.

use std::path::Path;

use serde_json::json;

use super::VerbError;
use super::merge::{signed_by_github, web_flow};
use crate::git::{self, Edit, GitError, NewCommit};
use crate::moves::{self, Move};
use crate::payload::event;
use crate::payload::queue::merge_group;
use crate::pull::{Merged, PullStatus};
use crate::queue::{Entry, Group, QUEUE_BOT, Readiness};
use crate::repo::Ident;
use crate::server::{FakeGithub, Shared};
use crate::step::{Dequeue, DestroyGroup, Enqueue, LandGroup};
use crate::world::{Missing, World};

/// Who wants which pull request to land, since when.
#[derive(Clone)]
struct Wish {
    number: u64,
    enqueuer: u64,
    at: i64,
    id: u64,
}

impl FakeGithub {
    /// Puts pull requests into the merge queue of their base branch, as one group. Answers the group's head.
    ///
    /// # Errors
    /// When one is not there, not open, a draft, queued already or of another base, and when it conflicts.
    pub async fn enqueue(&self, step: Enqueue) -> Result<String, VerbError> {
        let _turn = self.shared.turn.lock().await;
        let (repo, base, actor, wishes) = {
            let mut world = self.shared.world();
            world.clock.tick();
            let actor = world.account(&step.actor)?.id;
            let (repo, at) = (world.repo(&step.repo)?.id, world.clock.story());
            let base = queueable(&world, repo, &step.numbers())?;
            let mut wishes = Vec::new();
            for number in step.numbers() {
                wishes.push(Wish { number, enqueuer: actor, at, id: world.next_id() });
            }
            (repo, base, actor, wishes)
        };
        let group = self.shared.form(repo, &base, &wishes).await?;
        let mut world = self.shared.world();
        world.repo_mut(repo)?.queues.entry(base).or_default().push(group.clone());
        for wish in &wishes {
            event::pull_request(&mut world, "enqueued", (repo, wish.number), actor, json!({}));
        }
        announce(&mut world, repo, &group);
        drop(world);
        self.told();
        Ok(group.head_sha)
    }

    /// Takes a pull request out of the merge queue; its group goes away, and what stands behind is formed anew.
    ///
    /// # Errors
    /// When it is not in a queue.
    pub async fn dequeue(&self, step: Dequeue) -> Result<(), VerbError> {
        let _turn = self.shared.turn.lock().await;
        let turn = self.on_pull(&step.actor, &step.repo, step.pull)?;
        self.shared.take_out(turn.at.0, &[step.pull], turn.actor, (&step.reason, "dequeued")).await
    }

    /// Lets a whole group leave the queue; what stands behind is formed anew.
    ///
    /// # Errors
    /// When the pull request is not in a queue.
    pub async fn destroy_group(&self, step: DestroyGroup) -> Result<(), VerbError> {
        let _turn = self.shared.turn.lock().await;
        let (repo, group) = self.find_group(&step.repo, step.pull)?;
        let numbers: Vec<u64> = group.entries.iter().map(|entry| entry.number).collect();
        self.shared.take_out(repo, &numbers, QUEUE_BOT.1, (step.reason.removal(), step.reason.word())).await
    }

    /// Merges the group: the base moves to the group's head. Answers that head.
    ///
    /// # Errors
    /// When the group is not the first, or a required check has not succeeded and nobody forces it.
    pub async fn land_group(&self, step: LandGroup) -> Result<String, VerbError> {
        let _turn = self.shared.turn.lock().await;
        let (repo, group) = self.find_group(&step.repo, step.pull)?;
        let one = {
            let world = self.shared.world();
            let found = world.repos.get(&repo).ok_or_else(|| Missing::new("repository", repo))?;
            if found.branches.get(&group.base_ref) != Some(&group.base_sha) {
                return Err(VerbError::Refused(format!("`{}` does not build on the base", group.branch)));
            }
            if !step.force && world.readiness(found, &group) != Readiness::Green {
                return Err(VerbError::Refused(format!(
                    "a check that `{}` requires is not green",
                    group.base_ref
                )));
            }
            let name = format!("refs/heads/{}", group.base_ref);
            Move { merges: true, lands: true, ..Move::new(&world, found, &name, Some(&group.head_sha)) }
        };
        leave(&mut self.shared.world(), repo, &group)?;
        self.shared.move_refs(repo, QUEUE_BOT.1, std::slice::from_ref(&one)).await?;
        let mut world = self.shared.world();
        land(&mut world, repo, &group)?;
        merge_group(&mut world, "destroyed", repo, QUEUE_BOT.1, &group, Some("merged"));
        drop(world);
        self.told();
        Ok(group.head_sha)
    }

    fn find_group(&self, repo: &str, pull: u64) -> Result<(u64, Group), VerbError> {
        let mut world = self.shared.world();
        world.clock.tick();
        let repo = world.repo(repo)?;
        let group = repo.group_of(pull).ok_or_else(|| Missing::new("queued pull request", pull))?;
        Ok((repo.id, group.clone()))
    }
}

impl Shared {
    /// Removes pull requests of one group; it and all behind it are destroyed, and formed anew of what is left.
    pub(crate) async fn take_out(
        &self,
        repo: u64,
        gone: &[u64],
        sender: u64,
        (removal, destruction): (&str, &str),
    ) -> Result<(), VerbError> {
        let (base, left) = {
            let mut world = self.world();
            let found = world.repo_mut(repo)?;
            let group = gone.first().and_then(|number| found.group_of(*number));
            let base = group
                .ok_or_else(|| Missing::new("queued pull request", format!("{gone:?}")))?
                .base_ref
                .clone();
            let queue = found.queues.entry(base.clone()).or_default();
            let place = queue.iter().position(|group| gone.iter().any(|number| group.has(*number)));
            let destroyed = queue.split_off(place.unwrap_or(queue.len()));
            for group in &destroyed {
                found.branches.remove(&group.branch);
                git::delete_ref(&found.dir, &format!("refs/heads/{}", group.branch))?;
            }
            for number in gone {
                event::pull_request(
                    &mut world,
                    "dequeued",
                    (repo, *number),
                    sender,
                    json!({ "reason": removal }),
                );
            }
            for (index, group) in destroyed.iter().enumerate() {
                let reason = if index == 0 { destruction } else { "invalidated" };
                merge_group(&mut world, "destroyed", repo, QUEUE_BOT.1, group, Some(reason));
            }
            (base, destroyed.iter().map(|group| wishes(group, gone)).collect::<Vec<_>>())
        };
        for wishes in left.into_iter().filter(|wishes| !wishes.is_empty()) {
            let group = self.form(repo, &base, &wishes).await?;
            let mut world = self.world();
            world.repo_mut(repo)?.queues.entry(base.clone()).or_default().push(group.clone());
            announce(&mut world, repo, &group);
        }
        self.mail.notify_one();
        Ok(())
    }

    /// Merges each pull request on what stands in the queue, or on the base; makes the group's branch.
    async fn form(&self, repo: u64, base_ref: &str, wishes: &[Wish]) -> Result<Group, VerbError> {
        let (place, store, base_sha, signed) = {
            let world = self.world();
            let found = world.repos.get(&repo).ok_or_else(|| Missing::new("repository", repo))?;
            let last = found.queues.get(base_ref).and_then(|queue| queue.last());
            let tip = last.map(|group| &group.head_sha).or(found.branches.get(base_ref)).cloned();
            let tip = tip.ok_or_else(|| Missing::new("branch", base_ref))?;
            (found.clone(), world.store_dir(found), tip, signed_by_github(&world))
        };
        let mut on = base_sha.clone();
        let mut entries = Vec::new();
        for wish in wishes {
            let mut commit = merge_of(&self.world(), repo, wish, &on)?;
            let tree = merged_tree((&place.dir, &store), &commit.parents).await?;
            commit.edits.push(Edit::Tree { sha: tree });
            let made = self.make_commits(&place, &store, &[commit], Some(&signed)).await?;
            let head_sha = made.into_iter().next_back().unwrap_or_default();
            let Wish { id, number, enqueuer, at: enqueued_at } = *wish;
            let base_sha = std::mem::replace(&mut on, head_sha.clone());
            entries.push(Entry { id, number, enqueuer, enqueued_at, base_sha, head_sha });
        }
        let last = wishes.last().map_or(0, |wish| wish.number);
        let branch = format!("gh-readonly-queue/{base_ref}/pr-{last}-{base_sha}");
        git::set_ref(&place.dir, &format!("refs/heads/{branch}"), &on)?;
        self.world().repo_mut(repo)?.branches.insert(branch.clone(), on.clone());
        Ok(Group { branch, base_ref: base_ref.to_owned(), base_sha, head_sha: on, entries })
    }
}

/// The base branch that all of them share.
fn queueable(world: &World, repo: u64, numbers: &[u64]) -> Result<String, VerbError> {
    let repo = world.repos.get(&repo).ok_or_else(|| Missing::new("repository", repo))?;
    let refused = |number: &u64, why: &str| Err(VerbError::Refused(format!("#{number} {why}")));
    let mut base: Option<String> = None;
    for number in numbers {
        let pull = repo.pulls.get(number).ok_or_else(|| Missing::new("pull request", number))?;
        let state = pull.now();
        if state.status != PullStatus::Open || state.draft {
            return refused(number, "is not open for merging");
        }
        if repo.group_of(*number).is_some() || numbers.iter().filter(|other| *other == number).count() > 1 {
            return refused(number, "is in the queue already");
        }
        if base.get_or_insert_with(|| state.ends.base_ref.clone()) != &state.ends.base_ref {
            return refused(number, "has another base");
        }
    }
    base.ok_or_else(|| VerbError::Refused("a group needs a pull request".to_owned()))
}

fn wishes(group: &Group, gone: &[u64]) -> Vec<Wish> {
    let left = group.entries.iter().filter(|entry| !gone.contains(&entry.number));
    left.map(|entry| Wish {
        number: entry.number,
        enqueuer: entry.enqueuer,
        at: entry.enqueued_at,
        id: entry.id,
    })
    .collect()
}

fn merge_of(world: &World, repo: u64, wish: &Wish, on: &str) -> Result<NewCommit, VerbError> {
    let found = world.repos.get(&repo).and_then(|repo| repo.pulls.get(&wish.number));
    let pull = found.ok_or_else(|| Missing::new("pull request", wish.number))?;
    let state = pull.now();
    let author = world.living(wish.enqueuer).map_or_else(
        || Ident { name: "ghost".to_owned(), email: "ghost@users.noreply.github.example".to_owned() },
        |account| Ident { name: account.login.clone(), email: account.noreply() },
    );
    Ok(NewCommit {
        parents: vec![on.to_owned(), state.ends.head_sha.clone()],
        message: format!(
            "Merge pull request #{} from {}/{}\n\n{}",
            pull.number, pull.head_owner, pull.head_ref, state.title
        ),
        author,
        committer: web_flow(),
        date: world.clock.story(),
        edits: Vec::new(),
        names_encoding: false,
    })
}

/// The tree of both parents.
async fn merged_tree(folders: (&Path, &Path), parents: &[String]) -> Result<String, VerbError> {
    let [ours, theirs] = parents else { return Err(Missing::new("parents", parents.len()).into()) };
    let tree = git::merge_tree(folders, None, ours, theirs).await?;
    let conflict = || GitError::Refused { verb: "merge-tree", complaint: "the sides conflict".to_owned() };
    Ok(tree.ok_or_else(conflict)?)
}

/// The group's branch was pushed, and asks for checks.
fn announce(world: &mut World, repo: u64, group: &Group) {
    let one = Move {
        name: format!("refs/heads/{}", group.branch),
        before: None,
        after: Some(group.head_sha.clone()),
        forced: false,
        merges: false,
        lands: false,
    };
    event::pushed(world, QUEUE_BOT.1, repo, std::slice::from_ref(&one));
    merge_group(world, "checks_requested", repo, QUEUE_BOT.1, group, None);
}

/// The group leaves the queue, and its branch goes.
fn leave(world: &mut World, repo: u64, group: &Group) -> Result<(), VerbError> {
    let found = world.repo_mut(repo)?;
    if let Some(queue) = found.queues.get_mut(&group.base_ref) {
        queue.retain(|other| other.branch != group.branch);
    }
    found.branches.remove(&group.branch);
    Ok(git::delete_ref(&found.dir, &format!("refs/heads/{}", group.branch))?)
}

/// Every pull request of the group is merged.
fn land(world: &mut World, repo: u64, group: &Group) -> Result<(), VerbError> {
    let now = world.clock.story();
    for entry in &group.entries {
        let at = (repo, entry.number);
        let (sha, base_before) = (entry.head_sha.clone(), entry.base_sha.clone());
        moves::merged(world, at, Merged { by: entry.enqueuer, at: now, sha, base_before })?;
        event::pull_request(world, "dequeued", at, QUEUE_BOT.1, json!({ "reason": "MERGE" }));
        event::pull_request(world, "closed", at, QUEUE_BOT.1, json!({}));
    }
    Ok(())
}
