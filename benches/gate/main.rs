//! What the gate costs, printed beside what it may cost: `just bench`.
//!
//! Times wander from machine to machine and from run to run; they are printed, never asserted. Counts do not wander;
//! `just bench-counts` prints only those of instructions.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench that cannot go on fails"
)]

mod child;
mod counts;
mod decide;
mod deliveries;
mod memory;
mod stage;
mod verdicts;

use stage::Table;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    // `cargo test --benches` and `cargo nextest` ask for a list: there are no tests in here.
    if arguments.contains(&"--list") || arguments.contains(&"--test") {
        return;
    }
    let mut table = Table::default();
    match arguments[..] {
        ["count", case, rounds] => return counts::run(case, rounds.parse().unwrap()),
        ["counts", ..] => counts::print(&mut table),
        ["decide", ..] => decide::times(&mut table),
        ["restore", ..] => restore(&mut table),
        _ => everything(&mut table),
    }
    println!("{table}");
}

fn everything(table: &mut Table) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        deliveries::bursts(table).await;
        verdicts::calls(table).await;
        verdicts::time_to_check(table).await;
        verdicts::time_to_restore(table).await;
        verdicts::throughput(table).await;
        verdicts::own_cpu(table).await;
        memory::resident(table).await;
    });
    decide::times(table);
    counts::print(table);
}

/// Only how soon a branch is put back.
fn restore(table: &mut Table) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(verdicts::time_to_restore(table));
}
