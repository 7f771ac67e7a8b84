//! `twice_is_once`: however the deliveries come, the forge shows the same in the end.
//!
//! Every folder of `fixtures/scenarios` is played with its deliveries doubled, reordered, looked at one by one and the
//! last of them lost. What must come of it is the scenario's own `forge.txt`.

use fake_github::{Delivery, Stage, Step};

use crate::Gate;
use crate::gate::scenario;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twice_is_once() {
    each_of(scenarios(), |name| async move {
        let twisted = doubled_reordered_and_one_lost(&name).await.text();
        differ(&name, &read(&name, "forge.txt"), &twisted)
    })
    .await;
}

/// A gate that looks after each step posts more on the way, and ends at the same. A few of the stories will do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watching_it_happen_ends_the_same() {
    let some = scenarios().into_iter().step_by(5);
    each_of(some, |name| async move {
        let watched = watched_and_heard_twice(&name).await.text();
        differ(&name, &standing(&read(&name, "forge.txt")), &standing(&watched))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_order_is_as_good() {
    let name = "agent-change-approved";
    let once = read(name, "forge.txt");
    for seed in 0..3 {
        let gate = Gate::of_scenario(name).await;
        gate.github.reorder(seed);
        gate.settle_one_by_one().await;
        assert_eq!(differ(name, &once, &gate.text()), None, "order {seed}");
    }
}

fn scenarios() -> Vec<String> {
    let folders = std::fs::read_dir(scenario("")).unwrap();
    let mut names: Vec<String> =
        folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert!(!names.is_empty());
    names
}

fn read(name: &str, file: &str) -> String {
    std::fs::read_to_string(scenario(name).join(file)).unwrap()
}

/// Plays stories, a few at a time, and shows every one that ends otherwise.
async fn each_of<F>(names: impl IntoIterator<Item = String>, play: impl Fn(String) -> F)
where
    F: Future<Output = Option<String>> + Send + 'static,
{
    let (mut running, mut wrong) = (tokio::task::JoinSet::new(), Vec::new());
    for name in names {
        while running.len() >= 4 {
            wrong.extend(running.join_next().await.unwrap().unwrap());
        }
        running.spawn(play(name));
    }
    while let Some(done) = running.join_next().await {
        wrong.extend(done.unwrap());
    }
    assert!(wrong.is_empty(), "{} stories end otherwise:\n{}", wrong.len(), wrong.join("\n"));
}

/// The first line that differs, if one does.
fn differ(name: &str, wanted: &str, found: &str) -> Option<String> {
    let (mut wanted, mut found) = (wanted.lines(), found.lines());
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return None,
            (a, b) if a == b => {}
            (a, b) => {
                return Some(format!("{name}\n- {}\n+ {}", a.unwrap_or("the end"), b.unwrap_or("the end")));
            }
        }
    }
}

/// Between two waits of a story every delivery comes twice, in another order, and the last of them never.
async fn doubled_reordered_and_one_lost(name: &str) -> Gate {
    let gate = Gate::of_scenario(name).await;
    gate.github.double();
    gate.github.reorder(name.len() as u64);
    loop {
        while gate.github.pending().len() > 1 {
            gate.github.deliver_next(&gate.webhook()).await;
            gate.running.runner().drain().await.unwrap();
        }
        if let Some(lost) = gate.github.pending().pop() {
            without(&gate, &lost).await;
        }
        gate.settle().await;
        if !gate.play_on().await {
            return gate;
        }
    }
}

/// Another look makes up for the delivery that never arrives, unless it was one that told who pushed: that is known
/// from deliveries alone, so it has to be sent again.
async fn without(gate: &Gate, lost: &Delivery) {
    gate.github.drop_next(1);
    gate.settle().await;
    let tells_who_pushed = lost.event == "pull_request"
        && matches!(lost.action.as_deref(), Some("opened" | "synchronize" | "reopened"));
    if tells_who_pushed {
        assert!(gate.github.redeliver(&lost.guid));
    } else {
        // A read that lags is known for that by what a delivery told. Other looks come minutes later.
        gate.github.heal();
        gate.running.gate().store.wake_all(gate.now()).await.unwrap();
    }
}

/// The gate looks after every step of the story, and hears of each twice.
async fn watched_and_heard_twice(name: &str) -> Gate {
    let mut stage = Stage::parse(&read(name, "forge.toml")).unwrap();
    let steps = std::mem::take(&mut stage.steps);
    let gate = Gate::of_scenario_on(name, stage).await;
    gate.github.double();
    for step in steps {
        if let Step::Wait(wait) = &step {
            gate.wait(wait).await;
        }
        gate.github.play(step).await.unwrap();
        gate.settle_one_by_one().await;
    }
    gate
}

/// The newest check of ours on the head of each open pull request, out of the forge's text. Older heads and older runs
/// tell how one came here.
fn standing(text: &str) -> String {
    let blocks =
        text.split("\n  #").skip(1).filter(|block| block.lines().next().unwrap_or("").contains(" (open"));
    let newest = |block: &str| {
        let block = block.split("\n  on ").next().unwrap_or_default();
        let ours = block.rsplit("\n    check portcullis by portcullis").next().unwrap_or_default();
        let lines = ours.lines().take_while(|line| line.starts_with("      ") || line.starts_with(": "));
        lines.collect::<Vec<_>>().join("\n")
    };
    blocks.map(newest).collect::<Vec<_>>().join("\n")
}
