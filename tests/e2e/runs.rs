//! Workflow runs: what agents have run against the rules is ended, and what people have run goes on.

use std::time::Duration;

use fake_github::{Complete, Fault, Job, Push, Rerun, Run, Stage};

use crate::Gate;
use crate::stage::{FORGE, RULES, WEB};

const CI: &str = ".github/workflows/ci.yml";
const CANCEL: &str = "POST /repos/*/*/actions/runs/*/cancel";

/// The shared stage, with workflows and the workflows' own account.
fn stage() -> Stage {
    let bot = "    { login = \"github-actions[bot]\", id = 41898282, type = \"Bot\" },\n]\norgs";
    let forge = FORGE.replacen("]\norgs", bot, 1);
    let files = "files = { \".github/workflows/ci.yml\" = \"name: CI\\non: [push, workflow_dispatch]\\n\", ";
    Stage::parse(&forge.replacen("files = { ", files, 1)).unwrap()
}

async fn gate_with(more: &str) -> Gate {
    let rules =
        RULES.replacen("enforcement = \"active\"", "enforcement = \"active\"\nrespond = [\"cancel\"]", 1);
    Gate::on(stage(), &format!("{rules}{more}")).await
}

async fn gate() -> Gate {
    gate_with("").await
}

/// The agent's branch, with whatever the agent pushed to it.
async fn branch(gate: &Gate, path: &str, text: &str) {
    let push = Push::new("Copilot", WEB, "copilot/fix").file(path, text).message("Fix it");
    gate.github.push(push).await.unwrap();
}

fn on_branch(who: &str) -> Run {
    Run::new(who, WEB, CI).branch("copilot/fix")
}

fn dispatched(who: &str) -> Run {
    Run::new(who, WEB, CI).event("workflow_dispatch")
}

/// Status and conclusion of the newest run.
fn newest(gate: &Gate) -> (String, String) {
    let run = gate.github.runs(WEB).pop().unwrap();
    (run.status, run.conclusion.unwrap_or_default())
}

#[track_caller]
fn is_cancelled(gate: &Gate) {
    assert_eq!(newest(gate), ("completed".to_owned(), "cancelled".to_owned()), "{}", gate.text());
}

#[track_caller]
fn goes_on(gate: &Gate) {
    assert_eq!(newest(gate), ("in_progress".to_owned(), String::new()), "{}", gate.text());
    assert_eq!(cancels(gate), 0);
}

fn cancels(gate: &Gate) -> usize {
    gate.github.calls().iter().filter(|call| call.route.ends_with("cancel")).count()
}

#[tokio::test]
async fn a_run_that_an_agent_dispatches_without_leave_is_cancelled() {
    for event in ["workflow_dispatch", "repository_dispatch"] {
        let gate = gate().await;
        gate.github.start_run(Run::new("Copilot", WEB, CI).event(event)).await.unwrap();
        gate.settle().await;
        is_cancelled(&gate);
        assert_eq!(cancels(&gate), 1);
    }
}

#[tokio::test]
async fn a_run_that_a_person_dispatches_goes_on_and_costs_one_look() {
    let gate = gate().await;
    let mark = gate.github.calls().len();
    gate.github.start_run(dispatched("bob")).await.unwrap();
    gate.settle().await;
    goes_on(&gate);
    let read = |route: &str| route.starts_with("graphql Workflow");
    assert!(!gate.github.calls_since(mark).iter().any(|call| read(&call.route)), "nothing around it is read");
}

#[tokio::test]
async fn an_agent_may_dispatch_with_leave_on_its_own_branches() {
    let gate = gate().await;
    let may = RULES.replacen("\"propose\"]", "\"propose\", \"run\"]", 1);
    let may = may.replacen("enforcement = \"active\"", "enforcement = \"active\"\nrespond = [\"cancel\"]", 1);
    gate.write_rules(&may).await;
    branch(&gate, "src/a.ts", "export {};\n").await;
    gate.github.start_run(dispatched("Copilot").branch("copilot/fix")).await.unwrap();
    gate.settle().await;
    goes_on(&gate);
    gate.github.start_run(dispatched("Copilot")).await.unwrap();
    gate.settle().await;
    is_cancelled(&gate);
}

