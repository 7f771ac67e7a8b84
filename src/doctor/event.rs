//! What this version is told of, and what is granted to it for what it does beside judging.

use policy::rules::{OnMerged, Respond, Rules};

use super::installation::{grants, matters};
use super::{Line, Point, names};
use crate::github::posture::{AppSeen, InstallationSeen};

/// Without these something is not judged. Those from `membership` on are of organisations.
const NEEDED: [&str; 14] = [
    "pull_request",
    "pull_request_review",
    "issue_comment",
    "push",
    "repository",
    "check_run",
    "check_suite",
    "workflow_run",
    "workflow_job",
    "merge_group",
    "member",
    "membership",
    "organization",
    "team",
];

/// Events that one purpose needs, and what GitHub wants granted before it offers them.
const FOR: [(&str, &str, &[&str]); 6] = [
    (
        "telling at once who loosens protections",
        "administration: read",
        &[
            "branch_protection_configuration",
            "branch_protection_rule",
            "deploy_key",
            "repository_ruleset",
            "security_and_analysis",
        ],
    ),
    ("telling of secrets that the forge finds", "secret_scanning_alerts: read", &["secret_scanning_alert"]),
    (
        "telling of tokens that agents ask for",
        "organization_personal_access_token_requests: read",
        &["personal_access_token_request"],
    ),
    ("deployments", "deployments: read", &["deployment", "deployment_protection_rule", "deployment_status"]),
    ("releases", "contents: read", &["release"]),
    ("packages", "packages: read", &["registry_package"]),
];

/// What is granted for acting: permission, what for, and the answer in the rules that asks for it.
const ACTING: [(&str, &str, Option<Respond>); 6] = [
    ("contents", "putting branches and tags back", Some(Respond::Revert)),
    ("pull_requests", "proposing to take something back", None),
    ("workflows", "putting back what changes workflow files", None),
    ("actions", "cancelling workflow runs", Some(Respond::Cancel)),
    ("issues", "an issue for each incident", None),
    ("deployments", "answering deployments", None),
];

pub(super) fn needed(app: &AppSeen, seen: &InstallationSeen) -> Line {
    let missing = missing(&NEEDED, seen);
    if missing.is_empty() {
        return Line::pass(Point::Events, "it is told of all that this version judges");
    }
    let fix = fix(app, &missing);
    Line::fail(Point::Events, format!("it is not told of {}", names(missing)), fix)
}

/// What is not told is found by looking, later and without who did it; or never.
pub(super) fn optional(app: &AppSeen, seen: &InstallationSeen) -> Line {
    let point = Point::OptionalEvents;
    let mut told = Vec::new();
    let mut all = Vec::new();
    for (what_for, permission, events) in FOR {
        let missing = missing(events, seen);
        if !missing.is_empty() {
            told.push(format!(
                "{}, needed only for {what_for} (`{permission}`)",
                names(missing.iter().copied())
            ));
            all.extend(missing);
        }
    }
    if all.is_empty() {
        return Line::pass(point, "it is told of all that is of use");
    }
    Line::unknown(point, format!("it is not told of {}", told.join("; ")), fix(app, &all))
}

/// What the rules ask for must be possible; the rest is told, and nobody's fault.
pub(super) fn acting(seen: &InstallationSeen, rules: Option<&Rules>) -> Line {
    let point = Point::Acting;
    let missing: Vec<_> =
        ACTING.iter().filter(|(name, _, _)| !grants(&seen.permissions, name, "write")).collect();
    let asked: Vec<String> = missing
        .iter()
        .filter(|(name, _, answer)| rules.is_some_and(|rules| asks(rules, name, *answer)))
        .map(|(name, what_for, _)| format!("`{name}: write` for {what_for}"))
        .collect();
    if !asked.is_empty() {
        let fix =
            "add it in the App's settings under Permissions & events, or take the answer out of the rules";
        return Line::fail(
            point,
            format!("the rules ask for what is not granted: {}", asked.join(", ")),
            fix,
        );
    }
    if missing.is_empty() {
        return Line::pass(point, "everything that it can do is granted");
    }
    let told: Vec<String> = missing
        .iter()
        .map(|(name, what_for, _)| format!("`{name}: write`, needed only for {what_for}"))
        .collect();
    Line::pass(point, format!("not granted, nor asked for by the rules: {}", told.join("; ")))
}

fn asks(rules: &Rules, permission: &str, answer: Option<Respond>) -> bool {
    let proposes = permission == "pull_requests" && rules.gate.merged == OnMerged::ProposeRevert;
    let answers = answer.is_some_and(|answer| {
        rules.gate.respond.contains(&answer) || rules.rules.iter().any(|rule| rule.respond == Some(answer))
    });
    proposes || answers
}

fn missing<'e>(events: &[&'e str], seen: &InstallationSeen) -> Vec<&'e str> {
    events.iter().copied().filter(|event| matters(event, seen) && !seen.events.contains(*event)).collect()
}

fn fix(app: &AppSeen, missing: &[&str]) -> &'static str {
    if missing.iter().all(|event| app.events.contains(*event)) {
        "the App subscribes to them: an owner accepts its new permissions under Settings, GitHub Apps, Configure"
    } else {
        "tick them in the App's settings under Permissions & events, Subscribe to events"
    }
}
