//! Deliveries about what guards a repository, and about the gate's own installation.
//!
//! Each wakes a look that reads how things stand. Who did it is in the delivery alone and is kept as evidence, with what it
//! says by itself: what changed before anybody looked, or leaves no setting behind.

use bytes::Bytes;
use policy::act::{Access, Edge, GuardTold, Holder, Lock, Setting};
use policy::facts::Account as Actor;
use policy::{Fact, Floor, GuardSubject, InstallationSubject, RepoName, Subject};

use super::{Place, Trouble, account, ignore, missing, parse, plain};
use crate::store::{Fate, Target, Testimony};
use crate::webhook::payload::guard::{
    Listed, OnDeployKey, OnInstallation, OnMember, OnOrganization, OnProtection, OnRepository, OnRuleset,
    OnSecret, OnToken, Switch,
};
use crate::webhook::payload::{Account, Common};

/// Sent to every App, whatever it is subscribed to
/// (<https://docs.github.com/en/webhooks/webhook-events-and-payloads#installation>).
const UNASKED: [&str; 2] = ["installation", "installation_repositories"];
/// An installation that covers more repositories is read where it stands.
const REPOSITORIES: usize = 100;
/// Permissions of a token that are told.
const PERMISSIONS: usize = 10;

/// Whether its payload must be readable although nobody subscribes to it.
pub(super) fn is_unasked(event: &str) -> bool {
    UNASKED.contains(&event)
}

/// What becomes of such a delivery; `None` when it is about nothing of the kind.
pub(super) fn judge(event: &str, common: &Common, body: &Bytes) -> Option<Result<Fate, Trouble>> {
    let action = common.action.as_deref().unwrap_or("");
    Some(match event {
        "repository_ruleset" => on_ruleset(common, body),
        "branch_protection_rule" => on_protection(common, body),
        "branch_protection_configuration" => {
            queue(event, common, configuration(action).into_iter().collect(), Vec::new())
        }
        "deploy_key" => on_deploy_key(common, body),
        "security_and_analysis" => on_security(common, body),
        "secret_scanning_alert" => on_secret(common, body),
        // A team or membership of the organisation's is read anew wherever it counts.
        "member" | "team" if common.repository.is_none() => return None,
        "member" => on_member(common, body),
        "team" => queue(event, common, Vec::new(), Vec::new()),
        "repository" => on_repository(action, common, body),
        "installation" | "installation_repositories" => on_installation(event, common, body),
        "personal_access_token_request" => on_token(common, body),
        _ => return None,
    })
}

/// A look at what guards the repository, and whatever else is to be looked at.
fn queue(event: &str, common: &Common, edges: Vec<Edge>, more: Vec<Target>) -> Result<Fate, Trouble> {
    let Place { installation, repo_id, repo } = Place::of(common)?;
    let subject = Subject::Guard(GuardSubject { installation, repo_id, repo });
    kept(event, common, subject, (by(common), edges), more)
}

fn kept(
    event: &str,
    common: &Common,
    subject: Subject,
    (by, edges): (Fact<Actor>, Vec<Edge>),
    more: Vec<Target>,
) -> Result<Fate, Trouble> {
    let action = common.action.clone().unwrap_or_default();
    let told = GuardTold { event: event.to_owned(), action, by, edges };
    let body = serde_json::to_string(&told).map_err(|_| missing("sender"))?;
    let mut targets = vec![Target::Subject(subject.clone())];
    targets.extend(more);
    let evidence = Some(Box::new(Testimony { subject, body, actor: None }));
    Ok(Fate::Queue { targets, floor: Floor::default(), pusher: None, evidence })
}

fn by(common: &Common) -> Fact<Actor> {
    common.sender.as_ref().map_or_else(|| Fact::unknown("the delivery names nobody"), account)
}

/// A ruleset of the organisation's names no repository: it concerns all that the installation covers.
fn on_ruleset(common: &Common, body: &Bytes) -> Result<Fate, Trouble> {
    let OnRuleset { repository_ruleset: ruleset, changes } = parse(body)?;
    let was_active = match common.action.as_deref() {
        Some("deleted") => ruleset.enforcement == "active",
        _ => changes.and_then(|changes| changes.enforcement).is_some_and(|before| before.from == "active"),
    };
    let ended = common.action.as_deref() == Some("deleted") || ruleset.enforcement != "active";
    let edges: Vec<Edge> =
        (was_active && ended).then(|| gone(Lock::Ruleset, &ruleset.name)).into_iter().collect();
    if common.repository.is_some() {
        return queue("repository_ruleset", common, edges, Vec::new());
    }
    let Some(account) = parse::<OnOrganization>(body)?.organization else {
        return Err(missing("repository"));
    };
    let subject = installation(common, &account.login)?;
    kept("repository_ruleset", common, subject, (by(common), edges), Vec::new())
}

