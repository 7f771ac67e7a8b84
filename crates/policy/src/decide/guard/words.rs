//! What became looser, in sentences. Names of branches, keys and accounts are hostile: they stand between backticks.

use super::compare::Change;
use crate::act::{Access, Holder, Lock};
use crate::verdict::{Code, quoted};

/// What somebody did, to stand behind a name and before "in acme/web".
pub(super) fn what(code: Code, changes: &[Change]) -> String {
    let first = changes.iter().find(|change| change.is_looser()).or_else(|| changes.first());
    let said = first.map(Change::said).unwrap_or_default();
    let more = match changes.len() {
        0 | 1 => String::new(),
        many => format!(", and {} more", many.saturating_sub(1)),
    };
    let did = match code {
        _ if !changes.iter().any(Change::is_looser) => "changed what cannot be seen",
        Code::SecretFound => "brought in what the forge takes for a secret",
        Code::TokenRequested => "asked for a token",
        Code::GateHindered => "took from the gate what it works by",
        _ => "loosened what guards the work",
    };
    format!("{did} ({said}{more})")
}

/// A lock that became weaker.
pub(super) fn weaker(lock: Lock, on: &str, before: Option<u64>, now: u64) -> String {
    let name = quoted(on);
    match lock {
        Lock::Check if now == 1 => {
            format!("`{name}`: our check is taken from anybody, and not from our App alone")
        }
        Lock::Check => format!("`{name}`: our check is no longer required"),
        Lock::Approvals => match before {
            Some(before) => format!("`{name}`: {now} approvals are asked for instead of {before}"),
            None => format!("`{name}`: {now} approvals are asked for"),
        },
        Lock::StaleApprovals => format!("`{name}`: an approval stays when more is pushed"),
        Lock::LastPush => format!("`{name}`: whoever pushed last may be the one who approves"),
        Lock::ForcePush => format!("`{name}`: forced pushes are let through"),
        Lock::Deletion => format!("`{name}`: it may be deleted"),
        Lock::Private => "everybody may read it".to_owned(),
        Lock::Security => format!("`{name}` is switched off"),
        Lock::Reviewers => format!("environment `{name}`: nobody has to approve what is deployed"),
        Lock::SelfReview => format!("environment `{name}`: who starts a deployment may approve it"),
        Lock::AdminBypass => format!("environment `{name}`: administrators may go past its rules"),
        Lock::DeploymentRule => format!("environment `{name}`: our App is not asked any more"),
        Lock::ForkRuns => "workflow runs of forks wait for a person less often".to_owned(),
        Lock::Permission if now == 0 => format!("permission `{name}` was taken away"),
        Lock::Permission => format!("permission `{name}` is to read only"),
        Lock::InForce if now == 0 => "the App is not installed any more".to_owned(),
        Lock::InForce => "the installation is suspended: nothing is judged".to_owned(),
        Lock::Ruleset => format!("ruleset `{name}` is no longer in force"),
        Lock::Protection => format!("the protection of `{name}` is no longer in force"),
        Lock::Existence => "it was deleted".to_owned(),
        Lock::Bypass
        | Lock::DefaultBranch
        | Lock::Owner
        | Lock::DeployKeys
        | Lock::Accounts
        | Lock::Teams
        | Lock::Covered
        | Lock::Secret
        | Lock::Token => thing(lock, on),
    }
}

/// Somebody who may do more than before, or something that is there and was not.
pub(super) fn holds(lock: Lock, on: &str, holder: &Holder) -> String {
    let name = quoted(&holder.name);
    match lock {
        Lock::Bypass => format!("`{}`: {name} may go past what requires our check", quoted(on)),
        Lock::DeployKeys => format!("deploy key `{name}` may push"),
        Lock::Accounts => format!("`{name}` may {}", may(holder.level)),
        Lock::Teams => format!("team `{name}` may {}", may(holder.level)),
        Lock::Secret => format!("alert {}: `{name}`", quoted(on)),
        lock => format!("{}: {name}", thing(lock, on)),
    }
}

fn may(level: u64) -> &'static str {
    if level >= Access::Admin.level() {
        "administer it"
    } else if level >= Access::Maintain.level() {
        "maintain it"
    } else {
        "push to it"
    }
}

/// Something that is another than before.
pub(super) fn other(lock: Lock, before: Option<&str>, now: &str) -> String {
    let instead = before.map(|before| format!(" instead of `{}`", quoted(before))).unwrap_or_default();
    let now = quoted(now);
    match lock {
        Lock::DefaultBranch => format!("the default branch is `{now}`{instead}"),
        Lock::Owner => format!("it belongs to `{now}`{instead}"),
        lock => format!("{} is `{now}`{instead}", thing(lock, "")),
    }
}

/// A repository that the gate does not see any more.
pub(super) fn uncovered(name: &str) -> String {
    format!("the installation covers repository `{}` no longer", quoted(name))
}

/// What a lock is about, to stand behind "could not see".
pub(super) fn thing(lock: Lock, on: &str) -> String {
    let on = quoted(on);
    match lock {
        Lock::Check => format!("whether `{on}` requires our check"),
        Lock::Bypass => format!("who may go past what requires our check on `{on}`"),
        Lock::Approvals => format!("how many approvals `{on}` asks for"),
        Lock::StaleApprovals => format!("whether a push to `{on}` takes approvals back"),
        Lock::LastPush => format!("whether who pushed last to `{on}` may approve"),
        Lock::ForcePush => format!("whether `{on}` takes forced pushes"),
        Lock::Deletion => format!("whether `{on}` may be deleted"),
        Lock::DefaultBranch => "which branch is the default".to_owned(),
        Lock::Private => "who may read it".to_owned(),
        Lock::Owner => "who owns it".to_owned(),
        Lock::DeployKeys => "which deploy keys may push".to_owned(),
        Lock::Accounts => "who may push to it".to_owned(),
        Lock::Teams => "which teams may push to it".to_owned(),
        Lock::Security => match on.as_str() {
            "" => "which security features are on".to_owned(),
            on => format!("whether `{on}` is on"),
        },
        Lock::Reviewers | Lock::SelfReview | Lock::AdminBypass | Lock::DeploymentRule => match on.as_str() {
            "" => "how environments are guarded".to_owned(),
            on => format!("how environment `{on}` is guarded"),
        },
        Lock::ForkRuns => "which runs of forks wait for a person".to_owned(),
        Lock::Permission => format!("permission `{on}`"),
        Lock::Covered => "which repositories the installation covers".to_owned(),
        Lock::InForce => "whether the installation is in force".to_owned(),
        Lock::Ruleset => format!("ruleset `{on}`"),
        Lock::Protection => format!("the protection of `{on}`"),
        Lock::Existence => "whether it is there".to_owned(),
        Lock::Secret => format!("alert {on}"),
        Lock::Token => format!("token `{on}`"),
    }
}
