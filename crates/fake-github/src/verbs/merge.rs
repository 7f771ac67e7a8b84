//! Merging a pull request through the site, with real objects.

use std::path::PathBuf;

use serde_json::json;

use super::VerbError;
use crate::git::{self, Edit, NewCommit};
use crate::moves::{self, Move};
use crate::payload::event;
use crate::pull::{Merged, PullState, PullStatus};
use crate::repo::{Ident, Repo, Signed};
use crate::rules;
use crate::server::{FakeGithub, Shared};
use crate::step::{Merge, MergeMethod};
use crate::world::World;

/// What a merge needs to know, read under the lock.
struct Plan {
    actor: u64,
    repo: Repo,
    store: PathBuf,
    state: PullState,
    /// The base as it is now.
    base: String,
    by: Ident,
    date: i64,
    title: String,
}

impl FakeGithub {
    /// Merges a pull request and answers the new tip of its base.
    ///
    /// # Errors
    /// When it is not open, is a draft, conflicts, or a rule forbids it.
    pub async fn merge(&self, step: Merge) -> Result<String, VerbError> {
        let shared = &self.shared;
        let _turn = shared.turn.lock().await;
        let turn = self.on_pull(&step.actor, &step.repo, step.pull)?;
        let plan = plan(&shared.world(), turn.actor, turn.at, step.method)?;
        if !step.bypass {
            let world = shared.world();
            let found = rules::merge_violations(
                &world,
                (&plan.repo, step.pull),
                plan.actor,
                &plan.state.ends.head_sha,
            );
            if !found.is_empty() {
                return Err(VerbError::Refused(rules::refusal(&found)));
            }
        }
        let after = match step.method {
            MergeMethod::Merge | MergeMethod::Squash => whole(shared, &plan, step.method).await?,
            MergeMethod::Rebase => rebased(shared, &plan).await?,
        };
        let name = format!("refs/heads/{}", plan.state.ends.base_ref);
        let one = Move { merges: true, ..Move::new(&shared.world(), &plan.repo, &name, Some(&after)) };
        shared.move_refs(plan.repo.id, plan.actor, std::slice::from_ref(&one)).await?;
        let how = Merged { by: plan.actor, at: plan.date, sha: after.clone(), base_before: plan.base };
        let mut world = shared.world();
        moves::merged(&mut world, turn.at, how)?;
        event::pull_request(&mut world, "closed", turn.at, plan.actor, json!({}));
        drop(world);
        self.told();
        Ok(after)
    }
}

fn plan(world: &World, actor: u64, at: (u64, u64), method: MergeMethod) -> Result<Plan, VerbError> {
    let refused = |why: &str| VerbError::Refused(format!("#{} {why}", at.1));
    let repo = world.repos.get(&at.0).ok_or_else(|| refused("has no repository"))?;
    let pull = repo.pulls.get(&at.1).ok_or_else(|| refused("is not there"))?;
    let state = PullState::clone(pull.now());
    if state.status != PullStatus::Open || state.draft {
        return Err(refused("is not open, or a draft"));
    }
    let base = repo.branches.get(&state.ends.base_ref).ok_or_else(|| refused("has no base"))?.clone();
    let account = world.accounts.get(&actor).ok_or_else(|| refused("has nobody who merges it"))?;
    let title = match method {
        MergeMethod::Squash | MergeMethod::Rebase => format!("{} (#{})", state.title, at.1),
        MergeMethod::Merge => {
            let from = format!("{}/{}", pull.head_owner, pull.head_ref);
            format!("Merge pull request #{} from {from}\n\n{}", at.1, state.title)
        }
    };
    Ok(Plan {
        actor,
        store: world.store_dir(repo),
        base,
        by: Ident { name: account.login.clone(), email: account.noreply() },
        date: world.clock.story(),
        title,
        state,
        repo: repo.clone(),
    })
}

/// The committer of what the site commits.
pub(crate) fn web_flow() -> Ident {
    Ident { name: "GitHub".to_owned(), email: "noreply@github.example".to_owned() }
}

/// The signature that GitHub puts on what it commits itself.
pub(crate) fn signed_by_github(world: &World) -> Signed {
    let signer = world.account("web-flow").ok().map(|account| account.id);
    Signed { state: "VALID".to_owned(), by_github: true, signer }
}

async fn whole(shared: &Shared, plan: &Plan, method: MergeMethod) -> Result<String, VerbError> {
    let head = &plan.state.ends.head_sha;
    let tree = merged_tree(plan, None, &plan.base, head).await?;
    let mut parents = vec![plan.base.clone()];
    if method == MergeMethod::Merge {
        parents.push(head.clone());
    }
    let commit = NewCommit {
        parents,
        message: plan.title.clone(),
        author: plan.by.clone(),
        committer: web_flow(),
        date: plan.date,
        edits: vec![Edit::Tree { sha: tree }],
        names_encoding: false,
    };
    let signed = signed_by_github(&shared.world());
    last(shared.make_commits(&plan.repo, &plan.store, &[commit], Some(&signed)).await?, &plan.base)
}

/// Each commit anew upon the base; merges are left out, and nothing is signed.
async fn rebased(shared: &Shared, plan: &Plan) -> Result<String, VerbError> {
    let mut tip = plan.base.clone();
    for sha in plan.state.ends.commits.iter() {
        let found = shared.world().commit(&plan.repo, sha).cloned();
        let Some((commit, [parent])) = found.as_ref().map(|commit| (commit, commit.parents.as_slice()))
        else {
            continue;
        };
        let tree = merged_tree(plan, Some(parent), &tip, sha).await?;
        let again = NewCommit {
            parents: vec![tip.clone()],
            message: commit.message.clone(),
            author: commit.author.clone(),
            committer: plan.by.clone(),
            date: plan.date,
            edits: vec![Edit::Tree { sha: tree }],
            names_encoding: false,
        };
        tip = last(shared.make_commits(&plan.repo, &plan.store, &[again], None).await?, &tip)?;
    }
    Ok(tip)
}

async fn merged_tree(plan: &Plan, base: Option<&str>, ours: &str, theirs: &str) -> Result<String, VerbError> {
    let tree = git::merge_tree((&plan.repo.dir, &plan.store), base, ours, theirs).await?;
    tree.ok_or_else(|| VerbError::Refused("Pull Request is not mergeable".to_owned()))
}

fn last(made: Vec<String>, before: &str) -> Result<String, VerbError> {
    made.into_iter().next_back().ok_or_else(|| VerbError::Refused(format!("nothing follows `{before}`")))
}
