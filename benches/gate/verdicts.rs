//! What a verdict costs: forge calls, which repeat exactly, and time, which wanders.

use std::time::{Duration, Instant};

use fake_github::{FakeGithub, Label, Push, ReviewState};

use crate::child::{Gate, cpu};
use crate::stage::{Bench, Table, ms, open, world};

/// Forge calls for a new head, a review and a label, by reviewers and files.
pub(crate) async fn calls(table: &mut Table) {
    for (reviewers, files) in [(0, 10), (300, 10), (0, 3000)] {
        let bench = Bench::start(reviewers, 8).await;
        // Token and members are in memory, as they are on a gate that runs.
        bench.open("warm", 1).await;
        deliver(&bench).await;

        let mark = bench.github.calls().len();
        let number = bench.open("counted", files).await;
        deliver(&bench).await;
        let new_head = bench.github.calls_since(mark).len();

        for reviewer in 0..reviewers {
            let login = format!("r{reviewer}");
            bench.github.review_as(&login, "acme/web", number, ReviewState::Commented).await.unwrap();
        }
        deliver(&bench).await;
        let mark = bench.github.calls().len();
        bench.github.review_as("alice", "acme/web", number, ReviewState::Approved).await.unwrap();
        deliver(&bench).await;
        let review = bench.github.calls_since(mark).len();

        let mark = bench.github.calls().len();
        bench.github.label(label(number, "bug")).await.unwrap();
        deliver(&bench).await;
        let label = bench.github.calls_since(mark).len();
        let of = format!("{reviewers} reviewers, {files} files");
        table.row(format!("forge calls for a new head: {of}"), "≤ 3", new_head.to_string());
        table.row(format!("forge calls for a review: {of}"), "≤ 2", review.to_string());
        table.row(format!("forge calls for a label: {of}"), "≤ 2", label.to_string());
        bench.running.stop().await;
    }
}

fn label(number: u64, label: &str) -> Label {
    Label { actor: "alice".to_owned(), repo: "acme/web".to_owned(), pull: number, label: label.to_owned() }
}

async fn deliver(bench: &Bench) {
    while !bench.github.pending().is_empty() {
        bench.github.deliver_all(&bench.webhook()).await;
        bench.at_rest().await;
    }
}

/// From sending the delivery to the posted check, at 0 and 50 ms per forge call.
pub(crate) async fn time_to_check(table: &mut Table) {
    for latency in [0, 50] {
        let bench = Bench::start(0, 8).await;
        bench.open("warm", 1).await;
        deliver(&bench).await;
        bench.github.latency(Duration::from_millis(latency));

        let mut new_heads = Vec::new();
        let mut reviews = Vec::new();
        for round in 0..10 {
            let number = bench.open(&format!("timed-{round}"), 10).await;
            new_heads.push(until_posted(&bench).await);
            bench.github.review_as("alice", "acme/web", number, ReviewState::Approved).await.unwrap();
            reviews.push(until_posted(&bench).await);
        }
        new_heads.sort();
        reviews.sort();
        let aim = if latency == 0 { "" } else { "< 150 ms" };
        let median = |times: &[Duration]| ms(times.get(times.len() / 2).copied().unwrap_or_default());
        table.row(format!("review to check, {latency} ms per call: median"), aim, median(&reviews));
        table.row(format!("new head to check, {latency} ms per call: median"), "", median(&new_heads));
        bench.running.stop().await;
    }
}

/// From sending the delivery of an agent's push to `main` to the restored branch.
pub(crate) async fn time_to_restore(table: &mut Table) {
    for latency in [0, 50] {
        let bench = Bench::start(0, 8).await;
        // Tokens, members and our own name are in memory, as they are on a gate that runs.
        restore(&bench, "warm").await;
        bench.github.latency(Duration::from_millis(latency));
        let mut times = Vec::new();
        let mut calls = 0;
        for round in 0..10 {
            let (took, made) = restore(&bench, &format!("timed-{round}")).await;
            times.push(took);
            calls = calls.max(made);
        }
        times.sort();
        let aim = if latency == 0 { "" } else { "< 300 ms" };
        let median = ms(times.get(times.len() / 2).copied().unwrap_or_default());
        table.row(format!("push to main to restored branch, {latency} ms per call: median"), aim, median);
        if latency == 0 {
            table.row("forge calls from a push to the restored branch", "≤ 3", calls.to_string());
        }
        bench.running.stop().await;
    }
}

