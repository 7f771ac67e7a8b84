//! What becomes of each event.

use policy::facts::ReviewState;
use policy::{Floor, ReviewFloor, Sha};

use super::*;

#[tokio::test]
async fn a_pull_request_is_queued_with_its_floor_and_its_pusher() {
    let door = door().await;
    let answer = door.send(GUID, "pull_request", &on_pull("synchronize")).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let read = json!({
        "targets": ["acme/web#12"],
        "head": "a".repeat(40),
        "updated_at": "2026-11-20T10:00:01Z",
        "review": null,
        "pusher": { "id": 5, "login": "invented-person", "type": "User" },
    });
    assert_eq!(answer.body, json!({ "delivery": GUID, "outcome": "queued", "subjects": 1, "read": read }));
    assert!(door.woken());

    let leases = door.claim().await;
    assert_eq!(leases[0].subject(), &pull(12));
    let updated_at = "2026-11-20T10:00:01Z".parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let floor =
        Floor { updated_at: Some(Millis(updated_at)), head: Sha::parse(&"a".repeat(40)), review: None };
    assert_eq!(leases[0].floor(), &floor);
    let pushers = door.store.pushers(&pull(12)).await.unwrap();
    assert_eq!((pushers.len(), pushers[0].actor.id.0, &pushers[0].delivery), (1, 5, &guid(GUID)));

    let kept = door.store.delivery(&guid(GUID)).await.unwrap().unwrap();
    assert_eq!((kept.action.as_deref(), kept.received_at), (Some("synchronize"), NOW));
    let body = door.store.delivery_body(&guid(GUID)).await.unwrap().unwrap();
    assert_eq!(body, on_pull("synchronize").to_string().into_bytes());
}

#[tokio::test]
async fn a_review_leaves_a_floor_of_its_own() {
    let door = door().await;
    for (n, (action, word, state)) in [
        ("submitted", "approved", ReviewState::Approved),
        ("edited", "CHANGES_REQUESTED", ReviewState::ChangesRequested),
        ("submitted", "invented", ReviewState::Commented),
        ("dismissed", "dismissed", ReviewState::Dismissed),
    ]
    .into_iter()
    .enumerate()
    {
        let id = 70 + n as u64;
        let mut review = on_pull(action);
        review["review"] = json!({ "id": id, "state": word, "body": null });
        door.send(&format!("g-{n}"), "pull_request_review", &review).await;
        let lease = door.claim().await.remove(0);
        assert_eq!(lease.floor().review, Some(ReviewFloor { id, state }));
        door.store.finish(&lease, Next::Done, NOW).await.unwrap();
    }
    let mut odd = on_pull("submitted");
    odd["review"] = json!({ "id": "no number", "state": "approved" });
    let answer = door.send("odd", "pull_request_review", &odd).await;
    assert_eq!(answer.body["outcome"], "kept as failed", "{answer:?}");
}

#[tokio::test]
async fn only_a_push_proves_who_pushed() {
    let door = door().await;
    for (n, (event, action, pushers)) in [
        ("pull_request", "labeled", 0),
        ("pull_request", "edited", 0),
        ("pull_request_review", "submitted", 0),
        ("pull_request", "opened", 0),
        ("pull_request", "reopened", 0),
        ("pull_request", "synchronize", 1),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = door.send(&format!("g-{n}"), event, &on_pull(action)).await;
        assert_eq!(answer.body["outcome"], "queued", "{event} {action}");
        assert_eq!(door.store.pushers(&pull(12)).await.unwrap().len(), pushers, "{event} {action}");
    }
}

#[tokio::test]
async fn a_redelivery_is_again_until_processed_and_then_nothing() {
    let door = door().await;
    let outcome = async || door.send(GUID, "pull_request", &on_pull("labeled")).await.body["outcome"].clone();
    assert_eq!(outcome().await, "queued");
    assert_eq!(outcome().await, "again");
    for lease in door.claim().await {
        door.store.finish(&lease, Next::Done, NOW).await.unwrap();
    }
    assert_eq!(outcome().await, "already processed");
    assert_eq!(door.kept().await, 1);
    assert!(door.claim().await.is_empty());
}

