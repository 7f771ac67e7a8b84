//! A forge that says what a test tells it to say, and remembers what it was asked.

use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Request, Response};
use base64::Engine;
use policy::facts::OwnRules;
use policy::{Fact, InstallationId, Millis, Observed, Subject, Wanted};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::git::{self, GitCache};
use crate::github::{Ask, ForgeError, GitHub, Limits, Settings};

/// The moment at which every test starts.
pub(super) const START: Millis = Millis(1_700_000_000_000);
pub(super) const INSTALLATION: InstallationId = InstallationId(7);

/// A request as it came in.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Asked {
    pub(super) fn is_mint(&self) -> bool {
        self.path.ends_with("/access_tokens")
    }

    pub(super) fn bearer(&self) -> &str {
        self.headers["authorization"].to_str().unwrap().strip_prefix("Bearer ").unwrap()
    }
}

/// What to say.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Bytes,
    pub(super) after: Duration,
}

impl Reply {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self { status, headers: Vec::new(), body: body.to_string().into(), after: Duration::ZERO }
    }

    pub(super) fn status(status: u16) -> Self {
        Self::json(status, &json!({"message": "scripted"}))
    }

    pub(super) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    pub(super) fn after(self, after: Duration) -> Self {
        Self { after, ..self }
    }

    /// A token that lives for an hour.
    pub(super) fn token(token: &str) -> Self {
        Self::json(201, &json!({"token": token, "expires_at": "2023-11-14T23:13:20Z"}))
    }
}

type Script = dyn Fn(&Asked, usize) -> Reply + Send + Sync;

/// The scripted forge and a client for it.
pub(super) struct Forge {
    pub(super) github: GitHub,
    asked: Arc<Mutex<Vec<Asked>>>,
    clock: Arc<AtomicI64>,
    _folder: tempfile::TempDir,
}

impl Forge {
    /// Tokens are minted as `token-1`, `token-2`…; everything else is answered by `script`, which also gets the
    /// number of earlier requests that were no mints.
    pub(super) async fn start(script: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_within(quick(), move |asked, before, mints| {
            if asked.is_mint() {
                Reply::token(&format!("token-{}", mints + 1))
            } else {
                script(asked, before)
            }
        })
        .await
    }

    /// Everything is answered by `script`, which gets the numbers of earlier other requests and mints.
    pub(super) async fn start_within(
        limits: Limits,
        script: impl Fn(&Asked, usize, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let asked = Arc::new(Mutex::new(Vec::<Asked>::new()));
        let counts = Mutex::new((0, 0));
        let url = serve(
            Arc::clone(&asked),
            Arc::new(move |asked: &Asked, _| {
                let (before, mints) = {
                    let mut counts = counts.lock().unwrap();
                    let now = *counts;
                    if asked.is_mint() {
                        counts.1 += 1
                    } else {
                        counts.0 += 1
                    }
                    now
                };
                script(asked, before, mints)
            }),
        )
        .await;
        let folder = tempfile::tempdir().unwrap();
        let cache = GitCache::open(folder.path().to_owned(), git::Limits::default()).unwrap();
        let clock = Arc::new(AtomicI64::new(START.0));
        let told = Arc::clone(&clock);
        let settings = Settings { api_url: url.clone(), git_url: url, limits, ..Settings::new(42, key()) };
        let github =
            GitHub::new(&settings, Arc::new(move || Millis(told.load(SeqCst))), Arc::new(cache)).unwrap();
        Self { github, asked, clock, _folder: folder }
    }

    pub(super) fn pass(&self, millis: i64) {
        self.clock.fetch_add(millis, SeqCst);
    }

    /// All requests so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// All requests so far that were no mints.
    pub(super) fn requests(&self) -> Vec<Asked> {
        self.asked().into_iter().filter(|asked| !asked.is_mint()).collect()
    }

    pub(super) fn mints(&self) -> usize {
        self.asked().iter().filter(|asked| asked.is_mint()).count()
    }
}

/// Limits as in production, but impatient.
pub(super) fn quick() -> Limits {
    Limits { backoff: Duration::from_millis(1), total: Duration::from_secs(5), ..Limits::default() }
}

/// One key for all tests, made when first needed.
pub(super) fn key() -> SecretString {
    static PEM: LazyLock<String> = LazyLock::new(|| {
        let pair = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let text = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
        let lines: Vec<_> =
            text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
    });
    SecretString::from(PEM.clone())
}

async fn serve(asked: Arc<Mutex<Vec<Asked>>>, script: Arc<Script>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = axum::Router::new().fallback(move |request: Request<Body>| {
        let (asked, script) = (Arc::clone(&asked), Arc::clone(&script));
        async move {
            let (parts, body) = request.into_parts();
            let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
            let one = Asked {
                method: parts.method,
                path: parts.uri.path().to_owned(),
                headers: parts.headers,
                body: serde_json::from_slice(&body).unwrap_or(Value::Null),
            };
            let reply = script(&one, 0);
            asked.lock().unwrap().push(one);
            tokio::time::sleep(reply.after).await;
            let mut response = Response::builder().status(reply.status);
            for (name, value) in reply.headers {
                response = response.header(name, value);
            }
            response.body(Body::from(reply.body)).unwrap()
        }
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// Reads and gathers in one.
pub(super) async fn look(
    github: &GitHub,
    subject: &Subject,
    wanted: &Wanted,
) -> Result<Observed, ForgeError> {
    let subject = subject.pull().expect("a pull request");
    let seen = github.read(subject, &wanted.check).await?;
    let own_rules = Fact::Known(OwnRules::default());
    github.gather(subject, seen, Ask { wanted, own_rules, rules_path: None, known: &[], now: START }).await
}
