//! What is said about a pull request, an issue or a commit, and the moments that GitHub's timeline keeps.
//!
//! Words only; what they cause is told by [`verbs`](crate::verbs).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::check::Poster;
use crate::pull::{Pull, PullState};
use crate::repo::Repo;
use crate::step::ReviewState;
use crate::world::{Missing, World};

#[derive(Debug, Clone)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    pub(crate) author: u64,
    pub(crate) body: String,
    pub(crate) created_at: i64,
    /// Who edited it last, and when.
    pub(crate) edited: Option<(u64, i64)>,
    /// The App that it was written through.
    pub(crate) app: Option<Poster>,
}

impl Comment {
    pub(crate) fn updated_at(&self) -> i64 {
        self.edited.map_or(self.created_at, |(_, at)| at)
    }
}

/// A comment on a commit, or on a file of it.
#[derive(Debug, Clone)]
pub(crate) struct CommitComment {
    pub(crate) sha: String,
    pub(crate) path: Option<String>,
    pub(crate) comment: Comment,
}

/// What hangs on a pull request beside its commits and reviews.
#[derive(Debug, Clone, Default)]
pub(crate) struct Discussion {
    pub(crate) comments: Vec<Arc<Comment>>,
    pub(crate) assignees: Vec<u64>,
    pub(crate) timeline: Vec<Arc<Moment>>,
}

/// One item of the timeline.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    pub(crate) actor: u64,
    pub(crate) at: i64,
    pub(crate) what: What,
}

#[derive(Debug, Clone)]
pub(crate) enum What {
    Assigned { assignee: u64 },
    AutoMergeEnabled,
    BaseRefChanged { before: String, after: String },
    ConvertToDraft,
    HeadRefForcePushed { before: String, after: String },
    ReviewDismissed { review: u64, previous: ReviewState },
}

impl PullState {
    pub(crate) fn note(&mut self, actor: u64, at: i64, what: What) {
        self.discussion.timeline.push(Arc::new(Moment { actor, at, what }));
    }
}

/// An issue that is no pull request; both share their numbers.
#[derive(Debug, Clone)]
pub(crate) struct Issue {
    pub(crate) id: u64,
    pub(crate) number: u64,
    pub(crate) author: u64,
    pub(crate) app: Option<Poster>,
    pub(crate) title: String,
    pub(crate) body: Option<String>,
    pub(crate) labels: Vec<String>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) closed_at: Option<i64>,
    /// GitHub's word for why it was closed or opened again.
    pub(crate) state_reason: Option<String>,
    pub(crate) comments: Vec<Arc<Comment>>,
}

/// What comments may hang on.
#[derive(Clone, Copy)]
pub(crate) enum Thread<'w> {
    Pull(&'w Pull, &'w PullState),
    Issue(&'w Issue),
}

impl<'w> Thread<'w> {
    pub(crate) fn comments(self) -> &'w [Arc<Comment>] {
        match self {
            Self::Pull(_, state) => &state.discussion.comments,
            Self::Issue(issue) => &issue.comments,
        }
    }
}

impl Repo {
    /// The number that the next pull request or issue gets.
    pub(crate) fn next_number(&self) -> u64 {
        let last = |keys: Option<&u64>| keys.copied().unwrap_or(0);
        last(self.pulls.keys().next_back()).max(last(self.issues.keys().next_back())) + 1
    }

    /// The pull request or issue of a number, as it truly stands.
    pub(crate) fn thread(&self, number: u64) -> Option<Thread<'_>> {
        match self.pulls.get(&number) {
            Some(pull) => Some(Thread::Pull(pull, pull.now())),
            None => self.issues.get(&number).map(Thread::Issue),
        }
    }
}

pub(crate) type Issues = BTreeMap<u64, Issue>;

impl World {
    /// Changes the comments of a pull request or an issue.
    pub(crate) fn change_comments(
        &mut self,
        (repo, number): (u64, u64),
        now: i64,
        change: impl FnOnce(&mut Vec<Arc<Comment>>),
    ) -> Result<(), Missing> {
        let repo = self.repo_mut(repo)?;
        if let Some(pull) = repo.pulls.get_mut(&number) {
            pull.change(now, |state| change(&mut state.discussion.comments));
            return Ok(());
        }
        let issue = repo.issues.get_mut(&number);
        let issue = issue.ok_or_else(|| Missing::new("pull request or issue", number))?;
        change(&mut issue.comments);
        issue.updated_at = now;
        Ok(())
    }
}
