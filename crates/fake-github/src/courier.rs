//! Sends deliveries, as GitHub does: ten seconds for an answer, no second attempt of its own accord.

use std::sync::Arc;
use std::time::Duration;

use crate::delivery::{Attempt, Delivery, Fate};
use crate::server::Shared;

/// GitHub counts a delivery as failed after this long.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends the delivery that is next, if one waits. Answers how it went, one entry per copy sent.
pub(crate) async fn send_next(shared: &Shared, url: &str) -> Option<Vec<Delivery>> {
    let fates = shared.world().outbox.take()?;
    let mut settled = Vec::new();
    for fate in fates {
        settled.extend(carry_out(shared, url, fate).await);
    }
    Some(settled)
}

/// Takes all waiting deliveries out and sends them at once.
pub(crate) async fn send_all_at_once(shared: &Shared, url: &str) -> Vec<Delivery> {
    let mut fates = Vec::new();
    while let Some(taken) = shared.world().outbox.take() {
        fates.extend(taken);
    }
    let sends = fates.into_iter().map(|fate| carry_out(shared, url, fate));
    futures_util::future::join_all(sends).await.into_iter().flatten().collect()
}

async fn carry_out(shared: &Shared, url: &str, fate: Fate) -> Option<Delivery> {
    let (index, redelivery, status) = match fate {
        Fate::Lose { delivery } => (delivery, false, None),
        Fate::Send { delivery, redelivery } => {
            let letter = shared.world().outbox.all.get(delivery).cloned()?;
            (delivery, redelivery, send(&shared.http, url, &letter).await)
        }
    };
    let mut world = shared.world();
    let at = world.clock.wall();
    world.outbox.settle(index, Attempt { at, status, redelivery });
    world.outbox.all.get(index).cloned()
}

async fn send(http: &reqwest::Client, url: &str, delivery: &Delivery) -> Option<u16> {
    let mut request = http.post(url).timeout(PATIENCE).body(delivery.body.clone());
    for (name, value) in &delivery.headers {
        request = request.header(name, value);
    }
    request.send().await.ok().map(|answer| answer.status().as_u16())
}

/// Sends whatever comes to wait, until the forge goes away.
pub(crate) async fn keep_sending(shared: Arc<Shared>, url: String) {
    loop {
        let woken = shared.mail.notified();
        while send_next(&shared, &url).await.is_some() {}
        woken.await;
    }
}
