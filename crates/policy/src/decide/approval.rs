//! Which approvals count.
//!
//! An approval counts when a recognised person with write access now, who had no hand in the change, approved exactly
//! this head, or one that this head is on a newer base and nothing more, and has not said otherwise since. Whatever of that is not known does not count.

mod comment;
mod independence;
mod tier;

use std::collections::{BTreeMap, BTreeSet};

use super::standing::{self, Standing};
use super::{cannot_see, involve};
use crate::facts::{Account, Fact, Facts, Pull, PullState, Review, ReviewState};
use crate::identity::Catalogue;
use crate::ids::{Millis, Sha, UserId};
use crate::rules::RuleSource;
use crate::rules::in_force::InForce;
use crate::verdict::{
    Code, Disqualification, Disqualified, Effect, Enforcement, Evidence, Finding, JudgedAs, TierState, quoted,
};
use independence::Hands;

fn changes_finding(review: &Review) -> Finding {
    let author = review.author.get().ok();
    let who = quoted(author.map_or("somebody", |author| author.login.as_str()));
    Finding {
        code: Code::ChangesRequested,
        effect: Effect::Waits,
        rule: None,
        message: format!("`{who}` asks for changes"),
        why: None,
        evidence_total: usize::from(author.is_some()),
        evidence: author.map(|author| Evidence::Account(author.clone())).into_iter().collect(),
        way_out: Some(format!("`{who}` approves, or the review is dismissed.")),
    }
}

/// The request stands although it was dismissed.
fn dismissed_finding(review: &Review, by: &Account) -> Finding {
    let asked = changes_finding(review);
    let who = quoted(review.author.get().map_or("somebody", |author| author.login.as_str()));
    Finding {
        message: format!(
            "`{who}` asked for changes, and `{}`, who is no person the rules recognise, dismissed that",
            quoted(&by.login)
        ),
        way_out: Some(format!("`{who}` reviews again.")),
        ..asked
    }
}

/// The latest decisive review of each account; reviews whose author is unknown stand each for itself.
fn latest(reviews: &[Review]) -> impl Iterator<Item = &Review> {
    let mut by_account: BTreeMap<UserId, &Review> = BTreeMap::new();
    let mut nameless = Vec::new();
    for review in reviews.iter().filter(|review| decides(review.state)) {
        match review.author.get() {
            Ok(author) => {
                let entry = by_account.entry(author.id).or_insert(review);
                if review.id >= entry.id {
                    *entry = review;
                }
            }
            Err(_) => nameless.push(review),
        }
    }
    by_account.into_values().chain(nameless)
}

/// A comment decides nothing and clears nothing.
fn decides(state: ReviewState) -> bool {
    match state {
        ReviewState::Approved | ReviewState::ChangesRequested | ReviewState::Dismissed => true,
        ReviewState::Commented | ReviewState::Pending => false,
    }
}

/// Everything that approvals of one pull request are judged by.
#[derive(Debug)]
pub(super) struct Bench<'f> {
    facts: &'f Facts,
    pull: &'f Pull,
    in_force: &'f InForce<'f>,
    hands: Hands,
    /// The registered agents that had a hand in the change.
    agents: &'f BTreeSet<String>,
}

/// An approval, however it was given.
struct Given<'f> {
    author: &'f Fact<Account>,
    commit: Option<&'f Sha>,
    can_push: &'f Fact<bool>,
}

impl<'f> Given<'f> {
    fn by_review(review: &'f Review) -> Self {
        Self { author: &review.author, commit: review.commit.as_ref(), can_push: &review.can_push }
    }
}

/// An approval that counts for itself; a tier may still refuse it.
#[derive(Debug)]
struct Counted {
    by: Account,
    /// When it was given.
    at: Option<Millis>,
    /// As a comment.
    commented: bool,
}

