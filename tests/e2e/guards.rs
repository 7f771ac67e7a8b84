//! Protections: what is loosened is told, whoever did it and once; what is tightened, or stays, is nobody's business.

use std::collections::BTreeMap;

use fake_github::{
    AccessChange, BypassSpec, ChangeAccess, ChangeRepo, ClassicSpec, Collaborator, DeployKeySpec,
    EnvironmentSpec, Push, RemoveWriter, RepoChange, ReviewsSpec, RulesetSpec, Step, TeamAccess,
    TokenRequest,
};
use policy::{GuardSubject, InstallationId, InstallationSubject, RepoId, RepoName, Subject};
use portcullis::store::{IncidentFilter, StoredIncident};
use serde_json::json;

use crate::Gate;
use crate::stage::{FORGE, RULES, WEB};

const SAFEGUARDS: &str = r#"
[repos.safeguards]
fork_approval = "all_external_contributors"
deploy_keys = [{ title = "mirror" }]
environments = [{ name = "production", reviewers = ["alice"], prevent_self_review = true, admins_bypass = false, protection = ["portcullis"] }]

[[repos.safeguards.rulesets]]
id = 501
name = "main"
branches = ["~DEFAULT_BRANCH"]
checks = [{ context = "portcullis", app = 4242 }]
reviews = { approvals = 2, dismiss_stale = true, last_push = true }
no_force_push = true
no_deletion = true
"#;

/// The shared stage with what guards it, on which the App was granted this.
fn stage(administration: &str) -> String {
    let app = format!(
        "\n[app]\npermissions = {{ actions = \"read\", {administration}checks = \"write\", contents = \"read\", \
         members = \"read\", metadata = \"read\", pull_requests = \"read\" }}\n"
    );
    format!("{}{SAFEGUARDS}{app}", FORGE.replace("id = 3001\n", "id = 3001\nprivate = true\n"))
}

const ALL: &str = "administration = \"write\", ";

/// Agents that loosen protections are suspended.
fn suspending() -> String {
    let rule = "\n[[rules]]\nid = \"protections\"\non = [\"protection\"]\ndeny = true\nrespond = \"suspend\"\n\
                why = \"Nobody works unguarded.\"\n";
    format!("{RULES}{rule}")
}

/// A gate that has looked at what guards the repository.
async fn guarded(forge: &str, rules: &str) -> Gate {
    let gate = Gate::start(forge, rules).await;
    gate.looks().await;
    assert_eq!(gate.told().await, vec![], "what was there before is nobody's doing");
    gate
}

async fn watching() -> Gate {
    guarded(&stage(ALL), RULES).await
}

fn ruleset(edit: impl FnOnce(&mut RulesetSpec)) -> RulesetSpec {
    let check = fake_github::CheckSpec { context: "portcullis".to_owned(), app: Some(4242) };
    let mut ruleset = RulesetSpec {
        id: 501,
        name: "main".to_owned(),
        enforcement: "active".to_owned(),
        branches: vec!["~DEFAULT_BRANCH".to_owned()],
        checks: vec![check],
        reviews: Some(ReviewsSpec { approvals: 2, dismiss_stale: true, last_push: true }),
        no_force_push: true,
        no_deletion: true,
        ..RulesetSpec::default()
    };
    edit(&mut ruleset);
    ruleset
}

fn edited(edit: impl FnOnce(&mut RulesetSpec)) -> RepoChange {
    RepoChange::RulesetEdited(ruleset(edit))
}

impl Gate {
    /// A look that no delivery asked for.
    async fn looks(&self) {
        let installation = InstallationId(self.github.installation_id());
        let repo = RepoName::parse(WEB).unwrap();
        let guard = GuardSubject { installation, repo_id: RepoId(3001), repo };
        let installed = InstallationSubject::at(installation, "acme").unwrap();
        for subject in [Subject::Guard(guard), Subject::Installation(installed)] {
            self.running.gate().store.wake(&subject, self.now()).await.unwrap();
        }
        self.settle().await;
    }

    async fn changes(&self, who: &str, change: RepoChange) {
        self.changes_unheard(who, change).await;
        self.settle().await;
    }

    async fn changes_unheard(&self, who: &str, change: RepoChange) {
        let step = ChangeRepo { actor: who.to_owned(), repo: WEB.to_owned(), change };
        self.github.change_repo(step).await.unwrap();
    }

