//! Comments, issues and assignees.

use std::sync::Arc;

use serde_json::json;

use super::VerbError;
use crate::check::Poster;
use crate::discussion::{Issue, What};
use crate::payload::{event, issue as told, user};
use crate::server::FakeGithub;
use crate::step::{Assign, Comment, CommitComment, DeleteComment, EditComment, OpenIssue};
use crate::world::{Missing, World};

/// An App that is not ours, known by its slug.
fn other_app(world: &World, slug: &str) -> Poster {
    if slug == world.app.slug {
        return world.poster();
    }
    let id = slug.bytes().fold(50_000, |id: u64, byte| id.wrapping_mul(31) % 1_000_000 + u64::from(byte));
    Poster { id, slug: slug.to_owned(), name: slug.to_owned() }
}

/// The place of the `nth` comment, counted from one, or of the newest.
fn place(world: &World, at: (u64, u64), nth: Option<usize>) -> Result<usize, Missing> {
    let thread = world.repos.get(&at.0).and_then(|repo| repo.thread(at.1));
    let count = thread.ok_or_else(|| Missing::new("pull request or issue", at.1))?.comments().len();
    let wanted = nth.unwrap_or(count);
    if (1..=count).contains(&wanted) { Ok(wanted - 1) } else { Err(Missing::new("comment", wanted)) }
}

impl FakeGithub {
    /// Writes a comment on a pull request or an issue, and answers its id.
    ///
    /// # Errors
    /// When the account, or what is commented, is not there.
    pub async fn comment(&self, step: Comment) -> Result<u64, VerbError> {
        let _turn = self.shared.turn.lock().await;
        let mut world = self.shared.world();
        world.clock.tick();
        let (author, repo) = (world.account(&step.actor)?.id, world.repo(&step.repo)?.id);
        let app = step.via_app.as_deref().map(|slug| other_app(&world, slug));
        let id = world.add_comment((repo, step.pull), author, step.body, app)?;
        drop(world);
        self.told();
        Ok(id)
    }

    /// Gives a comment other words.
    ///
    /// # Errors
    /// When there is no such comment.
    pub async fn edit_comment(&self, step: EditComment) -> Result<(), VerbError> {
        let _turn = self.shared.turn.lock().await;
        let mut world = self.shared.world();
        world.clock.tick();
        let (actor, now) = (world.account(&step.actor)?.id, world.clock.story());
        let at = (world.repo(&step.repo)?.id, step.pull);
        let place = place(&world, at, step.nth)?;
        let mut edited = None;
        world.change_comments(at, now, |comments| {
            if let Some(comment) = comments.get_mut(place) {
                let before = comment.body.clone();
                let mut next = crate::discussion::Comment::clone(comment);
                next.body = step.body;
                next.edited = Some((actor, now));
                *comment = Arc::new(next);
                edited = Some((before, Arc::clone(comment)));
            }
        })?;
        if let Some((before, comment)) = edited {
            let changes = json!({ "changes": { "body": { "from": before } } });
            told::commented(&mut world, "edited", at, actor, (&comment, changes));
        }
        drop(world);
        self.told();
        Ok(())
    }

    /// Takes a comment away.
    ///
    /// # Errors
    /// When there is no such comment.
    pub async fn delete_comment(&self, step: DeleteComment) -> Result<(), VerbError> {
        let _turn = self.shared.turn.lock().await;
        let mut world = self.shared.world();
        world.clock.tick();
        let (actor, now) = (world.account(&step.actor)?.id, world.clock.story());
        let at = (world.repo(&step.repo)?.id, step.pull);
        let place = place(&world, at, step.nth)?;
        let mut gone = None;
        world.change_comments(at, now, |comments| gone = Some(comments.remove(place)))?;
        if let Some(comment) = gone {
            told::commented(&mut world, "deleted", at, actor, (&comment, json!({})));
        }
        drop(world);
        self.told();
        Ok(())
    }

    /// Writes a comment on a commit, and answers its id.
    ///
    /// # Errors
    /// When the account, the repository or the commit is not there.
    pub async fn commit_comment(&self, step: CommitComment) -> Result<u64, VerbError> {
        let _turn = self.shared.turn.lock().await;
        let mut world = self.shared.world();
        world.clock.tick();
        let (author, created_at) = (world.account(&step.actor)?.id, world.clock.story());
        let repo = world.repo(&step.repo)?;
        let (repo, sha) = (repo.id, world.resolve(repo, &step.commit)?);
        let id = world.next_id();
        let comment =
            crate::discussion::Comment { id, author, body: step.body, created_at, edited: None, app: None };
        let said = crate::discussion::CommitComment { sha, path: step.path, comment };
        world.repo_mut(repo)?.commit_comments.push(said.clone());
        told::commit_commented(&mut world, repo, author, &said);
        drop(world);
        self.told();
        Ok(id)
    }

    /// Lets somebody look after a pull request.
    ///
    /// # Errors
    /// When one of them is not there.
    pub async fn assign(&self, step: Assign) -> Result<(), VerbError> {
        let _turn = self.shared.turn.lock().await;
        let turn = self.on_pull(&step.actor, &step.repo, step.pull)?;
        let mut world = self.shared.world();
        let assignee = world.account(&step.assignee)?.id;
        world.pull_mut(turn.at.0, turn.at.1)?.change(turn.now, |state| {
            if !state.discussion.assignees.contains(&assignee) {
                state.discussion.assignees.push(assignee);
            }
            state.note(turn.actor, turn.now, What::Assigned { assignee });
        });
        let extra = json!({ "assignee": user(&world, assignee) });
        event::pull_request(&mut world, "assigned", turn.at, turn.actor, extra);
        drop(world);
        self.told();
        Ok(())
    }

    /// Opens an issue and answers its number.
    ///
    /// # Errors
    /// When the account or the repository is not there.
    pub async fn open_issue(&self, step: OpenIssue) -> Result<u64, VerbError> {
        let _turn = self.shared.turn.lock().await;
        let mut world = self.shared.world();
        world.clock.tick();
        let author = world.account(&step.actor)?.id;
        let repo = world.repo(&step.repo)?.id;
        let number = world.add_issue(repo, author, (step.title, step.body, step.labels), None)?;
        drop(world);
        self.told();
        Ok(number)
    }
}

impl World {
    /// A comment by an account, told to whoever listens.
    pub(crate) fn add_comment(
        &mut self,
        at: (u64, u64),
        author: u64,
        body: String,
        app: Option<Poster>,
    ) -> Result<u64, Missing> {
        let (id, now) = (self.next_id(), self.clock.story());
        let said = crate::discussion::Comment { id, author, body, created_at: now, edited: None, app };
        let kept = Arc::new(said.clone());
        self.change_comments(at, now, |comments| comments.push(kept))?;
        told::commented(self, "created", at, author, (&said, json!({})));
        Ok(id)
    }

    /// An issue by an account: title, body and labels.
    pub(crate) fn add_issue(
        &mut self,
        repo: u64,
        author: u64,
        (title, body, labels): (String, Option<String>, Vec<String>),
        app: Option<Poster>,
    ) -> Result<u64, Missing> {
        let (id, now) = (self.next_id(), self.clock.story());
        let found = self.repo_mut(repo)?;
        let number = found.next_number();
        let issue = Issue {
            id,
            number,
            author,
            app,
            title,
            body,
            labels,
            created_at: now,
            updated_at: now,
            closed_at: None,
            state_reason: None,
            comments: Vec::new(),
        };
        found.issues.insert(number, issue);
        told::issues(self, "opened", (repo, number), author);
        Ok(number)
    }
}
