//! Workflows, their runs, and the jobs of each attempt.
//!
//! A workflow is known from the first run on. Each re-run is an attempt of its own with jobs of its own; earlier
//! attempts stay as they ended. What happens to a run is told by the verbs and the API.

use crate::verbs::VerbError;
use crate::world::{Missing, World};

/// Ids of runs are beyond 32 bits, as GitHub's are.
const FIRST_RUN: u64 = 17_000_000_000;
/// Ids of jobs, which are ids of check runs too.
const FIRST_JOB: u64 = 48_000_000_000;
/// Ids of check suites of runs.
const FIRST_SUITE: u64 = 41_000_000_000;
const FIRST_WORKFLOW: u64 = 150_000_000;

/// Where workflows lie.
pub(crate) const WORKFLOWS: &str = ".github/workflows";

#[derive(Debug, Clone)]
pub(crate) struct Workflow {
    pub(crate) id: u64,
    pub(crate) repo: u64,
    pub(crate) path: String,
    pub(crate) name: String,
    /// How many runs it had.
    pub(crate) runs: u64,
}

/// A run, all attempts of it.
#[derive(Debug, Clone)]
pub(crate) struct WorkflowRun {
    pub(crate) id: u64,
    pub(crate) repo: u64,
    pub(crate) workflow: u64,
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) event: String,
    pub(crate) actor: u64,
    pub(crate) head_branch: String,
    pub(crate) head_sha: String,
    /// The repository of the head, which is another one for forks.
    pub(crate) head_repo: u64,
    /// Counted per workflow, from one.
    pub(crate) number: u64,
    pub(crate) suite: u64,
    pub(crate) created_at: i64,
    /// An ordinary cancel is taken and does nothing, as with a job that says `if: always()`.
    pub(crate) hangs: bool,
    /// Earlier attempts, oldest first.
    pub(crate) earlier: Vec<Attempt>,
    pub(crate) attempt: Attempt,
}

#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    /// Counted from one.
    pub(crate) number: u64,
    pub(crate) triggering_actor: u64,
    pub(crate) status: &'static str,
    pub(crate) conclusion: Option<String>,
    pub(crate) started_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) jobs: Vec<WorkflowJob>,
}

#[derive(Debug, Clone)]
pub(crate) struct WorkflowJob {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) labels: Vec<String>,
    pub(crate) runner_group: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) status: &'static str,
    pub(crate) conclusion: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) completed_at: Option<i64>,
}

impl WorkflowRun {
    pub(crate) fn is_completed(&self) -> bool {
        self.attempt.status == COMPLETED
    }

    pub(crate) fn job(&self, id: u64) -> Option<&WorkflowJob> {
        self.attempts().flat_map(|attempt| &attempt.jobs).find(|job| job.id == id)
    }

    pub(crate) fn attempts(&self) -> impl Iterator<Item = &Attempt> {
        self.earlier.iter().chain([&self.attempt])
    }
}

pub(crate) const QUEUED: &str = "queued";
pub(crate) const IN_PROGRESS: &str = "in_progress";
pub(crate) const WAITING: &str = "waiting";
pub(crate) const COMPLETED: &str = "completed";

const CONCLUSIONS: [&str; 8] = [
    "success",
    "failure",
    "neutral",
    "cancelled",
    "timed_out",
    "action_required",
    "skipped",
    "startup_failure",
];

/// The status of a run or job, if it is one.
pub(crate) fn status(word: &str) -> Result<&'static str, VerbError> {
    let known = [QUEUED, IN_PROGRESS, WAITING, COMPLETED].into_iter().find(|known| *known == word);
    known.ok_or_else(|| Missing::new("status", word).into())
}

pub(crate) fn conclusion(word: &str) -> Result<&str, VerbError> {
    if CONCLUSIONS.contains(&word) { Ok(word) } else { Err(Missing::new("conclusion", word).into()) }
}

/// What a run is made of; the rest follows from it.
pub(crate) struct NewRun {
    pub(crate) repo: u64,
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) event: String,
    pub(crate) actor: u64,
    pub(crate) triggering_actor: u64,
    pub(crate) head_branch: String,
    pub(crate) head_sha: String,
    pub(crate) head_repo: u64,
    pub(crate) hangs: bool,
    pub(crate) jobs: Vec<NewJob>,
}

#[derive(Debug, Clone)]
pub(crate) struct NewJob {
    pub(crate) name: String,
    pub(crate) labels: Vec<String>,
    pub(crate) runner_group: Option<String>,
    pub(crate) environment: Option<String>,
}

/// Ids follow from how many there are, so that a story is the same in every run.
pub(crate) fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

impl NewJob {
    /// The same job, once more.
    pub(crate) fn like(job: &WorkflowJob) -> Self {
        Self {
            name: job.name.clone(),
            labels: job.labels.clone(),
            runner_group: job.runner_group.clone(),
            environment: job.environment.clone(),
        }
    }
}

