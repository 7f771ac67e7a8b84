//! The fake forge from the outside, over real HTTP and real git.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod access;
mod checks;
mod client;
mod deliveries;
mod deployments;
mod faults;
mod reading;
mod recording;
mod releases;
mod repositories;
mod runs;
