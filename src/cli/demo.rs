//! `portcullis demo`: the main job on this machine, without an account.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use policy::Verdict;

use super::{Error, on_terminal, runtime, say};
use crate::demo::{Demo, Shown, Story, stories};
use crate::report::{Style, explain};
use crate::telemetry::{self, LogFormat};

/// Play the main job on this machine: an embedded forge, a gate, and a handful of pull requests
#[derive(Debug, Args)]
pub(super) struct Play {
    /// Keep forge and gate running afterwards, until interrupted
    #[arg(long)]
    stay: bool,
}

/// The pull request whose whole decision is shown at the end.
const EXPLAINED: u64 = 3;

impl Play {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        telemetry::log(LogFormat::Text, "error");
        runtime()?.block_on(async {
            let stories = stories()?;
            let demo = Demo::start().await?;
            say(&format!(
                "A forge at {} and a gate at {}, both on this machine; rules: the sample rules.toml.\n\n",
                demo.forge_url(),
                demo.gate_url()
            ));
            let mut surprises = 0;
            for (number, story) in stories.iter().enumerate() {
                let shown = play(&demo, story).await?;
                surprises += usize::from(shown.ending != story.expect);
                say(&told(number + 1, story, &shown));
            }
            say(&closing(&demo, &stories).await?);
            if self.stay {
                say(&staying(&demo));
                tokio::signal::ctrl_c().await?;
            }
            demo.stop().await;
            Ok(if surprises == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        })
    }
}

async fn play(demo: &Demo, story: &Story) -> Result<Shown, Error> {
    // Drawn on standard error, and only where people watch.
    let spinner = ProgressBar::new_spinner().with_message(story.title.clone());
    if let Ok(style) = ProgressStyle::with_template("   {spinner} {msg} … {elapsed}") {
        spinner.set_style(style);
    }
    spinner.enable_steady_tick(Duration::from_millis(80));
    let shown = demo.play(story).await;
    spinner.finish_and_clear();
    Ok(shown?)
}

fn told(number: usize, story: &Story, shown: &Shown) -> String {
    let (mark, word, colour) = match shown.ending.as_str() {
        "success" => ("✓", "passed", "32"),
        "action_required" => ("…", "waiting", "33"),
        "failure" => ("✗", "blocked", "31"),
        "approved" => ("✓", "goes on", "32"),
        "waiting" => ("…", "waiting", "33"),
        "rejected" => ("✗", "refused", "31"),
        "merged-past-the-gate" => ("!", "incident", "31"),
        done => ("↩", done, "33"),
    };
    let painted = paint(&format!("{mark} {word:<8}"), colour);
    let surprise = if shown.ending == story.expect {
        String::new()
    } else {
        format!("\n              expected `{}`, but the forge shows `{}`", story.expect, shown.ending)
    };
    format!(
        "{number:>2}. {}  ({})\n    {}\n    {painted} {}  [{} ms]{surprise}\n\n",
        paint(&story.title, "1"),
        story.about,
        story.text,
        shown.title,
        shown.took.as_millis(),
    )
}

fn paint(text: &str, colour: &str) -> String {
    if on_terminal() { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text.to_owned() }
}

async fn closing(demo: &Demo, stories: &[Story]) -> Result<String, Error> {
    let mut text = String::new();
    if let Some(stored) = demo.verdict(EXPLAINED).await? {
        let verdict: Verdict = serde_json::from_str(&stored.record.verdict)?;
        let style = if on_terminal() { Style::Color } else { Style::Plain };
        text.push_str(&format!("Why acme/web#{EXPLAINED} is blocked (`portcullis explain`):\n\n"));
        text.push_str(&explain(&verdict, style));
        text.push('\n');
    }
    text.push_str(&format!(
        "{} stories, {} calls to the forge, each delivery signed and judged over real HTTP and real git.\n",
        stories.len(),
        demo.calls()
    ));
    Ok(text)
}

fn staying(demo: &Demo) -> String {
    format!(
        "\nBoth keep running; interrupt to stop.\n  curl {gate}/healthz\n  portcullis explain acme/web#4 --data {folder}\n  \
         portcullis deliveries --data {folder}\n",
        gate = demo.gate_url(),
        folder = demo.folder().display(),
    )
}
