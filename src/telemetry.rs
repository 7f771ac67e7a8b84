//! Logs and metrics: set up once, by `main`.
//!
//! Logs go to standard error; `PORTCULLIS_LOG` filters them (`info` by default, `portcullis=debug` and the like).

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

/// How logs look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging, at this level unless the environment says otherwise. A second call is ignored.
pub fn log(format: LogFormat, level: &str) {
    let filter = EnvFilter::try_from_env("PORTCULLIS_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(on_terminal());
    let _ = match format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
}

/// Colours are for people who look; in a file they are noise.
fn on_terminal() -> bool {
    use std::io::IsTerminal as _;
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Bounds of the histograms, in seconds.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// Starts collecting metrics; `None` when somebody else collects them already.
#[must_use]
pub fn metrics() -> Option<PrometheusHandle> {
    let seconds = Matcher::Suffix("_seconds".to_owned());
    let builder = PrometheusBuilder::new().set_buckets_for_metric(seconds, &SECONDS).ok()?;
    let handle = builder.install_recorder().ok()?;
    describe();
    Some(handle)
}

fn describe() {
    metrics::describe_counter!("portcullis_deliveries_total", "Deliveries by event and what became of them.");
    metrics::describe_counter!("portcullis_verdicts_total", "Verdicts by conclusion.");
    metrics::describe_counter!("portcullis_retries_total", "Looks that ended without a verdict.");
    metrics::describe_histogram!("portcullis_look_seconds", "How long a look at a subject took.");
    metrics::describe_gauge!("portcullis_rules_invalid", "1 while the rules file is not usable.");
    metrics::describe_gauge!("portcullis_subjects_waiting", "Subjects that are due, later due, or leased.");
    metrics::describe_gauge!(
        "portcullis_oldest_waiting_seconds",
        "Since when the longest waiting one is due."
    );
}
