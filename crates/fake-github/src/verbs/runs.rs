//! Runs: started, run again, moved on and ended.

use super::VerbError;
use crate::git;
use crate::payload::run as told;
use crate::run::{
    COMPLETED, IN_PROGRESS, NewJob, NewRun, QUEUED, WAITING, WORKFLOWS, conclusion, labels_of, name_of,
    starts_on, status,
};
use crate::server::{FakeGithub, Shared};
use crate::step::{Complete, Deploy, Job, Rerun, Run};
use crate::world::{Missing, World};

/// Where a run runs, and at which commit.
struct Head {
    actor: u64,
    repo: u64,
    head_repo: u64,
    branch: String,
    sha: String,
    dir: std::path::PathBuf,
}

impl FakeGithub {
    /// Starts a run of a workflow; answers its id.
    ///
    /// # Errors
    /// When somebody, the commit or the workflow is not there.
    pub async fn start_run(&self, step: Run) -> Result<u64, VerbError> {
        let status = status(&step.status)?;
        let (id, number) = {
            let _turn = self.shared.turn.lock().await;
            let head = {
                let mut world = self.shared.world();
                world.clock.tick();
                head(&world, &step)?
            };
            let text = workflow_text(&head, &step.workflow).await?;
            let mut world = self.shared.world();
            let new = new_run(&world, &step, &head, &text)?;
            told::dispatched(&mut world, &step, new.actor, new.repo);
            let (repo, starts) = (new.repo, status != QUEUED && step.environment.is_none());
            let id = world.begin_run(new, starts);
            (id, world.runs_of(repo).count())
        };
        if let Some(environment) = step.environment {
            let (repo, job) = (step.repo, step.job);
            self.deploy(Deploy { repo, run: Some(number), job, environment }).await?;
        }
        self.told();
        Ok(id)
    }

    /// Runs a completed run again, as another attempt.
    ///
    /// # Errors
    /// When it is not there, or not completed.
    pub async fn rerun(&self, step: Rerun) -> Result<(), VerbError> {
        let _turn = self.shared.turn.lock().await;
        let mut world = self.shared.world();
        world.clock.tick();
        let (actor, now) = (world.account(&step.actor)?.id, world.clock.story());
        let repo = world.repo(&step.repo)?.id;
        let run = world.told_run(repo, step.run)?;
        if !run.is_completed() {
            return Err(VerbError::Refused("the run is not completed".to_owned()));
        }
        let id = run.id;
        let again: Vec<NewJob> = run.attempt.jobs.iter().map(NewJob::like).collect();
        let jobs = again.iter().map(|job| world.new_job(job)).collect();
        if let Some(run) = world.run_mut(id) {
            let mut attempt = run.attempt.clone();
            attempt.number += 1;
            (attempt.triggering_actor, attempt.status, attempt.conclusion) = (actor, QUEUED, None);
            (attempt.started_at, attempt.updated_at, attempt.jobs) = (now, now, jobs);
            let ended = std::mem::replace(&mut run.attempt, attempt);
            run.earlier.push(ended);
        }
        world.tell_begin(id, true);
        drop(world);
        self.told();
        Ok(())
    }

    /// Ends a run, and each of its jobs that has not ended.
    ///
    /// # Errors
    /// When it is not there or has ended.
    pub async fn complete(&self, step: Complete) -> Result<(), VerbError> {
        let conclusion = conclusion(&step.conclusion)?;
        let _turn = self.shared.turn.lock().await;
        let mut world = self.shared.world();
        world.clock.tick();
        let repo = world.repo(&step.repo)?.id;
        let run = world.told_run(repo, step.run)?;
        if run.is_completed() {
            return Err(VerbError::Refused("the run is completed".to_owned()));
        }
        let (id, sender) = (run.id, run.attempt.triggering_actor);
        world.end_run(id, conclusion, sender);
        drop(world);
        self.told();
        Ok(())
    }

