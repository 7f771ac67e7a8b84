//! Time, injected: nothing deeper than `serve` asks the operating system what time it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use policy::Millis;

/// Tells the time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Millis + Send + Sync>);

impl Clock {
    /// The operating system's time.
    #[must_use]
    pub fn system() -> Self {
        Self(Arc::new(|| Millis(jiff::Timestamp::now().as_millisecond())))
    }

    /// A clock that stands until it is moved by the returned hand.
    #[must_use]
    pub fn manual(start: Millis) -> (Self, ClockHand) {
        let hand = ClockHand(Arc::new(AtomicI64::new(start.0)));
        let read = hand.clone();
        (Self(Arc::new(move || Millis(read.0.load(Ordering::SeqCst)))), hand)
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> Millis {
        (self.0)()
    }

    /// The clock as a plain function.
    #[must_use]
    pub fn as_fn(&self) -> Arc<dyn Fn() -> Millis + Send + Sync> {
        Arc::clone(&self.0)
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

/// Moves a manual clock.
#[derive(Debug, Clone)]
pub struct ClockHand(Arc<AtomicI64>);

impl ClockHand {
    /// Moves the clock to a moment, never back.
    pub fn move_to(&self, moment: Millis) {
        self.0.fetch_max(moment.0, Ordering::SeqCst);
    }
}