#[tokio::test]
async fn a_repeated_check_of_ours_is_looked_at_again() {
    let door = door().await;
    door.send("first", "pull_request", &on_pull("opened")).await;
    for lease in door.claim().await {
        door.store.finish(&lease, Next::Done, NOW).await.unwrap();
    }
    let check = |app: u64, pulls: Value| json!({ "head_sha": "a".repeat(40), "app": { "id": app }, "pull_requests": pulls });
    let of_run = |action, app, pulls| payload(action, json!({ "check_run": check(app, pulls) }));
    // From a fork: no pull request is named, the head finds it. Null means the same as none.
    for (n, pulls) in [json!([]), json!(null)].into_iter().enumerate() {
        let answer = door.send(&format!("run-{n}"), "check_run", &of_run("rerequested", 31, pulls)).await;
        assert_eq!(answer.body["subjects"], 1, "{answer:?}");
    }
    let suite = payload("rerequested", json!({ "check_suite": check(31, json!([])) }));
    assert_eq!(door.send("suite", "check_suite", &suite).await.body["subjects"], 1);
    let named = json!([{ "number": 40, "base": { "repo": { "id": 100 } } }, { "number": 41, "base": { "repo": { "id": 999 } } }]);
    let answer = door.send("named", "check_run", &of_run("requested_action", 31, named)).await;
    assert_eq!(answer.body["subjects"], 2, "40 and 12, but not another repository's 41: {answer:?}");
    let floors: Vec<_> = door.claim().await.iter().map(|lease| lease.floor().head.is_some()).collect();
    assert_eq!(floors, [true, false]);

    let foreign = of_run("rerequested", 32, json!([{ "number": 12 }]));
    let answer = door.send("foreign", "check_run", &foreign).await;
    assert_eq!(
        (&answer.body["outcome"], &answer.body["reason"]),
        (&json!("ignored"), &json!("another App's check"))
    );
    let answer = door.send("created", "check_run", &of_run("created", 31, json!([]))).await;
    assert_eq!(answer.body["outcome"], "ignored");
    let mut elsewhere = of_run("rerequested", 31, json!([]));
    elsewhere["check_run"]["head_sha"] = json!("b".repeat(40));
    let answer = door.send("elsewhere", "check_run", &elsewhere).await;
    assert_eq!(answer.body["reason"], "no known subject is meant");
}

#[tokio::test]
async fn only_comments_that_are_or_were_commands_are_looked_at() {
    let door = door().await;
    let said = |action: &str, body: &str, before: Option<&str>, pull: bool| {
        let mut issue = json!({ "number": 7, "updated_at": "2026-01-15T12:00:00Z" });
        if pull {
            issue["pull_request"] = json!({ "url": "https://forge.example/7" });
        }
        let changes = before.map(|before| json!({ "body": { "from": before } }));
        payload(action, json!({ "issue": issue, "comment": { "body": body }, "changes": changes }))
    };
    let command = "/portcullis approve 0123";
    let cases = [
        (said("created", command, None, true), "queued"),
        (said("deleted", command, None, true), "queued"),
        (said("edited", "Never mind.", Some(command), true), "queued"),
        (said("edited", command, Some("Looks fine."), true), "queued"),
        (said("created", &format!("> {command}"), None, true), "ignored"),
        (said("created", &format!("Hello\n{command}"), None, true), "ignored"),
        (said("created", command, None, false), "ignored"),
    ];
    for (n, (body, outcome)) in cases.into_iter().enumerate() {
        let answer = door.send(&format!("c-{n}"), "issue_comment", &body).await;
        assert_eq!((answer.status, &answer.body["outcome"]), (StatusCode::ACCEPTED, &json!(outcome)), "{n}");
    }
}

#[tokio::test]
async fn memberships_and_unknown_events_are_kept_as_ignored() {
    let door = door().await;
    for (n, event) in ["member", "membership", "team", "organization"].into_iter().enumerate() {
        let mut told = payload("added", json!({}));
        // With a repository it would be about what guards that.
        told.as_object_mut().unwrap().remove("repository");
        let answer = door.send(event, event, &told).await;
        assert_eq!((answer.status, &answer.body["outcome"]), (StatusCode::ACCEPTED, &json!("ignored")));
        assert_eq!(door.roster.load(Ordering::Relaxed), n + 1);
    }
    // GitHub has events with a digit in their name.
    let answer = door.send("board", "projects_v2_item", &payload("edited", json!({}))).await;
    assert_eq!((answer.status, &answer.body["reason"]), (StatusCode::ACCEPTED, &json!("unknown event")));
    // Whatever shape an unknown event has, it is kept.
    for (n, odd) in
        [json!({}), json!([1]), json!({ "action": 5 }), payload("made", json!({}))].iter().enumerate()
    {
        let answer = door.send(&format!("odd-{n}"), "invented_event", odd).await;
        assert_eq!((answer.status, &answer.body["reason"]), (StatusCode::ACCEPTED, &json!("unknown event")));
    }
    assert_eq!(door.roster.load(Ordering::Relaxed), 4);
    assert!(!door.woken());
    let ignored = DeliveryFilter { state: Some(DeliveryState::Ignored), ..DeliveryFilter::default() };
    assert_eq!(door.store.deliveries(&ignored).await.unwrap().len(), 9);
}

