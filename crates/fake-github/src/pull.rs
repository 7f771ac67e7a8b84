//! A pull request: everything it ever looked like, newest last.
//!
//! The whole history is kept because GitHub's reads may lag behind its webhooks; [`Pull::seen`] answers as the
//! API would that many events ago.

use std::sync::Arc;

use crate::discussion::Discussion;
use crate::step::ReviewState;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PullStatus {
    Open,
    Closed,
    Merged,
}

impl PullStatus {
    /// GraphQL's word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Closed => "CLOSED",
            Self::Merged => "MERGED",
        }
    }

    /// REST's word, which calls closed what is merged.
    pub(crate) fn rest_word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed | Self::Merged => "closed",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Review {
    pub(crate) id: u64,
    pub(crate) author: u64,
    pub(crate) state: ReviewState,
    pub(crate) body: String,
    pub(crate) commit: String,
    pub(crate) submitted_at: i64,
}

/// Lines and files between the merge base and the head.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Stat {
    pub(crate) files: u64,
    pub(crate) additions: u64,
    pub(crate) deletions: u64,
}

/// What makes the commits of a pull request: moves together or not at all.
#[derive(Debug, Clone)]
pub(crate) struct Ends {
    pub(crate) base_ref: String,
    pub(crate) base_sha: String,
    pub(crate) head_sha: String,
    pub(crate) commits: Arc<Vec<String>>,
    pub(crate) stat: Stat,
}

/// How it came into its base.
#[derive(Debug, Clone)]
pub(crate) struct Merged {
    pub(crate) by: u64,
    pub(crate) at: i64,
    /// The commit that the base was at then.
    pub(crate) sha: String,
    /// Where the base was before.
    pub(crate) base_before: String,
}

#[derive(Debug, Clone)]
pub(crate) struct PullState {
    pub(crate) title: String,
    pub(crate) body: Option<String>,
    pub(crate) status: PullStatus,
    pub(crate) draft: bool,
    pub(crate) ends: Ends,
    /// `None` once the fork is deleted.
    pub(crate) head_repo: Option<u64>,
    pub(crate) labels: Vec<String>,
    pub(crate) reviews: Vec<Arc<Review>>,
    pub(crate) auto_merge_by: Option<u64>,
    pub(crate) updated_at: i64,
    pub(crate) closed_at: Option<i64>,
    pub(crate) merged: Option<Merged>,
    pub(crate) discussion: Discussion,
}

#[derive(Debug, Clone)]
pub(crate) struct Pull {
    pub(crate) id: u64,
    pub(crate) number: u64,
    pub(crate) author: u64,
    /// The owner of the head branch, which GitHub keeps showing when the fork is gone.
    pub(crate) head_owner: String,
    pub(crate) head_ref: String,
    pub(crate) created_at: i64,
    first: Arc<PullState>,
    later: Vec<Arc<PullState>>,
}

impl Pull {
    pub(crate) fn opened(
        id: u64,
        number: u64,
        author: u64,
        head: (String, String),
        created_at: i64,
        first: PullState,
    ) -> Self {
        let (head_owner, head_ref) = head;
        Self {
            id,
            number,
            author,
            head_owner,
            head_ref,
            created_at,
            first: Arc::new(first),
            later: Vec::new(),
        }
    }

    /// How it truly stands.
    pub(crate) fn now(&self) -> &Arc<PullState> {
        self.later.last().unwrap_or(&self.first)
    }

    /// How it stood `lag` events ago, or at the beginning when it is younger than that.
    pub(crate) fn seen(&self, lag: usize) -> &Arc<PullState> {
        let newest_first = self.later.len().checked_sub(lag + 1);
        newest_first.and_then(|index| self.later.get(index)).unwrap_or(&self.first)
    }

    /// One event later.
    pub(crate) fn change(&mut self, at: i64, change: impl FnOnce(&mut PullState)) {
        let mut next = PullState::clone(self.now());
        change(&mut next);
        next.updated_at = at;
        self.later.push(Arc::new(next));
    }
}
