//! Moving refs: one push, however many refs it moves, by a person or through the API.
//!
//! Refs move in the bare repository and in the state, what GitHub would send is left in the outbox, the list of
//! activities grows, and pull requests follow their branches. Whether it may happen is judged before, by
//! [`rules`](crate::rules); callers hold the turn.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use crate::discussion::What;
use crate::git::{self, Changed, GitError, NewCommit};
use crate::payload::event;
use crate::pull::{Ends, Merged, PullStatus, Stat};
use crate::refs::{Kind, NOTHING};
use crate::repo::{Activity, Commit, Repo, Signed};
use crate::server::Shared;
use crate::verbs::VerbError;
use crate::world::{Missing, World};

/// Where commits are made before a ref moves to them.
const SCRATCH: &str = "refs/fake/new";

/// One ref that moves, comes or goes.
#[derive(Debug, Clone)]
pub(crate) struct Move {
    /// The full name.
    pub(crate) name: String,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
    /// Whether commits are lost.
    pub(crate) forced: bool,
    /// Whether it is the merge of a pull request.
    pub(crate) merges: bool,
    /// Whether the merge queue merges, rather than a person.
    pub(crate) lands: bool,
}

impl Move {
    /// A move from where the ref is now.
    pub(crate) fn new(world: &World, repo: &Repo, name: &str, after: Option<&str>) -> Self {
        let before = repo.tip(name);
        let forced = match (before, after, world.graph(repo)) {
            (Some(before), Some(after), Some(graph)) => {
                !graph.is_ancestor(graph.peel(before), graph.peel(after))
            }
            _ => false,
        };
        Self {
            name: name.to_owned(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
            forced,
            merges: false,
            lands: false,
        }
    }

    fn activity(&self) -> &'static str {
        match (&self.before, &self.after) {
            (None, _) => "branch_creation",
            (_, None) => "branch_deletion",
            _ if self.lands => "merge_queue_merge",
            _ if self.merges => "pr_merge",
            _ if self.forced => "force_push",
            _ => "push",
        }
    }
}

impl Shared {
    /// Makes commits that no ref points at yet, and answers their ids, oldest first.
    pub(crate) async fn make_commits(
        &self,
        repo: &Repo,
        store: &Path,
        chain: &[NewCommit],
        signature: Option<&Signed>,
    ) -> Result<Vec<String>, VerbError> {
        let made = git::commit(&repo.dir, store, SCRATCH, chain).await?;
        git::delete_ref(&repo.dir, SCRATCH)?;
        let mut parents: Option<Vec<String>> = None;
        for (new, made) in chain.iter().zip(&made) {
            let parents_of = parents.replace(vec![made.sha.clone()]).unwrap_or_else(|| new.parents.clone());
            let whole = match (new.edits.first(), parents_of.first()) {
                (Some(git::Edit::Tree { .. }), Some(parent)) => {
                    Some(Changed::touched(git::changed(&repo.dir, parent, &made.sha).await?))
                }
                _ => None,
            };
            let mut world = self.world();
            let graph = world.graphs.entry(repo.root).or_default();
            let touched = graph.touch(&new.edits);
            graph.insert(Commit {
                touched: whole.unwrap_or(touched),
                sha: made.sha.clone(),
                tree: made.tree.clone(),
                parents: parents_of,
                message: new.message.clone(),
                author: new.author.clone(),
                committer: new.committer.clone(),
                date: new.date,
                signature: signature.cloned(),
            });
        }
        Ok(made.into_iter().map(|made| made.sha).collect())
    }

    /// Moves the refs, tells of it, and lets pull requests follow.
    pub(crate) async fn move_refs(&self, repo: u64, actor: u64, moves: &[Move]) -> Result<(), VerbError> {
        let dir = self.world().repo_mut(repo)?.dir.clone();
        // What goes makes room: a branch `a` is in the way of `a/b`.
        for gone in moves.iter().filter(|one| one.after.is_none()) {
            git::delete_ref(&dir, &gone.name)?;
        }
        for one in moves {
            if let Some(sha) = &one.after {
                git::set_ref(&dir, &one.name, sha)?;
            }
        }
        {
            let mut world = self.world();
            for one in moves {
                world.repo_mut(repo)?.point(&one.name, one.after.as_deref());
            }
            event::pushed(&mut world, actor, repo, moves);
            for one in moves {
                note(&mut world, repo, actor, one)?;
            }
        }
        for one in moves {
            if let (Kind::Branch, branch) = Kind::of(&one.name) {
                match &one.after {
                    Some(after) => {
                        self.heads_follow((repo, branch), (after, one.forced), actor).await?;
                        self.bases_follow((repo, branch), one, actor)?;
                        self.runs_of_push(actor, repo, branch, after).await?;
                    }
                    None => self.close_orphans((repo, branch), actor)?,
                }
            }
        }
        self.mail.notify_one();
        Ok(())
    }

