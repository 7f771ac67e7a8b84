//! Puts the parts together and runs them: ingress, runner, rulebook, housekeeping.
//!
//! Everything is made here and handed down; nothing below reads a global. A stop is graceful: no new deliveries, looks
//! under way end, the store is closed last.

mod guard;
mod health;
mod housekeeping;
mod news;
mod rules;
mod suspension;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::ExposeSecret as _;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::config::{RulesAt, Settings};
use crate::git::{GitCache, GitError};
use crate::github::{GitHub, SettingsError};
use crate::operator::{Operator, OperatorError};
use crate::reconcile::{Gate, OwnBook, Runner};
use crate::rulebook::{LAST_GOOD, Rulebook};
use crate::store::{Store, StoreError, StoreOptions};
use crate::webhook::{self, Ingress};
use news::News;
use rules::PolicyReader;

/// Why the gate cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be made.
    #[error("the data folder `{path}` cannot be made: {why}")]
    Data {
        /// Which folder.
        path: String,
        /// Why not.
        why: std::io::Error,
    },
    /// The store cannot be opened.
    #[error("the store cannot be opened: {0}")]
    Store(#[from] StoreError),
    /// The git cache cannot be opened.
    #[error("the git cache cannot be opened: {0}")]
    Git(#[from] GitError),
    /// A setting of the forge is unusable.
    #[error(transparent)]
    Forge(#[from] SettingsError),
    /// The operator's webhook cannot be used.
    #[error("the setting `incidents.webhook` cannot be used: {0}")]
    Operator(#[from] OperatorError),
    /// The address cannot be listened on.
    #[error("cannot listen on `{address}`: {why}")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// Why not.
        why: std::io::Error,
    },
}

/// A gate that listens and looks.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    gate: Arc<Gate>,
    runner: Runner,
    news: Arc<News>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// How long a stop waits for looks under way before it leaves them to their leases.
const PATIENCE: Duration = Duration::from_secs(25);

/// Opens everything and starts to listen; returns once the address is bound.
///
/// # Errors
/// [`StartError`] names what stands in the way.
pub async fn start(
    settings: &Settings,
    clock: Clock,
    prometheus: Option<PrometheusHandle>,
) -> Result<Running, StartError> {
    let webhook = settings.incidents.webhook.as_ref().map(Operator::new).transpose()?;
    let gate = open(settings, clock).await?;
    let news = Arc::new(News::new(Arc::clone(&gate), settings.incidents.issues.clone(), webhook));
    let wake = Arc::new(Notify::new());
    let runner = Runner::new(Arc::clone(&gate), Arc::clone(&wake), settings.workers, settings.lease);
    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();

    let listener = TcpListener::bind(settings.listen)
        .await
        .map_err(|why| StartError::Listen { address: settings.listen, why })?;
    let address =
        listener.local_addr().map_err(|why| StartError::Listen { address: settings.listen, why })?;
    let bells =
        Bells { wake: Arc::clone(&wake), members: Arc::new(Notify::new()), pushed: Arc::new(Notify::new()) };
    let (members, pushed) = (Arc::clone(&bells.members), Arc::clone(&bells.pushed));
    let routes = routes(settings, &gate, bells, prometheus);
    // Deliveries are taken while the rules are read for the first time; nothing is looked at before.
    tasks.spawn(listen(listener, routes, stopped.clone()));
    let (known, knows) = watch::channel(true);
    if let RulesAt::Repository(at) = &settings.rules {
        let pinned = gate.store.kv_get(&rules::pin_key(&settings.rules.to_string())).await?;
        // A number that cannot be read is not taken for none: no repository has the number 0.
        let pinned = pinned.map(|number| number.parse().unwrap_or(0));
        let mut reader = PolicyReader::new(Arc::clone(&gate), at.clone(), pinned, pushed);
        reader.first().await;
        known.send_replace(reader.knows());
        tasks.spawn(reader.watch(known, stopped.clone()));
    }
    if settings.workers > 0 {
        tasks.spawn(once(knows.clone(), stopped.clone(), runner.clone().run(stopped.clone())));
        // Who only receives does not tell either.
        tasks.spawn(Arc::clone(&news).watch(stopped.clone()));
    }
    tasks.spawn(Arc::clone(&gate.rulebook).watch(stopped.clone()));
    tasks.spawn(suspension::watch(Arc::clone(&gate), stopped.clone()));
    let re_look = housekeeping::re_look_on_new_rules(Arc::clone(&gate), Arc::clone(&wake), stopped.clone());
    tasks.spawn(once(knows, stopped.clone(), re_look));
    let compared = Arc::clone(&wake);
    tasks.spawn(housekeeping::re_look_on_new_members(Arc::clone(&gate), (members, wake), stopped.clone()));
    if settings.workers > 0 {
        let compare = housekeeping::compare(Arc::clone(&gate), Arc::clone(&compared), stopped.clone());
        tasks.spawn(compare);
        tasks.spawn(guard::watch(Arc::clone(&gate), compared, stopped.clone()));
    }
    tasks.spawn(housekeeping::prune(Arc::clone(&gate), settings.retention_days, stopped));
    Ok(Running { address, gate, runner, news, stop, tasks })
}

/// Does something once it is known which rules there are, unless the stop comes first.
async fn once(
    mut knows: watch::Receiver<bool>,
    mut stopped: watch::Receiver<bool>,
    then: impl Future<Output = ()>,
) {
    let known = tokio::select! {
        known = knows.wait_for(|knows| *knows) => known.is_ok(),
        _ = stopped.wait_for(|stop| *stop) => false,
    };
    if known {
        then.await;
    }
}

async fn open(settings: &Settings, clock: Clock) -> Result<Arc<Gate>, StartError> {
    // Private code and payloads lie in there.
    let mut folder = std::fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder
        .recursive(true)
        .create(&settings.data)
        .map_err(|why| StartError::Data { path: settings.data.display().to_string(), why })?;
    let store = Store::open(settings.store.expose_secret(), StoreOptions::default()).await?;
    let limits = crate::git::Limits { max_bytes: settings.git_cache_bytes, ..crate::git::Limits::default() };
    let git = Arc::new(GitCache::open(settings.data.join("git"), limits)?);
    let github = GitHub::new(&settings.github, clock.as_fn(), git)?;
    let rulebook = match &settings.rules {
        RulesAt::File(path) => Rulebook::open(path),
        RulesAt::Repository(_) => Rulebook::at(&settings.rules.to_string()),
    };
    let remembered = store.kv_get(LAST_GOOD).await?;
    if let Some(good) = remembered.and_then(|text| serde_json::from_str(&text).ok()) {
        rulebook.remember(good);
    }
    // Before anything is judged.
    rulebook.suspend(store.suspended().await?);
    let (own_book, rolled_out) = (OwnBook::default(), watch::Sender::new(String::new()));
    Ok(Arc::new(Gate { store, github, rulebook, own_book, rolled_out, clock }))
}

/// What the ingress rings.
struct Bells {
    /// There is work.
    wake: Arc<Notify>,
    /// Memberships may have changed.
    members: Arc<Notify>,
    /// The policy repository was pushed.
    pushed: Arc<Notify>,
}

fn routes(
    settings: &Settings,
    gate: &Arc<Gate>,
    bells: Bells,
    prometheus: Option<PrometheusHandle>,
) -> Router {
    let (github, rulebook) = (gate.github.clone(), Arc::clone(&gate.rulebook));
    let own_rules = housekeeping::OwnRulesBell::new(Arc::clone(gate), Arc::clone(&bells.wake));
    let policy = match &settings.rules {
        RulesAt::Repository(at) => Some(at.repository.clone()),
        RulesAt::File(_) => None,
    };
    let ingress = Ingress {
        store: gate.store.clone(),
        secrets: settings.webhook_secrets.clone().into(),
        app_id: Some(settings.github.app_id),
        clock: gate.clock.as_fn(),
        wake: bells.wake,
        roster_changed: Arc::new(move || {
            github.forget_members();
            bells.members.notify_one();
        }),
        own_rules_changed: Arc::new(move |repo| own_rules.changed(repo)),
        pushed: Arc::new(move |id, name| {
            let origin = rulebook.current().origin.as_ref().map(|origin| origin.repository);
            if policy.as_ref().is_some_and(|policy| policy == name) || origin == Some(id) {
                bells.pushed.notify_one();
            }
        }),
    };
    webhook::router(ingress).merge(health::router(Arc::clone(gate), prometheus))
}

async fn listen(listener: TcpListener, routes: Router, mut stopped: watch::Receiver<bool>) {
    let stop = async move {
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    if let Err(error) = axum::serve(listener, routes).with_graceful_shutdown(stop).await {
        tracing::error!(%error, "the listener broke");
    }
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The parts, for whoever drives the gate by hand.
    #[must_use]
    pub fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// The runner, for whoever drives the gate by hand.
    #[must_use]
    pub fn runner(&self) -> &Runner {
        &self.runner
    }

    /// Tells the outside of incidents that are due, and says how many tries that were; for whoever drives the gate by
    /// hand.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn tell_of_incidents(&self) -> Result<usize, StoreError> {
        self.news.tell().await
    }

    /// Returns when a part that must always run has ended: the process is of no use any more.
    pub async fn broken(&mut self) {
        match self.tasks.join_next().await {
            Some(Err(error)) => tracing::error!(%error, "a part of the gate broke"),
            Some(Ok(())) => tracing::error!("a part of the gate ended"),
            None => {}
        }
    }

    /// Stops gracefully.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(PATIENCE, all).await.is_err() {
            tracing::warn!("some looks did not end in time; their leases will run out");
        }
        self.gate.store.close().await;
    }
}
