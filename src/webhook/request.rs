//! The outside of a request: type, headers, and a body that is bounded in size, time and number.
//!
//! Whoever speaks here is unknown, so all of it is cheap and none of it is kept.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::answer::Refusal;
use super::delivery::Envelope;
use crate::store::Guid;

/// GitHub sends nothing larger
/// (<https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap>).
pub(super) const MOST_BYTES: usize = 25 * 1024 * 1024;
/// GitHub gives up after this time itself.
const BODY_TIME: Duration = Duration::from_secs(10);
/// What all bodies that are being received may hold together.
const ROOM_KIB: usize = 256 * 1024;

/// Memory for bodies on their way in.
#[derive(Debug, Clone)]
pub(super) struct Room(Arc<Semaphore>);

impl Room {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(ROOM_KIB)))
    }

    fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Refusal> {
        let kib = u32::try_from(bytes / 1024 + 1).unwrap_or(u32::MAX);
        Arc::clone(&self.0).try_acquire_many_owned(kib).map_err(|_| Refusal::Busy)
    }
}

/// A received body and the room it holds until it is dropped.
pub(super) struct Received {
    pub(super) raw: Bytes,
    pub(super) _room: OwnedSemaphorePermit,
}

/// What the headers must say before the body is worth reading.
pub(super) struct Heading {
    pub(super) envelope: Envelope,
    pub(super) signature: String,
}

pub(super) fn heading(headers: &HeaderMap) -> Result<Heading, Refusal> {
    let announced = only(headers, "content-length").and_then(|length| length.parse::<u64>().ok());
    if announced.is_some_and(|length| length > MOST_BYTES as u64) {
        return Err(Refusal::TooLarge);
    }
    must_be_json(headers)?;
    let guid = only(headers, "x-github-delivery")
        .and_then(Guid::parse)
        .ok_or(Refusal::Header("X-GitHub-Delivery"))?;
    let event = only(headers, "x-github-event")
        .filter(|event| is_event_name(event))
        .ok_or(Refusal::Header("X-GitHub-Event"))?;
    let signature = only(headers, "x-hub-signature-256").ok_or(Refusal::Signature)?;
    Ok(Heading { envelope: Envelope { guid, event: event.to_owned() }, signature: signature.to_owned() })
}

/// A header's value when it is there exactly once: with two, somebody on the way might have read the other one.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// Such as `pull_request`, or `projects_v2_item`.
fn is_event_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    (1..=64).contains(&text.len()) && text.bytes().all(plain)
}

fn must_be_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let kind = only(headers, header::CONTENT_TYPE.as_str()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim();
    if kind.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Err(Refusal::Form)
    } else {
        Err(Refusal::Type)
    }
}

pub(super) async fn receive(body: Body, room: &Room) -> Result<Received, Refusal> {
    tokio::time::timeout(BODY_TIME, collect(body, room)).await.unwrap_or(Err(Refusal::Slow))
}

/// Takes room only for what has come, so that announcing much costs nobody anything.
async fn collect(body: Body, room: &Room) -> Result<Received, Refusal> {
    let mut held = room.take(0)?;
    let mut raw = BytesMut::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Refusal::Body)?;
        if raw.len() + chunk.len() > MOST_BYTES {
            return Err(Refusal::TooLarge);
        }
        held.merge(room.take(chunk.len())?);
        raw.extend_from_slice(&chunk);
    }
    Ok(Received { raw: raw.freeze(), _room: held })
}
