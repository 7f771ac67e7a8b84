//! The query root, repositories and the rate limit.

use serde_json::json;

use super::Sight;
use super::connection::List;
use super::people::{Account, Organization};
use super::pull::PullRequest;
use super::queue::MergeQueue;
use super::reference::{self, Ref};
use super::walk::{Arguments, Got, Node, Trouble};
use crate::auth::Level;
use crate::clock::rfc3339;
use crate::payload::node_id;
use crate::reply::HOURLY;
use crate::repo::Repo;
use crate::rest::hour_ends;

pub(super) struct Query<'w>(pub(super) Sight<'w>);

impl<'w> Node<'w> for Query<'w> {
    fn typename(&self) -> &'static str {
        "Query"
    }

    fn field(&self, name: &str, arguments: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let Self(sight) = self;
        match name {
            "repository" => {
                let full_name = format!("{}/{}", arguments.text("owner"), arguments.text("name"));
                arguments.take("followRenames");
                let found = sight.world.repo(&full_name).ok();
                let found = found.filter(|repo| repo.is_installed() && sight.token.covers(repo.id));
                let repo = found.ok_or_else(|| {
                    let message = format!("Could not resolve to a Repository with the name '{full_name}'.");
                    Trouble::Error("NOT_FOUND", message)
                })?;
                Ok(Got::node(Repository { sight: *sight, repo }))
            }
            "organization" => {
                let login = arguments.text("login");
                let org = sight.world.org(&login).ok_or_else(|| {
                    let message =
                        format!("Could not resolve to an Organization with the login of '{login}'.");
                    Trouble::Error("NOT_FOUND", message)
                })?;
                Ok(Got::node(Organization { sight: *sight, org }))
            }
            "rateLimit" => Ok(Got::node(RateLimit(*sight))),
            _ => Err(Trouble::NoField),
        }
    }
}

/// The error of a token that lacks a permission.
pub(super) fn forbidden() -> Trouble {
    Trouble::Error("FORBIDDEN", "Resource not accessible by integration".to_owned())
}

pub(super) struct Repository<'w> {
    pub(super) sight: Sight<'w>,
    pub(super) repo: &'w Repo,
}

impl<'w> Repository<'w> {
    fn pull(&self, number: u64) -> Result<Got<'w>, Trouble> {
        let pull = self.repo.pulls.get(&number).ok_or_else(|| {
            let message = format!("Could not resolve to a PullRequest with the number of {number}.");
            Trouble::Error("NOT_FOUND", message)
        })?;
        Ok(Got::node(PullRequest::new(self.sight, self.repo, pull)))
    }

    /// By number or in the order that is asked for, only those in one of the states when states are given, and from the
    /// head branch when one is.
    fn pulls(&self, arguments: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let states = arguments.take("states");
        let wanted = |word: &str| match &states {
            Some(serde_json::Value::Array(words)) => words.iter().any(|known| known == word),
            Some(one) => one == word,
            None => true,
        };
        let head = arguments.take("headRefName");
        let from = |branch: &str| head.as_ref().is_none_or(|head| head.is_null() || head == branch);
        let (sight, repo) = (self.sight, self.repo);
        let mut listed: Vec<_> = (repo.pulls.values())
            .filter(|pull| wanted(sight.world.shown(pull).status.word()) && from(&pull.head_ref))
            .collect();
        if let Some(order) = arguments.take("orderBy") {
            let word = |key: &str| order.get(key).and_then(serde_json::Value::as_str);
            listed.sort_by_key(|pull| match word("field") {
                Some("UPDATED_AT") => sight.world.shown(pull).updated_at,
                _ => pull.created_at,
            });
            if word("direction") == Some("DESC") {
                listed.reverse();
            }
        }
        List::new("PullRequestConnection", listed, move |pull| Got::node(PullRequest::new(sight, repo, pull)))
            .window("pullRequests", arguments)
    }
}

impl<'w> Node<'w> for Repository<'w> {
    fn typename(&self) -> &'static str {
        "Repository"
    }

    fn stands_for(&self) -> &'static [&'static str] {
        &["Node"]
    }

    fn field(&self, name: &str, arguments: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let repo = self.repo;
        let reads_pulls = self.sight.token.allows("pull_requests", Level::Read);
        Ok(match name {
            "id" => Got::leaf(node_id("R", repo.id)),
            "databaseId" => Got::leaf(repo.id),
            "name" => Got::leaf(repo.name.as_str()),
            "nameWithOwner" => Got::leaf(repo.full_name()),
            "isPrivate" => Got::leaf(repo.private),
            "isFork" => Got::leaf(repo.fork_of.is_some()),
            "owner" => {
                let owner = self.sight.world.account(&repo.owner).ok();
                Got::maybe(owner.map(|account| Account { account }))
            }
            "defaultBranchRef" => {
                Got::maybe(Ref::find(self.sight, repo, &format!("refs/heads/{}", repo.default_branch)))
            }
            "ref" | "refs" if !self.sight.token.allows("contents", Level::Read) => {
                for known in ["qualifiedName", "refPrefix", "first", "last", "after", "before"] {
                    arguments.take(known);
                }
                return Err(forbidden());
            }
            "ref" => Got::maybe(Ref::named(self.sight, repo, &arguments.text("qualifiedName"))),
            "refs" => return Ref::list(self.sight, repo, arguments),
            "object" => {
                let (oid, sight) = (arguments.text("oid"), self.sight);
                let expression = arguments.text("expression");
                if !sight.token.allows("contents", Level::Read) {
                    return Err(forbidden());
                }
                if expression.is_empty() {
                    return Ok(reference::object(sight, repo, &oid));
                }
                let named = Ref::named(sight, repo, &expression).map(|found| found.target());
                reference::object(sight, repo, named.unwrap_or(&expression))
            }
            "pullRequest" | "pullRequests" if !reads_pulls => {
                arguments.take("number");
                return Err(forbidden());
            }
            "pullRequest" => return self.pull(arguments.number("number").unwrap_or(0)),
            "pullRequests" => return self.pulls(arguments),
            "mergeQueue" => {
                let branch = arguments.text("branch");
                let branch = if branch.is_empty() { &repo.default_branch } else { &branch };
                Got::maybe(MergeQueue::of(self.sight, repo, branch))
            }
            _ => return Err(Trouble::NoField),
        })
    }
}

struct RateLimit<'w>(Sight<'w>);

impl<'w> Node<'w> for RateLimit<'w> {
    fn typename(&self) -> &'static str {
        "RateLimit"
    }

    fn field(&self, name: &str, _: &mut Arguments) -> Result<Got<'w>, Trouble> {
        let world = self.0.world;
        let used = world.spent.1;
        Ok(Got::Leaf(match name {
            "limit" => json!(HOURLY),
            "cost" => json!(1),
            "used" => json!(used),
            "remaining" => json!((HOURLY - used).max(0)),
            "resetAt" => json!(rfc3339(hour_ends(world))),
            "nodeCount" => json!(1),
            _ => return Err(Trouble::NoField),
        }))
    }
}
