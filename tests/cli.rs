//! The command line as people and machines meet it: standard output, standard error, exit codes.
//!
//! What needs a store with something in it is in `tests/e2e/reading.rs`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "cli/check.rs"]
mod check;
#[path = "cli/init.rs"]
mod init;
#[path = "cli/walk.rs"]
mod walk;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Exit code, standard output and standard error.
type Said = (Option<i32>, String, String);

fn portcullis(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.current_dir(folder).args(arguments).env_clear().envs(environment.iter().copied());
    // `serve` runs git.
    command.env("PATH", std::env::var_os("PATH").unwrap());
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn run(folder: &Path, arguments: &[&str]) -> Said {
    portcullis(folder, arguments, &[])
}

fn fixtures(which: &str) -> (PathBuf, Vec<String>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rules").join(which);
    let names = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut files: Vec<String> =
        names.map(|name| name.into_string().unwrap()).filter(|name| name.ends_with(".toml")).collect();
    files.sort();
    assert!(!files.is_empty(), "{} holds no rules", folder.display());
    (folder, files)
}

/// `BLESS=1` records what is said instead of comparing it; read the difference before committing it.
#[test]
fn every_invalid_file_gets_its_recorded_complaint() {
    let (folder, files) = fixtures("invalid");
    let mut wrong = Vec::new();
    for file in files {
        let (code, out, err) = run(&folder, &["check", &file]);
        assert_eq!((code, err.as_str()), (Some(1), ""), "{file}");
        let recorded = folder.join(&file).with_extension("txt");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&recorded, &out).unwrap();
        } else if std::fs::read_to_string(&recorded).unwrap_or_default() != out {
            wrong.push(format!("{file} now says:\n{out}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_valid_file_is_valid() {
    let (folder, files) = fixtures("valid");
    for file in files {
        let (code, out, err) = run(&folder, &["check", &file]);
        assert_eq!((code, err.as_str()), (Some(0), ""), "{file}: {out}");
        assert!(out.contains(&format!("{file} is valid")), "{out}");
    }
}

#[test]
fn complaints_are_data_too() {
    let (folder, files) = fixtures("invalid");
    for file in files {
        let (code, out, _) = run(&folder, &["check", "--json", &file]);
        assert_eq!(code, Some(1), "{file}");
        let answer: Value = serde_json::from_str(&out).unwrap();
        assert_eq!((&answer["file"], &answer["valid"]), (&file.as_str().into(), &false.into()));
        let complaints = answer["complaints"].as_array().unwrap();
        assert!(!complaints.is_empty(), "{file}");
        for complaint in complaints {
            assert!(complaint["line"].as_u64().is_some_and(|line| line > 0), "{file}: {complaint}");
            for text in ["code", "severity", "message", "help"] {
                assert!(complaint[text].as_str().is_some_and(|text| !text.is_empty()), "{file}: {complaint}");
            }
        }
    }
}

#[test]
fn a_file_that_is_not_there_is_no_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, err) = run(folder.path(), &["check", "nothing.toml"]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(err.contains("`nothing.toml`"), "{err}");
}

const SECRET: &str = "a-webhook-secret-nobody-may-read";
const KEY: &str = "a-private-key-nobody-may-read";
/// What `serve` needs at least, as the environment has it. The key is none, so it never gets to listen.
const ENVIRONMENT: [(&str, &str); 3] =
    [("PORTCULLIS_APP_ID", "7"), ("PORTCULLIS_PRIVATE_KEY", KEY), ("PORTCULLIS_WEBHOOK_SECRET", SECRET)];

/// `serve` with one setting changed or, with an empty value, taken away: it names the setting and tells no secret.
#[track_caller]
fn refuses(changed: (&str, &str), flags: &[&str], named: &str) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("unknown-key.toml"), "listem = \"127.0.0.1:1\"\n").unwrap();
    std::fs::write(folder.path().join("wrong-type.toml"), "workers = \"many\"\n").unwrap();
    let mut environment: Vec<_> = ENVIRONMENT.into_iter().filter(|(name, _)| *name != changed.0).collect();
    if !changed.1.is_empty() {
        environment.push(changed);
    }
    let arguments: Vec<_> = ["serve", "--listen", "127.0.0.1:0"].iter().chain(flags).copied().collect();
    let (code, out, err) = portcullis(folder.path(), &arguments, &environment);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
    assert!(err.contains(named), "`{named}` is not named:\n{err}");
    assert!(
        !err.contains(SECRET) && !err.contains(KEY) && !err.contains("hunter2"),
        "a secret is told:\n{err}"
    );
}