    /// Makes a job of a run, or moves it on.
    ///
    /// # Errors
    /// When the run is not there, or has ended.
    pub async fn job(&self, step: Job) -> Result<(), VerbError> {
        let status = status(&step.status)?;
        let conclusion = if status == COMPLETED { Some(conclusion(&step.conclusion)?) } else { None };
        let _turn = self.shared.turn.lock().await;
        let mut world = self.shared.world();
        world.clock.tick();
        let repo = world.repo(&step.repo)?.id;
        let run = world.told_run(repo, step.run)?;
        if run.is_completed() {
            return Err(VerbError::Refused("the run is completed".to_owned()));
        }
        let (id, sender) = (run.id, run.attempt.triggering_actor);
        let job = world.job_named(id, &step.job);
        if let Some(run) = world.run_mut(id)
            && let Some(job) = run.attempt.jobs.iter_mut().find(|known| known.id == job)
        {
            if !step.labels.is_empty() {
                job.labels = step.labels;
            }
            job.runner_group = step.runner_group.or(job.runner_group.take());
        }
        world.move_job((id, job), status, conclusion, sender);
        drop(world);
        self.told();
        Ok(())
    }
}

impl Shared {
    /// Starts what a push starts, where the stage says so; nothing for a repository's first commit.
    pub(crate) async fn runs_of_push(
        &self,
        actor: u64,
        repo: u64,
        branch: &str,
        sha: &str,
    ) -> Result<(), VerbError> {
        let dir = {
            let world = self.world();
            let Some(repo) = world.repos.get(&repo).filter(|repo| repo.runs_on_push) else { return Ok(()) };
            if world.commit(repo, sha).is_none_or(|commit| commit.parents.is_empty()) {
                return Ok(());
            }
            repo.dir.clone()
        };
        for (path, text) in git::texts(&dir, sha, WORKFLOWS).await? {
            let is_workflow =
                std::path::Path::new(&path).extension().is_some_and(|end| end == "yml" || end == "yaml");
            if !is_workflow || !starts_on(&text, "push") {
                continue;
            }
            let labels = labels_of(&text);
            let name = "build".to_owned();
            let new = NewRun {
                repo,
                name: name_of(&path, &text),
                path,
                event: "push".to_owned(),
                actor,
                triggering_actor: actor,
                head_branch: branch.to_owned(),
                head_sha: sha.to_owned(),
                head_repo: repo,
                hangs: false,
                jobs: vec![NewJob { name, labels, runner_group: None, environment: None }],
            };
            self.world().begin_run(new, true);
        }
        Ok(())
    }
}

fn head(world: &World, step: &Run) -> Result<Head, VerbError> {
    let actor = world.account(&step.actor)?.id;
    let repo = world.repo(&step.repo)?;
    let from = world.repo(step.fork.as_deref().unwrap_or(&step.repo))?;
    let branch_of =
        |sha: &str| from.branches.iter().find(|(_, tip)| *tip == sha).map(|(name, _)| name.clone());
    let branch = match (&step.branch, &step.sha) {
        (Some(branch), _) => branch.clone(),
        (None, Some(sha)) => branch_of(sha).unwrap_or_else(|| from.default_branch.clone()),
        (None, None) => from.default_branch.clone(),
    };
    let sha = world.resolve(from, step.sha.as_ref().unwrap_or(&branch))?;
    Ok(Head { actor, repo: repo.id, head_repo: from.id, branch, sha, dir: from.dir.clone() })
}

/// The text of the workflow at the head. GitHub's own workflows have none.
async fn workflow_text(head: &Head, path: &str) -> Result<String, VerbError> {
    if path.starts_with("dynamic/") {
        return Ok(String::new());
    }
    let all = git::texts(&head.dir, &head.sha, WORKFLOWS).await?;
    let found = all.into_iter().find(|(known, _)| known == path);
    found.map(|(_, text)| text).ok_or_else(|| Missing::new("workflow", path).into())
}

