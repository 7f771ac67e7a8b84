//! `GET /healthz`, `/readyz` and `/metrics`. They change nothing and tell no secret.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use metrics_exporter_prometheus::PrometheusHandle;
use policy::rules::Trouble;
use serde_json::json;

use crate::reconcile::Gate;

#[derive(Clone)]
struct Health {
    gate: Arc<Gate>,
    prometheus: Option<PrometheusHandle>,
}

/// The three pages.
pub(super) fn router(gate: Arc<Gate>, prometheus: Option<PrometheusHandle>) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(Health { gate, prometheus })
}

/// Alive, and what it is doing. Invalid rules do not make it sick: restarting would not help.
async fn healthz(State(health): State<Health>) -> Response {
    let rules = health.gate.rulebook.current();
    let waiting = health.gate.store.waiting().await.ok();
    let digest = rules.in_force.as_ref().map(|rules| rules.digest.clone());
    let body = json!({
        "status": "alive",
        "version": env!("CARGO_PKG_VERSION"),
        "rules": {
            "source": rules.place,
            "commit": rules.commit.as_ref().map(policy::Sha::as_str),
            "in_force": digest,
            "trouble": rules.trouble.as_ref().map(Trouble::sentence),
        },
        "waiting": waiting.map(|waiting| waiting.subjects),
    });
    Json(body).into_response()
}

/// Whether deliveries can be taken: the store answers.
async fn readyz(State(health): State<Health>) -> Response {
    match health.gate.store.writable().await {
        Ok(()) => Json(json!({ "status": "ready" })).into_response(),
        Err(error) => {
            let body = json!({ "status": "not ready", "why": error.to_string() });
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
    }
}

async fn metrics(State(health): State<Health>) -> Response {
    let Some(prometheus) = &health.prometheus else { return StatusCode::NOT_FOUND.into_response() };
    if let Ok(waiting) = health.gate.store.waiting().await {
        let now = health.gate.clock.now();
        let age = waiting.oldest.map_or(0, |oldest| now.0.saturating_sub(oldest.0).max(0));
        metrics::gauge!("portcullis_subjects_waiting").set(float(waiting.subjects));
        metrics::gauge!("portcullis_oldest_waiting_seconds").set(float(age.unsigned_abs()) / 1000.0);
    }
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, prometheus.render()).into_response()
}

/// Exact up to 2^32, which is more than will ever wait.
fn float(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
