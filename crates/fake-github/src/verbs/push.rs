//! Creating repositories, and pushing to them.

use std::path::PathBuf;

use super::VerbError;
use crate::git::{self, Edit, NewCommit};
use crate::moves::Move;
use crate::repo::{Commit, Ident, Repo, Signed};
use crate::rules;
use crate::server::FakeGithub;
use crate::stage::RepoSpec;
use crate::step::{Push, Signature};
use crate::world::{Missing, World};

/// All that git needs to know of a push, read under the lock.
struct Plan {
    actor: u64,
    repo: Repo,
    store: PathBuf,
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
        for (name, sha) in repo.all_refs() {
            git::set_ref(&repo.dir, &name, &sha)?;
        }
        if repo.fork_of.is_some() {
            return Ok(());
        }
        let mut first = Push::new(&owner, &spec.name, &spec.default_branch).message("first");
        first.files.clone_from(&spec.files);
        let _turn = self.shared.turn.lock().await;
        // Rules guard what is there, not how it came.
        self.push_in_turn(first, |_, _, _| Ok(())).await.map(|_| ())
    }

    /// Commits and moves a branch; open pull requests from it follow. Answers the new tip.
    ///
    /// # Errors
    /// When the repository or the starting point is not there, when the branch would lose commits without
    /// `force`, when a rule forbids it, or when git refuses.
    pub async fn push(&self, push: Push) -> Result<String, VerbError> {
        let _turn = self.shared.turn.lock().await;
        self.push_in_turn(push, judge).await
    }

    async fn push_in_turn(&self, push: Push, judge: Judge) -> Result<String, VerbError> {
        let shared = &self.shared;
        let plan = {
            let mut world = shared.world();
            world.clock.tick();
            plan(&world, &push)?
        };
        let made = shared.make_commits(&plan.repo, &plan.store, &plan.chain, plan.signature.as_ref()).await?;
        let one = {
            let world = shared.world();
            let name = format!("refs/heads/{}", push.branch);
            let mut one = Move::new(&world, &plan.repo, &name, made.last().map(String::as_str));
            one.forced = plan.forced;
            judge(&world, (&plan.repo, plan.actor), std::slice::from_ref(&one))?;
            one
        };
        shared.move_refs(plan.repo.id, plan.actor, std::slice::from_ref(&one)).await?;
        Ok(one.after.unwrap_or_default())
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
}

/// Says whether the moves may happen.
type Judge = fn(&World, (&Repo, u64), &[Move]) -> Result<(), VerbError>;

/// Asks the rules of the repository.
pub(super) fn judge(world: &World, (repo, actor): (&Repo, u64), moves: &[Move]) -> Result<(), VerbError> {
    let violations = rules::violations(world, repo, actor, moves);
    if violations.is_empty() { Ok(()) } else { Err(VerbError::Refused(rules::refusal(&violations))) }
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
    let copied = if push.amend { Some(amended(world, repo, start.as_deref())?) } else { None };
    let start = if push.amend { None } else { start };
    let ground = copied.map_or(start.as_deref(), |commit| commit.parents.first().map(String::as_str));
    let keeps = match (&before, ground, world.graph(repo)) {
        (Some(before), Some(ground), Some(graph)) => graph.is_ancestor(before, ground),
        (Some(_), None, _) => !push.amend,
        _ => true,
    };
    if !keeps && !push.force && !push.amend {
        let branch = &push.branch;
        return Err(VerbError::Refused(format!(
            "`{branch}` would lose commits: say `force`, or leave `from` out"
        )));
    }
    let author = match (&push.author, copied) {
        (Some(text), _) => ident(text)?,
        (None, Some(commit)) => commit.author.clone(),
        (None, None) => Ident { name: account.login.clone(), email: account.noreply() },
    };
    let committer = match (&push.committer, copied) {
        (Some(text), _) => ident(text)?,
        (None, Some(commit)) => commit.committer.clone(),
        (None, None) => author.clone(),
    };
    let merged = push.merge.as_deref().map(|other| world.resolve(repo, other)).transpose()?;
    let first = NewCommit {
        parents: copied
            .map(|commit| commit.parents.clone())
            .into_iter()
            .flatten()
            .chain(start)
            .chain(merged)
            .collect(),
        message: copied
            .filter(|_| push.message.is_empty())
            .map_or_else(|| message(push), |c| c.message.clone()),
        author,
        committer,
        date: push.date.or(copied.map(|commit| commit.date)).unwrap_or_else(|| world.clock.story()),
        edits: copied
            .map(|commit| Edit::Tree { sha: commit.tree.clone() })
            .into_iter()
            .chain(edits(push))
            .collect(),
        names_encoding: push.amend,
    };
    let again = NewCommit { edits: Vec::new(), parents: Vec::new(), ..first.clone() };
    let repeats = usize::try_from(push.repeat.saturating_sub(1)).unwrap_or(0);
    let chain = std::iter::once(first).chain(std::iter::repeat_n(again, repeats)).collect();
    let signature = push.signature.as_ref().map(|signature| signed(world, signature)).transpose()?;
    let store = world.store_dir(repo);
    Ok(Plan { actor: account.id, store, forced: !keeps, chain, signature, repo: repo.clone() })
}

/// The commit that is made anew.
fn amended<'w>(world: &'w World, repo: &Repo, start: Option<&str>) -> Result<&'w Commit, VerbError> {
    let found = start.and_then(|sha| world.commit(repo, sha));
    found.map(AsRef::as_ref).ok_or_else(|| Missing::new("commit to amend", start.unwrap_or_default()).into())
}

pub(super) fn ident(text: &str) -> Result<Ident, VerbError> {
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