/// One push of the agent to `main`: how long until it is put back, and with how many calls.
async fn restore(bench: &Bench, name: &str) -> (Duration, usize) {
    let main = || bench.github.object_of("acme/web", "refs/heads/main").unwrap();
    let stood = main();
    let push = Push::new("Copilot", "acme/web", "main").file(&format!("{name}.txt"), "sly\n");
    bench.github.push(push).await.unwrap();
    let mark = bench.github.calls().len();
    let began = Instant::now();
    bench.github.deliver_all(&bench.webhook()).await;
    while main() != stood {
        assert!(began.elapsed() < Duration::from_secs(30), "the branch was not put back");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let (took, calls) = (began.elapsed(), bench.github.calls_since(mark).len());
    deliver(bench).await;
    (took, calls)
}

async fn until_posted(bench: &Bench) -> Duration {
    let posts = |bench: &Bench| {
        let (created, updated) = bench.github.check_run_posts();
        created + updated
    };
    let before = posts(bench);
    let began = Instant::now();
    bench.github.deliver_all(&bench.webhook()).await;
    while posts(bench) == before {
        assert!(began.elapsed() < Duration::from_secs(30), "no check was posted");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let took = began.elapsed();
    bench.at_rest().await;
    bench.github.forget_pending();
    took
}

/// Verdicts a second where the heads are known, at 50 ms per forge call.
pub(crate) async fn throughput(table: &mut Table) {
    const PULLS: u32 = 300;
    let bench = Bench::start(0, 64).await;
    for number in 0..PULLS {
        bench.open(&format!("p{number}"), 3).await;
    }
    deliver(&bench).await;
    bench.github.latency(Duration::from_millis(50));
    let gate = bench.running.gate();
    let rounds = 3;
    let before = (cpu("self"), gate.store.counters());
    let mut took = Duration::ZERO;
    for _ in 0..rounds {
        let mark = bench.github.calls().len();
        gate.store.wake_all(gate.clock.now()).await.unwrap();
        // Nobody rings for a re-look: until the runner wakes from its nap is not what it costs.
        while bench.github.calls().len() == mark {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        took += bench.at_rest().await;
    }
    let (used, after) = (cpu("self") - before.0, gate.store.counters());
    let looks = PULLS * rounds;
    let per_look = |count: u64| format!("{:.2}", count as f64 / f64::from(looks));
    let per_second = f64::from(looks) / took.as_secs_f64();
    table.row("verdicts a second, known heads, 50 ms per call", "≥ 300", format!("{per_second:.0}"));
    table.row("transactions for such a verdict", "", per_look(after.transactions - before.1.transactions));
    table.row("writes for such a verdict", "", per_look(after.operations - before.1.operations));
    table.row("CPU for such a verdict, the fake forge's included", "", ms(used / looks));
    bench.running.stop().await;
}

/// Processor time of a gate that is a process of its own, git's included.
pub(crate) async fn own_cpu(table: &mut Table) {
    const PULLS: u32 = 20;
    const LABELS: u32 = 15;
    let github = FakeGithub::start(world(0)).await.unwrap();
    let gate = Gate::start(&github, 8).await;
    open(&github, "warm", 1).await;
    judged(&github, &gate).await;
    let mut used = Duration::ZERO;
    let mut numbers = Vec::new();
    for number in 0..PULLS {
        numbers.push(open(&github, &format!("own-{number}"), 10).await);
        let before = gate.cpu();
        judged(&github, &gate).await;
        used += gate.cpu() - before;
    }
    table.row("own CPU for a new head, git included", "≤ 20 ms", ms(used / PULLS));

    for round in 0..LABELS {
        for number in &numbers {
            github.label(label(*number, &format!("l{round}"))).await.unwrap();
        }
    }
    let (before, mark) = (gate.cpu(), github.calls().len());
    judged(&github, &gate).await;
    let looks = u32::try_from(github.calls_since(mark).len()).unwrap();
    table.row(
        "own CPU for a label: delivery, look and verdict of a known head",
        "",
        ms((gate.cpu() - before) / looks),
    );
    table.row("looks for 300 labels on 20 pull requests", "", looks.to_string());
}

/// Delivers what waits, and waits until the forge has not been asked for a while.
async fn judged(github: &FakeGithub, gate: &Gate) {
    github.deliver_all(&gate.webhook()).await;
    let mut asked = github.calls().len();
    loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        match github.calls().len() {
            now if now == asked => return,
            now => asked = now,
        }
    }
}
