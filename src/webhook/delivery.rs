//! From verified bytes to what is to become of them. Pure: nothing is stored or sent here.
//!
//! A payload that we should understand but cannot is kept with the field that failed, never dropped: whoever looks
//! after the gate must see it. A body that is no JSON at all is refused.

mod guard;

use bytes::Bytes;
use policy::act::{GroupTold, JobTold, Pushed, RefName};
use policy::facts::AccountKind;
use policy::rules::OWN_RULES;
use policy::{
    DeploymentSubject, Fact, Floor, GroupSubject, InstallationId, Millis, PullSubject, RefSubject, RepoId,
    RepoName, ReviewFloor, RunId, RunSubject, Subject,
};
use serde::de::DeserializeOwned;

use super::payload::{
    Account, Check, Common, OnCheckRun, OnCheckSuite, OnComment, OnMergeGroup, OnPull, OnPush, OnWorkflowJob,
    OnWorkflowRun, Pull,
};
use super::signature::Verified;
use crate::store::{Actor, Fate, Guid, NewDelivery, Target, Testimony};

mod ship;

const ERROR_CHARS: usize = 300;
const LOGIN_CHARS: usize = 100;
/// GitHub's environments have at most 255 characters, labels at most 256.
const NAME_CHARS: usize = 256;
/// A job that asks for more labels than these finds no runner.
const LABELS: usize = 100;
/// The pull requests that one check run names; the head finds the others.
const PULLS: usize = 100;

/// What the headers say.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// `X-GitHub-Delivery`.
    pub guid: Guid,
    /// `X-GitHub-Event`.
    pub event: String,
}

/// The body is no JSON.
#[derive(Debug, PartialEq, Eq)]
pub struct NoJson;

/// A field that could not be read.
struct Misfit {
    path: String,
    error: String,
}

enum Trouble {
    NoJson,
    Misfit(Misfit),
}

/// Whether a delivery says that memberships may have changed.
pub(super) fn changes_the_roster(event: &str) -> bool {
    matches!(event, "member" | "membership" | "team" | "organization")
}

/// Reads a delivery. `app_id` is our own App's, when known.
///
/// # Errors
/// [`NoJson`]; whatever else cannot be read is the delivery's fate.
pub fn read(
    envelope: Envelope,
    body: Verified<Bytes>,
    app_id: Option<u64>,
    now: Millis,
) -> Result<NewDelivery, NoJson> {
    let (common, fate) = match parse::<Common>(body.get()) {
        Ok(common) => {
            let fate = match judge(&envelope.event, &common, body.get(), app_id) {
                Ok(fate) => fate,
                Err(Trouble::NoJson) => return Err(NoJson),
                Err(Trouble::Misfit(misfit)) => Fate::Fail { path: misfit.path, error: misfit.error },
            };
            (common, fate)
        }
        Err(Trouble::NoJson) => return Err(NoJson),
        Err(Trouble::Misfit(misfit)) if is_known(&envelope.event) || guard::is_unasked(&envelope.event) => {
            (Common::default(), Fate::Fail { path: misfit.path, error: misfit.error })
        }
        Err(Trouble::Misfit(_)) => (Common::default(), ignore("unknown event")),
    };
    Ok(NewDelivery {
        guid: envelope.guid,
        event: envelope.event,
        repo: common.repository.map(|repository| (repository.id, repository.full_name)),
        installation: common.installation.map(|installation| installation.id),
        sender: common.sender.as_ref().map(actor),
        action: common.action,
        received_at: now,
        body: body.into_inner(),
        fate,
    })
}

/// Events whose payload must be readable.
fn is_known(event: &str) -> bool {
    matches!(
        event,
        "pull_request"
            | "pull_request_review"
            | "issue_comment"
            | "check_run"
            | "check_suite"
            | "push"
            | "repository"
            | "workflow_run"
            | "workflow_job"
            | "merge_group"
            | "deployment_protection_rule"
            | "deployment"
            | "release"
            | "registry_package"
            | "repository_ruleset"
            | "branch_protection_rule"
            | "branch_protection_configuration"
            | "deploy_key"
            | "security_and_analysis"
            | "secret_scanning_alert"
            | "personal_access_token_request"
    )
}

