//! Reads the subject from the forge, and adds what only signed deliveries and the forge's record of pushes tell: who
//! pushed. Who did it is an edge: the tip of a branch does not say.

use std::collections::BTreeSet;

use policy::decide::approved_before;
use policy::facts::{Account, AccountKind, Carried, Descent, Fact, Moments, Pull, PullState};
use policy::rules::RuleSource;
use policy::{Facts, Floor, Millis, Observed, PullSubject, Sha, Subject};

use super::own::own_rules;
use super::quota::{self, Asked};
use super::text::add_hidden;
use super::{Gate, PATIENCE, ReconcileError};
use crate::github::{Ask, Patience, Pushed};
use crate::store::Actor;

/// What deliveries told of a pull request, and how often the forge was asked for it in vain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard<'a> {
    pub(super) floor: &'a Floor,
    pub(super) attempts: u32,
}

impl Heard<'_> {
    /// Whether the forge showed something older than a delivery told of. An older moment always lags; an equal moment
    /// with another head, or a review that is not shown, only until patience ends: the forge may never show them.
    pub(super) fn lags(self, observed: &Observed) -> bool {
        if !observed.is_older_than(self.floor) {
            return false;
        }
        let seen = observed.facts.pull.updated_at;
        let older = self.floor.updated_at.is_some_and(|told| seen < told);
        older || self.attempts < PATIENCE
    }
}

/// Reads the subject, and adds who pushed and what agents hid.
pub(super) async fn gather(
    gate: &Gate,
    heard: Heard<'_>,
    subject: &PullSubject,
    rules: &RuleSource,
    now: Millis,
) -> Result<Observed, ReconcileError> {
    // The forge does not name all pull requests of a commit that is in the default branch already.
    let known = match &heard.floor.head {
        Some(head) => gate.store.numbers_with_head(subject.repo_id, head, subject.number).await?,
        None => Vec::new(),
    };
    let look = async {
        let seen = gate.github.read(subject, rules.check()).await?;
        let own_rules = own_rules(gate, subject.repo_id, seen.own_rules(), rules).await?;
        let (wanted, repository) = (rules.wanted(&own_rules), seen.repository().clone());
        let ask =
            Ask { wanted: &wanted, own_rules, rules_path: rules.path_in(&repository), known: &known, now };
        Ok::<_, ReconcileError>(gate.github.gather(subject, seen, ask).await?)
    };
    // Both are large, and a look is nested deeply enough without them.
    let mut observed = with(Box::pin(fetch_ahead(gate, heard, subject)), Box::pin(look)).await?;
    if !heard.lags(&observed) {
        add_pushers(gate, heard, subject, rules, &mut observed.facts).await?;
        Box::pin(add_hidden(gate, subject, rules, &mut observed.facts)).await?;
    }
    Ok(observed)
}

/// Adds who pushed to each pull request, since when its head stands there, where its commits come from, and whether
/// those people belong to the groups that matter.
pub(super) async fn add_pushers(
    gate: &Gate,
    heard: Heard<'_>,
    subject: &PullSubject,
    rules: &RuleSource,
    facts: &mut Facts,
) -> Result<(), ReconcileError> {
    let mut pushers = BTreeSet::new();
    let moments = rules.wanted(&facts.own_rules).moments;
    let siblings = match &mut facts.siblings {
        Fact::Known(siblings) => siblings.as_mut_slice(),
        Fact::Unknown(_) => &mut [],
    };
    let together: Vec<u64> = siblings.iter().map(|pull| pull.number).chain([facts.pull.number]).collect();
    for pull in siblings.iter_mut().chain([&mut facts.pull]) {
        let subject = PullSubject { number: pull.number, ..subject.clone() };
        pull.pushers = pushers_of(gate, heard, subject.clone(), pull).await?;
        let asked = Asked { rules, own_rules: &facts.own_rules, now: facts.now };
        quota::count_pull(gate, &subject, &facts.repository, pull, asked).await?;
        if moments == Moments::Tell {
            // A head that no look has seen yet is there since this one.
            let since = gate.store.head_since(&Subject::Pull(subject.clone()), &pull.head.sha).await?;
            pull.head_since = Some(since.unwrap_or(facts.now));
        } else if let Fact::Known(reviews) = &mut pull.reviews {
            reviews.iter_mut().for_each(|review| review.at = None);
        }
        pull.lineage = lineage_of(gate, &subject, pull).await?;
        // Those with one head are judged together, the strictest counts, and which of them came first says nothing.
        if let Fact::Known(lineage) = &mut pull.lineage {
            lineage.retain(|descent| !together.contains(&descent.number));
        }
        pushers.extend(pull.pushers.get().into_iter().flatten().map(|pusher| pusher.id));
    }
    if !pushers.is_empty() {
        gate.github.enroll(subject.installation, &pushers, &mut facts.roster).await?;
    }
    add_carried(gate, subject, rules, facts).await
}

/// Older heads of one pull request that are compared with its head.
const MOST_COMPARED: usize = 5;

