//! Webhook deliveries: what was made, what waits, what was answered.
//!
//! Only the book-keeping and the bytes; [`courier`](crate::courier) sends. Adversity is decided when a delivery
//! is taken out to be sent: it may be lost, sent twice, or overtaken.

use std::collections::VecDeque;

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// One webhook delivery.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// GitHub's numeric id of the delivery.
    pub id: u64,
    /// `X-GitHub-Delivery`; the same again on redelivery.
    pub guid: String,
    /// `X-GitHub-Event`.
    pub event: String,
    /// The payload's `action`.
    pub action: Option<String>,
    /// The repository's id.
    pub repository: Option<u64>,
    /// The headers as they are sent.
    pub headers: Vec<(String, String)>,
    /// The raw body, over which the signature goes.
    pub body: Bytes,
    /// Every attempt, in order.
    pub attempts: Vec<Attempt>,
}

/// One attempt to deliver.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Epoch seconds.
    pub at: i64,
    /// The receiver's status; `None` when it was lost or nobody answered.
    pub status: Option<u16>,
    /// Whether somebody asked for it to be sent again.
    pub redelivery: bool,
}

impl Delivery {
    /// The status of the last attempt.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.attempts.last().and_then(|attempt| attempt.status)
    }

    /// Event, headers and payload as one JSON object, such as a scenario's `event.json`.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let headers: serde_json::Map<_, _> =
            self.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        let payload: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        serde_json::json!({ "event": self.event, "headers": headers, "payload": payload })
    }

    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// `sha256=<hex>` over the raw body.
pub(crate) fn signature(secret: &str, body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// The same GUID for the same place in the story.
fn guid(number: u64) -> String {
    let digest = hex::encode(Sha256::digest(format!("delivery {number}")));
    let part = |from: usize, to: usize| digest.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-a{}-{}", part(0, 8), part(8, 12), part(12, 15), part(15, 18), part(18, 30))
}

/// What to make a delivery of.
pub(crate) struct Letter {
    pub(crate) event: &'static str,
    pub(crate) action: Option<String>,
    pub(crate) repository: Option<u64>,
    pub(crate) payload: serde_json::Value,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Fate {
    Send { delivery: usize, redelivery: bool },
    Lose { delivery: usize },
}

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pub(crate) all: Vec<Delivery>,
    waiting: VecDeque<(usize, bool)>,
    pub(crate) lose_next: usize,
    pub(crate) doubles: bool,
    pub(crate) shuffle: Option<u64>,
}

impl Outbox {
    pub(crate) fn add(&mut self, app: u64, secret: &str, letter: Letter) {
        let number = self.all.len() as u64 + 1;
        let body = Bytes::from(letter.payload.to_string());
        let guid = guid(number);
        let headers = [
            ("Accept", "*/*".to_owned()),
            ("Content-Type", "application/json".to_owned()),
            ("User-Agent", "GitHub-Hookshot/f4ke000".to_owned()),
            ("X-GitHub-Delivery", guid.clone()),
            ("X-GitHub-Event", letter.event.to_owned()),
            ("X-GitHub-Hook-ID", "5150".to_owned()),
            ("X-GitHub-Hook-Installation-Target-ID", app.to_string()),
            ("X-GitHub-Hook-Installation-Target-Type", "integration".to_owned()),
            ("X-Hub-Signature-256", signature(secret, &body)),
        ];
        self.waiting.push_back((self.all.len(), false));
        self.all.push(Delivery {
            id: 80_000_000 + number,
            guid,
            event: letter.event.to_owned(),
            action: letter.action,
            repository: letter.repository,
            headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            body,
            attempts: Vec::new(),
        });
    }

    pub(crate) fn waiting(&self) -> Vec<Delivery> {
        self.waiting.iter().filter_map(|(index, _)| self.all.get(*index).cloned()).collect()
    }

    /// Queues a delivery again under its GUID.
    pub(crate) fn again(&mut self, wanted: impl Fn(&Delivery) -> bool) -> bool {
        let Some(index) = self.all.iter().position(wanted) else { return false };
        self.waiting.push_back((index, true));
        true
    }

    pub(crate) fn forget_waiting(&mut self) {
        self.waiting.clear();
    }

    /// The next delivery to go out, and what becomes of it.
    pub(crate) fn take(&mut self) -> Option<Vec<Fate>> {
        let place = self.next_place();
        let (delivery, redelivery) = self.waiting.remove(place)?;
        if self.lose_next > 0 {
            self.lose_next -= 1;
            return Some(vec![Fate::Lose { delivery }]);
        }
        let times = if self.doubles { 2 } else { 1 };
        Some(vec![Fate::Send { delivery, redelivery }; times])
    }

    /// The front, or any place once the order is shuffled (xorshift, so that a seed tells the same story).
    fn next_place(&mut self) -> usize {
        let Some(seed) = &mut self.shuffle else { return 0 };
        let mut next = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        next ^= next << 13;
        next ^= next >> 7;
        next ^= next << 17;
        *seed = next;
        let waiting = self.waiting.len().max(1) as u64;
        usize::try_from(next % waiting).unwrap_or(0)
    }

    pub(crate) fn settle(&mut self, index: usize, attempt: Attempt) {
        if let Some(delivery) = self.all.get_mut(index) {
            delivery.attempts.push(attempt);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{guid, signature};

    #[test]
    fn signs_as_the_example_in_githubs_documentation() {
        // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
        assert_eq!(
            signature("It's a Secret to Everybody", b"Hello, World!"),
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        );
    }

    #[test]
    fn guids_look_like_guids_and_differ() {
        assert_eq!(guid(1).len(), 36);
        assert_ne!(guid(1), guid(2));
    }
}