/// Older heads that approvals of a pull request were given on which count if the head is nothing but one of these on a
/// newer base. Nobody's work but an agent's needs approvals.
#[must_use]
pub fn approved_before(facts: &Facts, pull: &Pull, source: &RuleSource) -> BTreeSet<Sha> {
    let Some(law) = source.law(&facts.own_rules) else { return BTreeSet::new() };
    let involved = involve::involve(facts, pull, law.rules);
    let open = pull.state == PullState::Open && law.enforcement() != Enforcement::Disabled;
    if !open || involved.judged_as == JudgedAs::People {
        return BTreeSet::new();
    }
    Bench::of(facts, pull, &law, &involved.registered).approved_before()
}

/// What came of looking at all approvals.
#[derive(Debug)]
pub(super) struct Approvals {
    counted: Vec<Counted>,
    disqualified: Vec<Disqualified>,
    unseen: Option<String>,
}

impl Approvals {
    /// Whether at least one person approved whose approval counts.
    pub(super) fn any(&self) -> bool {
        !self.counted.is_empty()
    }

    fn reject(&mut self, by: Option<&Account>, because: BTreeSet<Disqualification>) {
        self.disqualified.push(Disqualified { by: by.cloned(), because: because.into_iter().collect() });
    }
}

impl<'f> Bench<'f> {
    /// `agents` are the registered ones that had a hand in the change.
    pub(super) fn of(
        facts: &'f Facts,
        pull: &'f Pull,
        in_force: &'f InForce<'f>,
        agents: &'f BTreeSet<String>,
    ) -> Self {
        Self { facts, pull, in_force, hands: Hands::of(facts, pull, in_force.rules), agents }
    }

    /// The same, where this account cannot approve either.
    pub(super) fn excluding(mut self, account: &Fact<Account>, because: &Disqualification) -> Self {
        self.hands.fact(account, because.clone());
        self
    }

    /// The state of each tier that is required.
    pub(super) fn tiers(
        &self,
        required: &BTreeMap<String, BTreeSet<String>>,
        approvals: &Approvals,
    ) -> Vec<TierState> {
        let defined = required.iter().filter_map(|(name, by)| Some((self.in_force.tier(name)?, by)));
        defined
            .map(|((tier, raised_by), by)| TierState {
                raised_by,
                ..tier::state(self, &tier, by.clone(), approvals)
            })
            .collect()
    }

    /// A request for changes by somebody with write access blocks until it is withdrawn.
    pub(super) fn changes_requested(&self) -> Vec<Finding> {
        let reviews = match self.pull.reviews.get() {
            Ok(reviews) => reviews,
            Err(why) => return vec![cannot_see(format!("the reviews: {why}"))],
        };
        let heard = latest(reviews).filter(|review| self.must_be_heard(review));
        heard.filter_map(|review| self.asks_for_changes(review)).collect()
    }

    /// Which approvals count, and why the others do not.
    pub(super) fn approvals(&self) -> Approvals {
        let mut approvals = Approvals { counted: Vec::new(), disqualified: Vec::new(), unseen: None };
        let reviews = match self.pull.reviews.get() {
            Ok(reviews) => reviews,
            Err(why) => {
                approvals.unseen = Some(format!("the reviews: {why}"));
                return approvals;
            }
        };
        for review in latest(reviews).filter(|review| review.state == ReviewState::Approved) {
            let mut because = self.disqualifications(&Given::by_review(review));
            because.extend(self.doubt(review, reviews));
            match (review.author.get(), because.is_empty()) {
                (Ok(author), true) => {
                    approvals.counted.push(Counted { by: author.clone(), at: review.at, commented: false });
                }
                (author, _) => approvals.reject(author.ok(), because),
            }
        }
        self.comments(reviews, &mut approvals);
        approvals
    }

    /// An approval is of exactly this head, or of one that the head is on a newer base and nothing more.
    fn of_another_head(&self, commit: Option<&Sha>) -> Option<Disqualification> {
        if commit == Some(&self.pull.head.sha) {
            return None;
        }
        let carried = |from: &Sha| self.pull.carried.iter().find(|carried| carried.from == *from);
        match commit.and_then(|from| Some((from, &carried(from)?.whole))) {
            Some((_, Fact::Known(true))) => None,
            Some((from, Fact::Unknown(why))) => {
                Some(Disqualification::UpdateUnknown(from.clone(), why.clone()))
            }
            Some((_, Fact::Known(false))) | None => Some(Disqualification::OtherCommit(commit.cloned())),
        }
    }