fn new_run(world: &World, step: &Run, head: &Head, text: &str) -> Result<NewRun, VerbError> {
    let triggering = step.triggering_actor.as_deref().map(|login| world.account(login)).transpose()?;
    let labels = if step.labels.is_empty() { labels_of(text) } else { step.labels.clone() };
    let job =
        NewJob { name: step.job.clone(), labels, runner_group: step.runner_group.clone(), environment: None };
    Ok(NewRun {
        repo: head.repo,
        path: step.workflow.clone(),
        name: name_of(&step.workflow, text),
        event: step.event.clone(),
        actor: head.actor,
        triggering_actor: triggering.map_or(head.actor, |account| account.id),
        head_branch: head.branch.clone(),
        head_sha: head.sha.clone(),
        head_repo: head.head_repo,
        hangs: step.hangs,
        jobs: vec![job],
    })
}

/// What happens to runs, told as it happens.
impl World {
    fn begin_run(&mut self, new: NewRun, starts: bool) -> u64 {
        let id = self.add_run(new);
        self.tell_begin(id, starts);
        id
    }

    /// Tells of a fresh attempt, and lets its jobs begin.
    fn tell_begin(&mut self, id: u64, starts: bool) {
        let Some(run) = self.run(id) else { return };
        let sender = run.attempt.triggering_actor;
        let jobs: Vec<u64> = run.attempt.jobs.iter().map(|job| job.id).collect();
        told::run(self, "requested", id, sender);
        for job in &jobs {
            told::job(self, QUEUED, (id, *job), sender);
        }
        for job in jobs.iter().filter(|_| starts) {
            self.move_job((id, *job), IN_PROGRESS, None, sender);
        }
    }

    /// The job of this name in the current attempt, made when it is not there.
    pub(super) fn job_named(&mut self, run: u64, name: &str) -> u64 {
        let jobs = self.run(run).map(|run| run.attempt.jobs.as_slice()).unwrap_or_default();
        if let Some(job) = jobs.iter().find(|job| job.name == name) {
            return job.id;
        }
        let labels = jobs.first().map_or_else(|| labels_of(""), |job| job.labels.clone());
        let new = NewJob { name: name.to_owned(), labels, runner_group: None, environment: None };
        let job = self.new_job(&new);
        let id = job.id;
        if let Some(run) = self.run_mut(run) {
            run.attempt.jobs.push(job);
        }
        id
    }

    /// Moves a job, and the run with it unless it is held up by another one.
    pub(crate) fn move_job(
        &mut self,
        (run, job): (u64, u64),
        status: &'static str,
        conclusion: Option<&str>,
        sender: u64,
    ) {
        let now = self.clock.story();
        let Some(found) = self.run_mut(run) else { return };
        let before = found.attempt.status;
        let jobs = &mut found.attempt.jobs;
        if let Some(job) = jobs.iter_mut().find(|known| known.id == job) {
            (job.status, job.conclusion) = (status, conclusion.map(str::to_owned));
            job.completed_at = (status == COMPLETED).then_some(now);
        }
        let any = |wanted: &str| jobs.iter().any(|job| job.status == wanted);
        let after = if any(IN_PROGRESS) {
            IN_PROGRESS
        } else if any(WAITING) {
            WAITING
        } else {
            // The end of all jobs is not yet the end of the run: that is told apart.
            before
        };
        (found.attempt.status, found.attempt.updated_at) = (after, now);
        told::job(self, status, (run, job), sender);
        if after == IN_PROGRESS && before != IN_PROGRESS {
            told::run(self, "in_progress", run, sender);
        }
    }

    /// Ends a run; each job and deployment that has not ended ends alike.
    pub(crate) fn end_run(&mut self, id: u64, conclusion: &str, sender: u64) {
        let now = self.clock.story();
        let Some(run) = self.run(id) else { return };
        let open: Vec<u64> =
            run.attempt.jobs.iter().filter(|job| job.status != COMPLETED).map(|job| job.id).collect();
        for job in open {
            self.move_job((id, job), COMPLETED, Some(conclusion), sender);
            self.end_deployment((id, job), conclusion, sender);
        }
        if let Some(run) = self.run_mut(id) {
            run.attempt.status = COMPLETED;
            run.attempt.conclusion = Some(conclusion.to_owned());
            run.attempt.updated_at = now;
        }
        told::run(self, "completed", id, sender);
    }
}
