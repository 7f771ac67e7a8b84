//! End to end: signed HTTP in, real git, real SQLite, and the text of the forge out.
//!
//! One binary, so that everything is linked once.

#![expect(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a test that cannot go on fails")]

mod gate;
mod record;
mod scenarios;

use gate::Gate;
