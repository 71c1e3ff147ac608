//! How a program says which tokens it takes.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm, AlgorithmFamily};
use serde::Deserialize;
use serde_json::Value;

use super::keys::{BadKey, Keys};

/// Largest `leeway` in seconds: more is no difference between clocks.
const MAX_LEEWAY: f64 = 86_400.0;

/// Something that no text may show.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret<T>(pub T);

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[redacted]")
    }
}

/// Where the keys come from.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Source {
    /// A shared secret: its bytes in base64.
    Secret(Secret<String>),
    /// A public key in PEM, or what stands in its place.
    PublicKey(Secret<String>),
    /// A set of JSON Web Keys.
    Jwks(Secret<Value>),
    /// A set that the host fetches when it is wanted.
    JwksUri,
}

/// The settings as they come. Lists may be empty: then nothing is asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JwtSettings {
    /// Where the keys come from.
    pub key: Source,
    /// The algorithms that count; absent: all those that the keys are for.
    #[serde(default)]
    pub algorithms: Option<Vec<Algorithm>>,
    /// Acceptable issuers.
    #[serde(default)]
    pub issuer: Vec<String>,
    /// Acceptable audiences.
    #[serde(default)]
    pub audience: Vec<String>,
    /// Seconds by which clocks may differ.
    #[serde(default)]
    pub leeway: f64,
    /// Whether one without a token is refused; absent: yes.
    #[serde(default)]
    pub required: Option<bool>,
}

/// Why settings make no sense, and where: the name of the field comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSettings {
    /// The secret.
    #[error("secret: {0}")]
    Secret(BadKey),
    /// The public key.
    #[error("publicKey: {0}")]
    PublicKey(BadKey),
    /// The set of keys.
    #[error("jwks: {0}")]
    Jwks(BadKey),
    /// No token could ever be accepted.
    #[error("algorithms: the key is for none of them")]
    Algorithms,
    /// A leeway that is none.
    #[error("leeway: must be a number of seconds from 0 to 86400")]
    Leeway,
}

/// Settings that were checked: the keys are read.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "JwtSettings")]
pub struct JwtConfig {
    /// The keys; none yet where the host fetches them.
    pub keys: Keys,
    /// Whether the host fetches them.
    pub fetched: bool,
    /// The algorithms that count; `None`: all those that the keys are for.
    pub algorithms: Option<Vec<Algorithm>>,
    /// Acceptable issuers; empty: any.
    pub issuer: Vec<String>,
    /// Acceptable audiences; empty: any.
    pub audience: Vec<String>,
    /// Seconds by which clocks may differ.
    pub leeway: f64,
    /// Whether one without a token is refused.
    pub required: bool,
}

impl TryFrom<JwtSettings> for JwtConfig {
    type Error = BadSettings;

    fn try_from(settings: JwtSettings) -> Result<Self, BadSettings> {
        let JwtSettings { key, algorithms, issuer, audience, leeway, required } = settings;
        let fetched = matches!(key, Source::JwksUri);
        let keys = match key {
            // Text that is no base64 has no byte.
            Source::Secret(Secret(text)) => {
                Keys::secret(&STANDARD.decode(text).unwrap_or_default()).map_err(BadSettings::Secret)?
            }
            Source::PublicKey(Secret(text)) => Keys::pem(&text).map_err(BadSettings::PublicKey)?,
            Source::Jwks(Secret(set)) => Keys::set(&set).map_err(BadSettings::Jwks)?,
            Source::JwksUri => Keys::default(),
        };
        if let Some(wanted) = &algorithms {
            let served = if fetched {
                // Whoever can read a set that is fetched could sign with a secret in it.
                wanted.iter().any(|algorithm| algorithm.family() != AlgorithmFamily::Hmac)
            } else {
                keys.serve_any(wanted)
            };
            if !served {
                return Err(BadSettings::Algorithms);
            }
        }
        if !(0.0..=MAX_LEEWAY).contains(&leeway) {
            return Err(BadSettings::Leeway);
        }
        let required = required.unwrap_or(true);
        Ok(Self { keys, fetched, algorithms, issuer, audience, leeway, required })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::{config::Config, jwt::testing};

    fn read(settings: Value) -> Result<JwtConfig, String> {
        serde_json::from_value::<JwtSettings>(settings)
            .map_err(|error| error.to_string())
            .and_then(|settings| JwtConfig::try_from(settings).map_err(|error| error.to_string()))
    }

    #[test]
    fn what_makes_no_sense_is_said_by_the_name_of_its_field() {
        let rsa = testing::rsa();
        let secret = json!({ "secret": "c2VjcmV0" });
        let cases = [
            (json!({ "key": { "secret": "" } }), "secret: "),
            (json!({ "key": { "publicKey": "secret" } }), "publicKey: "),
            (json!({ "key": { "publicKey": rsa.private_pem } }), "publicKey: "),
            (json!({ "key": { "jwks": { "keys": [] } } }), "jwks: "),
            (
                json!({ "key": { "publicKey": rsa.public_pem }, "algorithms": ["HS256", "ES256"] }),
                "algorithms: ",
            ),
            (json!({ "key": secret, "algorithms": ["RS256"] }), "algorithms: "),
            (json!({ "key": secret, "algorithms": [] }), "algorithms: "),
            (json!({ "key": "jwksUri", "algorithms": ["HS256"] }), "algorithms: "),
            (json!({ "key": secret, "leeway": -1 }), "leeway: "),
        ];
        for (settings, expected) in cases {
            let message = read(settings.clone()).unwrap_err();
            assert!(message.starts_with(expected), "{settings}: {message}");
        }
        assert!(read(json!({ "key": "jwksUri" })).unwrap().fetched);
    }

    #[test]
    fn a_configuration_shows_no_key() {
        let set = json!({ "keys": [{ "kty": "oct", "k": "aG9yc2U" }] });
        for key in [json!({ "secret": "aG9yc2U=" }), json!({ "jwks": set })] {
            let settings = json!({ "key": key });
            let raw: JwtSettings = serde_json::from_value(settings.clone()).unwrap();
            let config: Config = serde_json::from_value(json!({ "jwt": settings })).unwrap();
            let shown = format!("{raw:?} {config:?}");
            for secret in ["aG9yc2U", "horse", "104, 111"] {
                assert!(!shown.contains(secret), "{shown}");
            }
        }
    }
}