#[tokio::test]
async fn a_rerun_by_an_agent_is_cancelled_and_one_by_a_person_goes_on() {
    for (who, cancelled) in [("Copilot", 1), ("bob", 0)] {
        let gate = gate().await;
        gate.github.start_run(Run::new("alice", WEB, CI)).await.unwrap();
        let complete = Complete { repo: WEB.to_owned(), run: None, conclusion: "failure".to_owned() };
        gate.github.complete(complete).await.unwrap();
        gate.settle().await;
        gate.github.rerun(Rerun { actor: who.to_owned(), repo: WEB.to_owned(), run: None }).await.unwrap();
        gate.settle().await;
        assert_eq!(cancels(&gate), cancelled, "{}", gate.text());
    }
}

#[tokio::test]
async fn a_run_that_hangs_is_ended_by_force_after_a_minute() {
    let gate = gate().await;
    gate.github.start_run(dispatched("Copilot").hangs()).await.unwrap();
    gate.step().await;
    assert_eq!((newest(&gate).0.as_str(), cancels(&gate)), ("in_progress", 1));
    gate.pass(Duration::from_secs(59));
    gate.step().await;
    assert_eq!((newest(&gate).0.as_str(), cancels(&gate)), ("in_progress", 1));
    gate.settle().await;
    is_cancelled(&gate);
    let routes: Vec<String> = gate.github.calls().into_iter().map(|call| call.route).collect();
    assert_eq!(routes.iter().filter(|route| route.ends_with("/force-cancel")).count(), 1);
}

#[tokio::test]
async fn a_changed_workflow_on_an_agents_branch_is_cancelled_and_the_same_one_runs() {
    for (path, text, cancelled) in
        [(CI, "name: CI\non: push\n# more\n", true), ("src/a.ts", "export {};\n", false)]
    {
        let gate = gate().await;
        branch(&gate, path, text).await;
        gate.github.start_run(on_branch("Copilot")).await.unwrap();
        gate.settle().await;
        if cancelled { is_cancelled(&gate) } else { goes_on(&gate) }
    }
}

#[tokio::test]
async fn a_workflow_that_the_default_branch_does_not_have_is_cancelled() {
    let gate = gate().await;
    branch(&gate, ".github/workflows/new.yml", "name: New\non: push\n").await;
    let run = Run::new("Copilot", WEB, ".github/workflows/new.yml").branch("copilot/fix");
    gate.github.start_run(run).await.unwrap();
    gate.settle().await;
    is_cancelled(&gate);
}

#[tokio::test]
async fn an_old_workflow_is_not_run_again_by_an_agent() {
    // The agent may have things run: what counts is whether the file is still the default branch's.
    let may = RULES.replacen("\"propose\"]", "\"propose\", \"run\"]", 1);
    let may = may.replacen("enforcement = \"active\"", "enforcement = \"active\"\nrespond = [\"cancel\"]", 1);
    for mended in [true, false] {
        let gate = Gate::on(stage(), &may).await;
        branch(&gate, "src/a.ts", "export {};\n").await;
        gate.github.start_run(on_branch("Copilot")).await.unwrap();
        gate.settle().await;
        goes_on(&gate);
        let complete = Complete { repo: WEB.to_owned(), run: None, conclusion: "failure".to_owned() };
        gate.github.complete(complete).await.unwrap();
        if mended {
            let mend = Push::new("alice", WEB, "main").file(CI, "name: CI\non: push\n# mended\n");
            gate.github.push(mend.message("Mend")).await.unwrap();
        }
        gate.settle().await;
        let again = Rerun { actor: "Copilot".to_owned(), repo: WEB.to_owned(), run: None };
        gate.github.rerun(again).await.unwrap();
        gate.settle().await;
        if mended { is_cancelled(&gate) } else { goes_on(&gate) }
    }
}

const SELF_HOSTED: &str = r#"
[[rules]]
id = "hosted"
on = ["workflow_run"]
when = { runners = ["self-hosted"] }
deny = true
respond = "cancel"
"#;

