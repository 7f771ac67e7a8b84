//! `portcullis doctor`: a forge that is set up well passes, each mistake fails with its fix, and what the App may not
//! see is unknown and never a pass.

use axum::Router;
use axum::http::StatusCode;
use fake_github::{FakeGithub, Fault, Stage};
use serde_json::Value;

use crate::stage::{RULES, WEB, propose};

/// Point, standing, and words of it.
type Told<'a> = (&'a str, &'a str, &'a str);

/// Everything is as it should be.
const WELL: &str = r#"
[app]
permissions = { actions = "read", administration = "write", checks = "write", contents = "read", members = "read", metadata = "read", pull_requests = "read", statuses = "write" }

[[users]]
login = "alice"
id = 1001

[[users]]
login = "Copilot"
id = 198982749
type = "Bot"
graphql_login = "copilot-swe-agent"

[[orgs]]
login = "acme"
id = 2001
members = ["alice"]

[[repos]]
name = "acme/web"
id = 3001
admins = ["alice"]
files = { "README.md" = "web", ".github/portcullis.toml" = "version = 1" }

[repos.safeguards]
fork_approval = "all_external_contributors"
deploy_keys = [{ title = "mirror" }]
environments = [{ name = "production", reviewers = ["alice"], prevent_self_review = true, admins_bypass = false, protection = ["portcullis"] }]

[[repos.safeguards.rulesets]]
id = 501
name = "main"
branches = ["~DEFAULT_BRANCH"]
checks = [{ context = "portcullis", app = 4242 }]
reviews = { approvals = 1, dismiss_stale = true, last_push = true }
no_force_push = true
no_deletion = true
"#;

/// The same branch guarded the older way.
const CLASSIC: &str = r#"
[[repos.safeguards.classic]]
branch = "main"
checks = [{ context = "portcullis", app = 4242 }]
reviews = { approvals = 1, dismiss_stale = true, last_push = true }
enforce_admins = true
"#;

/// Events that are only of use.
const OF_USE: &str = r#""branch_protection_configuration", "branch_protection_rule", "deploy_key", "repository_ruleset", "security_and_analysis", "secret_scanning_alert", "personal_access_token_request", "deployment", "deployment_protection_rule", "deployment_status", "release", "registry_package""#;

/// The stage with one thing changed.
#[track_caller]
fn but(from: &str, to: &str) -> String {
    assert!(WELL.contains(from), "{from}");
    WELL.replace(from, to)
}

fn without_rulesets() -> &'static str {
    WELL.split("[[repos.safeguards.rulesets]]").next().unwrap()
}

/// A forge on which something happened, and whoever was told answered with this status.
async fn forge(stage: &str, taken: StatusCode) -> FakeGithub {
    let github = FakeGithub::start(Stage::parse(stage).unwrap()).await.unwrap();
    propose(&github, "hello").await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let taker = Router::new().fallback(move || async move { taken });
    let server = tokio::spawn(async { axum::serve(listener, taker).await });
    github.deliver_all(&url).await;
    server.abort();
    github
}