fn on_protection(common: &Common, body: &Bytes) -> Result<Fate, Trouble> {
    let rule = parse::<OnProtection>(body)?.rule;
    let deleted = common.action.as_deref() == Some("deleted");
    let edges = rule.filter(|_| deleted).map(|rule| gone(Lock::Protection, &rule.name));
    queue("branch_protection_rule", common, edges.into_iter().collect(), Vec::new())
}

fn configuration(action: &str) -> Option<Edge> {
    (action == "disabled").then(|| gone(Lock::Protection, "every branch"))
}

fn on_deploy_key(common: &Common, body: &Bytes) -> Result<Fate, Trouble> {
    let key = parse::<OnDeployKey>(body)?.key;
    let writes = common.action.as_deref() == Some("created") && !key.read_only;
    let edges = writes.then(|| held(Lock::DeployKeys, "", &key.id.to_string(), (&key.title, 1)));
    queue("deploy_key", common, edges.into_iter().collect(), Vec::new())
}

fn on_security(common: &Common, body: &Bytes) -> Result<Fate, Trouble> {
    let OnRepository { changes, repository } = parse(body)?;
    let is_on = |switch: Option<&Option<Switch>>| {
        switch.and_then(Option::as_ref).is_some_and(|switch| switch.status == "enabled")
    };
    let before = changes.and_then(|changes| changes.from).and_then(|from| from.security_and_analysis);
    let now = repository.security_and_analysis.unwrap_or_default();
    let edges = before
        .unwrap_or_default()
        .into_iter()
        .filter(|(name, was)| is_on(Some(was)) && !is_on(now.get(name)))
        .map(|(name, _)| gone(Lock::Security, &name))
        .collect();
    queue("security_and_analysis", common, edges, Vec::new())
}

/// Whoever let it past push protection is known for certain; else it is whoever the delivery names.
fn on_secret(common: &Common, body: &Bytes) -> Result<Fate, Trouble> {
    if !matches!(common.action.as_deref(), Some("created" | "reopened" | "publicly_leaked")) {
        return Ok(ignore("the secret was told of when it was found"));
    }
    let alert = parse::<OnSecret>(body)?.alert;
    let kind = alert.secret_type.unwrap_or_else(|| "secret".to_owned());
    let number = alert.number.to_string();
    let edge = held(Lock::Secret, &number, &number, (&kind, 1));
    let who = alert.push_protection_bypassed_by.as_ref().map_or_else(|| by(common), account);
    let Place { installation, repo_id, repo } = Place::of(common)?;
    let subject = Subject::Guard(GuardSubject { installation, repo_id, repo });
    kept("secret_scanning_alert", common, subject, (who, vec![edge]), Vec::new())
}

fn on_member(common: &Common, body: &Bytes) -> Result<Fate, Trouble> {
    let OnMember { member, changes } = parse(body)?;
    let role = changes.and_then(|changes| changes.role_name.or(changes.permission));
    let level = |word: Option<&String>| word.and_then(|word| Access::parse(word)).map(Access::level);
    let now = role.as_ref().and_then(|role| level(role.to.as_ref()));
    let before = role.as_ref().and_then(|role| level(role.from.as_ref())).unwrap_or(0);
    let edge = member.zip(now).filter(|(_, now)| *now > before).map(|(member, now)| {
        let key = member.id.to_string();
        held(Lock::Accounts, "", &key, (&member.login, now))
    });
    queue("member", common, edge.into_iter().collect(), Vec::new())
}

/// Another default branch, name or owner may have other rules of the repository's own as well.
fn on_repository(action: &str, common: &Common, body: &Bytes) -> Result<Fate, Trouble> {
    let OnRepository { changes, repository } = parse(body)?;
    let (branch, owner) = changes.map_or((None, None), |changes| (changes.default_branch, changes.owner));
    let edge = match action {
        "edited" => match branch {
            None => return Ok(ignore("this edit changes no rules")),
            Some(before) => repository.default_branch.map(|now| Edge {
                lock: Lock::DefaultBranch,
                on: String::new(),
                before: before.from.map(|before| Setting::Value(plain(&before))),
                now: Setting::Value(plain(&now)),
            }),
        },
        "transferred" => repository.owner.map(|now| Edge {
            lock: Lock::Owner,
            on: String::new(),
            before: owner
                .and_then(|owner| owner.from.organization.or(owner.from.user))
                .map(|before| named(&before)),
            now: named(&now),
        }),
        "publicized" => Some(gone(Lock::Private, "")),
        "deleted" => Some(gone(Lock::Existence, "")),
        "renamed" | "privatized" | "archived" | "unarchived" | "created" => None,
        _ => return Ok(ignore("this action asks for nothing")),
    };
    let Place { installation, repo_id, repo } = Place::of(common)?;
    let rules = matches!(action, "edited" | "renamed" | "transferred");
    let more = rules.then_some(Target::Repository { repo_id, repo, installation });
    queue("repository", common, edge.into_iter().collect(), more.into_iter().collect())
}

