//! Comments and the timeline of a pull request.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Sight;
use super::commit::Commit;
use super::connection::List;
use super::people::Account;
use super::pull::ReviewNode;
use super::walk::{Arguments, Got, Node, Trouble};
use crate::clock::rfc3339;
use crate::discussion::{Comment, Moment, What};
use crate::payload::pull::association;
use crate::payload::{WEB, node_id};
use crate::pull::{Pull, PullState};
use crate::repo::Repo;
use crate::stage::AccountType;

/// A pull request, and whoever looks at it.
#[derive(Clone, Copy)]
pub(super) struct Place<'w> {
    pub(super) sight: Sight<'w>,
    pub(super) repo: &'w Repo,
    pub(super) pull: &'w Pull,
    pub(super) state: &'w PullState,
}

impl<'w> Place<'w> {
    pub(super) fn comments(self, arguments: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let comments: Vec<&'w Arc<Comment>> = self.state.discussion.comments.iter().collect();
        List::new("IssueCommentConnection", comments, move |comment| {
            Got::node(IssueComment { place: self, comment })
        })
        .window("comments", arguments)
    }

    /// People only: a bot that is assigned is no `User`.
    pub(super) fn assignees(self, arguments: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let person = |id: &&u64| {
            self.sight.world.living(**id).is_some_and(|account| account.kind == AccountType::User)
        };
        let ids: Vec<u64> = self.state.discussion.assignees.iter().filter(person).copied().collect();
        List::new("UserConnection", ids, move |id| Got::maybe(Account::living(self.sight, *id)))
            .window("assignees", arguments)
    }

    /// Of the kinds that are kept here, those that are asked for; all when none is.
    pub(super) fn timeline(self, arguments: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let wanted = match arguments.take("itemTypes") {
            Some(Value::Array(words)) => Some(words),
            Some(word) => Some(vec![word]),
            None => None,
        };
        for word in wanted.iter().flatten() {
            if !KINDS.iter().any(|(known, _)| word == known) {
                let message = format!("the fake forge keeps no {word} in its timelines");
                return Err(Trouble::Error("argumentLiteralsIncompatible", message));
            }
        }
        let fits = |moment: &Moment| {
            wanted.as_ref().is_none_or(|words| words.iter().any(|word| word == kind(&moment.what).0))
        };
        let moments = self.state.discussion.timeline.iter().enumerate();
        let listed: Vec<(usize, &'w Arc<Moment>)> = moments.filter(|(_, moment)| fits(moment)).collect();
        List::new("PullRequestTimelineItemsConnection", listed, move |(index, moment)| {
            Got::node(TimelineItem { place: self, index: *index, moment })
        })
        .window("timelineItems", arguments)
    }
}

/// `PullRequestTimelineItemsItemType`, and the type of the item.
const KINDS: [(&str, &str); 6] = [
    ("ASSIGNED_EVENT", "AssignedEvent"),
    ("AUTO_MERGE_ENABLED_EVENT", "AutoMergeEnabledEvent"),
    ("BASE_REF_CHANGED_EVENT", "BaseRefChangedEvent"),
    ("CONVERT_TO_DRAFT_EVENT", "ConvertToDraftEvent"),
    ("HEAD_REF_FORCE_PUSHED_EVENT", "HeadRefForcePushedEvent"),
    ("REVIEW_DISMISSED_EVENT", "ReviewDismissedEvent"),
];

fn kind(what: &What) -> (&'static str, &'static str) {
    let [assigned, auto_merge, base, draft, forced, dismissed] = KINDS;
    match what {
        What::Assigned { .. } => assigned,
        What::AutoMergeEnabled => auto_merge,
        What::BaseRefChanged { .. } => base,
        What::ConvertToDraft => draft,
        What::HeadRefForcePushed { .. } => forced,
        What::ReviewDismissed { .. } => dismissed,
    }
}

struct TimelineItem<'w> {
    place: Place<'w>,
    index: usize,
    moment: &'w Moment,
}

