//! `portcullis serve`: receives deliveries and keeps the forge showing verdicts, until told to stop.

use std::process::ExitCode;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::{Error, runtime};
use crate::clock::Clock;
use crate::config::{Flags, Settings};
use crate::serve::start;
use crate::telemetry::{self, LogFormat};

/// Receive deliveries and keep the forge showing verdicts
#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    flags: Flags,
}

impl Serve {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        telemetry::log(if self.flags.log_json { LogFormat::Json } else { LogFormat::Text }, "info");
        let settings = Settings::resolve(self.flags)?;
        runtime()?.block_on(async {
            let mut running = start(&settings, Clock::system(), telemetry::metrics()).await?;
            tracing::info!(
                address = %running.address(),
                rules = %settings.rules,
                workers = settings.workers,
                "listening: deliveries go to /webhooks/github"
            );
            let code = tokio::select! {
                asked = stop_asked() => {
                    asked?;
                    tracing::info!("stopping: looks under way end first");
                    ExitCode::SUCCESS
                }
                // Whoever started us starts us again.
                () = running.broken() => ExitCode::FAILURE,
            };
            running.stop().await;
            Ok(code)
        })
    }
}

async fn stop_asked() -> Result<(), Error> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        pressed = tokio::signal::ctrl_c() => pressed?,
    }
    Ok(())
}
