//! The operator's own webhook: where news of incidents goes, signed.
//!
//! The only door to a place that is neither the forge nor the database. What is sent is made elsewhere; here it is
//! signed and posted once. The signature is HMAC-SHA256 of the raw body, written as the forge writes its own:
//! <https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>.

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

/// The receiver does little more than write it down.
const CONNECT: Duration = Duration::from_secs(5);
const TOTAL: Duration = Duration::from_secs(10);

/// Where the webhook is and what it is signed with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `https`, or `http` to this machine.
    pub url: String,
    /// The key of the signature.
    pub secret: SecretString,
}

/// Why a letter did not come through.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// The address cannot be used.
    #[error("`{url}` must be an `https` address (plain `http` for loopback only): {why}")]
    Address {
        /// What was given, without user, password and query.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The HTTP client could not be built.
    #[error("the HTTP client could not be built: {0}")]
    Client(String),
    /// The receiver answered something else than 2xx.
    #[error("the operator's webhook answered {0}")]
    Answered(u16),
    /// No answer came.
    #[error("the operator's webhook did not answer: {0}")]
    Silent(&'static str),
}

/// The webhook. Sends nothing by itself.
#[derive(Debug, Clone)]
pub struct Operator {
    client: reqwest::Client,
    url: reqwest::Url,
    secret: SecretString,
}

impl Operator {
    /// Checks the address. Sends nothing yet.
    ///
    /// # Errors
    /// [`OperatorError::Address`] when it may not be sent to.
    pub fn new(settings: &Settings) -> Result<Self, OperatorError> {
        let url = address(&settings.url)?;
        let client = reqwest::Client::builder()
            .user_agent(concat!("portcullis/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .timeout(TOTAL)
            // Whoever it was signed for is at this address and nowhere else.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| OperatorError::Client(error.to_string()))?;
        Ok(Self { client, url, secret: settings.secret.clone() })
    }

    /// Posts a letter, once. `id` is the same at every try, so that the receiver knows a letter that it has already.
    ///
    /// # Errors
    /// [`OperatorError`] when it may not have come through: send it again, with the same id.
    pub async fn post(&self, id: &str, body: String) -> Result<(), OperatorError> {
        let request = self
            .client
            .post(self.url.clone())
            .header("content-type", "application/json")
            .header("x-portcullis-delivery", id)
            .header("x-portcullis-event", "incident")
            .header("x-portcullis-signature-256", self.signature(body.as_bytes())?)
            .body(body);
        let answer = request.send().await.map_err(|error| OperatorError::Silent(kind(&error)))?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status => Err(OperatorError::Answered(status.as_u16())),
        }
    }

    fn signature(&self, body: &[u8]) -> Result<String, OperatorError> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.expose_secret().as_bytes())
            .map_err(|_| OperatorError::Silent("the secret signs nothing"))?;
        mac.update(body);
        Ok(format!("sha256={}", hex::encode(mac.finalize().into_bytes())))
    }
}

/// The client's own words may hold the address, in whose query some keep a token.
fn kind(error: &reqwest::Error) -> &'static str {
    match error {
        error if error.is_timeout() => "it took too long",
        error if error.is_connect() => "no connection",
        _ => "the connection broke",
    }
}

fn address(text: &str) -> Result<reqwest::Url, OperatorError> {
    let wrong = |url: &str, why| OperatorError::Address { url: url.to_owned(), why };
    let url = reqwest::Url::parse(text).map_err(|_| wrong("…", "it is no address"))?;
    let shown = format!("{}://{}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path());
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong(&shown, "it carries a user name or password"));
    }
    let host = url.host_str().unwrap_or_default();
    let loopback = matches!(host, "localhost" | "[::1]") || host.starts_with("127.");
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback => Ok(url),
        _ => Err(wrong(&shown, "it would be read on the way")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operator(url: &str) -> Result<Operator, OperatorError> {
        Operator::new(&Settings { url: url.to_owned(), secret: SecretString::from("a-secret-of-the-tests") })
    }

    #[test]
    fn a_letter_never_goes_over_a_network_in_the_clear() {
        for url in
            ["http://ops.example/hook", "https://user:pass@ops.example", "ftp://ops.example", "nonsense"]
        {
            let error = operator(url).unwrap_err().to_string();
            assert!(!error.contains("pass"), "{error}");
        }
        assert!(operator("https://ops.example/hook?token=t").is_ok());
        assert!(operator("http://127.0.0.1:9/hook").is_ok());
    }

    #[test]
    fn the_signature_is_the_forges_own_scheme() {
        // The example of GitHub's page on validating deliveries.
        let settings = Settings {
            url: "https://ops.example".to_owned(),
            secret: SecretString::from("It's a Secret to Everybody"),
        };
        let signature = Operator::new(&settings).unwrap().signature(b"Hello, World!").unwrap();
        assert_eq!(signature, "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
    }

    #[test]
    fn neither_the_secret_nor_a_token_in_the_address_is_shown() {
        let shown = format!("{:?}", operator("https://ops.example/hook").unwrap());
        assert!(!shown.contains("a-secret-of-the-tests"), "{shown}");
    }
}