fn judge(event: &str, common: &Common, body: &Bytes, app_id: Option<u64>) -> Result<Fate, Trouble> {
    let action = common.action.as_deref().unwrap_or("");
    if let Some(fate) = guard::judge(event, common, body) {
        return fate;
    }
    match (event, action) {
        // Whoever opens it need not be who pushed the branch before: only a push proves who pushed.
        ("pull_request", "synchronize") => {
            let pusher = common.sender.as_ref().ok_or_else(|| missing("sender"))?;
            on_pull(common, body, Some(actor(pusher)))
        }
        ("pull_request", _) | ("pull_request_review", "submitted" | "edited" | "dismissed") => {
            on_pull(common, body, None)
        }
        ("issue_comment", "created" | "edited" | "deleted") => on_comment(common, body),
        ("check_run", "rerequested" | "requested_action") => {
            on_check(common, parse::<OnCheckRun>(body)?.check_run, app_id)
        }
        ("push", _) => on_push(common, body),
        ("merge_group", "checks_requested" | "destroyed") => on_merge_group(common, body),
        ("check_suite", "rerequested") => on_check(common, parse::<OnCheckSuite>(body)?.check_suite, app_id),
        ("workflow_run", "requested" | "in_progress" | "completed") => on_run(common, body),
        ("deployment_protection_rule", "requested") => ship::on_rule(common, body),
        ("deployment", "created") => ship::on_deployment(common, body),
        ("release", "created" | "published" | "unpublished" | "edited" | "deleted") => {
            ship::on_release(common, body)
        }
        ("registry_package", _) => ship::on_package(common, body),
        ("workflow_job", "queued" | "waiting" | "in_progress") => on_job(common, body),
        ("workflow_dispatch" | "repository_dispatch", _) => Ok(ignore("the run that it starts is judged")),
        (
            "pull_request_review"
            | "issue_comment"
            | "check_run"
            | "check_suite"
            | "merge_group"
            | "workflow_run"
            | "workflow_job"
            | "deployment_protection_rule"
            | "deployment"
            | "deployment_status"
            | "release",
            _,
        ) => Ok(ignore("this action asks for nothing")),
        _ if changes_the_roster(event) => Ok(ignore("memberships are read anew")),
        _ => Ok(ignore("unknown event")),
    }
}

fn on_pull(common: &Common, body: &Bytes, pusher: Option<Actor>) -> Result<Fate, Trouble> {
    let place = Place::of(common)?;
    let OnPull { pull_request, review } = parse(body)?;
    let Pull { number, updated_at, head } = pull_request;
    let review = review.map(|review| ReviewFloor { id: review.id, state: review.state });
    let floor = Floor { updated_at, head: Some(head.sha), review };
    Ok(Fate::Queue { targets: vec![place.pull(number)], floor, pusher, evidence: None })
}

/// A comment on a pull request that is a command, or was one until now. What it says is read where it stands.
fn on_comment(common: &Common, body: &Bytes) -> Result<Fate, Trouble> {
    let OnComment { issue, comment, changes } = parse(body)?;
    if issue.pull_request.is_none() {
        return Ok(ignore("a comment on an issue"));
    }
    let before = changes.and_then(|changes| changes.body).map(|body| body.from).unwrap_or_default();
    let is_command = |text: &str| policy::facts::Comment::command(text).is_some();
    if !is_command(&comment.body.unwrap_or_default()) && !is_command(&before) {
        return Ok(ignore("no command"));
    }
    let place = Place::of(common)?;
    let targets = vec![place.pull(issue.number), place.waiting()];
    let floor = Floor { updated_at: issue.updated_at, head: None, review: None };
    Ok(Fate::Queue { targets, floor, pusher: None, evidence: None })
}

