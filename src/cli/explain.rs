//! `portcullis explain`: the decision tree of the verdict that stands, from the store.

use std::process::ExitCode;

use clap::Args;
use policy::act::ActVerdict;
use policy::{RepoName, Verdict};

use super::source::Source;
use super::{Error, on_terminal, runtime, say};
use crate::report::{Style, explain, explain_act};

/// Show why something was judged as it was
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// Which one: owner/repo#12 for a pull request, else owner/repo/ and one of refs/heads/main, refs/tags/v1, run/12,
    /// merge/12, deployment/RUN/ENVIRONMENT, publication/release/12, group/refs/heads/gh-readonly-queue/…
    #[arg(value_name = "SUBJECT", value_parser = subject)]
    subject: Asked,
    /// Print facts and verdict as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    source: Source,
}

/// What is asked about.
#[derive(Debug, Clone)]
struct Asked {
    written: String,
    repo: RepoName,
    which: Which,
}

#[derive(Debug, Clone)]
enum Which {
    Pull(u64),
    /// Kind and the rest of a subject's key.
    Other(&'static str, String),
}

/// What a subject's key begins with, but for pull requests.
const KINDS: [&str; 6] = ["ref", "run", "merge", "group", "deployment", "publication"];

fn subject(text: &str) -> Result<Asked, String> {
    let asked = |repo, which| Asked { written: text.to_owned(), repo, which };
    let found = pull(text).or_else(|| other(text));
    found.map(|(repo, which)| asked(repo, which)).ok_or_else(|| {
        "write it as `acme/web#12`, `acme/web/refs/heads/main`, `acme/web/run/12` or `acme/web/deployment/12/production`"
            .to_owned()
    })
}

fn pull(text: &str) -> Option<(RepoName, Which)> {
    let (repo, number) = text.rsplit_once('#')?;
    let number = number.parse().ok().filter(|number| *number > 0)?;
    Some((RepoName::parse(repo)?, Which::Pull(number)))
}

fn other(text: &str) -> Option<(RepoName, Which)> {
    let (owner, rest) = text.split_once('/')?;
    let (name, rest) = rest.split_once('/')?;
    let repo = RepoName::parse(&format!("{owner}/{name}"))?;
    if rest.starts_with("refs/") {
        return Some((repo, Which::Other("ref", rest.to_owned())));
    }
    let (kind, rest) = rest.split_once('/')?;
    let kind = KINDS.into_iter().find(|known| *known == kind)?;
    // Environments are compared without regard to case.
    let rest = if kind == "deployment" { rest.to_ascii_lowercase() } else { rest.to_owned() };
    (!rest.is_empty()).then_some((repo, Which::Other(kind, rest)))
}

impl Explain {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        let Asked { written, repo, which } = self.subject;
        let found = runtime()?.block_on(async {
            let store = self.source.open().await?;
            let found = match &which {
                Which::Pull(number) => store.latest_verdict_of(&repo, *number).await?,
                Which::Other(kind, rest) => store.latest_verdict_at(&repo, (kind, rest)).await?,
            };
            store.close().await;
            Ok::<_, Error>(found)
        })?;
        let Some(stored) = found else {
            return Err(format!("no verdict on `{}` is in the store", written.escape_debug()).into());
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
            return Ok(ExitCode::SUCCESS);
        }
        let style = if on_terminal() { Style::Color } else { Style::Plain };
        let text = match which {
            Which::Pull(_) | Which::Other("group", _) => {
                explain(&serde_json::from_str::<Verdict>(&stored.record.verdict)?, style)
            }
            Which::Other(..) => {
                explain_act(&serde_json::from_str::<ActVerdict>(&stored.record.verdict)?, style)
            }
        };
        say(&text);
        Ok(ExitCode::SUCCESS)
    }
}
