//! A forge that can do one thing: serve one bare repository with `git http-backend`, for one token.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use change::Sha;
use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;

pub(super) const SECRET: &str = "ghs_open-sesame";

pub(super) fn basic() -> String {
    base64::engine::general_purpose::STANDARD.encode(format!("x-access-token:{SECRET}"))
}

pub(super) struct Forge {
    pub(super) url: String,
    pub(super) port: u16,
    /// How many times a pack was handed out.
    pub(super) fetches: Arc<AtomicUsize>,
    posts: Arc<AtomicUsize>,
    /// Told whenever a request for `/hung/…` arrived, which is never answered.
    pub(super) hung: Arc<Notify>,
    dir: tempfile::TempDir,
    served: tokio::task::JoinHandle<()>,
}

#[derive(Clone)]
struct Served {
    root: PathBuf,
    fetches: Arc<AtomicUsize>,
    posts: Arc<AtomicUsize>,
    hung: Arc<Notify>,
}

impl Drop for Forge {
    fn drop(&mut self) {
        self.served.abort();
    }
}

impl Forge {
    pub(super) async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let repo = dir.path().join("acme/site.git");
        std::fs::create_dir_all(&repo).unwrap();
        git_in(&repo, &["init", "--quiet", "--bare", "--initial-branch=main"]);
        git_in(&repo, &["config", "uploadpack.allowFilter", "true"]);
        let (fetches, posts, hung) = (Arc::<AtomicUsize>::default(), Arc::default(), Arc::default());
        let served = Served {
            root: dir.path().to_owned(),
            fetches: Arc::clone(&fetches),
            posts: Arc::clone(&posts),
            hung: Arc::clone(&hung),
        };
        let app = Router::new().fallback(serve).layer(DefaultBodyLimit::disable()).with_state(served);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let served = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let url = format!("http://127.0.0.1:{port}/acme/site.git");
        Self { url, port, fetches, posts, hung, dir, served }
    }

    pub(super) fn posts(&self) -> usize {
        self.posts.load(Ordering::SeqCst)
    }

    pub(super) fn git(&self, args: &[&str]) -> Vec<u8> {
        git_in(&self.repo(), args)
    }

    fn repo(&self) -> PathBuf {
        self.dir.path().join("acme/site.git")
    }

    /// Commits changes in the words of `git fast-import`.
    pub(super) fn commit(&self, branch: &str, from: Option<&Sha>, message: &str, changes: &str) -> Sha {
        let from = from.map(|sha| format!("from {sha}\n")).unwrap_or_default();
        self.import(branch, &from, message, changes)
    }

    pub(super) fn merge(&self, branch: &str, from: &Sha, other: &Sha, changes: &str) -> Sha {
        self.import(branch, &format!("from {from}\nmerge {other}\n"), "merge", changes)
    }

    fn import(&self, branch: &str, parents: &str, message: &str, changes: &str) -> Sha {
        let who = "Ada Example <ada@acme.example> 1700000000 +0000";
        let size = message.len();
        // `reset` first, since a branch that exists would otherwise be the parent.
        let text = format!(
            "reset refs/heads/{branch}\n\ncommit refs/heads/{branch}\nauthor {who}\ncommitter {who}\ndata {size}\n\
             {message}\n{parents}{changes}\n"
        );
        pipe_in(&self.repo(), &["fast-import", "--force", "--quiet"], text.as_bytes());
        parse(&self.git(&["rev-parse", &format!("refs/heads/{branch}")]))
    }

    /// A commit with a folder called `.git`, which git itself would not make.
    pub(super) fn with_dot_git(&self, parent: &Sha) -> Sha {
        let repo = self.repo();
        let blob = parse(&pipe_in(&repo, &["hash-object", "-w", "--stdin"], b"[core]\n"));
        let inner = parse(&pipe_in(&repo, &["mktree"], format!("100644 blob {blob}\tconfig\n").as_bytes()));
        let tree = parse(&pipe_in(&repo, &["mktree"], format!("040000 tree {inner}\t.git\n").as_bytes()));
        let args = ["commit-tree", "-p", parent.as_str(), "-m", "evil", tree.as_str()];
        let head = parse(&git_in(&repo, &args));
        git_in(&repo, &["update-ref", "refs/heads/evil", head.as_str()]);
        head
    }
}

