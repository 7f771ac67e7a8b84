//! The merge queue as GraphQL shows it.

use super::Sight;
use super::commit::Commit;
use super::connection::List;
use super::people::Account;
use super::pull::PullRequest;
use super::walk::{Arguments, Got, Node, Trouble};
use crate::clock::rfc3339;
use crate::payload::{WEB, node_id};
use crate::queue::{Entry, Group};
use crate::repo::Repo;

#[derive(Clone)]
pub(super) struct MergeQueueEntry<'w> {
    sight: Sight<'w>,
    repo: &'w Repo,
    group: &'w Group,
    entry: &'w Entry,
    /// Counted from one.
    position: usize,
}

impl<'w> MergeQueueEntry<'w> {
    fn all(sight: Sight<'w>, repo: &'w Repo, base_ref: &str) -> Vec<Self> {
        let numbered = (1..).zip(repo.queued(base_ref));
        numbered.map(|(position, (group, entry))| Self { sight, repo, group, entry, position }).collect()
    }

    /// The place of a pull request, if it stands in a queue.
    pub(super) fn of(sight: Sight<'w>, repo: &'w Repo, number: u64) -> Option<Self> {
        let group = repo.group_of(number)?;
        Self::all(sight, repo, &group.base_ref).into_iter().find(|one| one.entry.number == number)
    }

    fn commit(&self, sha: &str) -> Got<'w> {
        let (sight, repo) = (self.sight, self.repo);
        Got::maybe(sight.world.commit(repo, sha).map(|commit| Commit { sight, repo, commit }))
    }
}

impl<'w> Node<'w> for MergeQueueEntry<'w> {
    fn typename(&self) -> &'static str {
        "MergeQueueEntry"
    }

    fn stands_for(&self) -> &'static [&'static str] {
        &["Node"]
    }

    fn field(&self, name: &str, _: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let (sight, repo) = (self.sight, self.repo);
        Ok(match name {
            "id" => Got::leaf(node_id("MQE", self.entry.id)),
            "position" => Got::leaf(self.position),
            "state" => Got::leaf(sight.world.readiness(repo, self.group).word()),
            "enqueuedAt" => Got::leaf(rfc3339(self.entry.enqueued_at)),
            "enqueuer" => Got::maybe(Account::living(sight, self.entry.enqueuer)),
            "jump" => Got::leaf(false),
            "solo" => Got::leaf(false),
            "baseCommit" => self.commit(&self.entry.base_sha),
            "headCommit" => self.commit(&self.entry.head_sha),
            "pullRequest" => {
                let pull = repo.pulls.get(&self.entry.number);
                Got::maybe(pull.map(|pull| PullRequest::new(sight, repo, pull)))
            }
            "mergeQueue" => Got::maybe(MergeQueue::of(sight, repo, &self.group.base_ref)),
            _ => return Err(Trouble::NoField),
        })
    }
}

pub(super) struct MergeQueue<'w> {
    sight: Sight<'w>,
    repo: &'w Repo,
    branch: String,
}

impl<'w> MergeQueue<'w> {
    /// A branch has a queue from the first pull request that was put there.
    pub(super) fn of(sight: Sight<'w>, repo: &'w Repo, branch: &str) -> Option<Self> {
        repo.queues.contains_key(branch).then(|| Self { sight, repo, branch: branch.to_owned() })
    }
}

impl<'w> Node<'w> for MergeQueue<'w> {
    fn typename(&self) -> &'static str {
        "MergeQueue"
    }

    fn stands_for(&self) -> &'static [&'static str] {
        &["Node"]
    }

    fn field(&self, name: &str, arguments: &mut Arguments) -> Result<Got<'w>, Trouble> {
        Ok(match name {
            "id" => Got::leaf(node_id("MQ", self.repo.id)),
            "url" => Got::leaf(format!("{WEB}/{}/queue/{}", self.repo.full_name(), self.branch)),
            "entries" => {
                let entries = MergeQueueEntry::all(self.sight, self.repo, &self.branch);
                return List::new("MergeQueueEntryConnection", entries, |entry| Got::node(entry.clone()))
                    .window("entries", arguments);
            }
            _ => return Err(Trouble::NoField),
        })
    }
}
