//! Values that are expensive to get, one per key, got by one caller at a time.
//!
//! Twenty callers that find nothing fresh cause one call: the others wait and take what it brought, the failure
//! included. A caller that goes away in the middle leaves the place to the next.

use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::error::ForgeError;

/// One slot per key; those not asked for in a while are forgotten.
pub(super) struct Flights<K: Hash + Eq, V> {
    slots: moka::future::Cache<K, Arc<Slot<V>>>,
}

/// What is known under one key.
struct Slot<V> {
    state: Mutex<State<V>>,
    getting: tokio::sync::Mutex<()>,
}

struct State<V> {
    value: Option<V>,
    failures: u64,
    failure: Option<ForgeError>,
}

impl<K, V> Flights<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    pub(super) fn new(capacity: u64, idle: Duration) -> Self {
        Self { slots: moka::future::Cache::builder().max_capacity(capacity).time_to_idle(idle).build() }
    }

    /// The value under `key` while `fresh` accepts it, else what `get` brings.
    pub(super) async fn get(
        &self,
        key: K,
        fresh: impl Fn(&V) -> bool,
        get: impl Future<Output = Result<V, ForgeError>>,
    ) -> Result<V, ForgeError> {
        let slot = self.slots.get_with(key, async { Arc::new(Slot::default()) }).await;
        if let Some(value) = slot.value().filter(&fresh) {
            return Ok(value);
        }
        let failures = slot.with(|state| state.failures);
        let _turn = slot.getting.lock().await;
        if let Some(value) = slot.value().filter(&fresh) {
            return Ok(value);
        }
        if let Some(failure) = slot.with(|state| state.failure_since(failures)) {
            return Err(failure);
        }
        let got = get.await;
        slot.with(|state| state.settle(&got));
        got
    }

    /// Gets the value under `key` anew while the old one stays in use. Does nothing where nothing is kept.
    pub(super) async fn renew(&self, key: &K, get: impl Future<Output = Result<V, ForgeError>>) {
        if let Some(slot) = self.slots.get(key).await {
            let _turn = slot.getting.lock().await;
            let got = get.await;
            slot.with(|state| state.settle(&got));
        }
    }

    /// Drops the value under `key` if `stale` says so.
    pub(super) async fn drop_if(&self, key: &K, stale: impl Fn(&V) -> bool) {
        if let Some(slot) = self.slots.get(key).await {
            slot.with(|state| {
                if state.value.as_ref().is_some_and(&stale) {
                    state.value = None;
                }
            });
        }
    }

    /// Forgets everything. A value that is being got now reaches only those who already wait for it.
    pub(super) fn forget(&self) {
        self.slots.invalidate_all();
    }
}

/// Values may be secrets: none is shown.
impl<K: Hash + Eq, V> std::fmt::Debug for Flights<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flights").finish_non_exhaustive()
    }
}

impl<V> Default for Slot<V> {
    fn default() -> Self {
        let state = State { value: None, failures: 0, failure: None };
        Self { state: Mutex::new(state), getting: tokio::sync::Mutex::new(()) }
    }
}

impl<V: Clone> Slot<V> {
    fn value(&self) -> Option<V> {
        self.with(|state| state.value.clone())
    }

    fn with<T>(&self, use_state: impl FnOnce(&mut State<V>) -> T) -> T {
        use_state(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<V: Clone> State<V> {
    fn failure_since(&self, failures: u64) -> Option<ForgeError> {
        (self.failures != failures).then(|| self.failure.clone()).flatten()
    }

    fn settle(&mut self, got: &Result<V, ForgeError>) {
        match got {
            Ok(value) => (self.value, self.failure) = (Some(value.clone()), None),
            Err(error) => {
                self.failures = self.failures.wrapping_add(1);
                self.failure = Some(error.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

    use super::*;

    fn flights() -> Flights<u8, u32> {
        Flights::new(10, Duration::from_secs(60))
    }

    async fn twenty(outcome: Result<u32, ForgeError>) -> (Vec<Result<u32, ForgeError>>, u32) {
        let (flights, calls) = (flights(), AtomicU32::new(0));
        let got = futures_util::future::join_all((0..20).map(|_| {
            flights.get(1, |_| true, async {
                calls.fetch_add(1, SeqCst);
                tokio::task::yield_now().await;
                outcome.clone()
            })
        }));
        (got.await, calls.into_inner())
    }

    #[tokio::test]
    async fn twenty_callers_cause_one_call_and_share_what_it_brought() {
        assert_eq!(twenty(Ok(7)).await, (vec![Ok(7); 20], 1));
        let broken = Err(ForgeError::broken("x", "y"));
        assert_eq!(twenty(broken.clone()).await, (vec![broken; 20], 1));
    }

    #[tokio::test]
    async fn a_failure_is_not_kept_and_a_stale_value_is_replaced() {
        let flights = flights();
        let broken = ForgeError::broken("x", "y");
        assert_eq!(flights.get(1, |_| true, async { Err(broken.clone()) }).await, Err(broken));
        assert_eq!(flights.get(1, |_| true, async { Ok(1) }).await, Ok(1));
        assert_eq!(flights.get(1, |_| true, async { Ok(2) }).await, Ok(1));
        assert_eq!(flights.get(1, |_| false, async { Ok(3) }).await, Ok(3));
    }

    #[tokio::test]
    async fn values_are_dropped_renewed_and_forgotten() {
        let flights = flights();
        flights.renew(&1, async { Ok(9) }).await;
        assert_eq!(flights.get(1, |_| true, async { Ok(1) }).await, Ok(1), "nothing was kept to renew");
        flights.renew(&1, async { Ok(2) }).await;
        flights.drop_if(&1, |value| *value == 1).await;
        assert_eq!(flights.get(1, |_| true, async { Ok(3) }).await, Ok(2));
        flights.drop_if(&1, |value| *value == 2).await;
        assert_eq!(flights.get(1, |_| true, async { Ok(3) }).await, Ok(3));
        flights.forget();
        assert_eq!(flights.get(1, |_| true, async { Ok(4) }).await, Ok(4));
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_leaves_the_place_to_the_next() {
        let flights = flights();
        {
            let gone = flights.get(1, |_| true, std::future::pending());
            let mut gone = std::pin::pin!(gone);
            assert!(futures_util::poll!(&mut gone).is_pending());
        }
        assert_eq!(flights.get(1, |_| true, async { Ok(1) }).await, Ok(1));
    }
}
