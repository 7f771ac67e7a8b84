//! Who we are to the forge: the App's own signature, and the tokens it gets for its installations.
//!
//! A token lives for an hour; it is got by one caller at a time, replaced some minutes before it ends, and asked for
//! with no more rights than the gate needs. Neither key nor token is ever logged, and nothing is assumed about a
//! token's form: GitHub is changing it to `ghs_APPID_JWT`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use policy::{InstallationId, Millis};
use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::budget::{Cost, Payer};
use super::error::ForgeError;
use super::flight::Flights;
use super::http::{Call, Http, Repeat};
use super::settings::{Addresses, Purpose, Settings, SettingsError};
use super::wire;

/// A token is not used in its last minutes: clocks differ, and a look takes a while.
const MARGIN: i64 = 5 * 60_000;

/// What a token is asked for, best first. GitHub answers 422 when a permission was not granted to the installation;
/// `members` is the one that owners leave out, then whatever is granted has to do.
const TO_JUDGE: &[Option<&str>] = &[
    Some(
        r#"{"permissions":{"actions":"read","checks":"write","contents":"read","members":"read","metadata":"read","pull_requests":"read"}}"#,
    ),
    Some(
        r#"{"permissions":{"actions":"read","checks":"write","contents":"read","metadata":"read","pull_requests":"read"}}"#,
    ),
    Some(
        r#"{"permissions":{"checks":"write","contents":"read","members":"read","metadata":"read","pull_requests":"read"}}"#,
    ),
    Some(r#"{"permissions":{"checks":"write","contents":"read","metadata":"read","pull_requests":"read"}}"#),
    None,
];

/// What a token is asked for that changes branches, tags and pull requests. GitHub wants `workflows` for whatever touches
/// workflow files, moving a branch back over them included; that one may be withheld.
const TO_ACT: &[Option<&str>] = &[
    Some(
        r#"{"permissions":{"contents":"write","metadata":"read","pull_requests":"write","workflows":"write"}}"#,
    ),
    Some(r#"{"permissions":{"contents":"write","metadata":"read","pull_requests":"write"}}"#),
    Some(r#"{"permissions":{"contents":"write","metadata":"read"}}"#),
    None,
];

/// What a token is asked for that opens issues about incidents.
const TO_TELL: &[Option<&str>] = &[Some(r#"{"permissions":{"issues":"write","metadata":"read"}}"#), None];

/// What a token is asked for that ends workflow runs.
const TO_END: &[Option<&str>] = &[Some(r#"{"permissions":{"actions":"write","metadata":"read"}}"#), None];

/// What a token is asked for that answers deployments.
const TO_DEPLOY: &[Option<&str>] =
    &[Some(r#"{"permissions":{"actions":"read","deployments":"write","metadata":"read"}}"#), None];

/// What a token is for. Each installation has one token for each, with no more rights than that needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Right {
    /// Read what a verdict rests on and show it; or only read, see [`Purpose`].
    Judge,
    /// Change branches, tags and pull requests.
    Act,
    /// End workflow runs.
    End,
    /// Answer deployments.
    Deploy,
    /// Open issues.
    Tell,
    /// Read what guards a repository.
    Guard,
}

/// What a token is asked for that only reads how the forge is set up, best first. GitHub tells who may bypass a ruleset
/// only to whoever may change it, hence the first two; nothing is ever written with them.
const TO_INSPECT: &[Option<&str>] = &[
    Some(
        r#"{"permissions":{"actions":"read","administration":"write","contents":"read","metadata":"read"}}"#,
    ),
    Some(r#"{"permissions":{"administration":"write","contents":"read","metadata":"read"}}"#),
    Some(r#"{"permissions":{"actions":"read","administration":"read","contents":"read","metadata":"read"}}"#),
    Some(r#"{"permissions":{"administration":"read","contents":"read","metadata":"read"}}"#),
    Some(r#"{"permissions":{"actions":"read","contents":"read","metadata":"read"}}"#),
    Some(r#"{"permissions":{"contents":"read","metadata":"read"}}"#),
    Some(r#"{"permissions":{"metadata":"read"}}"#),
];

/// An installation's token.
#[derive(Debug)]
pub(super) struct Token {
    secret: SecretString,
    expires_at: Millis,
    /// Tells it from those before and after it, so that a refused token is dropped and its successor is not.
    serial: u64,
}

impl Token {
    pub(super) fn secret(&self) -> &SecretString {
        &self.secret
    }
}

/// Gets and keeps tokens.
pub(super) struct Auth {
    app_id: u64,
    key: EncodingKey,
    tokens: Flights<(InstallationId, Right), Arc<Token>>,
    purpose: Purpose,
    /// Which of the scopes an installation could give; forgotten after an hour, for grants change.
    scopes: moka::future::Cache<(InstallationId, Right), usize>,
    serials: AtomicU64,
}

#[derive(Serialize)]
struct Claims {
    iat: i64,
    exp: i64,
    iss: String,
}

#[derive(Deserialize)]
struct Minted {
    token: String,
    expires_at: String,
}

impl Auth {
    pub(super) fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let key = EncodingKey::from_rsa_pem(settings.private_key.expose_secret().as_bytes())
            .map_err(|_| SettingsError::Key)?;
        let hour = Duration::from_secs(3_600);
        let auth = Self {
            app_id: settings.app_id,
            key,
            purpose: settings.purpose,
            tokens: Flights::new(10_000, hour),
            scopes: moka::future::Cache::builder().max_capacity(10_000).time_to_live(hour).build(),
            serials: AtomicU64::new(0),
        };
        // A PEM that is no RSA key is found out at the first signature: have that now.
        auth.signature(Millis(0)).map_err(|_| SettingsError::Key)?;
        Ok(auth)
    }

    /// The installation's token, valid for some minutes more.
    pub(super) async fn token(
        &self,
        http: &Http,
        addresses: &Addresses,
        whose: (InstallationId, Right),
    ) -> Result<Arc<Token>, ForgeError> {
        let now = http.now();
        let fresh = |token: &Arc<Token>| token.expires_at.0.saturating_sub(MARGIN) > now.0;
        self.tokens.get(whose, fresh, self.mint(http, addresses, whose)).await
    }

    /// The forge refused this token: do not use it again.
    pub(super) async fn reject(&self, whose: (InstallationId, Right), refused: &Token) {
        self.tokens.drop_if(&whose, |token| token.serial == refused.serial).await;
    }

    async fn mint(
        &self,
        http: &Http,
        addresses: &Addresses,
        whose: (InstallationId, Right),
    ) -> Result<Arc<Token>, ForgeError> {
        let (installation, right) = whose;
        let url = addresses.rest(&["app", "installations", &installation.to_string(), "access_tokens"]);
        let known = self.scopes.get(&whose).await.unwrap_or(0);
        let mut refused = ForgeError::broken("mint_token", "no scope was tried");
        for (level, scope) in self.scopes_for(right).iter().enumerate().skip(known) {
            match self.mint_with(http, url.clone(), *scope).await {
                Ok(token) => {
                    self.scopes.insert(whose, level).await;
                    return Ok(Arc::new(token));
                }
                Err(error @ ForgeError::Refused { status: 422, .. }) => refused = error,
                Err(error) => return Err(error),
            }
        }
        Err(refused)
    }

    fn scopes_for(&self, right: Right) -> &'static [Option<&'static str>] {
        match (self.purpose, right) {
            (Purpose::Inspect, _) | (Purpose::Judge, Right::Guard) => TO_INSPECT,
            (Purpose::Judge, Right::Judge) => TO_JUDGE,
            (Purpose::Judge, Right::Act) => TO_ACT,
            (Purpose::Judge, Right::Tell) => TO_TELL,
            (Purpose::Judge, Right::End) => TO_END,
            (Purpose::Judge, Right::Deploy) => TO_DEPLOY,
        }
    }

    async fn mint_with(
        &self,
        http: &Http,
        url: Url,
        scope: Option<&'static str>,
    ) -> Result<Token, ForgeError> {
        const OPERATION: &str = "mint_token";
        let answer = http
            .send(Call {
                operation: OPERATION,
                payer: Payer::App,
                cost: Cost::UPDATE,
                // A token that was minted and lost harms nobody: it is used by no one and ends by itself.
                repeat: Repeat::Safe,
                method: Method::POST,
                url,
                token: &self.signature(http.now())?,
                body: scope.map(|scope| Bytes::from_static(scope.as_bytes())),
            })
            .await?;
        // The parser's own words may quote what it read, so they are left out.
        let minted: Minted = serde_json::from_slice(&answer.body)
            .map_err(|_| ForgeError::broken(OPERATION, "the answer is no token"))?;
        let expires_at = wire::moment(&minted.expires_at)
            .ok_or_else(|| ForgeError::broken(OPERATION, "`expires_at` is no moment"))?;
        let serial = self.serials.fetch_add(1, Ordering::Relaxed);
        Ok(Token { secret: SecretString::from(minted.token), expires_at, serial })
    }

    /// Signs as the App. GitHub wants the issue a minute back, for clocks differ, and at most ten minutes of life:
    /// <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app>
    pub(super) fn signature(&self, now: Millis) -> Result<SecretString, ForgeError> {
        let now = now.0.div_euclid(1_000);
        let claims = Claims { iat: now - 60, exp: now + 540, iss: self.app_id.to_string() };
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &self.key)
            .map(SecretString::from)
            .map_err(|_| ForgeError::broken("sign_as_app", "the private key does not sign"))
    }
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Auth").field("app_id", &self.app_id).finish_non_exhaustive()
    }
}
