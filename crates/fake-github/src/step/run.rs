//! The verbs of workflow runs.
//!
//! A run is named by its number in the repository, counted from one over all workflows; the newest when absent.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A run of a workflow starts.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Who causes it.
    #[serde(rename = "as")]
    pub actor: String,
    /// The repository that it runs in.
    pub repo: String,
    /// The workflow's path, such as `.github/workflows/ci.yml`. It has to be there at the head, unless it begins with
    /// `dynamic/`, as GitHub's own do.
    pub workflow: String,
    /// GitHub's word for what causes it; `push` when absent.
    #[serde(default = "push")]
    pub event: String,
    /// The head branch; the default branch when absent, or whatever branch has `sha`.
    pub branch: Option<String>,
    /// The head commit; the tip of the branch when absent.
    pub sha: Option<String>,
    /// `owner/name` of the fork that has the head.
    pub fork: Option<String>,
    /// Whose doing this attempt is, when it is not the actor's.
    pub triggering_actor: Option<String>,
    /// The name of its job.
    #[serde(default = "build")]
    pub job: String,
    /// Labels of the job's runner; what the workflow says when empty.
    #[serde(default)]
    pub labels: Vec<String>,
    /// The runner group; none for GitHub's own runners.
    pub runner_group: Option<String>,
    /// The environment that the job deploys to: as `deploy`, at once.
    pub environment: Option<String>,
    /// `queued` or `in_progress`.
    #[serde(default = "in_progress")]
    pub status: String,
    /// An ordinary cancel is answered, and does nothing.
    #[serde(default)]
    pub hangs: bool,
    /// The event type of a `repository_dispatch`.
    pub event_type: Option<String>,
    /// The inputs of a `workflow_dispatch`, or the payload of a `repository_dispatch`.
    #[serde(default)]
    pub inputs: BTreeMap<String, String>,
}

fn push() -> String {
    "push".to_owned()
}

pub(super) fn build() -> String {
    "build".to_owned()
}

fn in_progress() -> String {
    "in_progress".to_owned()
}

impl Run {
    /// A run on the default branch, because of a push.
    #[must_use]
    pub fn new(actor: &str, repo: &str, workflow: &str) -> Self {
        Self {
            actor: actor.to_owned(),
            repo: repo.to_owned(),
            workflow: workflow.to_owned(),
            event: push(),
            job: build(),
            status: in_progress(),
            ..Self::default()
        }
    }

    /// Because of this event.
    #[must_use]
    pub fn event(mut self, event: &str) -> Self {
        self.event = event.to_owned();
        self
    }

    /// On this branch.
    #[must_use]
    pub fn branch(mut self, branch: &str) -> Self {
        self.branch = Some(branch.to_owned());
        self
    }

    /// With the head in a fork.
    #[must_use]
    pub fn from_fork(mut self, repo: &str) -> Self {
        self.fork = Some(repo.to_owned());
        self
    }

    /// With a job that deploys.
    #[must_use]
    pub fn environment(mut self, environment: &str) -> Self {
        self.environment = Some(environment.to_owned());
        self
    }

    /// Deaf to ordinary cancels.
    #[must_use]
    pub fn hangs(mut self) -> Self {
        self.hangs = true;
        self
    }
}

/// Somebody runs a completed run again.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rerun {
    /// Who does it, and is the triggering actor from now on.
    #[serde(rename = "as")]
    pub actor: String,
    /// `owner/name`.
    pub repo: String,
    /// The run.
    pub run: Option<usize>,
}

/// A run ends, and with it every job that has not.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Complete {
    /// `owner/name`.
    pub repo: String,
    /// The run.
    pub run: Option<usize>,
    /// GitHub's word; `success` when absent.
    #[serde(default = "success")]
    pub conclusion: String,
}

fn success() -> String {
    "success".to_owned()
}

/// A job of a run comes, or goes on.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// `owner/name`.
    pub repo: String,
    /// The run.
    pub run: Option<usize>,
    /// The job's name; a new one is made when the run has none of it.
    #[serde(default = "build")]
    pub job: String,
    /// `queued`, `in_progress`, `waiting` or `completed`.
    pub status: String,
    /// How it ended; `success` when absent.
    #[serde(default = "success")]
    pub conclusion: String,
    /// Labels of the runner; they stay as they are when empty.
    #[serde(default)]
    pub labels: Vec<String>,
    /// The runner group.
    pub runner_group: Option<String>,
}