#[tokio::test]
async fn a_known_event_that_cannot_be_read_is_kept_with_the_field() {
    let door = door().await;
    let broken = |path: &[&str], value: Option<Value>| {
        let mut payload = on_pull("synchronize");
        let (last, above) = path.split_last().unwrap();
        let place = above.iter().fold(&mut payload, |at, key| &mut at[*key]);
        match value {
            Some(value) => place[*last] = value,
            None => {
                place.as_object_mut().unwrap().remove(*last);
            }
        }
        payload
    };
    let cases: [(&[&str], Option<Value>, &str); 11] = [
        (&["pull_request", "head", "sha"], Some(json!("main")), "pull_request.head.sha"),
        (&["pull_request", "number"], Some(json!("12")), "pull_request.number"),
        (&["pull_request", "number"], Some(json!(u64::MAX)), "pull_request.number"),
        (&["pull_request", "updated_at"], Some(json!("yesterday")), "pull_request.updated_at"),
        (&["pull_request", "updated_at"], Some(json!(i64::MAX)), "pull_request.updated_at"),
        (&["pull_request", "head"], None, "pull_request"),
        (&["repository", "full_name"], Some(json!("../../etc")), "repository.full_name"),
        (&["repository"], None, "repository"),
        (&["installation"], Some(json!(null)), "installation"),
        (&["sender"], None, "sender"),
        (&["action"], Some(json!("two words")), "action"),
    ];
    for (n, (path, value, field)) in cases.into_iter().enumerate() {
        let answer = door.send(&format!("broken-{n}"), "pull_request", &broken(path, value)).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED);
        assert_eq!(
            (&answer.body["outcome"], &answer.body["field"]),
            (&json!("kept as failed"), &json!(field))
        );
        let failed = door.store.failed_deliveries(100).await.unwrap();
        let kept = failed.iter().find(|kept| kept.guid.as_str() == format!("broken-{n}")).unwrap();
        assert_eq!(kept.error_path.as_deref(), Some(field));
        assert!(door.store.delivery_body(&kept.guid).await.unwrap().is_some());
    }
    assert!(!door.woken());
    assert!(door.claim().await.is_empty());
}