/// Somebody asked for another look. Only at our own check: other Apps' runs are not ours to repeat.
fn on_check(common: &Common, check: Check, app_id: Option<u64>) -> Result<Fate, Trouble> {
    let place = Place::of(common)?;
    let Check { head_sha, app, pull_requests } = check;
    if app_id.is_some() && app.map(|app| app.id) != app_id {
        return Ok(ignore("another App's check"));
    }
    // A check run also names pull requests that lead from here into another repository; those are not this one's.
    let here = |base: Option<RepoId>| base.is_none_or(|base| base == place.repo_id);
    let mut targets: Vec<_> = pull_requests
        .unwrap_or_default()
        .into_iter()
        .filter(|pull| here(pull.base.as_ref().and_then(|base| base.repo.as_ref()).map(|repo| repo.id)))
        .take(PULLS)
        .map(|pull| place.pull(pull.number))
        .collect();
    targets.push(Target::Head {
        repo_id: place.repo_id,
        repo: place.repo,
        installation: place.installation,
        head: head_sha,
    });
    Ok(Fate::Queue { targets, floor: Floor::default(), pusher: None, evidence: None })
}

/// Every push is judged. One to the default branch may bring other rules of the repository: whatever is open there is
/// looked at again.
fn on_push(common: &Common, body: &Bytes) -> Result<Fate, Trouble> {
    let push: OnPush = parse(body)?;
    let Place { installation, repo_id, repo } = Place::of(common)?;
    let Some(name) = RefName::parse(&push.reference) else {
        // Somebody should know of a branch or tag that nothing judges.
        if ["refs/heads/", "refs/tags/"].iter().any(|folder| push.reference.starts_with(folder)) {
            let error = "no branch or tag can have this name".to_owned();
            return Err(Trouble::Misfit(Misfit { path: "ref".to_owned(), error }));
        }
        return Ok(ignore("only branches and tags are judged"));
    };
    let told = Pushed {
        actor: common.sender.as_ref().map_or_else(|| Fact::unknown("the delivery names nobody"), account),
        before: push.before(),
        after: push.after(),
        forced: push.is_forced(),
    };
    let actor = told.actor.get().ok().map(|actor| actor.id);
    let subject = Subject::Ref(RefSubject { installation, repo_id, repo: repo.clone(), name });
    let body = serde_json::to_string(&told).map_err(|_| missing("sender"))?;
    let mut targets = vec![Target::Subject(subject.clone())];
    let evidence = Some(Box::new(Testimony { subject, body, actor }));
    let branch = push.reference.strip_prefix("refs/heads/");
    if branch.is_none() || branch != push.repository.default_branch.as_deref() {
        return Ok(Fate::Queue { targets, floor: Floor::default(), pusher: None, evidence });
    }
    if push.may_touch(OWN_RULES) {
        targets.push(Target::Repository { repo_id, repo, installation });
    }
    Ok(Fate::Queue { targets, floor: Floor::default(), pusher: None, evidence })
}

/// A group asks for its check, or is no more. Its commits are told here alone: the queue shows them no longer once it
/// has gone.
fn on_merge_group(common: &Common, body: &Bytes) -> Result<Fate, Trouble> {
    let place = Place::of(common)?;
    let group = parse::<OnMergeGroup>(body)?.merge_group;
    let named = |name: &str, field: &str| {
        let misfit =
            || Trouble::Misfit(Misfit { path: field.to_owned(), error: "it is no branch".to_owned() });
        RefName::parse(name).filter(|name| name.branch().is_some()).ok_or_else(misfit)
    };
    let head_ref = named(&group.head_ref, "merge_group.head_ref")?;
    let told = GroupTold {
        head: group.head_sha,
        base: group.base_sha,
        base_ref: named(&group.base_ref, "merge_group.base_ref")?,
        over: common.action.as_deref() == Some("destroyed"),
    };
    let Place { installation, repo_id, repo } = place;
    let subject = Subject::Group(GroupSubject { installation, repo_id, repo, head_ref });
    let body = serde_json::to_string(&told).map_err(|_| missing("merge_group"))?;
    let targets = vec![Target::Subject(subject.clone())];
    let evidence = Some(Box::new(Testimony { subject, body, actor: None }));
    Ok(Fate::Queue { targets, floor: Floor::default(), pusher: None, evidence })
}

/// A run is looked at as it stands now; whose it is and what it is at, the forge tells.
fn on_run(common: &Common, body: &Bytes) -> Result<Fate, Trouble> {
    let run = parse::<OnWorkflowRun>(body)?.workflow_run;
    let subject = Place::of(common)?.run(RunId(run.id));
    let targets = vec![Target::Subject(subject)];
    Ok(Fate::Queue { targets, floor: Floor::default(), pusher: None, evidence: None })
}

