//! Routes of what runs, deploys and publishes.

use super::{Answer, Asked, deployments, releases, runs};

/// The answer, when the route is one of these.
pub(super) fn route(asked: &Asked<'_>, segments: &[&str]) -> Option<Answer> {
    let ["repos", owner, name, rest @ ..] = segments else { return None };
    let at = (*owner, *name);
    Some(match (asked.head.method.as_str(), rest) {
        ("GET", ["actions", "runs"]) => runs::list(asked, at),
        ("GET", ["actions", "runs", id]) => runs::read(asked, at, id),
        ("GET", ["actions", "runs", id, "jobs"]) => runs::jobs(asked, at, id),
        ("GET", ["actions", "runs", id, "attempts", number]) => runs::attempt(asked, at, id, number),
        ("POST", ["actions", "runs", id, "cancel"]) => runs::cancel(asked, at, id),
        ("POST", ["actions", "runs", id, "force-cancel"]) => runs::force_cancel(asked, at, id),
        ("GET", ["actions", "runs", id, "pending_deployments"]) => deployments::pending(asked, at, id),
        ("POST", ["actions", "runs", id, "deployment_protection_rule"]) => deployments::answer(asked, at, id),
        ("GET", ["actions", "workflows", id]) => runs::workflow(asked, at, id),
        ("GET", ["environments", environment]) => deployments::environment(asked, at, environment),
        ("GET", ["environments", environment, "deployment_protection_rules"]) => {
            deployments::rules(asked, at, environment)
        }
        ("GET", ["deployments"]) => deployments::list(asked, at),
        ("GET", ["deployments", id]) => deployments::read(asked, at, id),
        ("GET", ["deployments", id, "statuses"]) => deployments::statuses(asked, at, id),
        ("POST", ["deployments", id, "statuses"]) => deployments::create_status(asked, at, id),
        ("GET", ["releases"]) => releases::list(asked, at),
        ("GET", ["releases", id]) => releases::read(asked, at, id),
        _ => return None,
    })
}