#[tokio::test]
async fn moments_may_be_numbers_or_missing() {
    let door = door().await;
    for (n, (moment, expected)) in
        [(json!(null), None), (json!(1_795_168_805), Some(NOW))].into_iter().enumerate()
    {
        let mut payload = on_pull("labeled");
        payload["pull_request"]["updated_at"] = moment;
        door.send(&format!("m-{n}"), "pull_request", &payload).await;
        let lease = door.claim().await.remove(0);
        assert_eq!(lease.floor().updated_at, expected);
        door.store.finish(&lease, Next::Done, NOW).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_over_http_cost_few_transactions() {
    let door = Arc::new(door().await);
    let tasks: Vec<_> = (0..1000)
        .map(|n| {
            let door = Arc::clone(&door);
            tokio::spawn(async move {
                let mut payload = on_pull("labeled");
                payload["pull_request"]["number"] = json!(n % 300);
                door.send(&format!("burst-{n}"), "pull_request", &payload).await.status
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), StatusCode::ACCEPTED);
    }
    let counters = door.store.counters();
    assert_eq!(counters.operations, 1000);
    assert!(counters.transactions <= 500, "{counters:?}");
    assert_eq!(door.store.waiting().await.unwrap().subjects, 300);
}

fn on_push(branch: &str, commits: &[serde_json::Value]) -> serde_json::Value {
    let mut push = on_pull("push");
    push["ref"] = json!(format!("refs/heads/{branch}"));
    push["forced"] = json!(false);
    push["before"] = json!("a".repeat(40));
    push["after"] = json!("b".repeat(40));
    push["commits"] = json!(commits);
    push["repository"]["default_branch"] = json!("main");
    push
}

/// A push may bring other rules of the repository: only where it surely did not, nothing open is looked at again.
#[tokio::test]
async fn a_push_that_may_change_the_repositorys_rules_wakes_what_is_open_there() {
    let door = door().await;
    door.send("first", "pull_request", &on_pull("opened")).await;
    let first = door.claim().await.remove(0);
    door.store.finish(&first, Next::Done, NOW).await.unwrap();
    let own = json!([".github/portcullis.toml"]);
    let touching = json!({ "added": [], "removed": [], "modified": own });
    let other = json!({ "added": ["a"], "removed": [], "modified": [] });
    let many: Vec<String> = (0..3_000).map(|n| n.to_string()).collect();
    for (n, (branch, commits, wakes)) in [
        ("main", vec![touching.clone()], true),
        ("main", vec![json!({ "added": own, "removed": [], "modified": [] })], true),
        ("main", vec![json!({ "added": [], "removed": own, "modified": [] })], true),
        ("main", vec![other.clone(), touching.clone()], true),
        ("main", vec![], true),
        ("main", vec![json!({ "added": [], "removed": [], "modified": [] })], true),
        ("main", vec![json!({ "added": ["a"] })], true),
        ("main", vec![json!({ "added": many, "removed": [], "modified": [] })], true),
        ("main", vec![other.clone(); 2_048], true),
        ("main", vec![other.clone()], false),
        // A merge that lists nothing, after what it merges.
        ("main", vec![other.clone(), json!({ "added": [], "removed": [], "modified": [] })], false),
        ("topic", vec![touching], false),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = door.send(&format!("p-{n}"), "push", &on_push(branch, &commits)).await;
        assert_eq!(answer.body["outcome"], "queued", "{n}: {}", answer.body);
        let leases = door.claim().await;
        let pulls = leases.iter().filter(|lease| lease.subject().pull().is_some()).count();
        assert_eq!(pulls, usize::from(wakes), "{n}");
        assert_eq!(leases.len() - pulls, 1, "{n}: the branch itself");
        for lease in leases {
            door.store.finish(&lease, Next::Done, NOW).await.unwrap();
        }
    }
    let mut forced = on_push("main", &[other]);
    forced["forced"] = json!(true);
    assert_eq!(door.send("forced", "push", &forced).await.body["outcome"], "queued");
}

#[tokio::test]
async fn a_branch_whose_name_cannot_be_judged_is_not_passed_over() {
    let door = door().await;
    for (n, (name, outcome)) in [
        ("refs/heads/copilot/fix".to_owned(), "queued"),
        (format!("refs/heads/{}", "n".repeat(600)), "kept as failed"),
        ("refs/tags/v\u{7}1".to_owned(), "kept as failed"),
        ("refs/notes/commits".to_owned(), "ignored"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut push = on_push("main", &[]);
        push["ref"] = json!(name);
        let answer = door.send(&format!("p-{n}"), "push", &push).await;
        assert_eq!(answer.body["outcome"], outcome, "{name:?}: {}", answer.body);
    }
}

#[tokio::test]
async fn another_default_branch_may_have_other_rules() {
    let door = door().await;
    door.send("first", "pull_request", &on_pull("opened")).await;
    let mut edited = on_pull("edited");
    edited["changes"] = json!({ "description": { "from": "old" } });
    assert_eq!(door.send("described", "repository", &edited).await.body["outcome"], "ignored");
    edited["changes"] = json!({ "default_branch": { "from": "old" } });
    let answer = door.send("switched", "repository", &edited).await;
    assert_eq!((&answer.body["outcome"], &answer.body["subjects"]), (&json!("queued"), &json!(2)));
    let renamed = on_pull("renamed");
    assert_eq!(door.send("renamed", "repository", &renamed).await.body["outcome"], "queued");
}

#[tokio::test]
async fn a_merge_group_is_told_by_its_delivery() {
    let door = door().await;
    let group = |action: &str| {
        json!({
            "action": action,
            "installation": { "id": 7 },
            "repository": { "id": 100, "full_name": "acme/web" },
            "sender": { "id": 5, "login": "invented-person", "type": "User" },
            "merge_group": {
                "head_sha": "a".repeat(40),
                "head_ref": "refs/heads/gh-readonly-queue/main/pr-12-b",
                "base_sha": "b".repeat(40),
                "base_ref": "refs/heads/main",
            },
        })
    };
    let answer = door.send(GUID, "merge_group", &group("checks_requested")).await;
    assert_eq!(answer.body["outcome"], "queued", "{answer:?}");
    let lease = door.claim().await.remove(0);
    assert_eq!(lease.subject().key(), "group/100/refs/heads/gh-readonly-queue/main/pr-12-b");
    let told: Vec<policy::act::GroupTold> = door
        .store
        .evidence(lease.subject())
        .await
        .unwrap()
        .iter()
        .map(|one| serde_json::from_str(&one.body).unwrap())
        .collect();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].head.as_str(), told[0].over), ("a".repeat(40).as_str(), false));

    let answer = door.send("g-2", "merge_group", &group("destroyed")).await;
    assert_eq!(answer.body["outcome"], "queued");
    assert_eq!(door.store.evidence(lease.subject()).await.unwrap().len(), 2);
    assert_eq!(door.send("g-3", "merge_group", &group("invented")).await.body["outcome"], "ignored");
    let mut odd = group("checks_requested");
    odd["merge_group"]["head_ref"] = json!("refs/pull/1/head");
    assert_eq!(door.send("g-4", "merge_group", &odd).await.body["outcome"], "kept as failed");
}
