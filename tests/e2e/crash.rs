//! A SIGKILL between any two of the four transactions loses nothing and posts nothing twice.
//!
//! T1 keeps a delivery, T2 leases its subject, T3 writes down what is intended, T4 what came of it. Each test stops the
//! process at one place, by a forge that does not answer, kills it, and starts another one on the same store.

use std::net::TcpListener;
use std::time::Duration;

use fake_github::{Call, Fault};
use policy::RepoName;
use portcullis::store::{DeliveryFilter, DeliveryState};

use crate::child::{Child, Den, LEASE, until};
use crate::stage::{WEB, propose, push};

const READ: &str = "graphql PullRequest";
const POST: &str = "POST /repos/*/*/check-runs";

/// An agent's pull request, delivered and acknowledged.
async fn acknowledged(den: &Den, gate: &Child) -> u64 {
    let number = propose(&den.github, "hello").await;
    let deliveries = den.github.deliver_all(&gate.webhook()).await;
    assert!(deliveries.iter().all(|delivery| delivery.status() == Some(202)), "{}", gate.log());
    number
}

/// Waits for a call that is not answered.
async fn hangs(den: &Den, route: &str) {
    let stuck = |call: &Call| call.status == 0 && call.route.starts_with(route);
    until(&format!("{route} hangs"), async || den.github.calls().iter().any(stuck)).await;
}

/// Another process ends what the killed one began, and the check is there once.
async fn finished_by_another(den: &Den, number: u64) {
    let another = den.serve(4).await;
    den.shows(number, "action_required").await;
    den.at_rest().await;
    assert_eq!(den.github.check_run_posts(), (1, 0), "{}", another.log());
    assert_eq!(den.github.unknown_routes(), Vec::<String>::new());
    nothing_is_owed(den).await;
}

/// Every delivery that was kept was also processed.
async fn nothing_is_owed(den: &Den) {
    let store = den.store().await;
    let queued = DeliveryFilter { state: Some(DeliveryState::Queued), before: None, limit: 1_000 };
    assert_eq!(store.deliveries(&queued).await.unwrap(), []);
    store.close().await;
}

#[tokio::test]
async fn killed_after_the_delivery_was_kept() {
    let den = Den::new().await;
    let ingress = den.serve(0).await;
    let number = acknowledged(&den, &ingress).await;
    ingress.kill();
    assert_eq!(den.github.calls(), []);
    finished_by_another(&den, number).await;
}

#[tokio::test]
async fn killed_while_the_subject_was_read() {
    let den = Den::new().await;
    den.github.fail(READ, Fault::Hang, 1);
    let gate = den.serve(4).await;
    let number = acknowledged(&den, &gate).await;
    hangs(&den, READ).await;
    gate.kill();
    finished_by_another(&den, number).await;
}

#[tokio::test]
async fn killed_after_the_intent_and_before_the_effect() {
    let den = Den::new().await;
    den.github.fail(POST, Fault::Hang, 1);
    let gate = den.serve(4).await;
    let number = acknowledged(&den, &gate).await;
    hangs(&den, "POST /repos/acme/web/check-runs").await;
    assert_eq!(den.github.check_run_posts(), (0, 0));
    gate.kill();
    finished_by_another(&den, number).await;
}

#[tokio::test]
async fn killed_after_the_effect_and_before_it_was_written_down() {
    let den = Den::new().await;
    den.github.fail(POST, Fault::Mute, 1);
    let gate = den.serve(4).await;
    let number = acknowledged(&den, &gate).await;
    until("the check is posted", async || den.github.check_run_posts() == (1, 0)).await;
    gate.kill();
    finished_by_another(&den, number).await;
}

/// A look may take much longer than a lease; who is alive is not overtaken.
#[tokio::test]
async fn a_slow_look_keeps_its_lease() {
    let den = Den::new().await;
    den.github.fail(POST, Fault::Mute, 1);
    let slow = den.serve(4).await;
    let other = den.serve(4).await;
    let number = acknowledged(&den, &slow).await;
    until("the check is posted", async || den.github.check_run_posts() == (1, 0)).await;
    let reads = || den.github.calls().iter().filter(|call| call.route == READ).count();
    let (before, store) = (reads(), den.store().await);
    let first = store.next_due().await.unwrap().unwrap().0;
    let twice = 2 * i64::try_from(LEASE.as_millis()).unwrap();
    until("the lease was renewed", async || store.next_due().await.unwrap().unwrap().0 > first + twice).await;
    store.close().await;
    assert_eq!(reads(), before, "another process looked at it too:\n{}\n{}", slow.log(), other.log());
    den.github.release();
    den.shows(number, "action_required").await;
    den.at_rest().await;
    assert_eq!(den.github.check_run_posts(), (1, 0));
}

#[tokio::test]
async fn asked_to_stop_it_ends_what_is_under_way() {
    let den = Den::new().await;
    den.github.fail(POST, Fault::Hang, 1);
    let gate = den.serve(4).await;
    let number = acknowledged(&den, &gate).await;
    hangs(&den, "POST /repos/acme/web/check-runs").await;
    gate.terminate();
    let log = gate.log();
    until("it has heard", async || gate.log().contains("stopping")).await;
    den.github.release();
    assert_eq!(gate.exit_code().await, Some(0), "{log}");
    den.shows(number, "action_required").await;
    assert_eq!(den.github.check_run_posts(), (1, 0));
    nothing_is_owed(&den).await;
    let store = den.store().await;
    let verdict = store.latest_verdict_of(&RepoName::parse(WEB).unwrap(), number).await.unwrap();
    assert!(verdict.is_some());
}

/// Fifteen kills at random moments, while deliveries stream in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifteen_random_kills_lose_nothing() {
    let mut random = Random(20_260_115);
    let den = Den::new().await;
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut pulls = Vec::new();
    for n in 0..4 {
        pulls.push(propose(&den.github, &format!("n{n}")).await);
    }
    for kill in 0..15 {
        let gate = den.serve_at(&port.to_string(), 4).await;
        for n in 0..2 {
            let which = random.below(pulls.len() as u64);
            push(&den.github, "Copilot", &format!("copilot/n{which}"), &format!("more-{kill}-{n}")).await;
        }
        let moment = Duration::from_millis(random.below(250));
        let webhook = gate.webhook();
        let stream = tokio::time::timeout(moment, den.github.deliver_at_once(&webhook));
        // Whoever is not answered by then finds nobody there.
        let _ = tokio::join!(stream, tokio::time::sleep(moment));
        gate.kill();
    }
    // What was never acknowledged is sent again, as people do with one click; the rest is ours to remember.
    for delivery in den.github.deliveries() {
        if delivery.status() != Some(202) {
            assert!(den.github.redeliver(&delivery.guid));
        }
    }
    let gate = den.serve_at(&port.to_string(), 4).await;
    den.github.deliver_all(&gate.webhook()).await;
    den.at_rest().await;
    for number in pulls {
        den.shows(number, "action_required").await;
        let head = den.github.pull_head(WEB, number).unwrap();
        let runs = den.github.check_runs(WEB, &head);
        assert_eq!(runs.len(), 1, "#{number}: {runs:#?}");
    }
    nothing_is_owed(&den).await;
}

/// A xorshift: the same kills in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
