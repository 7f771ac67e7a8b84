//! Who may name whom, and who may act.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree::{Code, below, file, none, production};

/// The app's modules from the ground up, and which of those below each may name. What is not listed is forbidden.
/// `github` and `store` never meet; `webhook` can neither read the forge nor act on it.
const ORDER: [(&str, &[&str]); 19] = [
    ("lease", &[]),
    ("clock", &[]),
    ("telemetry", &[]),
    ("report", &[]),
    ("git", &[]),
    ("rulebook", &[]),
    ("casebook", &[]),
    ("manual", &[]),
    ("operator", &[]),
    ("store", &["lease"]),
    ("github", &["lease", "report", "git"]),
    ("doctor", &["github"]),
    ("config", &["github", "operator"]),
    ("reconcile", &["lease", "clock", "report", "rulebook", "store", "github"]),
    ("webhook", &["store"]),
    (
        "serve",
        &[
            "lease",
            "clock",
            "report",
            "git",
            "rulebook",
            "operator",
            "store",
            "github",
            "config",
            "reconcile",
            "webhook",
        ],
    ),
    ("demo", &["clock", "store", "github", "config", "serve"]),
    (
        "cli",
        &[
            "clock",
            "telemetry",
            "report",
            "rulebook",
            "casebook",
            "manual",
            "store",
            "git",
            "github",
            "doctor",
            "config",
            "serve",
            "demo",
        ],
    ),
    ("main", &["cli"]),
];

/// Crates that open a door to the world, and the only places that may use them.
const DOORS: [(&str, &[&str]); 9] = [
    // `git/fetch.rs` only parses addresses with it.
    ("reqwest", &["src/github/", "src/git/fetch.rs", "src/operator.rs"]),
    ("jsonwebtoken", &["src/github/auth.rs"]),
    ("sqlx", &["src/store"]),
    ("tokio::process", &["src/git/"]),
    ("std::process::Command", &["src/git/"]),
    ("axum", &["src/webhook", "src/serve"]),
    ("notify", &["src/rulebook/file.rs"]),
    ("fake_github", &["src/demo"]),
    // The demo has a registration end a year from today.
    ("Timestamp::now", &["src/clock.rs", "src/demo.rs"]),
];

#[test]
fn imports_point_down() {
    let order: BTreeMap<&str, usize> = ORDER.iter().enumerate().map(|(at, (name, _))| (*name, at)).collect();
    for (name, may) in ORDER {
        for below in may {
            assert!(order[below] < order[name], "`{name}` may name `{below}`, which stands above it");
        }
    }
    let mut wrong = Vec::new();
    for code in production("src/") {
        let inside = code.path.trim_start_matches("src/").trim_end_matches(".rs");
        let module = inside.split('/').next().unwrap();
        if module == "lib" {
            continue;
        }
        let Some((_, may)) = ORDER.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{}: `{module}` has no place in the order", code.path));
            continue;
        };
        for named in modules_named_by(&code, inside.split('/').count()) {
            if named != module && !may.contains(&named.as_str()) {
                wrong.push(format!("{}: `{module}` may not name `{named}`", code.path));
            }
        }
    }
    none(&wrong, "imports point down, and only where `ORDER` in tests/architecture/boundary.rs lets them:");
}

/// The modules at the top of the app that a file names, by `crate::`, by `portcullis::` or by enough `super::`.
fn modules_named_by(code: &Code, depth: usize) -> BTreeSet<String> {
    let top = "super::".repeat(depth);
    let mut named = BTreeSet::new();
    for prefix in ["crate::", "portcullis::", &top] {
        for (at, _) in code.bare.match_indices(prefix) {
            let before = code.bare[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let rest = &code.bare[at + prefix.len()..];
            match rest.strip_prefix('{') {
                Some(list) => named.extend(heads_of(list)),
                None => named.extend(first_word(rest)),
            }
        }
    }
    named.retain(|name| name != "super" && name != "self");
    named
}

/// The first names of a list `{a::b, c::{d, e}}`, of which the opening brace is gone.
fn heads_of(list: &str) -> Vec<String> {
    let (mut depth, mut heads, mut fresh) = (0, Vec::new(), true);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => fresh = true,
            c if fresh && depth == 0 && !c.is_whitespace() => {
                heads.extend(first_word(&list[at..]));
                fresh = false;
            }
            _ => {}
        }
    }
    heads
}

