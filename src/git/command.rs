//! Run git alone: nobody's settings but ours, bounded in time and output, ended with all its children.
//!
//! Secrets travel in the environment (`GIT_CONFIG_KEY_n`), never in arguments, where every user of the machine could read
//! them, and never in a file.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::GitError;
use super::fetch::Remote;

/// An empty folder that stands in for the home folder.
pub(super) const HOME: &str = "home";

/// The first version that can be told not to fetch missing objects by itself (`GIT_NO_LAZY_FETCH`).
const OLDEST: (u32, u32) = (2, 45);

/// How much of what git complains is kept.
const MAX_STDERR: usize = 4096;

/// What may pass from our environment: how to find git, the way out of the network, and whom to trust there.
const PASSED: [&str; 13] = [
    "PATH",
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
];

/// Environment that closes every other door into git (`git help git`, "Environment Variables").
const CLOSED: [(&str, &str); 12] = [
    ("LC_ALL", "C"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_CONFIG_SYSTEM", "/dev/null"),
    ("GIT_ATTR_NOSYSTEM", "1"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ASKPASS", ""),
    ("GIT_PROTOCOL_FROM_USER", "0"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_FLUSH", "0"),
    ("GIT_CEILING_DIRECTORIES", "/"),
];

/// Settings of every call (`git help config`). Given each time, so that a cache made by an older version obeys as well.
const SETTINGS: [(&str, &str); 30] = [
    ("core.hooksPath", "/dev/null"),
    ("core.attributesFile", "/dev/null"),
    ("core.excludesFile", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.useReplaceRefs", "false"),
    ("core.askPass", ""),
    ("core.sshCommand", "false"),
    ("core.commitGraph", "false"),
    ("credential.helper", ""),
    ("transfer.fsckObjects", "true"),
    ("fetch.fsckObjects", "true"),
    // Harmless, and in the history of projects from git's first years, which could otherwise never be fetched.
    ("fetch.fsck.zeroPaddedFilemode", "ignore"),
    ("fetch.fsck.missingSpaceBeforeDate", "ignore"),
    ("fetch.fsck.badTimezone", "ignore"),
    ("fetch.recurseSubmodules", "false"),
    ("fetch.writeCommitGraph", "false"),
    ("fetch.parallel", "1"),
    ("fetch.prune", "false"),
    ("submodule.recurse", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("protocol.version", "2"),
    ("http.followRedirects", "false"),
    ("http.lowSpeedLimit", "1000"),
    ("http.lowSpeedTime", "30"),
    ("transfer.bundleURI", "false"),
    ("transfer.credentialsInUrl", "die"),
    ("diff.renames", "false"),
    ("diff.noprefix", "false"),
    ("diff.ignoreSubmodules", "none"),
];

/// How to run git.
#[derive(Debug)]
pub(super) struct Git {
    passed: Vec<(&'static str, OsString)>,
    home: PathBuf,
    max_output: usize,
}

/// One run of git.
pub(super) struct Call<'a> {
    /// The bare repository.
    pub(super) dir: &'a Path,
    /// Words, object ids and numbers of ours; nothing that anybody else chose.
    pub(super) args: Vec<String>,
    /// What it reads.
    pub(super) stdin: Vec<u8>,
    /// Whom it may talk to; without one it cannot reach the network.
    pub(super) remote: Option<&'a Remote>,
    /// When it is ended.
    pub(super) time: Duration,
}

/// What a finished run left.
#[derive(Debug)]
pub(super) struct Printed {
    pub(super) code: Option<i32>,
    pub(super) stdout: Vec<u8>,
    /// Bounded, without control characters and without the token.
    pub(super) stderr: String,
}

impl Printed {
    pub(super) fn is_success(&self) -> bool {
        self.code == Some(0)
    }
}

impl<'a> Call<'a> {
    /// A look into the cache that cannot reach the network.
    pub(super) fn local(dir: &'a Path, time: Duration, args: &[&str]) -> Self {
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        Self { dir, args, stdin: Vec::new(), remote: None, time }
    }
}

impl Git {
    /// Finds git and makes sure that it knows what is asked of it.
    pub(super) fn find(root: &Path, max_output: usize) -> Result<Self, GitError> {
        let passed = PASSED.iter().filter_map(|name| Some((*name, std::env::var_os(name)?))).collect();
        let git = Self { passed, home: root.canonicalize()?.join(HOME), max_output };
        let mut ask = std::process::Command::new("git");
        ask.arg("version").env_clear().envs(git.passed.iter().map(|(name, value)| (name, value)));
        let told = ask.output().map_err(|error| GitError::Broken { stderr: format!("no `git`: {error}") })?;
        let told = String::from_utf8_lossy(&told.stdout).into_owned();
        if version(&told).is_some_and(|found| found >= OLDEST) {
            return Ok(git);
        }
        let (major, minor) = OLDEST;
        Err(GitError::Broken {
            stderr: format!("`git` is older than {major}.{minor}: {}", clean(&told, None)),
        })
    }

    /// The command, ready to start.
    pub(super) fn command(&self, call: &Call<'_>) -> Command {
        let mut settings: Vec<(String, String)> =
            SETTINGS.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let mut command = Command::new("git");
        command.env_clear();
        command.envs(self.passed.iter().map(|(name, value)| (name, value))).envs(CLOSED);
        command.env("HOME", &self.home).env("XDG_CONFIG_HOME", &self.home).env("GIT_DIR", call.dir);
        // Looks into the cache must fail where an object is missing, not fetch it one by one.
        match call.remote {
            Some(remote) => {
                settings.extend(remote.settings());
                command.env("GIT_ALLOW_PROTOCOL", remote.protocol());
            }
            None => {
                command.env("GIT_ALLOW_PROTOCOL", "none").env("GIT_NO_LAZY_FETCH", "1");
            }
        }
        command.env("GIT_CONFIG_COUNT", settings.len().to_string());
        for (at, (key, value)) in settings.iter().enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{at}"), key).env(format!("GIT_CONFIG_VALUE_{at}"), value);
        }
        command.args(&call.args).current_dir(&self.home);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        command
    }

    /// Runs to the end, or ends the whole process group: on time out, on too much output, or when nobody waits any more.
    pub(super) async fn run(&self, call: Call<'_>) -> Result<Printed, GitError> {
        let mut child = self.command(&call).spawn()?;
        let mut group = Group::of(&child);
        let Call { stdin, remote, time, .. } = call;
        let ended = tokio::time::timeout(time, talk(&mut child, stdin, self.max_output)).await;
        let (code, stdout, stderr) = ended.map_err(|_| GitError::TimedOut)??;
        group.is_over();
        let stderr = clean(&String::from_utf8_lossy(&stderr), remote.map(Remote::token));
        Ok(Printed { code, stdout, stderr })
    }
}

/// Feeds and drains the child at the same time, since either side may block on the other.
async fn talk(
    child: &mut Child,
    stdin: Vec<u8>,
    max: usize,
) -> Result<(Option<i32>, Vec<u8>, Vec<u8>), GitError> {
    let (input, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let feed = async {
        if let Some(mut input) = input {
            // A child that stops reading tells why on the other channels.
            let _ = input.write_all(&stdin).await;
        }
        Ok(())
    };
    let ((), stdout, stderr) = tokio::try_join!(feed, drain_all(stdout, max), drain_some(stderr))?;
    Ok((child.wait().await?.code(), stdout, stderr))
}

async fn drain_all(from: Option<impl AsyncRead + Unpin>, max: usize) -> Result<Vec<u8>, GitError> {
    let mut bytes = Vec::new();
    let Some(from) = from else { return Ok(bytes) };
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    from.take(limit).read_to_end(&mut bytes).await?;
    if bytes.len() > max { Err(GitError::TooLarge("bytes")) } else { Ok(bytes) }
}

/// Keeps the beginning and lets the rest go.
async fn drain_some(from: Option<impl AsyncRead + Unpin>) -> Result<Vec<u8>, GitError> {
    let mut kept = Vec::new();
    let Some(mut from) = from else { return Ok(kept) };
    let mut chunk = [0_u8; 1024];
    loop {
        match from.read(&mut chunk).await? {
            0 => return Ok(kept),
            read if kept.len() < MAX_STDERR => kept.extend(chunk.get(..read).unwrap_or_default()),
            _ => {}
        }
    }
}

/// The process group of a child. `git` starts `git-remote-https` and `index-pack`; killing it alone would leave them.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }

    /// The leader was waited for and every pipe is closed; its number may belong to somebody else from now on.
    fn is_over(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // Already gone is as good as killed.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// What git said, fit to be shown and logged.
fn clean(text: &str, token: Option<&SecretString>) -> String {
    let text = match token.map(ExposeSecret::expose_secret) {
        Some(token) if !token.is_empty() => text.replace(token, "***"),
        _ => text.to_owned(),
    };
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    lines.join("; ").chars().map(plain).take(MAX_STDERR).collect()
}

fn version(told: &str) -> Option<(u32, u32)> {
    let mut numbers = told.trim().strip_prefix("git version ")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_way_git_tells_its_version() {
        assert_eq!(version("git version 2.47.3\n"), Some((2, 47)));
        assert_eq!(version("git version 2.50.1 (Apple Git-155)"), Some((2, 50)));
        assert_eq!(version("git version 2.49.GIT"), Some((2, 49)));
        assert_eq!(version("hub version 2"), None);
    }

    #[test]
    fn what_git_said_is_shown_without_secrets_or_escapes() {
        let token = SecretString::from("ghs_sesame");
        assert_eq!(clean("fatal: ghs_sesame\x1b[2J\n\n bad\r\n", Some(&token)), "fatal: *** [2J; bad");
        assert_eq!(clean(&"x".repeat(9999), None).len(), MAX_STDERR);
    }
}
