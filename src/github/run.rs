//! Workflow runs: what they are, whether their file is the default branch's, and ending them.
//!
//! <https://docs.github.com/en/rest/actions/workflow-runs>

use std::collections::BTreeSet;

use policy::act::{Run, RunState};
use policy::facts::Repository;
use policy::plan::CancelRun;
use policy::rules::{OWN_MAX_BYTES, OWN_RULES};
use policy::{Fact, Millis, RepoId, RepoName, RunId, RunSubject, Sha};
use serde::{Deserialize, Serialize};

use super::GitHub;
use super::auth::Right;
use super::error::{ForgeError, quote};
use super::file::{self, BranchNode, RulesFile};
use super::graphql::WORKFLOW;
use super::wire::{self, RepositoryRef, RestAccount};
use crate::lease::Lease;

/// Jobs of one attempt; GitHub shows no more on a page.
const PAGE: usize = 100;

/// A run as the forge shows it now.
#[derive(Debug)]
pub struct RunRead {
    /// The repository, by the name that it has now.
    pub repository: Repository,
    /// The run.
    pub run: Run,
    /// When this attempt of it began, if the forge tells.
    pub begun_at: Option<Millis>,
}

/// What is known around a run.
#[derive(Debug)]
pub struct RunAround {
    /// The default branch's name.
    pub default_branch: String,
    /// Whether its workflow's file is the default branch's, byte for byte.
    pub same_workflow: Fact<bool>,
    /// Whether its head is a tag's.
    pub of_tag: Fact<bool>,
    /// The repository's own rules at its default branch.
    pub own_rules: Fact<RulesFile>,
}

#[derive(Debug, Deserialize)]
struct RunNode {
    id: u64,
    path: String,
    event: String,
    head_branch: Option<String>,
    head_sha: String,
    run_attempt: Option<u64>,
    run_started_at: Option<String>,
    status: Option<String>,
    conclusion: Option<String>,
    actor: Option<RestAccount>,
    triggering_actor: Option<RestAccount>,
    repository: RepositoryNode,
    head_repository: Option<HeadNode>,
}

#[derive(Debug, Deserialize)]
struct RepositoryNode {
    id: u64,
    full_name: RepoName,
}

#[derive(Debug, Deserialize)]
struct HeadNode {
    id: u64,
}

#[derive(Debug, Deserialize)]
struct JobsNode {
    total_count: usize,
    jobs: Vec<JobNode>,
}

#[derive(Debug, Deserialize)]
struct JobNode {
    run_attempt: Option<u64>,
    labels: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct PendingNode {
    environment: EnvironmentNode,
}

#[derive(Debug, Deserialize)]
struct EnvironmentNode {
    name: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Variables<'a> {
    owner: &'a str,
    name: &'a str,
    head: &'a str,
    path: &'a str,
    branch: &'a str,
    tag: &'a str,
    own_rules: &'a str,
}

#[derive(Debug, Deserialize)]
struct Data {
    repository: Option<Found>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    #[serde(flatten)]
    repository: RepositoryRef,
    default_branch_ref: Option<DefaultBranch>,
    branch: Option<serde::de::IgnoredAny>,
    tag: Option<serde::de::IgnoredAny>,
    object: Option<WorkflowCommit>,
}

/// Read twice: with the rules' file at its tip, and with the workflow's.
#[derive(Debug, Deserialize)]
struct DefaultBranch {
    name: String,
    target: Option<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
struct WorkflowCommit {
    #[serde(rename = "__typename")]
    kind: String,
    workflow: Option<EntryNode>,
}

#[derive(Debug, Deserialize)]
struct EntryNode {
    #[serde(rename = "type")]
    kind: String,
    object: Option<ObjectNode>,
}

#[derive(Debug, Deserialize)]
struct ObjectNode {
    oid: String,
}

impl GitHub {
    /// Reads a run.
    ///
    /// # Errors
    /// [`ForgeError`] when no look came about; [`ForgeError::Gone`] when the run is deleted.
    pub async fn read_run(&self, subject: &RunSubject) -> Result<RunRead, ForgeError> {
        let url = self.run_url(&subject.repo, subject.run, &[]);
        let node: RunNode = self.inner.api.read(subject.installation, "get_workflow_run", url).await?;
        if RepoId(node.repository.id) != subject.repo_id || RunId(node.id) != subject.run {
            return Err(ForgeError::Gone { what: format!("run {}", subject.run) });
        }
        node.read()
    }

