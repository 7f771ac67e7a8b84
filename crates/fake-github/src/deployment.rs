//! Deployments, those of runs and those made from outside, and what they wait for.
//!
//! A deployment of a run whose environment has rules waits until each of them has said yes; one no ends it.
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/deployments-and-environments>

use crate::run::number;
use crate::stage::EnvironmentSpec;
use crate::world::{Missing, World};

const FIRST_DEPLOYMENT: u64 = 2_300_000_000;
const FIRST_STATUS: u64 = 3_700_000_000;
/// GitHub keeps no more reports of one rule than this.
pub(crate) const MOST_REPORTS: usize = 10;
/// The most characters of a comment.
pub(crate) const LONGEST_COMMENT: usize = 1024;

#[derive(Debug, Clone)]
pub(crate) struct Deployment {
    pub(crate) id: u64,
    pub(crate) repo: u64,
    pub(crate) sha: String,
    pub(crate) reference: String,
    pub(crate) task: String,
    pub(crate) environment: String,
    pub(crate) description: Option<String>,
    pub(crate) payload: serde_json::Value,
    pub(crate) creator: u64,
    pub(crate) production: bool,
    pub(crate) created_at: i64,
    /// The run and job that it belongs to.
    pub(crate) of: Option<(u64, u64)>,
    /// Custom rules of Apps, by slug.
    pub(crate) rules: Vec<Rule>,
    pub(crate) review: Option<Review>,
    pub(crate) bypassed_by: Option<u64>,
    /// Oldest first; never empty for a deployment of a run.
    pub(crate) statuses: Vec<DeploymentStatus>,
}

/// What one App says to a deployment.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) app: String,
    pub(crate) answer: Option<Answer>,
    pub(crate) comment: String,
    pub(crate) reports: Vec<String>,
}

/// What people say to a deployment that one of them has to approve.
#[derive(Debug, Clone)]
pub(crate) struct Review {
    pub(crate) answer: Option<(Answer, u64)>,
    pub(crate) comment: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    Approved,
    Rejected,
}

impl Answer {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct DeploymentStatus {
    pub(crate) id: u64,
    pub(crate) state: String,
    pub(crate) creator: u64,
    pub(crate) description: String,
    pub(crate) target_url: String,
    pub(crate) environment_url: String,
    pub(crate) at: i64,
}

impl Deployment {
    /// Whether something still has to say yes before the job may begin.
    pub(crate) fn waits(&self) -> bool {
        let asks_app = self.rules.iter().any(|rule| rule.answer.is_none());
        let asks_people = self.review.as_ref().is_some_and(|review| review.answer.is_none());
        let ended =
            self.statuses.last().is_some_and(|status| matches!(status.state.as_str(), "failure" | "error"));
        self.bypassed_by.is_none() && !ended && (asks_app || asks_people)
    }

    pub(crate) fn state(&self) -> &str {
        self.statuses.last().map_or("pending", |status| &status.state)
    }
}

/// What a new deployment is made of.
pub(crate) struct NewDeployment {
    pub(crate) repo: u64,
    pub(crate) sha: String,
    pub(crate) reference: String,
    pub(crate) task: String,
    pub(crate) environment: String,
    pub(crate) description: Option<String>,
    pub(crate) payload: serde_json::Value,
    pub(crate) creator: u64,
    pub(crate) production: bool,
    pub(crate) of: Option<(u64, u64)>,
}

impl World {
    /// The environment's settings; one that nobody set up has none.
    pub(crate) fn environment(&self, repo: u64, name: &str) -> Option<&EnvironmentSpec> {
        let known = &self.repos.get(&repo)?.safeguards.environments;
        known.iter().find(|environment| environment.name.eq_ignore_ascii_case(name))
    }

    /// Adds a deployment. What it waits for comes from the environment, when it is one of a run.
    pub(crate) fn add_deployment(&mut self, new: NewDeployment) -> u64 {
        let spec = self.environment(new.repo, &new.environment).filter(|_| new.of.is_some()).cloned();
        let spec = spec.unwrap_or_default();
        let rule = |app: String| Rule { app, answer: None, comment: String::new(), reports: Vec::new() };
        let id = FIRST_DEPLOYMENT + number(self.automation.deployments.len());
        let review = (!spec.reviewers.is_empty()).then(|| Review { answer: None, comment: String::new() });
        self.automation.deployments.push(Deployment {
            id,
            repo: new.repo,
            sha: new.sha,
            reference: new.reference,
            task: new.task,
            environment: new.environment,
            description: new.description,
            payload: new.payload,
            creator: new.creator,
            production: new.production,
            created_at: self.clock.story(),
            of: new.of,
            rules: spec.protection.into_iter().map(rule).collect(),
            review,
            bypassed_by: None,
            statuses: Vec::new(),
        });
        id
    }

    pub(crate) fn deployment(&self, id: u64) -> Option<&Deployment> {
        self.automation.deployments.iter().find(|deployment| deployment.id == id)
    }

    pub(crate) fn deployment_mut(&mut self, id: u64) -> Option<&mut Deployment> {
        self.automation.deployments.iter_mut().find(|deployment| deployment.id == id)
    }

    pub(crate) fn deployments_of(&self, repo: u64) -> impl DoubleEndedIterator<Item = &Deployment> {
        self.automation.deployments.iter().filter(move |deployment| deployment.repo == repo)
    }

    /// The repository's deployment of this number, counted from one; the newest when absent.
    pub(crate) fn told_deployment(&self, repo: u64, number: Option<usize>) -> Result<&Deployment, Missing> {
        let found = match number {
            Some(number) => number.checked_sub(1).and_then(|index| self.deployments_of(repo).nth(index)),
            None => self.deployments_of(repo).next_back(),
        };
        let name = number.map_or_else(|| "newest".to_owned(), |number| number.to_string());
        found.ok_or_else(|| Missing::new("deployment", name))
    }

    /// The newest deployment of the run's current attempt to an environment.
    pub(crate) fn deployment_of_run(&self, run: u64, environment: &str) -> Option<&Deployment> {
        let jobs = &self.run(run)?.attempt.jobs;
        let fits = |one: &&Deployment| {
            let of = one.of.is_some_and(|(its, job)| its == run && jobs.iter().any(|known| known.id == job));
            of && one.environment.eq_ignore_ascii_case(environment)
        };
        self.automation.deployments.iter().rev().find(fits)
    }

    /// Adds a status, and answers it.
    pub(crate) fn add_status(
        &mut self,
        deployment: u64,
        creator: u64,
        state: &str,
        told: (String, String, String),
    ) -> Option<DeploymentStatus> {
        self.automation.statuses += 1;
        let (description, target_url, environment_url) = told;
        let status = DeploymentStatus {
            id: FIRST_STATUS + self.automation.statuses,
            state: state.to_owned(),
            creator,
            description,
            target_url,
            environment_url,
            at: self.clock.story(),
        };
        self.deployment_mut(deployment)?.statuses.push(status.clone());
        Some(status)
    }
}
