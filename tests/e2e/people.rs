//! `portcullis check --forge`: whether whom the rules name exists, asked of the fake forge over HTTP.

use fake_github::{FakeGithub, Stage};
use serde_json::Value;

const FORGE: &str = r#"
[[users]]
login = "alice"
id = 1001

[[users]]
login = "machine"
id = 1002

[[users]]
login = "helper[bot]"
id = 1003
type = "Bot"

[[orgs]]
login = "acme"
id = 2001
members = ["alice", "machine"]

[[teams]]
org = "acme"
slug = "security"
members = ["alice"]

[[teams]]
org = "acme"
slug = "machines"
members = ["machine"]

[[repos]]
name = "acme/web"
id = 3001
"#;

const RULES: &str = r#"version = 1

[people]
members_of = ["acme", "globex", "@acme/nobody"]
accounts   = [1001, 1003, 999]
except     = [1002]

[agents.helper]
recognise = [{ user_id = 1003 }, { user_id = 998 }]
owner     = "@acme/security"
purpose   = "small fixes"
repos     = ["acme/web"]
branches  = ["helper/**"]
may       = ["propose"]
expires   = 2099-12-31

[tiers.routine]
approvals = 1
from      = ["@acme/security", "@acme/machines"]

[[rules]]
id      = "everything"
on      = ["pull_request"]
require = "routine"
"#;

fn check(github: &FakeGithub, rules: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rules.toml"), rules).unwrap();
    std::fs::write(folder.path().join("key.pem"), github.private_key_pem()).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.args(["check", "--forge", "--app-id", &github.app_id().to_string()]).args(more).env_clear();
    command.args(["--private-key-file", "key.pem", "--api-url", github.url()]).current_dir(folder.path());
    command.args(["--graphql-url", &format!("{}/graphql", github.url())]);
    // `git --version` is asked for when the client is made.
    command.env("PATH", std::env::var_os("PATH").unwrap());
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

async fn forge() -> FakeGithub {
    FakeGithub::start(Stage::parse(FORGE).unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_rules_name_is_looked_up() {
    let github = forge().await;
    let rules = RULES.replace(", 1003, 999", ", 999");
    let (code, out, err) = check(&github, &rules, &["--json"]);
    assert_eq!((code, err.as_str()), (Some(1), ""), "{out}");
    let answer: Value = serde_json::from_str(&out).unwrap();
    let told = answer["complaints"].as_array().unwrap().iter();
    let told: Vec<(&str, u64)> =
        told.map(|told| (told["code"].as_str().unwrap(), told["line"].as_u64().unwrap())).collect();
    assert_eq!(
        told,
        [
            ("unknown-group", 4),
            ("unknown-group", 4),
            ("unknown-account", 5),
            ("unknown-account", 9),
            ("empty-group", 19),
        ]
    );
    assert_eq!(answer["valid"], false);
    assert!(github.unknown_routes().is_empty(), "{:?}", github.unknown_routes());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_of_another_type_is_no_person() {
    let github = forge().await;
    let rules = RULES.replace(", \"globex\", \"@acme/nobody\"", "").replace("1003, 999", "2001");
    let rules = rules.replace(", { user_id = 998 }", "").replace(", \"@acme/machines\"", "");
    let (code, out, _) = check(&github, &rules, &[]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("account-is-no-person") && out.contains("What it means"), "{out}");
    let (code, out, _) = check(&github, &rules.replace(", 2001", ""), &["--deny-warnings"]);
    assert_eq!(code, Some(0), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_is_no_verdict() {
    let github = forge().await;
    let (code, out, err) = check(&github, RULES, &["--app-id", "1"]);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
}
