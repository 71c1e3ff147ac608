//! Tokens: keys for the engine, and signing and verifying for programs.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jsonwebtoken::Algorithm;
use napi::{Error, Result, Status};
use napi_derive::napi;

use super::{dialogue::NativeDialogue, values};
use crate::engine::{
    jwt::{self, JwtConfig, JwtSettings, Policy},
    payload::to_json,
};

#[napi]
impl NativeDialogue {
    /// What a client's token says, as JSON `{ renewals, claims }`; `null` where it was renewed as often as the caller knows.
    #[napi(catch_unwind)]
    pub fn client_claims(&self, id: String, renewals: u32) -> Option<String> {
        let (current, claims) = values::client(self.core(), &id)?.claims()?;
        (current != renewals).then(|| format!(r#"{{"renewals":{current},"claims":{claims}}}"#))
    }

    /// The set of keys was fetched; `null`: that failed. What is wrong with it, or `null`.
    #[napi(catch_unwind)]
    pub fn set_jwks(&self, set_json: Option<String>) -> Option<String> {
        let guard = self.core().jwt.as_ref()?;
        // Text that is no JSON is no set either; `null` is none.
        let set = set_json.map(|text| serde_json::from_str(&text).unwrap_or_default());
        guard.fetched(set.as_ref()).err().map(|error| error.to_string())
    }
}

/// What is wrong with settings for tokens, beginning with the field; `null`: nothing.
#[napi(catch_unwind)]
pub fn jwt_check(settings_json: String) -> Result<Option<String>> {
    Ok(JwtConfig::try_from(settings(&settings_json)?).err().map(|error| error.to_string()))
}

/// Signs claims: JSON `{ token }`, or `{ invalid }`, which begins with the field. `key`: base64 of a secret or of PEM text.
/// `lifetime`: seconds.
#[napi(catch_unwind)]
pub fn jwt_sign(
    claims_json: String,
    key: String,
    algorithm: Option<String>,
    lifetime: f64,
    key_id: Option<String>,
) -> Result<String> {
    let Ok(claims) = serde_json::from_str(&claims_json) else {
        // It is JSON that the face wrote: what JavaScript can say and a token cannot.
        let wrong = "claims: must not hold half a character (a lone surrogate), nor be nested too deeply";
        return Ok(format!(r#"{{"invalid":{}}}"#, to_json(wrong)));
    };
    let key = STANDARD.decode(key).unwrap_or_default();
    let algorithm: Option<Algorithm> = algorithm.and_then(|name| name.parse().ok());
    let signed = jwt::sign(claims, &key, algorithm, lifetime, key_id, jwt::system_clock()());
    Ok(match signed {
        Ok(token) => format!(r#"{{"token":{}}}"#, to_json(&token)),
        Err(error) => format!(r#"{{"invalid":{}}}"#, to_json(&error.to_string())),
    })
}

/// Verifies a token: JSON `{ claims }`, `{ error }` for what is wrong with it, or `{ invalid }` for what is wrong with the settings.
#[napi(catch_unwind)]
pub fn jwt_verify(token: String, settings_json: String) -> Result<String> {
    let config = match JwtConfig::try_from(settings(&settings_json)?) {
        Ok(config) => config,
        Err(error) => return Ok(format!(r#"{{"invalid":{}}}"#, to_json(&error.to_string()))),
    };
    let policy = Policy {
        algorithms: config.algorithms,
        issuers: config.issuer,
        audiences: config.audience,
        leeway: config.leeway,
        // Only what becomes a user id has a limit of its own.
        sub_length: u64::MAX,
    };
    Ok(match jwt::verify(&token, &config.keys, &policy, jwt::system_clock()()) {
        Ok(claims) => format!(r#"{{"claims":{}}}"#, claims.text),
        Err(error) => format!(r#"{{"error":{}}}"#, to_json(&error.to_string())),
    })
}

/// Settings as the face sends them. An error shows no value: it is about their shape, which the face has made.
fn settings(json: &str) -> Result<JwtSettings> {
    serde_json::from_str(json).map_err(|_| Error::new(Status::InvalidArg, "jwt: not of the engine's shape"))
}
