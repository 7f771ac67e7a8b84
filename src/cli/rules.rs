//! `portcullis rules`: what there is to know about the rules language, from the program that reads it.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{Error, say};
use crate::manual;

/// The manual and the schema of the rules language
#[derive(Debug, Args)]
pub(super) struct Rules {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print the JSON schema of rules.toml, for editors
    Schema,
    /// Print the manual of the rules language, in Markdown
    Docs,
}

impl Rules {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        match self.what {
            What::Schema => say(&format!("{:#}\n", manual::schema())),
            What::Docs => say(&manual::page()),
        }
        Ok(ExitCode::SUCCESS)
    }
}
