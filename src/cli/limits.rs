//! `portcullis limits`: what it cannot decide.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::{Error, say};
use crate::manual::limits;

/// Tell what cannot be decided from what the forge tells, or only in part, and what helps.
#[derive(Debug, Args)]
pub(super) struct Limits {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Limits {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        if !self.json {
            say(&limits::text());
            return Ok(ExitCode::SUCCESS);
        }
        let one = |limit: &limits::Limit| {
            json!({
                "rows": limit.rows,
                "decidable": limit.reach.as_str(),
                "attack": limit.attack,
                "remains": limit.remains,
                "way_out": limit.way_out,
            })
        };
        let all: Vec<_> = limits::LIMITS.iter().map(one).collect();
        say(&format!("{:#}\n", json!(all)));
        Ok(ExitCode::SUCCESS)
    }
}