/// Repositories that come in are looked at, so that later looks have something to compare with.
fn on_installation(event: &str, common: &Common, body: &Bytes) -> Result<Fate, Trouble> {
    let seen: OnInstallation = parse(body)?;
    let login = seen.installation.account.map(|account| account.login).ok_or_else(|| missing("account"))?;
    let subject = installation(common, &login)?;
    let edges = match common.action.as_deref() {
        Some("deleted") => vec![Edge { now: Setting::Strength(0), ..gone(Lock::InForce, "") }],
        Some("suspend") => vec![Edge { now: Setting::Strength(1), ..gone(Lock::InForce, "") }],
        Some("removed") => seen.repositories_removed.iter().take(REPOSITORIES).map(uncovered).collect(),
        _ => Vec::new(),
    };
    let comes = seen.repositories_added.iter().chain(match common.action.as_deref() {
        Some("created" | "unsuspend") => seen.repositories.as_deref().unwrap_or_default(),
        _ => &[],
    });
    let guard = |listed: &Listed| {
        let repo = RepoName::parse(&listed.full_name)?;
        let installation = subject.place().installation;
        Some(Target::Subject(Subject::Guard(GuardSubject { installation, repo_id: listed.id, repo })))
    };
    let more = comes.take(REPOSITORIES).filter_map(guard).collect();
    kept(event, common, subject, (by(common), edges), more)
}

fn on_token(common: &Common, body: &Bytes) -> Result<Fate, Trouble> {
    if common.action.as_deref() != Some("created") {
        return Ok(ignore("this action asks for nothing"));
    }
    let OnToken { personal_access_token_request: request, organization } = parse(body)?;
    let login = organization.map(|account| account.login).ok_or_else(|| missing("organization"))?;
    let subject = installation(common, &login)?;
    let granted = request.permissions_result.unwrap_or_default();
    let mut permissions: Vec<String> = granted
        .into_values()
        .flatten()
        .flatten()
        .map(|(name, level)| plain(&format!("{name}: {level}")))
        .collect();
    permissions.sort_unstable();
    permissions.truncate(PERMISSIONS);
    let repositories = match request.repository_selection.as_str() {
        "subset" => "some repositories",
        "none" => "no repository",
        _ => "all repositories",
    };
    let what = format!("{} in {repositories}", permissions.join(", "));
    let name = request.token_name.unwrap_or_else(|| request.id.to_string());
    let edge = held(Lock::Token, &name, &request.id.to_string(), (&what, 1));
    let who = request.owner.as_ref().map_or_else(|| by(common), account);
    kept("personal_access_token_request", common, subject, (who, vec![edge]), Vec::new())
}

fn installation(common: &Common, account: &str) -> Result<Subject, Trouble> {
    let id = common.installation.as_ref().ok_or_else(|| missing("installation"))?.id;
    let subject = InstallationSubject::at(id, account).ok_or_else(|| missing("account.login"))?;
    Ok(Subject::Installation(subject))
}

/// What held and does so no longer.
fn gone(lock: Lock, on: &str) -> Edge {
    Edge { lock, on: plain(on), before: None, now: Setting::Strength(0) }
}

fn held(lock: Lock, on: &str, key: &str, (name, level): (&str, u64)) -> Edge {
    let holder = Holder { name: plain(name), level };
    Edge { lock, on: plain(on), before: None, now: Setting::Holders([(key.to_owned(), holder)].into()) }
}

fn named(account: &Account) -> Setting {
    Setting::Named { id: account.id.0, name: plain(&account.login) }
}

fn uncovered(listed: &Listed) -> Edge {
    Edge {
        lock: Lock::Covered,
        on: listed.id.to_string(),
        before: Some(Setting::Named { id: listed.id.0, name: plain(&listed.full_name) }),
        now: Setting::Named { id: 0, name: String::new() },
    }
}
