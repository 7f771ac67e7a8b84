//! `twice_is_once`: however the deliveries come, the forge shows the same in the end.
//!
//! Every folder of `fixtures/scenarios` is played as it is, and then with its deliveries doubled, reordered, looked at
//! one by one, or with one of them lost and everything open looked at again.

use fake_github::Stage;

use crate::Gate;
use crate::gate::scenario;

fn scenarios() -> Vec<String> {
    let folders = std::fs::read_dir(scenario("")).unwrap();
    let mut names: Vec<String> =
        folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert!(!names.is_empty());
    names
}

/// Plays every scenario, a few at a time.
async fn each_scenario<F>(play: impl Fn(String) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut running = tokio::task::JoinSet::new();
    for name in scenarios() {
        while running.len() >= 4 {
            running.join_next().await.unwrap().unwrap();
        }
        running.spawn(play(name));
    }
    while let Some(done) = running.join_next().await {
        done.unwrap();
    }
}

async fn as_it_is(name: &str) -> String {
    let gate = Gate::of_scenario(name).await;
    gate.settle().await;
    gate.text()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twice_is_once() {
    each_scenario(|name| async move {
        let once = as_it_is(&name).await;
        let gate = Gate::of_scenario(&name).await;
        gate.github.double();
        gate.github.reorder(name.len() as u64);
        gate.settle_one_by_one().await;
        assert_eq!(once, gate.text(), "{name}: doubled, reordered, looked at one by one");
        with_one_lost(&name, &once).await;
    })
    .await;
}

/// The last delivery never arrives. Another look makes up for it, unless it was the one that told who pushed: that is
/// known from deliveries alone, so it has to be sent again.
async fn with_one_lost(name: &str, once: &str) {
    let gate = Gate::of_scenario(name).await;
    while gate.github.pending().len() > 1 {
        gate.github.deliver_next(&gate.webhook()).await;
    }
    let lost = gate.github.pending().pop().unwrap();
    gate.github.drop_next(1);
    gate.settle().await;
    let tells_who_pushed = lost.event == "pull_request"
        && matches!(lost.action.as_deref(), Some("opened" | "synchronize" | "reopened"));
    if tells_who_pushed {
        assert!(gate.github.redeliver(&lost.guid));
    } else {
        gate.running.gate().store.wake_all(gate.now()).await.unwrap();
    }
    gate.settle().await;
    assert_eq!(once, gate.text(), "{name}: `{}` was lost", lost.event);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_order_is_as_good() {
    let name = "agent-change-approved";
    let once = as_it_is(name).await;
    for seed in 0..4 {
        let gate = Gate::of_scenario(name).await;
        gate.github.reorder(seed);
        gate.settle_one_by_one().await;
        assert_eq!(once, gate.text(), "order {seed}");
    }
}

/// The gate watches while the story happens, and hears everything once or twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watching_it_happen_twice_is_once() {
    each_scenario(|name| async move {
        let once = live(&name, Gate::settle_one_by_one).await;
        let twice = live(&name, async |gate: &Gate| {
            gate.github.double();
            gate.settle_one_by_one().await;
        })
        .await;
        assert_eq!(once, twice, "{name}");
    })
    .await;
}

async fn live(name: &str, hear: impl AsyncFn(&Gate)) -> String {
    let read = |file: &str| std::fs::read_to_string(scenario(name).join(file)).unwrap();
    let mut stage = Stage::parse(&read("forge.toml")).unwrap();
    let steps = std::mem::take(&mut stage.steps);
    let gate = Gate::on(stage, &read("rules.toml")).await;
    for step in steps {
        gate.github.play(step).await.unwrap();
        hear(&gate).await;
    }
    gate.text()
}
