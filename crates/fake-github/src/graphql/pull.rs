//! Pull requests and reviews, as the forge shows them at the moment.

use std::sync::Arc;

use serde_json::json;

use super::Sight;
use super::commit::{Commit, PullRequestCommit};
use super::connection::List;
use super::discussion::Place;
use super::people::Account;
use super::queue::MergeQueueEntry;
use super::root::Repository;
use super::walk::{Arguments, Got, Node, Trouble};
use crate::clock::rfc3339;
use crate::payload::pull::association;
use crate::payload::{WEB, node_id};
use crate::pull::{Pull, PullState, PullStatus, Review};
use crate::repo::{Permission, Repo};

#[derive(Clone)]
pub(super) struct PullRequest<'w> {
    sight: Sight<'w>,
    repo: &'w Repo,
    pull: &'w Pull,
    state: &'w Arc<PullState>,
}

impl<'w> PullRequest<'w> {
    pub(super) fn new(sight: Sight<'w>, repo: &'w Repo, pull: &'w Pull) -> Self {
        Self { sight, repo, pull, state: sight.world.shown(pull) }
    }

    fn repository(&self, id: Option<u64>) -> Got<'w> {
        let sight = self.sight;
        Got::maybe(id.and_then(|id| sight.world.repos.get(&id)).map(|repo| Repository { sight, repo }))
    }

    fn account(&self, id: u64) -> Got<'w> {
        Got::maybe(Account::living(self.sight, id))
    }

    fn place(&self) -> Place<'w> {
        Place { sight: self.sight, repo: self.repo, pull: self.pull, state: self.state }
    }

    fn merge_commit(&self) -> Got<'w> {
        let (sight, repo) = (self.sight, self.repo);
        let sha = self.state.merged.as_ref().map(|merged| &merged.sha);
        let commit = sha.and_then(|sha| sight.world.commit(repo, sha));
        Got::maybe(commit.map(|commit| Commit { sight, repo, commit }))
    }

    /// All of them: it is REST's list that ends at 250, not this one (dcoapp/app pull request 310,
    /// linuxfoundation/easycla pull request 4801).
    fn commits(&self, arguments: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let (sight, repo) = (self.sight, self.repo);
        let shas: Vec<&'w String> = self.state.ends.commits.iter().collect();
        List::new("PullRequestCommitConnection", shas, move |sha| {
            let commit = sight.world.commit(repo, sha);
            Got::maybe(commit.map(|commit| PullRequestCommit(Commit { sight, repo, commit })))
        })
        .window("commits", arguments)
    }

    fn reviews(&self, arguments: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let (sight, repo) = (self.sight, self.repo);
        let reviews: Vec<&'w Arc<Review>> = self.state.reviews.iter().collect();
        List::new("PullRequestReviewConnection", reviews, move |review| {
            Got::node(ReviewNode { sight, repo, review })
        })
        .window("reviews", arguments)
    }

    fn labels(&self, arguments: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let labels: Vec<&'w String> = self.state.labels.iter().collect();
        List::new("LabelConnection", labels, |name| Got::node(LabelNode(name))).window("labels", arguments)
    }
}