    /// Each open pull request from the branch gets the new head, its ref, and `synchronize`.
    async fn heads_follow(
        &self,
        (repo, branch): (u64, &str),
        (after, forced): (&str, bool),
        actor: u64,
    ) -> Result<(), VerbError> {
        let following = self.world().pulls_of_branch(repo, branch);
        for at in following {
            let base_ref = self.world().pull_mut(at.0, at.1)?.now().ends.base_ref.clone();
            let ends = self.ends(at.0, &base_ref, after).await?;
            self.point_pull_ref(at, after)?;
            let mut world = self.world();
            let now = world.clock.story();
            let pull = world.pull_mut(at.0, at.1)?;
            let before = pull.now().ends.head_sha.clone();
            pull.change(now, |state| {
                if forced {
                    let (before, after) = (state.ends.head_sha.clone(), after.to_owned());
                    state.note(actor, now, What::HeadRefForcePushed { before, after });
                }
                state.ends = ends;
            });
            let extra = json!({ "before": before, "after": after });
            event::pull_request(&mut world, "synchronize", at, actor, extra);
        }
        Ok(())
    }

    /// A pull request whose head arrives in its base by another way counts as merged.
    /// <https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/incorporating-changes-from-a-pull-request/about-pull-request-merges#indirect-merges>
    fn bases_follow(&self, (id, branch): (u64, &str), one: &Move, actor: u64) -> Result<(), VerbError> {
        let (Some(after), false) = (&one.after, one.merges) else { return Ok(()) };
        let mut world = self.world();
        let Some(repo) = world.repos.get(&id) else { return Ok(()) };
        let Some(graph) = world.graph(repo) else { return Ok(()) };
        let arrived: Vec<u64> = (repo.pulls.values())
            .filter(|pull| {
                let state = pull.now();
                state.status == PullStatus::Open
                    && state.ends.base_ref == branch
                    && !state.ends.commits.is_empty()
                    && graph.is_ancestor(&state.ends.head_sha, after)
            })
            .map(|pull| pull.number)
            .collect();
        let (at, sha) = (world.clock.story(), after.clone());
        let how = Merged { by: actor, at, sha, base_before: one.before.clone().unwrap_or_default() };
        for number in arrived {
            merged(&mut world, (id, number), how.clone())?;
            event::pull_request(&mut world, "closed", (id, number), actor, json!({}));
        }
        Ok(())
    }

    /// A pull request that loses one of its branches is closed.
    fn close_orphans(&self, (repo, branch): (u64, &str), actor: u64) -> Result<(), VerbError> {
        let mut world = self.world();
        let mut orphans = world.pulls_of_branch(repo, branch);
        let onto = world.repo_mut(repo)?.pulls.values();
        let lost =
            onto.filter(|pull| pull.now().status == PullStatus::Open && pull.now().ends.base_ref == branch);
        orphans.extend(lost.map(|pull| (repo, pull.number)));
        orphans.sort_unstable();
        orphans.dedup();
        let now = world.clock.story();
        for at in orphans {
            world.pull_mut(at.0, at.1)?.change(now, |state| {
                state.status = PullStatus::Closed;
                state.closed_at = Some(now);
            });
            event::pull_request(&mut world, "closed", at, actor, json!({}));
        }
        Ok(())
    }

    /// Keeps `refs/pull/N/head` of the base repository at the head.
    pub(crate) fn point_pull_ref(&self, at: (u64, u64), sha: &str) -> Result<(), VerbError> {
        let dir = self.world().repo_mut(at.0)?.dir.clone();
        Ok(git::set_ref(&dir, &format!("refs/pull/{}/head", at.1), sha)?)
    }

    /// What lies between a base branch and a head, as it stands now.
    pub(crate) async fn ends(&self, repo: u64, base_ref: &str, head: &str) -> Result<Ends, VerbError> {
        let (dir, base_sha, commits) = {
            let world = self.world();
            let repo = world.repos.get(&repo).ok_or_else(|| Missing::new("repository", repo))?;
            let base = repo.branches.get(base_ref).ok_or_else(|| Missing::new("branch", base_ref))?;
            let commits = world.graph(repo).map(|graph| graph.between(base, head)).unwrap_or_default();
            (repo.dir.clone(), base.clone(), commits)
        };
        let stat = match git::stat(&dir, &base_sha, head).await {
            Ok(stat) => stat,
            // Histories without a merge base have no diff to count.
            Err(GitError::Refused { .. }) => Stat::default(),
            Err(error) => return Err(error.into()),
        };
        let (base_ref, head_sha) = (base_ref.to_owned(), head.to_owned());
        Ok(Ends { base_ref, base_sha, head_sha, commits: Arc::new(commits), stat })
    }
}

/// Marks a pull request as merged; the caller tells of it.
pub(crate) fn merged(world: &mut World, at: (u64, u64), how: Merged) -> Result<(), Missing> {
    world.pull_mut(at.0, at.1)?.change(how.at, |state| {
        state.status = PullStatus::Merged;
        state.closed_at = Some(how.at);
        state.merged = Some(how.clone());
        state.auto_merge_by = None;
    });
    Ok(())
}

/// Adds the move to the repository's list of activities, which knows branches only and whose numbers are its own.
fn note(world: &mut World, id: u64, actor: u64, one: &Move) -> Result<(), Missing> {
    if Kind::of(&one.name).0 != Kind::Branch {
        return Ok(());
    }
    let at = world.clock.story();
    let repo = world.repo_mut(id)?;
    let count = u64::try_from(repo.activities.len()).unwrap_or_default();
    let oid = |end: &Option<String>| end.clone().unwrap_or_else(|| NOTHING.to_owned());
    repo.activities.push(Activity {
        id: repo.id.saturating_mul(1_000_000).saturating_add(count),
        actor,
        reference: one.name.clone(),
        before: oid(&one.before),
        after: oid(&one.after),
        kind: one.activity(),
        at,
    });
    Ok(())
}
