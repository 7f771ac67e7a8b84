//! One installation: what was granted, what it is told of, and whether it is in force.

use policy::Fact;
use policy::rules::Rules;

use super::{Line, Point, event};
use crate::github::posture::{AppSeen, Grants, InstallationSeen, RepositorySeen};

/// What this version needs, and what for. `members` is of organisations.
const NEEDED: [(&str, &str, &str); 5] = [
    ("checks", "write", "show verdicts"),
    ("contents", "read", "read what changed"),
    ("metadata", "read", "read anything"),
    ("pull_requests", "read", "read pull requests and reviews"),
    ("members", "read", "know who is a person"),
];

/// What is worth having beside, and what it gives.
const OPTIONAL: [(&str, &str, &str); 3] = [
    ("statuses", "write", "lets rulesets and branch protection choose this App as the check's source"),
    (
        "administration",
        "read",
        "shows classic branch protection, deploy keys, teams and who approves runs of forks, now and when they change",
    ),
    ("actions", "read", "shows who may approve and pass deployments"),
];

/// What only organisations have.
const OF_ORGANIZATIONS: [&str; 5] =
    ["members", "membership", "organization", "team", "personal_access_token_request"];

/// Lines about one installation. Of the repositories it is only told whether they could be listed; `rules` tell what it
/// must be able to do.
#[must_use]
pub fn installation(
    app: &AppSeen,
    seen: &InstallationSeen,
    repositories: &Fact<Vec<RepositorySeen>>,
    rules: Option<&Rules>,
) -> Vec<Line> {
    vec![
        active(seen),
        permissions(app, seen),
        optional(seen),
        event::acting(seen, rules),
        event::needed(app, seen),
        event::optional(app, seen),
        listed(seen, repositories),
    ]
}

fn active(seen: &InstallationSeen) -> Line {
    if seen.suspended {
        return Line::fail(
            Point::Active,
            "it is suspended: nothing is judged, and required checks stay missing",
            "an owner lifts it under Settings, GitHub Apps, Configure",
        );
    }
    Line::pass(Point::Active, "it is in force")
}

pub(super) fn matters(name: &str, seen: &InstallationSeen) -> bool {
    seen.organization || !OF_ORGANIZATIONS.contains(&name)
}

pub(super) fn grants(granted: &Grants, name: &str, level: &str) -> bool {
    match granted.get(name).map(String::as_str) {
        Some("write" | "admin") => true,
        Some("read") => level == "read",
        _ => false,
    }
}

fn permissions(app: &AppSeen, seen: &InstallationSeen) -> Line {
    let missing: Vec<_> = NEEDED
        .iter()
        .filter(|(name, level, _)| matters(name, seen) && !grants(&seen.permissions, name, level))
        .collect();
    if missing.is_empty() {
        return Line::pass(Point::Permissions, "all that this version needs is granted");
    }
    let told: Vec<String> =
        missing.iter().map(|(name, level, what_for)| format!("`{name}: {level}` to {what_for}")).collect();
    // Whoever installed an App has to agree when it asks for more.
    let asked = missing.iter().all(|(name, level, _)| grants(&app.permissions, name, level));
    let fix = if asked {
        "the App asks for it: an owner accepts the request under Settings, GitHub Apps, Configure"
    } else {
        "add it in the App's settings under Permissions & events; an owner of each installation then accepts it"
    };
    Line::fail(Point::Permissions, format!("missing: {}", told.join(", ")), fix)
}

/// Nothing fails without them, but something stays unseen.
fn optional(seen: &InstallationSeen) -> Line {
    let missing: Vec<String> = OPTIONAL
        .iter()
        .filter(|(name, level, _)| !grants(&seen.permissions, name, level))
        .map(|(name, level, gives)| format!("`{name}: {level}` {gives}"))
        .collect();
    if missing.is_empty() {
        return Line::pass(Point::OptionalPermissions, "all that is of use is granted");
    }
    Line::unknown(
        Point::OptionalPermissions,
        format!("not granted: {}", missing.join("; ")),
        "grant what you want to know, in the App's settings under Permissions & events",
    )
}

fn listed(seen: &InstallationSeen, repositories: &Fact<Vec<RepositorySeen>>) -> Line {
    let point = Point::Repositories;
    let repositories = match repositories {
        Fact::Known(repositories) => repositories,
        Fact::Unknown(why) => {
            let fix = match seen.suspended {
                true => "lift the suspension first",
                false => "name one: `portcullis doctor owner/repo`",
            };
            return Line::unknown(point, format!("its repositories: {why}"), fix);
        }
    };
    let archived = repositories.iter().filter(|repository| repository.archived).count();
    match (repositories.len(), archived) {
        (0, _) => Line::fail(
            point,
            "it covers no repository",
            "choose repositories under Settings, GitHub Apps, Configure",
        ),
        (all, 0) => Line::pass(point, format!("{all} examined")),
        (all, archived) => Line::pass(
            point,
            format!("{} examined, {archived} left out, being archived", all.saturating_sub(archived)),
        ),
    }
}