impl<'w> Node<'w> for PullRequest<'w> {
    fn typename(&self) -> &'static str {
        "PullRequest"
    }

    fn stands_for(&self) -> &'static [&'static str] {
        &["Node"]
    }

    fn field(&self, name: &str, arguments: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let (pull, state) = (self.pull, self.state);
        Ok(match name {
            "id" => Got::leaf(node_id("PR", pull.id)),
            "databaseId" => Got::leaf(pull.id),
            "number" => Got::leaf(pull.number),
            "title" => Got::leaf(state.title.as_str()),
            "body" => Got::leaf(state.body.as_deref().unwrap_or_default()),
            "state" => Got::leaf(state.status.word()),
            "closed" => Got::leaf(state.status != PullStatus::Open),
            "merged" => Got::leaf(state.merged.is_some()),
            "mergedAt" => Got::Leaf(json!(state.merged.as_ref().map(|merged| rfc3339(merged.at)))),
            "mergedBy" => state.merged.as_ref().map_or(Got::Nothing, |merged| self.account(merged.by)),
            "mergeCommit" => self.merge_commit(),
            "mergeQueueEntry" => Got::maybe(MergeQueueEntry::of(self.sight, self.repo, pull.number)),
            "isInMergeQueue" => Got::leaf(self.repo.group_of(pull.number).is_some()),
            "isDraft" => Got::leaf(state.draft),
            "url" => Got::leaf(format!("{WEB}/{}/pull/{}", self.repo.full_name(), pull.number)),
            "createdAt" => Got::leaf(rfc3339(pull.created_at)),
            "updatedAt" => Got::leaf(rfc3339(state.updated_at)),
            "author" => self.account(pull.author),
            "authorAssociation" => Got::leaf(association(self.sight.world, self.repo, pull.author)),
            "baseRefName" => Got::leaf(state.ends.base_ref.as_str()),
            "baseRefOid" => Got::leaf(state.ends.base_sha.as_str()),
            "headRefName" => Got::leaf(pull.head_ref.as_str()),
            "headRefOid" => Got::leaf(state.ends.head_sha.as_str()),
            "repository" | "baseRepository" => self.repository(Some(self.repo.id)),
            "headRepository" => self.repository(state.head_repo),
            "isCrossRepository" => Got::leaf(state.head_repo != Some(self.repo.id)),
            "changedFiles" => Got::leaf(state.ends.stat.files),
            "additions" => Got::leaf(state.ends.stat.additions),
            "deletions" => Got::leaf(state.ends.stat.deletions),
            "autoMergeRequest" => {
                Got::maybe(state.auto_merge_by.map(|by| AutoMerge { sight: self.sight, by }))
            }
            "labels" => return self.labels(arguments),
            "commits" => return self.commits(arguments),
            "reviews" => return self.reviews(arguments),
            "comments" => return self.place().comments(arguments),
            "assignees" => return self.place().assignees(arguments),
            "timelineItems" => return self.place().timeline(arguments),
            _ => return Err(Trouble::NoField),
        })
    }
}

struct AutoMerge<'w> {
    sight: Sight<'w>,
    by: u64,
}

impl<'w> Node<'w> for AutoMerge<'w> {
    fn typename(&self) -> &'static str {
        "AutoMergeRequest"
    }

    fn field(&self, name: &str, _: &mut Arguments) -> Result<Got<'w>, Trouble> {
        Ok(match name {
            "enabledBy" => Got::maybe(Account::living(self.sight, self.by)),
            "mergeMethod" => Got::leaf("MERGE"),
            _ => return Err(Trouble::NoField),
        })
    }
}

struct LabelNode<'w>(&'w str);

impl<'w> Node<'w> for LabelNode<'w> {
    fn typename(&self) -> &'static str {
        "Label"
    }

    fn field(&self, name: &str, _: &mut Arguments) -> Result<Got<'w>, Trouble> {
        match name {
            "name" => Ok(Got::leaf(self.0)),
            _ => Err(Trouble::NoField),
        }
    }
}

pub(super) struct ReviewNode<'w> {
    pub(super) sight: Sight<'w>,
    pub(super) repo: &'w Repo,
    pub(super) review: &'w Review,
}

impl<'w> Node<'w> for ReviewNode<'w> {
    fn typename(&self) -> &'static str {
        "PullRequestReview"
    }

    fn field(&self, name: &str, _: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let (sight, repo, review) = (self.sight, self.repo, self.review);
        Ok(match name {
            "id" => Got::leaf(node_id("PRR", review.id)),
            "databaseId" => Got::leaf(review.id),
            "fullDatabaseId" => Got::leaf(review.id.to_string()),
            "state" => Got::leaf(review.state.word()),
            "body" => Got::leaf(review.body.as_str()),
            "submittedAt" => Got::leaf(rfc3339(review.submitted_at)),
            "author" => Got::maybe(Account::living(sight, review.author)),
            "authorAssociation" => Got::leaf(association(sight.world, repo, review.author)),
            // The permission as it is now, not as it was when the review was submitted.
            "authorCanPushToRepository" => {
                let living = sight.world.living(review.author).is_some();
                Got::leaf(living && sight.world.permission(repo, review.author) >= Permission::Write)
            }
            "commit" => {
                let commit = sight.world.commit(repo, &review.commit);
                Got::maybe(commit.map(|commit| Commit { sight, repo, commit }))
            }
            _ => return Err(Trouble::NoField),
        })
    }
}
