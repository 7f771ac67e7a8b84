//! The state of the forge as text, for snapshots and for people.
//!
//! Stable: no ports, no times, no numbers that only this run knows.

use std::collections::HashSet;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use crate::check::CheckRun;
use crate::discussion::{Comment, Issue};
use crate::pull::{Pull, PullStatus, Review};
use crate::queue::{Entry, Group};
use crate::repo::Repo;
use crate::server::FakeGithub;
use crate::world::World;

mod run;

pub use run::ShownRun;

/// A check run as a test looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownCheck {
    /// Its id.
    pub id: u64,
    /// The slug of the App that posted it.
    pub app: String,
    /// The name.
    pub name: String,
    /// `queued`, `in_progress` or `completed`.
    pub status: String,
    /// GitHub's word, once completed.
    pub conclusion: Option<String>,
    /// What the App wanted to find again; empty when not given.
    pub external_id: String,
    /// The output's title.
    pub title: Option<String>,
    /// The output's summary.
    pub summary: Option<String>,
    /// The output's text.
    pub text: Option<String>,
    /// Where "details" leads.
    pub details_url: Option<String>,
    /// The annotations, as `path:line level title`.
    pub annotations: Vec<String>,
    /// The identifiers of the buttons.
    pub actions: Vec<String>,
}

impl ShownCheck {
    fn of(run: &CheckRun) -> Self {
        let annotation = |annotation: &crate::check::Annotation| {
            let title = annotation.title.as_ref().unwrap_or(&annotation.message);
            let path = visible(&annotation.path);
            format!("{path}:{} {} {title}", annotation.start_line, annotation.annotation_level)
        };
        Self {
            id: run.id,
            app: run.app.slug.clone(),
            name: run.name.clone(),
            status: run.status.clone(),
            conclusion: run.conclusion.clone(),
            external_id: run.external_id.clone(),
            title: run.title.clone(),
            summary: run.summary.clone(),
            text: run.text.clone(),
            details_url: run.details_url.clone(),
            annotations: run.annotations.iter().map(annotation).collect(),
            actions: run.actions.iter().map(|action| action.identifier.clone()).collect(),
        }
    }
}

impl FakeGithub {
    /// The whole state as text.
    #[must_use]
    pub fn text(&self) -> String {
        let world = self.shared.world();
        let mut text = String::new();
        for repo in world.repos.values() {
            // Writing to a String cannot fail.
            write_repo(&mut text, &world, repo).ok();
        }
        text
    }

    /// The check runs on a commit of a repository, oldest first.
    #[must_use]
    pub fn check_runs(&self, repo: &str, sha: &str) -> Vec<ShownCheck> {
        let world = self.shared.world();
        let Ok(repo) = world.repo(repo) else { return Vec::new() };
        let here = |run: &&CheckRun| run.repo == repo.id && run.head_sha == sha;
        world.checks.iter().filter(here).map(ShownCheck::of).collect()
    }

    /// How many check runs were created and updated through the API.
    #[must_use]
    pub fn check_run_posts(&self) -> (usize, usize) {
        self.shared.world().check_posts
    }

    /// The tip of a branch.
    #[must_use]
    pub fn branch(&self, repo: &str, branch: &str) -> Option<String> {
        self.shared.world().repo(repo).ok()?.branches.get(branch).cloned()
    }

    /// The head of a pull request, as it truly is.
    #[must_use]
    pub fn pull_head(&self, repo: &str, number: u64) -> Option<String> {
        let world = self.shared.world();
        let head = world.repo(repo).ok()?.pulls.get(&number)?.now().ends.head_sha.clone();
        Some(head)
    }
}

