//! Bring commits and trees from the forge into a repository's cache.
//!
//! Commits are asked for by name, not by ref: a ref may have moved on since the API was read, and refs are not to be
//! trusted with deciding what is judged. GitHub hands out any object of the repository that way, pull requests included.

use std::collections::HashMap;
use std::fs;
use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use change::Sha;
use policy::RepoId;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

use super::command::{Call, Git, Printed};
use super::folder::{Folder, Held};
use super::{GitError, Limits};

/// Where to fetch from, and with what.
pub(super) struct Remote {
    url: reqwest::Url,
    token: SecretString,
}

impl Remote {
    /// Accepts plain `http` and `https` addresses only.
    pub(super) fn new(url: &str, token: &SecretString) -> Result<Self, GitError> {
        let url = reqwest::Url::parse(url).map_err(|_| GitError::Address("it is not a URL"))?;
        if !matches!(url.scheme(), "https" | "http") || !url.has_host() {
            return Err(GitError::Address("it is neither `https` nor `http`"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(GitError::Address("it carries a user or a password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(GitError::Address("it has a query or a fragment"));
        }
        Ok(Self { url, token: token.clone() })
    }

    pub(super) fn protocol(&self) -> &str {
        self.url.scheme()
    }

    pub(super) fn token(&self) -> &SecretString {
        &self.token
    }

    /// The settings that name the remote and let us in, for the environment only.
    pub(super) fn settings(&self) -> Vec<(String, String)> {
        let basic = STANDARD.encode(format!("x-access-token:{}", self.token.expose_secret()));
        let origin = self.url.origin().ascii_serialization();
        vec![
            ("remote.origin.url".to_owned(), self.url.to_string()),
            (format!("http.{origin}/.extraHeader"), format!("Authorization: Basic {basic}")),
        ]
    }
}

/// How long to queue for a fetch.
const LONGEST_QUEUE: Duration = Duration::from_secs(5);

/// Who may fetch: one at a time for each repository, and not too many in all.
#[derive(Debug)]
pub(super) struct Turns {
    slots: Arc<Semaphore>,
    repos: Mutex<HashMap<RepoId, Weak<AsyncMutex<()>>>>,
}

/// The right to fetch into one repository.
pub(super) struct Turn {
    _held: Held,
    _slot: OwnedSemaphorePermit,
    _repo: OwnedMutexGuard<()>,
}

impl Turns {
    pub(super) fn new(parallel: usize) -> Self {
        Self { slots: Arc::new(Semaphore::new(parallel)), repos: Mutex::default() }
    }

    /// Waits for the repository first, so that a queue for one does not use up the slots of the others. Nor does it
    /// use up the places of those who look: whoever would wait for long comes back later.
    pub(super) async fn take(&self, folder: &Folder) -> Result<Turn, GitError> {
        let wait = async {
            let repo = self.of(folder.repo).lock_owned().await;
            let slot = Arc::clone(&self.slots).acquire_owned().await;
            slot.map(|slot| (repo, slot))
        };
        let (repo, slot) = match tokio::time::timeout(LONGEST_QUEUE, wait).await {
            Ok(turn) => turn.map_err(|_| GitError::TimedOut)?,
            Err(_) => return Err(GitError::Busy),
        };
        Ok(Turn { _held: folder.hold_to_fetch().await?, _slot: slot, _repo: repo })
    }

    fn of(&self, repo: RepoId) -> Arc<AsyncMutex<()>> {
        let mut repos = self.repos.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = repos.get(&repo).and_then(Weak::upgrade) {
            return turn;
        }
        repos.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::new(AsyncMutex::new(()));
        repos.insert(repo, Arc::downgrade(&turn));
        turn
    }
}

/// Which commits to bring.
pub(super) struct Wanted<'a> {
    pub(super) base: Option<&'a Sha>,
    pub(super) head: &'a Sha,
    pub(super) pull: u64,
}

/// Fetches base and head with their histories and trees, or head alone. The caller holds the turn.
pub(super) async fn commits(
    git: &Git,
    limits: &Limits,
    folder: &Folder,
    wanted: &Wanted<'_>,
    remote: &Remote,
) -> Result<(), GitError> {
    make(git, limits, folder, wanted.head).await?;
    folder.sweep();
    let mut args: Vec<String> = [
        "fetch",
        "--quiet",
        "--no-tags",
        "--no-write-fetch-head",
        "--no-auto-maintenance",
        "--no-recurse-submodules",
        "--no-show-forced-updates",
        "--filter=blob:none",
        "origin",
    ]
    .map(str::to_owned)
    .into();
    let oids = wanted.base.into_iter().chain([wanted.head]);
    args.extend(oids.filter(|oid| !folder.has(oid)).map(ToString::to_string));
    let call =
        Call { dir: &folder.git_dir, args, stdin: Vec::new(), remote: Some(remote), time: limits.fetch_time };

    let began = tokio::time::Instant::now();
    let printed = bounded(folder, limits, git.run(call)).await;
    metrics::histogram!("portcullis_git_fetch_seconds").record(began.elapsed().as_secs_f64());
    let printed: Printed = printed?;
    if !printed.is_success() {
        return Err(failure(&printed.stderr));
    }
    if let Some(base) = wanted.base {
        remember(folder, "base", base)?;
        folder.note(base)?;
    }
    remember(folder, &format!("pull-{}", wanted.pull % RING), wanted.head)?;
    folder.note(wanted.head)
}

/// Brings contents by their names, in one go: git by itself would ask for one after the other.
pub(super) fn blobs<'a>(folder: &'a Folder, limits: &Limits, names: String, remote: &'a Remote) -> Call<'a> {
    let args = [
        "-c",
        // What is here already says nothing about contents.
        "fetch.negotiationAlgorithm=noop",
        "fetch",
        "--quiet",
        "--no-tags",
        "--no-write-fetch-head",
        "--no-auto-maintenance",
        "--no-recurse-submodules",
        "--filter=blob:none",
        "--stdin",
        "origin",
    ];
    let args = args.map(str::to_owned).into();
    let (stdin, time) = (names.into_bytes(), limits.fetch_time);
    Call { dir: &folder.git_dir, args, stdin, remote: Some(remote), time }
}

/// How many heads are offered to the forge as known. More would make each fetch slower than they save.
const RING: u64 = 64;

/// Keeps a ref, so that the next fetch can say what is already here.
///
/// Written as the plain file it is: git's own way would leave a lock behind whenever it is killed.
fn remember(folder: &Folder, name: &str, oid: &Sha) -> Result<(), GitError> {
    let refs = folder.git_dir.join("refs/keep");
    fs::create_dir_all(&refs)?;
    let mut file = tempfile::NamedTempFile::new_in(&folder.path)?;
    std::io::Write::write_all(&mut file, format!("{oid}\n").as_bytes())?;
    file.persist(refs.join(name)).map_err(|error| GitError::from(error.error))?;
    Ok(())
}

/// Makes the bare repository, when it is not there yet. The caller holds the turn.
async fn make(git: &Git, limits: &Limits, folder: &Folder, like: &Sha) -> Result<(), GitError> {
    if folder.git_dir.exists() {
        return Ok(());
    }
    let new = folder.path.join("objects.new");
    if new.exists() {
        fs::remove_dir_all(&new)?;
    }
    let format = if like.as_str().len() == 64 { "sha256" } else { "sha1" };
    let object_format = format!("--object-format={format}");
    let args = ["init", "--quiet", "--bare", "--template=", "--ref-format=files", &object_format];
    let printed = git.run(Call::local(&new, limits.read_time, &args)).await?;
    if !printed.is_success() {
        return Err(GitError::Broken { stderr: printed.stderr });
    }
    write_layout(&new, format)?;
    fs::rename(&new, &folder.git_dir).map_err(GitError::from)
}

fn write_layout(dir: &Path, format: &str) -> Result<(), GitError> {
    let config = format!(
        "[core]\n\trepositoryformatversion = 1\n\tbare = true\n\tlogAllRefUpdates = false\n\
         [extensions]\n\tobjectFormat = {format}\n\tpartialClone = origin\n\
         [remote \"origin\"]\n\tpromisor = true\n\tpartialCloneFilter = blob:none\n"
    );
    fs::write(dir.join("config"), config)?;
    fs::create_dir_all(dir.join("info"))?;
    // Stronger than any `.gitattributes`: every file is compared as text, whatever it says about itself.
    fs::write(dir.join("info/attributes"), "* diff !textconv !filter\n").map_err(GitError::from)
}

/// Runs a transfer until it ends or has brought too much.
pub(super) async fn bounded<T>(
    folder: &Folder,
    limits: &Limits,
    transfer: impl Future<Output = Result<T, GitError>>,
) -> Result<T, GitError> {
    let too_much = async {
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            if folder.incoming() > limits.max_fetch_bytes {
                return;
            }
        }
    };
    tokio::select! {
        ended = transfer => ended,
        () = too_much => Err(GitError::TooLarge("bytes to fetch")),
    }
}

/// What to do about a failed transfer, from what git said in the C locale.
pub(super) fn failure(stderr: &str) -> GitError {
    let said = |words: &[&str]| words.iter().any(|word| stderr.contains(word));
    if said(&["not our ref", "unadvertised object", "couldn't find remote ref", "could not find remote ref"])
    {
        return GitError::NotThereYet;
    }
    if said(&["fsck error", "index-pack failed", "invalid index-pack output"]) {
        return GitError::Unseen(stderr.to_owned());
    }
    let denied = ["returned error: 401", "returned error: 403", "returned error: 404", "returned error: 30"];
    if said(&denied) || said(&["Authentication failed", "could not read Username", "not found"]) {
        return GitError::Refused(stderr.to_owned());
    }
    GitError::Broken { stderr: stderr.to_owned() }
}
