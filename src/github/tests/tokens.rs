//! Tokens: one at a time, with few rights, replaced in time, never shown.

use std::sync::Arc;

use futures_util::future::join_all;
use policy::InstallationId;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::forge::{Asked, Forge, INSTALLATION, Reply, key, quick};
use crate::github::auth::Token;
use crate::github::{ForgeError, Settings, SettingsError};

async fn token(forge: &Forge) -> Result<Arc<Token>, ForgeError> {
    forge.github.inner.api.token(INSTALLATION).await
}

async fn shown(forge: &Forge) -> String {
    token(forge).await.unwrap().secret().expose_secret().to_owned()
}

/// Any request that needs a token.
async fn ask(forge: &Forge) -> Result<(), ForgeError> {
    let group = policy::facts::Group::parse("acme").unwrap();
    forge.github.inner.rosters.members(INSTALLATION, &group).await.map(drop)
}

fn nobody() -> Reply {
    Reply::json(200, &json!({"data": {"organization": null}}))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_callers_mint_one_token() {
    let slow = std::time::Duration::from_millis(30);
    let forge = Forge::start_within(quick(), move |_, _, _| Reply::token("t").after(slow)).await;
    let tokens = join_all((0..20).map(|_| shown(&forge))).await;
    assert_eq!(tokens, vec!["t"; 20]);
    assert_eq!(forge.mints(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_callers_share_one_failure() {
    let slow = std::time::Duration::from_millis(30);
    let forge = Forge::start_within(quick(), move |_, _, _| Reply::status(403).after(slow)).await;
    for outcome in join_all((0..20).map(|_| token(&forge))).await {
        assert!(matches!(outcome, Err(ForgeError::Refused { status: 403, .. })), "{outcome:?}");
    }
    assert_eq!(forge.mints(), 1);
}

#[tokio::test]
async fn a_token_is_replaced_minutes_before_it_ends() {
    let forge = Forge::start(|_, _| nobody()).await;
    assert_eq!(shown(&forge).await, "token-1");
    forge.pass(54 * 60_000);
    assert_eq!(shown(&forge).await, "token-1");
    forge.pass(60_000);
    assert_eq!(shown(&forge).await, "token-2");
}

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    let forge = Forge::start(|asked, _| match asked.bearer() {
        "token-1" => Reply::status(401),
        _ => nobody(),
    })
    .await;
    ask(&forge).await.unwrap();
    assert_eq!((forge.mints(), forge.requests().len()), (2, 2));

    let forge = Forge::start(|_, _| Reply::status(401)).await;
    // A refusal is told as unknown members; what counts is that the asking ends.
    ask(&forge).await.unwrap();
    assert_eq!((forge.mints(), forge.requests().len()), (2, 2));
}

#[tokio::test]
async fn the_app_signs_a_short_life_and_asks_for_few_rights() {
    let forge = Forge::start(|_, _| nobody()).await;
    token(&forge).await.unwrap();
    let mint = &forge.asked()[0];
    assert_eq!(mint.path, "/app/installations/7/access_tokens");
    assert_eq!(mint.headers["x-github-api-version"], "2022-11-28");
    assert_eq!(mint.headers["accept"], "application/vnd.github+json");
    assert!(mint.headers["user-agent"].to_str().unwrap().starts_with("portcullis/"));
    assert_eq!(
        mint.body,
        json!({"permissions": {
            "actions": "read", "checks": "write", "contents": "read", "members": "read", "metadata": "read",
            "pull_requests": "read",
        }})
    );
    let claims = claims(mint);
    let now = super::forge::START.0 / 1_000;
    assert_eq!(claims, json!({"iat": now - 60, "exp": now + 540, "iss": "42"}));
}

fn claims(mint: &Asked) -> serde_json::Value {
    use base64::Engine;
    let part = mint.bearer().split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn what_was_not_granted_is_not_asked_for_again() {
    let forge = Forge::start_within(quick(), |asked, _, _| match asked.body["permissions"].get("members") {
        Some(_) => Reply::status(422),
        None => Reply::token("t"),
    })
    .await;
    token(&forge).await.unwrap();
    assert_eq!(forge.mints(), 2);
    forge.pass(56 * 60_000);
    token(&forge).await.unwrap();
    assert_eq!(forge.mints(), 3, "the second time it starts with what could be given");
    assert_eq!(forge.asked()[2].body["permissions"]["checks"], "write");
}

#[tokio::test]
async fn the_last_resort_is_what_the_installation_has() {
    let forge = Forge::start_within(quick(), |asked, _, _| {
        if asked.body.is_null() { Reply::token("t") } else { Reply::status(422) }
    })
    .await;
    assert_eq!(shown(&forge).await, "t");
    assert_eq!(forge.mints(), 5);
}

#[tokio::test]
async fn a_removed_installation_is_gone() {
    let forge = Forge::start_within(quick(), |_, _, _| Reply::status(404)).await;
    assert!(matches!(token(&forge).await, Err(ForgeError::Gone { .. })));
}

#[tokio::test]
async fn tokens_may_be_long_and_installations_have_their_own() {
    let long = format!("ghs_42_{}", "x".repeat(3_000));
    let sent = long.clone();
    let forge = Forge::start_within(quick(), move |_, _, _| Reply::token(&sent)).await;
    assert_eq!(shown(&forge).await, long);
    forge.github.inner.api.token(InstallationId(8)).await.unwrap();
    assert_eq!(forge.asked()[1].path, "/app/installations/8/access_tokens");
}

#[tokio::test]
async fn neither_key_nor_token_is_ever_shown() {
    let leak = "ghs_leak-me-not";
    let forge = Forge::start_within(quick(), move |asked, _, _| match asked.is_mint() {
        true => Reply::token(leak),
        false => Reply::status(500),
    })
    .await;
    let held = token(&forge).await.unwrap();
    let error = ask(&forge).await.unwrap_err();
    let pem = key();
    let line = pem.expose_secret().lines().nth(3).unwrap();
    let settings = Settings::new(42, key());
    for text in [
        format!("{:?}", forge.github),
        format!("{held:?}"),
        format!("{settings:?}"),
        format!("{error} {error:?}"),
    ] {
        assert!(!text.contains(leak) && !text.contains(line), "{text}");
    }

    // An answer that is no token may still hold one: it is not quoted.
    let forge = Forge::start_within(quick(), move |_, _, _| {
        Reply::json(201, &json!({"token": leak, "expires_at": leak}))
    })
    .await;
    let error = token(&forge).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains(leak));
}

#[test]
fn a_key_that_does_not_sign_is_found_out_at_once() {
    let mut settings = Settings::new(42, SecretString::from("-----BEGIN NONSENSE-----"));
    let check = |settings: &Settings| crate::github::auth::Auth::new(settings).map(drop);
    assert!(matches!(check(&settings), Err(SettingsError::Key)));
    settings.private_key = key();
    assert!(check(&settings).is_ok());
}