/// The environment of a job is in its deliveries alone.
fn on_job(common: &Common, body: &Bytes) -> Result<Fate, Trouble> {
    let OnWorkflowJob { workflow_job, deployment } = parse(body)?;
    let (place, run) = (Place::of(common)?, RunId(workflow_job.run_id));
    let subject = place.run(run);
    let told = JobTold {
        attempt: workflow_job.run_attempt,
        labels: workflow_job.labels.iter().take(LABELS).map(|label| plain(label)).collect(),
        environment: deployment.and_then(|deployment| deployment.environment).map(|name| plain(&name)),
    };
    let body = serde_json::to_string(&told).map_err(|_| missing("workflow_job"))?;
    let mut targets = vec![Target::Subject(subject.clone())];
    if let Some(environment) = told.environment.filter(|_| common.action.as_deref() == Some("waiting")) {
        targets.push(Target::Subject(place.deployment(run, environment)));
    }
    let evidence = Some(Box::new(Testimony { subject, body, actor: None }));
    Ok(Fate::Queue { targets, floor: Floor::default(), pusher: None, evidence })
}

/// Where a subject lives.
#[derive(Clone)]
struct Place {
    installation: InstallationId,
    repo_id: RepoId,
    repo: RepoName,
}

impl Place {
    fn of(common: &Common) -> Result<Self, Trouble> {
        let repository = common.repository.as_ref().ok_or_else(|| missing("repository"))?;
        // A repository's own webhook carries none; only the App's does.
        let installation = common.installation.as_ref().ok_or_else(|| missing("installation"))?;
        Ok(Self { installation: installation.id, repo_id: repository.id, repo: repository.full_name.clone() })
    }

    fn run(&self, run: RunId) -> Subject {
        let Self { installation, repo_id, repo } = self.clone();
        Subject::Run(RunSubject { installation, repo_id, repo, run })
    }

    fn deployment(&self, run: RunId, environment: String) -> Subject {
        let Self { installation, repo_id, repo } = self.clone();
        Subject::Deployment(DeploymentSubject { installation, repo_id, repo, run, environment })
    }

    /// Whatever waits there until somebody was asked.
    fn waiting(&self) -> Target {
        let Self { installation, repo_id, repo } = self.clone();
        Target::Waiting { repo_id, repo, installation }
    }

    fn pull(&self, number: u64) -> Target {
        Target::Subject(Subject::Pull(PullSubject {
            installation: self.installation,
            repo_id: self.repo_id,
            repo: self.repo.clone(),
            number,
        }))
    }
}

fn actor(account: &Account) -> Actor {
    let plain = |text: &str| text.chars().filter(|c| !c.is_control()).take(LOGIN_CHARS).collect::<String>();
    Actor { id: account.id, login: plain(&account.login), kind: plain(&account.kind) }
}

/// A name, cut and without control characters.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(NAME_CHARS).collect()
}

fn ignore(reason: &str) -> Fate {
    Fate::Ignore { reason: reason.to_owned() }
}

fn missing(path: &str) -> Trouble {
    Trouble::Misfit(Misfit { path: path.to_owned(), error: "it is missing".to_owned() })
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Trouble> {
    // Keeping track of where one is costs as much as the reading, and is of use only when that fails.
    if let Ok(value) = serde_json::from_slice(body) {
        return Ok(value);
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if !inner.is_data() {
            return Trouble::NoJson;
        }
        let error = inner.to_string().chars().filter(|c| !c.is_control()).take(ERROR_CHARS).collect();
        Trouble::Misfit(Misfit { path, error })
    })?;
    json.end().map_err(|_| Trouble::NoJson)?;
    Ok(value)
}

/// An account as the forge vouches for it.
fn account(account: &Account) -> Fact<policy::facts::Account> {
    let kind = match account.kind.as_str() {
        "User" => AccountKind::User,
        "Bot" => AccountKind::Bot,
        "Organization" => AccountKind::Organization,
        _ => AccountKind::Other,
    };
    Fact::Known(policy::facts::Account { id: account.id, login: actor(account).login, kind })
}
