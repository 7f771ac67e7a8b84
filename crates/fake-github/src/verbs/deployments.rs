//! Deployments: asked for, answered by rules and people, bypassed, and told of from outside.

use super::VerbError;
use crate::deployment::{Answer, NewDeployment};
use crate::payload::deployment as told;
use crate::repo::Permission;
use crate::run::{IN_PROGRESS, WAITING};
use crate::server::FakeGithub;
use crate::step::{BypassProtection, CreateDeployment, Deploy, ReviewDeployment, SetDeploymentStatus};
use crate::world::{Missing, World};

/// GitHub's words for how a deployment stands.
pub(crate) const STATES: [&str; 7] =
    ["error", "failure", "inactive", "in_progress", "queued", "pending", "success"];

/// What our App's rule says of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownRule {
    /// The environment.
    pub environment: String,
    /// `approved`, `rejected`, or `waiting`.
    pub answer: String,
    /// What was said with it: the answer's comment, or the newest report.
    pub comment: String,
}

impl FakeGithub {
    /// Lets a job of a run deploy: it waits for what guards the environment, and each guard is asked.
    ///
    /// # Errors
    /// When the run is not there or has ended.
    pub async fn deploy(&self, step: Deploy) -> Result<u64, VerbError> {
        let _turn = self.shared.turn.lock().await;
        let mut world = self.shared.world();
        world.clock.tick();
        let repo = world.repo(&step.repo)?.id;
        let run = world.told_run(repo, step.run)?;
        if run.is_completed() {
            return Err(VerbError::Refused("the run is completed".to_owned()));
        }
        let (run_id, sender) = (run.id, run.attempt.triggering_actor);
        let (sha, reference) = (run.head_sha.clone(), run.head_branch.clone());
        let job = world.job_named(run_id, &step.job);
        let id = world.add_deployment(NewDeployment {
            repo,
            sha,
            reference,
            task: "deploy".to_owned(),
            environment: step.environment.clone(),
            description: None,
            payload: serde_json::json!({}),
            creator: sender,
            production: step.environment.eq_ignore_ascii_case("production"),
            of: Some((run_id, job)),
        });
        if let Some(run) = world.run_mut(run_id)
            && let Some(job) = run.attempt.jobs.iter_mut().find(|known| known.id == job)
        {
            job.environment = Some(step.environment);
        }
        told::created(&mut world, id, sender);
        if world.deployment(id).is_some_and(crate::deployment::Deployment::waits) {
            world.say(id, sender, "pending");
            world.move_job((run_id, job), WAITING, None, sender);
            told::review_requested(&mut world, id, sender);
            told::rule_requested(&mut world, id, sender);
        } else {
            world.go_on(id, sender);
        }
        drop(world);
        self.told();
        Ok(id)
    }

    /// Lets a reviewer of the environment say yes or no.
    ///
    /// # Errors
    /// When nothing waits there, or the reviewer may not.
    pub async fn review_deployment(&self, step: ReviewDeployment) -> Result<(), VerbError> {
        let answer = match step.state.as_str() {
            "approved" => Answer::Approved,
            "rejected" => Answer::Rejected,
            other => return Err(Missing::new("answer", other).into()),
        };
        let _turn = self.shared.turn.lock().await;
        let mut world = self.shared.world();
        world.clock.tick();
        let actor = world.account(&step.actor)?.id;
        let id = waiting(&world, &step.repo, step.run, &step.environment)?;
        may_review(&world, id, actor)?;
        if let Some(review) = world.deployment_mut(id).and_then(|found| found.review.as_mut()) {
            review.answer = Some((answer, actor));
            review.comment.clone_from(&step.comment);
        }
        told::reviewed(&mut world, id, actor, answer);
        world.weigh(id, answer, actor);
        drop(world);
        self.told();
        Ok(())
    }

    /// Lets an administrator start the waiting job past everything that guards the environment.
    ///
    /// # Errors
    /// When nothing waits there, or the environment lets no administrator past.
    pub async fn bypass_protection(&self, step: BypassProtection) -> Result<(), VerbError> {
        let _turn = self.shared.turn.lock().await;
        let mut world = self.shared.world();
        world.clock.tick();
        let actor = world.account(&step.actor)?.id;
        let id = waiting(&world, &step.repo, step.run, &step.environment)?;
        let repo = world.repo(&step.repo)?;
        let allowed = world.environment(repo.id, &step.environment).is_some_and(|one| one.admins_bypass);
        if !allowed || world.permission(repo, actor) != Permission::Admin {
            return Err(VerbError::Refused(format!("`{}` may not go past the environment", step.actor)));
        }
        if let Some(deployment) = world.deployment_mut(id) {
            deployment.bypassed_by = Some(actor);
        }
        world.go_on(id, actor);
        drop(world);
        self.told();
        Ok(())
    }

