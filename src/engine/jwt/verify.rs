//! What makes a token acceptable.
//!
//! The cryptography is `jsonwebtoken`'s; header and claims are read here, since that crate leaves `crit` and `iat` to its users
//! and reads times more kindly than a server that closes connections by them may.

use std::{borrow::Cow, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, crypto};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{MAX_TOKEN, TokenError, keys::Keys};

/// Most keys that are tried for one token: those that share its `kid`, or all where it names none.
const MAX_TRIED: usize = 8;
/// Seconds that the clock of an issuer may be ahead, beside `leeway`, before its `iat` is called the future.
const IAT_ALLOWANCE: f64 = 60.0;
/// The last second that a JavaScript `Date` can hold. What is later is no time that anyone means.
const LAST_SECOND: f64 = 8_640_000_000_000.0;

/// What is asked of every token beside its signature.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// The algorithms that count; `None`: all those that the keys are for.
    pub algorithms: Option<Vec<Algorithm>>,
    /// Acceptable issuers; empty: any, or none.
    pub issuers: Vec<String>,
    /// Acceptable audiences, of which a token names at least one; empty: any, or none.
    pub audiences: Vec<String>,
    /// Seconds by which clocks may differ.
    pub leeway: f64,
    /// Most bytes of a `sub`.
    pub sub_length: u64,
}

/// What an acceptable token says.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims {
    /// The user.
    pub sub: String,
    /// When its time is over, in Unix seconds, without leeway.
    pub exp: f64,
    /// All claims, as the JSON text that was signed.
    pub text: String,
}

/// A token's header. Of what is not here nothing counts; a name that comes twice makes it malformed.
#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    alg: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    kid: Option<Cow<'a, str>>,
    /// What only whoever understands these may accept. Nothing here does.
    #[serde(default, deserialize_with = "present")]
    crit: bool,
    /// Keys that a token brings for itself.
    #[serde(default, deserialize_with = "present")]
    jwk: bool,
    #[serde(default, deserialize_with = "present")]
    jku: bool,
    #[serde(default, deserialize_with = "present")]
    x5u: bool,
}

/// The claims that mean something here.
#[derive(Deserialize)]
struct Registered {
    #[serde(default, deserialize_with = "given")]
    sub: Option<Value>,
    #[serde(default, deserialize_with = "given")]
    exp: Option<Value>,
    #[serde(default, deserialize_with = "given")]
    nbf: Option<Value>,
    #[serde(default, deserialize_with = "given")]
    iat: Option<Value>,
    #[serde(default, deserialize_with = "given")]
    iss: Option<Value>,
    #[serde(default, deserialize_with = "given")]
    aud: Option<Value>,
}

/// Whether a field is there, whatever it is.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    serde::de::IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// A field that is there, `null` included.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Verifies a token at `now`, Unix seconds.
///
/// The signature is judged before the claims, and the claims before their time: what is [`TokenError::Expired`] was good once.
/// An unknown key is told only of a token that this policy could accept, so that a made-up one causes nothing.
///
/// # Errors
/// [`TokenError`].
pub fn verify(token: &str, keys: &Keys, policy: &Policy, now: f64) -> Result<Claims, TokenError> {
    let parts = Parts::split(token)?;
    let header = decode(parts.header)?;
    let header: Header<'_> = read(&header)?;
    if header.crit || header.jwk || header.jku || header.x5u {
        return Err(TokenError::Header);
    }
    let algorithm =
        header.alg.and_then(|name| Algorithm::from_str(&name).ok()).ok_or(TokenError::Algorithm)?;
    if policy.algorithms.as_ref().is_some_and(|allowed| !allowed.contains(&algorithm)) {
        return Err(TokenError::Algorithm);
    }
    let text = decode(parts.claims)?;
    let claims: Registered = read(&text)?;
    policy.judge_issuer(claims.iss.as_ref())?;
    judge_signature(&parts, algorithm, header.kid.as_deref(), keys)?;
    policy.judge_audience(claims.aud.as_ref())?;
    let sub = policy.judge_sub(claims.sub)?;
    let exp = policy.judge_times(claims.exp.as_ref(), claims.nbf.as_ref(), claims.iat.as_ref(), now)?;
    Ok(Claims { sub, exp, text })
}

