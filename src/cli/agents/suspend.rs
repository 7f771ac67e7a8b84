//! `portcullis agents suspend`: writes the suspension down, then follows the store until it has taken effect.
//!
//! Interrupted, it has lost nothing: what `serve` does goes on, and running it again goes on following.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use policy::Millis;
use policy::rules::Suspension;

use super::super::source::Source;
use super::super::{Error, moment, progress, say, signed_by};
use super::{in_words, known, receipt_line, rules, table};
use crate::clock::Clock;
use crate::report::escape::plain;
use crate::store::{Receipt, Store};

/// The store is asked so often.
const EVERY: Duration = Duration::from_millis(200);

/// Stop an agent everywhere
#[derive(Debug, Args)]
pub(super) struct Suspend {
    /// The agent's name in the rules
    name: String,
    /// Why: every check of the agent's pull requests says so
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who says so [default: the user who runs this]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Do not follow until it has taken effect
    #[arg(long)]
    no_wait: bool,
    /// Follow for so many seconds at most
    #[arg(long, default_value_t = 120, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    wait: u64,
    #[command(flatten)]
    source: Source,
}

impl Suspend {
    pub(super) async fn run(self) -> Result<ExitCode, Error> {
        if self.reason.trim().is_empty() {
            return Err("say why: `--reason TEXT`".into());
        }
        let store = self.source.open().await?;
        known(rules(&store, &self.source).await?.as_ref(), &self.name)?;
        let clock = Clock::system();
        let suspension =
            Suspension { reason: self.reason.trim().to_owned(), by: signed_by(self.by), at: clock.now() };
        store.suspend(&self.name, &suspension).await?;
        let standing = store.suspensions(Some(&self.name)).await?;
        let Some(standing) = standing.into_iter().find(|one| one.ended.is_none()) else {
            return Err(ended(&self.name));
        };
        progress(&format!("`{}`: {}\n", plain(&self.name, 60), in_words(&standing)));
        if self.no_wait {
            store.close().await;
            say(&format!(
                "`{}` is suspended; `serve` makes it take effect within seconds.\n",
                plain(&self.name, 60)
            ));
            return Ok(ExitCode::SUCCESS);
        }
        let wait = tokio::time::timeout(Duration::from_secs(self.wait), follow(&store, &self.name, &clock));
        let complete = wait.await;
        let receipts = store.receipts(&standing.id).await?;
        store.close().await;
        say(&table(&receipts));
        match complete {
            Ok(followed) => {
                followed?;
                Ok(verdict(standing.suspension.at, &receipts))
            }
            Err(_) => {
                say(
                    "Not in full effect yet. Is `serve` running on this store? Run this again to go on following.\n",
                );
                Ok(ExitCode::FAILURE)
            }
        }
    }
}

fn ended(name: &str) -> Error {
    format!("somebody has ended the suspension of `{}` meanwhile", plain(name, 60)).into()
}

/// Follows until every receipt is complete, and tells of each that changes.
async fn follow(store: &Store, name: &str, clock: &Clock) -> Result<(), Error> {
    let mut told: Vec<Receipt> = Vec::new();
    loop {
        let receipts = store.follow_suspension(name, clock.now()).await?;
        if receipts.is_empty() {
            return Err(ended(name));
        }
        for receipt in receipts.iter().filter(|receipt| !told.contains(receipt)) {
            progress(&format!("{}\n", receipt_line(receipt)));
        }
        if receipts.iter().all(|receipt| receipt.at.is_some()) {
            return Ok(());
        }
        told = receipts;
        tokio::time::sleep(EVERY).await;
    }
}

fn verdict(since: Millis, receipts: &[Receipt]) -> ExitCode {
    let failed: u64 = receipts.last().map_or(0, |report| report.failed);
    let at = receipts.iter().filter_map(|receipt| receipt.at).max().unwrap_or(since);
    let took = at.0.saturating_sub(since.0).max(0);
    let seconds = format!("{}.{:03} s", took / 1_000, took % 1_000);
    if failed == 0 {
        say(&format!("In full effect at {}, after {seconds}.\n", moment(at.0)));
        return ExitCode::SUCCESS;
    }
    say(&format!(
        "Complete after {seconds}, but {failed} could not be done: the log of `serve` has the reasons.\n"
    ));
    ExitCode::FAILURE
}