    /// Reads what is known around a run that somebody who may be no person caused.
    ///
    /// # Errors
    /// [`ForgeError`] when no look came about.
    pub async fn around_run(&self, subject: &RunSubject, seen: &RunRead) -> Result<RunAround, ForgeError> {
        let run = &seen.run;
        let name = run.branch.as_deref().unwrap_or_default();
        let variables = Variables {
            owner: seen.repository.name.owner(),
            name: seen.repository.name.name(),
            head: run.head.as_str(),
            path: run.file().unwrap_or(OWN_RULES),
            branch: &format!("refs/heads/{name}"),
            tag: &format!("refs/tags/{name}"),
            own_rules: OWN_RULES,
        };
        let data: Data = self.inner.api.query(subject.installation, &WORKFLOW, &variables).await?;
        let found = data.repository.filter(|found| {
            wire::repository(&found.repository).is_ok_and(|repository| repository.id == subject.repo_id)
        });
        let found = found.ok_or_else(|| ForgeError::Gone { what: format!("repository {}", subject.repo) })?;
        Ok(found.around(run))
    }

    /// The labels of runners that the jobs of a run's newest attempt ask for, in lower case.
    ///
    /// # Errors
    /// [`ForgeError`].
    pub async fn runners(
        &self,
        subject: &RunSubject,
        attempt: u64,
    ) -> Result<Fact<BTreeSet<String>>, ForgeError> {
        let mut url = self.run_url(&subject.repo, subject.run, &["jobs"]);
        url.query_pairs_mut().append_pair("per_page", &PAGE.to_string());
        let listed: JobsNode = self.inner.api.read(subject.installation, "list_jobs_of_run", url).await?;
        if listed.total_count > listed.jobs.len() {
            return Ok(Fact::unknown(format!("it has {} jobs, too many to see", listed.total_count)));
        }
        if listed.jobs.iter().any(|job| job.run_attempt.is_some_and(|of| of != attempt)) {
            return Ok(Fact::unknown("it was run again meanwhile"));
        }
        let labels = listed.jobs.into_iter().flat_map(|job| job.labels);
        Ok(Fact::Known(labels.map(|label| label.to_ascii_lowercase()).collect()))
    }

    /// The environments that a run waits for.
    ///
    /// # Errors
    /// [`ForgeError`].
    pub async fn pending_environments(
        &self,
        subject: &RunSubject,
    ) -> Result<Fact<BTreeSet<String>>, ForgeError> {
        let url = self.run_url(&subject.repo, subject.run, &["pending_deployments"]);
        let listed: Vec<PendingNode> =
            self.inner.api.read(subject.installation, "list_pending_deployments", url).await?;
        let names: Option<BTreeSet<String>> = listed.into_iter().map(|one| one.environment.name).collect();
        Ok(names.map_or_else(|| Fact::unknown("the forge does not name an environment"), Fact::Known))
    }

    /// Cancels a run. The forge takes it and ends the run later, or not at all.
    ///
    /// # Errors
    /// [`ForgeError::Refused`] with 409 when it is over.
    pub async fn cancel_run(&self, lease: &Lease, cancel: &CancelRun) -> Result<(), ForgeError> {
        let verb = if cancel.force { "force-cancel" } else { "cancel" };
        let url = self.run_url(&cancel.repository, cancel.run, &[verb]);
        let installation = lease.subject().place().installation;
        self.inner.api.post_by(Right::End, installation, "cancel_run", url, &serde_json::json!({})).await
    }

