//! Real git behind it: stages, pushes, forks, and who may fetch.

use std::process::Command;

use fake_github::{DeleteAccount, DeleteFork, FakeGithub, Open, Push, Signature, Stage};
use serde_json::{Value, json};

use crate::client::{Client, SAMPLE, sample};

#[tokio::test]
async fn a_stage_is_always_the_same() {
    let (one, two) = (sample().await, sample().await);
    assert_eq!(one.text(), two.text());
    assert_eq!(one.last_delivery().unwrap().body, two.last_delivery().unwrap().body);
    let head = one.pull_head("acme/web", 1).unwrap();
    assert_eq!(
        one.text(),
        format!(
            "acme/web\n  * {:.7} (main) first — alice\n  * {head:.7} (copilot/fix-1) Say hello — Copilot\n  \
             #1 Say hello (open) copilot/fix-1→main by Copilot\n    head {head:.7}\n",
            one.branch("acme/web", "main").unwrap()
        )
    );
}

#[tokio::test]
async fn a_push_moves_the_pull_request_and_old_heads_stay_fetchable() {
    let github = sample().await;
    let old = github.pull_head("acme/web", 1).unwrap();
    let push = Push::new("bob", "acme/web", "copilot/fix-1")
        .rename("README.md", "docs/a \"b\".md")
        .symlink("link", "/etc/passwd")
        .delete(".github/workflows/ci.yml")
        .file("run.sh", "#!/bin/sh\n")
        .executable("run.sh")
        .submodule("vendored", &"1".repeat(40))
        .signed(Signature::by("bob"));
    let new = github.push(push).await.unwrap();
    assert_eq!(github.pull_head("acme/web", 1).unwrap(), new);
    let told = github.last_delivery().unwrap();
    let payload: Value = serde_json::from_slice(&told.body).unwrap();
    assert_eq!(payload["action"], "synchronize");
    assert_eq!((&payload["before"], &payload["after"]), (&json!(old), &json!(new)));
    assert_eq!(payload["pull_request"]["commits"], 2);
    assert_eq!(payload["pull_request"]["changed_files"], 6);
    let client = Client::of(&github).await;
    github.lag(1);
    assert_eq!(client.pull(1).await["headRefOid"], json!(old));
    github.catch_up();
    assert_eq!(client.pull(1).await["headRefOid"], json!(new));
    let out = Push::new("bob", "acme/web", "copilot/fix-1").from("main").file("x", "y");
    assert!(github.push(out.clone()).await.unwrap_err().to_string().contains("would lose commits"));
    github.push(out.force()).await.unwrap();
    assert_eq!(client.pull(1).await["commits"]["totalCount"], 1);
}

// Git runs on the test's own thread, so the forge needs another.

// Git runs on the test's own thread, so the forge needs another.
#[tokio::test(flavor = "multi_thread")]
async fn git_is_served_with_a_filter_to_who_may_read() {
    let github = sample().await;
    let client = Client::with(&github, json!({ "permissions": { "contents": "read" } })).await;
    let folder = tempfile::tempdir().unwrap();
    let git = |token: &str, arguments: &[&str]| {
        let url = github.url().replace("http://", &format!("http://x-access-token:{token}@"));
        let output = Command::new("git")
            .current_dir(folder.path())
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .args(arguments.iter().map(|word| word.replace("URL", &format!("{url}/acme/web.git"))))
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    assert!(!git("wrong", &["clone", "--bare", "URL", "no.git"]).0);
    let token = client.token.clone();
    let (git_works, head) = git(&token, &["ls-remote", "URL", "refs/pull/1/head"]);
    assert!(git_works && head.starts_with(&github.pull_head("acme/web", 1).unwrap()), "{head}");
    assert!(git(&token, &["clone", "--bare", "--filter=blob:none", "URL", "web.git"]).0);
    let (_, missing) = git(&token, &["-C", "web.git", "rev-list", "--all", "--objects", "--missing=print"]);
    assert!(missing.lines().any(|line| line.starts_with('?')), "{missing}");
    assert!(!git(&token, &["-C", "web.git", "push", "URL", "main:other"]).0);
    assert!(github.git_calls().iter().any(|call| call.status == 401));
    assert_eq!(github.unknown_routes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_fork_lends_its_head_and_can_be_deleted() {
    let text =
        format!("{}\n[[repos]]\nname = \"erin/web\"\nid = 3002\nfork_of = \"acme/web\"\n", cut(SAMPLE));
    let github = FakeGithub::start(Stage::parse(&text).unwrap()).await.unwrap();
    let push = Push::new("erin", "erin/web", "patch")
        .file("a", "b")
        .message("Patch\n\nCo-authored-by: Bob <1002+bob@users.noreply.github.example>");
    let sha = github.push(push).await.unwrap();
    let number = github.open(Open::new("erin", "acme/web", "patch").from_fork("erin/web")).await.unwrap();
    let client = Client::of(&github).await;
    let pull = client.pull(number).await;
    assert_eq!(pull["headRepository"]["nameWithOwner"], "erin/web");
    let commit = &pull["commits"]["nodes"][0]["commit"];
    assert_eq!(commit["author"]["user"]["login"], "erin");
    assert_eq!(commit["authors"]["nodes"][1]["user"]["login"], "bob");
    let run = json!({ "name": "portcullis", "head_sha": sha, "conclusion": "success" });
    let (status, run) = client.call("POST", "/repos/acme/web/check-runs", Some(run)).await;
    assert_eq!((status, &run["pull_requests"]), (201, &json!([])));
    github.delete_fork(DeleteFork { repo: "erin/web".into() }).await.unwrap();
    github.delete_account(DeleteAccount { login: "erin".into() }).await.unwrap();
    let pull = client.pull(number).await;
    assert_eq!((&pull["headRepository"], &pull["author"]), (&Value::Null, &Value::Null));
    assert_eq!(client.get(&format!("/repos/acme/web/pulls/{number}")).await.1["user"]["login"], "ghost");
}

/// The sample without its steps.
fn cut(text: &str) -> &str {
    text.split("[[steps]]").next().unwrap()
}
