//! The starters, and what is filled in.

use clap::ValueEnum;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use policy::Millis;
use policy::facts::Group;

use super::super::Error;
use super::STARTER;

/// How strict to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Profile {
    Observe,
    Standard,
    Regulated,
}

impl Profile {
    pub(super) fn rules(self) -> &'static str {
        match self {
            Self::Observe => include_str!("observe.toml"),
            Self::Standard => include_str!("standard.toml"),
            Self::Regulated => include_str!("regulated.toml"),
        }
    }

    pub(super) fn cases(self) -> &'static str {
        match self {
            Self::Observe => include_str!("observe.cases.toml"),
            Self::Standard => include_str!("standard.cases.toml"),
            Self::Regulated => include_str!("regulated.cases.toml"),
        }
    }
}

/// How long a registration lasts that nobody thought about yet: a quarter.
const REGISTRATION: SignedDuration = SignedDuration::from_hours(24 * 91);

/// What replaces the starters' own organisation, people and dates.
pub(super) struct Filling<'a> {
    org: &'a str,
    people: String,
    last_day: String,
    day_after: String,
}

impl<'a> Filling<'a> {
    pub(super) fn new(org: &'a str, people: &[Group], now: Millis) -> Result<Self, Error> {
        let last = Timestamp::from_millisecond(now.0)?.checked_add(REGISTRATION)?;
        let last = last.to_zoned(TimeZone::UTC).date();
        let names: Vec<String> = people.iter().map(|group| format!("\"{group}\"")).collect();
        Ok(Self {
            org,
            people: if names.is_empty() { format!("\"{org}\"") } else { names.join(", ") },
            last_day: last.to_string(),
            day_after: last.tomorrow()?.to_string(),
        })
    }

    pub(super) fn fill(&self, starter: &str) -> String {
        // People first: their organisation may be another one.
        let parts: Vec<String> = starter
            .split("members_of = [\"acme\"]")
            .map(|part| {
                let part = part.replace(STARTER, self.org);
                part.replace("2027-03-31", &self.last_day).replace("2027-04-01", &self.day_after)
            })
            .collect();
        parts.join(&format!("members_of = [{}]", self.people))
    }
}