fn write_repo(text: &mut String, world: &World, repo: &Repo) -> fmt::Result {
    let fork = if repo.fork_of.is_some() { " (fork)" } else { "" };
    writeln!(text, "{}{fork}", repo.full_name())?;
    let mut shown = HashSet::new();
    let default = repo.branches.get_key_value(&repo.default_branch);
    let others = repo.branches.iter().filter(|(name, _)| **name != repo.default_branch);
    for (name, tip) in default.into_iter().chain(others) {
        write_branch(text, world, repo, (name, tip), &mut shown)?;
    }
    write_other_refs(text, world, repo)?;
    write_queues(text, world, repo)?;
    let mut heads = HashSet::new();
    for pull in repo.pulls.values() {
        write_pull(text, world, repo, pull)?;
        let head = pull.now().ends.head_sha.clone();
        write_checks(text, world, repo, &head)?;
        heads.insert(head);
    }
    for issue in repo.issues.values() {
        write_issue(text, world, issue)?;
    }
    for said in &repo.commit_comments {
        let (by, words) = (login(world, said.comment.author), visible(&said.comment.body));
        writeln!(text, "  comment on {:.7} by {by}: {words}", said.sha)?;
    }
    let mut elsewhere: Vec<&str> = Vec::new();
    for run in world.checks.iter().filter(|run| run.repo == repo.id && !heads.contains(&run.head_sha)) {
        if !elsewhere.contains(&run.head_sha.as_str()) {
            elsewhere.push(&run.head_sha);
        }
    }
    for sha in elsewhere {
        writeln!(text, "  on {sha:.7}, which is no head:")?;
        write_checks(text, world, repo, sha)?;
    }
    run::write(text, world, repo)
}

/// The commits of a branch that no branch before it showed, newest first.
fn write_branch(
    text: &mut String,
    world: &World,
    repo: &Repo,
    branch: (&String, &String),
    shown: &mut HashSet<String>,
) -> fmt::Result {
    let (name, tip) = branch;
    let commits = world.graph(repo).map(|graph| graph.between("", tip)).unwrap_or_default();
    if shown.contains(tip) {
        writeln!(text, "  * {tip:.7} ({})", visible(name))?;
    }
    let mut lines = Vec::new();
    for sha in commits.iter().rev() {
        if !shown.insert(sha.clone()) {
            continue;
        }
        let Some(commit) = world.commit(repo, sha) else { continue };
        let label = if sha == tip { format!("({}) ", visible(name)) } else { String::new() };
        let subject = visible(commit.subject());
        lines.push((format!("  * {sha:.7} "), format!("{label}{subject} — {}", commit.author.name)));
    }
    write_runs(text, &lines)
}

/// Tags, and refs that are neither branches nor tags.
fn write_other_refs(text: &mut String, world: &World, repo: &Repo) -> fmt::Result {
    for (name, sha) in &repo.tags {
        let annotated = world.graph(repo).and_then(|graph| graph.tag(sha));
        let said = annotated.map(|tag| format!(" ({})", visible(&tag.message))).unwrap_or_default();
        let commit = annotated.map_or(sha, |tag| &tag.target);
        writeln!(text, "  tag {}: {commit:.7}{said}", visible(name))?;
    }
    for (name, sha) in &repo.other_refs {
        writeln!(text, "  {}: {sha:.7}", visible(name))?;
    }
    Ok(())
}

/// What people wrote, on one line and harmless to a terminal and to whoever reads it.
fn visible(text: &str) -> String {
    let hides = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars().flat_map(|c| if hides(c) { c.escape_default().collect() } else { vec![c] }).collect()
}

/// Writes lines, of those that come again and again only the first and how many follow.
fn write_runs(text: &mut String, lines: &[(String, String)]) -> fmt::Result {
    let mut rest = lines;
    while let Some((head, line)) = rest.first() {
        let times = rest.iter().take_while(|(_, other)| other == line).count();
        writeln!(text, "{head}{line}")?;
        if times > 3 {
            writeln!(text, "    (and {} more like it)", times - 1)?;
        }
        rest = rest.get(if times > 3 { times } else { 1 }..).unwrap_or_default();
    }
    Ok(())
}

/// Groups in the order they land, of branches where something stands in the queue.
fn write_queues(text: &mut String, world: &World, repo: &Repo) -> fmt::Result {
    for (base, groups) in repo.queues.iter().filter(|(_, groups)| !groups.is_empty()) {
        let entry = |entry: &Entry| format!("#{} by {}", entry.number, login(world, entry.enqueuer));
        let group = |group: &Group| group.entries.iter().map(entry).collect::<Vec<_>>().join(" + ");
        let shown: Vec<String> = groups.iter().map(group).collect();
        writeln!(text, "  queue of {}: {}", visible(base), shown.join("; "))?;
    }
    Ok(())
}

fn login(world: &World, id: u64) -> &str {
    world.living(id).map_or("ghost", |account| &account.login)
}

