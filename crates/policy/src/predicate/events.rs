//! `events`: what caused the run, in GitHub's words.

use super::{Condition, Outcome, Proof, Reading, Scene};
use crate::complaint::Code;
use crate::reference::{Bad, Key, Record, Shape};
use crate::rules::On;
use crate::rules::read::{Table, list, nearest, quoted_or};
use crate::rules::shelf::PathSet;

/// Holds when one of these events caused the run.
#[derive(Debug, Clone)]
pub(crate) struct Events {
    names: Vec<String>,
}

/// What GitHub starts workflows on:
/// <https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows>
const EVENTS: [&str; 33] = [
    "branch_protection_rule",
    "check_run",
    "check_suite",
    "create",
    "delete",
    "deployment",
    "deployment_status",
    "discussion",
    "discussion_comment",
    "dynamic",
    "fork",
    "gollum",
    "image_version",
    "issue_comment",
    "issues",
    "label",
    "merge_group",
    "milestone",
    "page_build",
    "public",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "pull_request_target",
    "push",
    "registry_package",
    "release",
    "repository_dispatch",
    "schedule",
    "status",
    "watch",
    "workflow_dispatch",
    "workflow_run",
];

impl Condition for Events {
    const RECORD: Record = Record {
        key: Key {
            name: "events",
            needed: false,
            shape: Shape::List(&Shape::OneOf(&EVENTS)),
            words: "list of GitHub's events that start workflows",
            default: None,
            meaning: "Holds when one of these events caused the run.",
            bad: Bad { text: "when = { events = [\"workflow_dispath\"] }", code: Code::UnknownEvent },
        },
        on: &[On::WorkflowRun],
        good: &["when = { events = [\"workflow_dispatch\", \"repository_dispatch\"] }"],
    };

    fn parse(when: &mut Table<'_>, reading: &mut Reading<'_, '_>) -> Option<Self> {
        let texts = when.texts("events", reading.complaints)?;
        let mut names = Vec::new();
        for text in texts.value {
            if EVENTS.contains(&text.value.as_str()) {
                names.push(text.value);
                continue;
            }
            let help = match nearest(&text.value, &EVENTS) {
                Some(near) => format!("Did you mean `{near}`?"),
                None => format!("Known: {}.", list(&EVENTS)),
            };
            let message = format!("no workflow starts on `{}`", text.value.escape_debug());
            reading.complaints.error(Code::UnknownEvent, text.span, message, help);
        }
        Some(Self { names })
    }

    fn judge(&self, scene: &Scene<'_>) -> Outcome {
        let Some(run) = scene.about.run() else { return Outcome::Fails };
        match self.names.iter().find(|name| **name == run.event) {
            Some(name) => Outcome::Holds(Proof::note(format!("event `{name}`"))),
            None => Outcome::Fails,
        }
    }

    fn words(&self, _: &PathSet) -> String {
        format!("are caused by {}", quoted_or(&self.names))
    }
}
