//! `portcullis explain owner/repo#N`: the decision tree of the verdict that stands, from the store.

use std::process::ExitCode;

use clap::Args;
use policy::{RepoName, Verdict};

use super::source::Source;
use super::{Error, on_terminal, runtime, say};
use crate::report::{Style, explain};

/// Show why a pull request was judged as it was
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// Which one: owner/repo#N
    #[arg(value_name = "OWNER/REPO#N", value_parser = pull)]
    pull: (RepoName, u64),
    /// Print facts and verdict as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    source: Source,
}

fn pull(text: &str) -> Result<(RepoName, u64), String> {
    let parsed = text.rsplit_once('#').and_then(|(repo, number)| {
        Some((RepoName::parse(repo)?, number.parse().ok().filter(|number| *number > 0)?))
    });
    parsed.ok_or_else(|| "write it as `acme/web#12`".to_owned())
}

impl Explain {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        let (repo, number) = self.pull;
        let found = runtime()?.block_on(async {
            let store = self.source.open().await?;
            let found = store.latest_verdict_of(&repo, number).await?;
            store.close().await;
            Ok::<_, Error>(found)
        })?;
        let Some(stored) = found else {
            return Err(format!("no verdict on `{repo}#{number}` is in the store").into());
        };
        if self.json {
            let facts: serde_json::Value = serde_json::from_str(&stored.record.facts)?;
            let verdict: serde_json::Value = serde_json::from_str(&stored.record.verdict)?;
            let answer = serde_json::json!({
                "decided_at": stored.record.decided_at,
                "digest": stored.record.digest,
                "facts": facts,
                "verdict": verdict,
            });
            say(&format!("{answer:#}\n"));
        } else {
            let verdict: Verdict = serde_json::from_str(&stored.record.verdict)?;
            let style = if on_terminal() { Style::Color } else { Style::Plain };
            say(&explain(&verdict, style));
        }
        Ok(ExitCode::SUCCESS)
    }
}
