//! The one place that sends requests to the forge: bounded in time and size, counted, and repeated only when safe.
//!
//! A read is tried again a few times when the server is in passing trouble. A write is sent once: when its outcome is
//! unknown the error says so, and the caller looks again before doing anything. Redirects are followed once, to the
//! same origin only, as GitHub asks for renamed repositories; a token never travels to another host.

use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use policy::Millis;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Method, Response, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};

use super::Clock;
use super::answer::{self, Meaning};
use super::budget::{Budget, Budgets, Cost, Payer};
use super::error::{ForgeError, quote};
use super::settings::{Limits, Settings, SettingsError};

/// Pinned. `2026-03-10` exists, and differs in nothing that is asked here; the older one is also spoken by every
/// GitHub Enterprise Server in support, which answers 400 to a version it does not know.
const API_VERSION: HeaderValue = HeaderValue::from_static("2022-11-28");

/// One request.
#[derive(Debug)]
pub(super) struct Call<'a> {
    /// Names the request in metrics and errors.
    pub(super) operation: &'static str,
    pub(super) payer: Payer,
    pub(super) cost: Cost,
    pub(super) repeat: Repeat,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) token: &'a SecretString,
    pub(super) body: Option<Bytes>,
}

/// Whether a request may be sent again when its outcome is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It changes nothing, or doing it twice harms nobody.
    Safe,
    /// It might have happened.
    Never,
}

/// A successful answer, read whole.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// What one try brought.
enum Try {
    Done(Answer),
    Moved(Url),
    Passing(ForgeError),
    Failed(ForgeError),
}

/// Sends requests.
pub(super) struct Http {
    client: reqwest::Client,
    limits: Limits,
    budgets: Budgets,
    clock: Clock,
    calls: AtomicU64,
}

impl Http {
    pub(super) fn new(settings: &Settings, clock: Clock) -> Result<Self, SettingsError> {
        let limits = settings.limits.clone();
        let client = reqwest::Client::builder()
            .user_agent(settings.user_agent.as_str())
            .connect_timeout(limits.connect)
            .timeout(limits.total)
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(limits.at_once)
            .pool_idle_timeout(Duration::from_secs(60))
            .tcp_nodelay(true)
            .build()
            .map_err(|error| SettingsError::Client(error.to_string()))?;
        let budgets = Budgets::new(limits.clone());
        Ok(Self { client, limits, budgets, clock, calls: AtomicU64::new(0) })
    }

    pub(super) fn now(&self) -> Millis {
        (self.clock)()
    }

    /// How many requests were sent since the start, repetitions counted.
    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    pub(super) async fn budget(&self, payer: Payer) -> Arc<Budget> {
        self.budgets.of(payer).await
    }

    /// Sends a request and reads its answer.
    pub(super) async fn send(&self, mut call: Call<'_>) -> Result<Answer, ForgeError> {
        let budget = self.budgets.of(call.payer).await;
        let started = Instant::now();
        let (mut tries, mut moves) = (0, 0);
        loop {
            tries += 1;
            let error = match self.try_once(&call, &budget).await {
                Try::Done(answer) => return Ok(answer),
                Try::Failed(error) => return Err(error),
                Try::Moved(_) if moves > 0 => {
                    return Err(ForgeError::broken(call.operation, "redirected in a circle"));
                }
                Try::Moved(url) => {
                    (call.url, moves) = (url, 1);
                    continue;
                }
                Try::Passing(error) => error,
            };
            let out_of_tries = tries >= self.limits.tries || started.elapsed() >= self.limits.repeat_within;
            if call.repeat == Repeat::Never || out_of_tries {
                return Err(error);
            }
            tokio::time::sleep(pause(self.limits.backoff, tries)).await;
        }
    }

    async fn try_once(&self, call: &Call<'_>, budget: &Budget) -> Try {
        let started = Instant::now();
        let outcome = self.try_within(call, budget).await;
        let word = match &outcome {
            Try::Done(_) => "ok",
            Try::Moved(_) => "moved",
            Try::Passing(error) | Try::Failed(error) => error.outcome(),
        };
        metrics::counter!("portcullis_forge_calls_total", "operation" => call.operation, "outcome" => word)
            .increment(1);
        metrics::histogram!("portcullis_forge_call_seconds", "operation" => call.operation)
            .record(started.elapsed().as_secs_f64());
        outcome
    }

