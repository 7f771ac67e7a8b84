//! However deliveries come: doubled, in any order, some of them never, while the API lags, the forge ends up showing
//! what stands.
//!
//! The loop as the shell runs it, without the shell: a delivery raises the floor and asks for a look, what is older than
//! the floor is not judged, and what the forge shows already is not posted. Two events of one pull request never share a
//! second here: then the moment alone would not tell them apart, and only another look heals a read that lags.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::scene::sha;
use super::apply;
use super::facts::{any_facts, review};
use crate::decide::decide;
use crate::facts::{Effects, Fact, Facts, Observed, PullState, Review, ReviewState};
use crate::ids::{Millis, Sha};
use crate::plan::plan;
use crate::rules::RuleSource;
use crate::subject::{Floor, ReviewFloor};

/// What can happen to a pull request.
#[derive(Debug, Clone)]
pub(super) enum Event {
    Push(u64),
    Review(Review),
    Dismiss(usize),
    Retitle,
    Draft,
    Close,
    Reopen,
}

/// What happens next in the play.
#[derive(Debug, Clone)]
pub(super) enum Move {
    /// The next event, and its delivery is on its way.
    Happen,
    /// Some delivery arrives; it may arrive again.
    Arrive { which: usize, again: bool },
    /// Some delivery is lost.
    Lose(usize),
    /// A look, which may be shown the state so many events ago.
    Look { lag: usize },
}

pub(super) fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        2 => (1..4_u64).prop_map(Event::Push),
        4 => review().prop_map(Event::Review),
        2 => (0..8_usize).prop_map(Event::Dismiss),
        1 => Just(Event::Retitle),
        1 => Just(Event::Draft),
        1 => Just(Event::Close),
        1 => Just(Event::Reopen),
    ];
    vec(event, 0..7)
}

pub(super) fn moves() -> impl Strategy<Value = Vec<Move>> {
    let some = || 0..8_usize;
    let one = prop_oneof![
        3 => Just(Move::Happen),
        4 => (some(), any::<bool>()).prop_map(|(which, again)| Move::Arrive { which, again }),
        1 => some().prop_map(Move::Lose),
        4 => (0..3_usize).prop_map(|lag| Move::Look { lag }),
    ];
    vec(one, 0..24)
}

/// How a pull request stood after each event, and what the delivery about it tells. It is open in the end: on one that
/// is closed stands whatever was shown before.
pub(super) fn history(first: Facts, events: Vec<Event>) -> Vec<(Facts, Floor)> {
    let mut history = vec![(first.clone(), told(&first, None))];
    let mut facts = first;
    for event in events.into_iter().chain([Event::Reopen]) {
        let id = 1 + reviews(&facts).map(|review| review.id).max().unwrap_or(0);
        let review = happen(&mut facts, event, id);
        facts.pull.updated_at = Millis(facts.pull.updated_at.0.saturating_add(1_000));
        history.push((facts.clone(), told(&facts, review)));
    }
    history
}

fn reviews(facts: &Facts) -> impl Iterator<Item = &Review> {
    facts.pull.reviews.get().into_iter().flatten()
}

fn happen(facts: &mut Facts, event: Event, id: u64) -> Option<ReviewFloor> {
    let pull = &mut facts.pull;
    match (event, &mut pull.reviews) {
        (Event::Push(head), _) => pull.head.sha = sha(0xd000 + head),
        (Event::Review(review), Fact::Known(reviews)) => {
            reviews.push(Review { id, ..review });
            return reviews.last().map(|review| ReviewFloor { id, state: review.state });
        }
        (Event::Dismiss(which), Fact::Known(reviews)) if !reviews.is_empty() => {
            let review = which % reviews.len();
            let review = reviews.get_mut(review)?;
            review.state = ReviewState::Dismissed;
            return Some(ReviewFloor { id: review.id, state: review.state });
        }
        (Event::Draft, _) => pull.draft = !pull.draft,
        (Event::Close, _) => pull.state = PullState::Closed,
        (Event::Reopen, _) => pull.state = PullState::Open,
        (Event::Retitle | Event::Review(_) | Event::Dismiss(_), _) => pull.title.push('!'),
    }
    None
}

