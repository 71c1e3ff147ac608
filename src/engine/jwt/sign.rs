//! Signing tokens, for programs that issue their own.

use jsonwebtoken::{Algorithm, AlgorithmFamily, EncodingKey, Header, encode};
use serde_json::{Map, Number, Value};

use super::{keys::is_pem, verify::is_time};

/// Why a token cannot be signed. Shows nothing of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// No `sub`.
    #[error("claims.sub: must be a non-empty string")]
    Sub,
    /// A time that is no number.
    #[error("claims.{0}: must be a number of Unix seconds")]
    Time(&'static str),
    /// It would end at a time that no verifier takes.
    #[error("expiresIn: must lead to a time from 1970 on that a Date can hold")]
    Lifetime,
    /// The key does not sign.
    #[error(
        "key: must be a non-empty secret, or a private key in PEM: RSA of 2,048 bits or more, or in PKCS #8 P-256, P-384 or Ed25519"
    )]
    Key,
    /// The key is of another kind.
    #[error("algorithm: the key is not for it")]
    Algorithm,
}

/// Signs claims at `now`, Unix seconds. `iat` is set where the claims have none; `exp`, to `lifetime` seconds from now, likewise.
///
/// # Errors
/// [`SignError`].
pub fn sign(
    mut claims: Map<String, Value>,
    key: &[u8],
    algorithm: Option<Algorithm>,
    lifetime: f64,
    key_id: Option<String>,
    now: f64,
) -> Result<String, SignError> {
    if claims.get("sub").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(SignError::Sub);
    }
    let now = now.floor();
    for (name, seconds) in [("iat", now), ("exp", now + lifetime)] {
        let number = match claims.get(name) {
            None if !is_time(seconds) => return Err(SignError::Lifetime),
            None => whole(seconds).ok_or(SignError::Time(name))?,
            Some(Value::Number(number)) if number.as_f64().is_some_and(is_time) => continue,
            Some(_) => return Err(SignError::Time(name)),
        };
        claims.insert(name.to_owned(), Value::Number(number));
    }
    let (key, default) = read_key(key).ok_or(SignError::Key)?;
    let algorithm = algorithm.unwrap_or(default);
    if key.family() != algorithm.family() {
        return Err(SignError::Algorithm);
    }
    let header = Header { kid: key_id, ..Header::new(algorithm) };
    // A key of the right family that is of another curve, or that is none.
    encode(&header, &claims, &key)
        .map_err(|_| if algorithm == default { SignError::Key } else { SignError::Algorithm })
}

/// Seconds as JSON has them: an integer where they are one.
fn whole(seconds: f64) -> Option<Number> {
    let integer = seconds as i64;
    if integer as f64 == seconds { Some(integer.into()) } else { Number::from_f64(seconds) }
}

/// A key, and the algorithm that is meant where none is named.
fn read_key(key: &[u8]) -> Option<(EncodingKey, Algorithm)> {
    if !is_pem(key) {
        return (!key.is_empty()).then(|| (EncodingKey::from_secret(key), Algorithm::HS256));
    }
    // A PEM text is never a secret: with a public key as one, anybody could sign.
    let key = key.trim_ascii();
    if let Ok(key) = EncodingKey::from_ec_pem(key) {
        let signs = |algorithm| encode(&Header::new(algorithm), &Map::new(), &key).is_ok();
        let curve = if signs(Algorithm::ES256) { Algorithm::ES256 } else { Algorithm::ES384 };
        return Some((key, curve));
    }
    if let Ok(key) = EncodingKey::from_ed_pem(key) {
        return Some((key, Algorithm::EdDSA));
    }
    EncodingKey::from_rsa_pem(key)
        .ok()
        .filter(|key| key.family() == AlgorithmFamily::Rsa)
        .map(|key| (key, Algorithm::RS256))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::jwt::{Keys, Policy, testing, verify};

    fn claims(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn what_is_signed_is_accepted_by_the_other_half_whatever_the_algorithm() {
        let (rsa, ec256, ec384, ed) = (testing::rsa(), testing::ec256(), testing::ec384(), testing::ed());
        let secret = (b"secret".to_vec(), Keys::secret(b"secret").unwrap());
        let pair = |pair: &testing::Pair| {
            (pair.private_pem.clone().into_bytes(), Keys::pem(&pair.public_pem).unwrap())
        };
        let kinds = [
            (secret, "HS256 HS384 HS512"),
            (pair(rsa), "RS256 RS384 RS512 PS256 PS384 PS512"),
            (pair(ec256), "ES256"),
            (pair(ec384), "ES384"),
            (pair(ed), "EdDSA"),
        ];
        let policy = Policy { sub_length: 256, ..Policy::default() };
        for ((private, keys), names) in kinds {
            for name in names.split(' ') {
                let algorithm: Algorithm = name.parse().unwrap();
                for algorithm in [Some(algorithm), None] {
                    let token =
                        sign(claims(json!({ "sub": "ada" })), &private, algorithm, 60.0, None, 1_000.5)
                            .unwrap();
                    let verified = verify(&token, &keys, &policy, 1_001.0).unwrap();
                    assert_eq!((verified.sub.as_str(), verified.exp), ("ada", 1_060.0));
                    assert_eq!(verified.text, r#"{"exp":1060,"iat":1000,"sub":"ada"}"#);
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_signed() {
        let sign = |value: Value, key: &[u8], algorithm: Option<Algorithm>| {
            sign(claims(value), key, algorithm, 60.0, None, 0.0).map(|_| ())
        };
        let rsa = testing::rsa();
        let sub = || json!({ "sub": "ada" });
        assert_eq!(sign(json!({}), b"k", None), Err(SignError::Sub));
        assert_eq!(sign(json!({ "sub": "" }), b"k", None), Err(SignError::Sub));
        assert_eq!(sign(json!({ "sub": "a", "exp": "soon" }), b"k", None), Err(SignError::Time("exp")));
        assert_eq!(sign(sub(), b"", None), Err(SignError::Key));
        assert_eq!(sign(sub(), rsa.public_pem.as_bytes(), None), Err(SignError::Key));
        assert_eq!(sign(sub(), rsa.public_pem.as_bytes(), Some(Algorithm::HS256)), Err(SignError::Algorithm));
        assert_eq!(sign(sub(), b"k", Some(Algorithm::RS256)), Err(SignError::Algorithm));
        let ec = testing::ec256();
        assert_eq!(sign(sub(), ec.private_pem.as_bytes(), Some(Algorithm::ES384)), Err(SignError::Algorithm));
    }
}
