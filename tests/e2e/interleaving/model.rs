//! What must be true of any story: told by the forge's own record of moves and by git, not by what the gate believes.

use std::collections::{BTreeMap, BTreeSet};

use fake_github::Delivery;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::Value;

use super::script::{ITS_OWN, NAMES};
use crate::Gate;
use crate::stage::WEB;

/// Everything that happened to branches and tags, in order.
pub(super) struct Model {
    moves: Vec<Moved>,
    /// The commits before each commit that anything ever pointed to, and itself.
    histories: BTreeMap<String, BTreeSet<String>>,
    /// Where everything points in the end.
    refs: BTreeMap<String, String>,
    first: String,
    /// The forge said of something that it will not.
    refused: bool,
}

struct Moved {
    who: Who,
    name: String,
    before: Option<String>,
    after: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Agent,
    Person,
    Gate,
}

impl Model {
    /// Reads the record.
    pub(super) async fn of(gate: &Gate, first: &str, refused: bool) -> Self {
        let deliveries = gate.github.deliveries();
        let moves: Vec<Moved> = deliveries.iter().filter_map(moved).collect();
        let refs: BTreeMap<String, String> = gate.github.refs(WEB).unwrap().into_iter().collect();
        let mut histories = BTreeMap::new();
        let ends = moves.iter().flat_map(|moved| [&moved.before, &moved.after]).flatten();
        for sha in ends.chain(refs.values()) {
            if !histories.contains_key(sha) {
                let history = gate.github.history(WEB, sha).await.unwrap();
                histories.insert(sha.clone(), history.into_iter().collect());
            }
        }
        Self { moves, histories, refs, first: first.to_owned(), refused }
    }

    fn history(&self, sha: Option<&String>) -> BTreeSet<String> {
        sha.and_then(|sha| self.histories.get(sha)).cloned().unwrap_or_default()
    }

    fn of_name<'m>(&'m self, name: &'m str) -> impl Iterator<Item = &'m Moved> {
        self.moves.iter().filter(move |moved| moved.name == name)
    }

    /// Everything that is still named by something.
    fn reachable(&self, among: impl Fn(&str) -> bool) -> BTreeSet<String> {
        let named = self.refs.iter().filter(|(name, _)| among(name));
        named.flat_map(|(_, sha)| self.history(Some(sha))).collect()
    }

    /// The gate never moves away from what people put there, and what agents took away is somewhere.
    pub(super) async fn people_lose_nothing(&self, gate: &Gate) -> Result<(), TestCaseError> {
        let everything = self.reachable(|_| true);
        for name in NAMES {
            // What people put there and did not replace themselves.
            let mut theirs = match name {
                "refs/heads/main" => BTreeSet::from([self.first.clone()]),
                _ => BTreeSet::new(),
            };
            // What agents took away and nobody has put back.
            let mut taken: BTreeSet<String> = BTreeSet::new();
            for moved in self.of_name(name) {
                let (before, after) =
                    (self.history(moved.before.as_ref()), self.history(moved.after.as_ref()));
                match moved.who {
                    Who::Person => theirs = after.clone(),
                    Who::Gate => {
                        let lost: Vec<_> =
                            theirs.intersection(&before).filter(|sha| !after.contains(*sha)).collect();
                        prop_assert!(
                            lost.is_empty(),
                            "the gate took {lost:?} from {name}\n{}",
                            self.told(gate)
                        );
                    }
                    Who::Agent if name == ITS_OWN => {}
                    Who::Agent => taken.extend(theirs.intersection(&before).cloned()),
                }
                taken.retain(|sha| !after.contains(sha));
            }
            let lost: Vec<_> = taken.difference(&everything).collect();
            prop_assert!(lost.is_empty(), "{lost:?} of {name} is nowhere\n{}", self.told(gate));
        }
        Ok(())
    }

    /// Nothing stands where an agent must not have put it, unless people have gone on from there or the forge
    /// refused; what the gate took away is kept.
    pub(super) async fn agents_gain_nothing(&self, gate: &Gate) -> Result<(), TestCaseError> {
        let kept = self.reachable(|name| name.starts_with("refs/portcullis/quarantine/"));
        for name in NAMES.into_iter().filter(|name| *name != ITS_OWN) {
            // Where it stood before an agent moved it, until that was answered.
            let mut open: Option<Option<&String>> = None;
            let mut people_went_on = false;
            for moved in self.of_name(name) {
                match moved.who {
                    Who::Agent if open.is_none() => {
                        (open, people_went_on) = (Some(moved.before.as_ref()), false);
                    }
                    Who::Agent => {}
                    Who::Person => people_went_on = true,
                    Who::Gate => open = None,
                }
                if moved.who == Who::Gate {
                    let (was, is) = (moved.before.as_ref(), self.history(moved.after.as_ref()));
                    let gone = was.is_some_and(|was| !is.contains(was) && !kept.contains(was));
                    prop_assert!(!gone, "{was:?} of {name} is not kept\n{}", self.told(gate));
                }
            }
            let stands = self.refs.get(name);
            let answered = open.is_none_or(|before| before == stands) || people_went_on || self.refused;
            prop_assert!(answered, "{name} stands where an agent put it\n{}", self.told(gate));
        }
        let touched = self.of_name(ITS_OWN).any(|moved| moved.who == Who::Gate);
        prop_assert!(!touched, "an agent may do as it likes on its own branch\n{}", self.told(gate));
        Ok(())
    }

    /// The record and the end, for whoever reads a failure.
    fn told(&self, gate: &Gate) -> String {
        let short = |sha: &Option<String>| sha.as_deref().map_or("nothing", |sha| &sha[..7]).to_owned();
        let line = |moved: &Moved| {
            let Moved { who, name, before, after } = moved;
            format!("{who:?} {name} {} {}\n", short(before), short(after))
        };
        let moves: String = self.moves.iter().map(line).collect();
        let deliveries = gate.github.deliveries();
        let pushes = deliveries.iter().filter(|one| one.event == "push");
        let arrived: String = pushes.map(|one| format!("{} ", one.attempts.len())).collect();
        format!("{moves}deliveries {arrived}\n{}", gate.text())
    }
}

/// A move as the delivery tells it that was made of it, sent or not.
fn moved(delivery: &Delivery) -> Option<Moved> {
    if delivery.event != "push" {
        return None;
    }
    let told: Value = serde_json::from_slice(&delivery.body).unwrap();
    let text = |pointer: &str| told.pointer(pointer).and_then(Value::as_str).unwrap().to_owned();
    let end = |pointer: &str| Some(text(pointer)).filter(|sha| sha.bytes().any(|byte| byte != b'0'));
    let who = match text("/sender/login").as_str() {
        "Copilot" => Who::Agent,
        "alice" | "bob" => Who::Person,
        _ => Who::Gate,
    };
    Some(Moved { who, name: text("/ref"), before: end("/before"), after: end("/after") })
}
