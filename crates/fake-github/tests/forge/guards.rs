//! What guards a repository changes, is told, and is read anew; and so does what the App may see.

use fake_github::{
    ChangeRepo, ClassicSpec, FakeGithub, Push, RepoChange, ReviewsSpec, RulesetSpec, Stage, VerbError,
};
use serde_json::{Value, json};

use crate::client::{Client, SAMPLE, good_jwt, http};

/// The sample, with an App that may read what guards it, and these steps after a wait.
async fn story(changes: &[&str]) -> FakeGithub {
    let granted = "installation = 7001\npermissions = { administration = \"write\", contents = \"read\", \
                   metadata = \"read\" }\n";
    let mut text = SAMPLE.replacen("installation = 7001\n", granted, 1);
    text.push_str("\n[[steps]]\ndo = \"wait\"\n");
    for change in changes {
        text.push_str(&format!("\n[[steps]]\nas = \"alice\"\n{change}\n"));
    }
    let github = FakeGithub::start(Stage::parse(&text).unwrap()).await.unwrap();
    github.forget_pending();
    github
}

fn repo(change: &str) -> String {
    format!("do = \"change_repo\"\nrepo = \"acme/web\"\nchange = {change}")
}

fn access(change: &str) -> String {
    format!("do = \"change_access\"\nchange = {change}")
}

fn kinds(github: &FakeGithub) -> Vec<String> {
    github
        .pending()
        .iter()
        .map(|one| format!("{} {}", one.event, one.action.as_deref().unwrap_or("-")))
        .collect()
}

fn told(github: &FakeGithub, place: usize) -> Value {
    github.pending()[place].to_json()["payload"].clone()
}

#[tokio::test]
async fn rulesets_come_change_and_go() {
    let ruleset = |rest: &str| format!("{{ id = 501, name = \"main\", branches = [\"main\"], {rest} }}");
    let bypass = "bypass = [{ type = \"User\", id = 1002, mode = \"always\" }]";
    let github = story(&[
        &repo(&format!("{{ ruleset_created = {} }}", ruleset("no_deletion = true"))),
        &repo(&format!("{{ ruleset_edited = {} }}", ruleset(&format!("no_force_push = true, {bypass}")))),
        "do = \"change_repo\"\nrepo = \"acme/web\"\nchange = { ruleset_edited = { id = 9, name = \"x\", branches = [] } }",
    ])
    .await;
    assert!(github.play_on().await.unwrap_err().to_string().contains("there is no ruleset `9`"));
    assert_eq!(kinds(&github), ["repository_ruleset created", "repository_ruleset edited"]);
    let edited = told(&github, 1);
    assert_eq!(
        edited["changes"]["rules"],
        json!({ "added": [{ "type": "non_fast_forward" }], "deleted": [{ "type": "deletion" }], "updated": [] })
    );
    assert_eq!(edited["changes"].as_object().unwrap().len(), 1, "who may go past it is not told");
    assert_eq!(edited["repository_ruleset"].get("bypass_actors"), None);
    let client = Client::of(&github).await;
    let (_, read) = client.get("/repos/acme/web/rulesets/501").await;
    assert_eq!(read["bypass_actors"][0]["actor_id"], 1002, "but it is there to be read");
    let gone = story(&[
        &repo(&format!("{{ ruleset_created = {} }}", ruleset("no_deletion = true"))),
        &repo("{ ruleset_deleted = 501 }"),
    ])
    .await;
    gone.play_on().await.unwrap();
    assert_eq!(Client::of(&gone).await.get("/repos/acme/web/rulesets/501").await.0, 404);
}

