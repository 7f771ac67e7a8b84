//! Whose commits a look sees, to be known again in other pull requests.
//!
//! What an agent proposes is the agent's. In a person's pull request each commit is whoever's push brought it, as told
//! of the branch; what no person is known to have pushed counts as an agent's that pushed there.

use policy::act::{Pushed, RefName};
use policy::decide::agent_of;
use policy::facts::{Account, Pull};
use policy::rules::RuleSource;
use policy::{Fact, Facts, Millis, PullSubject, RefSubject, Sha, Subject, UserId};

use super::{Gate, ReconcileError};
use crate::store::Seen;

/// The commits of the pull request, each with the agent whose it is. Nothing when that is not known: what is noted
/// once stays.
pub(super) async fn seen(
    gate: &Gate,
    subject: &PullSubject,
    facts: &Facts,
    rules: &RuleSource,
) -> Result<Option<Seen>, ReconcileError> {
    let pull = &facts.pull;
    let (Ok(author), Ok(change)) = (pull.author.get(), pull.change.get()) else { return Ok(None) };
    let agent = |account: &Account| agent_of(account, &facts.roster, rules);
    let commits: Vec<&Sha> = change.commits.iter().map(|commit| &commit.oid).collect();
    let all = |agent: Option<String>| {
        Some(Seen { commits: commits.iter().map(|oid| ((*oid).clone(), agent.clone())).collect() })
    };
    match agent(author) {
        Fact::Known(Some(name)) => return Ok(all(Some(name))),
        Fact::Known(None) => {}
        Fact::Unknown(_) => return Ok(None),
    }
    let Ok(pushers) = pull.pushers.get() else { return Ok(None) };
    let mut agents = Vec::new();
    for pusher in pushers {
        match agent(pusher) {
            Fact::Known(Some(name)) => agents.push((pusher.id, name)),
            Fact::Known(None) => {}
            Fact::Unknown(_) => return Ok(None),
        }
    }
    if agents.is_empty() {
        return Ok(all(None));
    }
    let moves = moves(gate, subject, pull).await?;
    Ok(Some(Seen { commits: attribute(&commits, &agents, &moves) }))
}

/// What was told of the head branch, oldest first; nothing of a fork's.
async fn moves(gate: &Gate, subject: &PullSubject, pull: &Pull) -> Result<Vec<Pushed>, ReconcileError> {
    let here = pull.head_repository.as_ref().is_some_and(|repository| repository.id == subject.repo_id);
    let name = RefName::parse(&format!("refs/heads/{}", pull.head.name)).filter(|_| here);
    let Some(name) = name else { return Ok(Vec::new()) };
    let PullSubject { installation, repo_id, repo, .. } = subject.clone();
    let branch = Subject::Ref(RefSubject { installation, repo_id, repo, name });
    let told = gate.store.told_since(&branch, Millis(0)).await?;
    Ok(told.iter().filter_map(|body| serde_json::from_str(body).ok()).collect())
}

/// Each commit with the agent that pushed it first. `commits` have parents first, `moves` are oldest first.
fn attribute(commits: &[&Sha], agents: &[(UserId, String)], moves: &[Pushed]) -> Vec<(Sha, Option<String>)> {
    let place = |oid: &Option<Sha>| commits.iter().position(|commit| Some(*commit) == oid.as_ref());
    let mut brought: Vec<Option<Option<&String>>> = vec![None; commits.len()];
    for moved in moves {
        let (Ok(actor), Some(to)) = (moved.actor.get(), place(&moved.after)) else { continue };
        let from = place(&moved.before).map_or(0, |at| at.saturating_add(1));
        let name = agents.iter().find(|(id, _)| *id == actor.id).map(|(_, name)| name);
        for slot in brought.iter_mut().take(to.saturating_add(1)).skip(from) {
            slot.get_or_insert(name);
        }
    }
    // Somebody whose push was not told of may have brought what nobody is known to have.
    let untold = agents.iter().map(|(_, name)| name).find(|name| !brought.contains(&Some(Some(*name))));
    let owned = commits.iter().zip(brought);
    owned.map(|(oid, name)| ((*oid).clone(), name.unwrap_or(untold).cloned())).collect()
}

#[cfg(test)]
mod tests {
    use policy::facts::AccountKind;

    use super::*;

    fn sha(n: u8) -> Sha {
        Sha::parse(&hex::encode([n; 20])).unwrap()
    }

    fn moved(who: u64, before: Option<u8>, after: u8) -> Pushed {
        let actor = Account { id: UserId(who), login: format!("u{who}"), kind: AccountKind::User };
        let (before, after) = (before.map(sha), Some(sha(after)));
        Pushed { actor: Fact::Known(actor), before, after, forced: false }
    }

    /// Commits 1 to 3, in which 9 is an agent: the letter `a` stands for an agent's.
    fn whose(moves: &[Pushed]) -> String {
        let commits = [sha(1), sha(2), sha(3)];
        let commits: Vec<&Sha> = commits.iter().collect();
        let found = attribute(&commits, &[(UserId(9), "copilot".to_owned())], moves);
        found.iter().map(|(_, agent)| if agent.is_some() { 'a' } else { '-' }).collect()
    }

    #[test]
    fn a_commit_is_whoevers_push_brought_it_first() {
        assert_eq!(whose(&[moved(1, None, 1), moved(9, Some(1), 2), moved(1, Some(2), 3)]), "-a-");
        assert_eq!(whose(&[moved(9, None, 2), moved(1, Some(2), 3)]), "aa-");
        // A person pushes to the same branch again what the agent brought.
        assert_eq!(whose(&[moved(9, None, 3), moved(1, None, 3)]), "aaa");
    }

    #[test]
    fn what_nobody_is_known_to_have_pushed_is_the_agents_whose_push_was_not_told() {
        assert_eq!(whose(&[]), "aaa");
        assert_eq!(whose(&[moved(1, None, 1)]), "-aa");
        // All that it pushed was told of.
        assert_eq!(whose(&[moved(9, None, 1)]), "a--");
    }
}