fn first_word(text: &str) -> Option<String> {
    let word: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!word.is_empty()).then_some(word)
}

#[test]
fn the_core_names_nothing_of_the_app() {
    let mut wrong = Vec::new();
    for folder in ["crates/policy/", "crates/change/"] {
        for code in production(folder) {
            for name in ["portcullis", "fake_github"] {
                wrong.extend(code.places(&format!("{name}::")));
            }
        }
    }
    for code in production("crates/change/") {
        wrong.extend(code.places("policy::"));
    }
    none(&wrong, "the core stands below everything:");
}

#[test]
fn the_fake_forge_shares_no_type_with_the_rest() {
    let manifest = &file("crates/fake-github/Cargo.toml").text;
    let mut wrong = Vec::new();
    for name in ["portcullis", "policy", "change"] {
        for line in manifest.lines().filter(|line| line.starts_with(name)) {
            wrong.push(format!("crates/fake-github/Cargo.toml: {line}"));
        }
    }
    for code in production("crates/fake-github/") {
        for name in ["portcullis::", "policy::", "change::"] {
            wrong.extend(
                code.places(name).into_iter().filter(|place| !place.contains(&format!("crate::{name}"))),
            );
        }
    }
    none(&wrong, "a fake that shares our types would share our mistakes:");
}

#[test]
fn each_world_has_one_door() {
    let mut wrong = Vec::new();
    for code in production("src/") {
        for (door, places) in DOORS {
            if !places.iter().any(|place| code.path.starts_with(place)) {
                wrong.extend(code.places(door));
            }
        }
    }
    none(
        &wrong,
        "network, disk, clock and child processes are reached where `DOORS` says, and nowhere else:",
    );
}

/// Where the forge is changed, each by who holds a lease, or the errand to tell of an incident.
const ACTING: [&str; 4] =
    ["src/github/apply.rs", "src/github/issue.rs", "src/github/merging.rs", "src/github/undo.rs"];

#[test]
fn only_a_lease_acts() {
    let mut wrong = Vec::new();
    for code in production("src/") {
        if code.path != "src/store/work.rs" {
            wrong.extend(code.places("Lease::grant"));
        }
        if code.path != "src/store/incidents/posts.rs" {
            wrong.extend(code.places("Errand::grant_to_post"));
        }
        if code.path != "src/github/api.rs" && !ACTING.contains(&code.path) {
            wrong.extend(code.places("Write::Create"));
            wrong.extend(code.places("Write::Update"));
        }
    }
    let granted = production("src/store/work.rs").iter().flat_map(|code| code.places("Lease::grant")).count();
    assert_eq!(granted, 1, "src/store/work.rs grants leases, in one place");
    let lease = &file("src/lease.rs").text;
    assert!(lease.contains("pub(crate) fn grant("), "only this crate may grant a lease");
    assert!(
        !lease.contains("derive(Clone") && !lease.contains("Default"),
        "a lease is not copied or made up"
    );

    for path in ACTING {
        let apply = &production(path)[0];
        let mut effects = 0;
        for (at, _) in apply.bare.match_indices("pub async fn ") {
            let signature = apply.bare[at..].split('{').next().unwrap();
            effects += 1;
            if !signature.contains("lease: &Lease") && !signature.contains("errand: &Errand") {
                wrong.push(format!("{path}: {} takes no lease", signature.trim()));
            }
        }
        assert!(effects > 0, "{path} has no public effect any more");
    }
    none(&wrong, "what changes the forge asks for a lease, and the work queue alone grants one:");
}

#[test]
fn nothing_unverified_is_stored() {
    let mut wrong = Vec::new();
    for code in production("src/") {
        if code.path != "src/webhook/signature.rs" {
            wrong.extend(code.places("Verified("));
        }
        if code.path != "src/webhook.rs" {
            wrong.extend(code.places("store.accept("));
        }
        let may_make = ["src/webhook/delivery.rs", "src/store/deliveries.rs", "src/store/intake.rs"];
        if !may_make.contains(&code.path) {
            let made = code.places("NewDelivery {");
            wrong.extend(made.into_iter().filter(|place| !place.contains("fn ") && !place.contains("..")));
        }
    }
    let signature = &file("src/webhook/signature.rs").text;
    assert!(signature.contains("pub struct Verified<T>(T);"), "the field of `Verified` is private");
    let read = &production("src/webhook/delivery.rs")[0].bare;
    assert!(read.contains("body: Verified<Bytes>"), "deliveries are read from verified bytes");
    none(
        &wrong,
        "a delivery is made from `Verified` bytes, and those are made where the signature is checked:",
    );
}

