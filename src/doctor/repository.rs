//! One repository beside its branches: its own rules, deploy keys, runs of forks, environments.

use policy::Fact;
use policy::complaint::Severity;
use policy::rules::{OWN_RULES, Rules, Tightening};

use super::{Line, Point, names};
use crate::github::RulesFile;
use crate::github::posture::{Environment, RepositoryPosture};

/// Lines about one repository; its own rules are judged below those of the organisation.
#[must_use]
pub fn repository(seen: &RepositoryPosture, rules: Option<&Rules>) -> Vec<Line> {
    let mut lines = vec![
        listed(&seen.listed),
        own_rules(&seen.own_rules, rules),
        deploy_keys(&seen.writing_keys),
        environments(&seen.environments),
        deployment_rule(&seen.environments),
    ];
    lines.extend(seen.fork_approval.as_ref().map(fork_runs));
    lines
}

fn listed(listed: &Fact<()>) -> Line {
    match listed {
        Fact::Known(()) => Line::pass(Point::Branches, "every protected branch is examined"),
        Fact::Unknown(why) => Line::unknown(
            Point::Branches,
            format!("only the default branch is examined; the protected ones: {why}"),
            "grant the App `contents: read`, or protect fewer branches by name",
        ),
    }
}

fn own_rules(file: &Fact<RulesFile>, rules: Option<&Rules>) -> Line {
    let point = Point::OwnRules;
    let fix = format!("correct `{OWN_RULES}`; until then the last good one stays in force");
    match (file, rules) {
        (Fact::Unknown(why), _) => {
            Line::unknown(point, format!("`{OWN_RULES}`: {why}"), "grant the App `contents: read`")
        }
        (Fact::Known(RulesFile::Missing), _) => Line::pass(point, "it has none"),
        (Fact::Known(RulesFile::Unusable(why)), _) => Line::fail(point, why, fix),
        (Fact::Known(RulesFile::Text(_)), None) => Line::unknown(
            point,
            format!("`{OWN_RULES}` cannot be judged without the organisation's rules"),
            "give valid ones by `--rules` or `--rules-repository`",
        ),
        (Fact::Known(RulesFile::Text(found)), Some(rules)) => {
            let parsed = Tightening::parse(rules, &found.text);
            let mut errors = parsed.complaints.iter().filter(|told| told.severity == Severity::Error);
            match errors.next() {
                None if parsed.valid => Line::pass(point, format!("`{OWN_RULES}` is valid")),
                first => {
                    let first = first.map(|told| format!(", line {}: {}", told.line, told.message));
                    Line::fail(point, format!("`{OWN_RULES}` is invalid{}", first.unwrap_or_default()), fix)
                }
            }
        }
    }
}

fn deploy_keys(keys: &Fact<Vec<(u64, String)>>) -> Line {
    let point = Point::DeployKeys;
    match keys {
        Fact::Unknown(why) => Line::unknown(
            point,
            format!("deploy keys that may push: {why}"),
            "grant the App `administration: read`, or look under Settings, Deploy keys",
        ),
        Fact::Known(keys) if keys.is_empty() => Line::pass(point, "no deploy key may push"),
        Fact::Known(keys) => Line::fail(
            point,
            format!(
                "deploy keys may push, and a push by one names nobody: {}",
                names(keys.iter().map(|(_, title)| title.as_str()))
            ),
            "remove them or make them read-only, under Settings, Deploy keys",
        ),
    }
}

fn fork_runs(policy: &Fact<String>) -> Line {
    let point = Point::ForkRuns;
    let fix = "choose `Require approval for all external contributors` under Settings, Actions, General";
    match policy {
        Fact::Unknown(why) => {
            Line::unknown(point, format!("which runs of forks wait for a person: {why}"), fix)
        }
        Fact::Known(policy) if policy == "all_external_contributors" => {
            Line::pass(point, "runs of forks wait for a person")
        }
        Fact::Known(policy) => Line::fail(
            point,
            format!("runs of forks start by themselves once somebody contributed before (`{policy}`)"),
            fix,
        ),
    }
}

/// Environments that nobody must approve are not judged: they may be meant for anybody.
fn environments(seen: &Fact<Vec<Environment>>) -> Line {
    let point = Point::Environments;
    let fix =
        "under Settings, Environments: tick `Prevent self-review`, untick `Allow administrators to bypass`";
    let seen = match seen {
        Fact::Known(seen) => seen,
        Fact::Unknown(why) => {
            let fix = "grant the App `actions: read`, or look under Settings, Environments";
            return Line::unknown(point, format!("its environments: {why}"), fix);
        }
    };
    let reviewed: Vec<&Environment> = seen.iter().filter(|one| one.reviewed).collect();
    let with = |such: fn(&Environment) -> bool| -> Vec<&str> {
        reviewed.iter().filter(|one| such(one)).map(|one| one.name.as_str()).collect()
    };
    let own = with(|one| !one.prevent_self_review);
    let passed = with(|one| one.admins_bypass == Some(true));
    let untold = with(|one| one.admins_bypass.is_none());
    let mut wrong = Vec::new();
    if !own.is_empty() {
        wrong.push(format!("who started a deployment may approve it in {}", names(own)));
    }
    if !passed.is_empty() {
        wrong.push(format!("administrators may go past the approval in {}", names(passed)));
    }
    if !wrong.is_empty() {
        return Line::fail(point, wrong.join("; "), fix);
    }
    if !untold.is_empty() {
        let said =
            format!("whether administrators may go past the approval in {} is not told", names(untold));
        return Line::unknown(point, said, fix);
    }
    match reviewed.len() {
        0 => Line::pass(point, "none asks for an approval"),
        some => Line::pass(point, format!("{some} ask for an approval by somebody else")),
    }
}

/// Whoever approves by hand does not see whether the commit passed; our rule does.
fn deployment_rule(seen: &Fact<Vec<Environment>>) -> Line {
    let point = Point::DeploymentRule;
    let fix = "under Settings, Environments, Deployment protection rules: tick this App. Private repositories need \
               GitHub Enterprise for it";
    let seen = match seen {
        Fact::Known(seen) => seen,
        Fact::Unknown(why) => {
            let fix = "grant the App `actions: read`, or look under Settings, Environments";
            return Line::unknown(point, format!("its environments: {why}"), fix);
        }
    };
    let reviewed: Vec<&Environment> = seen.iter().filter(|one| one.reviewed).collect();
    let named = |such: &dyn Fn(&Environment) -> bool| -> Vec<&str> {
        reviewed.iter().filter(|one| such(one)).map(|one| one.name.as_str()).collect()
    };
    let without = named(&|one| one.asks_us == Fact::Known(false));
    if !without.is_empty() {
        let said = format!("deployments go to {} without asking whether the commit passed", names(without));
        return Line::fail(point, said, fix);
    }
    let unseen = named(&|one| one.asks_us.get().is_err());
    if !unseen.is_empty() {
        return Line::unknown(point, format!("the rules of {} are not told", names(unseen)), fix);
    }
    match reviewed.len() {
        0 => Line::pass(point, "no environment asks for an approval"),
        some => Line::pass(point, format!("{some} ask this App as well")),
    }
}