impl<'w> TimelineItem<'w> {
    fn commit(&self, sha: &str) -> Got<'w> {
        let Place { sight, repo, .. } = self.place;
        Got::maybe(sight.world.commit(repo, sha).map(|commit| Commit { sight, repo, commit }))
    }

    fn review(&self, id: u64) -> Got<'w> {
        let Place { sight, repo, state, .. } = self.place;
        let found = state.reviews.iter().find(|review| review.id == id);
        Got::maybe(found.map(|review| ReviewNode { sight, repo, review }))
    }
}

impl<'w> Node<'w> for TimelineItem<'w> {
    fn typename(&self) -> &'static str {
        kind(&self.moment.what).1
    }

    fn stands_for(&self) -> &'static [&'static str] {
        &["Node"]
    }

    fn field(&self, name: &str, _: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let sight = self.place.sight;
        let account = |id: u64| Got::maybe(Account::living(sight, id));
        Ok(match (name, &self.moment.what) {
            ("id", what) => Got::leaf(format!("{}_{}_{}", kind(what).1, self.place.pull.id, self.index)),
            ("actor", _) => account(self.moment.actor),
            ("createdAt", _) => Got::leaf(rfc3339(self.moment.at)),
            ("assignee", What::Assigned { assignee }) => account(*assignee),
            ("enabler", What::AutoMergeEnabled) => {
                let found = sight.world.living(self.moment.actor);
                let person = found.filter(|account| account.kind == AccountType::User);
                Got::maybe(person.map(|account| Account { account }))
            }
            ("previousRefName", What::BaseRefChanged { before, .. }) => Got::leaf(before.as_str()),
            ("currentRefName", What::BaseRefChanged { after, .. }) => Got::leaf(after.as_str()),
            ("beforeCommit", What::HeadRefForcePushed { before, .. }) => self.commit(before),
            ("afterCommit", What::HeadRefForcePushed { after, .. }) => self.commit(after),
            ("previousReviewState", What::ReviewDismissed { previous, .. }) => Got::leaf(previous.word()),
            ("review", What::ReviewDismissed { review, .. }) => self.review(*review),
            _ => return Err(Trouble::NoField),
        })
    }
}

struct IssueComment<'w> {
    place: Place<'w>,
    comment: &'w Comment,
}

impl<'w> Node<'w> for IssueComment<'w> {
    fn typename(&self) -> &'static str {
        "IssueComment"
    }

    fn stands_for(&self) -> &'static [&'static str] {
        &["Comment", "Node"]
    }

    fn field(&self, name: &str, _: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let Place { sight, repo, pull, .. } = self.place;
        let comment = self.comment;
        Ok(match name {
            "id" => Got::leaf(node_id("IC", comment.id)),
            "databaseId" => Got::leaf(comment.id),
            "fullDatabaseId" => Got::leaf(comment.id.to_string()),
            "author" => Got::maybe(Account::living(sight, comment.author)),
            "authorAssociation" => Got::leaf(association(sight.world, repo, comment.author)),
            "editor" => Got::maybe(comment.edited.and_then(|(by, _)| Account::living(sight, by))),
            "body" => Got::leaf(comment.body.as_str()),
            "createdAt" => Got::leaf(rfc3339(comment.created_at)),
            "updatedAt" => Got::leaf(rfc3339(comment.updated_at())),
            "lastEditedAt" => Got::Leaf(json!(comment.edited.map(|(_, at)| rfc3339(at)))),
            "includesCreatedEdit" => Got::leaf(comment.edited.is_some()),
            "url" => {
                let page = format!("{WEB}/{}/pull/{}", repo.full_name(), pull.number);
                Got::leaf(format!("{page}#issuecomment-{}", comment.id))
            }
            _ => return Err(Trouble::NoField),
        })
    }
}