    pub(super) fn run_url(&self, repo: &RepoName, run: RunId, rest: &[&str]) -> reqwest::Url {
        let run = run.to_string();
        let mut segments = vec!["repos", repo.owner(), repo.name(), "actions", "runs", &run];
        segments.extend(rest);
        self.inner.api.addresses.rest(&segments)
    }
}

impl RunNode {
    fn read(self) -> Result<RunRead, ForgeError> {
        let missing = |what: &str| ForgeError::Incomplete { what: format!("the {what} of a run") };
        let head = Sha::parse(&self.head_sha).ok_or_else(|| missing("head"))?;
        let waits = |word: &Option<String>| word.as_deref() == Some("action_required");
        let state = if waits(&self.status) || waits(&self.conclusion) {
            RunState::Held
        } else if self.status.as_deref() == Some("completed") {
            RunState::Over
        } else {
            RunState::Open
        };
        let fork = match &self.head_repository {
            Some(head) => Fact::Known(head.id != self.repository.id),
            None => Fact::unknown("the repository of its head is gone"),
        };
        let run = Run {
            id: RunId(self.id),
            attempt: self.run_attempt.ok_or_else(|| missing("attempt"))?,
            head,
            branch: self.head_branch.map(|branch| quote(&branch)),
            // A run that was started at a branch may carry its name behind the path.
            path: quote(self.path.split('@').next().unwrap_or_default()),
            event: quote(&self.event),
            actor: RestAccount::fact(self.actor.as_ref()),
            triggering_actor: RestAccount::fact(self.triggering_actor.as_ref()),
            fork,
            state,
        };
        let repository = Repository { id: RepoId(self.repository.id), name: self.repository.full_name };
        let begun_at = self.run_started_at.as_deref().and_then(wire::moment);
        Ok(RunRead { repository, run, begun_at })
    }
}

impl Found {
    fn around(self, run: &Run) -> RunAround {
        let branch = self.default_branch_ref;
        let at_default = branch
            .as_ref()
            .and_then(|branch| serde_json::from_value::<WorkflowCommit>(branch.target.clone()?).ok());
        let rules = branch.as_ref().map(|branch| BranchNode {
            target: branch.target.clone().and_then(|target| serde_json::from_value(target).ok()),
        });
        let same_workflow = match run.file() {
            None => Fact::Known(true),
            Some(_) => same(self.object.as_ref(), at_default.as_ref()),
        };
        // A branch goes when it is merged; a tag of the same name would make a branch's run a tag's.
        let of_tag = Fact::Known(self.branch.is_none() && self.tag.is_some());
        RunAround {
            default_branch: branch.map(|branch| branch.name).unwrap_or_default(),
            same_workflow,
            of_tag,
            own_rules: file::at_tip(rules.as_ref(), OWN_RULES, OWN_MAX_BYTES),
        }
    }
}

/// Whether both have the same file. What the default branch does not have differs.
fn same(head: Option<&WorkflowCommit>, default: Option<&WorkflowCommit>) -> Fact<bool> {
    let (Some(head), Some(default)) = (head, default) else {
        return Fact::unknown("the forge does not show both commits");
    };
    if head.kind != "Commit" || default.kind != "Commit" {
        return Fact::unknown("the forge does not show both commits");
    }
    let blob = |commit: &WorkflowCommit| match &commit.workflow {
        None => Fact::Known(None),
        Some(EntryNode { kind, object: Some(object) }) if kind == "blob" => {
            Fact::Known(Some(object.oid.clone()))
        }
        Some(_) => Fact::unknown("what stands at its path is no file that the forge shows"),
    };
    match (blob(head), blob(default)) {
        (Fact::Unknown(why), _) | (_, Fact::Unknown(why)) => Fact::Unknown(why),
        (Fact::Known(None), _) => Fact::unknown("its file does not stand at its head"),
        (Fact::Known(head), Fact::Known(default)) => Fact::Known(head == default),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(oid: Option<&str>) -> WorkflowCommit {
        let entry = |oid: &str| EntryNode {
            kind: "blob".to_owned(),
            object: Some(ObjectNode { oid: oid.to_owned() }),
        };
        WorkflowCommit { kind: "Commit".to_owned(), workflow: oid.map(entry) }
    }

    #[test]
    fn only_the_same_blob_is_the_same_workflow() {
        let is =
            |head: Option<&str>, default: Option<&str>| same(Some(&commit(head)), Some(&commit(default)));
        assert_eq!(is(Some("a"), Some("a")), Fact::Known(true));
        assert_eq!(is(Some("a"), Some("b")), Fact::Known(false));
        assert_eq!(is(Some("a"), None), Fact::Known(false), "new files are not the default branch's");
        assert!(is(None, Some("a")).get().is_err());
        assert!(same(None, Some(&commit(Some("a")))).get().is_err());
        assert!(same(Some(&commit(Some("a"))), None).get().is_err());
        let tree = WorkflowCommit {
            workflow: Some(EntryNode { kind: "tree".to_owned(), object: None }),
            ..commit(None)
        };
        assert!(same(Some(&tree), Some(&tree)).get().is_err());
    }
}