    async fn access(&self, who: &str, change: AccessChange) {
        let step = ChangeAccess { actor: who.to_owned(), change };
        self.github.change_access(step).await.unwrap();
        self.settle().await;
    }

    async fn all_incidents(&self) -> Vec<StoredIncident> {
        let filter = IncidentFilter { limit: 100, ..IncidentFilter::default() };
        let mut all = self.running.gate().store.incidents(&filter).await.unwrap();
        all.reverse();
        all
    }

    /// Kind and title of every incident, oldest first.
    async fn told(&self) -> Vec<(String, String)> {
        self.all_incidents().await.into_iter().map(|one| (one.kind, one.title)).collect()
    }

    /// There is one incident, of this kind, and its title says this.
    async fn tells(&self, kind: &str, words: &str) {
        let told = self.told().await;
        let [(found, title)] = told.as_slice() else { panic!("{words}: {told:?}") };
        assert_eq!(found, kind, "{title}");
        assert!(title.contains(words), "`{words}` is not in `{title}`");
    }

    /// Whether some incident says this.
    async fn mentions(&self, words: &str) -> bool {
        self.told().await.iter().any(|(_, title)| title.contains(words))
    }

    async fn tells_nothing(&self, after: &str) {
        assert_eq!(self.told().await, vec![], "{after}");
    }

