//! `portcullis deliveries`: what came, what became of it, and above all what could not be read.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::source::Source;
use super::{Error, moment, runtime, say};
use crate::report::escape::plain;
use crate::store::{DeliveryFilter, DeliveryState, Guid, Store, StoredDelivery};

/// List deliveries
#[derive(Debug, Args)]
pub(super) struct Deliveries {
    /// Only those that should have meant something and could not be read
    #[arg(long)]
    failed: bool,
    /// At most so many, newest first
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: u32,
    /// Print the payload of one delivery instead
    #[arg(long, value_name = "GUID")]
    body: Option<String>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    source: Source,
}

impl Deliveries {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        runtime()?.block_on(async {
            let store = self.source.open().await?;
            let text = match &self.body {
                Some(guid) => body(&store, guid).await?,
                None => {
                    let state = self.failed.then_some(DeliveryState::Failed);
                    let filter = DeliveryFilter { state, before: None, limit: self.limit };
                    let found = store.deliveries(&filter).await?;
                    if self.json { as_json(&found) } else { as_table(&found, self.failed) }
                }
            };
            say(&text);
            store.close().await;
            Ok(ExitCode::SUCCESS)
        })
    }
}

async fn body(store: &Store, guid: &str) -> Result<String, Error> {
    let known = Guid::parse(guid).ok_or("that is no delivery's GUID")?;
    let body = store.delivery_body(&known).await?;
    let body = body.ok_or_else(|| format!("no payload of delivery `{known}` is in the store"))?;
    Ok(format!("{}\n", String::from_utf8_lossy(&body)))
}

fn as_json(deliveries: &[StoredDelivery]) -> String {
    let rows: Vec<_> = deliveries
        .iter()
        .map(|delivery| {
            json!({
                "guid": delivery.guid.as_str(),
                "event": delivery.event,
                "action": delivery.action,
                "repository": delivery.repo.as_ref().map(ToString::to_string),
                "sender": delivery.sender.as_ref().map(|sender| &sender.login),
                "received_at": delivery.received_at,
                "seen": delivery.seen,
                "state": delivery.state.as_str(),
                "error_path": delivery.error_path,
                "error": delivery.error,
                "body_bytes": delivery.body_bytes,
            })
        })
        .collect();
    format!("{:#}\n", json!(rows))
}

fn as_table(deliveries: &[StoredDelivery], failed: bool) -> String {
    if deliveries.is_empty() {
        return if failed {
            "No delivery failed.\n".to_owned()
        } else {
            "No delivery came yet.\n".to_owned()
        };
    }
    let mut table = String::new();
    for delivery in deliveries {
        let event = match &delivery.action {
            Some(action) => format!("{}.{action}", delivery.event),
            None => delivery.event.clone(),
        };
        let repo = delivery.repo.as_ref().map(ToString::to_string).unwrap_or_default();
        table.push_str(&format!(
            "{}  {}  {:<10} {:<34} {}\n",
            moment(delivery.received_at.0),
            delivery.guid,
            delivery.state.as_str(),
            plain(&event, 60),
            plain(&repo, 120),
        ));
        if let Some(error) = &delivery.error {
            let path =
                delivery.error_path.as_deref().map(|path| format!("at `{path}`: ")).unwrap_or_default();
            table.push_str(&format!("    {}\n", plain(&format!("{path}{error}"), 300)));
        }
    }
    table
}
