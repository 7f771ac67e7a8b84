//! How fast deliveries are acknowledged, durably. The gate is a process of its own; the sender, this program, has to
//! share the machine's cores with it, so beside what the sender sees stands what the gate itself counts.

use std::time::{Duration, Instant};

use fake_github::{FakeGithub, Open, Push};
use futures_util::future::join_all;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::child::{Gate, cpu};
use crate::stage::{Table, ms, percentile, world};

const BURST: u32 = 1000;

/// Acknowledgements of one delivery at a time, and of a thousand at once.
pub(crate) async fn bursts(table: &mut Table) {
    let github = FakeGithub::start(world(0)).await.unwrap();
    github.push(Push::new("Copilot", "acme/web", "copilot/burst").from("main").file("a", "a")).await.unwrap();
    github.open(Open::new("Copilot", "acme/web", "copilot/burst")).await.unwrap();
    let body = github.last_delivery().unwrap().body;
    let gate = Gate::start(&github, 0).await;
    let sender = Sender::new(gate.webhook(), &body, &github.webhook_secret());

    let mut alone = Vec::new();
    for number in 0..200 {
        alone.push(sender.send(number).await);
    }
    alone.sort();
    table.row("acknowledge, one at a time: median", "< 5 ms", ms(percentile(&alone, 0.5)));
    table.row("acknowledge, one at a time: p99", "", ms(percentile(&alone, 0.99)));
    table.row("acknowledge, one at a time: per second", "", per_second(&alone));

    let before = (gate.cpu(), cpu("self"));
    let began = Instant::now();
    let mut burst: Vec<Duration> = join_all((1000..1000 + BURST).map(|number| sender.send(number))).await;
    let took = began.elapsed();
    let used = (gate.cpu() - before.0, cpu("self") - before.1);
    burst.sort();
    table.row("acknowledge, 1,000 at once: median", "< 5 ms", ms(percentile(&burst, 0.5)));
    table.row("acknowledge, 1,000 at once: p99", "< 50 ms", ms(percentile(&burst, 0.99)));
    let rate = f64::from(BURST) / took.as_secs_f64();
    table.row("acknowledge, 1,000 at once: per second", "", format!("{rate:.0}"));
    // The 200 before count as well.
    for (bound, aim) in [("0.005", ""), ("0.05", "")] {
        let share = gate.share("portcullis_delivery_ack_seconds", bound).await;
        table.row(
            format!("acknowledged within {bound} s, as the gate counts"),
            aim,
            format!("{:.0} %", share * 100.0),
        );
    }
    table.row("own CPU for a delivery of 1,000 at once", "", ms(used.0 / BURST));
    table.row("the sender's CPU for it, on the same cores", "", ms(used.1 / BURST));
}

fn per_second(times: &[Duration]) -> String {
    let sum: Duration = times.iter().sum();
    format!("{:.0}", times.len() as f64 / sum.as_secs_f64())
}

/// Sends signed deliveries over connections that stay open.
struct Sender {
    client: reqwest::Client,
    url: String,
    body: bytes::Bytes,
    signature: String,
}

impl Sender {
    fn new(url: String, body: &bytes::Bytes, secret: &str) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(body);
        let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { client, url, body: body.clone(), signature }
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
