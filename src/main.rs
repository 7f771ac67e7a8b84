//! The `portcullis` binary.

use std::process::ExitCode;

use clap::Parser as _;
use portcullis::cli::{Cli, run};

fn main() -> ExitCode {
    run(Cli::parse())
}