/// The three parts of a token, still encoded.
struct Parts<'a> {
    signed: &'a str,
    header: &'a str,
    claims: &'a str,
    signature: &'a str,
}

impl<'a> Parts<'a> {
    fn split(token: &'a str) -> Result<Self, TokenError> {
        if token.len() > MAX_TOKEN {
            return Err(TokenError::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        if claims.contains('.') {
            return Err(TokenError::Malformed);
        }
        Ok(Self { signed, header, claims, signature })
    }
}

fn decode(part: &str) -> Result<String, TokenError> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed)?;
    String::from_utf8(bytes).map_err(|_| TokenError::Malformed)
}

/// Reads an object: serde would take a list for one as well.
fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, TokenError> {
    if !text.trim_ascii_start().starts_with('{') {
        return Err(TokenError::Malformed);
    }
    serde_json::from_str(text).map_err(|_| TokenError::Malformed)
}

fn judge_signature(
    parts: &Parts<'_>,
    algorithm: Algorithm,
    kid: Option<&str>,
    keys: &Keys,
) -> Result<(), TokenError> {
    if keys.named(kid).next().is_none() {
        return Err(TokenError::UnknownKey);
    }
    let mut tried = false;
    for key in keys.named(kid).filter(|key| key.algorithms.contains(&algorithm)).take(MAX_TRIED) {
        tried = true;
        if crypto::verify(parts.signature, parts.signed.as_bytes(), &key.decoding, algorithm).unwrap_or(false)
        {
            return Ok(());
        }
    }
    Err(if tried { TokenError::Signature } else { TokenError::Algorithm })
}

impl Policy {
    fn judge_issuer(&self, issuer: Option<&Value>) -> Result<(), TokenError> {
        let known = |name: &str| self.issuers.iter().any(|known| known == name);
        let accepted = self.issuers.is_empty() || issuer.and_then(Value::as_str).is_some_and(known);
        if accepted { Ok(()) } else { Err(TokenError::Claim("iss")) }
    }

    fn judge_audience(&self, audience: Option<&Value>) -> Result<(), TokenError> {
        let ours = |value: &Value| {
            value.as_str().is_some_and(|name| self.audiences.iter().any(|known| known == name))
        };
        let accepted = self.audiences.is_empty()
            || match audience {
                Some(Value::Array(list)) => list.iter().any(ours),
                Some(one) => ours(one),
                None => false,
            };
        if accepted { Ok(()) } else { Err(TokenError::Claim("aud")) }
    }

    fn judge_sub(&self, sub: Option<Value>) -> Result<String, TokenError> {
        match sub {
            Some(Value::String(sub)) if !sub.is_empty() && sub.len() as u64 <= self.sub_length => Ok(sub),
            _ => Err(TokenError::Claim("sub")),
        }
    }

    /// Judges the times, the end last.
    fn judge_times(
        &self,
        exp: Option<&Value>,
        nbf: Option<&Value>,
        iat: Option<&Value>,
        now: f64,
    ) -> Result<f64, TokenError> {
        let exp = time(exp).ok_or(TokenError::Claim("exp"))?;
        let at_most = |value: Option<&Value>, latest: f64, name: &'static str| match value {
            None => Ok(()),
            Some(value) if time(Some(value)).is_some_and(|time| time <= latest) => Ok(()),
            Some(_) => Err(TokenError::Claim(name)),
        };
        at_most(nbf, now + self.leeway, "nbf")?;
        at_most(iat, now + self.leeway + IAT_ALLOWANCE, "iat")?;
        if now < exp + self.leeway { Ok(exp) } else { Err(TokenError::Expired) }
    }
}

/// A time in Unix seconds that someone can mean.
fn time(value: Option<&Value>) -> Option<f64> {
    value.and_then(Value::as_f64).filter(|seconds| is_time(*seconds))
}

/// Whether so many Unix seconds are a time that someone can mean.
pub(super) fn is_time(seconds: f64) -> bool {
    (0.0..=LAST_SECOND).contains(&seconds)
}

#[cfg(test)]
mod tests;
