//! What the gate costs, printed beside what it may cost: `just bench`.
//!
//! Times wander from machine to machine and from run to run; they are printed, never asserted. Counts do not wander.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench that cannot go on fails")]

mod deliveries;
mod memory;
mod stage;
mod verdicts;

use stage::Table;

fn main() {
    // `cargo test --benches` and `cargo nextest` ask for a list: there are no tests in here.
    if std::env::args().any(|argument| argument == "--list" || argument == "--test") {
        return;
    }
    let mut table = Table::default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        deliveries::bursts(&mut table).await;
        verdicts::calls(&mut table).await;
        verdicts::time_to_check(&mut table).await;
        verdicts::throughput(&mut table).await;
        memory::resident(&mut table).await;
    });
    println!("{table}");
}
