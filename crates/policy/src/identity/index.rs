//! Finding the entries that a sign belongs to without walking the catalogue for each.
//!
//! Positions go in and out; [`Catalogue`](super::Catalogue) turns them into entries. Signs that never count are not in
//! the maps, except for the addresses that they exempt.

use std::collections::{BTreeMap, BTreeSet};

use super::address::{begins_with_words, bot_stem};
use super::branch::Shape;
use super::signal::{Sign, Signal};
use crate::ids::UserId;

/// The position of an entry in the catalogue.
pub(super) type At = usize;

/// The catalogue by sign.
#[derive(Debug, Default)]
pub(super) struct Index {
    users: BTreeMap<UserId, At>,
    logins: BTreeMap<String, At>,
    login_prefixes: Vec<(String, At)>,
    emails: BTreeMap<String, Vec<(Option<String>, At)>>,
    domains: BTreeMap<String, Vec<(String, At)>>,
    suffixes: Vec<(String, At)>,
    exempt: BTreeSet<(String, At)>,
    trailers: BTreeMap<String, Vec<(Option<String>, At)>>,
    subjects: Vec<(String, At)>,
    branches: Vec<(Shape, At)>,
    texts: Vec<(String, At)>,
    labels: BTreeMap<String, At>,
}

impl Index {
    /// Adds an entry's sign.
    ///
    /// # Errors
    /// The position of the entry that has it already, where a sign can have one owner only.
    pub(super) fn add(&mut self, signal: &Signal, at: At) -> Result<(), At> {
        if signal.never {
            if let Sign::Email { address, .. } = &signal.sign {
                self.exempt.insert((address.clone(), at));
            }
            return Ok(());
        }
        match &signal.sign {
            Sign::UserId(id) => return claim(&mut self.users, *id, at),
            Sign::Login(login) => return claim(&mut self.logins, login.clone(), at),
            Sign::Label(label) => return claim(&mut self.labels, label.clone(), at),
            Sign::LoginPrefix(prefix) => self.login_prefixes.push((prefix.clone(), at)),
            Sign::Email { address, name } => {
                self.emails.entry(address.clone()).or_default().push((name.clone(), at));
            }
            Sign::EmailDomain { domain, name } => {
                self.domains.entry(domain.clone()).or_default().push((name.clone(), at));
            }
            Sign::NameSuffix(suffix) => self.suffixes.push((suffix.clone(), at)),
            Sign::Trailer { key, value } => {
                self.trailers.entry(key.clone()).or_default().push((value.clone(), at));
            }
            Sign::Subject(prefix) => self.subjects.push((prefix.clone(), at)),
            Sign::Branch(shape) => self.branches.push((shape.clone(), at)),
            Sign::Body(text) => self.texts.push((text.clone(), at)),
        }
        Ok(())
    }

    pub(super) fn user(&self, id: UserId) -> Option<At> {
        self.users.get(&id).copied()
    }

    /// A login in any case; `x[bot]` and `x` are different accounts.
    pub(super) fn login(&self, login: &str) -> Option<At> {
        let login = login.trim().to_ascii_lowercase();
        self.logins.get(&login).copied().or_else(|| {
            bot_stem(&login)?;
            self.login_prefixes.iter().find(|(prefix, _)| login.starts_with(prefix)).map(|(_, at)| *at)
        })
    }

    /// By the whole address, or by its domain with the name.
    pub(super) fn mailbox<'a>(&'a self, name: &'a str, address: &'a str) -> impl Iterator<Item = At> + 'a {
        let whole = self.emails.get(address).into_iter().flatten();
        let whole = whole
            .filter(move |(wanted, _)| wanted.as_ref().is_none_or(|wanted| begins_with_words(name, wanted)))
            .map(|(_, at)| *at);
        let domain = address.rsplit_once('@').and_then(|(_, domain)| self.domains.get(domain));
        let by_domain = domain.into_iter().flatten();
        let by_domain =
            by_domain.filter(move |(wanted, _)| begins_with_words(name, wanted)).map(|(_, at)| *at);
        whole.chain(by_domain).filter(move |at| !self.is_exempt(address, *at))
    }

    /// By how the name ends.
    pub(super) fn name<'a>(&'a self, name: &'a str) -> impl Iterator<Item = At> + 'a {
        let name = name.trim_end();
        self.suffixes.iter().filter(move |(suffix, _)| name.ends_with(suffix)).map(|(_, at)| *at)
    }

    /// By a `Key: value` line.
    pub(super) fn trailer<'a>(&'a self, key: &str, value: &'a str) -> impl Iterator<Item = At> + 'a {
        let found = self.trailers.get(&key.to_ascii_lowercase()).into_iter().flatten();
        found
            .filter(move |(wanted, _)| wanted.as_ref().is_none_or(|wanted| begins(value, wanted)))
            .map(|(_, at)| *at)
    }

    /// By how a commit's subject begins.
    pub(super) fn subject<'a>(&'a self, subject: &'a str) -> impl Iterator<Item = At> + 'a {
        self.subjects.iter().filter(move |(prefix, _)| subject.starts_with(prefix)).map(|(_, at)| *at)
    }

    /// By the name of the head branch.
    pub(super) fn branch<'a>(&'a self, name: &'a str) -> impl Iterator<Item = At> + 'a {
        self.branches.iter().filter(move |(shape, _)| shape.fits(name)).map(|(_, at)| *at)
    }

    /// By what stands in a text, which must be in lower case; with the text that was found.
    pub(super) fn text<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (&'a str, At)> + 'a {
        self.texts.iter().filter(move |(part, _)| text.contains(part)).map(|(part, at)| (part.as_str(), *at))
    }

    pub(super) fn label(&self, label: &str) -> Option<At> {
        self.labels.get(&label.trim().to_ascii_lowercase()).copied()
    }

    fn is_exempt(&self, address: &str, at: At) -> bool {
        self.exempt.contains(&(address.to_owned(), at))
    }
}

fn begins(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

fn claim<K: Ord>(map: &mut BTreeMap<K, At>, key: K, at: At) -> Result<(), At> {
    match map.insert(key, at) {
        Some(owner) => Err(owner),
        None => Ok(()),
    }
}
