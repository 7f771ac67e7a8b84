//! How fast deliveries are acknowledged, durably.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::stage::{Bench, Table, ms, percentile};

/// Acknowledgements of one delivery at a time, and of a thousand at once.
pub(crate) async fn bursts(table: &mut Table) {
    let bench = Bench::start(0, 0).await;
    let number = bench.open("burst", 1).await;
    let delivery = bench.github.last_delivery().unwrap();
    bench.github.forget_pending();
    assert_eq!(number, 1);
    let sender = Sender::new(&bench, &delivery.body, &bench.github.webhook_secret());

    let mut alone = Vec::new();
    for number in 0..200 {
        alone.push(sender.send(number).await);
    }
    alone.sort();
    table.row("acknowledge, one at a time: median", "< 5 ms", ms(percentile(&alone, 0.5)));
    table.row("acknowledge, one at a time: p99", "", ms(percentile(&alone, 0.99)));

    let before = bench.running.gate().store.counters();
    let began = Instant::now();
    let mut burst: Vec<Duration> = join_all((1000..2000).map(|number| sender.send(number))).await;
    let took = began.elapsed();
    burst.sort();
    let after = bench.running.gate().store.counters();
    table.row("acknowledge, 1,000 at once: median", "< 5 ms", ms(percentile(&burst, 0.5)));
    table.row("acknowledge, 1,000 at once: p99", "< 50 ms", ms(percentile(&burst, 0.99)));
    table.row("acknowledge, 1,000 at once: per second", "", format!("{:.0}", 1000.0 / took.as_secs_f64()));
    table.row(
        "transactions for 1,000 at once",
        "far fewer",
        (after.transactions - before.transactions).to_string(),
    );
    bench.running.stop().await;
}

/// Sends signed deliveries over connections that stay open.
struct Sender {
    client: reqwest::Client,
    url: String,
    body: bytes::Bytes,
    signature: String,
}

impl Sender {
    fn new(bench: &Bench, body: &bytes::Bytes, secret: &str) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(body);
        let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { client, url: bench.webhook(), body: body.clone(), signature }
    }

    async fn send(&self, number: u32) -> Duration {
        let began = Instant::now();
        let request = self
            .client
            .post(&self.url)
            .header("content-type", "application/json")
            .header("x-github-event", "pull_request")
            .header("x-github-delivery", format!("00000000-0000-4000-8000-{number:012}"))
            .header("x-hub-signature-256", &self.signature)
            .body(self.body.clone());
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 202);
        began.elapsed()
    }
}
