//! What a test may do to the forge and ask of it, beside the verbs of the story.

use std::time::Duration;

use crate::calls::Call;
use crate::courier;
use crate::delivery::Delivery;
use crate::exchange::Exchange;
use crate::fault::{Fault, Route};
use crate::server::{FakeGithub, lock};
use crate::step::Step;

/// Deliveries.
impl FakeGithub {
    /// The deliveries that wait, in the order they were made.
    #[must_use]
    pub fn pending(&self) -> Vec<Delivery> {
        self.shared.world().outbox.waiting()
    }

    /// Every delivery ever made.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.shared.world().outbox.all.clone()
    }

    /// The newest delivery, sent or not.
    #[must_use]
    pub fn last_delivery(&self) -> Option<Delivery> {
        self.shared.world().outbox.all.last().cloned()
    }

    /// Forgets what waits, as if it had never been worth telling.
    pub fn forget_pending(&self) {
        self.shared.world().outbox.forget_waiting();
    }

    /// Sends what waits, one after the other, until nothing waits. Answers each delivery with its status.
    pub async fn deliver_all(&self, url: &str) -> Vec<Delivery> {
        let mut sent = Vec::new();
        while let Some(copies) = courier::send_next(&self.shared, url).await {
            sent.extend(copies);
        }
        sent
    }

    /// Sends what waits, all at the same time.
    pub async fn deliver_at_once(&self, url: &str) -> Vec<Delivery> {
        courier::send_all_at_once(&self.shared, url).await
    }

    /// Sends the next delivery; `None` when nothing waits.
    pub async fn deliver_next(&self, url: &str) -> Option<Delivery> {
        courier::send_next(&self.shared, url).await?.pop()
    }

    /// Queues a delivery again, under its own GUID. Answers whether there is such a delivery.
    pub fn redeliver(&self, guid: &str) -> bool {
        let found = self.shared.world().outbox.again(|delivery| delivery.guid == guid);
        self.shared.mail.notify_one();
        found
    }

    /// Loses the next `deliveries` when their time comes.
    pub fn drop_next(&self, deliveries: usize) {
        self.shared.world().outbox.lose_next = deliveries;
    }

    /// Sends every delivery twice from now on.
    pub fn double(&self) {
        self.shared.world().outbox.doubles = true;
    }

    /// Lets deliveries overtake each other from now on; the same seed gives the same order.
    pub fn reorder(&self, seed: u64) {
        self.shared.world().outbox.shuffle = Some(seed);
    }
}

/// The API.
impl FakeGithub {
    /// Makes each API call (not git) take at least this long.
    pub fn latency(&self, latency: Duration) {
        lock(&self.shared.weather).latency = latency;
    }

    /// Lets a fault strike the next `times` calls of the route.
    pub fn fail(&self, route: impl Into<Route>, fault: Fault, times: usize) {
        lock(&self.shared.weather).plan(route.into(), fault, times);
    }

    /// Lets something happen once, right before the next call of the route is carried out. A word alone, such as
    /// `updateRefs`, names a GraphQL mutation. Whether it was carried out is told by [`ambushes`](Self::ambushes).
    pub fn before(&self, route: impl Into<Route>, step: Step) {
        lock(&self.shared.weather).ambush(route.into(), step);
    }

    /// What came of every [`before`](Self::before) that was due, oldest first: an error's text when it failed.
    #[must_use]
    pub fn ambushes(&self) -> Vec<Result<(), String>> {
        lock(&self.shared.weather).ambushed.clone()
    }

    /// Takes back every fault that has not struck yet.
    pub fn heal(&self) {
        lock(&self.shared.weather).clear();
    }

    /// Answers every call that hangs.
    pub fn release(&self) {
        self.shared.released.send_modify(|times| *times += 1);
    }

    /// Lets reads show each pull request as it was `events` events ago.
    pub fn lag(&self, events: usize) {
        self.shared.world().lag = events;
    }

    /// Lets reads show the truth again.
    pub fn catch_up(&self) {
        self.lag(0);
    }

    /// Takes this clock (epoch seconds) for the wall's: a story then does not depend on the day it is told.
    pub fn wall_clock(&self, wall: impl Fn() -> i64 + Send + Sync + 'static) {
        self.shared.world().clock.hang(std::sync::Arc::new(wall));
    }

    /// Lets time pass: tokens expire, `updated_at` moves.
    pub fn advance(&self, by: Duration) {
        self.shared.world().clock.advance(by);
    }

    /// Makes every token that was given out worthless.
    pub fn revoke_tokens(&self) {
        self.shared.world().tokens.clear();
    }

    /// API calls in order, git apart.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.calls_since(0)
    }

    /// API calls after the first `mark`; `calls().len()` is a mark.
    #[must_use]
    pub fn calls_since(&self, mark: usize) -> Vec<Call> {
        lock(&self.shared.log).api_since(mark)
    }

    /// Requests of the git protocol, in order.
    #[must_use]
    pub fn git_calls(&self) -> Vec<Call> {
        lock(&self.shared.log).git()
    }

    /// What was asked for and is not known here; a test asserts that it is empty.
    #[must_use]
    pub fn unknown_routes(&self) -> Vec<String> {
        lock(&self.shared.log).unknown.clone()
    }

    /// Keeps every exchange of REST and GraphQL from now on.
    pub fn record(&self) {
        lock(&self.shared.log).exchanges.get_or_insert_default();
    }

    /// The exchanges since [`record`](Self::record), in the order of their answers.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        lock(&self.shared.log).exchanges.clone().unwrap_or_default()
    }

    /// How many tokens were given out.
    #[must_use]
    pub fn tokens_made(&self) -> u64 {
        self.shared.world().made_tokens
    }
}
