//! The running forge: one port for REST, GraphQL and git.
//!
//! Every call passes [`answer`], which writes the log, waits the latency and lets faults strike, so that no route
//! can forget to. The server stops when the last [`FakeGithub`] of a stage is dropped.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};

use crate::auth::{AppKey, NoKey};
use crate::calls::{Entry, Log};
use crate::exchange::Exchange;
use crate::fault::{Fault, Weather};
use crate::reply::Reply;
use crate::stage::Stage;
use crate::step::{Step, Wait};
use crate::verbs::VerbError;
use crate::world::World;
use crate::{courier, git_http, graphql, operator, rest};

/// The largest request body that is read.
const LARGEST_BODY: usize = 25 * 1024 * 1024;

/// What handlers, verbs and the courier share.
pub(crate) struct Shared {
    world: Mutex<World>,
    pub(crate) log: Mutex<Log>,
    pub(crate) weather: Mutex<Weather>,
    pub(crate) http: reqwest::Client,
    /// Something waits to be delivered.
    pub(crate) mail: Notify,
    /// Verbs take turns; each is a story's sentence.
    pub(crate) turn: tokio::sync::Mutex<()>,
    pub(crate) released: watch::Sender<u64>,
    /// The story from its next wait on.
    pub(crate) rest: Mutex<VecDeque<Step>>,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }
}

