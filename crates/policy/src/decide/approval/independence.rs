//! Who had a hand in a change, and so cannot approve it.

use std::collections::{BTreeMap, BTreeSet};

use super::super::standing::{self, Standing};
use crate::facts::{Fact, Facts, Person, Pull};
use crate::identity::address::{Noreply, mailbox};
use crate::ids::{Sha, UserId};
use crate::rules::Rules;
use crate::verdict::Disqualification;

/// Everybody who had a hand in a change.
#[derive(Debug)]
pub(super) struct Hands {
    by_account: BTreeMap<UserId, Vec<Disqualification>>,
    /// What could not be seen of that disqualifies everybody.
    unseen: Vec<Disqualification>,
}

impl Hands {
    pub(super) fn of(facts: &Facts, pull: &Pull, rules: &Rules) -> Self {
        let mut hands = Self { by_account: BTreeMap::new(), unseen: Vec::new() };
        hands.fact(&pull.author, Disqualification::Author);
        if let Some(enabler) = &pull.auto_merge {
            hands.fact(enabler, Disqualification::AutoMergeEnabler);
        }
        match &pull.pushers {
            Fact::Known(pushers) => {
                for pusher in pushers {
                    hands.add(pusher.id, Disqualification::Pusher);
                }
            }
            Fact::Unknown(why) => hands.unknown(why),
        }
        hands.commits(pull);
        hands.requesters(facts, pull, rules);
        hands
    }

    /// Why this account cannot approve; empty when it had no hand in the change.
    pub(super) fn of_account(&self, account: UserId) -> impl Iterator<Item = Disqualification> {
        let own = self.by_account.get(&account).into_iter().flatten();
        own.chain(&self.unseen).cloned().collect::<Vec<_>>().into_iter()
    }

    /// Whoever put an agent in charge asked for its work.
    fn requesters(&mut self, facts: &Facts, pull: &Pull, rules: &Rules) {
        let assignments = match &pull.assignments {
            Fact::Known(assignments) => assignments,
            Fact::Unknown(why) => return self.unknown(why),
        };
        for assignment in assignments {
            let to_a_person = assignment
                .to
                .get()
                .is_ok_and(|to| standing::of(to, &facts.roster, rules) == Standing::Person);
            if !to_a_person {
                self.fact(&assignment.by, Disqualification::Requester);
            }
        }
    }

    fn commits(&mut self, pull: &Pull) {
        match &pull.commits {
            Fact::Unknown(why) => self.unknown(why),
            Fact::Known(commits) => {
                for commit in commits {
                    for id in commit.authors.iter().flat_map(accounts_of) {
                        self.add(id, Disqualification::CommitAuthor(commit.oid.clone()));
                    }
                    let signers = commit.signature.iter().filter_map(|signature| signature.signer.as_ref());
                    let signers = signers.map(|signer| signer.id);
                    for id in commit.committer.iter().flat_map(accounts_of).chain(signers) {
                        self.add(id, Disqualification::Committer(commit.oid.clone()));
                    }
                }
            }
        }
        match &pull.change {
            Fact::Unknown(why) => self.unknown(why),
            Fact::Known(change) => {
                self.unlisted(pull, &change.commits);
                for commit in &change.commits {
                    if let Some(id) = id_in(&commit.author.email) {
                        self.add(id, Disqualification::CommitAuthor(commit.oid.clone()));
                    }
                    if let Some(id) = id_in(&commit.committer.email) {
                        self.add(id, Disqualification::Committer(commit.oid.clone()));
                    }
                    let co_authors = commit.trailers.iter().filter(|trailer| is_co_author(&trailer.key));
                    let addresses = co_authors.filter_map(|trailer| Some(mailbox(&trailer.value)?.1));
                    for id in addresses.filter_map(id_in) {
                        self.add(id, Disqualification::CommitAuthor(commit.oid.clone()));
                    }
                }
            }
        }
    }

    /// Commits that git has and the forge does not list: to whom their addresses belong, nobody said.
    fn unlisted(&mut self, pull: &Pull, commits: &[change::Commit]) {
        let Fact::Known(listed) = &pull.commits else { return };
        let listed: BTreeSet<&Sha> = listed.iter().map(|commit| &commit.oid).collect();
        if let Some(commit) = commits.iter().find(|commit| !listed.contains(&commit.oid)) {
            self.unknown(&format!("the forge does not list commit {}", commit.oid.short()));
        }
    }

    pub(super) fn fact(&mut self, account: &Fact<crate::facts::Account>, because: Disqualification) {
        match account {
            Fact::Known(account) => self.add(account.id, because),
            Fact::Unknown(why) => self.unknown(why),
        }
    }

    fn add(&mut self, account: UserId, because: Disqualification) {
        let reasons = self.by_account.entry(account).or_default();
        // One reason of each kind explains enough.
        if !reasons.iter().any(|known| std::mem::discriminant(known) == std::mem::discriminant(&because)) {
            reasons.push(because);
        }
    }

    fn unknown(&mut self, why: &str) {
        self.unseen.push(Disqualification::IndependenceUnknown(why.to_owned()));
    }
}

fn is_co_author(key: &str) -> bool {
    key.eq_ignore_ascii_case("co-authored-by")
}

/// The accounts behind a name in a commit: linked by the forge, and named by the address itself.
fn accounts_of(person: &Person) -> impl Iterator<Item = UserId> {
    let linked = person.account.as_ref().map(|account| account.id);
    linked.into_iter().chain(id_in(&person.email))
}

fn id_in(address: &str) -> Option<UserId> {
    Noreply::parse(address)?.id
}