/// Adds whether the head is one that was approved before, on a newer base and nothing more. Only asked where that would
/// count: most looks ask nothing.
async fn add_carried(
    gate: &Gate,
    subject: &PullSubject,
    rules: &RuleSource,
    facts: &mut Facts,
) -> Result<(), ReconcileError> {
    let own = compared(gate, subject, rules, facts, &facts.pull).await?;
    let mut others = Vec::new();
    for pull in facts.siblings.get().map(Vec::as_slice).unwrap_or_default() {
        others.push(compared(gate, subject, rules, facts, pull).await?);
    }
    facts.pull.carried = own;
    if let Fact::Known(siblings) = &mut facts.siblings {
        siblings.iter_mut().zip(others).for_each(|(pull, carried)| pull.carried = carried);
    }
    Ok(())
}

async fn compared(
    gate: &Gate,
    subject: &PullSubject,
    rules: &RuleSource,
    facts: &Facts,
    pull: &Pull,
) -> Result<Vec<Carried>, ReconcileError> {
    let mut carried = Vec::new();
    for (at, from) in approved_before(facts, pull, rules).into_iter().enumerate() {
        let whole = if at < MOST_COMPARED {
            gate.github.carried(subject, &facts.repository, pull, &from).await?
        } else {
            Fact::unknown("approvals of more heads than are compared")
        };
        carried.push(Carried { from, whole });
    }
    Ok(carried)
}

/// Which of its commits were first seen in another pull request, as an agent's.
async fn lineage_of(
    gate: &Gate,
    subject: &PullSubject,
    pull: &Pull,
) -> Result<Fact<Vec<Descent>>, ReconcileError> {
    if pull.state != PullState::Open {
        return Ok(Fact::Known(Vec::new()));
    }
    let commits: Vec<&Sha> = match &pull.change {
        Fact::Known(change) => change.commits.iter().map(|commit| &commit.oid).collect(),
        Fact::Unknown(why) => return Ok(Fact::Unknown(why.clone())),
    };
    Ok(Fact::Known(gate.store.lineage(subject.repo_id, pull.number, &commits).await?))
}

/// Fetches what will probably be asked for.
async fn fetch_ahead(gate: &Gate, heard: Heard<'_>, subject: &PullSubject) {
    if let Some(head) = &heard.floor.head {
        gate.github.fetch_ahead(subject, head).await;
    }
}

/// Does `aside` for as long as `main` takes.
async fn with<T>(aside: impl Future<Output = ()>, main: impl Future<Output = T>) -> T {
    let aside = async {
        aside.await;
        std::future::pending().await
    };
    tokio::select! {
        done = main => done,
        never = aside => never,
    }
}

/// Who pushed: as signed deliveries told, and for commits of which none told, as the forge lists it.
async fn pushers_of(
    gate: &Gate,
    heard: Heard<'_>,
    subject: PullSubject,
    pull: &Pull,
) -> Result<Fact<Vec<Account>>, ReconcileError> {
    let installation = subject.installation;
    let recorded = gate.store.pushers(&Subject::Pull(subject)).await?;
    let told: BTreeSet<Sha> = recorded.iter().filter_map(|pusher| pusher.head.clone()).collect();
    let mut accounts: BTreeSet<Account> = recorded.into_iter().map(|pusher| account(pusher.actor)).collect();
    if pull.state != PullState::Open {
        return Ok(Fact::Known(accounts.into_iter().collect()));
    }
    let commits: BTreeSet<Sha> = match (&pull.change, &pull.commits) {
        (Fact::Known(change), _) => change.commits.iter().map(|commit| commit.oid.clone()).collect(),
        (_, Fact::Known(commits)) => commits.iter().map(|commit| commit.oid.clone()).collect(),
        (_, Fact::Unknown(why)) => return Ok(Fact::Unknown(why.clone())),
    };
    let is_told = |commit: &Sha| told.contains(commit);
    let more = match &pull.head_repository {
        Some(repository) => {
            let patience = if heard.attempts < PATIENCE { Patience::Wait } else { Patience::End };
            let pushed = Pushed { repository, head: &pull.head, commits: &commits, told: &told };
            gate.github.pushers(installation, pushed, patience).await?
        }
        None if is_told(&pull.head.sha) && commits.iter().all(is_told) => Fact::Known(Vec::new()),
        None => Fact::unknown("the repository that it was pushed to is gone"),
    };
    Ok(match more {
        Fact::Known(more) => {
            accounts.extend(more);
            Fact::Known(accounts.into_iter().collect())
        }
        Fact::Unknown(why) => Fact::Unknown(why),
    })
}

fn account(actor: Actor) -> Account {
    let kind = match actor.kind.as_str() {
        "User" => AccountKind::User,
        "Bot" => AccountKind::Bot,
        "Organization" => AccountKind::Organization,
        _ => AccountKind::Other,
    };
    Account { id: actor.id, login: actor.login, kind }
}
