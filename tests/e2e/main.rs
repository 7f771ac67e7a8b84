//! End to end: signed HTTP in, real git, real SQLite, and the text of the forge out.
//!
//! One binary, so that everything is linked once.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod access;
mod child;
mod counts;
mod crash;
mod deploys;
mod doctor;
mod faults;
#[path = "../../fixtures/fold.rs"]
mod fold;
mod gate;
mod guards;
mod hidden;
mod incidents;
mod ingress;
mod interleaving;
mod ledger;
mod merges;
mod people;
mod policy;
mod published;
mod pulls;
mod queue;
mod quota;
mod reading;
mod record;
mod refs;
mod review;
mod rules;
mod runs;
mod scenarios;
mod stage;
mod twice;
mod verbs;

use gate::Gate;
