//! The merge queue of a branch: groups of pull requests, each merged in advance on a branch of its own.
//!
//! Holds what stands in the queue; [`verbs`](crate::verbs) form groups and let them land. The rule: a group builds on
//! the one before it, so what is behind a group that goes away is formed anew.
//! <https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/configuring-pull-request-merges/managing-a-merge-queue>

use crate::repo::Repo;
use crate::world::World;

/// GitHub's own account that moves the base branch: login and id.
pub(crate) const QUEUE_BOT: (&str, u64) = ("github-merge-queue[bot]", 118_344_674);

/// A pull request in the queue.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) id: u64,
    pub(crate) number: u64,
    pub(crate) enqueuer: u64,
    pub(crate) enqueued_at: i64,
    /// What its merge commit was made on.
    pub(crate) base_sha: String,
    /// Its own merge commit; that of the last entry is the group's head.
    pub(crate) head_sha: String,
}

/// Pull requests that are checked and land together.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    /// `gh-readonly-queue/<base>/pr-<number>-<sha>`, without `refs/heads/`.
    pub(crate) branch: String,
    pub(crate) base_ref: String,
    pub(crate) base_sha: String,
    pub(crate) head_sha: String,
    pub(crate) entries: Vec<Entry>,
}

impl Group {
    pub(crate) fn has(&self, number: u64) -> bool {
        self.entries.iter().any(|entry| entry.number == number)
    }
}

/// How the required checks on a group's head stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readiness {
    Awaiting,
    Green,
    Red,
}

impl Readiness {
    /// GraphQL's `MergeQueueEntryState`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Awaiting => "AWAITING_CHECKS",
            Self::Green => "MERGEABLE",
            Self::Red => "UNMERGEABLE",
        }
    }
}

impl Repo {
    /// The group that a pull request stands in.
    pub(crate) fn group_of(&self, number: u64) -> Option<&Group> {
        self.queues.values().flatten().find(|group| group.has(number))
    }

    /// What stands in the queue of a branch, first to land first.
    pub(crate) fn queued(&self, base_ref: &str) -> impl Iterator<Item = (&Group, &Entry)> {
        let groups = self.queues.get(base_ref).into_iter().flatten();
        groups.flat_map(|group| group.entries.iter().map(move |entry| (group, entry)))
    }

    /// The names of the checks that a branch requires, by rulesets and by classic protection.
    fn required(&self, branch: &str) -> Vec<(&str, Option<u64>)> {
        let guards = &self.safeguards;
        let rulesets = guards.rulesets.iter().filter(|one| one.holds(branch, &self.default_branch));
        let classic = guards.classic.iter().filter(|one| !self.protection_off && one.branch == branch);
        let checks = rulesets.flat_map(|one| &one.checks).chain(classic.flat_map(|one| &one.checks));
        checks.map(|check| (check.context.as_str(), check.app)).collect()
    }
}

impl World {
    /// Whether a group may land: every required check, as it stands last, must have succeeded on its head.
    pub(crate) fn readiness(&self, repo: &Repo, group: &Group) -> Readiness {
        let mut readiness = Readiness::Green;
        for (name, app) in repo.required(&group.base_ref) {
            let run = self.checks.iter().rev().find(|run| {
                run.repo == repo.id
                    && run.head_sha == group.head_sha
                    && run.name == name
                    && app.is_none_or(|app| app == run.app.id)
            });
            match run.map(|run| run.conclusion.as_deref()) {
                Some(Some("success" | "neutral" | "skipped")) => {}
                Some(Some(_)) => return Readiness::Red,
                Some(None) | None => readiness = Readiness::Awaiting,
            }
        }
        readiness
    }
}
