//! A GitHub over real bare git repositories, for the demo, the end-to-end tests and the benchmarks.
//!
//! It speaks HTTP only (REST, GraphQL, git, webhooks) and shares no type with the gate, so that the gate's real
//! client, with its paging, authentication and retries, is what runs against it. It enforces what GitHub enforces
//! as far as the gate can notice: tokens, permissions, scopes, rules of branches and tags, and the limits of check
//! runs. Whatever it does not know it refuses with 501 and writes down in [`FakeGithub::unknown_routes`]; a test
//! asserts that list is empty.
//!
//! ```no_run
//! # async fn story() -> Result<(), Box<dyn std::error::Error>> {
//! use fake_github::{FakeGithub, Open, Push, Stage};
//!
//! let github = FakeGithub::start(Stage::parse(include_str!("../forge.sample.toml"))?).await?;
//! github.push(Push::new("alice", "acme/web", "fix").file("src/lib.rs", "fn main() {}")).await?;
//! let number = github.open(Open::new("alice", "acme/web", "fix")).await?;
//! github.deliver_all("http://127.0.0.1:8080/webhooks/github").await;
//! println!("#{number}\n{}", github.text());
//! # Ok(())
//! # }
//! ```

// GitHub's objects have many fields, and `json!` recurses over each.
#![recursion_limit = "256"]

mod account;
mod adversity;
mod auth;
mod automation;
mod calls;
mod check;
mod clock;
mod courier;
mod delivery;
mod deployment;
mod discussion;
mod exchange;
mod fault;
mod git;
mod git_http;
mod graphql;
mod moves;
mod operator;
mod payload;
mod pull;
mod queue;
mod refs;
mod release;
mod reply;
mod repo;
mod rest;
mod rules;
mod run;
mod server;
mod stage;
mod step;
mod text;
mod verbs;
mod world;
mod writes;

pub use auth::NoKey;
pub use calls::Call;
pub use delivery::{Attempt, Delivery};
pub use exchange::Exchange;
pub use fault::{Fault, Route};
pub use git::GitError;
pub use operator::OperatorLetter;
pub use server::{FakeGithub, StartError};
pub use stage::{
    AccountType, AppSpec, BypassSpec, CheckSpec, ClassicSpec, DeployKeySpec, EnvironmentSpec, HookSpec,
    OrgSpec, RepoSpec, ReviewsSpec, RulesetSpec, Safeguards, Stage, StageError, TeamSpec, UserSpec,
};
pub use step::{
    AccessChange, Assign, Before, ChangeAccess, ChangeRepo, Collaborator, Comment, CommitComment,
    CreateBranch, DeleteAccount, DeleteBranch, DeleteComment, DeleteFork, DeleteTag, Dequeue, DestroyGroup,
    Destruction, Dismiss, Edit, EditComment, Enqueue, ForeignCheck, ForgetChecks, Joined, Label, LandGroup,
    Many, Merge, MergeMethod, OnPull, Open, OpenIssue, Push, PushMany, RemoveMember, RemoveWriter,
    RepoChange, Rerequest, Retarget, Review, ReviewState, Signature, Step, Strike, Tag, TeamAccess,
    TokenRequest, Wait,
};
pub use step::{
    BypassProtection, Complete, CreateDeployment, DeleteRelease, Deploy, EditRelease, Job, PublishPackage,
    Release, Rerun, ReviewDeployment, Run, SetDeploymentStatus,
};
pub use text::{ShownCheck, ShownRun};
pub use verbs::ShownRule;
pub use verbs::VerbError;
pub use world::Missing;
