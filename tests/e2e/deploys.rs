//! Deployments: what people landed may go out, what agents may not is refused, and people are asked where rules say so.

use fake_github::{
    BypassProtection, Comment, CreateBranch, Deploy, Merge, Rerun, ReviewState, Run, Stage, Tag,
};
use policy::rules::Suspension;
use portcullis::store::IncidentFilter;

use crate::Gate;
use crate::stage::{FORGE, RULES, WEB, propose, push};

const CI: &str = ".github/workflows/ci.yml";
const ANSWER: &str = "deployment_protection_rule";

/// The shared stage with a workflow, guarded environments, and an App that may answer.
fn stage() -> Stage {
    let files = "files = { \".github/workflows/ci.yml\" = \"name: CI\\non: [push, workflow_dispatch]\\n\", ";
    let more = r#"
[repos.safeguards]
environments = [
  { name = "production", protection = ["portcullis"], admins_bypass = true },
  { name = "staging", protection = ["portcullis", "other"] },
  { name = "lured", protection = ["portcullis"], callback_url = "https://mallory.example/repos/acme/web/actions/runs/1/deployment_protection_rule" },
]
[app]
permissions = { actions = "write", checks = "write", contents = "write", deployments = "write", members = "read", metadata = "read", pull_requests = "write" }
"#;
    Stage::parse(&(FORGE.replacen("files = { ", files, 1) + more)).unwrap()
}

/// Rules by which the agent may deploy, and whoever deploys its work to production asks first.
fn asking() -> String {
    let rules = may("\"read\", \"propose\", \"deploy\"");
    rules
        + "\n[tiers.release]\napprovals = 1\n\n[[rules]]\nid = \"production\"\non = [\"deployment\"]\n\
             when = { environments = [\"prod*\"] }\nrequire = \"release\"\n"
}

