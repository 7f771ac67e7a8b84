//! Who had a hand in a change, and so cannot approve it.

use std::collections::BTreeMap;

use crate::facts::{Fact, Person, Pull};
use crate::identity::address::{Noreply, mailbox};
use crate::ids::UserId;
use crate::verdict::Disqualification;

/// Everybody who had a hand in a change.
#[derive(Debug)]
pub(super) struct Hands {
    by_account: BTreeMap<UserId, Vec<Disqualification>>,
    /// What could not be seen of that disqualifies everybody.
    unseen: Vec<Disqualification>,
}

impl Hands {
    pub(super) fn of(pull: &Pull) -> Self {
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
        hands
    }

    /// Why this account cannot approve; empty when it had no hand in the change.
    pub(super) fn of_account(&self, account: UserId) -> impl Iterator<Item = Disqualification> {
        let own = self.by_account.get(&account).into_iter().flatten();
        own.chain(&self.unseen).cloned().collect::<Vec<_>>().into_iter()
    }

    fn commits(&mut self, pull: &Pull) {
        match &pull.commits {
            Fact::Unknown(why) => self.unknown(why),
            Fact::Known(commits) => {
                for commit in commits {
                    for author in &commit.authors {
                        if let Some(id) = account_of(author) {
                            self.add(id, Disqualification::CommitAuthor(commit.oid.clone()));
                        }
                    }
                    if let Some(id) = commit.committer.as_ref().and_then(account_of) {
                        self.add(id, Disqualification::Committer(commit.oid.clone()));
                    }
                }
            }
        }
        match &pull.change {
            Fact::Unknown(why) => self.unknown(why),
            Fact::Known(change) => {
                for commit in &change.commits {
                    let co_authors = commit.trailers.iter().filter(|trailer| is_co_author(&trailer.key));
                    let addresses = co_authors.filter_map(|trailer| Some(mailbox(&trailer.value)?.1));
                    for id in addresses.filter_map(id_in) {
                        self.add(id, Disqualification::CommitAuthor(commit.oid.clone()));
                    }
                }
            }
        }
    }

    fn fact(&mut self, account: &Fact<crate::facts::Account>, because: Disqualification) {
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

/// The account behind a name in a commit: linked by the forge, or named by the address itself.
fn account_of(person: &Person) -> Option<UserId> {
    let linked = person.account.as_ref().map(|account| account.id);
    linked.or_else(|| id_in(&person.email))
}

fn id_in(address: &str) -> Option<UserId> {
    Noreply::parse(address)?.id
}