    async fn try_within(&self, call: &Call<'_>, budget: &Budget) -> Try {
        let _place = match budget.enter().await {
            Ok(place) => place,
            Err(error) => return Try::Failed(error),
        };
        if let Err(error) = budget.spend(call.cost, self.now()) {
            return Try::Failed(error);
        }
        let request = match self.request(call) {
            Ok(request) => request,
            Err(error) => return Try::Failed(error),
        };
        self.calls.fetch_add(1, Ordering::Relaxed);
        let response = match self.client.execute(request).await {
            Ok(response) => response,
            Err(error) => return Try::Passing(ForgeError::broken(call.operation, spell_out(&error))),
        };
        let (status, headers) = (response.status(), response.headers().clone());
        match read(call.operation, response, self.limits.answer).await {
            Ok(body) => self.understand(call, budget, status, headers, body),
            Err(failed) => failed,
        }
    }

    fn understand(
        &self,
        call: &Call<'_>,
        budget: &Budget,
        status: StatusCode,
        headers: HeaderMap,
        body: Bytes,
    ) -> Try {
        let now = self.now();
        match answer::meaning(call.operation, status, &headers, &body, now) {
            Meaning::Fine => {
                match answer::used_up(&headers, now) {
                    Some(limit) => drop(budget.note(limit, call.cost.resource, now)),
                    None => budget.relax(),
                }
                Try::Done(Answer { headers, body })
            }
            Meaning::Limited(limit) => {
                let until = budget.note(limit, call.cost.resource, now);
                Try::Failed(ForgeError::RateLimited { until })
            }
            Meaning::Moved => match same_origin(&call.url, &headers) {
                Some(url) => Try::Moved(url),
                None => Try::Failed(ForgeError::broken(call.operation, "redirected to another host")),
            },
            Meaning::Passing(error) => Try::Passing(error),
            Meaning::Final(error) => Try::Failed(error),
        }
    }

    fn request(&self, call: &Call<'_>) -> Result<reqwest::Request, ForgeError> {
        let bearer = format!("Bearer {}", call.token.expose_secret());
        let mut authorization = HeaderValue::try_from(bearer)
            .map_err(|_| ForgeError::broken(call.operation, "the token is no header value"))?;
        authorization.set_sensitive(true);
        let mut request = reqwest::Request::new(call.method.clone(), call.url.clone());
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, authorization);
        headers.insert(ACCEPT, HeaderValue::from_static("application/vnd.github+json"));
        headers.insert(HeaderName::from_static("x-github-api-version"), API_VERSION);
        if let Some(body) = &call.body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.clone().into());
        }
        Ok(request)
    }
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Http")
            .field("limits", &self.limits)
            .field("calls", &self.calls)
            .finish_non_exhaustive()
    }
}

/// Reads a body up to the limit, whatever its `content-length` claims.
async fn read(operation: &'static str, mut response: Response, limit: usize) -> Result<Bytes, Try> {
    let too_large = || Try::Failed(ForgeError::TooLarge { what: operation.to_owned(), limit });
    let claimed = response.content_length().unwrap_or(0);
    if usize::try_from(claimed).map_or(true, |claimed| claimed > limit) {
        return Err(too_large());
    }
    let mut body = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len().saturating_add(chunk.len()) > limit => return Err(too_large()),
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body.freeze()),
            Err(error) => return Err(Try::Passing(ForgeError::broken(operation, spell_out(&error)))),
        }
    }
}

fn same_origin(from: &Url, headers: &HeaderMap) -> Option<Url> {
    let to = from.join(headers.get(LOCATION)?.to_str().ok()?).ok()?;
    (to.origin() == from.origin()).then_some(to)
}

/// Tripled for each try, plus up to as much again, so that many callers do not come back together.
fn pause(first: Duration, tries: u32) -> Duration {
    let pause = first.saturating_mul(3_u32.saturating_pow(tries.saturating_sub(1)));
    let random = std::hash::RandomState::new().build_hasher().finish() % 1_000;
    pause + pause.mul_f64(random as f64 / 1_000.0)
}

/// The whole chain of causes, without the address, which only repeats what the operation's name says.
fn spell_out(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "timed out".to_owned();
    }
    let mut text = if error.is_connect() { "could not connect" } else { "the connection failed" }.to_owned();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    quote(&text)
}
