//! The App's own webhook deliveries: listed, read and sent again.
//!
//! On GitHub each attempt has its own id while the GUID stays. Three days are kept.
//! <https://docs.github.com/en/rest/apps/webhooks>

use serde_json::{Map, Value, json};

use super::{Answer, Asked};
use crate::clock::rfc3339;
use crate::delivery::{Attempt, Delivery};
use crate::reply::Reply;
use crate::world::World;

/// How far the ids of two attempts at one delivery are apart.
const APART: u64 = 1_000_000_000;
/// How long deliveries are kept, in seconds.
const KEPT: i64 = 3 * 24 * 3600;

fn item(world: &World, delivery: &Delivery, number: u64, attempt: &Attempt) -> Value {
    let status = match attempt.status {
        Some(200..=299) => "OK".to_owned(),
        Some(code) => format!("Invalid HTTP Response: {code}"),
        None => "failed to connect to host".to_owned(),
    };
    json!({
        "id": delivery.id + number * APART, "guid": delivery.guid, "delivered_at": rfc3339(attempt.at),
        "redelivery": attempt.redelivery, "duration": 0.01, "status": status,
        "status_code": attempt.status.unwrap_or(0), "event": delivery.event, "action": delivery.action,
        "installation_id": world.app.installation, "repository_id": delivery.repository, "throttled_at": null,
    })
}

fn succeeded(attempt: &Attempt) -> bool {
    matches!(attempt.status, Some(200..=299))
}

/// The secret is never told; that there is one is.
pub(super) fn config(asked: &Asked<'_>) -> Answer {
    let world = asked.shared.world();
    asked.as_app(&world)?;
    let hook = &world.app.hook;
    Ok(Reply::ok(json!({
        "content_type": hook.content_type, "insecure_ssl": hook.insecure_ssl, "secret": "********", "url": hook.url,
    })))
}

/// Newest first; the cursor is the id of the last attempt shown.
pub(super) fn list(asked: &Asked<'_>) -> Answer {
    let world = asked.shared.world();
    asked.as_app(&world)?;
    let oldest = world.clock.wall() - KEPT;
    let mut attempts = Vec::new();
    for delivery in &world.outbox.all {
        for (number, attempt) in (0..).zip(&delivery.attempts) {
            let fits = match asked.query.get("status").map(String::as_str) {
                Some("success") => succeeded(attempt),
                Some("failure") => !succeeded(attempt),
                _ => true,
            };
            if fits && attempt.at > oldest {
                attempts.push((
                    attempt.at,
                    delivery.id + number * APART,
                    item(&world, delivery, number, attempt),
                ));
            }
        }
    }
    attempts.sort_by_key(|(at, id, _)| std::cmp::Reverse((*at, *id)));
    let after: Option<u64> = asked.query.get("cursor").and_then(|cursor| cursor.parse().ok());
    let start =
        after.and_then(|id| attempts.iter().position(|(_, known, _)| *known == id)).map_or(0, |at| at + 1);
    let per_page =
        asked.query.get("per_page").and_then(|text| text.parse().ok()).unwrap_or(30_usize).clamp(1, 100);
    let end = (start + per_page).min(attempts.len());
    let shown = attempts.get(start..end).unwrap_or_default();
    let reply = Reply::ok(shown.iter().map(|(_, _, item)| item.clone()).collect());
    match shown.last() {
        Some((_, last, _)) if end < attempts.len() => {
            let status =
                asked.query.get("status").map(|status| format!("&status={status}")).unwrap_or_default();
            let next = format!("{}{}?per_page={per_page}&cursor={last}{status}", world.url, asked.path);
            Ok(reply.header("link", format!("<{next}>; rel=\"next\"")))
        }
        _ => Ok(reply),
    }
}

pub(super) fn read(asked: &Asked<'_>, id: &str) -> Answer {
    let world = asked.shared.world();
    asked.as_app(&world)?;
    let id = asked.number(id)?;
    let (number, wanted) = (id / APART, id % APART);
    let delivery =
        world.outbox.all.iter().find(|delivery| delivery.id == wanted).ok_or_else(Reply::not_found)?;
    let attempt = usize::try_from(number).ok().and_then(|number| delivery.attempts.get(number));
    let mut shown = item(&world, delivery, number, attempt.ok_or_else(Reply::not_found)?);
    let headers: Map<String, Value> =
        delivery.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    if let Value::Object(fields) = &mut shown {
        let payload: Value = serde_json::from_slice(&delivery.body).unwrap_or_default();
        fields.insert("request".to_owned(), json!({ "headers": headers, "payload": payload }));
        fields.insert("response".to_owned(), json!({ "headers": {}, "payload": "" }));
    }
    Ok(Reply::ok(shown))
}

pub(super) fn attempt(asked: &Asked<'_>, id: &str) -> Answer {
    let mut world = asked.shared.world();
    asked.as_app(&world)?;
    let wanted = asked.number(id)? % APART;
    if !world.outbox.again(|delivery| delivery.id == wanted) {
        return Err(Reply::not_found());
    }
    Ok(Reply::json(202, json!({})))
}
