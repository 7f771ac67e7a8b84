//! The pure core of Portcullis: facts in, verdict out.
//!
//! No I/O, no clock, no randomness, no panic, no `async` (invariant `policy_does_no_io`). What is unknown never
//! passes (invariant `not_knowing_is_never_a_pass`).

pub mod act;
pub mod complaint;
pub mod decide;
pub mod facts;
pub mod identity;
pub mod ids;
pub mod incident;
pub mod plan;
mod predicate;
pub mod reference;
pub mod rules;
pub mod strike;
pub mod subject;
pub mod verdict;

pub use facts::{Effects, Fact, Facts, Observed, Wanted};
pub use ids::{CheckRunId, InstallationId, Millis, RepoId, RepoName, RunId, Sha, UserId};
pub use plan::{Action, ShowCheck, Shows, plan, plan_merge, plan_merging, plan_ref, rules_check};
pub use subject::{
    DeploymentSubject, Floor, GroupSubject, GuardSubject, InstallationSubject, Place, PublicationSubject,
    PullSubject, RefSubject, ReviewFloor, RunSubject, Subject,
};
pub use verdict::{Conclusion, Verdict};
