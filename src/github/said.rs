//! Comments that are commands, and the timeline: who was put in charge by whom, and who dismissed which review.
//!
//! Of both only the newest hundred are read. Comments that nobody sees approve nothing; a timeline of which a part is
//! missing tells nothing of who was put in charge. Whether an App wrote a comment in somebody's name GraphQL does not
//! tell, nor whether its author may push: [`ask`] asks for the few comments that matter.

use policy::facts::{Assignment, Comment, Dismissal, Pull, Review, ReviewState};
use policy::{Fact, InstallationId, RepoName};
use serde::Deserialize;

use super::api::Api;
use super::error::ForgeError;
use super::wire::{self, Actor, BigInt, Page, moment};

const LINE_CHARS: usize = 200;
/// Of more comments than this that approve the head nobody asks who wrote them: the newest count.
const MOST_ASKED: usize = 20;

/// A comment on a pull request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CommentNode {
    full_database_id: Option<BigInt>,
    body: String,
    created_at: String,
    last_edited_at: Option<String>,
    includes_created_edit: bool,
    author: Option<Actor>,
}

/// The newest items of a timeline.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Timeline {
    page_info: Before,
    nodes: Option<Vec<Option<Item>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Before {
    has_previous_page: bool,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "__typename")]
enum Item {
    AssignedEvent {
        actor: Option<Actor>,
        assignee: Option<Actor>,
    },
    #[serde(rename_all = "camelCase")]
    ReviewDismissedEvent {
        actor: Option<Actor>,
        created_at: String,
        previous_review_state: String,
        review: Option<Numbered>,
    },
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Numbered {
    full_database_id: Option<BigInt>,
}

/// The comments that begin as a command does, oldest first.
pub(super) fn comments(page: Option<&Page<CommentNode>>) -> Fact<Vec<Comment>> {
    let Some(page) = page else { return Fact::unknown("the forge does not tell the comments") };
    Fact::Known(page.nodes().filter_map(comment).collect())
}

fn comment(node: &CommentNode) -> Option<Comment> {
    let line = Comment::command(&node.body)?;
    Some(Comment {
        id: node.full_database_id.as_ref()?.number()?,
        author: wire::account(node.author.as_ref()),
        line: line.chars().take(LINE_CHARS).collect(),
        edited: node.includes_created_edit || node.last_edited_at.is_some(),
        at: moment(&node.created_at)?,
        can_push: Fact::unknown("nobody asked"),
        by_app: Fact::unknown("nobody asked"),
    })
}

impl Timeline {
    fn items(&self) -> impl Iterator<Item = &Item> {
        self.nodes.iter().flatten().flatten()
    }

    fn is_whole(&self) -> bool {
        let all_seen = self.nodes.iter().flatten().all(Option::is_some);
        !self.page_info.has_previous_page && self.nodes.is_some() && all_seen
    }
}

/// Who was put in charge by whom.
pub(super) fn assignments(timeline: Option<&Timeline>) -> Fact<Vec<Assignment>> {
    let Some(timeline) = timeline.filter(|timeline| timeline.is_whole()) else {
        return Fact::unknown("who was put in charge by whom, for the forge does not show all of that");
    };
    let assigned = timeline.items().filter_map(|item| match item {
        Item::AssignedEvent { actor, assignee } => {
            Some(Assignment { by: wire::account(actor.as_ref()), to: wire::account(assignee.as_ref()) })
        }
        Item::ReviewDismissedEvent { .. } | Item::Other => None,
    });
    Fact::Known(assigned.collect())
}

/// Puts in who dismissed which of the reviews. Of one that is dismissed and not found here nothing is known.
pub(super) fn dismissals(timeline: Option<&Timeline>, reviews: &mut [Review]) {
    for item in timeline.into_iter().flat_map(Timeline::items) {
        let Item::ReviewDismissedEvent { actor, created_at, previous_review_state, review } = item else {
            continue;
        };
        let id = review.as_ref().and_then(|review| review.full_database_id.as_ref()?.number());
        let dismissed =
            |review: &&mut Review| Some(review.id) == id && review.state == ReviewState::Dismissed;
        let (was, at) = (wire::review_state(previous_review_state), moment(created_at));
        if let (Some(review), Some(was), Some(at)) = (reviews.iter_mut().find(dismissed), was, at) {
            review.dismissal = Some(Dismissal { by: wire::account(actor.as_ref()), was, at });
        }
    }
}

/// A comment as REST tells it.
#[derive(Debug, Deserialize)]
struct Told {
    performed_via_github_app: Option<serde::de::IgnoredAny>,
}

/// What somebody may do: <https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user>.
#[derive(Debug, Deserialize)]
struct Permission {
    permission: String,
    user: Option<User>,
}

#[derive(Debug, Deserialize)]
struct User {
    id: u64,
}

impl super::GitHub {
    /// Asks of the comments that name the pull request's head who may push, and whether an App wrote them.
    ///
    /// # Errors
    /// [`ForgeError`] when no look came about.
    pub async fn ask_about_comments(
        &self,
        subject: &policy::PullSubject,
        pull: &mut Pull,
    ) -> Result<(), ForgeError> {
        ask(&self.inner.api, subject.installation, &subject.repo, pull).await
    }
}

/// Asks who may push, and whether an App wrote it, of the comments that name the head and were never edited. All others
/// do not count anyway.
pub(super) async fn ask(
    api: &Api,
    installation: InstallationId,
    repo: &RepoName,
    pull: &mut Pull,
) -> Result<(), ForgeError> {
    let (head, Fact::Known(comments)) = (pull.head.sha.to_string(), &mut pull.comments) else {
        return Ok(());
    };
    let names_head = |comment: &&mut Comment| !comment.edited && comment.line.ends_with(&head);
    for comment in comments.iter_mut().rev().filter(names_head).take(MOST_ASKED) {
        comment.can_push = match comment.author.get() {
            Ok(author) => may_push(api, installation, repo, author).await?,
            Err(why) => Fact::unknown(why),
        };
        let id = comment.id.to_string();
        let url = api.addresses.rest(&["repos", repo.owner(), repo.name(), "issues", "comments", &id]);
        comment.by_app = match seen(api.read::<Told>(installation, "a comment", url).await)? {
            Some(told) => Fact::Known(told.performed_via_github_app.is_some()),
            None => Fact::unknown("the forge does not show the comment"),
        };
    }
    Ok(())
}

async fn may_push(
    api: &Api,
    installation: InstallationId,
    repo: &RepoName,
    author: &policy::facts::Account,
) -> Result<Fact<bool>, ForgeError> {
    let segments = ["repos", repo.owner(), repo.name(), "collaborators", &author.login, "permission"];
    let url = api.addresses.rest(&segments);
    Ok(match seen(api.read::<Permission>(installation, "a commenter's access", url).await)? {
        // Logins are reused: the answer must be about this account.
        Some(told) if told.user.as_ref().is_some_and(|user| user.id == author.id.0) => {
            Fact::Known(matches!(told.permission.as_str(), "write" | "admin"))
        }
        Some(_) => Fact::unknown("the forge tells of another account"),
        None => Fact::unknown("the forge does not tell what the account may do"),
    })
}

/// The answer; `None` where the forge shows it to nobody or not to us.
fn seen<T>(answer: Result<T, ForgeError>) -> Result<Option<T>, ForgeError> {
    match answer {
        Ok(told) => Ok(Some(told)),
        Err(ForgeError::Gone { .. } | ForgeError::Refused { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
