//! The verbs of a story: what somebody did on the forge.
//!
//! Data only; [`verbs`](crate::verbs) carries them out. The same words serve `[[steps]]` of a `forge.toml`
//! (`do = "push"`) and the builders that tests use.

use serde::Deserialize;

pub use deployment::{BypassProtection, CreateDeployment, Deploy, ReviewDeployment, SetDeploymentStatus};
pub use discussion::{Assign, Comment, CommitComment, DeleteComment, EditComment, OpenIssue};
pub use guard::{
    AccessChange, ChangeAccess, ChangeRepo, Collaborator, Joined, RepoChange, TeamAccess, TokenRequest,
};
pub use pull::{
    DeleteAccount, DeleteFork, Dismiss, Edit, ForeignCheck, ForgetChecks, Label, OnPull, RemoveMember,
    RemoveWriter, Rerequest, Retarget, Review, ReviewState,
};
pub use push::{Many, Push, Signature};
pub use release::{DeleteRelease, EditRelease, PublishPackage, Release};
pub use run::{Complete, Job, Rerun, Run};

mod deployment;
mod release;
mod run;
pub use queue::{Dequeue, DestroyGroup, Destruction, Enqueue, LandGroup};
pub use refs::{CreateBranch, DeleteBranch, DeleteTag, Merge, MergeMethod, PushMany, Tag};
pub use trouble::{Before, Strike, Wait};

mod discussion;
mod guard;
mod pull;
mod push;
mod queue;
mod refs;
mod trouble;

/// One thing that somebody does.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Step {
    /// Commits and moves a branch.
    Push(Box<Push>),
    /// Makes a branch.
    CreateBranch(CreateBranch),
    /// Deletes a branch.
    DeleteBranch(DeleteBranch),
    /// Makes a tag.
    Tag(Tag),
    /// Moves a tag, by force.
    MoveTag(Tag),
    /// Deletes a tag.
    DeleteTag(DeleteTag),
    /// Moves many refs by one push.
    PushMany(PushMany),
    /// Merges a pull request.
    Merge(Merge),
    /// Opens a pull request.
    Open(Open),
    /// Submits a review.
    Review(Review),
    /// Dismisses somebody's latest decisive review.
    Dismiss(Dismiss),
    /// Adds a label.
    Label(Label),
    /// Removes a label.
    Unlabel(Label),
    /// Points the pull request at another base.
    Retarget(Retarget),
    /// Closes it without merging.
    Close(OnPull),
    /// Opens it again.
    Reopen(OnPull),
    /// Marks it ready for review.
    Ready(OnPull),
    /// Turns it into a draft.
    Draft(OnPull),
    /// Changes title or body.
    Edit(Edit),
    /// Enables auto-merge.
    EnableAutoMerge(OnPull),
    /// Disables auto-merge.
    DisableAutoMerge(OnPull),
    /// Takes somebody out of an organisation and its teams.
    RemoveMember(RemoveMember),
    /// Takes somebody's write permission away.
    RemoveWriter(RemoveWriter),
    /// Deletes a fork; its pull requests lose their head repository.
    DeleteFork(DeleteFork),
    /// Deletes an account; what it made belongs to nobody then.
    DeleteAccount(DeleteAccount),
    /// Presses "re-run" on a check run of the App.
    Rerequest(Rerequest),
    /// Lets another App post a check run.
    ForeignCheck(ForeignCheck),
    /// Deletes what is kept of checks, as GitHub does with old ones.
    ForgetChecks(ForgetChecks),
    /// Starts a run of a workflow.
    Run(Box<Run>),
    /// Runs a completed run again.
    Rerun(Rerun),
    /// Ends a run.
    Complete(Complete),
    /// Makes a job of a run, or moves it on.
    Job(Job),
    /// Lets a job of a run deploy.
    Deploy(Deploy),
    /// Approves or rejects a deployment that waits for a person.
    ReviewDeployment(ReviewDeployment),
    /// Starts a deployment past everything that guards its environment.
    BypassProtection(BypassProtection),
    /// Makes a deployment from outside of Actions.
    Deployment(CreateDeployment),
    /// Tells how a deployment goes.
    DeploymentStatus(SetDeploymentStatus),
    /// Publishes a release, or saves a draft.
    Release(Release),
    /// Changes a release.
    EditRelease(EditRelease),
    /// Takes a release away.
    DeleteRelease(DeleteRelease),
    /// Publishes a version of a package.
    PublishPackage(PublishPackage),
    /// Changes a repository, or what guards it.
    ChangeRepo(Box<ChangeRepo>),
    /// Changes an organisation, or the App's installation.
    ChangeAccess(ChangeAccess),
    /// Writes a comment on a pull request or an issue.
    Comment(Comment),
    /// Gives a comment other words.
    EditComment(EditComment),
    /// Takes a comment away.
    DeleteComment(DeleteComment),
    /// Writes a comment on a commit.
    CommitComment(CommitComment),
    /// Lets somebody look after a pull request.
    Assign(Assign),
    /// Opens an issue.
    OpenIssue(OpenIssue),
    /// Puts pull requests into the merge queue, as one group.
    Enqueue(Enqueue),
    /// Takes a pull request out of the merge queue.
    Dequeue(Dequeue),
    /// Merges the first group of the queue.
    LandGroup(LandGroup),
    /// Lets a whole group leave the queue.
    DestroyGroup(DestroyGroup),
    /// Lets the API fail for a while.
    Strike(Strike),
    /// Lets something happen right before the next call of a route is carried out.
    Before(Before),
    /// Lets everything told so far be heard before the story goes on.
    Wait(Wait),
}

/// A new pull request.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// Who opens it.
    #[serde(rename = "as")]
    pub actor: String,
    /// The base repository.
    pub repo: String,
    /// The head branch.
    pub head: String,
    /// The base branch; the default branch when absent.
    pub base: Option<String>,
    /// The fork that has the head branch.
    pub head_repo: Option<String>,
    /// The title; made from the head branch when empty.
    #[serde(default)]
    pub title: String,
    /// The body.
    pub body: Option<String>,
    /// Whether it is a draft.
    #[serde(default)]
    pub draft: bool,
    /// Labels it is born with.
    #[serde(default)]
    pub labels: Vec<String>,
}

impl Open {
    /// A pull request against the default branch.
    #[must_use]
    pub fn new(actor: &str, repo: &str, head: &str) -> Self {
        Self { actor: actor.to_owned(), repo: repo.to_owned(), head: head.to_owned(), ..Self::default() }
    }

    /// Against this branch.
    #[must_use]
    pub fn base(mut self, branch: &str) -> Self {
        self.base = Some(branch.to_owned());
        self
    }

    /// With the head in a fork.
    #[must_use]
    pub fn from_fork(mut self, repo: &str) -> Self {
        self.head_repo = Some(repo.to_owned());
        self
    }

    /// With this title.
    #[must_use]
    pub fn title(mut self, title: &str) -> Self {
        self.title = title.to_owned();
        self
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, body: &str) -> Self {
        self.body = Some(body.to_owned());
        self
    }

    /// As a draft.
    #[must_use]
    pub fn draft(mut self) -> Self {
        self.draft = true;
        self
    }
}
