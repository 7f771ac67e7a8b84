//! Two clocks, because two parties look.
//!
//! What the forge shows (`updated_at`, commit dates) follows the story's clock: it starts at a fixed moment and
//! moves one second per verb, so that texts and object ids are the same in every run. What a client compares with
//! its own clock (token expiry, JWT, rate-limit reset) follows the wall, plus whatever a test let pass.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// 2026-01-15T12:00:00Z.
const STORY_BEGINS: i64 = 1_768_478_400;

#[derive(Debug, Clone)]
pub(crate) struct Clock {
    story: i64,
    skipped: i64,
}

impl Default for Clock {
    fn default() -> Self {
        Self { story: STORY_BEGINS, skipped: 0 }
    }
}

impl Clock {
    /// The story's time, in epoch seconds.
    pub(crate) fn story(&self) -> i64 {
        self.story
    }

    /// One verb later.
    pub(crate) fn tick(&mut self) {
        self.story += 1;
    }

    /// Lets time pass on both clocks.
    pub(crate) fn advance(&mut self, by: Duration) {
        let seconds = i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
        self.story = self.story.saturating_add(seconds);
        self.skipped = self.skipped.saturating_add(seconds);
    }

    /// The wall's time plus what was skipped, in epoch seconds.
    pub(crate) fn wall(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX).saturating_add(self.skipped)
    }
}

/// `2026-01-15T12:00:00Z`.
pub(crate) fn rfc3339(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map(|time| time.to_string()).unwrap_or_default()
}
