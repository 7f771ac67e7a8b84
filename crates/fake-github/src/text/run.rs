//! Runs, deployments, releases and packages as text; nothing where there are none.

use std::fmt::{self, Write as _};

use super::{login, visible};
use crate::deployment::Deployment;
use crate::release::Release;
use crate::repo::Repo;
use crate::run::WorkflowRun;
use crate::server::FakeGithub;
use crate::world::World;

/// A run as a test looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownRun {
    /// Its id.
    pub id: u64,
    /// The workflow's path.
    pub workflow: String,
    /// GitHub's word for what caused it.
    pub event: String,
    /// The login of who caused it.
    pub actor: String,
    /// The login of who caused its newest attempt.
    pub triggering_actor: String,
    /// The head commit.
    pub head_sha: String,
    /// The newest attempt, counted from one.
    pub attempt: u64,
    /// `queued`, `in_progress`, `waiting` or `completed`.
    pub status: String,
    /// GitHub's word, once completed.
    pub conclusion: Option<String>,
}

impl FakeGithub {
    /// The workflow runs of a repository, oldest first.
    #[must_use]
    pub fn runs(&self, repo: &str) -> Vec<ShownRun> {
        let world = self.shared.world();
        let Ok(repo) = world.repo(repo) else { return Vec::new() };
        let shape = |run: &WorkflowRun| ShownRun {
            id: run.id,
            workflow: run.path.clone(),
            event: run.event.clone(),
            actor: login(&world, run.actor).to_owned(),
            triggering_actor: login(&world, run.attempt.triggering_actor).to_owned(),
            head_sha: run.head_sha.clone(),
            attempt: run.attempt.number,
            status: run.attempt.status.to_owned(),
            conclusion: run.attempt.conclusion.clone(),
        };
        world.runs_of(repo.id).map(shape).collect()
    }
}

pub(super) fn write(text: &mut String, world: &World, repo: &Repo) -> fmt::Result {
    for (number, run) in (1..).zip(world.runs_of(repo.id)) {
        write_run(text, world, repo, (number, run))?;
    }
    for (number, deployment) in (1..).zip(world.deployments_of(repo.id)) {
        write_deployment(text, world, (number, deployment))?;
    }
    for release in world.releases_of(repo.id) {
        write_release(text, world, release)?;
    }
    for package in world.automation.packages.iter().filter(|package| package.repo == repo.id) {
        let (name, version) = (visible(&package.name), visible(&package.version));
        writeln!(text, "  package {} {name} {version} by {}", package.kind, login(world, package.author))?;
    }
    Ok(())
}

fn write_run(
    text: &mut String,
    world: &World,
    repo: &Repo,
    (number, run): (usize, &WorkflowRun),
) -> fmt::Result {
    let by = login(world, run.actor);
    let again = match login(world, run.attempt.triggering_actor) {
        same if same == by => String::new(),
        other => format!(" (triggered by {other})"),
    };
    let from = world.repos.get(&run.head_repo).filter(|head| head.id != repo.id);
    let from = from.map(|head| format!("{}:", head.owner)).unwrap_or_default();
    let end = run.attempt.conclusion.as_ref().map(|word| format!("/{word}")).unwrap_or_default();
    let (path, event, branch) = (visible(&run.path), visible(&run.event), visible(&run.head_branch));
    let (head, attempt, status) = (&run.head_sha, run.attempt.number, run.attempt.status);
    writeln!(
        text,
        "  run {number} {path} on {event} by {by}{again} at {head:.7} ({from}{branch}), attempt {attempt}: {status}{end}"
    )?;
    for job in &run.attempt.jobs {
        let end = job.conclusion.as_ref().map(|word| format!("/{word}")).unwrap_or_default();
        let to = job.environment.as_ref().map(|to| format!(" to {}", visible(to))).unwrap_or_default();
        let labels = visible(&job.labels.join(", "));
        let group =
            job.runner_group.as_ref().map(|group| format!("; {}", visible(group))).unwrap_or_default();
        writeln!(text, "    job {}{to} [{labels}{group}]: {}{end}", visible(&job.name), job.status)?;
    }
    Ok(())
}

fn write_deployment(text: &mut String, world: &World, (number, of): (usize, &Deployment)) -> fmt::Result {
    let (by, to, sha) = (login(world, of.creator), visible(&of.environment), &of.sha);
    writeln!(text, "  deployment {number} of {sha:.7} to {to} by {by}: {}", of.state())?;
    for rule in &of.rules {
        let answer = rule.answer.map_or("waiting", crate::deployment::Answer::word);
        writeln!(text, "    rule {}: {answer}", visible(&rule.app))?;
        for line in rule.comment.lines() {
            writeln!(text, "{}", format!("      | {}", visible(line)).trim_end())?;
        }
        for report in &rule.reports {
            writeln!(text, "      report: {}", visible(report))?;
        }
    }
    match of.review.as_ref().map(|review| review.answer) {
        Some(Some((answer, by))) => writeln!(text, "    review by {}: {}", login(world, by), answer.word())?,
        Some(None) => writeln!(text, "    review: waiting")?,
        None => {}
    }
    match of.bypassed_by {
        Some(by) => writeln!(text, "    bypassed by {}", login(world, by)),
        None => Ok(()),
    }
}

fn write_release(text: &mut String, world: &World, of: &Release) -> fmt::Result {
    let mut kind = String::new();
    for (is, word) in
        [(of.draft, " (draft)"), (of.prerelease, " (prerelease)"), (of.immutable, " (immutable)")]
    {
        kind.push_str(if is { word } else { "" });
    }
    let (tag, name, by) = (visible(&of.tag), visible(&of.name), login(world, of.author));
    writeln!(text, "  release {tag} {name}{kind} by {by}")?;
    for asset in &of.assets {
        writeln!(text, "    asset {} {:.19}", visible(&asset.name), asset.digest)?;
    }
    Ok(())
}
