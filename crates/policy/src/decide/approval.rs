//! Which approvals count.
//!
//! An approval counts when a recognised person with write access now, who had no hand in the change, approved exactly
//! this head, and has not said otherwise since. Whatever of that is not known does not count.

mod independence;

use std::collections::{BTreeMap, BTreeSet};

use super::cannot_see;
use super::standing::{self, Standing};
use crate::facts::{Account, Fact, Facts, Group, Pull, Review, ReviewState};
use crate::ids::UserId;
use crate::rules::Tier;
use crate::rules::in_force::InForce;
use crate::verdict::{
    Approval, Code, Disqualification, Disqualified, Effect, Evidence, Finding, TierState, quoted,
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
}

/// What came of looking at all approvals.
#[derive(Debug)]
pub(super) struct Approvals {
    counted: Vec<Account>,
    disqualified: Vec<Disqualified>,
    unseen: Option<String>,
}

impl Approvals {
    /// Whether at least one person approved whose approval counts.
    pub(super) fn any(&self) -> bool {
        !self.counted.is_empty()
    }
}

impl<'f> Bench<'f> {
    pub(super) fn of(facts: &'f Facts, pull: &'f Pull, in_force: &'f InForce<'f>) -> Self {
        Self { facts, pull, in_force, hands: Hands::of(pull) }
    }

    /// The state of each tier that is required.
    pub(super) fn tiers(
        &self,
        required: &BTreeMap<String, BTreeSet<String>>,
        approvals: &Approvals,
    ) -> Vec<TierState> {
        let defined = required.iter().filter_map(|(name, by)| Some((self.in_force.tier(name)?, by)));
        defined
            .map(|((tier, raised_by), by)| TierState { raised_by, ..self.tier(&tier, by.clone(), approvals) })
            .collect()
    }

    /// A request for changes by somebody with write access blocks until it is withdrawn.
    pub(super) fn changes_requested(&self) -> Vec<Finding> {
        let reviews = match self.pull.reviews.get() {
            Ok(reviews) => reviews,
            Err(why) => return vec![cannot_see(format!("the reviews: {why}"))],
        };
        let asking = latest(reviews).filter(|review| review.state == ReviewState::ChangesRequested);
        asking.filter(|review| self.must_be_heard(review)).map(changes_finding).collect()
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
            let because = self.disqualifications(review, reviews);
            match (review.author.get(), because.is_empty()) {
                (Ok(author), true) => approvals.counted.push(author.clone()),
                (author, _) => approvals
                    .disqualified
                    .push(Disqualified { by: author.ok().cloned(), because: because.into_iter().collect() }),
            }
        }
        approvals
    }

    fn disqualifications(&self, review: &Review, all: &[Review]) -> BTreeSet<Disqualification> {
        let mut because = BTreeSet::new();
        if review.commit.as_ref() != Some(&self.pull.head.sha) {
            because.insert(Disqualification::OtherCommit(review.commit.clone()));
        }
        match &review.can_push {
            Fact::Known(true) => {}
            Fact::Known(false) => {
                because.insert(Disqualification::NoWriteAccess);
            }
            Fact::Unknown(why) => {
                because.insert(Disqualification::AccessUnknown(why.clone()));
            }
        }
        let author = match review.author.get() {
            Ok(author) => author,
            Err(why) => {
                because.insert(Disqualification::PersonUnknown(why.to_owned()));
                return because;
            }
        };
        match standing::of(author, &self.facts.roster, self.in_force.rules) {
            Standing::Person => {}
            Standing::Agent(_) | Standing::Unregistered => {
                because.insert(Disqualification::NotAPerson);
            }
            Standing::Unknown(why) => {
                because.insert(Disqualification::PersonUnknown(why));
            }
        }
        because.extend(self.hands.of_account(author.id));
        because.extend(self.doubt(review, all));
        because
    }

    fn tier(&self, tier: &Tier, required_by: BTreeSet<String>, approvals: &Approvals) -> TierState {
        let mut unseen = approvals.unseen.clone();
        let counted: Vec<Approval> = approvals
            .counted
            .iter()
            .map(|by| {
                let (teams, doubt) = self.teams(by.id, &tier.from);
                unseen = unseen.take().or(doubt);
                Approval { by: by.clone(), teams }
            })
            .collect();
        let enough = counted.len() >= tier.approvals as usize;
        let team_there = tier.from.is_empty() || counted.iter().any(|approval| !approval.teams.is_empty());
        let reviews_seen = approvals.unseen.is_none();
        let satisfied = reviews_seen && enough && team_there;
        TierState {
            name: tier.name.clone(),
            required_by,
            raised_by: None,
            needed: tier.approvals,
            from: tier.from.clone(),
            counted,
            disqualified: approvals.disqualified.clone(),
            satisfied,
            unseen: unseen.filter(|_| !satisfied),
        }
    }

    /// Which of the teams an account belongs to, and what could not be seen of that.
    fn teams(&self, account: UserId, teams: &BTreeSet<Group>) -> (BTreeSet<Group>, Option<String>) {
        let (mut member_of, mut unseen) = (BTreeSet::new(), None);
        for team in teams {
            match self.facts.roster.has(team, account) {
                Fact::Known(true) => {
                    member_of.insert(team.clone());
                }
                Fact::Known(false) => {}
                Fact::Unknown(why) => unseen = Some(why),
            }
        }
        (member_of, unseen)
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
                && review.commit.as_ref() == Some(&self.pull.head.sha)
                && review.can_push == Fact::Known(true)
        };
        let later = all.iter().filter(|review| review.id >= approval.id && decides(review.state));
        let nameless =
            later.filter(|review| !as_good(review)).find_map(|review| review.author.get().err())?;
        Some(Disqualification::PersonUnknown(format!("whose a later review is: {nameless}")))
    }
}
