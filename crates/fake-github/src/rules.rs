//! Whether rulesets and classic protection let a ref move, in GitHub's words.
//!
//! They are those that a stage's `safeguards` list and the API tells of. Who may go past one is asked of its list,
//! as GitHub does: administrators are not above a ruleset unless it says so.
//! <https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/available-rules-for-rulesets>

use crate::moves::Move;
use crate::refs::Kind;
use crate::repo::{Permission, Repo};
use crate::stage::{BypassSpec, CheckSpec, ClassicSpec, RulesetSpec};
use crate::step::ReviewState;
use crate::world::World;

/// What stands against the moves; nothing when they may happen.
pub(crate) fn violations(world: &World, repo: &Repo, actor: u64, moves: &[Move]) -> Vec<String> {
    let mut found = Vec::new();
    for one in moves {
        for ruleset in holding(repo, &one.name) {
            if !may_pass(world, repo, &ruleset, actor, one.merges) {
                found.extend(against(world, repo, &ruleset, one));
            }
        }
    }
    found.dedup();
    found
}

/// What stands against merging a pull request whose head is this.
pub(crate) fn merge_violations(world: &World, at: (&Repo, u64), actor: u64, head: &str) -> Vec<String> {
    let (repo, number) = at;
    let Some(state) = repo.pulls.get(&number).map(|pull| pull.now()) else { return Vec::new() };
    let base = format!("refs/heads/{}", state.ends.base_ref);
    let mut found = Vec::new();
    for ruleset in holding(repo, &base) {
        if may_pass(world, repo, &ruleset, actor, true) {
            continue;
        }
        if ruleset.no_update {
            found.push("Cannot update this protected ref.".to_owned());
        }
        found.extend(missing_checks(world, repo, &ruleset.checks, head));
        let wanted = ruleset.reviews.as_ref().map_or(0, |reviews| reviews.approvals);
        let given = approvals(state);
        if given < wanted {
            found.push(format!(
                "At least {wanted} approving review is required by reviewers with write access."
            ));
        }
    }
    found.dedup();
    found
}

/// GitHub's sentence for them.
pub(crate) fn refusal(violations: &[String]) -> String {
    format!("Repository rule violations found\n\n{}\n\n", violations.join("\n\n"))
}

fn approvals(state: &crate::pull::PullState) -> u64 {
    let mut latest = std::collections::BTreeMap::new();
    for review in &state.reviews {
        if review.state != ReviewState::Commented {
            latest.insert(review.author, review.state);
        }
    }
    latest.values().filter(|state| **state == ReviewState::Approved).map(|_| 1).sum()
}

/// Every set of rules that holds on a ref; classic protection is one more.
fn holding(repo: &Repo, full: &str) -> Vec<RulesetSpec> {
    let guards = &repo.safeguards;
    let classic = guards
        .classic
        .iter()
        .filter(|one| !repo.protection_off && Kind::of(full) == (Kind::Branch, one.branch.as_str()));
    let rulesets = guards.rulesets.iter().filter(|ruleset| ruleset.holds_on(full, &repo.default_branch));
    rulesets.cloned().chain(classic.map(as_ruleset)).collect()
}

fn as_ruleset(classic: &ClassicSpec) -> RulesetSpec {
    let admins =
        BypassSpec { kind: "RepositoryRole".to_owned(), id: Some(5), mode: "always".to_owned(), login: None };
    RulesetSpec {
        checks: classic.checks.clone(),
        reviews: classic.reviews.clone(),
        no_force_push: !classic.allow_force_pushes,
        no_deletion: !classic.allow_deletions,
        bypass: if classic.enforce_admins { Vec::new() } else { vec![admins] },
        ..RulesetSpec::default()
    }
}

fn may_pass(world: &World, repo: &Repo, ruleset: &RulesetSpec, actor: u64, merges: bool) -> bool {
    let permission = world.permission(repo, actor);
    ruleset.bypass.iter().any(|one| {
        let is_meant = match (one.kind.as_str(), one.id) {
            _ if one.login.is_some() => {
                let login = one.login.as_deref().unwrap_or_default();
                world.account(login).is_ok_and(|account| account.id == actor)
            }
            ("User", id) => id == Some(actor),
            ("Integration", id) => {
                id == Some(actor) || (id == Some(world.app.id) && actor == world.own_bot())
            }
            ("Team", Some(team)) => world
                .orgs
                .iter()
                .flat_map(|org| &org.teams)
                .any(|known| known.id == team && known.members.contains(&actor)),
            // 2 is the role `maintain`, 4 `write`, 5 `admin`.
            ("RepositoryRole", Some(4)) => permission >= Permission::Write,
            ("RepositoryRole", Some(2 | 5)) | ("OrganizationAdmin", _) => permission >= Permission::Admin,
            _ => false,
        };
        is_meant && (one.mode != "pull_request" || merges)
    })
}

fn against(world: &World, repo: &Repo, ruleset: &RulesetSpec, one: &Move) -> Vec<String> {
    let mut found = Vec::new();
    let mut add = |holds: bool, sentence: &str| {
        if holds {
            found.push(sentence.to_owned());
        }
    };
    let is_branch = Kind::of(&one.name).0 == Kind::Branch;
    match (&one.before, &one.after) {
        (None, _) => add(ruleset.no_creation, "Cannot create ref due to creations being restricted."),
        (Some(_), None) => {
            add(
                ruleset.no_deletion,
                if is_branch { "Cannot delete this branch" } else { "Cannot delete this tag" },
            );
        }
        (Some(_), Some(_)) => {
            add(ruleset.no_update, "Cannot update this protected ref.");
            add(ruleset.no_force_push && one.forced, "Cannot force-push to this branch");
        }
    }
    if let (Some(after), true) = (&one.after, is_branch) {
        if !one.merges {
            add(ruleset.reviews.is_some(), "Changes must be made through a pull request.");
        }
        found.extend(missing_checks(world, repo, &ruleset.checks, after));
    }
    found
}

/// The required checks that have not ended well on a commit.
fn missing_checks(world: &World, repo: &Repo, required: &[CheckSpec], sha: &str) -> Vec<String> {
    let good = |check: &&CheckSpec| {
        let latest = world.checks.iter().rev().find(|run| {
            run.repo == repo.id
                && run.head_sha == sha
                && run.name == check.context
                && check.app.is_none_or(|app| app == run.app.id)
        });
        let end = latest.and_then(|run| run.conclusion.as_deref());
        matches!(end, Some("success" | "neutral" | "skipped"))
    };
    let missing = required.iter().filter(|check| !good(check));
    missing.map(|check| format!("Required status check \"{}\" is expected.", check.context)).collect()
}
