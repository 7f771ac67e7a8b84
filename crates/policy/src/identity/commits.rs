//! Commits that no account answers for.
//!
//! An address in a commit is a claim, so an account found here proves nobody's work. What is looked for is the
//! opposite: a commit for which not even a claim names an account. Such commits count as agents'.

use std::collections::{BTreeMap, BTreeSet};

use change::{Ident, RawPath};

use super::address::Noreply;
use crate::facts::{CommitIdentity, Fact, Person, Pull};
use crate::ids::{Sha, UserId};
use crate::verdict::quoted;

/// Commits that no account answers for, each with the reason in words; those of git first, in git's order.
///
/// The author is asked, never the committer: what people do at GitHub's web pages, merges included, is committed by
/// `GitHub` and belongs to its author. Where the forge's list of commits is unknown, every commit is unattributed
/// whose address does not itself carry an account's number.
#[must_use]
pub fn unattributed(pull: &Pull) -> Vec<(Sha, String)> {
    let commits = pull.commits.get().map(Vec::as_slice).unwrap_or_default();
    let listed: BTreeMap<&Sha, &CommitIdentity> =
        commits.iter().map(|commit| (&commit.oid, commit)).collect();
    let mut found = Vec::new();
    let mut judged = BTreeSet::new();
    if let Fact::Known(change) = &pull.change {
        for commit in &change.commits {
            let reason = match (listed.get(&commit.oid), &pull.commits) {
                (Some(identity), _) => of_listed(identity),
                (None, Fact::Unknown(why)) => of_unlisted(&commit.author, why),
                (None, Fact::Known(_)) => {
                    Some("the forge does not list it among the pull request's commits".into())
                }
            };
            if judged.insert(&commit.oid) {
                found.extend(reason.map(|reason| (commit.oid.clone(), reason)));
            }
        }
    }
    for (oid, identity) in listed {
        if !judged.contains(oid) {
            found.extend(of_listed(identity).map(|reason| (oid.clone(), reason)));
        }
    }
    found
}

fn of_unlisted(author: &Ident, why: &str) -> Option<String> {
    carried(&author.email).is_none().then(|| format!("the forge's list of commits could not be read: {why}"))
}

fn of_listed(identity: &CommitIdentity) -> Option<String> {
    let Some(author) = identity.authors.first() else {
        return Some("the forge names no author".to_owned());
    };
    if answering(author).is_some() {
        return None;
    }
    let shown: String = RawPath::from(author.email.as_str()).display().chars().take(80).collect();
    Some(format!("the author's address `{}` belongs to no account", quoted(&shown)))
}

/// The account that the forge links the address to, or whose number the address carries.
fn answering(author: &Person) -> Option<UserId> {
    author.account.as_ref().map(|account| account.id).or_else(|| carried(&author.email))
}

fn carried(address: &str) -> Option<UserId> {
    Noreply::parse(address)?.id
}

#[cfg(test)]
mod tests;
