//! Secrets from files or the environment.

use std::path::Path;

use secrecy::SecretString;

use super::ConfigError;

/// The App's private key.
pub(super) fn private_key(file: Option<&Path>) -> Result<SecretString, ConfigError> {
    read("github.private_key", "PORTCULLIS_PRIVATE_KEY", file)?.ok_or(ConfigError::Missing {
        name: "github.private_key_file",
        help: "the App's settings page makes one; give `--private-key-file`, PORTCULLIS_PRIVATE_KEY_FILE, \
               `private_key_file` under `[github]`, or the key itself in PORTCULLIS_PRIVATE_KEY",
    })
}

/// The live webhook secrets, one a line: several while rotating.
pub(super) fn webhook_secrets(file: Option<&Path>) -> Result<Vec<SecretString>, ConfigError> {
    use secrecy::ExposeSecret as _;
    let text = read("github.webhook_secret", "PORTCULLIS_WEBHOOK_SECRET", file)?;
    let lines = text.iter().flat_map(|text| text.expose_secret().lines());
    let secrets: Vec<SecretString> =
        lines.map(str::trim).filter(|line| !line.is_empty()).map(SecretString::from).collect();
    if secrets.is_empty() {
        return Err(ConfigError::Missing {
            name: "github.webhook_secret_file",
            help: "the App's settings page sets it; give `--webhook-secret-file`, PORTCULLIS_WEBHOOK_SECRET_FILE, \
                   `webhook_secret_file` under `[github]`, or the secrets themselves in PORTCULLIS_WEBHOOK_SECRET",
        });
    }
    if secrets.iter().any(|secret| secret.expose_secret().len() < SHORTEST) {
        return Err(ConfigError::Bad {
            name: "github.webhook_secret",
            value: "…".to_owned(),
            expected: "secret of at least 16 characters (`openssl rand -hex 32` makes one)",
        });
    }
    Ok(secrets)
}

/// The key that letters to the operator are signed with.
pub(super) fn incident_secret(file: Option<&Path>) -> Result<SecretString, ConfigError> {
    use secrecy::ExposeSecret as _;
    let name = "incidents.webhook_secret";
    let text = read(name, "PORTCULLIS_INCIDENT_WEBHOOK_SECRET", file)?.ok_or(ConfigError::Missing {
        name: "incidents.webhook_secret_file",
        help: "whoever receives the letters checks them with it; give `--incident-webhook-secret-file`, \
               PORTCULLIS_INCIDENT_WEBHOOK_SECRET_FILE, `webhook_secret_file` under `[incidents]`, or the key itself \
               in PORTCULLIS_INCIDENT_WEBHOOK_SECRET",
    })?;
    let secret = SecretString::from(text.expose_secret().trim());
    if secret.expose_secret().len() < SHORTEST {
        let expected = "secret of at least 16 characters (`openssl rand -hex 32` makes one)";
        return Err(ConfigError::Bad { name, value: "…".to_owned(), expected });
    }
    Ok(secret)
}

/// A secret that can be guessed lets anybody forge deliveries.
const SHORTEST: usize = 16;

fn read(
    name: &'static str,
    variable: &str,
    file: Option<&Path>,
) -> Result<Option<SecretString>, ConfigError> {
    let Some(path) = file else {
        return Ok(std::env::var(variable)
            .ok()
            .filter(|text| !text.trim().is_empty())
            .map(SecretString::from));
    };
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(SecretString::from(text))),
        Err(error) => {
            Err(ConfigError::Secret { name, path: path.display().to_string(), why: error.to_string() })
        }
    }
}
