//! Which pull requests a merge group holds, and what is shown on its head. One call.
//!
//! The queue tells of each entry what it was built on and what it became
//! (<https://docs.github.com/en/graphql/reference/objects#mergequeueentry>). A group is the run of entries that leads
//! from the commit that it is built on to its head, without a gap. The name of its branch is never taken for an answer.

use policy::facts::{Repository, ShownCheck};
use policy::rules::{OWN_MAX_BYTES, OWN_RULES};
use policy::{Fact, GroupSubject, Sha, act::GroupTold};
use serde::{Deserialize, Serialize};

use super::GitHub;
use super::error::ForgeError;
use super::file::{self, BranchNode, RulesFile};
use super::graphql::MERGE_GROUP;
use super::wire::{self, Page, RepositoryRef, TipCommit};

/// More pull requests than these in one group are not judged together.
const MOST_MEMBERS: usize = 50;

/// A merge group as the forge shows it now.
#[derive(Debug)]
pub struct GroupRead {
    /// The repository, by the name that it has now.
    pub repository: Repository,
    /// Its pull requests in the order in which they land; `None` when no entry of the queue leads to its head, as when
    /// it has landed.
    pub entries: Fact<Option<Vec<Entry>>>,
    /// Check runs of ours on its head; `None` when the head is not there.
    pub checks: Option<Vec<ShownCheck>>,
    /// The repository's own rules at its default branch.
    pub own_rules: Fact<RulesFile>,
}

/// A pull request in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub number: u64,
    /// What it is built on.
    pub base: Sha,
    /// What it becomes.
    pub head: Sha,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Variables<'a> {
    owner: &'a str,
    name: &'a str,
    branch: &'a str,
    head: &'a str,
    app_id: u64,
    check_name: &'a str,
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
    default_branch_ref: Option<BranchNode>,
    merge_queue: Option<Queue>,
    object: Option<TipCommit>,
}

#[derive(Debug, Deserialize)]
struct Queue {
    entries: Option<Page<EntryNode>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EntryNode {
    base_commit: Option<Oid>,
    head_commit: Option<Oid>,
    pull_request: Option<Number>,
}

#[derive(Debug, Deserialize)]
struct Oid {
    oid: String,
}

#[derive(Debug, Deserialize)]
struct Number {
    number: u64,
}

impl GitHub {
    /// Reads a merge group. `check` is the name of our check run.
    ///
    /// # Errors
    /// [`ForgeError`] when no look came about.
    pub async fn read_group(
        &self,
        subject: &GroupSubject,
        told: &GroupTold,
        check: &str,
    ) -> Result<GroupRead, ForgeError> {
        self.inner.api.may_write(subject.installation).await?;
        let gone = || ForgeError::Gone { what: format!("repository {}", subject.repo) };
        let variables = Variables {
            owner: subject.repo.owner(),
            name: subject.repo.name(),
            branch: told.base_ref.branch().unwrap_or_default(),
            head: told.head.as_str(),
            app_id: self.inner.pulls.app_id(),
            check_name: check,
            own_rules: OWN_RULES,
        };
        let data: Data = self.inner.api.query(subject.installation, &MERGE_GROUP, &variables).await?;
        let found = data.repository.ok_or_else(gone)?;
        let repository = wire::repository(&found.repository)?;
        if repository.id != subject.repo_id {
            return Err(gone());
        }
        let entries = match found.merge_queue.and_then(|queue| queue.entries) {
            Some(page) => match page.whole("the whole merge queue", entry) {
                Fact::Known(all) => chain(&all, told),
                Fact::Unknown(why) => Fact::Unknown(why),
            },
            None => Fact::unknown("the forge shows no merge queue for its branch"),
        };
        Ok(GroupRead {
            own_rules: file::at_tip(found.default_branch_ref.as_ref(), OWN_RULES, OWN_MAX_BYTES),
            checks: found.object.as_ref().map(|tip| wire::shown(tip, check)).transpose()?,
            repository,
            entries,
        })
    }
}

/// An entry, as far as it has commits: one whose turn has not come has none.
fn entry(node: &EntryNode) -> Option<Entry> {
    let sha = |oid: &Option<Oid>| Sha::parse(&oid.as_ref()?.oid);
    let number = node.pull_request.as_ref()?.number;
    Some(Entry { number, base: sha(&node.base_commit)?, head: sha(&node.head_commit)? })
}

/// The entries that lead from what the group is built on to its head.
fn chain(all: &[Option<Entry>], told: &GroupTold) -> Fact<Option<Vec<Entry>>> {
    let mut found: Vec<Entry> = Vec::new();
    let mut at = &told.head;
    while *at != told.base {
        let mut leading = all.iter().flatten().filter(|entry| entry.head == *at);
        match (leading.next(), leading.next()) {
            (Some(entry), None) if found.len() < MOST_MEMBERS && entry.base != entry.head => {
                found.push(entry.clone());
                at = &entry.base;
            }
            (Some(_), None) => {
                return Fact::unknown(format!(
                    "it holds more than the {MOST_MEMBERS} that are judged together"
                ));
            }
            (Some(_), Some(_)) => return Fact::unknown("two entries of the queue become the same commit"),
            (None, _) if found.is_empty() => return Fact::Known(None),
            (None, _) => {
                return Fact::unknown(format!(
                    "no entry of the queue leads to {}, between its base and its head",
                    at.short()
                ));
            }
        }
    }
    found.reverse();
    Fact::Known(Some(found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::act::RefName;

    fn sha(number: usize) -> Sha {
        Sha::parse(&format!("{number:040x}")).unwrap()
    }

    fn one(number: u64, base: usize, head: usize) -> Option<Entry> {
        Some(Entry { number, base: sha(base), head: sha(head) })
    }

    fn told(base: usize, head: usize) -> GroupTold {
        let base_ref = RefName::parse("refs/heads/main").unwrap();
        GroupTold { head: sha(head), base: sha(base), base_ref, over: false }
    }

    fn numbers(all: &[Option<Entry>], base: usize, head: usize) -> Fact<Option<Vec<u64>>> {
        match chain(all, &told(base, head)) {
            Fact::Known(found) => {
                Fact::Known(found.map(|found| found.iter().map(|entry| entry.number).collect()))
            }
            Fact::Unknown(why) => Fact::Unknown(why),
        }
    }

    #[test]
    fn a_group_is_the_run_of_entries_from_its_base_to_its_head() {
        let queue = [one(1, 10, 11), one(2, 11, 12), None, one(3, 12, 13)];
        assert_eq!(numbers(&queue, 10, 12), Fact::Known(Some(vec![1, 2])));
        assert_eq!(numbers(&queue, 12, 13), Fact::Known(Some(vec![3])));
        assert_eq!(numbers(&queue, 10, 99), Fact::Known(None), "nothing leads there: it is over, or lags");
    }

    #[test]
    fn a_gap_a_fork_and_a_loop_are_not_seen() {
        let unknown = |queue: &[Option<Entry>], base, head| {
            assert!(matches!(numbers(queue, base, head), Fact::Unknown(_)), "{queue:?}");
        };
        unknown(&[one(2, 11, 12)], 10, 12);
        unknown(&[one(1, 10, 11), one(2, 10, 11)], 10, 11);
        unknown(&[one(1, 12, 11), one(2, 11, 12)], 10, 12);
        unknown(&[one(1, 12, 12)], 10, 12);
    }
}
