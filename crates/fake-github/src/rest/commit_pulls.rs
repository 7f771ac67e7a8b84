//! The pull requests that a commit belongs to.
//!
//! <https://docs.github.com/en/rest/commits/commits#list-pull-requests-associated-with-a-commit>

use super::{Answer, Asked};
use crate::auth::Level;
use crate::payload::pull as shown;
use crate::pull::PullStatus;
use crate::reply::Reply;

/// The merged pull request that brought it onto the default branch; open ones that have it while it is not there.
pub(super) fn list(asked: &Asked<'_>, owner: &str, name: &str, reference: &str) -> Answer {
    let world = asked.shared.world();
    let repo = asked.repo(&world, (owner, name), "pull_requests", Level::Read)?;
    let no_commit = |_| Reply::message(422, &format!("No commit found for SHA: {reference}"));
    let sha = world.resolve(repo, reference).map_err(no_commit)?;
    let tip = repo.branches.get(&repo.default_branch);
    let is_in = world.graph(repo).zip(tip).is_some_and(|(graph, tip)| graph.is_ancestor(&sha, tip));
    let mut listed = Vec::new();
    for pull in repo.pulls.values() {
        let state = world.shown(pull);
        let has = state.ends.commits.contains(&sha);
        let brought = state.merged.as_ref().is_some_and(|how| {
            let came = world.graph(repo).map(|graph| graph.between(&how.base_before, &how.sha));
            has || came.is_some_and(|came| came.contains(&sha))
        });
        if brought || (!is_in && has && state.status == PullStatus::Open) {
            listed.push(shown::short(&world, repo, pull, state));
        }
    }
    Ok(asked.page(&world, listed))
}
