//! The client against a scripted forge: real HTTP on loopback, a clock that stands still.

mod annotations;
mod forge;
mod members;
mod posture;
mod pull;
mod requests;
mod tokens;
mod whole;