/// A file in the words of `git fast-import`.
pub(super) fn file(mode: &str, path: &str, content: &str) -> String {
    format!("M 100{mode} inline {path}\ndata {}\n{content}\n", content.len())
}

pub(super) fn lines(bytes: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect()
}

fn parse(printed: &[u8]) -> Sha {
    Sha::parse(String::from_utf8_lossy(printed).trim()).unwrap()
}

pub(super) fn git_in(dir: &Path, args: &[&str]) -> Vec<u8> {
    pipe_in(dir, args, b"")
}

fn pipe_in(dir: &Path, args: &[&str], stdin: &[u8]) -> Vec<u8> {
    let mut child = Command::new("git")
        .args(args)
        .current_dir(dir)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .envs([("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_NO_LAZY_FETCH", "1")])
        .envs([("GIT_AUTHOR_NAME", "Eve"), ("GIT_AUTHOR_EMAIL", "eve@evil.example")])
        .envs([("GIT_COMMITTER_NAME", "Eve"), ("GIT_COMMITTER_EMAIL", "eve@evil.example")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), stdin).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "git {args:?}");
    output.stdout
}

pub(super) fn script(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Every file below a folder with its content.
pub(super) fn read_everything(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                read_everything(&path)
            } else {
                vec![(path.clone(), std::fs::read(path).unwrap())]
            }
        })
        .collect()
}

/// The command lines of all running processes that contain the text.
pub(super) fn running(text: &str) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    lines
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(text))
        .collect()
}

/// Waits until something becomes true.
pub(super) async fn eventually(is_true: impl Fn() -> bool) {
    for _ in 0..500 {
        if is_true() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never became true");
}

/// Runs `git http-backend` for one request (RFC 3875).
async fn serve(State(served): State<Served>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    if path.starts_with("/hung/") {
        served.hung.notify_one();
        return std::future::pending().await;
    }
    if path.starts_with("/moved/") {
        let there = parts.uri.to_string().replacen("/moved/", "/acme/", 1);
        return (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, there)]).into_response();
    }
    let header =
        |name| parts.headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok()).unwrap_or_default();
    if header("authorization") != format!("Basic {}", basic()) {
        return (StatusCode::UNAUTHORIZED, [("www-authenticate", "Basic realm=\"forge\"")]).into_response();
    }
    let mut command = tokio::process::Command::new("git");
    command.arg("http-backend").env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command.envs([("GIT_HTTP_EXPORT_ALL", "1"), ("GIT_CONFIG_NOSYSTEM", "1"), ("REMOTE_ADDR", "127.0.0.1")]);
    command.env("GIT_PROJECT_ROOT", &served.root).env("PATH_INFO", &path);
    command.env("REQUEST_METHOD", parts.method.as_str());
    command.env("QUERY_STRING", parts.uri.query().unwrap_or_default());
    command.env("CONTENT_TYPE", header("content-type")).env("GIT_PROTOCOL", header("git-protocol"));
    command.env("HTTP_CONTENT_ENCODING", header("content-encoding"));
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    if path.ends_with("/git-upload-pack") {
        served.posts.fetch_add(1, Ordering::SeqCst);
    }
    command.env("CONTENT_LENGTH", body.len().to_string());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let (_, output) = tokio::join!(
        async move {
            let _ = stdin.write_all(&body).await;
        },
        child.wait_with_output()
    );
    let output = output.unwrap().stdout;
    if output.windows(8).any(|w| w == b"packfile") {
        served.fetches.fetch_add(1, Ordering::SeqCst);
    }
    respond(&output)
}

fn respond(output: &[u8]) -> Response {
    let end = output.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let mut response = Response::new(Body::from(output[end + 4..].to_vec()));
    for line in lines(&output[..end]) {
        let (name, value) = line.split_once(": ").unwrap();
        if name == "Status" {
            *response.status_mut() = StatusCode::from_bytes(&value.as_bytes()[..3]).unwrap();
        } else {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            response.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
        }
    }
    response
}
