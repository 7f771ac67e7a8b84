//! Every sign of an agent in a pull request.
//!
//! A sign only ever adds: nothing in a pull request can take another sign away, for whoever writes one line may write
//! another. What could not be searched is listed in [`Traces::unseen`], and the caller must block on it. Accounts that
//! the catalogue does not know are not judged here unless they call themselves a bot: who is a person, the rules say.

use std::collections::BTreeSet;

use change::RawPath;

use super::address::is_bot_name;
use super::catalogue::{Catalogue, Entry};
use crate::facts::{Account, AccountKind, Fact, Pull};
use crate::ids::{Sha, UserId};
use crate::verdict::{EvidenceClass, quoted};

mod party;
mod text;

/// How many characters of what was seen are kept.
const SEEN: usize = 120;

/// What was found, and what could not be searched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traces {
    /// Every sign, each once, strongest class first.
    pub found: Vec<Trace>,
    /// What could not be searched, in words. Unless it is empty, "no trace" means nothing.
    pub unseen: Vec<String>,
}

/// One sign of an agent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trace {
    /// What the sign may do.
    pub class: EvidenceClass,
    /// Where it was found.
    pub place: Place,
    /// The agent's id in the catalogue; `None` when the catalogue does not know it.
    pub catalogue: Option<&'static str>,
    /// The account's number, where the sign carries one. It says more than `catalogue` does: under a login that the
    /// catalogue knows may stand a number that it does not.
    pub user_id: Option<UserId>,
    /// The login, only for showing.
    pub login: Option<String>,
    /// What was seen: at most 120 characters, without invisible ones, otherwise hostile.
    pub seen: String,
}

/// Where a sign was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The account that opened the pull request.
    Author,
    /// An account that pushed to it.
    Pusher,
    /// The account that switched auto-merge on.
    AutoMerge,
    /// A commit: its people, its signature, its message.
    Commit(Sha),
    /// The name of the head branch.
    Branch,
    /// The description.
    Body,
    /// A label.
    Label,
}

/// Lists every sign of an agent in the pull request.
#[must_use]
pub fn traces(pull: &Pull) -> Traces {
    let mut search = Search::new(Catalogue::builtin());
    search.platform(pull);
    search.commits(pull);
    search.branch(&pull.head.name);
    search.body(&pull.body);
    search.labels(&pull.labels);
    Traces { found: search.found.into_iter().collect(), unseen: search.unseen }
}

/// A search under way.
struct Search {
    catalogue: &'static Catalogue,
    found: BTreeSet<Trace>,
    unseen: Vec<String>,
    /// How many bytes of text may still be searched.
    budget: usize,
}

impl Search {
    fn new(catalogue: &'static Catalogue) -> Self {
        let unseen =
            catalogue.complaint().map(|why| format!("the catalogue of agents could not be read: {why}"));
        Self {
            catalogue,
            found: BTreeSet::new(),
            unseen: unseen.into_iter().collect(),
            budget: text::TEXT_BUDGET,
        }
    }

    /// The accounts that the forge itself vouches for.
    fn platform(&mut self, pull: &Pull) {
        match &pull.author {
            Fact::Known(account) => self.account(account, &Place::Author, "opened by"),
            Fact::Unknown(why) => {
                self.unseen.push(format!("who opened the pull request is not known: {why}"))
            }
        }
        match &pull.pushers {
            Fact::Known(accounts) => {
                for account in accounts {
                    self.account(account, &Place::Pusher, "pushed by");
                }
            }
            Fact::Unknown(why) => self.unseen.push(format!("who pushed is not known: {why}")),
        }
        match &pull.auto_merge {
            Some(Fact::Known(account)) => {
                self.account(account, &Place::AutoMerge, "auto-merge switched on by")
            }
            Some(Fact::Unknown(why)) => {
                self.unseen.push(format!("who switched auto-merge on is not known: {why}"));
            }
            None => {}
        }
    }

    /// By number, which decides. A login that looks like a known agent's is only a claim: logins are renamed and reused.
    fn account(&mut self, account: &Account, place: &Place, how: &str) {
        let seen = format!("{how} `{}` (id {})", quoted(&account.login), account.id);
        let is_app = account.kind == AccountKind::Bot || is_bot_name(&account.login);
        let trace = |class, entry: Option<&'static Entry>| Trace {
            class,
            place: place.clone(),
            catalogue: entry.map(|entry| entry.id.as_str()),
            user_id: Some(account.id),
            login: Some(account.login.clone()),
            seen: bounded(&seen),
        };
        let known = self.catalogue.by_user_id(account.id);
        if known.is_some() || is_app {
            self.found.insert(trace(EvidenceClass::Platform, known));
        }
        if known.is_none() {
            // The REST login of an App's account ends in `[bot]`, its GraphQL login does not.
            let bare = is_app && !is_bot_name(&account.login);
            let login = if bare { format!("{}[bot]", account.login) } else { account.login.clone() };
            let named = self.catalogue.index().login(&login).and_then(|at| self.catalogue.at(at));
            self.found.extend(named.map(|entry| trace(EvidenceClass::Claimed, Some(entry))));
        }
    }

    fn branch(&mut self, name: &str) {
        for at in self.catalogue.index().branch(name) {
            self.claimed(&Place::Branch, at, &format!("branch `{}`", quoted(name)));
        }
    }

    fn labels(&mut self, labels: &Fact<Vec<String>>) {
        match labels {
            Fact::Known(labels) => {
                for label in labels {
                    if let Some(at) = self.catalogue.index().label(label) {
                        self.claimed(&Place::Label, at, &format!("label `{}`", quoted(label)));
                    }
                }
            }
            Fact::Unknown(why) => self.unseen.push(format!("the labels are not known: {why}")),
        }
    }

    /// Adds a sign in words, which names no account.
    fn claimed(&mut self, place: &Place, at: usize, seen: &str) {
        let catalogue = self.catalogue.at(at).map(|entry| entry.id.as_str());
        self.found.insert(Trace {
            class: EvidenceClass::Claimed,
            place: place.clone(),
            catalogue,
            user_id: None,
            login: None,
            seen: bounded(seen),
        });
    }
}

/// The text without anything invisible, cut to [`SEEN`] characters.
fn bounded(text: &str) -> String {
    // Escapes make text longer, so cutting first loses nothing that would be kept.
    let text: String = text.chars().take(SEEN + 1).collect();
    let shown = RawPath::from(text.as_str()).display();
    if shown.chars().count() <= SEEN {
        return shown;
    }
    shown.chars().take(SEEN - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests;