    /// Older heads that approvals were given on which only for that do not count.
    fn approved_before(&self) -> BTreeSet<Sha> {
        let only_older = |given: &Disqualified| match given.because.as_slice() {
            [Disqualification::OtherCommit(Some(sha))] => Some(sha.clone()),
            _ => None,
        };
        self.approvals().disqualified.iter().filter_map(only_older).collect()
    }

    fn disqualifications(&self, given: &Given<'_>) -> BTreeSet<Disqualification> {
        let mut because = BTreeSet::new();
        because.extend(self.of_another_head(given.commit));
        match given.can_push {
            Fact::Known(true) => {}
            Fact::Known(false) => {
                because.insert(Disqualification::NoWriteAccess);
            }
            Fact::Unknown(why) => {
                because.insert(Disqualification::AccessUnknown(why.clone()));
            }
        }
        let author = match given.author.get() {
            Ok(author) => author,
            Err(why) => {
                because.insert(Disqualification::PersonUnknown(why.to_owned()));
                return because;
            }
        };
        match standing::of(author, &self.facts.roster, self.in_force.rules) {
            Standing::Person => {}
            Standing::Agent(_) | Standing::Unregistered => {
                let known = Catalogue::builtin().by_user_id(author.id);
                because.insert(known.map_or(Disqualification::NotAPerson, |agent| {
                    Disqualification::Agent(agent.name.clone())
                }));
            }
            Standing::Unknown(why) => {
                because.insert(Disqualification::PersonUnknown(why));
            }
        }
        because.extend(self.hands.of_account(author.id));
        because
    }

    /// A request for changes stands until its giver approves or a person dismisses it. Whoever is no person takes
    /// nothing back that a person asked for.
    fn asks_for_changes(&self, review: &Review) -> Option<Finding> {
        match (review.state, &review.dismissal) {
            (ReviewState::ChangesRequested, _) => Some(changes_finding(review)),
            (ReviewState::Dismissed, None) => {
                Some(cannot_see("who dismissed a review, and what it had asked for".to_owned()))
            }
            (ReviewState::Dismissed, Some(dismissal)) if dismissal.was != ReviewState::Approved => {
                let by = match dismissal.by.get() {
                    Ok(by) => by,
                    Err(why) => {
                        return Some(cannot_see(format!("who dismissed a request for changes: {why}")));
                    }
                };
                match standing::of(by, &self.facts.roster, self.in_force.rules) {
                    Standing::Person => None,
                    Standing::Agent(_) | Standing::Unregistered => Some(dismissed_finding(review, by)),
                    Standing::Unknown(why) => Some(cannot_see(format!(
                        "whether `{}`, who dismissed a request for changes, is a person: {why}",
                        quoted(&by.login)
                    ))),
                }
            }
            _ => None,
        }
    }

    /// Whether a request for changes blocks: unless it surely comes from somebody who has no say.
    fn must_be_heard(&self, review: &Review) -> bool {
        if matches!(review.can_push, Fact::Known(false)) {
            return false;
        }
        let Ok(author) = review.author.get() else { return true };
        match standing::of(author, &self.facts.roster, self.in_force.rules) {
            Standing::Person | Standing::Unknown(_) => true,
            Standing::Agent(_) | Standing::Unregistered => false,
        }
    }

    /// A later decisive review by somebody unknown may be the approver's own second thought. Only one that would count
    /// just as well, if it were theirs, takes nothing away.
    fn doubt(&self, approval: &Review, all: &[Review]) -> Option<Disqualification> {
        let as_good = |review: &Review| {
            review.state == ReviewState::Approved
                && self.of_another_head(review.commit.as_ref()).is_none()
                && review.can_push == Fact::Known(true)
        };
        let later = all.iter().filter(|review| review.id >= approval.id && decides(review.state));
        let nameless =
            later.filter(|review| !as_good(review)).find_map(|review| review.author.get().err())?;
        Some(Disqualification::PersonUnknown(format!("whose a later review is: {nameless}")))
    }
}
