//! Portcullis, a self-hosted gatekeeper for coding agents on a Git forge.

pub mod clock;
pub mod git;
pub mod github;
pub mod lease;
pub mod report;
pub mod store;
pub mod webhook;
