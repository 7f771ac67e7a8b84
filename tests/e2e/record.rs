//! Writes down what the gate and the forge said to each other in every story, for tests/conformance.
//!
//! Played are all folders of `fixtures/scenarios`, and a tour through the verbs and routes that no scenario uses.
//! `PORTCULLIS_RECORD` names the folder to write to; without it the recording goes to the build folder, so that this
//! test runs like any other.

mod reads;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use fake_github::{AccessChange, ChangeAccess, FakeGithub, Rerequest, Stage, Step};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};

use crate::Gate;
use crate::gate::scenario;

const TOUR: &str = include_str!("record/tour.toml");
const ACTIONS: &str = include_str!("record/actions.toml");
const RULES: &str = include_str!("../../rules.toml");

/// Stories played at one time.
const AT_ONCE: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_said_is_recorded() {
    let mut recording = Recording::default();
    let folders = std::fs::read_dir(scenario("")).unwrap();
    let mut names: Vec<String> =
        folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let played = stream::iter(names).map(|name| tokio::spawn(play(name))).buffered(AT_ONCE);
    let mut played = std::pin::pin!(played);
    while let Some(outcome) = played.next().await {
        let (name, gate) = outcome.unwrap();
        recording.add(&name, &gate.github);
    }
    recording.add("the tour", &tour().await.github);
    recording.add("what runs, deploys and publishes", &actions().await.github);
    recording.add("the doctor", &crate::doctor::examined_whole().await);
    recording.add("the policy repository", &crate::policy::proposals().await.github);
    assert_eq!(recording.missing(), Vec::<String>::new(), "the stories make none of these deliveries");
    recording.write();
}

async fn play(name: String) -> (String, Gate) {
    let gate = Gate::of_scenario(&name).await;
    gate.github.record();
    gate.settle_story().await;
    (name, gate)
}

/// Every verb, every route, every refusal.
async fn tour() -> Gate {
    let gate = Gate::start(TOUR, RULES).await;
    gate.github.record();
    gate.settle_story().await;
    let again = Rerequest { actor: "bob".to_owned(), repo: "acme/web".to_owned(), pull: 1 };
    gate.github.play(Step::Rerequest(again)).await.unwrap();
    gate.settle().await;
    reads::all(&gate).await;
    for change in
        [AccessChange::RepositoriesRemoved(vec!["acme/vault".to_owned()]), AccessChange::Uninstalled]
    {
        gate.github.change_access(ChangeAccess { actor: "alice".to_owned(), change }).await.unwrap();
    }
    gate
}

/// The same for what runs, deploys and publishes.
async fn actions() -> Gate {
    let gate = Gate::start(ACTIONS, RULES).await;
    gate.github.record();
    gate.settle_story().await;
    reads::actions::all(&gate).await;
    gate
}

/// A verb that is missing from the tour would leave its deliveries unchecked.
#[test]
fn the_tour_has_every_verb() {
    let steps = |stage: &str| Stage::parse(stage).unwrap().steps;
    let played: BTreeSet<String> = [steps(TOUR), steps(ACTIONS)]
        .iter()
        .flatten()
        .map(|step| format!("{step:?}").split('(').next().unwrap().to_owned())
        .chain(["Rerequest".to_owned()])
        .collect();
    let listed = include_str!("../../crates/fake-github/src/step.rs");
    let (_, variants) = listed.split_once("pub enum Step {").unwrap();
    let (variants, _) = variants.split_once("\n}").unwrap();
    let known: BTreeSet<String> = variants
        .lines()
        .filter_map(|line| line.trim().split_once('('))
        .filter(|(name, _)| name.chars().all(char::is_alphanumeric))
        .map(|(name, _)| name.to_owned())
        .collect();
    assert!(known.len() > 10, "the verbs are listed in `step.rs`: {known:?}");
    assert_eq!(played, known);
}

/// Two files of JSON lines.
#[derive(Default)]
struct Recording {
    exchanges: String,
    deliveries: String,
    kinds: BTreeSet<String>,
}

impl Recording {
    fn add(&mut self, story: &str, github: &FakeGithub) {
        for exchange in github.exchanges() {
            line(&mut self.exchanges, story, exchange.to_json());
        }
        for delivery in github.deliveries() {
            self.kinds.insert(format!("{}.{}", delivery.event, delivery.action.as_deref().unwrap_or("-")));
            line(&mut self.deliveries, story, delivery.to_json());
        }
    }

    /// Kinds of delivery that the forge can make and that no story made.
    fn missing(&self) -> Vec<String> {
        let known = [
            "branch_protection_configuration.disabled",
            "branch_protection_configuration.enabled",
            "branch_protection_rule.created",
            "branch_protection_rule.deleted",
            "branch_protection_rule.edited",
            "check_run.completed",
            "check_run.created",
            "check_run.rerequested",
            "commit_comment.created",
            "create.-",
            "delete.-",
            "deploy_key.created",
            "deploy_key.deleted",
            "deployment.created",
            "deployment_protection_rule.requested",
            "deployment_review.approved",
            "deployment_review.rejected",
            "deployment_review.requested",
            "deployment_status.created",
            "installation.deleted",
            "installation.new_permissions_accepted",
            "installation.suspend",
            "installation.unsuspend",
            "installation_repositories.removed",
            "issue_comment.created",
            "issue_comment.deleted",
            "issue_comment.edited",
            "issues.closed",
            "issues.opened",
            "member.added",
            "member.edited",
            "member.removed",
            "membership.added",
            "membership.removed",
            "merge_group.checks_requested",
            "merge_group.destroyed",
            "organization.member_removed",
            "personal_access_token_request.created",
            "pull_request.assigned",
            "pull_request.auto_merge_disabled",
            "pull_request.auto_merge_enabled",
            "pull_request.closed",
            "pull_request.converted_to_draft",
            "pull_request.dequeued",
            "pull_request.edited",
            "pull_request.enqueued",
            "pull_request.labeled",
            "pull_request.opened",
            "pull_request.ready_for_review",
            "pull_request.reopened",
            "pull_request.synchronize",
            "pull_request.unlabeled",
            "pull_request_review.dismissed",
            "pull_request_review.submitted",
            "push.-",
            "registry_package.published",
            "release.created",
            "release.deleted",
            "release.edited",
            "release.prereleased",
            "release.published",
            "release.released",
            "repository.archived",
            "repository.edited",
            "repository.privatized",
            "repository.publicized",
            "repository.renamed",
            "repository.transferred",
            "repository.unarchived",
            "repository_dispatch.sample.collected",
            "repository_ruleset.created",
            "repository_ruleset.deleted",
            "repository_ruleset.edited",
            "secret_scanning_alert.created",
            "security_and_analysis.-",
            "team.edited",
            "team.removed_from_repository",
            "workflow_dispatch.-",
            "workflow_job.completed",
            "workflow_job.in_progress",
            "workflow_job.queued",
            "workflow_job.waiting",
            "workflow_run.completed",
            "workflow_run.in_progress",
            "workflow_run.requested",
        ];
        known.into_iter().filter(|kind| !self.kinds.contains(*kind)).map(str::to_owned).collect()
    }

    fn write(&self) {
        let folder = match std::env::var_os("PORTCULLIS_RECORD") {
            Some(folder) => PathBuf::from(folder),
            None => PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("record"),
        };
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("exchanges.jsonl"), &self.exchanges).unwrap();
        std::fs::write(folder.join("deliveries.jsonl"), &self.deliveries).unwrap();
    }
}

fn line(lines: &mut String, story: &str, mut object: Value) {
    object["story"] = json!(story);
    writeln!(lines, "{object}").unwrap();
}