    async fn suspended(&self) -> Vec<String> {
        self.running.gate().store.suspended().await.unwrap().into_keys().collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_ruleset_no_longer_demands_is_told() {
    let bypass =
        BypassSpec { kind: "Integration".to_owned(), id: Some(77), mode: "exempt".to_owned(), login: None };
    let cases: Vec<(RepoChange, &str)> = vec![
        (
            edited(|one| one.checks[0].app = None),
            "our check is taken from anybody, and not from our App alone",
        ),
        (edited(|one| one.checks[0].app = Some(77)), "our check is no longer required"),
        (edited(|one| one.checks.clear()), "`main`: our check is no longer required"),
        (edited(|one| one.enforcement = "disabled".to_owned()), "our check is no longer required"),
        (edited(|one| one.enforcement = "evaluate".to_owned()), "our check is no longer required"),
        (edited(|one| one.bypass.push(bypass.clone())), "Integration 77 (exempt) may go past"),
        (edited(|one| one.reviews.as_mut().unwrap().approvals = 1), "1 approvals are asked for instead of 2"),
        (edited(|one| one.reviews.as_mut().unwrap().dismiss_stale = false), "an approval stays"),
        (edited(|one| one.reviews.as_mut().unwrap().last_push = false), "whoever pushed last"),
        (edited(|one| one.no_force_push = false), "forced pushes are let through"),
        (edited(|one| one.no_deletion = false), "it may be deleted"),
        (RepoChange::RulesetDeleted(501), "our check is no longer required"),
    ];
    for (change, words) in cases {
        let gate = watching().await;
        gate.changes("alice", change).await;
        gate.tells("protection-loosened", words).await;
        assert!(gate.told().await[0].1.starts_with("alice loosened what guards the work"));
        // Neither a doubled delivery nor a later look tells it again.
        gate.looks().await;
        gate.tells("protection-loosened", words).await;
        assert_eq!(gate.all_incidents().await[0].parts, 1, "{words}");
        assert_eq!(gate.github.unknown_routes(), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_becomes_tighter_or_stays_is_told_of_nobody() {
    let gate = watching().await;
    let other = RulesetSpec { id: 502, name: "more".to_owned(), ..ruleset(|_| {}) };
    for change in [
        edited(|_| {}),
        edited(|one| one.name = "renamed".to_owned()),
        edited(|one| one.no_creation = true),
        edited(|one| one.reviews.as_mut().unwrap().approvals = 3),
        // What another ruleset demands as well is demanded.
        RepoChange::RulesetCreated(RulesetSpec {
            reviews: Some(ReviewsSpec { approvals: 3, dismiss_stale: true, last_push: true }),
            ..other
        }),
        RepoChange::RulesetDeleted(501),
    ] {
        gate.changes("alice", change.clone()).await;
        gate.tells_nothing(&format!("{change:?}")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn classic_protection_that_ends_is_told_and_its_return_is_not() {
    let rule = || ClassicSpec {
        branch: "main".to_owned(),
        checks: vec![fake_github::CheckSpec { context: "portcullis".to_owned(), app: Some(4242) }],
        enforce_admins: true,
        ..ClassicSpec::default()
    };
    let lax = || ClassicSpec { allow_force_pushes: true, ..rule() };
    let excepted = || ClassicSpec { enforce_admins: false, ..rule() };
    let cases = [
        (RepoChange::ProtectionDisabled, "our check is no longer required"),
        (RepoChange::ProtectionDeleted("main".to_owned()), "our check is no longer required"),
        (RepoChange::ProtectionEdited(excepted()), "administrators may go past"),
        (RepoChange::ProtectionEdited(lax()), "forced pushes are let through"),
    ];
    for (change, words) in cases {
        let forge = stage(ALL).split("[[repos.safeguards.rulesets]]").next().unwrap().to_owned();
        let app = stage(ALL).split("\n[app]\n").nth(1).unwrap().to_owned();
        let gate = guarded(&format!("{forge}\n[app]\n{app}"), RULES).await;
        gate.changes("alice", RepoChange::ProtectionCreated(rule())).await;
        gate.changes("alice", RepoChange::ProtectionEnabled).await;
        gate.tells_nothing("what is new is tighter").await;
        gate.changes("alice", change).await;
        gate.tells("protection-loosened", words).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_whose_delivery_was_lost_is_found_and_names_nobody() {
    let gate = watching().await;
    gate.github.drop_next(1);
    gate.changes("Copilot", edited(|one| one.enforcement = "disabled".to_owned())).await;
    gate.tells_nothing("nobody told of it").await;
    gate.looks().await;
    gate.tells("protection-loosened", "somebody loosened what guards the work").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_changes_by_one_account_are_one_incident() {
    let gate = watching().await;
    for change in [
        edited(|one| one.no_deletion = false),
        edited(|one| (one.no_deletion, one.no_force_push) = (false, false)),
        RepoChange::RulesetDeleted(501),
        RepoChange::DeployKeyCreated(DeployKeySpec { title: "sly".to_owned(), write: true }),
    ] {
        gate.changes("alice", change).await;
    }
    let all = gate.all_incidents().await;
    assert_eq!((all.len(), all[0].parts), (1, 4), "{all:?}");
    // Somebody else is another matter.
    gate.changes("bob", RepoChange::DefaultBranch("main".to_owned())).await;
    gate.changes("bob", RepoChange::DeployKeyCreated(DeployKeySpec { title: "own".to_owned(), write: true }))
        .await;
    assert_eq!(gate.all_incidents().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deploy_key_that_may_push_is_told_and_a_reading_one_is_not() {
    let gate = watching().await;
    let key =
        |title: &str, write| RepoChange::DeployKeyCreated(DeployKeySpec { title: title.to_owned(), write });
    gate.changes("alice", key("backup", false)).await;
    gate.changes("alice", RepoChange::DeployKeyDeleted("mirror".to_owned())).await;
    gate.tells_nothing("a key that reads").await;
    gate.changes("alice", key("pusher`\n@acme", true)).await;
    gate.tells("protection-loosened", "deploy key `pusher'").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_given_more_than_reading_is_told_and_a_reader_is_not() {
    let gate = watching().await;
    let grant = |login: &str, permission: &str| Collaborator {
        login: login.to_owned(),
        permission: permission.to_owned(),
    };
    let team = |permission: &str| {
        let team = "security".to_owned();
        RepoChange::TeamEdited(TeamAccess { team, permission: permission.to_owned() })
    };
    for change in [
        RepoChange::MemberAdded(grant("Copilot", "read")),
        RepoChange::MemberEdited(grant("erin", "read")),
        team("read"),
        RepoChange::TeamRemoved("security".to_owned()),
    ] {
        gate.changes("alice", change).await;
    }
    gate.tells_nothing("nobody may do more").await;
    gate.changes("alice", RepoChange::MemberEdited(grant("Copilot", "write"))).await;
    gate.tells("protection-loosened", "`Copilot` may push to it").await;
    gate.changes("bob", RepoChange::MemberEdited(grant("dana", "admin"))).await;
    assert!(gate.mentions("`dana` may administer it").await, "{:?}", gate.told().await);
    gate.changes("dana", team("write")).await;
    assert!(gate.mentions("team `security` may push to it").await, "{:?}", gate.told().await);
}

/// The delivery about a collaborator is reason enough to look again: nobody has to touch the pull request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approver_who_loses_write_access_does_not_count_from_that_moment() {
    let (gate, number) = Gate::with_proposal().await;
    gate.approve("bob", number).await;
    gate.settle().await;
    gate.shows(number, "success");
    let fewer = Collaborator { login: "dana".to_owned(), permission: "read".to_owned() };
    gate.changes("alice", RepoChange::MemberEdited(fewer)).await;
    gate.shows(number, "success");
    let out = RemoveWriter { actor: "alice".to_owned(), repo: WEB.to_owned(), writer: "bob".to_owned() };
    gate.github.play(Step::RemoveWriter(out)).await.unwrap();
    gate.settle().await;
    gate.shows(number, "action_required");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_default_branch_is_told() {
    let gate = watching().await;
    gate.github.push(Push::new("alice", WEB, "calm").file("a.md", "a\n")).await.unwrap();
    gate.settle().await;
    gate.tells_nothing("a branch is no default").await;
    gate.changes("alice", RepoChange::DefaultBranch("calm".to_owned())).await;
    gate.tells("protection-loosened", "the default branch is `calm` instead of `main`").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repository_made_public_suspends_its_agents_where_the_rules_say_so() {
    let gate = guarded(&stage(ALL), &suspending()).await;
    for change in [
        RepoChange::Archived,
        RepoChange::Unarchived,
        RepoChange::Renamed("web2".to_owned()),
        RepoChange::Privatized,
    ] {
        let repo = if matches!(change, RepoChange::Privatized) { "acme/web2" } else { WEB };
        let step = ChangeRepo { actor: "alice".to_owned(), repo: repo.to_owned(), change };
        gate.github.change_repo(step).await.unwrap();
        gate.settle().await;
    }
    gate.tells_nothing("the repository is the same, and as closed").await;
    assert_eq!(gate.suspended().await, Vec::<String>::new());
    let back = ChangeRepo {
        actor: "alice".to_owned(),
        repo: "acme/web2".to_owned(),
        change: RepoChange::Renamed("web".to_owned()),
    };
    gate.github.change_repo(back).await.unwrap();
    gate.settle().await;

    gate.changes("alice", RepoChange::Publicized).await;
    gate.tells("protection-loosened", "everybody may read it").await;
    assert_eq!(gate.suspended().await, ["copilot"], "it may work there");
    gate.rules_are(|rules| rules.suspended["copilot"].reason.contains("everybody may read it")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repository_that_is_handed_over_is_told_and_without_a_rule_nobody_is_suspended() {
    let gate = watching().await;
    gate.changes("alice", RepoChange::Transferred("bob".to_owned())).await;
    gate.tells("protection-loosened", "it belongs to `bob` instead of `acme`").await;
    assert_eq!(gate.suspended().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_loosens_a_protection_is_suspended_where_the_rules_say_so() {
    let gate = guarded(&stage(ALL), &suspending()).await;
    gate.changes("alice", edited(|one| one.no_deletion = false)).await;
    gate.tells("protection-loosened", "it may be deleted").await;
    assert_eq!(gate.suspended().await, Vec::<String>::new(), "a person is told of, and that is all");

    gate.changes("Copilot", edited(|one| (one.no_deletion, one.no_force_push) = (false, false))).await;
    let told = gate.all_incidents().await;
    let agents = told.iter().filter(|one| one.agent.as_deref() == Some("copilot")).count();
    assert_eq!((told.len(), agents), (2, 1), "{told:?}");
    assert_eq!(gate.suspended().await, ["copilot"]);
    let reason = &gate.running.gate().store.suspended().await.unwrap()["copilot"];
    assert!(reason.reason.contains("forced pushes are let through"), "{reason:?}");
    assert_eq!(reason.by, "portcullis");
}

/// What an agent opened and closed again leaves no trace in the settings.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_opens_and_closes_a_lock_is_told_all_the_same() {
    let gate = guarded(&stage(ALL), &suspending()).await;
    let open = edited(|one| one.enforcement = "disabled".to_owned());
    gate.changes_unheard("alice", open.clone()).await;
    gate.changes_unheard("alice", edited(|_| {})).await;
    gate.settle().await;
    gate.tells_nothing("a person's slip").await;
    gate.changes_unheard("Copilot", open).await;
    gate.changes_unheard("Copilot", edited(|_| {})).await;
    gate.settle().await;
    gate.tells("protection-loosened", "ruleset `main` is no longer in force").await;
    assert_eq!(gate.suspended().await, ["copilot"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_that_only_evaluate_tell_nothing_and_suspend_nobody() {
    let rules = suspending().replace("enforcement = \"active\"", "enforcement = \"evaluate\"");
    let gate = guarded(&stage(ALL), &rules).await;
    gate.changes("Copilot", RepoChange::RulesetDeleted(501)).await;
    gate.tells_nothing("they only evaluate").await;
    assert_eq!(gate.suspended().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_app_may_not_see_is_told_as_unknown_and_never_taken_for_unchanged() {
    let gate = guarded(&stage(""), RULES).await;
    let bypass = BypassSpec { login: Some("Copilot".to_owned()), ..BypassSpec::default() };
    gate.changes("alice", edited(|one| one.bypass.push(bypass))).await;
    gate.tells("unseen", "who may go past what requires our check on `main`: ").await;
    assert!(gate.told().await[0].1.contains("administration: write"), "{:?}", gate.told().await);
    // What it can see it compares, and what deliveries say by themselves is told without any right.
    gate.changes("bob", edited(|one| one.checks.clear())).await;
    gate.changes(
        "dana",
        RepoChange::DeployKeyCreated(DeployKeySpec { title: "sly".to_owned(), write: true }),
    )
    .await;
    // Classic protection may require it still, and cannot be seen.
    assert!(gate.mentions("whether `main` requires our check").await, "{:?}", gate.told().await);
    assert!(gate.mentions("deploy key `sly` may push").await, "{:?}", gate.told().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_security_feature_that_is_switched_off_is_told_and_one_that_is_switched_on_is_not() {
    let gate = watching().await;
    let switch = |on| RepoChange::Security(BTreeMap::from([("secret_scanning".to_owned(), on)]));
    gate.changes("alice", switch(true)).await;
    gate.tells_nothing("more is on").await;
    gate.changes("alice", switch(false)).await;
    gate.tells("protection-loosened", "`secret_scanning` is switched off").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_that_the_forge_finds_are_one_incident_and_an_agents_suspends_it() {
    let gate = guarded(&stage(ALL), &suspending()).await;
    for _ in 0..3 {
        gate.changes("bob", RepoChange::SecretFound("aws_access_key_id".to_owned())).await;
    }
    let all = gate.all_incidents().await;
    assert_eq!((all.len(), all[0].kind.as_str(), all[0].parts), (1, "secret-found", 3), "{all:?}");
    assert!(all[0].title.contains("alert 1: `aws_access_key_id`"), "{all:?}");
    assert_eq!(gate.suspended().await, Vec::<String>::new());
    gate.changes("Copilot", RepoChange::SecretFound("npm_access_token".to_owned())).await;
    assert_eq!(gate.suspended().await, ["copilot"]);

    // What is resolved was told of when it was found.
    let body = json!({
        "action": "resolved", "alert": { "number": 1 }, "installation": { "id": 7001 },
        "repository": { "id": 3001, "full_name": WEB },
    });
    assert_eq!(gate.post("secret_scanning_alert", "r-1", &body.to_string()).await.1["outcome"], "ignored");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_an_agent_asks_for_is_told_and_a_persons_is_not() {
    let gate = guarded(&stage(ALL), &suspending()).await;
    let request = |name: &str| {
        AccessChange::TokenRequested(TokenRequest {
            org: "acme".to_owned(),
            name: name.to_owned(),
            permissions: BTreeMap::from([("contents".to_owned(), "write".to_owned())]),
            repositories: Vec::new(),
        })
    };
    gate.access("alice", request("mine")).await;
    gate.tells_nothing("a person asks, and an owner decides").await;
    gate.access("Copilot", request("wider")).await;
    gate.tells("token-requested", "token `wider`: contents: write in all repositories").await;
    assert_eq!(gate.suspended().await, ["copilot"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_taken_from_the_gate_is_told_and_what_it_is_given_is_not() {
    let granted = |changes: &[(&str, Option<&str>)]| {
        let mut all: BTreeMap<String, String> = BTreeMap::from(
            [
                ("actions", "read"),
                ("administration", "write"),
                ("checks", "write"),
                ("contents", "read"),
                ("members", "read"),
                ("metadata", "read"),
                ("pull_requests", "read"),
            ]
            .map(|(name, level)| (name.to_owned(), level.to_owned())),
        );
        for (name, level) in changes {
            match level {
                Some(level) => all.insert((*name).to_owned(), (*level).to_owned()),
                None => all.remove(*name),
            };
        }
        AccessChange::PermissionsAccepted(all)
    };
    let cases = [
        (
            granted(&[("issues", Some("write")), ("checks", Some("read"))]),
            "permission `checks` is to read only",
        ),
        (granted(&[("issues", Some("write")), ("members", None)]), "permission `members` was taken away"),
        (AccessChange::RepositoriesRemoved(vec![WEB.to_owned()]), "covers repository `acme/web` no longer"),
        (AccessChange::Suspended, "the installation is suspended"),
        (AccessChange::Uninstalled, "the App is not installed any more"),
    ];
    for (change, words) in cases {
        let gate = watching().await;
        gate.access("alice", granted(&[("issues", Some("write"))])).await;
        gate.tells_nothing("it may do more").await;
        gate.access("alice", change).await;
        gate.tells("gate-hindered", words).await;
        gate.looks().await;
        gate.tells("gate-hindered", words).await;
    }
    let gate = watching().await;
    gate.access("alice", AccessChange::Suspended).await;
    gate.access("alice", AccessChange::Unsuspended).await;
    assert_eq!(gate.told().await.len(), 1, "that it works again is no incident");
}

/// A suspension of which nobody told: an App that is suspended hears nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_installation_that_was_suspended_in_silence_is_found() {
    let gate = watching().await;
    gate.github.drop_next(1);
    gate.access("alice", AccessChange::Suspended).await;
    gate.tells_nothing("nobody told").await;
    gate.looks().await;
    gate.tells("gate-hindered", "somebody took from the gate what it works by").await;
}

/// The organisation's rulesets guard all repositories, and their deliveries name none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ruleset_of_the_organisation_wakes_every_repository_and_names_who_changed_it() {
    let gate = watching().await;
    gate.changes_unheard("alice", edited(|one| one.enforcement = "disabled".to_owned())).await;
    gate.github.forget_pending();
    let body = json!({
        "action": "edited", "installation": { "id": 7001 }, "organization": { "login": "acme", "id": 2001 },
        "sender": { "id": 1001, "login": "alice", "type": "User" },
        "repository_ruleset": { "id": 501, "name": "main", "enforcement": "disabled" },
        "changes": { "enforcement": { "from": "active" } },
    });
    let (status, answer) = gate.post("repository_ruleset", "org-1", &body.to_string()).await;
    assert_eq!((status, &answer["outcome"]), (202, &json!("queued")), "{answer}");
    gate.settle().await;
    gate.tells("protection-loosened", "alice loosened what guards the work").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_environment_that_is_guarded_less_is_found_by_looking() {
    let production = |prevent_self_review, admins_bypass, ours: bool, reviewers: &[&str]| EnvironmentSpec {
        name: "production".to_owned(),
        reviewers: reviewers.iter().map(|who| (*who).to_owned()).collect(),
        prevent_self_review,
        admins_bypass,
        protection: if ours { vec!["portcullis".to_owned()] } else { Vec::new() },
        branches: Vec::new(),
        callback_url: None,
    };
    let cases = [
        (production(true, false, true, &["alice", "bob"]), None),
        (production(false, false, true, &["alice"]), Some("who starts a deployment may approve it")),
        (production(true, true, true, &["alice"]), Some("administrators may go past its rules")),
        (production(true, false, false, &["alice"]), Some("our App is not asked any more")),
        (production(true, false, true, &[]), Some("nobody has to approve")),
    ];
    for (spec, words) in cases {
        let gate = watching().await;
        gate.changes("alice", RepoChange::EnvironmentEdited(spec)).await;
        gate.tells_nothing("GitHub sends no delivery for it").await;
        gate.looks().await;
        match words {
            Some(words) => gate.tells("protection-loosened", words).await,
            None => gate.tells_nothing("one person more may approve").await,
        }
    }
}