    /// Makes a deployment from outside of Actions; answers its id.
    ///
    /// # Errors
    /// When somebody or the commit is not there.
    pub async fn create_deployment(&self, step: CreateDeployment) -> Result<u64, VerbError> {
        let _turn = self.shared.turn.lock().await;
        let mut world = self.shared.world();
        world.clock.tick();
        let creator = world.account(&step.actor)?.id;
        let repo = world.repo(&step.repo)?;
        let reference = step.reference.unwrap_or_else(|| repo.default_branch.clone());
        let sha = world.resolve(repo, &reference)?;
        let repo = repo.id;
        let id = world.add_deployment(NewDeployment {
            repo,
            sha,
            reference,
            task: "deploy".to_owned(),
            production: step.environment.eq_ignore_ascii_case("production"),
            environment: step.environment,
            description: step.description,
            payload: serde_json::json!(step.payload),
            creator,
            of: None,
        });
        told::created(&mut world, id, creator);
        drop(world);
        self.told();
        Ok(id)
    }

    /// What our App's rule says of each deployment that asked it, oldest first.
    #[must_use]
    pub fn deployment_rules(&self, repo: &str) -> Vec<ShownRule> {
        let world = self.shared.world();
        let Ok(repo) = world.repo(repo) else { return Vec::new() };
        let shown = |one: &crate::deployment::Deployment| {
            let rule = one.rules.iter().find(|rule| rule.app == world.app.slug)?;
            let last = rule.reports.last().cloned().unwrap_or_default();
            Some(ShownRule {
                environment: one.environment.clone(),
                answer: rule.answer.map_or("waiting", Answer::word).to_owned(),
                comment: if rule.answer.is_some() { rule.comment.clone() } else { last },
            })
        };
        world.deployments_of(repo.id).filter_map(shown).collect()
    }

    /// Tells how a deployment goes.
    ///
    /// # Errors
    /// When it is not there, or there is no such state.
    pub async fn set_deployment_status(&self, step: SetDeploymentStatus) -> Result<(), VerbError> {
        if !STATES.contains(&step.state.as_str()) {
            return Err(Missing::new("state", &step.state).into());
        }
        let _turn = self.shared.turn.lock().await;
        let mut world = self.shared.world();
        world.clock.tick();
        let actor = world.account(&step.actor)?.id;
        let repo = world.repo(&step.repo)?.id;
        let id = world.told_deployment(repo, step.deployment)?.id;
        world.add_status(id, actor, &step.state, (step.description, String::new(), String::new()));
        told::status(&mut world, id, actor);
        drop(world);
        self.told();
        Ok(())
    }
}

/// The deployment of a run that waits for this environment.
fn waiting(world: &World, repo: &str, run: Option<usize>, environment: &str) -> Result<u64, VerbError> {
    let run = world.told_run(world.repo(repo)?.id, run)?;
    let found = world.deployment_of_run(run.id, environment).filter(|one| one.waits());
    Ok(found.ok_or_else(|| Missing::new("deployment waiting for", environment))?.id)
}

fn may_review(world: &World, id: u64, actor: u64) -> Result<(), VerbError> {
    let found = world.deployment(id).ok_or_else(|| Missing::new("deployment", id))?;
    let refused = |why: &str| Err(VerbError::Refused(why.to_owned()));
    let Some(spec) = world.environment(found.repo, &found.environment) else {
        return refused("nobody reviews the environment");
    };
    if found.review.as_ref().is_none_or(|review| review.answer.is_some()) {
        return refused("no review is asked for");
    }
    if !spec.reviewers.iter().any(|login| world.account(login).is_ok_and(|account| account.id == actor)) {
        return refused("the environment has other reviewers");
    }
    if spec.prevent_self_review && found.creator == actor {
        return refused("who started a deployment may not approve it");
    }
    Ok(())
}

/// What answers do to a deployment.
impl World {
    /// Takes an answer into account: one no ends the run, the last yes starts the job.
    pub(crate) fn weigh(&mut self, id: u64, answer: Answer, sender: u64) {
        if answer == Answer::Rejected {
            let Some(deployment) = self.deployment(id) else { return };
            let of = deployment.of;
            self.say(id, sender, "failure");
            if let Some((run, _)) = of {
                self.end_run(run, "failure", sender);
            }
        } else if self.deployment(id).is_some_and(|deployment| !deployment.waits()) {
            self.go_on(id, sender);
        }
    }

    /// Starts the job of a deployment that waits no longer.
    fn go_on(&mut self, id: u64, sender: u64) {
        let Some(deployment) = self.deployment(id) else { return };
        let of = deployment.of;
        self.say(id, sender, "in_progress");
        if let Some(at) = of {
            self.move_job(at, IN_PROGRESS, None, sender);
        }
    }

    fn say(&mut self, id: u64, sender: u64, state: &str) {
        self.add_status(id, sender, state, Default::default());
        told::status(self, id, sender);
    }

    /// Ends the deployment of a job that ended.
    pub(super) fn end_deployment(&mut self, of: (u64, u64), conclusion: &str, sender: u64) {
        let open = |state: &str| matches!(state, "pending" | "queued" | "in_progress");
        let found = self.automation.deployments.iter().find(|one| one.of == Some(of) && open(one.state()));
        let Some(id) = found.map(|one| one.id) else { return };
        let state = match conclusion {
            "success" => "success",
            "failure" | "timed_out" => "failure",
            _ => "error",
        };
        self.say(id, sender, state);
    }
}
