//! The built-in catalogue of known agents: data with sources, read once.
//!
//! It finds agents that nobody registered and agents' hands in people's work. It makes nobody a person: an account
//! that is not listed is simply not listed. A catalogue that cannot be read is empty and says so, and then nothing was
//! searched, which must not pass.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jiff::civil::Date;
use serde::Deserialize;

use super::index::{At, Index};
use super::signal::{RawSignal, Sign, Signal};
use crate::ids::UserId;

const TEXT: &str = include_str!("catalogue.toml");

/// Known agents, by id and by sign.
#[derive(Debug, Default)]
pub struct Catalogue {
    entries: Vec<Entry>,
    ids: BTreeMap<String, At>,
    index: Index,
    complaint: Option<String>,
}

/// One known agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What `rules.toml` says in `recognise`. Never changes.
    pub id: String,
    /// For people.
    pub name: String,
    /// Variants of one product, whose claimed signs cannot be told apart, share a family; else it is the id.
    pub family: String,
    /// What it is for.
    pub kind: Kind,
    /// Where the entry comes from, as tags of the catalogue's sources.
    pub source: Vec<String>,
    /// When it was last compared with its sources.
    pub checked_on: Date,
    /// By what it is known.
    pub signals: Vec<Signal>,
    user_ids: Vec<UserId>,
}

/// What an agent is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Writes changes.
    Author,
    /// Reviews changes; becomes a co-author when its suggestion is accepted.
    Review,
    /// A machine that does the same thing every time, such as a dependency updater.
    Automation,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCatalogue {
    sources: BTreeMap<String, String>,
    agents: Vec<RawEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    id: String,
    name: String,
    family: Option<String>,
    kind: Kind,
    source: Vec<String>,
    checked_on: toml::value::Datetime,
    signals: Vec<RawSignal>,
}

impl Catalogue {
    /// The catalogue that is compiled in.
    #[must_use]
    pub fn builtin() -> &'static Self {
        static BUILTIN: OnceLock<Catalogue> = OnceLock::new();
        BUILTIN.get_or_init(|| {
            Self::parse(TEXT).unwrap_or_else(|why| Self { complaint: Some(why), ..Self::default() })
        })
    }

    /// Why the catalogue is empty, when it could not be read.
    #[must_use]
    pub fn complaint(&self) -> Option<&str> {
        self.complaint.as_deref()
    }

    /// The agent with this id.
    #[must_use]
    pub fn entry(&self, id: &str) -> Option<&Entry> {
        self.at(*self.ids.get(id)?)
    }

    /// The agent whose account has this number.
    #[must_use]
    pub fn by_user_id(&self, id: UserId) -> Option<&Entry> {
        self.at(self.index.user(id)?)
    }

    /// Whether an agent has this login, in lower case and without `[bot]`, or is called so here.
    #[must_use]
    pub fn knows_login(&self, login: &str) -> bool {
        let is = |sign: &Sign| match sign {
            Sign::Login(known) => known.to_ascii_lowercase().trim_end_matches("[bot]") == login,
            _ => false,
        };
        self.ids.contains_key(login)
            || self.entries.iter().flat_map(|entry| &entry.signals).any(|signal| is(&signal.sign))
    }

    /// Every id, in order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.ids.keys().map(String::as_str)
    }

    /// Every agent, in the order of the file.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The numbers of the agent's accounts; empty when none is known or there is no such agent.
    #[must_use]
    pub fn user_ids_of(&self, id: &str) -> &[UserId] {
        self.entry(id).map(Entry::user_ids).unwrap_or_default()
    }

    pub(super) fn at(&self, at: At) -> Option<&Entry> {
        self.entries.get(at)
    }

    pub(super) fn index(&self) -> &Index {
        &self.index
    }

    fn parse(text: &str) -> Result<Self, String> {
        let raw: RawCatalogue = toml::from_str(text).map_err(|why| why.to_string())?;
        let mut catalogue = Self::default();
        for entry in raw.agents {
            let id = entry.id.clone();
            entry
                .check(&raw.sources)
                .and_then(|entry| catalogue.add(entry))
                .map_err(|why| format!("agent `{id}`: {why}"))?;
        }
        Ok(catalogue)
    }

    fn add(&mut self, entry: Entry) -> Result<(), String> {
        let at = self.entries.len();
        if self.ids.insert(entry.id.clone(), at).is_some() {
            return Err("listed twice".to_owned());
        }
        for signal in &entry.signals {
            self.index.add(signal, at).map_err(|owner| {
                let owner = self.at(owner).map_or(entry.id.as_str(), |owner| owner.id.as_str());
                format!("{:?} is also a sign of `{owner}`", signal.sign)
            })?;
        }
        self.entries.push(entry);
        Ok(())
    }
}

impl Entry {
    /// The numbers of its accounts.
    #[must_use]
    pub fn user_ids(&self) -> &[UserId] {
        &self.user_ids
    }
}

impl RawEntry {
    fn check(self, sources: &BTreeMap<String, String>) -> Result<Entry, String> {
        let plain = |id: &str| {
            let kebab = id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            !id.is_empty() && kebab && !id.starts_with('-') && !id.ends_with('-')
        };
        let family = self.family.unwrap_or_else(|| self.id.clone());
        if !plain(&self.id) || !plain(&family) {
            return Err("ids and families consist of small letters, digits and hyphens".to_owned());
        }
        if self.source.is_empty() || self.signals.is_empty() {
            return Err("needs a source and a signal".to_owned());
        }
        if let Some(tag) = self.source.iter().find(|tag| !sources.contains_key(*tag)) {
            return Err(format!("`{tag}` is not among the sources"));
        }
        let checked_on = self
            .checked_on
            .to_string()
            .parse()
            .map_err(|_| "`checked_on` is a day such as 2026-11-20".to_owned())?;
        let signals = self.signals.into_iter().map(RawSignal::check).collect::<Result<Vec<_>, _>>()?;
        let user_ids =
            signals.iter().filter(|signal| !signal.never).filter_map(|signal| match &signal.sign {
                Sign::UserId(id) => Some(*id),
                _ => None,
            });
        let user_ids = user_ids.collect();
        let (id, name, kind, source) = (self.id, self.name, self.kind, self.source);
        Ok(Entry { id, name, family, kind, source, checked_on, signals, user_ids })
    }
}

#[cfg(test)]
mod tests;
