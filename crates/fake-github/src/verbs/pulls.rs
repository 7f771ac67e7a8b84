//! Opening pull requests, and what is done to open ones.

use std::sync::Arc;

use serde_json::json;

use super::VerbError;
use crate::discussion::{Discussion, What};
use crate::payload::event;
use crate::pull::{Pull, PullState, PullStatus};
use crate::server::{FakeGithub, Shared};
use crate::step::{Edit, Label, OnPull, Open, Retarget};
use crate::world::Missing;

impl Shared {
    /// Opens a pull request; the caller has the turn.
    pub(crate) async fn open(&self, open: Open) -> Result<u64, VerbError> {
        let (author, repo_id, head, base, head_sha) = {
            let mut world = self.world();
            world.clock.tick();
            let author = world.account(&open.actor)?.id;
            let repo = world.repo(&open.repo)?;
            let head = world.repo(open.head_repo.as_deref().unwrap_or(&open.repo))?;
            let base = open.base.clone().unwrap_or_else(|| repo.default_branch.clone());
            let tip = head.branches.get(&open.head).ok_or_else(|| Missing::new("branch", &open.head))?;
            (author, repo.id, (head.id, head.owner.clone()), base, tip.clone())
        };
        let ends = self.ends(repo_id, &base, &head_sha).await?;
        if ends.commits.is_empty() {
            return Err(VerbError::Refused(format!("no commits between `{base}` and `{}`", open.head)));
        }
        let at = {
            let mut world = self.world();
            let now = world.clock.story();
            let id = world.next_id();
            let repo = world.repo_mut(repo_id)?;
            let number = repo.next_number();
            let title = if open.title.is_empty() { open.head.clone() } else { open.title.clone() };
            let first = PullState {
                title,
                body: open.body.clone(),
                status: PullStatus::Open,
                draft: open.draft,
                ends,
                head_repo: Some(head.0),
                labels: open.labels.clone(),
                reviews: Vec::new(),
                auto_merge_by: None,
                updated_at: now,
                closed_at: None,
                merged: None,
                discussion: Discussion::default(),
            };
            let pull = Pull::opened(id, number, author, (head.1, open.head.clone()), now, first);
            repo.pulls.insert(number, pull);
            (repo_id, number)
        };
        self.point_pull_ref(at, &head_sha)?;
        let mut world = self.world();
        event::pull_request(&mut world, "opened", at, author, json!({}));
        for label in &open.labels {
            event::labelled(&mut world, "labeled", at, author, label);
        }
        drop(world);
        self.mail.notify_one();
        Ok(at.1)
    }
}

impl FakeGithub {
    /// Opens a pull request and answers its number.
    ///
    /// # Errors
    /// When a repository or branch is not there, or nothing lies between the branches.
    pub async fn open(&self, open: Open) -> Result<u64, VerbError> {
        let _turn = self.shared.turn.lock().await;
        self.shared.open(open).await
    }

    /// Opens a pull request against the default branch and answers its number.
    ///
    /// # Errors
    /// As [`FakeGithub::open`].
    pub async fn open_pull_as(
        &self,
        actor: &str,
        repo: &str,
        head: &str,
        title: &str,
    ) -> Result<u64, VerbError> {
        self.open(Open::new(actor, repo, head).title(title)).await
    }

    /// Adds a label.
    ///
    /// # Errors
    /// When the pull request is not there.
    pub async fn label(&self, step: Label) -> Result<(), VerbError> {
        self.change_labels("labeled", &step, |labels| {
            if !labels.contains(&step.label) {
                labels.push(step.label.clone());
            }
        })
        .await
    }

    /// Removes a label.
    ///
    /// # Errors
    /// When the pull request is not there.
    pub async fn unlabel(&self, step: Label) -> Result<(), VerbError> {
        self.change_labels("unlabeled", &step, |labels| labels.retain(|known| *known != step.label)).await
    }

    async fn change_labels(
        &self,
        action: &'static str,
        step: &Label,
        change: impl FnOnce(&mut Vec<String>),
    ) -> Result<(), VerbError> {
        let _turn = self.shared.turn.lock().await;
        let turn = self.on_pull(&step.actor, &step.repo, step.pull)?;
        let mut world = self.shared.world();
        world.pull_mut(turn.at.0, turn.at.1)?.change(turn.now, |state| change(&mut state.labels));
        event::labelled(&mut world, action, turn.at, turn.actor, &step.label);
        drop(world);
        self.told();
        Ok(())
    }

