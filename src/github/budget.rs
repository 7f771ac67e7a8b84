//! How much may be asked of the forge now, per installation.
//!
//! GitHub counts per installation: requests at a time, points a minute (REST and GraphQL apart), creations a minute,
//! and points an hour. The first three are kept below the bounds here; the hourly one is learnt from its headers.
//! While a limit is known to hold nothing is sent: who goes on asking can be banned.
//! <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use policy::{InstallationId, Millis};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::error::ForgeError;
use super::settings::Limits;

/// Whose limits a request counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Payer {
    /// Requests signed with the App's own key.
    App,
    /// Requests with an installation's token.
    Installation(InstallationId),
}

/// Which of GitHub's counters a request moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resource {
    Rest,
    Graphql,
}

/// What a request costs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    pub(super) resource: Resource,
    pub(super) points: u32,
    pub(super) creations: u32,
}

impl Cost {
    pub(super) const QUERY: Self = Self { resource: Resource::Graphql, points: 1, creations: 0 };
    pub(super) const MUTATION: Self = Self { resource: Resource::Graphql, points: 5, creations: 1 };
    pub(super) const READ: Self = Self { resource: Resource::Rest, points: 1, creations: 0 };
    pub(super) const CREATE: Self = Self { resource: Resource::Rest, points: 5, creations: 1 };
    pub(super) const UPDATE: Self = Self { resource: Resource::Rest, points: 5, creations: 0 };
}

/// What an answer told about limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// The hourly points of one counter are used up until then.
    Primary(Millis),
    /// Too much at once; `None` when the forge did not say for how long.
    Secondary(Option<Millis>),
}

/// The budgets of everyone who pays. An idle one is forgotten.
#[derive(Debug)]
pub(super) struct Budgets {
    limits: Limits,
    by_payer: moka::future::Cache<Payer, Arc<Budget>>,
}

impl Budgets {
    pub(super) fn new(limits: Limits) -> Self {
        let by_payer = moka::future::Cache::builder()
            .max_capacity(10_000)
            .time_to_idle(Duration::from_secs(2 * 3_600))
            .build();
        Self { limits, by_payer }
    }

    pub(super) async fn of(&self, payer: Payer) -> Arc<Budget> {
        self.by_payer.get_with(payer, async { Arc::new(Budget::new(&self.limits)) }).await
    }
}

/// What one payer may still ask for.
#[derive(Debug)]
pub(super) struct Budget {
    at_once: Semaphore,
    spent: Mutex<Spent>,
}

#[derive(Debug)]
struct Spent {
    rest: Minute,
    graphql: Minute,
    creations: Minute,
    rest_blocked: Option<Block>,
    graphql_blocked: Option<Block>,
    /// Secondary limits hit in a row.
    strikes: u32,
}

/// The shortest wait after a secondary limit that came without `retry-after`, by GitHub's documentation.
const SECONDARY_WAIT: i64 = 60_000;

impl Budget {
    fn new(limits: &Limits) -> Self {
        Self {
            at_once: Semaphore::new(limits.at_once.max(1)),
            spent: Mutex::new(Spent {
                rest: Minute::new(limits.rest_points),
                graphql: Minute::new(limits.graphql_points),
                creations: Minute::new(limits.creations),
                rest_blocked: None,
                graphql_blocked: None,
                strikes: 0,
            }),
        }
    }

