//! The fake forge from the outside, over real HTTP and real git.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod access;
mod checks;
mod client;
mod deliveries;
mod deployments;
mod discussion;
mod faults;
mod guards;
mod merges;
mod mutations;
mod queue;
mod reading;
mod recording;
mod refs;
mod releases;
mod repositories;
mod runs;
mod writes;
