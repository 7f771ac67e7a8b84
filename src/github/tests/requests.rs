//! Requests: repeated only when safe, limited, bounded.

use std::time::Duration;

use policy::Millis;
use policy::facts::Group;
use serde_json::{Value, json};

use super::forge::{Forge, INSTALLATION, Reply, START, quick};
use crate::github::api::Write;
use crate::github::{ForgeError, Limits};

async fn read(forge: &Forge) -> Result<(), ForgeError> {
    let group = Group::parse("acme").unwrap();
    forge.github.inner.rosters.members(INSTALLATION, &group).await.map(drop)
}

async fn write(forge: &Forge) -> Result<Value, ForgeError> {
    let api = &forge.github.inner.api;
    let url = api.addresses.rest(&["repos", "acme", "web", "check-runs"]);
    api.write(INSTALLATION, "create_check_run", Write::Create, url, &json!({"a": 1})).await
}

fn fine() -> Reply {
    Reply::json(200, &json!({"data": {"organization": null}}))
}

fn until<T: std::fmt::Debug>(outcome: Result<T, ForgeError>) -> i64 {
    match outcome {
        Err(ForgeError::RateLimited { until }) => until.0 - START.0,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_read_is_repeated_when_the_server_stumbles() {
    for status in [502, 503, 504] {
        let forge =
            Forge::start(move |_, before| if before < 2 { Reply::status(status) } else { fine() }).await;
        read(&forge).await.unwrap();
        assert_eq!(forge.requests().len(), 3, "{status}");
        assert_eq!(forge.github.calls(), 4, "the mint is counted too");
    }
}

#[tokio::test]
async fn a_read_is_not_repeated_for_ever_nor_for_nothing() {
    for (status, tries) in [(502, 3), (500, 1)] {
        let forge = Forge::start(move |_, _| Reply::status(status)).await;
        assert!(matches!(read(&forge).await, Err(ForgeError::Broken { .. })), "{status}");
        assert_eq!(forge.requests().len(), tries, "{status}");
    }
}

#[tokio::test]
async fn a_write_is_never_repeated() {
    for status in [500, 502, 503, 504] {
        let forge = Forge::start(move |_, _| Reply::status(status)).await;
        assert!(matches!(write(&forge).await, Err(ForgeError::Broken { .. })), "{status}");
        assert_eq!(forge.requests().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_write_whose_answer_never_comes_is_of_unknown_outcome() {
    let limits = Limits { total: Duration::from_millis(100), ..quick() };
    let forge = Forge::start_within(limits, |asked, _, _| match asked.is_mint() {
        true => Reply::token("t"),
        false => fine().after(Duration::from_secs(5)),
    })
    .await;
    let error = write(&forge).await.unwrap_err();
    assert_eq!(error.to_string(), "create_check_run failed: timed out");
    assert_eq!(forge.requests().len(), 1, "it came in and was not answered");
}

#[tokio::test]
async fn a_limit_is_told_with_its_end_and_nothing_is_sent_until_then() {
    let forge = Forge::start(|_, before| match before {
        0 => Reply::status(429).with("retry-after", 9),
        _ => fine(),
    })
    .await;
    assert_eq!(until(read(&forge).await), 9_000);
    forge.pass(8_999);
    assert_eq!(until(read(&forge).await), 9_000);
    assert_eq!(until(write(&forge).await), 9_000, "a secondary limit holds for everything");
    assert_eq!(forge.requests().len(), 1);
    forge.pass(1);
    read(&forge).await.unwrap();
}

#[tokio::test]
async fn the_hourly_limit_holds_for_its_own_counter() {
    let reset = START.0 / 1_000 + 600;
    let forge = Forge::start(move |asked, _| match asked.path.as_str() {
        "/graphql" => Reply::status(403).with("x-ratelimit-remaining", 0).with("x-ratelimit-reset", reset),
        _ => Reply::json(201, &json!({"id": 1})),
    })
    .await;
    assert_eq!(until(read(&forge).await), 600_000);
    write(&forge).await.unwrap();
}

#[tokio::test]
async fn the_last_point_of_the_hour_is_noticed() {
    let reset = START.0 / 1_000 + 600;
    let forge =
        Forge::start(move |_, _| fine().with("x-ratelimit-remaining", 0).with("x-ratelimit-reset", reset))
            .await;
    read(&forge).await.unwrap();
    forge.github.forget_members();
    assert_eq!(until(read(&forge).await), 600_000);
    assert_eq!(forge.requests().len(), 1);
}

#[tokio::test]
async fn graphql_tells_of_limits_with_200() {
    let body = json!({"data": null, "errors": [{"type": "RATE_LIMITED", "message": "x"}]});
    let reset = START.0 / 1_000 + 300;
    let forge = Forge::start(move |_, _| {
        Reply::json(200, &body).with("x-ratelimit-remaining", 0).with("x-ratelimit-reset", reset)
    })
    .await;
    assert_eq!(until(read(&forge).await), 300_000);
    assert_eq!(until(read(&forge).await), 300_000);
    assert_eq!(forge.requests().len(), 1);

    let secondary =
        json!({"data": null, "errors": [{"message": "You have exceeded a secondary rate limit"}]});
    let forge = Forge::start(move |_, _| Reply::json(200, &secondary)).await;
    assert_eq!(until(read(&forge).await), 60_000);
}

#[tokio::test]
async fn own_bounds_hold_before_the_forge_complains() {
    let limits = Limits { creations: 2, ..quick() };
    let forge = Forge::start_within(limits, |asked, _, _| match asked.is_mint() {
        true => Reply::token("t"),
        false => Reply::json(201, &json!({"id": 1})),
    })
    .await;
    write(&forge).await.unwrap();
    write(&forge).await.unwrap();
    assert!(until(write(&forge).await) > 59_000);
    assert_eq!(forge.requests().len(), 2);
    assert!(forge.github.inner.api.may_write(INSTALLATION).await.is_err());
    forge.pass(61_000);
    write(&forge).await.unwrap();
}

#[tokio::test]
async fn an_answer_is_read_up_to_a_bound() {
    let limits = Limits { answer: 1_000, ..quick() };
    let forge = Forge::start_within(limits, |asked, _, _| match asked.is_mint() {
        true => Reply::token("t"),
        false => Reply::json(200, &json!({"data": "x".repeat(1_000)})),
    })
    .await;
    assert!(matches!(write(&forge).await, Err(ForgeError::TooLarge { limit: 1_000, .. })));
}

#[tokio::test]
async fn a_renamed_repository_is_followed_and_another_host_is_not() {
    let forge = Forge::start(|asked, _| match asked.path.as_str() {
        "/repos/acme/web/check-runs" => Reply::status(307).with("location", "/repositories/5/check-runs"),
        _ => Reply::json(201, &json!({"id": 1})),
    })
    .await;
    write(&forge).await.unwrap();
    let asked = forge.requests();
    assert_eq!(asked[1].path, "/repositories/5/check-runs");
    assert_eq!((asked[1].method.as_str(), &asked[1].body), ("POST", &json!({"a": 1})));

    for elsewhere in ["http://127.0.0.1:9/steal", "https://evil.example/"] {
        let forge = Forge::start(move |_, _| Reply::status(307).with("location", elsewhere)).await;
        assert!(matches!(write(&forge).await, Err(ForgeError::Broken { .. })));
        assert_eq!(forge.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_redirect_in_a_circle_ends() {
    let forge = Forge::start(|_, _| Reply::status(301).with("location", "/again")).await;
    assert!(matches!(write(&forge).await, Err(ForgeError::Broken { .. })));
    assert_eq!(forge.requests().len(), 2);
}

#[tokio::test]
async fn what_cannot_be_reached_is_broken_and_names_no_address() {
    let forge = Forge::start(|_, _| fine()).await;
    let mut settings = crate::github::Settings::new(42, super::forge::key());
    settings.limits = quick();
    // Nothing listens on a port that was just given back.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    settings.api_url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let api = crate::github::api::Api::new(&settings, std::sync::Arc::new(|| Millis(0))).unwrap();
    let error = api.token(INSTALLATION).await.unwrap_err();
    assert!(matches!(error, ForgeError::Broken { .. }));
    assert_eq!(api.calls(), 3);
    drop(forge);
}
