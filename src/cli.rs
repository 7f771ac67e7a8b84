//! The command line. Standard output is the answer, standard error the progress; exit codes mean the same everywhere:
//! 0 well, 1 the answer is bad news, 2 it could not be found out.

mod access;
mod agents;
mod check;
mod complaint;
mod deliveries;
mod demo;
mod doctor;
mod explain;
mod incidents;
mod init;
mod limits;
mod rules;
mod serve;
mod source;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A self-hosted gatekeeper for coding agents on a Git forge.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, about, max_term_width = 110)]
pub struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Receive deliveries and keep the forge showing verdicts
    Serve(serve::Serve),
    /// Validate rules and show every complaint with line, caret and help
    Check(check::Check),
    /// Judge the cases that stand beside the rules, without a forge
    Test(test::Test),
    /// Show why a pull request was judged as it was, from the store
    Explain(explain::Explain),
    /// List deliveries: what came, what became of it, what could not be read
    Deliveries(deliveries::Deliveries),
    /// List incidents, show one, or say how far somebody has come with it
    Incidents(incidents::Incidents),
    /// List agents, show one, suspend one, or end a suspension
    Agents(agents::Agents),
    /// Examine how the forge is set up: is the check required, pinned to the App, and who can go past it
    Doctor(doctor::Doctor),
    /// Play the main job on this machine: an embedded forge, a gate, and a handful of pull requests
    Demo(demo::Play),
    /// Write commented rules and their cases to start from
    Init(init::Init),
    /// Tell what cannot be decided, or only in part, and what helps
    Limits(limits::Limits),
    /// Print the manual or the schema of the rules language
    Rules(rules::Rules),
}

/// Why a verb could not do its work.
type Error = Box<dyn std::error::Error + Send + Sync>;

/// Runs the verb that the arguments name.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    let outcome = match cli.verb {
        Verb::Serve(verb) => verb.run(),
        Verb::Check(verb) => verb.run(),
        Verb::Test(verb) => verb.run(),
        Verb::Explain(verb) => verb.run(),
        Verb::Deliveries(verb) => verb.run(),
        Verb::Incidents(verb) => verb.run(),
        Verb::Agents(verb) => verb.run(),
        Verb::Doctor(verb) => verb.run(),
        Verb::Demo(verb) => verb.run(),
        Verb::Init(verb) => verb.run(),
        Verb::Limits(verb) => verb.run(),
        Verb::Rules(verb) => verb.run(),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            complain(&error);
            ExitCode::from(2)
        }
    }
}

#[expect(clippy::print_stderr, reason = "the command line speaks to people")]
fn complain(error: &Error) {
    let mut told = error.to_string();
    eprintln!("error: {told}");
    let mut cause = error.source();
    while let Some(because) = cause {
        // Many messages end with that of their cause.
        let text = because.to_string();
        if !told.contains(&text) {
            eprintln!("  because {text}");
            told = text;
        }
        cause = because.source();
    }
}

/// Writes to standard output; a reader that went away is no error.
fn say(text: &str) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes to standard error, where progress goes; a reader that went away is no error.
fn progress(text: &str) {
    use std::io::Write as _;
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Who does something: as was said, else the user who runs this. A name for people; nothing is decided by it.
fn signed_by(by: Option<String>) -> String {
    let user = || std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).ok();
    let name = by.or_else(user).map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    name.unwrap_or_else(|| "somebody at the command line".to_owned())
}

/// A moment as people and programs read it.
fn moment(millis: i64) -> String {
    match jiff::Timestamp::from_millisecond(millis) {
        Ok(moment) => moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        Err(_) => millis.to_string(),
    }
}

/// Whether people read standard output, who like colours.
fn on_terminal() -> bool {
    use std::io::IsTerminal as _;
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
