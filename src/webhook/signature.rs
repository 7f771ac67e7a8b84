//! Proof that a payload comes from the forge. Nothing is parsed or stored before.
//!
//! [`Verified`] can be made here only, and everything behind the door asks for it
//! (invariant `nothing_unverified_is_stored`).
//! Scheme: <https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>.

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};

const PREFIX: &str = "sha256=";

/// Bytes whose signature matched a live secret.
#[derive(Debug, Clone)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    /// What was signed.
    #[must_use]
    pub fn get(&self) -> &T {
        &self.0
    }

    /// What was signed.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0
    }
}

/// Checks `X-Hub-Signature-256` over the raw bytes against every live secret.
///
/// Takes as long for a wrong signature as for a right one, whichever secret matches. An empty secret matches nothing:
/// it would let everybody in.
#[must_use]
pub fn verify<T: AsRef<[u8]>>(raw: T, signature: &str, secrets: &[SecretString]) -> Option<Verified<T>> {
    let mut claimed = [0_u8; 32];
    hex::decode_to_slice(signature.strip_prefix(PREFIX)?, &mut claimed).ok()?;
    let mut matched = Choice::from(0);
    for secret in secrets {
        let secret = secret.expose_secret().as_bytes();
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
        mac.update(raw.as_ref());
        let live = Choice::from(u8::from(!secret.is_empty()));
        matched |= live & mac.finalize().into_bytes().as_slice().ct_eq(claimed.as_slice());
    }
    bool::from(matched).then_some(Verified(raw))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(texts: &[&str]) -> Vec<SecretString> {
        texts.iter().map(|text| SecretString::from(*text)).collect()
    }

    /// The example of GitHub's documentation, made outside of this code.
    #[test]
    fn agrees_with_the_documented_example() {
        let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let secret = "It's a Secret to Everybody";
        let verify = |raw: &'static str, signature: &str, texts: &[&str]| {
            verify(raw.as_bytes(), signature, &secrets(texts)).is_some()
        };
        assert!(verify("Hello, World!", signature, &[secret]));
        assert!(verify("Hello, World!", signature, &["newer", secret]));
        assert!(verify("Hello, World!", signature, &[secret, "older"]));
        assert!(!verify("Hello, World?", signature, &[secret]));
        assert!(!verify("Hello, World!", signature, &["another"]));
        assert!(!verify("Hello, World!", signature, &[]));
    }

    #[test]
    fn malformed_signatures_and_empty_secrets_match_nothing() {
        let mac = Hmac::<Sha256>::new_from_slice(b"").unwrap().chain_update(b"x").finalize();
        let of_empty = format!("sha256={}", hex::encode(mac.into_bytes()));
        for signature in ["", "sha256=", "sha1=00", "sha256=zz", &of_empty, &of_empty[7..], &of_empty[..70]] {
            assert!(verify(b"x", signature, &secrets(&[""])).is_none(), "{signature}");
        }
    }
}