impl World {
    /// Starts a run: queued, like its jobs. Answers its id.
    pub(crate) fn add_run(&mut self, new: NewRun) -> u64 {
        let now = self.clock.story();
        let title = self.commit_subject(new.head_repo, &new.head_sha).unwrap_or_else(|| new.name.clone());
        let count = number(self.automation.workflows.len());
        let workflow = self.automation.workflows.entry((new.repo, new.path.clone())).or_insert_with(|| {
            let (repo, path) = (new.repo, new.path.clone());
            Workflow { id: FIRST_WORKFLOW + count, repo, path, name: String::new(), runs: 0 }
        });
        workflow.name.clone_from(&new.name);
        workflow.runs += 1;
        let (workflow, run_number) = (workflow.id, workflow.runs);
        let count = number(self.automation.runs.len());
        let mut attempt = Attempt {
            number: 1,
            triggering_actor: new.triggering_actor,
            status: QUEUED,
            conclusion: None,
            started_at: now,
            updated_at: now,
            jobs: Vec::new(),
        };
        attempt.jobs = new.jobs.iter().map(|job| self.new_job(job)).collect();
        let id = FIRST_RUN + count;
        self.automation.runs.push(WorkflowRun {
            id,
            repo: new.repo,
            workflow,
            path: new.path,
            name: new.name,
            title,
            event: new.event,
            actor: new.actor,
            head_branch: new.head_branch,
            head_sha: new.head_sha,
            head_repo: new.head_repo,
            number: run_number,
            suite: FIRST_SUITE + count,
            created_at: now,
            hangs: new.hangs,
            earlier: Vec::new(),
            attempt,
        });
        id
    }

    pub(crate) fn new_job(&mut self, new: &NewJob) -> WorkflowJob {
        self.automation.jobs += 1;
        WorkflowJob {
            id: FIRST_JOB + self.automation.jobs,
            name: new.name.clone(),
            labels: new.labels.clone(),
            runner_group: new.runner_group.clone(),
            environment: new.environment.clone(),
            status: QUEUED,
            conclusion: None,
            created_at: self.clock.story(),
            completed_at: None,
        }
    }

    fn commit_subject(&self, repo: u64, sha: &str) -> Option<String> {
        let commit = self.commit(self.repos.get(&repo)?, sha)?;
        Some(commit.subject().to_owned())
    }

    pub(crate) fn run(&self, id: u64) -> Option<&WorkflowRun> {
        self.automation.runs.iter().find(|run| run.id == id)
    }

    pub(crate) fn run_mut(&mut self, id: u64) -> Option<&mut WorkflowRun> {
        self.automation.runs.iter_mut().find(|run| run.id == id)
    }

    /// The runs of a repository, oldest first.
    pub(crate) fn runs_of(&self, repo: u64) -> impl DoubleEndedIterator<Item = &WorkflowRun> {
        self.automation.runs.iter().filter(move |run| run.repo == repo)
    }

    /// The repository's run of this number, counted from one over all its workflows; the newest when absent.
    pub(crate) fn told_run(&self, repo: u64, number: Option<usize>) -> Result<&WorkflowRun, Missing> {
        let found = match number {
            Some(number) => number.checked_sub(1).and_then(|index| self.runs_of(repo).nth(index)),
            None => self.runs_of(repo).next_back(),
        };
        let name = number.map_or_else(|| "newest".to_owned(), |number| number.to_string());
        found.ok_or_else(|| Missing::new("run", name))
    }
}

/// What stands after `name:` at the beginning of a line, else the path.
pub(crate) fn name_of(path: &str, text: &str) -> String {
    let named = text.lines().find_map(|line| line.strip_prefix("name:"));
    let name = named.map(|name| name.trim().trim_matches(['"', '\'']).to_owned());
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| path.to_owned())
}

/// The labels after the first `runs-on:`, one or a list on the line; GitHub's own newest Linux when there is none.
pub(crate) fn labels_of(text: &str) -> Vec<String> {
    let told = text.lines().find_map(|line| line.trim_start().strip_prefix("runs-on:"));
    let words = told.unwrap_or_default().trim_matches(|c: char| c.is_whitespace() || matches!(c, '[' | ']'));
    let labels: Vec<String> =
        words.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect();
    if labels.is_empty() { vec!["ubuntu-latest".to_owned()] } else { labels }
}

/// Whether `on:` names the event. This is no YAML parser: filters on branches and paths are not looked at.
pub(crate) fn starts_on(text: &str, event: &str) -> bool {
    let mut is_on = false;
    for line in text.lines() {
        let key = line.split_once(':').map(|(key, _)| key.trim_matches(['"', '\'']));
        if !line.starts_with([' ', '\t', '-', '#']) && !line.trim().is_empty() {
            is_on = key == Some("on");
        }
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        if is_on && words.any(|word| word == event) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{labels_of, name_of, starts_on};

    #[test]
    fn the_event_is_looked_for_under_on_alone() {
        assert!(starts_on("on: push\n", "push"));
        assert!(starts_on(
            "name: x\n\"on\":\n  pull_request:\n  push:\n    branches: [main]\njobs:\n",
            "push"
        ));
        assert!(starts_on("on: [pull_request, push]", "push"));
        assert!(starts_on("on:\n- push\n", "push"));
        assert!(!starts_on("on: pull_request\njobs:\n  push:\n", "push"));
        assert!(!starts_on("on:\n  # not on push\n  schedule:\n", "push"));
    }

    #[test]
    fn name_and_labels_are_read_from_the_text() {
        let text = "name: 'Deploy it'\non: push\njobs:\n  a:\n    runs-on: [self-hosted, linux]\n";
        assert_eq!(name_of("x.yml", text), "Deploy it");
        assert_eq!(labels_of(text), ["self-hosted", "linux"]);
        assert_eq!(
            (name_of("x.yml", ""), labels_of("")),
            ("x.yml".to_owned(), vec!["ubuntu-latest".to_owned()])
        );
    }
}