#[test]
fn neutral_and_skipped_are_never_posted() {
    let mut wrong = Vec::new();
    for folder in ["src/", "crates/policy/"] {
        for code in production(folder) {
            for (at, line) in code.strings.lines().enumerate() {
                if line.contains("\"neutral\"") || line.contains("\"skipped\"") {
                    wrong.push(format!("{}:{}: {}", code.path, at + 1, line.trim()));
                }
            }
        }
    }
    for golden in below("fixtures/scenarios/", "actions.json") {
        for word in ["neutral", "skipped", "cancelled", "stale", "timed_out"] {
            if golden.text.contains(&format!("\"conclusion\": \"{word}\"")) {
                wrong.push(format!("{} concludes `{word}`", golden.path));
            }
        }
    }
    let verdict = &production("crates/policy/src/verdict.rs")[0].bare;
    let conclusion = verdict.split("pub enum Conclusion {").nth(1).expect("there is a `Conclusion`");
    let variants: Vec<&str> = conclusion
        .split('}')
        .next()
        .unwrap()
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    assert_eq!(
        variants,
        ["Success", "ActionRequired", "Failure"],
        "a conclusion more: does GitHub let it pass?"
    );
    none(&wrong, "both satisfy a required check on GitHub:");
}

/// GitHub calls stale what was not completed within a fortnight. Ours is completed from the start.
#[test]
fn a_check_is_never_left_unfinished() {
    let mut said = Vec::new();
    for code in production("src/github/") {
        let lines = code.strings.lines().map(str::trim);
        said.extend(lines.filter(|line| line.starts_with("status: \"")).map(str::to_owned));
        for word in ["\"in_progress\"", "\"queued\""] {
            let posts = code.path == "src/github/apply.rs" && code.strings.contains(word);
            assert!(!posts, "{} says {word}", code.path);
        }
    }
    assert_eq!(said, ["status: \"completed\","], "what a check run is posted with");
}

#[test]
fn get_changes_nothing() {
    let mut wrong = Vec::new();
    for code in production("src/") {
        let (reads, writes) = (code.path == "src/serve/health.rs", code.path == "src/webhook.rs");
        for place in code.places(".route(") {
            let allowed = (reads && place.contains("get(")) || (writes && place.contains("post("));
            if !allowed {
                wrong.push(place);
            }
        }
    }
    // The store's methods that pages may call.
    let pages = &production("src/serve/health.rs")[0];
    for (at, _) in pages.bare.match_indices(".store.") {
        let method = first_word(&pages.bare[at + ".store.".len()..]).unwrap_or_default();
        if !["waiting", "writable"].contains(&method.as_str()) {
            wrong.push(format!("src/serve/health.rs calls `store.{method}`"));
        }
    }
    for act in [".github.", ".wake", ".reload(", "runner"] {
        wrong.extend(pages.places(act));
    }
    let engine = &file("src/store/engine.rs").text;
    for read_only in ["PRAGMA query_only = ON", "default_transaction_read_only = on"] {
        assert!(engine.contains(read_only), "readers' connections cannot write: `{read_only}`");
    }
    none(&wrong, "looking at a page has no effect:");
}

#[test]
fn no_secret_in_argv() {
    let mut wrong = Vec::new();
    for code in production("src/") {
        let lines: Vec<&str> = code.bare.lines().collect();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.trim_start().starts_with("#[arg("))
        {
            let field = lines[at + 1..].iter().find(|line| line.contains(':')).unwrap_or(&"").trim();
            let name = field.split(':').next().unwrap().trim_start_matches("pub ").trim();
            let secret = ["secret", "key", "token", "password"].iter().any(|word| name.contains(word));
            if secret && !(name.ends_with("_file") && field.contains("PathBuf")) {
                wrong.push(format!("{}:{}: {} {field}", code.path, at + 1, line.trim()));
            }
        }
    }
    // Git is given its token by environment.
    for code in production("src/git") {
        for line in code.bare.lines().filter(|line| line.contains(".arg(") || line.contains(".args(")) {
            if line.contains("token") || line.contains("secret") {
                wrong.push(format!("{}: {}", code.path, line.trim()));
            }
        }
    }
    none(&wrong, "other users of the machine see a process's arguments:");
}
