//! What becomes of deliveries about what guards a repository, and about the installation.

use policy::Fact;
use policy::act::{GuardTold, Lock, Setting};

use super::*;

/// Sends it and answers the key of the subject that is looked at, and what is kept for the look.
async fn told(door: &Door, guid: &str, event: &str, body: &Value) -> (String, GuardTold) {
    let answer = door.send(guid, event, body).await;
    assert_eq!(answer.body["outcome"], "queued", "{event}: {}", answer.body);
    let mut found = None;
    for lease in door.claim().await {
        for one in door.store.evidence(lease.subject()).await.unwrap() {
            if one.id == guid {
                found = Some((lease.subject().key(), serde_json::from_str(&one.body).unwrap()));
            }
        }
        door.store.finish(&lease, Next::Done, NOW).await.unwrap();
    }
    found.unwrap_or_else(|| panic!("{event}: nothing was kept"))
}

fn locks(told: &GuardTold) -> Vec<(Lock, &str)> {
    told.edges.iter().map(|edge| (edge.lock, edge.on.as_str())).collect()
}

#[tokio::test]
async fn who_touched_a_protection_is_kept_with_what_only_the_delivery_says() {
    let door = door().await;
    let ruleset = |now: &str| {
        payload(
            "edited",
            json!({
                "repository_ruleset": { "id": 5, "name": "main", "enforcement": now },
                "changes": { "enforcement": { "from": "active" } },
            }),
        )
    };
    let (key, ended) = told(&door, "a", "repository_ruleset", &ruleset("evaluate")).await;
    assert_eq!((key.as_str(), locks(&ended)), ("guard/100", vec![(Lock::Ruleset, "main")]));
    assert_eq!((ended.action.as_str(), ended.by.get().unwrap().id.0), ("edited", 5));
    let deleted =
        payload("deleted", json!({ "repository_ruleset": { "name": "m", "enforcement": "disabled" } }));
    let (_, idle) = told(&door, "b", "repository_ruleset", &deleted).await;
    assert_eq!(locks(&idle), vec![], "it was not in force");

    let key = |read_only| {
        payload("created", json!({ "key": { "id": 9, "title": "k\u{7}", "read_only": read_only } }))
    };
    assert_eq!(locks(&told(&door, "c", "deploy_key", &key(true)).await.1), vec![]);
    assert_eq!(locks(&told(&door, "d", "deploy_key", &key(false)).await.1), [(Lock::DeployKeys, "")]);
    let member = |from: &str, to: &str| {
        payload(
            "edited",
            json!({
                "member": { "id": 8, "login": "m", "type": "User" },
                "changes": { "permission": { "from": from, "to": to } },
            }),
        )
    };
    assert_eq!(locks(&told(&door, "e", "member", &member("read", "write")).await.1), [(Lock::Accounts, "")]);
    assert_eq!(locks(&told(&door, "f", "member", &member("admin", "write")).await.1), vec![]);
    let off = payload("disabled", json!({}));
    let (_, off) = told(&door, "g", "branch_protection_configuration", &off).await;
    assert_eq!(locks(&off), [(Lock::Protection, "every branch")]);
    let switched = json!({
        "installation": { "id": 7 },
        "changes": { "from": { "security_and_analysis": {
            "secret_scanning": { "status": "enabled" }, "other": { "status": "disabled" },
        } } },
        "repository": { "id": 100, "full_name": "acme/web", "security_and_analysis": {
            "secret_scanning": { "status": "disabled" }, "other": { "status": "enabled" },
        } },
    });
    let (_, switched) = told(&door, "h", "security_and_analysis", &switched).await;
    assert_eq!(locks(&switched), [(Lock::Security, "secret_scanning")]);
    assert_eq!(switched.by, Fact::unknown("the delivery names nobody"));
}

#[tokio::test]
async fn a_repository_that_changes_is_looked_at_whatever_it_is() {
    let door = door().await;
    for (n, (action, lock)) in [
        ("publicized", Some(Lock::Private)),
        ("deleted", Some(Lock::Existence)),
        ("archived", None),
        ("privatized", None),
    ]
    .into_iter()
    .enumerate()
    {
        let (key, kept) = told(&door, &format!("r-{n}"), "repository", &payload(action, json!({}))).await;
        assert_eq!(key, "guard/100");
        assert_eq!(kept.edges.first().map(|edge| edge.lock), lock, "{action}");
    }
    let mut moved = payload(
        "transferred",
        json!({
            "changes": { "owner": { "from": { "organization": { "id": 1, "login": "acme" } } } },
        }),
    );
    moved["repository"]["owner"] = json!({ "id": 2, "login": "other", "type": "User" });
    let (_, kept) = told(&door, "moved", "repository", &moved).await;
    let named = |id, name: &str| Setting::Named { id, name: name.to_owned() };
    assert_eq!(
        (kept.edges[0].before.clone(), &kept.edges[0].now),
        (Some(named(1, "acme")), &named(2, "other"))
    );
    let answer = door.send("odd", "repository", &payload("invented", json!({}))).await;
    assert_eq!(answer.body["outcome"], "ignored");
}

#[tokio::test]
async fn what_is_of_no_repository_is_of_the_installation() {
    let door = door().await;
    let account = json!({ "id": 7, "account": { "login": "acme", "type": "Organization" } });
    let of = |action: &str, more: Value| {
        let mut body = json!({ "action": action, "installation": account });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let listed = json!([{ "id": 100, "full_name": "acme/web" }, { "id": 101, "full_name": "not a name" }]);
    let (key, kept) = told(&door, "a", "installation", &of("suspend", json!({}))).await;
    assert_eq!((key.as_str(), locks(&kept)), ("installation/7", vec![(Lock::InForce, "")]));
    let gone = of("removed", json!({ "repositories_removed": listed }));
    let (_, kept) = told(&door, "b", "installation_repositories", &gone).await;
    assert_eq!(locks(&kept), [(Lock::Covered, "100"), (Lock::Covered, "101")]);
    let comes = of("added", json!({ "repositories_added": listed }));
    let answer = door.send("c", "installation_repositories", &comes).await;
    assert_eq!(answer.body["read"]["targets"], json!(["installation at acme", "acme/web protections"]));
    let nameless = json!({ "action": "suspend", "installation": { "id": 7 } });
    assert_eq!(door.send("d", "installation", &nameless).await.body["outcome"], "kept as failed");

    let request = json!({
        "action": "created", "installation": { "id": 7 }, "organization": { "login": "acme", "id": 1 },
        "sender": { "id": 5, "login": "invented-person", "type": "User" },
        "personal_access_token_request": {
            "id": 3, "owner": { "id": 6, "login": "asks", "type": "Bot" }, "token_name": "wider",
            "repository_selection": "all",
            "permissions_result": { "repository": { "contents": "write" }, "organization": null },
        },
    });
    let (key, kept) = told(&door, "e", "personal_access_token_request", &request).await;
    assert_eq!((key.as_str(), kept.by.get().unwrap().id.0), ("installation/7", 6), "who owns it asks for it");
    assert_eq!(locks(&kept), [(Lock::Token, "wider")]);
    let answer = door.send("f", "personal_access_token_request", &json!({ "action": "denied" })).await;
    assert_eq!(answer.body["outcome"], "ignored");
    // A team of the organisation's is read wherever it counts.
    let team = json!({ "action": "edited", "installation": { "id": 7 }, "team": { "id": 1 } });
    assert_eq!(door.send("g", "team", &team).await.body["reason"], "memberships are read anew");
}