    /// Points the pull request at another base.
    ///
    /// # Errors
    /// When the branch is not there.
    pub async fn retarget(&self, step: Retarget) -> Result<(), VerbError> {
        let _turn = self.shared.turn.lock().await;
        let turn = self.on_pull(&step.actor, &step.repo, step.pull)?;
        let before = self.shared.world().pull_mut(turn.at.0, turn.at.1)?.now().ends.clone();
        let ends = self.shared.ends(turn.at.0, &step.base, &before.head_sha).await?;
        let mut world = self.shared.world();
        world.pull_mut(turn.at.0, turn.at.1)?.change(turn.now, |state| {
            let after = ends.base_ref.clone();
            let changed = What::BaseRefChanged { before: before.base_ref.clone(), after };
            state.note(turn.actor, turn.now, changed);
            state.ends = ends;
        });
        let changes = json!({ "changes": { "base": {
            "ref": { "from": before.base_ref }, "sha": { "from": before.base_sha },
        } } });
        event::pull_request(&mut world, "edited", turn.at, turn.actor, changes);
        drop(world);
        self.told();
        Ok(())
    }

    /// Changes title or body.
    ///
    /// # Errors
    /// When the pull request is not there.
    pub async fn edit(&self, step: Edit) -> Result<(), VerbError> {
        let _turn = self.shared.turn.lock().await;
        let turn = self.on_pull(&step.actor, &step.repo, step.pull)?;
        let mut world = self.shared.world();
        let pull = world.pull_mut(turn.at.0, turn.at.1)?;
        let before = Arc::clone(pull.now());
        let mut changes = serde_json::Map::new();
        if step.title.is_some() {
            changes.insert("title".to_owned(), json!({ "from": before.title }));
        }
        if step.body.is_some() {
            changes.insert("body".to_owned(), json!({ "from": before.body.clone().unwrap_or_default() }));
        }
        pull.change(turn.now, |state| {
            if let Some(title) = step.title {
                state.title = title;
            }
            if step.body.is_some() {
                state.body = step.body;
            }
        });
        event::pull_request(&mut world, "edited", turn.at, turn.actor, json!({ "changes": changes }));
        drop(world);
        self.told();
        Ok(())
    }

    /// Closes it without merging.
    ///
    /// # Errors
    /// When the pull request is not there.
    pub async fn close(&self, on: OnPull) -> Result<(), VerbError> {
        self.change_pull(&on, ("closed", json!({})), |state, turn| {
            state.status = PullStatus::Closed;
            state.closed_at = Some(turn.now);
        })
        .await
    }

    /// Opens it again, with the head where its branch is now.
    ///
    /// # Errors
    /// When the pull request or its head branch is not there.
    pub async fn reopen(&self, on: OnPull) -> Result<(), VerbError> {
        let (at, base, tip) = {
            let mut world = self.shared.world();
            let repo = world.repo(&on.repo)?.id;
            let pull = world.pull_mut(repo, on.pull)?;
            let (state, branch) = (Arc::clone(pull.now()), pull.head_ref.clone());
            let head = state.head_repo.and_then(|id| world.repos.get(&id));
            let tip = head.and_then(|head| head.branches.get(&branch)).cloned();
            let tip = tip.ok_or_else(|| Missing::new("branch", branch))?;
            if state.status == PullStatus::Merged {
                return Err(VerbError::Refused(format!("#{} is merged", on.pull)));
            }
            ((repo, on.pull), state.ends.base_ref.clone(), tip)
        };
        let ends = self.shared.ends(at.0, &base, &tip).await?;
        self.shared.point_pull_ref(at, &tip)?;
        self.change_pull(&on, ("reopened", json!({})), |state, _| {
            state.status = PullStatus::Open;
            state.closed_at = None;
            state.ends = ends;
        })
        .await
    }

    /// Marks it ready for review.
    ///
    /// # Errors
    /// When the pull request is not there.
    pub async fn ready(&self, on: OnPull) -> Result<(), VerbError> {
        self.change_pull(&on, ("ready_for_review", json!({})), |state, _| state.draft = false).await
    }

    /// Turns it into a draft.
    ///
    /// # Errors
    /// When the pull request is not there.
    pub async fn draft(&self, on: OnPull) -> Result<(), VerbError> {
        self.change_pull(&on, ("converted_to_draft", json!({})), |state, turn| {
            state.draft = true;
            state.note(turn.actor, turn.now, What::ConvertToDraft);
        })
        .await
    }

    /// Enables auto-merge.
    ///
    /// # Errors
    /// When the pull request is not there.
    pub async fn enable_auto_merge(&self, on: OnPull) -> Result<(), VerbError> {
        self.change_pull(&on, ("auto_merge_enabled", json!({})), |state, turn| {
            state.auto_merge_by = Some(turn.actor);
            state.note(turn.actor, turn.now, What::AutoMergeEnabled);
        })
        .await
    }

    /// Disables auto-merge.
    ///
    /// # Errors
    /// When the pull request is not there.
    pub async fn disable_auto_merge(&self, on: OnPull) -> Result<(), VerbError> {
        self.change_pull(
            &on,
            ("auto_merge_disabled", json!({ "reason": "disabled by a person" })),
            |state, _| state.auto_merge_by = None,
        )
        .await
    }
}
