//! Instructions, counted by callgrind: unlike times they repeat exactly, on a busy machine as on an idle one.
//!
//! This program runs itself under valgrind, each case twice with unlike numbers of rounds; the difference is free of what
//! starting costs. Same compiler, same count: the references are of the toolchain in `rust-toolchain.toml` on x86-64.

use std::hint::black_box;
use std::process::Command;

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use policy::Millis;
use portcullis::store::Guid;
use portcullis::webhook::{Envelope, read, verify};
use secrecy::SecretString;
use sha2::Sha256;

use crate::decide::Case;
use crate::stage::Table;

const ROUNDS: u64 = 10;

/// What is counted, how this program is asked for it, and what it was when last looked at.
const CASES: [(&str, &str, u64); 4] = [
    ("verify: a signature over 10 KiB", "verify", 548_365),
    ("envelope: a pull request's delivery read", "envelope", 348_460),
    ("decide: 10 rules over 10 paths", "decide-small", 118_251),
    ("decide: 50 rules over 3,000 paths", "decide-large", 11_170_325),
];

/// Adds the counts to the table, or says loudly that there are none.
pub(crate) fn print(table: &mut Table) {
    for (what, case, reference) in CASES {
        let counted = count(case, 1 + ROUNDS).and_then(|many| Ok((many - count(case, 1)?) / ROUNDS));
        let figure = match counted {
            Ok(count) => group(count),
            Err(why) => format!("NOT COUNTED: {why}"),
        };
        table.row(format!("instructions, {what}"), &format!("reference {}", group(reference)), figure);
    }
}

/// The instructions of this program with so many rounds of a case.
fn count(case: &str, rounds: u64) -> Result<u64, String> {
    let program = std::env::current_exe().map_err(|why| why.to_string())?;
    let (Some(folder), Some(name)) = (program.parent(), program.file_name()) else {
        return Err("this program has no name".to_owned());
    };
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        // Nor must where it stands: the length of a name moves what lies behind it in memory.
        .arg(std::path::Path::new(".").join(name))
        .current_dir(folder)
        .args(["count", case, &rounds.to_string()])
        // What the environment holds must not count.
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .output()
        .map_err(|why| format!("valgrind does not run ({why}); install it: `apt-get install valgrind`"))?;
    let told = String::from_utf8_lossy(&output.stderr);
    let collected =
        told.lines().find_map(|line| line.split_once("Collected :")).map(|(_, count)| count.trim());
    collected.and_then(|count| count.parse().ok()).ok_or_else(|| format!("valgrind told no count: {told}"))
}

/// The rounds themselves, under valgrind.
pub(crate) fn run(case: &str, rounds: u64) {
    match case {
        "verify" => {
            let (body, secrets) = (Bytes::from(vec![b'x'; 10 * 1024]), secrets());
            let signature = sign(&body);
            repeat(rounds, || assert!(verify(black_box(body.clone()), &signature, &secrets).is_some()));
        }
        "envelope" => {
            let (body, secrets) = (delivery(), secrets());
            let verified = verify(body.clone(), &sign(&body), &secrets).unwrap();
            let guid = Guid::parse("00000000-0000-4000-8000-000000000001").unwrap();
            let envelope = Envelope { guid, event: "pull_request".to_owned() };
            repeat(rounds, || {
                let read = read(envelope.clone(), black_box(verified.clone()), None, Millis(0));
                drop(black_box(read.unwrap()));
            });
        }
        "decide-small" => decide(rounds, &Case::new(10, 10)),
        "decide-large" => decide(rounds, &Case::new(50, 3_000)),
        unknown => panic!("`{unknown}` is no case"),
    }
}

fn decide(rounds: u64, case: &Case) {
    repeat(rounds, || case.decide());
}

/// One more round first: whatever is made once is made then.
fn repeat(rounds: u64, mut round: impl FnMut()) {
    (0..=rounds).for_each(|_| round());
}

const SECRET: &str = "a secret for the bench only";

fn secrets() -> [SecretString; 1] {
    [SecretString::from(SECRET)]
}

fn sign(body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap().chain_update(body).finalize();
    format!("sha256={}", hex::encode(mac.into_bytes()))
}

/// The delivery of a story, written as GitHub writes it: on one line.
fn delivery() -> Bytes {
    let text = include_str!("../../fixtures/scenarios/agent-waits-for-approval/event.json");
    let event: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!(event["event"], "pull_request");
    Bytes::from(event["payload"].to_string())
}

/// `1234567` as `1,234,567`.
fn group(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