#[test]
fn serve_names_the_setting_it_cannot_start_with() {
    let whole = ("", "");
    refuses(("PORTCULLIS_APP_ID", ""), &[], "github.app_id");
    refuses(("PORTCULLIS_APP_ID", "seven"), &[], "--app-id");
    refuses(("PORTCULLIS_PRIVATE_KEY", ""), &[], "github.private_key_file");
    refuses(whole, &["--private-key-file", "no-such-key.pem"], "no-such-key.pem");
    refuses(whole, &[], "private_key");
    refuses(("PORTCULLIS_WEBHOOK_SECRET", ""), &[], "github.webhook_secret_file");
    refuses(("PORTCULLIS_WEBHOOK_SECRET", "hunter2"), &[], "github.webhook_secret");
    refuses(("PORTCULLIS_LISTEN", ""), &["--workers", "many"], "--workers");
    refuses(whole, &["--lease-seconds", "0"], "lease_seconds");
    refuses(whole, &["--retention-days", "0"], "retention_days");
    refuses(whole, &["--api-url", "http://forge.example"], "api_url");
    refuses(whole, &["--git-url", "nonsense"], "git_url");
    refuses(whole, &["--store", "mysql://user:hunter2@db.example/x"], "store");
    refuses(whole, &["--config", "no-such.toml"], "no-such.toml");
    refuses(whole, &["--config", "unknown-key.toml"], "listem");
    refuses(whole, &["--config", "wrong-type.toml"], "workers");
}

#[test]
fn serve_names_an_address_it_cannot_read() {
    let folder = tempfile::tempdir().unwrap();
    let (code, _, err) = portcullis(folder.path(), &["serve", "--listen", "8080"], &ENVIRONMENT);
    assert_eq!(code, Some(2));
    assert!(err.contains("`listen` is `8080`"), "{err}");
}

#[test]
fn a_store_that_is_not_there_is_said() {
    let folder = tempfile::tempdir().unwrap();
    for verb in [&["deliveries"][..], &["explain", "acme/web#1"]] {
        let (code, out, err) = run(folder.path(), verb);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{verb:?}");
        assert!(err.contains("there is no store"), "{err}");
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert!(left.is_empty(), "reading made something: {left:?}");
}

#[test]
fn help_names_every_verb_and_flag() {
    let folder = tempfile::tempdir().unwrap();
    let help = |arguments: &[&str], wanted: &[&str]| {
        let (code, out, err) = run(folder.path(), arguments);
        assert_eq!((code, err.as_str()), (Some(0), ""), "{arguments:?}");
        for flag in wanted {
            assert!(out.contains(flag), "`{flag}` is missing in the help of {arguments:?}:\n{out}");
        }
    };
    help(
        &["--help"],
        &["serve", "check", "explain", "deliveries", "doctor", "demo", "init", "rules", "--version"],
    );
    let check = ["[FILE]", "--json", "--sarif", "--deny-warnings", "--explain", "--forge", "--app-id"];
    help(&["check", "--help"], &check);
    help(&["init", "--help"], &["[FILE]", "--profile", "--org", "--people-org", "never overwritten"]);
    help(&["explain", "--help"], &["<SUBJECT>", "--json", "--data", "--store", "--config"]);
    help(&["deliveries", "--help"], &["--failed", "--limit", "--body", "--json", "--data", "--store"]);
    let doctor =
        ["[OWNER/REPO]", "--json", "--rules", "--rules-repository", "--app-id", "UNKNOWN", "leaves with 0"];
    help(&["doctor", "--help"], &doctor);
    help(&["demo", "--help"], &["--stay"]);
    let serve = [
        "--config",
        "--listen",
        "--data",
        "--store",
        "--rules",
        "--workers",
        "--lease-seconds",
        "--app-id",
        "--retention-days",
        "--git-cache-gib",
        "--private-key-file",
        "--webhook-secret-file",
        "--api-url",
        "--graphql-url",
        "--git-url",
        "--log-json",
        "PORTCULLIS_LEASE_SECONDS",
        "PORTCULLIS_WEBHOOK_SECRET_FILE",
    ];
    help(&["serve", "--help"], &serve);
}