fn may(verbs: &str) -> String {
    let rules = RULES.replace(r#"may = ["read", "propose"]"#, &format!("may = [{verbs}]"));
    rules.replace(r#"branches = ["copilot/**"]"#, r#"branches = ["copilot/**", "main"]"#)
}

async fn gate(rules: &str) -> Gate {
    let gate = Gate::on(stage(), rules).await;
    push(&gate.github, "bob", "main", "first").await;
    gate.settle().await;
    gate
}

/// An agent's pull request, approved and merged by a person; answers the merge.
async fn landed(gate: &Gate, name: &str) -> (u64, String) {
    let number = propose(&gate.github, name).await;
    gate.settle().await;
    gate.review("alice", number, ReviewState::Approved).await;
    gate.settle().await;
    let commit = gate.github.merge(Merge::new("alice", WEB, number)).await.unwrap();
    gate.settle().await;
    (number, commit)
}

async fn deploy(gate: &Gate, who: &str, environment: &str) -> u64 {
    let run = Run::new(who, WEB, CI).event("workflow_dispatch").environment(environment);
    let run = gate.github.start_run(run).await.unwrap();
    gate.settle().await;
    run
}

impl Gate {
    /// What our rule says of the newest deployment, and with which words.
    fn answer(&self) -> String {
        let asked = self.github.deployment_rules(WEB).pop().unwrap();
        format!("{}\n{}", asked.answer, asked.comment)
    }

    #[track_caller]
    fn answers(&self, answer: &str, words: &str) {
        let told = self.answer();
        assert!(told.starts_with(answer) && told.contains(words), "{told}\n{}", self.text());
    }

    /// Kind and title of every incident.
    async fn opened(&self) -> Vec<(String, String)> {
        let filter = IncidentFilter { limit: 100, ..IncidentFilter::default() };
        let listed = self.running.gate().store.incidents(&filter).await.unwrap();
        listed.into_iter().map(|incident| (incident.kind, incident.title)).collect()
    }

    async fn kinds(&self) -> Vec<String> {
        self.opened().await.into_iter().map(|(kind, _)| kind).collect()
    }

    async fn approve_commit(&self, who: &str, number: u64, commit: &str) {
        let body = format!("/portcullis approve {commit}");
        let (actor, repo) = (who.to_owned(), WEB.to_owned());
        self.github.comment(Comment { actor, repo, pull: number, body, via_app: None }).await.unwrap();
        self.settle().await;
    }

    fn answered(&self) -> usize {
        self.github.calls().iter().filter(|call| call.route.ends_with(ANSWER)).count()
    }
}

#[tokio::test]
async fn what_people_pushed_to_main_people_deploy() {
    let gate = gate(RULES).await;
    deploy(&gate, "bob", "production").await;
    gate.answers("approved", "may be deployed");
    assert_eq!(gate.answered(), 1);
    // Of another App's rule on the environment nothing is said.
    deploy(&gate, "bob", "staging").await;
    gate.answers("approved", "may be deployed");
    assert_eq!(gate.kinds().await, Vec::<String>::new());
}

#[tokio::test]
async fn an_agent_deploys_only_with_leave() {
    let without = gate(&may("\"propose\", \"run\"")).await;
    deploy(&without, "Copilot", "production").await;
    without.answers("rejected", "agent `copilot` may not deploy");
    assert_eq!(without.kinds().await, ["deployed"]);
    assert_eq!(without.github.runs(WEB)[0].conclusion.as_deref(), Some("failure"));

    let with = gate(&may("\"propose\", \"run\", \"deploy\"")).await;
    deploy(&with, "Copilot", "production").await;
    with.answers("approved", "may be deployed");
    assert_eq!(with.kinds().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_never_landed_is_not_deployed_whatever_its_name() {
    let gate = gate(RULES).await;
    let work = push(&gate.github, "Copilot", "copilot/fix", "fix").await;
    let run = Run::new("bob", WEB, CI).branch("copilot/fix").environment("production");
    gate.github.start_run(run).await.unwrap();
    gate.settle().await;
    gate.answers("rejected", "is on no branch that may be deployed from: `main`");

    // A tag that is called as the branch is.
    let tag = Tag {
        actor: "bob".into(),
        repo: WEB.into(),
        tag: "main".into(),
        at: Some(work.clone()),
        message: None,
    };
    gate.github.tag(tag).await.unwrap();
    let run = Run { sha: Some(work), ..Run::new("bob", WEB, CI).branch("main").environment("production") };
    gate.github.start_run(run).await.unwrap();
    gate.settle().await;
    gate.answers("rejected", "is on no branch that may be deployed from: `main`");

    deploy(&gate, "bob", "production").await;
    gate.answers("approved", "may be deployed");
}

#[tokio::test]
async fn rules_name_further_branches_to_deploy_from() {
    let rules = RULES.replacen("check = ", "deploy_from = [\"main\", \"release/*\"]\ncheck = ", 1);
    let gate = gate(&rules).await;
    for (branch, answer) in [("release/1", "approved"), ("other", "rejected")] {
        let create = CreateBranch {
            actor: "bob".into(),
            repo: WEB.into(),
            branch: branch.into(),
            ..CreateBranch::default()
        };
        gate.github.create_branch(create).await.unwrap();
        push(&gate.github, "bob", branch, &branch.replace('/', "-")).await;
        let run = Run::new("bob", WEB, CI).branch(branch).environment("production");
        gate.github.start_run(run).await.unwrap();
        gate.settle().await;
        gate.answers(answer, "");
    }
}

#[tokio::test]
async fn what_passed_the_gate_is_deployed_and_what_went_past_it_is_not() {
    let gate = gate(RULES).await;
    landed(&gate, "good").await;
    deploy(&gate, "bob", "production").await;
    gate.answers("approved", "may be deployed");

    let number = propose(&gate.github, "past").await;
    gate.settle().await;
    gate.github.merge(Merge::new("alice", WEB, number).bypass()).await.unwrap();
    gate.settle().await;
    deploy(&gate, "bob", "production").await;
    gate.answers("rejected", "pull request #2, which brought the commit, has the verdict");

    // What is built on it contains it.
    push(&gate.github, "bob", "main", "later").await;
    deploy(&gate, "bob", "production").await;
    gate.answers("rejected", "contains what went past the gate: #2");

    let store = &gate.running.gate().store;
    let filter = IncidentFilter { limit: 10, ..IncidentFilter::default() };
    for incident in store.incidents(&filter).await.unwrap() {
        assert_eq!(incident.kind, "merged-past-the-gate");
        store.close_incident(&incident.id, "read after the fact", "alice", gate.now()).await.unwrap();
    }
    deploy(&gate, "bob", "production").await;
    gate.answers("approved", "may be deployed");
}

#[tokio::test]
async fn a_commit_is_deployed_once_its_merge_is_judged() {
    let gate = gate(RULES).await;
    let number = propose(&gate.github, "quick").await;
    gate.settle().await;
    gate.review("alice", number, ReviewState::Approved).await;
    gate.settle().await;
    gate.github.merge(Merge::new("alice", WEB, number)).await.unwrap();
    // Nobody tells of the merge, and the deployment begins at once.
    gate.github.forget_pending();
    deploy(&gate, "bob", "production").await;
    gate.pass(std::time::Duration::from_secs(10));
    gate.settle().await;
    gate.answers("approved", "");
}

#[tokio::test]
async fn people_are_asked_and_answer_about_the_very_commit() {
    let gate = gate(&asking()).await;
    let (number, commit) = landed(&gate, "hello").await;
    deploy(&gate, "bob", "production").await;
    gate.answers("waiting", &format!("/portcullis approve {commit}"));
    let before = gate.answered();

    // Neither who deploys, nor an agent, nor whoever names another commit.
    gate.approve_commit("bob", number, &commit).await;
    gate.approve_commit("Copilot", number, &commit).await;
    let head = gate.github.pull_head(WEB, number).unwrap();
    gate.approve_commit("alice", number, &head).await;
    gate.answers("waiting", "");
    assert_eq!(gate.answered(), before, "nothing new to tell");

    gate.approve_commit("alice", number, &commit).await;
    gate.answers("approved", "may be deployed");
    assert_eq!(gate.kinds().await, Vec::<String>::new());

    // Where no rule asks, and for people's own work, nobody is asked.
    deploy(&gate, "bob", "staging").await;
    gate.answers("approved", "");
    push(&gate.github, "bob", "main", "own").await;
    deploy(&gate, "bob", "production").await;
    gate.answers("approved", "");
}

#[tokio::test]
async fn a_run_on_a_pull_request_deploys_nothing() {
    let gate = gate(RULES).await;
    for (event, answer) in [("pull_request", "rejected"), ("workflow_run", "waiting"), ("push", "approved")] {
        let run = Run::new("bob", WEB, CI).event(event).environment("production");
        gate.github.start_run(run).await.unwrap();
        gate.settle().await;
        gate.answers(answer, "");
    }
}

#[tokio::test]
async fn what_was_pushed_past_the_gate_is_not_carried_along() {
    let gate = gate(RULES).await;
    push(&gate.github, "Copilot", "main", "sly").await;
    gate.settle().await;
    landed(&gate, "good").await;
    deploy(&gate, "bob", "production").await;
    gate.answers("rejected", "contains what went past the gate: the push of");
    let store = &gate.running.gate().store;
    let filter = IncidentFilter { limit: 10, ..IncidentFilter::default() };
    for incident in store.incidents(&filter).await.unwrap().iter().filter(|one| one.kind == "moved") {
        store.close_incident(&incident.id, "read after the fact", "alice", gate.now()).await.unwrap();
    }
    deploy(&gate, "bob", "production").await;
    gate.answers("approved", "");
}

#[tokio::test]
async fn approving_the_merge_is_not_approving_the_deployment() {
    let gate = gate(&asking()).await;
    let (number, _) = landed(&gate, "hello").await;
    let head = gate.github.pull_head(WEB, number).unwrap();
    let run = Run { sha: Some(head.clone()), ..Run::new("bob", WEB, CI).environment("production") };
    gate.github.start_run(run).await.unwrap();
    gate.settle().await;
    gate.answers("waiting", "tier `release` is required: 0 of 1 approval");
    gate.approve_commit("alice", number, &head).await;
    gate.answers("approved", "");
}

#[tokio::test]
async fn of_a_pull_request_only_the_whole_is_deployed() {
    let gate = gate(RULES).await;
    let first = push(&gate.github, "Copilot", "copilot/two", "first").await;
    let (_, merge) = landed(&gate, "two").await;
    for (commit, answer, words) in
        [(first, "rejected", "one in the middle of pull request #1"), (merge, "approved", "")]
    {
        let run = Run { sha: Some(commit), ..Run::new("bob", WEB, CI).environment("production") };
        gate.github.start_run(run).await.unwrap();
        gate.settle().await;
        gate.answers(answer, words);
    }
}

#[tokio::test]
async fn an_answer_is_of_one_attempt() {
    let gate = gate(&may("\"propose\", \"run\"")).await;
    let run = deploy(&gate, "bob", "production").await;
    gate.answers("approved", "");
    gate.github
        .complete(fake_github::Complete { repo: WEB.into(), run: None, conclusion: "failure".into() })
        .await
        .unwrap();
    for (who, answer) in [("Copilot", "rejected"), ("dana", "approved")] {
        let again = Rerun { actor: who.into(), repo: WEB.into(), run: None };
        gate.github.rerun(again).await.unwrap();
        let job =
            Deploy { repo: WEB.into(), run: None, job: "build".into(), environment: "production".into() };
        gate.github.deploy(job).await.unwrap();
        gate.settle().await;
        gate.answers(answer, "");
        if answer == "rejected" {
            assert_eq!(gate.github.runs(WEB)[0].conclusion.as_deref(), Some("failure"));
        }
    }
    let told = gate.opened().await;
    assert_eq!(told.len(), 1);
    assert!(told[0].1.contains(&format!("run {run}, attempt 2")), "{told:?}");
}

#[tokio::test]
async fn the_address_that_a_delivery_names_is_never_called() {
    let gate = gate(RULES).await;
    deploy(&gate, "bob", "production").await;
    gate.answers("approved", "");
    // The delivery about this one names another host, and another run. What waits is found by what else tells.
    deploy(&gate, "Copilot", "lured").await;
    gate.answers("rejected", "agent `copilot` may not deploy");
    assert_eq!(gate.answered(), 2, "one answer for each, at the forge's own address");
    assert_eq!(gate.github.runs(WEB)[0].conclusion, None, "the other run goes on");
}

#[tokio::test]
async fn a_question_that_never_came_is_answered_by_what_else_tells() {
    let gate = gate(RULES).await;
    let run = Run::new("bob", WEB, CI).environment("production");
    gate.github.start_run(run).await.unwrap();
    while gate.github.pending().first().is_some_and(|next| next.event != ANSWER) {
        gate.github.deliver_next(&gate.webhook()).await;
    }
    assert_eq!(gate.github.pending().len(), 1);
    gate.github.forget_pending();
    gate.settle().await;
    gate.answers("approved", "");
}

#[tokio::test]
async fn rules_that_only_evaluate_tell_and_let_go() {
    let rules = RULES.replace("enforcement = \"active\"", "enforcement = \"evaluate\"");
    let gate = gate(&rules).await;
    deploy(&gate, "Copilot", "production").await;
    gate.answers("approved", "agent `copilot` may not deploy");
    assert_eq!(gate.kinds().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_suspended_agents_deployment_is_refused_while_it_waits() {
    let gate = gate(&asking()).await;
    landed(&gate, "hello").await;
    deploy(&gate, "Copilot", "production").await;
    gate.answers("waiting", "tier `release` is required");
    let suspension = Suspension { reason: "a key leaked".into(), by: "alice".into(), at: gate.now() };
    assert!(gate.running.gate().store.suspend("copilot", &suspension).await.unwrap());
    gate.rules_are(|rules| rules.suspended.contains_key("copilot")).await;
    gate.settle().await;
    gate.answers("rejected", "is suspended");
}

#[tokio::test]
async fn whoever_goes_past_the_environment_leaves_nothing_to_answer() {
    let gate = gate(&asking()).await;
    landed(&gate, "hello").await;
    deploy(&gate, "bob", "production").await;
    gate.answers("waiting", "");
    let past = BypassProtection {
        actor: "alice".into(),
        repo: WEB.into(),
        run: None,
        environment: "production".into(),
    };
    gate.github.bypass_protection(past).await.unwrap();
    let before = gate.answered();
    gate.settle().await;
    assert_eq!(gate.answered(), before);
}

#[tokio::test]
async fn a_push_of_an_agents_own_is_deployed_only_when_it_passed() {
    let rules = may("\"propose\", \"push\", \"deploy\"")
        .replace(r#"branches = ["copilot/**"]"#, r#"branches = ["copilot/**", "main"]"#);
    let passed = gate(&rules).await;
    push(&passed.github, "Copilot", "main", "by-the-agent").await;
    passed.settle().await;
    deploy(&passed, "bob", "production").await;
    passed.answers("approved", "");

    let denied = gate(RULES).await;
    push(&denied.github, "Copilot", "main", "by-the-agent").await;
    denied.settle().await;
    deploy(&denied, "bob", "production").await;
    denied.answers("rejected", "pushed the commit past the gate");
}
