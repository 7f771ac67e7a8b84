//! `portcullis init`: a commented rules.toml to start from. The very file that the repository shows and tests.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{Error, say};

const SAMPLE: &str = include_str!("../../rules.toml");

/// Write a commented rules.toml
#[derive(Debug, Args)]
pub(super) struct Init {
    /// Where to write; a file that is there is never overwritten
    #[arg(default_value = "rules.toml", value_name = "FILE")]
    file: PathBuf,
}

impl Init {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        let name = self.file.display();
        let mut file = std::fs::File::create_new(&self.file).map_err(|error| format!("`{name}`: {error}"))?;
        file.write_all(SAMPLE.as_bytes()).map_err(|error| format!("`{name}`: {error}"))?;
        say(&format!(
            "Wrote {name}. Replace `acme` and the accounts with your own, then run `portcullis check {name}`.\n"
        ));
        Ok(ExitCode::SUCCESS)
    }
}
