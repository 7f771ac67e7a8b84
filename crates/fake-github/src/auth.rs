//! Who may call: the App by JWT, its installation by token.
//!
//! JWTs are checked as GitHub does (RS256, `iss`, `exp` at most ten minutes ahead, `iat` not in the future);
//! tokens carry permissions and repositories, live an hour, and have the long form of 2026.
//! <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app>

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// The seconds a token lives.
pub(crate) const TOKEN_LIFE: i64 = 3600;
/// The seconds a client's clock may be ahead.
const LEEWAY: i64 = 60;
/// The longest life of a JWT in seconds.
const LONGEST_JWT: i64 = 600;

/// The App's key pair.
pub(crate) struct AppKey {
    pub(crate) pem: String,
    public: Vec<u8>,
}

/// The key could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the App's key could not be generated")]
pub struct NoKey;

impl AppKey {
    /// One key per process: a stage starts in milliseconds, a key does not.
    pub(crate) fn of_this_process() -> Result<&'static Self, NoKey> {
        static KEY: OnceLock<Option<AppKey>> = OnceLock::new();
        KEY.get_or_init(Self::generate).as_ref().ok_or(NoKey)
    }

    fn generate() -> Option<Self> {
        let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
        let der: Pkcs8V1Der<'_> = pair.as_der().ok()?;
        let text = STANDARD.encode(der.as_ref());
        let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
        for line in text.as_bytes().chunks(64) {
            writeln!(pem, "{}", String::from_utf8_lossy(line)).ok()?;
        }
        pem.push_str("-----END PRIVATE KEY-----\n");
        Some(Self { pem, public: pair.public_key().as_ref().to_vec() })
    }

    /// Whether the JWT is the App's, at this wall time.
    pub(crate) fn verify(&self, jwt: &str, app: u64, now: i64) -> Result<(), &'static str> {
        let mut validation = Validation::new(Algorithm::RS256);
        // Times are judged below, by the forge's own clock.
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        let key = DecodingKey::from_rsa_der(&self.public);
        let claims = jsonwebtoken::decode::<Claims>(jwt, &key, &validation)
            .map_err(|_| "A JSON web token could not be decoded")?
            .claims;
        let issuer = claims.iss.as_str().map_or_else(|| claims.iss.to_string(), str::to_owned);
        if issuer != app.to_string() && issuer != client_id(app) {
            return Err("'Issuer' claim ('iss') must be an Integer");
        }
        if claims.iat > now + LEEWAY {
            return Err(
                "'Issued at' claim ('iat') must be an Integer representing the time that the assertion \
                        was issued",
            );
        }
        if claims.exp <= now {
            return Err(
                "'Expiration time' claim ('exp') must be a numeric value representing the future time at \
                        which the assertion expires",
            );
        }
        if claims.exp > now + LONGEST_JWT || claims.exp > claims.iat + LONGEST_JWT + LEEWAY {
            return Err("'Expiration time' claim ('exp') is too far in the future");
        }
        Ok(())
    }
}

/// The App's client id, which GitHub prefers as `iss`.
pub(crate) fn client_id(app: u64) -> String {
    format!("Iv23fake{app}")
}

#[derive(Deserialize)]
struct Claims {
    /// GitHub takes the App's id as number or text.
    iss: serde_json::Value,
    iat: i64,
    exp: i64,
}

/// An installation token.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) permissions: BTreeMap<String, String>,
    /// `None` for every repository of the installation.
    pub(crate) repositories: Option<Vec<u64>>,
    pub(crate) expires_at: i64,
}

impl Token {
    pub(crate) fn allows(&self, permission: &str, level: Level) -> bool {
        match self.permissions.get(permission).map(String::as_str) {
            Some("write" | "admin") => true,
            Some("read") => level == Level::Read,
            _ => permission == "metadata" && level == Level::Read,
        }
    }

    pub(crate) fn covers(&self, repo: u64) -> bool {
        self.repositories.as_ref().is_none_or(|listed| listed.contains(&repo))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Read,
    Write,
}

/// The text of the `number`th token: long, and not of one length.
pub(crate) fn token_text(app: u64, number: u64) -> String {
    let part = |salt: &str| hex::encode(Sha256::digest(format!("{salt} {app} {number}")));
    format!("ghs_{app}_{}.{}.{}{number}", part("header"), part("claims"), part("signature"))
}
