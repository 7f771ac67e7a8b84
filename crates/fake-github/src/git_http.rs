//! Git's smart HTTP: a CGI bridge to the real `git http-backend`.
//!
//! Reading needs a token with `contents: read` in HTTP Basic (`x-access-token:TOKEN`), pushing needs
//! `contents: write`; without a token GitHub answers 401, and what a token does not cover is not found. A push that
//! would be allowed is not known yet: it is answered 501 and written down.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::OnceLock;

use axum::body::Body;
use axum::http::request::Parts;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::auth::Level;
use crate::reply::Reply;
use crate::rest::live_token;
use crate::server::{Shared, lock};

/// The path, when it leads into a repository of git.
pub(crate) fn repository_path(path: &str) -> Option<&str> {
    path.split('/').nth(2).is_some_and(|name| name.ends_with(".git")).then_some(path)
}

pub(crate) async fn serve(shared: &Shared, head: &Parts, body: Bytes) -> Response {
    match admitted(shared, head) {
        Err(refusal) => refusal.into_response(),
        Ok(_) if head.uri.path().ends_with("/git-receive-pack") => {
            // Taking it would move a branch behind the API's back.
            lock(&shared.log).unknown.push(format!("git push {}", head.uri.path()));
            Reply::message(501, "the fake forge is pushed to by its verbs").into_response()
        }
        Ok(root) => backend(root, head, body).await.unwrap_or_else(|error| {
            Reply::message(500, &format!("git http-backend: {error}")).into_response()
        }),
    }
}

/// The folder to serve from, if the caller may have what it asks for.
fn admitted(shared: &Shared, head: &Parts) -> Result<PathBuf, Reply> {
    let world = shared.world();
    let asks = || Reply::message(401, "Bad credentials").header("www-authenticate", "Basic realm=\"GitHub\"");
    let token = basic_password(head).and_then(|text| live_token(&world, &text)).ok_or_else(asks)?;
    let mut segments = head.uri.path().trim_start_matches('/').split('/');
    let (owner, name) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
    let repo = world.repo_by_dir_name(owner, name.as_ref()).filter(|repo| token.covers(repo.id));
    let repo = repo.ok_or_else(Reply::not_found)?;
    let writes = head.uri.path().ends_with("/git-receive-pack")
        || head.uri.query().is_some_and(|query| query.contains("service=git-receive-pack"));
    let level = if writes { Level::Write } else { Level::Read };
    if !token.allows("contents", level) {
        return Err(Reply::message(403, &format!("Permission to {}.git denied.", repo.full_name())));
    }
    Ok(world.dir.clone())
}

fn basic_password(head: &Parts) -> Option<String> {
    let value = head.headers.get("authorization")?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    decoded.split_once(':').map(|(_, password)| password.to_owned())
}

/// Where git keeps its programs.
fn exec_path() -> Option<&'static PathBuf> {
    static PATH: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = PATH.get_or_init(|| {
        let output = std::process::Command::new("git").arg("--exec-path").output().ok()?;
        Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim()))
    });
    found.as_ref()
}

async fn backend(root: PathBuf, head: &Parts, body: Bytes) -> std::io::Result<Response> {
    let program = exec_path().map(|path| path.join("git-http-backend"));
    let program = program.ok_or_else(|| std::io::Error::other("git is not installed"))?;
    let header =
        |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut child = Command::new(program)
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_PROTOCOL", header("git-protocol"))
        .env("REMOTE_USER", "x-access-token")
        .env("REMOTE_ADDR", "127.0.0.1")
        .env("REQUEST_METHOD", head.method.as_str())
        .env("PATH_INFO", head.uri.path())
        .env("QUERY_STRING", head.uri.query().unwrap_or_default())
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let stdin = child.stdin.take();
    let feed = async {
        if let Some(mut stdin) = stdin {
            // A backend that has read enough closes the pipe.
            stdin.write_all(&body).await.ok();
        }
    };
    let (output, ()) = tokio::join!(child.wait_with_output(), feed);
    Ok(parse_cgi(&output?.stdout))
}

/// Splits a CGI answer into status, headers and body.
fn parse_cgi(output: &[u8]) -> Response {
    let gap = output.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(output.len());
    let head = String::from_utf8_lossy(output.get(..gap).unwrap_or_default());
    let body = output.get(gap + 4..).unwrap_or_default().to_vec();
    let mut response = Response::builder();
    for line in head.lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.eq_ignore_ascii_case("status") {
            let code = value.trim().split(' ').next().and_then(|code| code.parse::<u16>().ok());
            response = response.status(code.unwrap_or(500));
        } else {
            response = response.header(name, value.trim());
        }
    }
    response.body(Body::from(body)).unwrap_or_default()
}
