//! The fake forge as a program, for trying the gate by hand.
//!
//! It sets the stage of a `forge.toml`, says how the gate reaches it, and runs until it is stopped. The webhook
//! secret is read from a file and the App's key is written to one, so that neither is seen in a process list.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use fake_github::{FakeGithub, Stage};

const USAGE: &str = "\
usage: fake-github --forge FILE [options]

  --forge FILE                the stage, such as crates/fake-github/forge.sample.toml
  --listen ADDRESS            where to listen; default 127.0.0.1:0, a free port
  --webhook-url URL           where deliveries go
  --webhook-secret-file FILE  the secret that signs them; default the stage's
  --key-out FILE              where to write the App's private key (PEM)
  --dir DIR                   where to keep the repositories; default a temporary folder
  --deliver                   send the stage's deliveries, and every later one, to the webhook URL
";

#[derive(Default)]
struct Options {
    forge: Option<PathBuf>,
    listen: Option<String>,
    webhook_url: Option<String>,
    webhook_secret_file: Option<PathBuf>,
    key_out: Option<PathBuf>,
    dir: Option<PathBuf>,
    deliver: bool,
}

impl Options {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::default();
        while let Some(word) = words.next() {
            if word == "--deliver" {
                options.deliver = true;
                continue;
            }
            let mut value = || words.next().ok_or_else(|| format!("`{word}` needs a value"));
            match word.as_str() {
                "--forge" => options.forge = Some(value()?.into()),
                "--listen" => options.listen = Some(value()?),
                "--webhook-url" => options.webhook_url = Some(value()?),
                "--webhook-secret-file" => options.webhook_secret_file = Some(value()?.into()),
                "--key-out" => options.key_out = Some(value()?.into()),
                "--dir" => options.dir = Some(value()?.into()),
                _ => return Err(format!("`{word}` is not an option")),
            }
        }
        if options.deliver && options.webhook_url.is_none() {
            return Err("`--deliver` needs `--webhook-url`".to_owned());
        }
        Ok(options)
    }
}

fn read(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|error| format!("`{}` cannot be read: {error}", file.display()))
}

/// Readable by its owner only, from the first byte on.
fn write_key(file: &Path, pem: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)?.write_all(pem.as_bytes())
}

async fn run(options: Options) -> Result<(), String> {
    let forge = options.forge.ok_or("`--forge` is missing")?;
    let mut stage = Stage::parse(&read(&forge)?).map_err(|error| format!("{}: {error}", forge.display()))?;
    if let Some(file) = &options.webhook_secret_file {
        stage.app.webhook_secret = read(file)?.trim_end().to_owned();
    }
    let listen = options.listen.as_deref().unwrap_or("127.0.0.1:0");
    let github = FakeGithub::start_at(stage, listen, options.dir).await.map_err(|error| error.to_string())?;
    // Nobody is there yet who could come to rest.
    while github.waits().is_some() {
        github.play_on().await.map_err(|error| error.to_string())?;
    }
    if let Some(file) = &options.key_out {
        write_key(file, github.private_key_pem())
            .map_err(|error| format!("`{}` cannot be written: {error}", file.display()))?;
    }
    say(&github, options.key_out.as_deref()).map_err(|error| error.to_string())?;
    if let (true, Some(url)) = (options.deliver, &options.webhook_url) {
        github.auto_deliver(url);
    }
    stopped().await.map_err(|error| error.to_string())
}

/// Waits for an interrupt or, where there is such a thing, SIGTERM.
async fn stopped() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let kind = tokio::signal::unix::SignalKind::terminate();
        let mut terminated = tokio::signal::unix::signal(kind)?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminated.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

fn say(github: &FakeGithub, key: Option<&Path>) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let url = github.url();
    writeln!(out, "rest:            {url}")?;
    writeln!(out, "graphql:         {url}/graphql")?;
    writeln!(out, "git:             {url}/OWNER/NAME.git")?;
    writeln!(out, "app id:          {}", github.app_id())?;
    writeln!(out, "app slug:        {}", github.app_slug())?;
    writeln!(out, "installation id: {}", github.installation_id())?;
    if let Some(key) = key {
        writeln!(out, "private key:     {}", key.display())?;
    }
    writeln!(out, "waiting:         {} deliveries", github.pending().len())?;
    write!(out, "\n{}", github.text())?;
    out.flush()
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Options::read(std::env::args().skip(1)) {
        Ok(options) => run(options).await,
        Err(problem) => Err(format!("{problem}\n\n{USAGE}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            // Nothing is left to do when standard error is closed.
            writeln!(std::io::stderr(), "fake-github: {problem}").ok();
            ExitCode::FAILURE
        }
    }
}