/// Why the forge did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No port or no folder.
    #[error("the fake forge cannot start: {0}")]
    Io(#[from] std::io::Error),
    /// No key for the App.
    #[error(transparent)]
    Key(#[from] NoKey),
    /// The HTTP client that delivers could not be made.
    #[error("deliveries cannot be sent: {0}")]
    Http(#[from] reqwest::Error),
    /// The stage names something that is not there, or a step failed.
    #[error("the stage cannot be set: {0}")]
    Stage(#[from] VerbError),
}

/// A running fake GitHub.
pub struct FakeGithub {
    pub(crate) shared: Arc<Shared>,
    url: String,
    // None in a handle from backstage, which may go without the forge going.
    server: Option<tokio::task::JoinHandle<()>>,
    courier: Mutex<Option<tokio::task::JoinHandle<()>>>,
    // Removed with the forge, unless the folder was given.
    _folder: Option<tempfile::TempDir>,
}

impl Drop for FakeGithub {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
        if let Some(courier) = lock(&self.courier).take() {
            courier.abort();
        }
    }
}

impl FakeGithub {
    /// Sets the stage on a free port of loopback, in a temporary folder, and plays its steps.
    ///
    /// # Errors
    /// When the stage contradicts itself, or the machine has no git, port or space.
    pub async fn start(stage: Stage) -> Result<Self, StartError> {
        Self::start_at(stage, "127.0.0.1:0", None).await
    }

    /// The same at this address, with the repositories in this folder.
    ///
    /// # Errors
    /// As [`FakeGithub::start`].
    pub async fn start_at(stage: Stage, listen: &str, folder: Option<PathBuf>) -> Result<Self, StartError> {
        // The key takes longer than the stage, so it is made meanwhile.
        let key = tokio::task::spawn_blocking(AppKey::of_this_process);
        let listener = TcpListener::bind(listen).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (dir, temporary) = match folder {
            Some(folder) => (folder, None),
            None => {
                let temporary = tempfile::tempdir()?;
                (temporary.path().to_owned(), Some(temporary))
            }
        };
        let world = World::new(dir, url.clone(), &stage).map_err(VerbError::from)?;
        let shared = Arc::new(Shared {
            world: Mutex::new(world),
            log: Mutex::default(),
            weather: Mutex::default(),
            http: reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?,
            mail: Notify::new(),
            turn: tokio::sync::Mutex::default(),
            released: watch::Sender::new(0),
            rest: Mutex::new(stage.steps.iter().cloned().collect()),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.ok();
        });
        let github =
            Self { shared, url, server: Some(server), courier: Mutex::default(), _folder: temporary };
        github.set(&stage).await?;
        key.await.map_err(|_| NoKey)??;
        Ok(github)
    }

    /// A handle that plays verbs while a call is answered.
    fn backstage(shared: &Arc<Shared>) -> Self {
        let url = shared.world().url.clone();
        Self { shared: Arc::clone(shared), url, server: None, courier: Mutex::default(), _folder: None }
    }

    async fn set(&self, stage: &Stage) -> Result<(), VerbError> {
        for repo in &stage.repos {
            self.create_repo(repo).await?;
        }
        // How the stage came to stand is not news.
        self.shared.world().outbox.forget_waiting();
        self.play_until_wait().await
    }

    /// What the story waits for; `None` at its end.
    #[must_use]
    pub fn waits(&self) -> Option<Wait> {
        match lock(&self.shared.rest).front() {
            Some(Step::Wait(wait)) => Some(wait.clone()),
            _ => None,
        }
    }

    /// Goes on with a story that waits, up to its next wait or its end.
    ///
    /// # Errors
    /// As [`FakeGithub::play`].
    pub async fn play_on(&self) -> Result<(), VerbError> {
        lock(&self.shared.rest).pop_front_if(|step| matches!(step, Step::Wait(_)));
        self.play_until_wait().await
    }

    async fn play_until_wait(&self) -> Result<(), VerbError> {
        loop {
            let next = lock(&self.shared.rest).pop_front_if(|step| !matches!(step, Step::Wait(_)));
            let Some(step) = next else { return Ok(()) };
            self.play(step).await?;
        }
    }

    /// Base of the REST API; GraphQL is at `/graphql`, git at `/OWNER/NAME.git`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The App's id.
    #[must_use]
    pub fn app_id(&self) -> u64 {
        self.shared.world().app.id
    }

    /// The App's slug.
    #[must_use]
    pub fn app_slug(&self) -> String {
        self.shared.world().app.slug.clone()
    }

    /// The id of the App's installation.
    #[must_use]
    pub fn installation_id(&self) -> u64 {
        self.shared.world().app.installation
    }

    /// The App's private key, PKCS#8 in PEM.
    #[must_use]
    pub fn private_key_pem(&self) -> &str {
        // Made before the start was over.
        AppKey::of_this_process().map_or("", |key| &key.pem)
    }

    /// The secret that deliveries are signed with.
    #[must_use]
    pub fn webhook_secret(&self) -> String {
        self.shared.world().app.webhook_secret.clone()
    }

    /// Sends every delivery to this address as soon as it is made, from now on.
    pub fn auto_deliver(&self, url: &str) {
        let task = tokio::spawn(courier::keep_sending(Arc::clone(&self.shared), url.to_owned()));
        if let Some(earlier) = lock(&self.courier).replace(task) {
            earlier.abort();
        }
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST_BODY).await else {
        return Reply::message(413, "Payload too large").into_response();
    };
    let path = head.uri.path().to_owned();
    if path == operator::PATH {
        return shared.world().operator_hook.take(&head, &body);
    }
    let route = if let Some(path) = git_http::repository_path(&path) {
        format!("git {path}")
    } else if graphql::is_endpoint(&path) {
        format!("graphql {}", graphql::operation_name(&body))
    } else {
        format!("{} {}", head.method, path.strip_prefix("/api/v3").unwrap_or(&path))
    };
    let (entry, exchange) = {
        let mut log = lock(&shared.log);
        let is_kept = log.exchanges.is_some() && !route.starts_with("git ");
        (log.begin(&route), is_kept.then(|| Exchange::asked(&head, &body)))
    };
    let mut names = vec![route.clone()];
    if graphql::is_endpoint(&path) {
        names.extend(graphql::mutations(&body).into_iter().map(|field| format!("graphql {field}")));
    }
    let (latency, fault, due) = {
        let mut weather = lock(&shared.weather);
        (weather.latency, weather.strike(&names), weather.due(&names))
    };
    for step in due {
        let outcome = FakeGithub::backstage(&shared).play(step).await;
        let outcome = outcome.map(|_| ()).map_err(|error| error.to_string());
        lock(&shared.weather).ambushed.push(outcome);
    }
    if latency > Duration::ZERO && !route.starts_with("git ") {
        tokio::time::sleep(latency).await;
    }
    let response = struck(&shared, &route, fault, async {
        if route.starts_with("git ") {
            git_http::serve(&shared, &head, body).await
        } else if graphql::is_endpoint(&path) {
            graphql::serve(&shared, &head, &body).await.into_response()
        } else {
            rest::serve(&shared, &head, &body).await.into_response()
        }
    })
    .await;
    shared.mail.notify_one();
    let response = match exchange {
        Some(exchange) => keep(&shared, exchange, response).await,
        None => response,
    };
    finish(&shared, entry, response)
}

async fn keep(shared: &Shared, exchange: Exchange, response: Response) -> Response {
    let Ok((exchange, response)) = exchange.answered(response).await else { return broken() };
    lock(&shared.log).exchanges.get_or_insert_default().push(exchange);
    response
}

fn finish(shared: &Shared, entry: Entry, response: Response) -> Response {
    lock(&shared.log).end(entry, response.status().as_u16());
    response
}

/// The answer, or what the fault makes of it.
async fn struck(
    shared: &Shared,
    route: &str,
    fault: Option<Fault>,
    honest: impl Future<Output = Response>,
) -> Response {
    let is_graphql = route.starts_with("graphql");
    match fault {
        None => honest.await,
        Some(Fault::Before(status)) => Reply::message(status, "Server Error").into_response(),
        Some(Fault::After(status)) => {
            honest.await;
            Reply::message(status, "Server Error").into_response()
        }
        Some(Fault::RateLimited { retry_after }) => Reply::limited(429, retry_after).into_response(),
        Some(Fault::Secondary { retry_after }) => Reply::limited(403, retry_after).into_response(),
        Some(Fault::Exhausted { reset_in }) => {
            let (now, installation) = {
                let world = shared.world();
                (world.clock.wall(), world.app.installation)
            };
            let reset = now.saturating_add(i64::try_from(reset_in).unwrap_or(i64::MAX));
            Reply::exhausted(is_graphql, installation, reset).into_response()
        }
        Some(Fault::Lag { events }) => {
            let usual = std::mem::replace(&mut shared.world().lag, events);
            let response = honest.await;
            shared.world().lag = usual;
            response
        }
        Some(Fault::Drop) => {
            honest.await;
            broken()
        }
        Some(Fault::Hang) => {
            let mut released = shared.released.subscribe();
            released.changed().await.ok();
            honest.await
        }
        Some(Fault::Mute) => {
            let mut released = shared.released.subscribe();
            let response = honest.await;
            released.changed().await.ok();
            response
        }
    }
}

/// A head that promises a body which never comes: the connection closes in the middle.
fn broken() -> Response {
    let stream = futures_util::stream::once(async {
        Err::<bytes::Bytes, _>(std::io::Error::other("the connection is dropped on purpose"))
    });
    let mut response = Response::new(Body::from_stream(stream));
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert("content-length", axum::http::HeaderValue::from_static("64"));
    response
}