#[tokio::test]
async fn an_agents_job_for_a_runner_of_ones_own_is_cancelled() {
    for (who, labels, cancelled) in [
        ("Copilot", ["Self-Hosted", "linux"], 1),
        ("Copilot", ["ubuntu-latest", "linux"], 0),
        ("bob", ["self-hosted", "linux"], 0),
    ] {
        let gate = gate_with(SELF_HOSTED).await;
        branch(&gate, "src/a.ts", "export {};\n").await;
        gate.github.start_run(on_branch(who)).await.unwrap();
        gate.settle().await;
        assert_eq!(cancels(&gate), 0);
        let job = Job {
            repo: WEB.to_owned(),
            job: "deploy".to_owned(),
            status: "queued".to_owned(),
            labels: labels.map(str::to_owned).to_vec(),
            ..Job::default()
        };
        gate.github.job(job).await.unwrap();
        gate.settle().await;
        assert_eq!(cancels(&gate), cancelled, "{who} {labels:?}\n{}", gate.text());
    }
}

const ACTIONS: &str = r#"
[agents.actions]
recognise = [{ user_id = 41898282 }]
owner = "@acme/platform"
purpose = "starts what follows"
repos = ["acme/web"]
branches = ["main"]
workflows = [".github/workflows/ci.yml"]
may = ["run"]
"#;

#[tokio::test]
async fn the_workflows_own_account_runs_only_what_it_is_registered_for() {
    let gate = gate().await;
    gate.github.start_run(dispatched("github-actions[bot]")).await.unwrap();
    gate.settle().await;
    is_cancelled(&gate);

    let gate = gate_with(ACTIONS).await;
    gate.github.start_run(dispatched("github-actions[bot]")).await.unwrap();
    gate.settle().await;
    goes_on(&gate);
    let other = Push::new("alice", WEB, "main").file(".github/workflows/b.yml", "on: push\n").message("More");
    gate.github.push(other).await.unwrap();
    let run = Run::new("github-actions[bot]", WEB, ".github/workflows/b.yml").event("workflow_dispatch");
    gate.github.start_run(run).await.unwrap();
    gate.settle().await;
    is_cancelled(&gate);
}

#[tokio::test]
async fn doubled_and_disordered_deliveries_cancel_once() {
    let gate = gate().await;
    gate.github.double();
    gate.github.start_run(dispatched("Copilot")).await.unwrap();
    gate.github.reorder(7);
    gate.settle_one_by_one().await;
    is_cancelled(&gate);
    assert_eq!(cancels(&gate), 1);
}

#[tokio::test]
async fn a_run_that_is_over_meanwhile_is_no_failure() {
    let gate = gate().await;
    gate.github.fail(CANCEL, Fault::Before(409), 1);
    gate.github.start_run(dispatched("Copilot")).await.unwrap();
    gate.step().await;
    assert_eq!(cancels(&gate), 1);
    let complete = Complete { repo: WEB.to_owned(), run: None, conclusion: "success".to_owned() };
    gate.github.complete(complete).await.unwrap();
    gate.settle().await;
    assert_eq!((newest(&gate).1.as_str(), cancels(&gate)), ("success", 1));
}

#[tokio::test]
async fn what_the_forge_will_not_or_cannot_do_now_is_tried_again() {
    for fault in
        [Fault::Before(403), Fault::Before(502), Fault::Secondary { retry_after: 60 }, Fault::After(502)]
    {
        let gate = gate().await;
        gate.github.fail(CANCEL, fault, 1);
        gate.github.start_run(dispatched("Copilot")).await.unwrap();
        gate.settle().await;
        is_cancelled(&gate);
    }
}

#[tokio::test]
async fn other_rules_are_asked_of_what_runs() {
    let gate = Gate::on(stage(), RULES).await;
    gate.github.start_run(dispatched("Copilot")).await.unwrap();
    gate.settle().await;
    goes_on(&gate);
    let cancel =
        RULES.replacen("enforcement = \"active\"", "enforcement = \"active\"\nrespond = [\"cancel\"]", 1);
    gate.write_rules(&cancel).await;
    gate.settle().await;
    is_cancelled(&gate);
}
