//! The rules in force, wherever they are read from: taken over when they are valid, kept when what follows is not.
//!
//! Rules that become invalid leave the last good ones in force and say so everywhere: log, metric, health page, every
//! check. Where there never were good rules, everything governed is blocked with the reason.
//!
//! Who reads them: `file` watches a local file; rules from a repository are brought by `serve`, which knows the forge.

mod file;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption};
use policy::Sha;
use policy::rules::{Origin, RuleSource, Rules, Suspended, Trouble};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

/// The rules in force.
#[derive(Debug)]
pub struct Rulebook {
    /// The local file, if the rules stand in one.
    path: Option<PathBuf>,
    current: ArcSwap<RuleSource>,
    /// The rules in force, as they were found.
    good: ArcSwapOption<Good>,
    changed: Arc<Notify>,
    /// Rules and suspensions come from different places: one change at a time.
    turn: Mutex<()>,
}

/// Where `serve` remembers the last good rules, as [`Good`] in JSON.
pub const LAST_GOOD: &str = "rules.last_good";

/// A text of rules, and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The text.
    pub text: String,
    /// The repository that it stands in; `None` for a local file.
    pub origin: Option<Origin>,
    /// The commit that last changed it; `None` for a local file.
    pub commit: Option<Sha>,
}

/// Good rules, to be remembered over a restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Good {
    /// Where they were read from.
    pub place: String,
    /// The text.
    pub text: String,
    /// The commit that last changed it.
    pub commit: Option<Sha>,
    /// The number of the repository that it stands in.
    pub repository: Option<u64>,
    /// Its path there.
    pub path: Option<String>,
}

impl Rulebook {
    /// A book whose rules come from elsewhere, see [`Rulebook::take`]. Until they do, nothing is in force.
    #[must_use]
    pub fn at(place: &str) -> Arc<Self> {
        Self::new(place.to_owned(), None)
    }

    fn new(place: String, path: Option<PathBuf>) -> Arc<Self> {
        Arc::new(Self {
            path,
            current: ArcSwap::from_pointee(RuleSource { place, ..RuleSource::default() }),
            good: ArcSwapOption::empty(),
            changed: Arc::new(Notify::new()),
            turn: Mutex::new(()),
        })
    }

    /// What is in force now.
    #[must_use]
    pub fn current(&self) -> Arc<RuleSource> {
        self.current.load_full()
    }

    /// The rules in force, to be remembered over a restart.
    #[must_use]
    pub fn good(&self) -> Option<Arc<Good>> {
        self.good.load_full()
    }

    /// Puts rules in force that were good before a restart, when none are in force yet. Those of another place are not
    /// these.
    pub fn remember(&self, good: Good) {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.current();
        if now.in_force.is_some() || good.place != now.place {
            return;
        }
        let Some(rules) = Rules::parse(&good.place, &good.text).rules else { return };
        tracing::warn!(digest = %rules.digest, "the rules that were last good are in force again");
        let origin = good.origin();
        let source = RuleSource {
            origin,
            commit: good.commit.clone(),
            in_force: Some(Arc::new(rules)),
            ..(*now).clone()
        };
        self.good.store(Some(Arc::new(good)));
        self.current.store(Arc::new(source));
    }

    /// Wakes the one who waits when other rules came into force, or trouble came or went.
    #[must_use]
    pub fn changed(&self) -> Arc<Notify> {
        Arc::clone(&self.changed)
    }

    /// Takes over what stands there now, if it is valid. An error says why it could not be read.
    pub fn take(&self, found: Result<Found, String>) {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.current();
        let after = next(&before, &found);
        metrics::gauge!("portcullis_rules_invalid").set(if after.trouble.is_some() { 1.0 } else { 0.0 });
        let same_rules = digest(&before) == digest(&after) && before.commit == after.commit;
        if same_rules && before.trouble == after.trouble {
            return;
        }
        tell(&before, &after);
        if let (None, Ok(found)) = (&after.trouble, found) {
            self.good.store(Some(Arc::new(Good::of(&after.place, found))));
        }
        self.current.store(Arc::new(after));
        self.changed.notify_one();
    }

    /// Takes over who may do nothing for now, whatever the rules say.
    pub fn suspend(&self, suspended: Suspended) {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.current();
        if before.suspended == suspended {
            return;
        }
        let names: Vec<&str> = suspended.keys().map(String::as_str).collect();
        tracing::warn!(agents = names.join(", "), "other agents are suspended than before");
        self.current.store(Arc::new(RuleSource { suspended, ..(*before).clone() }));
        self.changed.notify_one();
    }
}

impl Good {
    fn of(place: &str, found: Found) -> Self {
        let (repository, path) = found.origin.map(|origin| (origin.repository.0, origin.path)).unzip();
        Self { place: place.to_owned(), text: found.text, commit: found.commit, repository, path }
    }

    /// The repository that the rules stand in.
    #[must_use]
    pub fn origin(&self) -> Option<Origin> {
        let (repository, path) = self.repository.zip(self.path.clone())?;
        Some(Origin { repository: policy::RepoId(repository), path })
    }
}

fn digest(source: &RuleSource) -> Option<&str> {
    source.in_force.as_ref().map(|rules| rules.digest.as_str())
}

fn next(before: &RuleSource, found: &Result<Found, String>) -> RuleSource {
    let trouble = match found {
        Err(why) => Trouble::Unreadable(why.clone()),
        Ok(found) => {
            let parsed = Rules::parse(&before.place, &found.text);
            match parsed.rules {
                Some(rules) => {
                    // A forge that does not tell the commit this time told it before.
                    let same = digest(before) == Some(&rules.digest);
                    let known = before.commit.as_ref().filter(|_| same);
                    return RuleSource {
                        origin: found.origin.clone(),
                        suspended: before.suspended.clone(),
                        commit: found.commit.as_ref().or(known).cloned(),
                        ..RuleSource::good(Arc::new(rules))
                    };
                }
                None => Trouble::Invalid(parsed.complaints),
            }
        }
    };
    RuleSource { trouble: Some(trouble), ..before.clone() }
}

fn tell(before: &RuleSource, after: &RuleSource) {
    let commit = after.commit.as_ref().map(Sha::short);
    match &after.trouble {
        Some(trouble) => tracing::error!(
            rules = %after.place,
            trouble = %trouble.sentence(),
            last_good = digest(after).unwrap_or("none: everything governed is blocked"),
            "the rules are not usable"
        ),
        None => tracing::info!(
            rules = %after.place,
            commit,
            digest = digest(after).unwrap_or_default(),
            before = digest(before).unwrap_or("none"),
            "rules in force"
        ),
    }
}
