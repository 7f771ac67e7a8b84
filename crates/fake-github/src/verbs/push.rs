//! Creating repositories, and pushing to them.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;

use super::VerbError;
use crate::discussion::What;
use crate::git::{self, Edit, GitError, NewCommit};
use crate::payload::event::{self, Moved};
use crate::pull::{Ends, Stat};
use crate::repo::{Activity, Commit, Ident, Repo, Signed};
use crate::server::FakeGithub;
use crate::stage::RepoSpec;
use crate::step::{Push, Signature};
use crate::world::{Missing, World};

/// All that git needs to know of a push, read under the lock.
struct Plan {
    actor: u64,
    repo: Repo,
    store: PathBuf,
    before: Option<String>,
    forced: bool,
    chain: Vec<NewCommit>,
    signature: Option<Signed>,
}

impl FakeGithub {
    /// Makes a repository with its first commit; a fork starts with its parent's branches.
    pub(crate) async fn create_repo(&self, spec: &RepoSpec) -> Result<(), VerbError> {
        let (repo, store, owner) = {
            let mut world = self.shared.world();
            let repo = world.add_repo(spec)?;
            let store = world.store_dir(&repo);
            let owner = spec.admins.first().or(spec.writers.first()).cloned();
            (repo.clone(), store, owner.unwrap_or_else(|| repo.owner.clone()))
        };
        git::init(&repo.dir, &repo.default_branch, repo.fork_of.map(|_| store.as_path()))?;
        for (branch, sha) in &repo.branches {
            git::set_ref(&repo.dir, &format!("refs/heads/{branch}"), sha)?;
        }
        if repo.fork_of.is_some() {
            return Ok(());
        }
        let mut first = Push::new(&owner, &spec.name, &spec.default_branch).message("first");
        first.files.clone_from(&spec.files);
        self.push(first).await.map(|_| ())
    }

    /// Commits and moves a branch; open pull requests from it follow. Answers the new tip.
    ///
    /// # Errors
    /// When the repository or the starting point is not there, when the branch would lose commits without
    /// `force`, or when git refuses.
    pub async fn push(&self, push: Push) -> Result<String, VerbError> {
        let _turn = self.shared.turn.lock().await;
        let plan = {
            let mut world = self.shared.world();
            world.clock.tick();
            plan(&world, &push)?
        };
        let made = git::commit(&plan.repo.dir, &plan.store, &push.branch, &plan.chain).await?;
        let after = made.last().map(|made| made.sha.clone()).unwrap_or_default();
        {
            let mut world = self.shared.world();
            let graph = world.graphs.entry(plan.repo.root).or_default();
            let mut parents = None;
            for (new, made) in plan.chain.iter().zip(&made) {
                let touched = graph.touch(&new.edits);
                graph.insert(Commit {
                    touched,
                    sha: made.sha.clone(),
                    tree: made.tree.clone(),
                    parents: parents.unwrap_or_else(|| new.parents.clone()),
                    message: new.message.clone(),
                    author: new.author.clone(),
                    committer: new.committer.clone(),
                    date: new.date,
                    signature: plan.signature.clone(),
                });
                parents = Some(vec![made.sha.clone()]);
            }
            world.repo_mut(plan.repo.id)?.branches.insert(push.branch.clone(), after.clone());
            let moved = Moved {
                repo: plan.repo.id,
                branch: &push.branch,
                before: plan.before.as_deref(),
                after: &after,
                forced: plan.forced,
            };
            event::push(&mut world, plan.actor, &moved);
            note(&mut world, plan.actor, &moved)?;
        }
        self.pulls_follow(&plan, &push.branch, &after).await?;
        self.runs_of_push(plan.actor, plan.repo.id, &push.branch, &after).await?;
        self.told();
        Ok(after)
    }