fn told(facts: &Facts, review: Option<ReviewFloor>) -> Floor {
    let pull = &facts.pull;
    Floor { updated_at: Some(pull.updated_at), head: Some(pull.head.sha.clone()), review }
}

/// The forge and the loop.
pub(super) struct Play<'p> {
    history: &'p [(Facts, Floor)],
    source: &'p RuleSource,
    /// How much of the history has happened.
    happened: usize,
    on_their_way: Vec<usize>,
    shown: BTreeMap<Sha, Effects>,
    floor: Floor,
    due: bool,
    lost: bool,
}

impl<'p> Play<'p> {
    pub(super) fn new(history: &'p [(Facts, Floor)], source: &'p RuleSource) -> Self {
        Self {
            history,
            source,
            happened: 0,
            on_their_way: vec![0],
            shown: BTreeMap::new(),
            floor: Floor::default(),
            due: false,
            lost: false,
        }
    }

    pub(super) fn play(&mut self, step: Move) {
        match step {
            Move::Happen if self.happened + 1 < self.history.len() => {
                self.happened += 1;
                self.on_their_way.push(self.happened);
            }
            Move::Arrive { which, again } if !self.on_their_way.is_empty() => {
                let which = which % self.on_their_way.len();
                self.arrive(self.on_their_way[which]);
                if !again {
                    self.on_their_way.remove(which);
                }
            }
            Move::Lose(which) if !self.on_their_way.is_empty() => {
                self.on_their_way.remove(which % self.on_their_way.len());
                self.lost = true;
            }
            Move::Look { lag } => self.look(lag),
            Move::Happen | Move::Arrive { .. } | Move::Lose(_) => {}
        }
    }

    fn arrive(&mut self, event: usize) {
        self.floor = std::mem::take(&mut self.floor).raise(self.history[event].1.clone());
        self.due = true;
    }

    fn look(&mut self, lag: usize) {
        if !self.due {
            return;
        }
        let facts = &self.history[self.happened.saturating_sub(lag)].0;
        let effects = self.shown.entry(facts.pull.head.sha.clone()).or_default();
        let observed = Observed { facts: facts.clone(), effects: effects.clone() };
        if observed.is_older_than(&self.floor) {
            return;
        }
        apply(&plan(&decide(facts, self.source), effects), effects);
        self.due = false;
    }

    /// Everything happens, what is on its way arrives, and if anything was lost somebody looks again.
    pub(super) fn end(mut self) -> Option<(Option<String>, Option<String>)> {
        while self.happened + 1 < self.history.len() {
            self.play(Move::Happen);
        }
        for event in std::mem::take(&mut self.on_their_way) {
            self.arrive(event);
        }
        self.look(0);
        assert!(!self.due, "what the forge truly shows is never older than what a delivery told");
        // A lost delivery is made up for by any look later on. Where none was lost none is needed.
        self.due = self.lost;
        self.look(0);
        let posts = self.shown.clone();
        self.due = true;
        self.look(0);
        assert_eq!(self.shown, posts, "another look posts nothing");
        let head = &self.history[self.happened].0.pull.head.sha;
        let latest = self.shown.get(head)?.checks.iter().max_by_key(|check| check.id)?;
        Some((latest.conclusion.clone(), latest.external_id.clone()))
    }
}

/// A pull request that is open at first. The forge numbers reviews as they come.
pub(super) fn first() -> impl Strategy<Value = Facts> {
    any_facts().prop_map(|mut facts| {
        facts.pull.state = PullState::Open;
        if let Fact::Known(reviews) = &mut facts.pull.reviews {
            reviews.iter_mut().zip(1..).for_each(|(review, id)| review.id = id);
        }
        facts
    })
}
