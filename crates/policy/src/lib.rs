//! The pure core: facts in, verdict out.

pub mod ids;
pub mod subject;

pub use ids::{CheckRunId, InstallationId, Millis, RepoId, RepoName, Sha, UserId};
pub use subject::{Floor, PullSubject, Subject};