    /// Adds a commit with these files to a branch.
    ///
    /// # Errors
    /// As [`FakeGithub::push`].
    pub async fn push_as<'f>(
        &self,
        actor: &str,
        repo: &str,
        branch: &str,
        files: impl IntoIterator<Item = (&'f str, &'f str)>,
    ) -> Result<String, VerbError> {
        let push = Push::new(actor, repo, branch);
        self.push(files.into_iter().fold(push, |push, (path, content)| push.file(path, content))).await
    }

    /// Each open pull request from the branch gets the new head, its ref, and `synchronize`.
    async fn pulls_follow(&self, plan: &Plan, branch: &str, after: &str) -> Result<(), VerbError> {
        let following = self.shared.world().pulls_of_branch(plan.repo.id, branch);
        for at in following {
            let base_ref = self.shared.world().pull_mut(at.0, at.1)?.now().ends.base_ref.clone();
            let ends = self.ends(at.0, &base_ref, after).await?;
            self.point_pull_ref(at, after)?;
            let mut world = self.shared.world();
            let now = world.clock.story();
            let pull = world.pull_mut(at.0, at.1)?;
            let before = pull.now().ends.head_sha.clone();
            pull.change(now, |state| {
                if plan.forced {
                    let (before, after) = (state.ends.head_sha.clone(), after.to_owned());
                    state.note(plan.actor, now, What::HeadRefForcePushed { before, after });
                }
                state.ends = ends;
            });
            let extra = json!({ "before": before, "after": after });
            event::pull_request(&mut world, "synchronize", at, plan.actor, extra);
        }
        Ok(())
    }

    /// Keeps `refs/pull/N/head` of the base repository at the head.
    pub(super) fn point_pull_ref(&self, at: (u64, u64), sha: &str) -> Result<(), VerbError> {
        let dir = self.shared.world().repo_mut(at.0)?.dir.clone();
        Ok(git::set_ref(&dir, &format!("refs/pull/{}/head", at.1), sha)?)
    }

    /// What lies between a base branch and a head, as it stands now.
    pub(super) async fn ends(&self, repo: u64, base_ref: &str, head: &str) -> Result<Ends, VerbError> {
        let (dir, base_sha, commits) = {
            let world = self.shared.world();
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

/// Adds the push to the repository's list of activities, whose numbers are its own.
fn note(world: &mut World, actor: u64, moved: &Moved<'_>) -> Result<(), Missing> {
    let at = world.clock.story();
    let repo = world.repo_mut(moved.repo)?;
    let count = u64::try_from(repo.activities.len()).unwrap_or_default();
    repo.activities.push(Activity {
        id: repo.id.saturating_mul(1_000_000).saturating_add(count),
        actor,
        reference: format!("refs/heads/{}", moved.branch),
        before: moved.before.map_or_else(|| "0".repeat(40), str::to_owned),
        after: moved.after.to_owned(),
        kind: match moved.before {
            None => "branch_creation",
            Some(_) if moved.forced => "force_push",
            Some(_) => "push",
        },
        at,
    });
    Ok(())
}

fn plan(world: &World, push: &Push) -> Result<Plan, VerbError> {
    let account = world.account(&push.actor)?;
    let repo = world.repo(&push.repo)?;
    let before = repo.branches.get(&push.branch).cloned();
    let start = match (&push.from, &before) {
        (Some(from), _) => Some(world.resolve(repo, from)?),
        (None, Some(tip)) => Some(tip.clone()),
        (None, None) => repo.branches.get(&repo.default_branch).cloned(),
    };
    let keeps = match (&before, &start, world.graph(repo)) {
        (Some(before), Some(start), Some(graph)) => graph.is_ancestor(before, start),
        _ => true,
    };
    if !keeps && !push.force {
        let branch = &push.branch;
        return Err(VerbError::Refused(format!(
            "`{branch}` would lose commits: say `force`, or leave `from` out"
        )));
    }
    let author = match &push.author {
        Some(text) => ident(text)?,
        None => Ident { name: account.login.clone(), email: account.noreply() },
    };
    let committer = push.committer.as_deref().map(ident).transpose()?.unwrap_or_else(|| author.clone());
    let merged = push.merge.as_deref().map(|other| world.resolve(repo, other)).transpose()?;
    let first = NewCommit {
        parents: start.into_iter().chain(merged).collect(),
        message: message(push),
        author,
        committer,
        date: world.clock.story(),
        edits: edits(push),
    };
    let again = NewCommit { edits: Vec::new(), parents: Vec::new(), ..first.clone() };
    let repeats = usize::try_from(push.repeat.saturating_sub(1)).unwrap_or(0);
    let chain = std::iter::once(first).chain(std::iter::repeat_n(again, repeats)).collect();
    let signature = push.signature.as_ref().map(|signature| signed(world, signature)).transpose()?;
    let store = world.store_dir(repo);
    Ok(Plan { actor: account.id, store, before, forced: !keeps, chain, signature, repo: repo.clone() })
}

fn ident(text: &str) -> Result<Ident, VerbError> {
    let problem = || VerbError::Refused(format!("`{text}` is not `Name <email>`"));
    Ident::parse(text).ok_or_else(problem)
}

fn signed(world: &World, signature: &Signature) -> Result<Signed, VerbError> {
    let signer = signature.signer.as_deref().map(|login| world.account(login)).transpose()?;
    Ok(Signed {
        state: signature.state.clone(),
        by_github: signature.by_github,
        signer: signer.map(|account| account.id),
    })
}

fn message(push: &Push) -> String {
    if !push.message.is_empty() {
        return push.message.clone();
    }
    let mut paths: Vec<&str> = push.files.keys().map(String::as_str).collect();
    paths.extend(push.symlinks.keys().map(String::as_str));
    paths.extend(push.delete.iter().map(String::as_str));
    paths.extend(push.renames.values().map(String::as_str));
    if paths.is_empty() { "change nothing".to_owned() } else { format!("change {}", paths.join(", ")) }
}

/// Renames come first, so that a renamed file can be written to in the same push.
fn edits(push: &Push) -> Vec<Edit> {
    let mut edits = Vec::new();
    for (from, to) in &push.renames {
        edits.push(Edit::Rename { from: from.clone(), to: to.clone() });
    }
    edits.extend(push.delete.iter().map(|path| Edit::Delete { path: path.clone() }));
    for (path, content) in &push.files {
        let mode = if push.executable.contains(path) { "100755" } else { "100644" };
        edits.push(Edit::File { mode, path: path.clone().into_bytes(), content: content.clone() });
    }
    for (path, content) in &push.encoded_files {
        edits.push(Edit::File { mode: "100644", path: decoded(path), content: content.clone() });
    }
    if let Some(many) = &push.many {
        let file = |path: String| Edit::File {
            mode: "100644",
            path: path.into_bytes(),
            content: many.content.clone(),
        };
        edits.extend(many.paths().map(file));
    }
    for (path, target) in &push.symlinks {
        edits.push(Edit::File { mode: "120000", path: path.clone().into_bytes(), content: target.clone() });
    }
    for (path, sha) in &push.submodules {
        edits.push(Edit::Submodule { path: path.clone(), sha: sha.clone() });
    }
    edits
}

/// Undoes percent-encoding; a `%` without two hex digits stands for itself.
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| *first == b'%').and_then(|two| std::str::from_utf8(two).ok());
        match digits.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn any_byte_can_be_said() {
        assert_eq!(decoded("src/caf%e9 100%.ts%FF"), b"src/caf\xe9 100%.ts\xff");
    }
}