#[tokio::test]
async fn classic_protection_comes_changes_and_is_switched_off() {
    let rule = |admins: bool| {
        format!(
            "{{ branch = \"main\", checks = [{{ context = \"portcullis\" }}], enforce_admins = {admins} }}"
        )
    };
    let github = story(&[
        &repo(&format!("{{ protection_created = {} }}", rule(true))),
        &repo(&format!("{{ protection_edited = {} }}", rule(false))),
        &repo("\"protection_disabled\""),
    ])
    .await;
    github.play_on().await.unwrap();
    assert_eq!(
        kinds(&github),
        [
            "branch_protection_rule created",
            "branch_protection_rule edited",
            "branch_protection_configuration disabled"
        ]
    );
    assert_eq!(told(&github, 1)["changes"]["admin_enforced"], json!({ "from": true }));
    assert_eq!(told(&github, 1)["rule"]["required_status_checks"], json!(["portcullis"]));
    let client = Client::of(&github).await;
    let (status, answer) = client.get("/repos/acme/web/branches/main/protection").await;
    assert_eq!((status, &answer["message"]), (404, &json!("Branch not protected")));
    let on = story(&[
        &repo(&format!("{{ protection_created = {} }}", rule(true))),
        &repo("\"protection_disabled\""),
        &repo("\"protection_enabled\""),
    ])
    .await;
    on.play_on().await.unwrap();
    let (_, answer) = Client::of(&on).await.get("/repos/acme/web/branches/main/protection").await;
    assert_eq!(answer["enforce_admins"]["enabled"], true);
    let gone = story(&[
        &repo(&format!("{{ protection_created = {} }}", rule(true))),
        &repo("{ protection_deleted = \"main\" }"),
    ])
    .await;
    gone.play_on().await.unwrap();
    assert_eq!(kinds(&gone)[1], "branch_protection_rule deleted");
    assert_eq!(Client::of(&gone).await.get("/repos/acme/web/branches/main/protection").await.0, 404);
}

#[tokio::test]
async fn people_teams_and_keys_come_and_go() {
    let github = story(&[
        &repo("{ member_edited = { login = \"bob\", permission = \"admin\" } }"),
        &repo("{ member_added = { login = \"Copilot\", permission = \"write\" } }"),
        &repo("{ team_edited = { team = \"security\", permission = \"admin\" } }"),
        &repo("{ deploy_key_created = { title = \"mirror\", write = true } }"),
        &access("{ team_joined = { org = \"acme\", team = \"security\", member = \"erin\" } }"),
    ])
    .await;
    github.play_on().await.unwrap();
    assert_eq!(
        kinds(&github),
        ["member edited", "member added", "team edited", "deploy_key created", "membership added"]
    );
    assert_eq!(told(&github, 0)["changes"]["permission"], json!({ "from": "write", "to": "admin" }));
    assert_eq!(told(&github, 2)["changes"]["repository"]["permissions"]["from"]["pull"], false);
    let client = Client::of(&github).await;
    for (who, can) in [("bob", "admin"), ("dana", "admin"), ("erin", "admin"), ("Copilot", "write")] {
        let path = format!("/repos/acme/web/collaborators/{who}/permission");
        assert_eq!(client.get(&path).await.1["permission"], can, "{who}");
    }
    let (_, keys) = client.get("/repos/acme/web/keys").await;
    assert_eq!(keys[0]["id"], told(&github, 3)["key"]["id"]);
    assert_eq!((&keys[0]["title"], &keys[0]["read_only"]), (&json!("mirror"), &json!(false)));
}

#[tokio::test]
async fn a_repository_is_renamed_published_archived_and_searched() {
    let github = story(&[
        &repo("\"privatized\""),
        &repo("\"publicized\""),
        &repo("\"archived\""),
        &repo("{ default_branch = \"copilot/fix-1\" }"),
        &repo("{ security = { secret_scanning = false } }"),
        &repo("{ secret_found = \"github_app_installation_access_token\" }"),
        &repo("{ renamed = \"site\" }"),
        "do = \"change_repo\"\nrepo = \"acme/site\"\nchange = { transferred = \"bob\" }",
    ])
    .await;
    github.play_on().await.unwrap();
    assert_eq!(
        kinds(&github),
        [
            "repository privatized",
            "repository publicized",
            "repository archived",
            "repository edited",
            "security_and_analysis -",
            "secret_scanning_alert created",
            "repository renamed",
            "repository transferred"
        ]
    );
    assert_eq!(told(&github, 3)["changes"]["default_branch"]["from"], "main");
    assert_eq!(told(&github, 6)["changes"]["repository"]["name"]["from"], "web");
    assert_eq!(told(&github, 7)["changes"]["owner"]["from"]["organization"]["login"], "acme");
    let client = Client::of(&github).await;
    let (_, read) = client.get("/repositories/3001").await;
    assert_eq!((&read["full_name"], &read["archived"]), (&json!("bob/site"), &json!(true)));
    assert_eq!(read["default_branch"], "copilot/fix-1");
    assert_eq!(read["security_and_analysis"]["secret_scanning"]["status"], "disabled");
    assert_eq!(client.get("/repos/acme/web").await.0, 404);
}

