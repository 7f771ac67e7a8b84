//! The story's verbs: each changes the forge and leaves the deliveries that GitHub would send.
//!
//! A verb is a director's command, so permissions are not asked: what an account may do on the real forge is the
//! stage's business. The rules of a repository are asked, see [`rules`](crate::rules). Each verb is one second of the story's clock, and they take turns.

use crate::git::GitError;
use crate::payload::event;
use crate::server::FakeGithub;
use crate::step::{Before, OnPull, Step, Strike};
use crate::world::Missing;

mod access;
mod deployments;
mod discussion;
mod guard;
mod merge;
mod people;
mod pulls;
mod push;
mod queue;
mod refs;
mod releases;
mod reviews;
mod runs;

pub(crate) use deployments::STATES;
pub use deployments::ShownRule;

pub(crate) use merge::{signed_by_github, web_flow};

/// Why a verb was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum VerbError {
    /// It names something that is not there.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// Git did not do it.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The forge would refuse.
    #[error("{0}")]
    Refused(String),
}

/// What a verb made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A commit, or an annotated tag.
    Commit(String),
    /// A pull request's number.
    Pull(u64),
    /// A workflow run's id.
    Run(u64),
    /// A deployment's id.
    Deployment(u64),
    /// A release's id.
    Release(u64),
    /// A comment's id.
    Comment(u64),
    /// An issue's number.
    Issue(u64),
    /// Nothing that has a name.
    Done,
}

impl FakeGithub {
    /// Carries out one step.
    ///
    /// # Errors
    /// When it names what is not there, or the forge or git refuses.
    pub async fn play(&self, step: Step) -> Result<Outcome, VerbError> {
        let done = |(): ()| Outcome::Done;
        match step {
            Step::Push(step) => self.push(*step).await.map(Outcome::Commit),
            Step::CreateBranch(step) => self.create_branch(step).await.map(Outcome::Commit),
            Step::DeleteBranch(step) => self.delete_branch(step).await.map(done),
            Step::Tag(step) => self.tag(step).await.map(Outcome::Commit),
            Step::MoveTag(step) => self.move_tag(step).await.map(Outcome::Commit),
            Step::DeleteTag(step) => self.delete_tag(step).await.map(done),
            Step::PushMany(step) => self.push_many(step).await.map(done),
            Step::Merge(step) => self.merge(step).await.map(Outcome::Commit),
            Step::Open(step) => self.open(step).await.map(Outcome::Pull),
            Step::Review(step) => self.review(step).await.map(done),
            Step::Dismiss(step) => self.dismiss(step).await.map(done),
            Step::Label(step) => self.label(step).await.map(done),
            Step::Unlabel(step) => self.unlabel(step).await.map(done),
            Step::Retarget(step) => self.retarget(step).await.map(done),
            Step::Close(on) => self.close(on).await.map(done),
            Step::Reopen(on) => self.reopen(on).await.map(done),
            Step::Ready(on) => self.ready(on).await.map(done),
            Step::Draft(on) => self.draft(on).await.map(done),
            Step::Edit(step) => self.edit(step).await.map(done),
            Step::EnableAutoMerge(on) => self.enable_auto_merge(on).await.map(done),
            Step::DisableAutoMerge(on) => self.disable_auto_merge(on).await.map(done),
            Step::RemoveMember(step) => self.remove_member(step).await.map(done),
            Step::RemoveWriter(step) => self.remove_writer(step).await.map(done),
            Step::DeleteFork(step) => self.delete_fork(step).await.map(done),
            Step::DeleteAccount(step) => self.delete_account(step).await.map(done),
            Step::Rerequest(step) => self.rerequest(step).await.map(done),
            Step::ForeignCheck(step) => self.foreign_check(step).await.map(done),
            Step::ForgetChecks(step) => self.forget_checks(step).await.map(done),
            Step::Run(step) => self.start_run(*step).await.map(Outcome::Run),
            Step::Rerun(step) => self.rerun(step).await.map(done),
            Step::Complete(step) => self.complete(step).await.map(done),
            Step::Job(step) => self.job(step).await.map(done),
            Step::Deploy(step) => self.deploy(step).await.map(Outcome::Deployment),
            Step::ReviewDeployment(step) => self.review_deployment(step).await.map(done),
            Step::BypassProtection(step) => self.bypass_protection(step).await.map(done),
            Step::Deployment(step) => self.create_deployment(step).await.map(Outcome::Deployment),
            Step::DeploymentStatus(step) => self.set_deployment_status(step).await.map(done),
            Step::Release(step) => self.publish_release(step).await.map(Outcome::Release),
            Step::EditRelease(step) => self.edit_release(step).await.map(done),
            Step::DeleteRelease(step) => self.delete_release(step).await.map(done),
            Step::PublishPackage(step) => self.publish_package(step).await.map(done),
            Step::ChangeRepo(step) => self.change_repo(*step).await.map(done),
            Step::ChangeAccess(step) => self.change_access(step).await.map(done),
            Step::Comment(step) => self.comment(step).await.map(Outcome::Comment),
            Step::EditComment(step) => self.edit_comment(step).await.map(done),
            Step::DeleteComment(step) => self.delete_comment(step).await.map(done),
            Step::CommitComment(step) => self.commit_comment(step).await.map(Outcome::Comment),
            Step::Assign(step) => self.assign(step).await.map(done),
            Step::OpenIssue(step) => self.open_issue(step).await.map(Outcome::Issue),
            Step::Enqueue(step) => self.enqueue(step).await.map(Outcome::Commit),
            Step::Dequeue(step) => self.dequeue(step).await.map(done),
            Step::LandGroup(step) => self.land_group(step).await.map(Outcome::Commit),
            Step::DestroyGroup(step) => self.destroy_group(step).await.map(done),
            Step::Strike(Strike { route, fault, times }) => {
                self.fail(route.as_str(), fault, times);
                Ok(Outcome::Done)
            }
            Step::Before(Before { route, step }) => {
                self.before(route.as_str(), *step);
                Ok(Outcome::Done)
            }
            // Who waits, and for what, is up to whoever plays: see `play_on`.
            Step::Wait(_) => Ok(Outcome::Done),
        }
    }

    /// Finds who acts, the repository and the pull request of a verb, and moves the clock.
    fn on_pull(&self, actor: &str, repo: &str, number: u64) -> Result<Turn, VerbError> {
        let mut world = self.shared.world();
        world.clock.tick();
        let actor = world.account(actor)?.id;
        let repo = world.repo(repo)?.id;
        world.pull_mut(repo, number)?;
        Ok(Turn { actor, at: (repo, number), now: world.clock.story() })
    }

    /// Wakes the courier.
    fn told(&self) {
        self.shared.mail.notify_one();
    }

    /// A change of state that needs no more than one delivery.
    async fn change_pull(
        &self,
        on: &OnPull,
        (action, extra): (&'static str, serde_json::Value),
        change: impl FnOnce(&mut crate::pull::PullState, &Turn),
    ) -> Result<(), VerbError> {
        let _turn = self.shared.turn.lock().await;
        let turn = self.on_pull(&on.actor, &on.repo, on.pull)?;
        let mut world = self.shared.world();
        world.pull_mut(turn.at.0, turn.at.1)?.change(turn.now, |state| change(state, &turn));
        event::pull_request(&mut world, action, turn.at, turn.actor, extra);
        drop(world);
        self.told();
        Ok(())
    }
}

/// Who acts on which pull request, when.
struct Turn {
    actor: u64,
    at: (u64, u64),
    now: i64,
}