fn run(github: &FakeGithub, more: &[&str]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rules.toml"), RULES).unwrap();
    std::fs::write(folder.path().join("key.pem"), github.private_key_pem()).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.args(["doctor", "--app-id", &github.app_id().to_string()]).args(more).env_clear();
    command.args(["--private-key-file", "key.pem", "--api-url", github.url()]).current_dir(folder.path());
    command.args(["--graphql-url", &format!("{}/graphql", github.url())]);
    command.env("PATH", std::env::var_os("PATH").unwrap());
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Exit code and report.
#[track_caller]
fn examined(github: &FakeGithub) -> (Option<i32>, Value) {
    let (code, out, err) = run(github, &["--rules", "rules.toml", "--json"]);
    assert_eq!(err, "", "{out}");
    (code, serde_json::from_str(&out).unwrap())
}

/// Every line as `point: standing`, and its words.
fn lines(report: &Value) -> Vec<(String, String, String)> {
    let sections = report["sections"].as_array().unwrap().iter();
    let lines = sections.flat_map(|section| section["lines"].as_array().unwrap());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let told = |line: &Value| {
        let words = format!("{} | {}", text(&line["said"]), text(&line["fix"]));
        (text(&line["point"]), text(&line["standing"]), words)
    };
    lines.map(told).collect()
}

/// Only these points stand so, each with these words, and whatever else is not told here passes.
#[track_caller]
fn stand(report: &Value, wanted: &[Told<'_>]) {
    let all = lines(report);
    let ill: Vec<_> = all.iter().filter(|(_, standing, _)| standing != "pass").collect();
    assert_eq!(ill.len(), wanted.len(), "{report:#}");
    for (point, standing, words) in wanted {
        let found = ill.iter().find(|(known, ..)| known == point);
        let found = found.unwrap_or_else(|| panic!("`{point}` passes: {report:#}"));
        assert_eq!(found.1, *standing, "{report:#}");
        assert!(found.2.contains(words), "{point}: {}", found.2);
        let (_, fix) = found.2.split_once(" | ").unwrap();
        assert!(fix.len() > 10, "{point} has no fix: {}", found.2);
    }
}

/// A forge that was examined, with what was said.
pub(crate) async fn examined_whole() -> FakeGithub {
    let github = forge(&format!("{WELL}{CLASSIC}"), StatusCode::ACCEPTED).await;
    github.record();
    assert_eq!(run(&github, &["--rules", "rules.toml"]).0, Some(0));
    assert_eq!(
        run(&github, &["--rules-repository", WEB, "--rules", ".github/portcullis.toml", WEB]).0,
        Some(1)
    );
    github
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repository_that_is_set_up_well_passes() {
    let github = forge(WELL, StatusCode::ACCEPTED).await;
    let (code, report) = examined(&github);
    stand(&report, &[]);
    assert_eq!(
        (code, &report["standing"], &report["check"]),
        (Some(0), &"pass".into(), &"portcullis".into())
    );
    assert_eq!((&report["version"], &report["count"]["fail"]), (&1.into(), &0.into()));
    let kinds: Vec<_> =
        report["sections"].as_array().unwrap().iter().map(|one| &one["examined"]["kind"]).collect();
    assert_eq!(kinds, ["app", "installation", "repository", "branch"]);
    let (code, text, _) = run(&github, &["--rules", "rules.toml", WEB]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("Branch `main` of `acme/web`") && text.contains(" 0 FAIL, 0 UNKNOWN."), "{text}");
    assert_eq!(github.unknown_routes(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn classic_protection_is_as_good() {
    let stage = format!("{}{CLASSIC}", without_rulesets());
    let (code, report) = examined(&forge(&stage, StatusCode::ACCEPTED).await);
    stand(&report, &[]);
    assert_eq!(code, Some(0));

    let excepted = stage.replace("enforce_admins = true", "");
    let (code, report) = examined(&forge(&excepted, StatusCode::ACCEPTED).await);
    stand(&report, &[("bypass", "fail", "classic branch protection: administrators")]);
    assert_eq!(code, Some(1));

    let lax = "enforce_admins = false\nallow_force_pushes = true\nallow_deletions = true";
    let stage = stage.replace("enforce_admins = true", lax).replace(", app = 4242", "");
    let (code, report) = examined(&forge(&stage, StatusCode::ACCEPTED).await);
    stand(
        &report,
        &[
            ("check-pinned", "fail", "from anybody"),
            ("bypass", "fail", "anybody"),
            ("force-pushes", "fail", "overwritten"),
            ("deletion", "fail", "deleted"),
        ],
    );
    assert_eq!(code, Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mistake_on_a_branch_fails_with_its_fix() {
    let cases: &[(&str, &str, &[Told<'_>])] = &[
        (
            "portcullis\", app = 4242",
            "portcullis\"",
            &[("check-pinned", "fail", "choose this App as the source"), ("bypass", "fail", "goes past it")],
        ),
        (
            "app = 4242",
            "app = 77",
            &[
                ("check-required", "fail", "from App 77, which is not ours (4242)"),
                ("check-pinned", "fail", "require it first"),
                ("bypass", "fail", "everybody goes past it"),
            ],
        ),
        (
            "context = \"portcullis\"",
            "context = \"another\"",
            &[
                ("check-required", "fail", "nothing requires `portcullis`"),
                ("check-pinned", "fail", "nothing requires"),
                ("bypass", "fail", "nothing requires"),
            ],
        ),
        (
            "no_deletion = true",
            "no_deletion = true\nbypass = [{ type = \"Integration\", id = 77, mode = \"exempt\" }, \
             { type = \"OrganizationAdmin\", id = 1, mode = \"always\" }]",
            &[("bypass", "fail", "App 77 (exempt, without a trace), owners of the organisation |")],
        ),
        ("dismiss_stale = true", "dismiss_stale = false", &[("stale-approvals", "fail", "Dismiss stale")]),
        ("last_push = true", "last_push = false", &[("last-push-approval", "fail", "most recent")]),
        ("no_force_push = true", "no_force_push = false", &[("force-pushes", "fail", "Block force pushes")]),
        ("no_deletion = true", "no_deletion = false", &[("deletion", "fail", "Restrict deletions")]),
    ];
    for (from, to, wanted) in cases {
        let (code, report) = examined(&forge(&but(from, to), StatusCode::ACCEPTED).await);
        stand(&report, wanted);
        assert_eq!((code, &report["standing"]), (Some(1), &"fail".into()), "{to}");
    }
}

/// A ruleset that only evaluates blocks nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ruleset_that_is_not_active_guards_nothing() {
    for enforcement in ["evaluate", "disabled"] {
        let stage = but("name = \"main\"", &format!("name = \"main\"\nenforcement = \"{enforcement}\""));
        let (code, report) = examined(&forge(&stage, StatusCode::ACCEPTED).await);
        let failed = lines(&report).into_iter().filter(|(_, standing, _)| standing == "fail").count();
        assert_eq!((code, failed), (Some(1), 7), "{report:#}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mistake_around_a_repository_fails_with_its_fix() {
    let cases = [
        ("title = \"mirror\"", "title = \"mirror\", write = true", "deploy-keys", "`mirror` | remove"),
        ("all_external_contributors", "first_time_contributors", "fork-runs", "all external contributors"),
        ("prevent_self_review = true", "prevent_self_review = false", "environments", "Prevent self-review"),
        ("admins_bypass = false", "admins_bypass = true", "environments", "`production` | under Settings"),
        ("[\"portcullis\"]", "[\"another\"]", "deployment-rule", "`production` without asking"),
        ("= \"version = 1\"", "= \"version = 2\"", "own-rules-valid", "line 1"),
        ("members = \"read\", ", "", "permissions", "`members: read` to know who is a person"),
        ("checks = \"write\"", "checks = \"read\"", "permissions", "`checks: write`"),
    ];
    for (from, to, point, words) in cases {
        let (code, report) = examined(&forge(&but(from, to), StatusCode::ACCEPTED).await);
        stand(&report, &[(point, "fail", words)]);
        assert_eq!(code, Some(1), "{to}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mistake_of_the_app_fails_with_its_fix() {
    let app = |more: &str| but("[app]\n", &format!("[app]\n{more}\n"));
    let hook = |hook: &str| app(&format!("hook = {{ {hook} }}"));
    let cases = [
        (
            app(&format!(
                "events = [\"pull_request\", \"issue_comment\", \"push\", \"repository\", \"check_run\", \"check_suite\", \"merge_group\", \"member\", \"membership\", \"team\", \"organization\", {OF_USE}]"
            )),
            "events",
            "`pull_request_review`",
        ),
        (hook("content_type = \"form\""), "webhook-settings", "takes JSON only"),
        (hook("insecure_ssl = \"1\""), "webhook-settings", "certificates are not verified"),
        (hook("url = \"http://gate.acme.example\""), "webhook-settings", "not encrypted"),
    ];
    for (stage, point, words) in cases {
        let (code, report) = examined(&forge(&stage, StatusCode::ACCEPTED).await);
        stand(&report, &[(point, "fail", words)]);
        assert_eq!(code, Some(1), "{point}");
    }
    let (code, report) = examined(&forge(WELL, StatusCode::UNAUTHORIZED).await);
    stand(&report, &[("webhook-deliveries", "fail", "401")]);
    assert_eq!(code, Some(1));
}

/// What only some do without is told with what it is for, and is no failure.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_are_only_of_use_are_told_with_their_purpose() {
    let needed = r#""pull_request", "pull_request_review", "issue_comment", "push", "repository", "check_run", "check_suite", "workflow_run", "workflow_job", "merge_group", "member", "membership", "organization", "team""#;
    let github = forge(&but("[app]\n", &format!("[app]\nevents = [{needed}]\n")), StatusCode::ACCEPTED).await;
    let (code, report) = examined(&github);
    stand(
        &report,
        &[("optional-events", "unknown", "needed only for telling at once who loosens protections")],
    );
    assert_eq!(code, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspended_installation_fails_and_hides_its_repositories() {
    let stage = but("[app]\n", "[app]\nsuspended = true\n");
    let github = forge(&stage, StatusCode::ACCEPTED).await;
    let (code, report) = examined(&github);
    let wanted =
        [("installation-active", "fail", "suspended"), ("repositories-listed", "unknown", "no token")];
    stand(&report, &wanted);
    assert_eq!(code, Some(1));
}

/// Unknown alone leaves with 0, and is said loudly.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_app_may_not_see_is_unknown() {
    let stage = but("administration = \"write\", ", "").replace("actions = \"read\", ", "");
    let rulesets = forge(&stage, StatusCode::ACCEPTED).await;
    let blind = [
        ("optional-permissions", "unknown", "`administration: read` shows"),
        ("deploy-keys", "unknown", "needs `administration: read`"),
        ("fork-runs", "unknown", "needs `administration: read`"),
        ("environments", "unknown", "needs `actions: read`"),
        ("deployment-rule", "unknown", "needs `actions: read`"),
    ];
    let bypass = ("bypass", "unknown", "needs the right to change the ruleset");
    let (code, report) = examined(&rulesets);
    stand(&report, &[&blind[..], &[bypass]].concat());
    assert_eq!((code, &report["standing"]), (Some(0), &"unknown".into()));
    let (code, text, _) = run(&rulesets, &["--rules", "rules.toml"]);
    assert!(code == Some(0) && text.contains(" 6 UNKNOWN.\nWhat is UNKNOWN could not be seen"), "{text}");

    // Classic protection is there, and cannot be seen at all.
    let stage = format!("{}{CLASSIC}", stage.split("[[repos.safeguards.rulesets]]").next().unwrap());
    let (code, report) = examined(&forge(&stage, StatusCode::ACCEPTED).await);
    let words = "classic branch protection: needs `administration: read`";
    let points = [
        "check-required",
        "check-pinned",
        "bypass",
        "stale-approvals",
        "last-push-approval",
        "force-pushes",
        "deletion",
    ];
    let unseen = points.map(|point| (point, "unknown", words));
    stand(&report, &[&blind[..], &unseen[..]].concat());
    assert_eq!(code, Some(0));
}

/// The right to read is enough for all but the bypass list.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_bypass_list_needs_more_than_reading() {
    let stage = but("administration = \"write\"", "administration = \"read\"");
    let (code, report) = examined(&forge(&stage, StatusCode::ACCEPTED).await);
    stand(&report, &[("bypass", "unknown", "needs the right to change the ruleset")]);
    assert_eq!(code, Some(0));
}

/// Whatever the forge fails to tell: what did not pass before does not pass then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_answer_is_never_a_pass() {
    let worst = WELL.split("[repos.safeguards]").next().unwrap();
    let worst = format!(
        "{worst}\n[repos.safeguards]\ndeploy_keys = [{{ title = \"mirror\", write = true }}]\n\
         environments = [{{ name = \"production\", reviewers = [\"alice\"] }}]\n\
         classic = [{{ branch = \"main\", allow_force_pushes = true, allow_deletions = true }}]\n"
    );
    let passing = |report: &Value| -> Vec<String> {
        let all = lines(report).into_iter();
        all.filter(|(_, standing, _)| standing == "pass").map(|(point, ..)| point).collect()
    };
    let github = forge(&worst, StatusCode::INTERNAL_SERVER_ERROR).await;
    let before = passing(&examined(&github).1);
    let routes = [
        "GET /app/hook/config",
        "GET /app/hook/deliveries",
        "GET /installation/repositories",
        "GET /repos/*/*/branches",
        "GET /repos/*/*/branches/*/protection",
        "GET /repos/*/*/rules/branches/*",
        "GET /repos/*/*/keys",
        "GET /repos/*/*/environments",
        "GET /repos/*/*/environments/*/deployment_protection_rules",
        "GET /repos/*/*/actions/permissions/fork-pr-contributor-approval",
        "graphql",
    ];
    for route in routes {
        let github = forge(&worst, StatusCode::INTERNAL_SERVER_ERROR).await;
        github.fail(route, Fault::Before(502), 3);
        let (_, report) = examined(&github);
        let unknown = lines(&report).into_iter().any(|(_, standing, _)| standing == "unknown");
        assert!(unknown, "{route} was not asked: {report:#}");
        for point in passing(&report) {
            assert!(before.contains(&point), "without {route}, `{point}` passes: {report:#}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_protected_branches_are_examined_too() {
    let more = "\n[[repos.safeguards.rulesets]]\nid = 502\nname = \"all\"\norganization = \"acme\"\n\
                branches = [\"copilot/hello\"]\nno_deletion = true\n";
    let (_, report) = examined(&forge(&format!("{WELL}{more}"), StatusCode::ACCEPTED).await);
    let branches: Vec<_> =
        report["sections"].as_array().unwrap().iter().map(|one| &one["examined"]["name"]).collect();
    assert_eq!(branches, ["portcullis", "acme", "acme/web", "main", "copilot/hello"]);
    let deletion = lines(&report).into_iter().rfind(|(point, ..)| point == "deletion").unwrap();
    assert_eq!((deletion.1.as_str(), deletion.2.contains("ruleset 502 of acme")), ("pass", true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_of_the_forge_do_no_harm() {
    let stage = but("title = \"mirror\"", "title = \"\\u001b[2J\\u202emirror\\npass\", write = true");
    let (_, text, _) = run(&forge(&stage, StatusCode::ACCEPTED).await, &["--rules", "rules.toml"]);
    assert!(text.contains(r"\u{1b}[2J\u{202e}mirror"), "{text}");
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_rules_the_name_is_the_default_and_bad_rules_name_nothing() {
    let github = forge(WELL, StatusCode::ACCEPTED).await;
    let (code, out, _) = run(&github, &["--json"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    // Its own rules stand below the organisation's.
    stand(
        &report,
        &[("rules-valid", "unknown", "no rules were named"), ("own-rules-valid", "unknown", "without")],
    );
    assert_eq!((code, &report["check"]), (Some(0), &"portcullis".into()));

    let (code, out, _) = run(&github, &["--json", "--rules", "key.pem"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    let invalid = "the rules, which name our check, are invalid";
    stand(
        &report,
        &[
            ("rules-valid", "fail", "portcullis check"),
            ("own-rules-valid", "unknown", "without"),
            ("check-required", "unknown", invalid),
            ("check-pinned", "unknown", invalid),
            ("bypass", "unknown", invalid),
        ],
    );
    assert_eq!((code, &report["check"]), (Some(1), &Value::Null));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_found_out_leaves_with_two() {
    let github = forge(WELL, StatusCode::ACCEPTED).await;
    github.fail("GET /app", Fault::Before(502), 3);
    let cases = [
        (&[][..], "get_app"),
        (&["acme/none"], "the App is not installed at `acme/none`"),
        (&["acme"], "is no repository such as"),
    ];
    for (more, words) in cases {
        let (code, out, err) = run(&github, more);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
        assert!(err.contains(words), "{err}");
    }
}