#[tokio::test]
async fn the_installation_is_suspended_changed_and_removed() {
    let github = story(&[
        &access("\"suspended\""),
        "do = \"label\"\nrepo = \"acme/web\"\npull = 1\nlabel = \"unheard\"",
        &access("\"unsuspended\""),
        &access("{ permissions_accepted = { contents = \"write\", metadata = \"read\" } }"),
        &access("{ token_requested = { org = \"acme\", name = \"mine\", permissions = { contents = \"write\" }, repositories = [\"acme/web\"] } }"),
        &access("{ repositories_removed = [\"acme/web\"] }"),
    ])
    .await;
    let before = Client::of(&github).await;
    assert_eq!(before.get("/repos/acme/web").await.0, 200);
    github.play_on().await.unwrap();
    assert_eq!(before.get("/repos/acme/web").await.0, 401, "the token died with the suspension");
    assert_eq!(
        kinds(&github),
        [
            "installation suspend",
            "installation unsuspend",
            "installation new_permissions_accepted",
            "personal_access_token_request created",
            "installation_repositories removed"
        ]
    );
    assert!(told(&github, 0)["installation"]["suspended_at"].is_string());
    assert_eq!(told(&github, 2)["installation"]["permissions"]["contents"], "write");
    assert_eq!(told(&github, 4)["repositories_removed"][0]["full_name"], "acme/web");
    let after = Client::of(&github).await;
    assert_eq!(after.get("/repos/acme/web").await.0, 404);
    let gone = story(&[&access("\"uninstalled\"")]).await;
    gone.play_on().await.unwrap();
    assert_eq!(kinds(&gone), ["installation deleted"]);
    let url = format!("{}/app/installations/7001", gone.url());
    assert_eq!(http().get(url).bearer_auth(good_jwt(&gone)).send().await.unwrap().status(), 404);
}

/// Pushes to `main` once the change was made.
async fn pushed_after(github: &FakeGithub, change: RepoChange) -> Result<String, VerbError> {
    let step = ChangeRepo { actor: "alice".to_owned(), repo: "acme/web".to_owned(), change };
    github.change_repo(step).await.unwrap();
    github.push(Push::new("alice", "acme/web", "main").file("NEW.md", "new\n")).await
}

#[tokio::test]
async fn the_rules_that_bind_are_those_that_were_changed_last() {
    let github = story(&[]).await;
    let ruleset = RulesetSpec {
        id: 501,
        enforcement: "active".to_owned(),
        branches: vec!["main".to_owned()],
        no_update: true,
        ..RulesetSpec::default()
    };
    let classic = ClassicSpec {
        branch: "main".to_owned(),
        reviews: Some(ReviewsSpec::default()),
        enforce_admins: true,
        ..ClassicSpec::default()
    };
    let idle = RulesetSpec { enforcement: "evaluate".to_owned(), ..ruleset.clone() };
    let changes = [
        (RepoChange::RulesetCreated(ruleset.clone()), "Cannot update this protected ref."),
        (RepoChange::RulesetEdited(idle), ""),
        (RepoChange::RulesetEdited(ruleset), "Cannot update this protected ref."),
        (RepoChange::RulesetDeleted(501), ""),
        (RepoChange::ProtectionCreated(classic), "Changes must be made through a pull request."),
        (RepoChange::ProtectionDisabled, ""),
        (RepoChange::ProtectionEnabled, "Changes must be made through a pull request."),
        (RepoChange::ProtectionDeleted("main".to_owned()), ""),
    ];
    for (change, refusal) in changes {
        let said = format!("{change:?}");
        match pushed_after(&github, change).await {
            Ok(_) => assert_eq!(refusal, "", "{said}"),
            Err(error) => {
                assert!(!refusal.is_empty() && error.to_string().contains(refusal), "{said}: {error}")
            }
        }
    }
}

#[tokio::test]
async fn who_was_given_what_is_listed_and_environments_change_without_a_word() {
    let github = story(&[
        &repo("{ member_added = { login = \"erin\", permission = \"write\" } }"),
        &repo("{ environment_edited = { name = \"none\" } }"),
    ])
    .await;
    assert!(github.play_on().await.unwrap_err().to_string().contains("there is no environment `none`"));
    assert_eq!(kinds(&github), ["member added"]);
    let client = Client::of(&github).await;
    let (_, listed) = client.get("/repos/acme/web/collaborators?affiliation=direct").await;
    let erin = listed.as_array().unwrap().iter().find(|one| one["login"] == "erin").unwrap();
    assert_eq!((&erin["role_name"], &erin["permissions"]["push"]), (&json!("write"), &json!(true)));
    assert_eq!(erin["permissions"]["admin"], false);
    assert_eq!(client.get("/repos/acme/web/teams").await.0, 200);
}
