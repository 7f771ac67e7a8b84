//! Members: read whole or called unknown, kept, renewed behind the scenes.

use std::collections::BTreeSet;

use policy::facts::Group;
use policy::{Fact, UserId};
use serde_json::{Value, json};

use super::forge::{Asked, Forge, INSTALLATION, Reply};
use crate::github::ForgeError;
use crate::github::roster::{Members, restrict};

async fn members(forge: &Forge, group: &str) -> Result<Members, ForgeError> {
    forge.github.inner.rosters.members(INSTALLATION, &Group::parse(group).unwrap()).await
}

/// A page of `total` people numbered from 1, as GitHub would cut it.
fn page(asked: &Asked, total: u64) -> Value {
    let from: u64 = asked.body["variables"]["after"].as_str().map_or(0, |after| after.parse().unwrap());
    let to = total.min(from + 100);
    let nodes: Vec<Value> =
        (from..to).map(|n| json!({"databaseId": n + 1, "login": format!("u{n}")})).collect();
    json!({"totalCount": total, "pageInfo": {"hasNextPage": to < total, "endCursor": to.to_string()}, "nodes": nodes})
}

fn organization(page: &Value) -> Reply {
    Reply::json(200, &json!({"data": {"organization": {"membersWithRole": page}}}))
}

fn count(members: &Members) -> usize {
    members.get().unwrap().len()
}

#[tokio::test]
async fn an_organisation_is_read_page_by_page() {
    for (total, calls) in [(0, 1), (1, 1), (100, 1), (101, 2), (250, 3)] {
        let forge = Forge::start(move |asked, _| organization(&page(asked, total))).await;
        assert_eq!(count(&members(&forge, "acme").await.unwrap()) as u64, total);
        assert_eq!(forge.requests().len(), calls, "{total}");
    }
}

#[tokio::test]
async fn a_team_is_asked_for_by_organisation_and_slug() {
    let forge = Forge::start(|asked, _| {
        assert_eq!(asked.body["variables"]["login"], "acme");
        assert_eq!(asked.body["variables"]["slug"], "security");
        Reply::json(200, &json!({"data": {"organization": {"team": {"members": page(asked, 2)}}}}))
    })
    .await;
    let all = members(&forge, "@Acme/Security").await.unwrap();
    let involved = BTreeSet::from([UserId(2), UserId(9)]);
    assert_eq!(restrict(&all, &involved), Fact::Known(BTreeSet::from([UserId(2)])));
}

#[tokio::test]
async fn a_list_that_is_not_whole_is_unknown() {
    let forge = Forge::start(|asked, _| {
        let mut page = page(asked, 3);
        page["nodes"][1]["databaseId"] = Value::Null;
        organization(&page)
    })
    .await;
    let why = members(&forge, "acme").await.unwrap().get().unwrap_err().to_owned();
    assert_eq!(why, "could not see all members of `acme`: 2 of 3");
    let huge = Forge::start(|asked, _| organization(&page(asked, 1_000_000))).await;
    assert!(members(&huge, "acme").await.unwrap().get().is_err());
    assert_eq!(huge.requests().len(), 1, "nobody reads on when it is too long anyway");
}

#[tokio::test]
async fn what_may_not_be_seen_names_the_permission() {
    let forbidden =
        json!({"data": {"organization": null}, "errors": [{"type": "FORBIDDEN", "message": "no"}]});
    for body in [
        json!({"data": {"organization": null}}),
        json!({"data": {"organization": {"team": null}}}),
        json!({"data": {"organization": null}, "errors": [{"type": "NOT_FOUND", "path": ["organization"]}]}),
        forbidden,
    ] {
        let forge = Forge::start(move |_, _| Reply::json(200, &body)).await;
        let unknown = members(&forge, "@acme/security").await.unwrap();
        assert!(unknown.get().unwrap_err().contains("`members: read`"), "{unknown:?}");
        members(&forge, "@acme/security").await.unwrap();
        assert_eq!(forge.requests().len(), 1, "not asked again at once");
        forge.pass(61_000);
        members(&forge, "@acme/security").await.unwrap();
        assert_eq!(forge.requests().len(), 2, "but soon");
    }
}

#[tokio::test]
async fn a_stumble_is_no_fact() {
    let forge = Forge::start(|_, _| Reply::status(500)).await;
    assert!(matches!(members(&forge, "acme").await, Err(ForgeError::Broken { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_looks_read_a_list_once() {
    let slow = std::time::Duration::from_millis(20);
    let forge = Forge::start(move |asked, _| organization(&page(asked, 5)).after(slow)).await;
    let all = futures_util::future::join_all((0..20).map(|_| members(&forge, "acme"))).await;
    assert!(all.iter().all(|one| count(one.as_ref().unwrap()) == 5));
    assert_eq!(forge.requests().len(), 1);
}

#[tokio::test]
async fn a_list_is_renewed_behind_the_scenes_and_replaced_in_the_end() {
    let forge = Forge::start(|asked, before| organization(&page(asked, before as u64 + 1))).await;
    assert_eq!(count(&members(&forge, "acme").await.unwrap()), 1);
    forge.pass(149_000);
    assert_eq!(count(&members(&forge, "acme").await.unwrap()), 1);
    assert_eq!(forge.requests().len(), 1);

    forge.pass(2_000);
    assert_eq!(count(&members(&forge, "acme").await.unwrap()), 1, "nobody waits for the renewal");
    while count(&members(&forge, "acme").await.unwrap()) == 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(forge.requests().len(), 2);

    forge.pass(301_000);
    assert_eq!(count(&members(&forge, "acme").await.unwrap()), 3, "too old is not used at all");
}

#[tokio::test]
async fn a_told_change_is_seen_at_once() {
    let forge = Forge::start(|asked, before| organization(&page(asked, before as u64 + 1))).await;
    members(&forge, "acme").await.unwrap();
    forge.github.forget_members();
    assert_eq!(count(&members(&forge, "acme").await.unwrap()), 2);
}
