//! Portcullis, a self-hosted gatekeeper for coding agents on a Git forge.

pub mod casebook;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod doctor;
pub mod git;
pub mod github;
pub mod lease;
pub mod manual;
pub mod operator;
pub mod reconcile;
pub mod report;
pub mod rulebook;
pub mod serve;
pub mod store;
pub mod telemetry;
pub mod webhook;