fn write_pull(text: &mut String, world: &World, repo: &Repo, pull: &Pull) -> fmt::Result {
    let state = pull.now();
    let status = match (state.status, state.draft) {
        (PullStatus::Open, true) => "open, draft",
        (PullStatus::Open, false) => "open",
        (PullStatus::Closed, _) => "closed",
        (PullStatus::Merged, _) => "merged",
    };
    let branch = visible(&pull.head_ref);
    let head = match state.head_repo {
        Some(id) if id == repo.id => branch,
        Some(_) => format!("{}:{branch}", pull.head_owner),
        None => format!("(deleted fork):{branch}"),
    };
    let base = &state.ends.base_ref;
    let author = login(world, pull.author);
    let title = visible(&state.title);
    writeln!(text, "  #{} {title} ({status}) {head}→{base} by {author}", pull.number)?;
    writeln!(text, "    head {:.7}", state.ends.head_sha)?;
    if let Some(how) = &state.merged {
        writeln!(text, "    merged by {} as {:.7}", login(world, how.by), how.sha)?;
    }
    if !state.labels.is_empty() {
        writeln!(text, "    labels: {}", state.labels.join(", "))?;
    }
    if !state.discussion.assignees.is_empty() {
        let people: Vec<&str> = state.discussion.assignees.iter().map(|id| login(world, *id)).collect();
        writeln!(text, "    assigned: {}", people.join(", "))?;
    }
    if let Some(by) = state.auto_merge_by {
        writeln!(text, "    auto-merge by {}", login(world, by))?;
    }
    let review = |review: &Arc<Review>| {
        let (word, by) = (review.state.word(), login(world, review.author));
        ("    review ".to_owned(), format!("{word} by {by} on {:.7}", review.commit))
    };
    write_runs(text, &state.reviews.iter().map(review).collect::<Vec<_>>())?;
    write_comments(text, world, &state.discussion.comments)
}

fn write_issue(text: &mut String, world: &World, issue: &Issue) -> fmt::Result {
    let status = if issue.closed_at.is_some() { "closed" } else { "open" };
    let (title, author) = (visible(&issue.title), login(world, issue.author));
    writeln!(text, "  issue #{} {title} ({status}) by {author}", issue.number)?;
    if !issue.labels.is_empty() {
        writeln!(text, "    labels: {}", issue.labels.join(", "))?;
    }
    for line in issue.body.iter().flat_map(|body| body.lines()) {
        writeln!(text, "{}", format!("    | {}", visible(line)).trim_end())?;
    }
    write_comments(text, world, &issue.comments)
}

fn write_comments(text: &mut String, world: &World, comments: &[Arc<Comment>]) -> fmt::Result {
    let line = |comment: &Arc<Comment>| {
        let via = comment.app.as_ref().map(|app| format!(" via {}", app.slug)).unwrap_or_default();
        let edited = if comment.edited.is_some() { " (edited)" } else { "" };
        let said = format!("{}{via}{edited}: {}", login(world, comment.author), visible(&comment.body));
        ("    comment by ".to_owned(), said)
    };
    write_runs(text, &comments.iter().map(line).collect::<Vec<_>>())
}

fn write_checks(text: &mut String, world: &World, repo: &Repo, sha: &str) -> fmt::Result {
    for run in world.checks.iter().filter(|run| run.repo == repo.id && run.head_sha == sha) {
        let shown = ShownCheck::of(run);
        let end = shown.conclusion.map(|word| format!("/{word}")).unwrap_or_default();
        let id = if shown.external_id.is_empty() { "" } else { ", has external id" };
        writeln!(text, "    check {} by {}: {}{end}{id}", shown.name, shown.app, shown.status)?;
        if let Some(title) = shown.title {
            writeln!(text, "      title: {title}")?;
        }
        for line in shown.summary.iter().flat_map(|summary| summary.lines()) {
            writeln!(text, "{}", format!("      | {line}").trim_end())?;
        }
        if !shown.annotations.is_empty() {
            writeln!(text, "      annotations: {}", shown.annotations.len())?;
        }
        for line in shown.annotations {
            writeln!(text, "        {line}")?;
        }
        if !shown.actions.is_empty() {
            writeln!(text, "      actions: {}", shown.actions.join(", "))?;
        }
    }
    Ok(())
}