    /// Waits for a place among the requests at a time.
    pub(super) async fn enter(&self) -> Result<SemaphorePermit<'_>, ForgeError> {
        self.at_once
            .acquire()
            .await
            .map_err(|_| ForgeError::broken("a request", "the client is shutting down"))
    }

    /// Takes the cost, or says until when nothing may be sent.
    pub(super) fn spend(&self, cost: Cost, now: Millis) -> Result<(), ForgeError> {
        let mut spent = self.lock();
        spent.check(cost, now)?;
        match cost.resource {
            Resource::Rest => spent.rest.take(cost.points, now),
            Resource::Graphql => spent.graphql.take(cost.points, now),
        }
        spent.creations.take(cost.creations, now);
        Ok(())
    }

    /// Says until when the cost could not be taken, and takes nothing.
    pub(super) fn would_wait(&self, cost: Cost, now: Millis) -> Result<(), ForgeError> {
        self.lock().check(cost, now)
    }

    /// Notes what an answer told about limits; gives the moment until which to wait.
    pub(super) fn note(&self, limit: Limit, resource: Resource, now: Millis) -> Millis {
        let mut spent = self.lock();
        match limit {
            Limit::Primary(until) => {
                spent.block(resource, Block { from: now, until });
                until
            }
            Limit::Secondary(told) => {
                let wait = SECONDARY_WAIT << spent.strikes.min(4);
                spent.strikes = spent.strikes.saturating_add(1);
                let until = told.unwrap_or(Millis(now.0.saturating_add(wait)));
                spent.block(Resource::Rest, Block { from: now, until });
                spent.block(Resource::Graphql, Block { from: now, until });
                until
            }
        }
    }

    /// A request went well: secondary limits are over.
    pub(super) fn relax(&self) {
        self.lock().strikes = 0;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Spent> {
        // The numbers stay usable whatever a panicking holder did.
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Spent {
    fn check(&mut self, cost: Cost, now: Millis) -> Result<(), ForgeError> {
        let (blocked, points) = match cost.resource {
            Resource::Rest => (&mut self.rest_blocked, self.rest.free_at(cost.points, now)),
            Resource::Graphql => (&mut self.graphql_blocked, self.graphql.free_at(cost.points, now)),
        };
        let blocked = blocked.as_mut().map(|block| block.until(now));
        let creations = self.creations.free_at(cost.creations, now);
        let until = [blocked, points, creations].into_iter().flatten().max();
        match until {
            Some(until) if until > now => Err(ForgeError::RateLimited { until }),
            _ => Ok(()),
        }
    }

    fn block(&mut self, resource: Resource, block: Block) {
        let slot = match resource {
            Resource::Rest => &mut self.rest_blocked,
            Resource::Graphql => &mut self.graphql_blocked,
        };
        let standing = slot.as_mut().map(|standing| standing.until(block.from));
        if standing.is_none_or(|standing| standing < block.until) {
            *slot = Some(block);
        }
    }
}

/// A limit that holds for a while.
#[derive(Debug)]
struct Block {
    from: Millis,
    until: Millis,
}

impl Block {
    /// When it is over. A clock that went back makes it begin now, so that it lasts no longer than it was told to.
    fn until(&mut self, now: Millis) -> Millis {
        if now < self.from {
            let lasts = self.until.0.saturating_sub(self.from.0);
            (self.from, self.until) = (now, Millis(now.0.saturating_add(lasts)));
        }
        self.until
    }
}

/// What was spent in the last sixty seconds, kept by the second.
#[derive(Debug)]
struct Minute {
    most: u32,
    sum: u32,
    seconds: VecDeque<(i64, u32)>,
}

impl Minute {
    fn new(most: u32) -> Self {
        Self { most, sum: 0, seconds: VecDeque::new() }
    }

    /// `None` when `cost` fits now; otherwise the moment at which enough is over.
    fn free_at(&mut self, cost: u32, now: Millis) -> Option<Millis> {
        let second = now.0.div_euclid(1_000);
        self.bring_back(second);
        self.forget_before(second - 60);
        let mut over = self.sum.saturating_add(cost).saturating_sub(self.most);
        if over == 0 || cost == 0 {
            return None;
        }
        for (second, spent) in &self.seconds {
            over = over.saturating_sub(*spent);
            if over == 0 {
                return Some(Millis((second + 61) * 1_000));
            }
        }
        // The cost alone is above the bound: a setting of nothing at all. Never is the honest answer.
        Some(Millis(now.0.saturating_add(3_600_000)))
    }

    fn take(&mut self, cost: u32, now: Millis) {
        if cost == 0 {
            return;
        }
        let second = now.0.div_euclid(1_000);
        self.sum = self.sum.saturating_add(cost);
        match self.seconds.back_mut() {
            Some((last, spent)) if *last >= second => *spent = spent.saturating_add(cost),
            _ => self.seconds.push_back((second, cost)),
        }
    }

    /// A clock that went back: what was spent later than now was spent now.
    fn bring_back(&mut self, now: i64) {
        let mut later = 0_u32;
        while let Some((_, spent)) = self.seconds.pop_back_if(|(second, _)| *second > now) {
            later = later.saturating_add(spent);
        }
        if later == 0 {
            return;
        }
        match self.seconds.back_mut() {
            Some((last, spent)) if *last == now => *spent = spent.saturating_add(later),
            _ => self.seconds.push_back((now, later)),
        }
    }

    fn forget_before(&mut self, second: i64) {
        while let Some((oldest, spent)) = self.seconds.front().copied() {
            if oldest >= second {
                break;
            }
            self.sum = self.sum.saturating_sub(spent);
            self.seconds.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget() -> Budget {
        Budget::new(&Limits { rest_points: 10, graphql_points: 3, creations: 2, ..Limits::default() })
    }

    fn until(outcome: Result<(), ForgeError>) -> i64 {
        match outcome {
            Err(ForgeError::RateLimited { until }) => until.0,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_minute_holds_so_much_and_then_says_when() {
        let budget = budget();
        for at in [0, 500, 30_000] {
            assert_eq!(budget.spend(Cost::QUERY, Millis(at)), Ok(()));
        }
        assert_eq!(until(budget.spend(Cost::QUERY, Millis(31_000))), 61_000);
        assert_eq!(budget.spend(Cost::CREATE, Millis(31_000)), Ok(()), "REST is counted apart");
        assert_eq!(budget.spend(Cost::QUERY, Millis(61_000)), Ok(()));
    }

    #[test]
    fn creations_are_counted_beside_points() {
        let budget = budget();
        assert_eq!(budget.spend(Cost::CREATE, Millis(0)), Ok(()));
        assert_eq!(budget.would_wait(Cost::CREATE, Millis(1_000)), Ok(()));
        assert_eq!(budget.spend(Cost::CREATE, Millis(1_000)), Ok(()));
        assert_eq!(until(budget.would_wait(Cost::CREATE, Millis(2_000))), 61_000);
    }

    #[test]
    fn a_known_limit_blocks_until_it_is_over() {
        let budget = budget();
        budget.note(Limit::Primary(Millis(90_000)), Resource::Graphql, Millis(0));
        assert_eq!(until(budget.spend(Cost::QUERY, Millis(89_999))), 90_000);
        assert_eq!(budget.spend(Cost::UPDATE, Millis(89_999)), Ok(()));
        assert_eq!(budget.spend(Cost::QUERY, Millis(90_000)), Ok(()));
    }

    #[test]
    fn a_clock_that_went_back_freezes_nothing() {
        const HOUR: i64 = 3_600_000;
        let budget = budget();
        for at in [10 * HOUR - 500, 10 * HOUR, 10 * HOUR + 1_000] {
            budget.spend(Cost::QUERY, Millis(at)).unwrap();
        }
        assert_eq!(until(budget.spend(Cost::QUERY, Millis(5 * HOUR))), 5 * HOUR + 61_000);
        assert_eq!(budget.spend(Cost::QUERY, Millis(5 * HOUR + 61_000)), Ok(()));
        budget.note(Limit::Primary(Millis(11 * HOUR)), Resource::Rest, Millis(10 * HOUR));
        assert_eq!(until(budget.spend(Cost::UPDATE, Millis(2 * HOUR))), 3 * HOUR);
        assert_eq!(budget.spend(Cost::UPDATE, Millis(3 * HOUR)), Ok(()));
    }

    #[test]
    fn secondary_limits_wait_a_minute_and_then_longer() {
        let budget = budget();
        let told = |now| budget.note(Limit::Secondary(None), Resource::Rest, Millis(now)).0 - now;
        assert_eq!([told(0), told(60_000), told(180_000)], [60_000, 120_000, 240_000]);
        assert!(budget.spend(Cost::QUERY, Millis(200_000)).is_err(), "they hold for everything");
        budget.relax();
        assert_eq!(told(500_000), 60_000);
    }
}
