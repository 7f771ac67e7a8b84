//! Lists are whole or unknown, limits are waited for within reason, and a refusal is no answer.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use policy::{Fact, RepoId, RepoName};
use serde_json::{Value, json};

use super::forge::{Asked, Forge, INSTALLATION, Reply};
use crate::github::ForgeError;
use crate::github::posture::{Demand, InstallationSeen, RepositoryPosture, RepositorySeen};

fn installations(count: usize) -> Reply {
    let one = |id| json!({ "id": id, "account": { "login": "acme", "type": "Organization" }, "permissions": {}, "events": [] });
    Reply::json(200, &(1..=count).map(one).collect())
}

#[tokio::test]
async fn a_list_is_read_to_its_end() {
    let forge = Forge::start(|_, before| installations([100, 100, 1][before])).await;
    assert_eq!(forge.github.all_installations().await.unwrap().len(), 201);
    assert_eq!(forge.requests().len(), 3);
}

#[tokio::test]
async fn a_list_without_end_is_no_list() {
    let forge = Forge::start(|_, _| installations(100)).await;
    let outcome = forge.github.all_installations().await;
    assert!(matches!(outcome, Err(ForgeError::Incomplete { .. })), "{outcome:?}");
    assert_eq!(forge.requests().len(), 10);
}

/// What a forge says of one repository; whatever the script does not answer is refused.
async fn posture(permissions: &[&str], script: fn(&str) -> Option<Value>) -> (RepositoryPosture, Vec<Asked>) {
    let forge = Forge::start(move |asked, _| match script(&asked.path) {
        Some(body) => Reply::json(200, &body),
        None => Reply::status(403),
    })
    .await;
    let granted = permissions.iter().map(|name| ((*name).to_owned(), "read".to_owned()));
    let seen = InstallationSeen {
        id: INSTALLATION,
        account: "acme".to_owned(),
        organization: true,
        permissions: granted.collect::<BTreeMap<_, _>>(),
        events: BTreeSet::new(),
        suspended: false,
    };
    let name = RepoName::parse("acme/web").unwrap();
    let repository = RepositorySeen {
        id: RepoId(3001),
        name,
        default_branch: "main".to_owned(),
        private: false,
        archived: false,
    };
    let posture = forge.github.repository_posture(&seen, repository, "portcullis").await;
    (posture, forge.requests())
}

#[tokio::test]
async fn what_is_refused_is_unknown_with_what_it_takes() {
    let (seen, _) = posture(&["administration"], |_| None).await;
    let needs = |fact: Result<&(), &str>, needs: &str| {
        let why = fact.unwrap_err();
        assert!(why.starts_with(&format!("needs `{needs}`")), "{why}");
    };
    needs(seen.listed.get(), "contents: read");
    needs(seen.own_rules.get().map(|_| &()), "contents: read");
    needs(seen.writing_keys.get().map(|_| &()), "administration: read");
    needs(seen.fork_approval.unwrap().get().map(|_| &()), "administration: read");
    needs(seen.environments.get().map(|_| &()), "actions: read");
    let [main] = seen.branches.as_slice() else { panic!("{:?}", seen.branches) };
    needs(main.rules.get().map(|_| &()), "metadata: read");
    needs(main.classic.get().map(|_| &()), "administration: read");
}

#[tokio::test]
async fn too_many_branches_are_not_listed_in_part() {
    let (seen, requests) = posture(&[], |path| {
        let branches: Vec<Value> = (0..100).map(|n| json!({ "name": format!("b{n}") })).collect();
        path.ends_with("/branches").then(|| json!(branches))
    })
    .await;
    assert!(seen.listed.get().unwrap_err().contains("longer than 300"), "{:?}", seen.listed);
    assert_eq!(seen.branches.len(), 1);
    assert_eq!(requests.iter().filter(|asked| asked.path.ends_with("/branches")).count(), 3);
    // Without the permission it is not even asked for.
    assert_eq!(seen.branches[0].classic, Fact::unknown("needs `administration: read`"));
    assert!(!requests.iter().any(|asked| asked.path.ends_with("/protection")));
}

/// A branch that is listed nowhere has no classic protection; a ruleset that two branches share is read once.
#[tokio::test]
async fn no_more_is_asked_than_needed() {
    let (seen, requests) = posture(&[], |path| match path {
        "/repos/acme/web/branches" => Some(json!([{ "name": "release" }])),
        path if path.contains("/rules/branches/") => Some(json!([
            { "type": "required_status_checks", "ruleset_id": 5, "ruleset_source": "acme",
              "parameters": { "required_status_checks": [{ "context": "portcullis", "integration_id": 42 }] } },
            { "type": "required_status_checks", "ruleset_id": 6, "ruleset_source": "acme",
              "parameters": { "required_status_checks": [{ "context": "tests" }] } },
        ])),
        "/repos/acme/web/rulesets/5" => Some(json!({ "id": 5, "bypass_actors": [] })),
        _ => None,
    })
    .await;
    let names: Vec<_> = seen.branches.iter().map(|branch| branch.name.as_str()).collect();
    assert_eq!(names, ["main", "release"]);
    assert_eq!(seen.branches[0].classic, Fact::Known(None));
    assert!(seen.branches[1].classic.get().is_err());
    for branch in &seen.branches {
        assert_eq!(branch.bypass, [(5, Fact::Known(vec![]))].into());
        let rules = branch.rules.get().unwrap();
        assert!(rules.iter().all(|rule| matches!(rule.demand, Demand::Checks(_))), "{rules:?}");
    }
    let rulesets = requests.iter().filter(|asked| asked.path.contains("/rulesets/")).count();
    assert_eq!(rulesets, 1);
}

/// A limit of a moment is waited for; one of an hour is told.
#[tokio::test]
async fn limits_are_waited_for_within_reason() {
    let limited = |seconds: u32| Reply::status(429).with("retry-after", seconds);
    let forge = Forge::start(move |_, before| if before == 0 { limited(1) } else { installations(1) }).await;
    let (listed, ()) = tokio::join!(forge.github.all_installations(), async {
        while forge.requests().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        forge.pass(1_000);
    });
    assert_eq!(listed.unwrap().len(), 1);

    let forge = Forge::start(move |_, _| limited(3_600)).await;
    let outcome = forge.github.all_installations().await;
    assert!(matches!(outcome, Err(ForgeError::RateLimited { .. })), "{outcome:?}");
    assert_eq!(forge.requests().len(), 1);
}
