//! Who did it: the catalogue of known agents, and the signs they leave in a pull request.
//!
//! Nothing here decides. Whether an account is a person's, and what an agent may do, the rules say; this finds what
//! they need to know. The rule it keeps: a number identifies, a name never does, and whatever anybody could have
//! written is [`EvidenceClass::Claimed`](crate::verdict::EvidenceClass::Claimed), which may only raise scrutiny.

pub mod address;
pub mod branch;
pub mod catalogue;
pub mod commits;
mod index;
pub mod signal;
pub mod trace;

pub use catalogue::{Catalogue, Entry, Kind};
pub use commits::unattributed;
pub use signal::{Sign, Signal};
pub use trace::{Place, Trace, Traces, traces};

#[cfg(test)]
mod tests;
