//! The keys that tokens are verified with. What each is for is read from the key, never from the token.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse},
};
use serde_json::Value;

/// Most keys of one set.
const MAX_KEYS: usize = 100;
/// Bits of an RSA modulus that the verification takes.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=8_192;

const RSA: &[Algorithm] = &[
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];

/// Why a key cannot be used. Shows nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// A secret without a byte.
    #[error("must not be empty")]
    Empty,
    /// A PEM text where a secret belongs: the public half of a pair is no secret.
    #[error("must not be a PEM text: a public key is no secret")]
    PemAsSecret,
    /// Not the PEM text of a public key.
    #[error("must be a public key in PEM: RSA of 2,048 to 8,192 bits, P-256, P-384 or Ed25519")]
    NotPublicPem,
    /// No set of keys.
    #[error("must be a set of keys: {{ keys: [...] }}")]
    NotASet,
    /// A set without a key that verifies signatures.
    #[error("has no key that verifies signatures")]
    NoUsableKey,
    /// More keys than anybody has.
    #[error("must have at most 100 keys")]
    TooMany,
}

/// A key, and what it is for.
#[derive(Clone, Debug)]
pub(super) struct Key {
    id: Option<String>,
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) decoding: DecodingKey,
}

/// A set of keys. Their material is in no `Debug` text: `jsonwebtoken` redacts it.
#[derive(Clone, Debug, Default)]
pub struct Keys(Vec<Key>);

/// Whether a text is PEM, of whatever kind.
pub fn is_pem(text: &[u8]) -> bool {
    const BEGIN: &[u8] = b"-----BEGIN ";
    text.windows(BEGIN.len()).any(|window| window == BEGIN)
}

impl Keys {
    /// A shared secret.
    ///
    /// # Errors
    /// [`BadKey`], also for a PEM text: whoever gave a public key as a secret would take tokens that anyone can sign.
    pub fn secret(secret: &[u8]) -> Result<Self, BadKey> {
        if secret.is_empty() {
            return Err(BadKey::Empty);
        }
        if is_pem(secret) {
            return Err(BadKey::PemAsSecret);
        }
        Ok(Self(vec![Key {
            id: None,
            algorithms: AlgorithmFamily::Hmac.algorithms().to_vec(),
            decoding: DecodingKey::from_secret(secret),
        }]))
    }

    /// A public key, or a certificate, in PEM.
    ///
    /// # Errors
    /// [`BadKey`].
    pub fn pem(text: &str) -> Result<Self, BadKey> {
        let text = text.trim().as_bytes();
        [DecodingKey::from_rsa_pem(text), DecodingKey::from_ec_pem(text), DecodingKey::from_ed_pem(text)]
            .into_iter()
            .flatten()
            .find_map(|decoding| Some(Key { id: None, algorithms: algorithms_of(&decoding)?, decoding }))
            .map(|key| Self(vec![key]))
            .ok_or(BadKey::NotPublicPem)
    }

    /// A set of keys as JSON Web Keys. Those that verify no signatures, or are of a kind that is not known, are passed over.
    ///
    /// # Errors
    /// [`BadKey`].
    pub fn set(set: &Value) -> Result<Self, BadKey> {
        let listed = set.get("keys").and_then(Value::as_array).ok_or(BadKey::NotASet)?;
        if listed.len() > MAX_KEYS {
            return Err(BadKey::TooMany);
        }
        let keys: Vec<Key> = listed.iter().filter_map(read_jwk).collect();
        if keys.is_empty() { Err(BadKey::NoUsableKey) } else { Ok(Self(keys)) }
    }

    /// A set of keys that anybody may have seen: no secret in it counts.
    ///
    /// # Errors
    /// [`BadKey`].
    pub fn public_set(set: &Value) -> Result<Self, BadKey> {
        let Self(mut keys) = Self::set(set)?;
        keys.retain(|key| key.decoding.family() != AlgorithmFamily::Hmac);
        if keys.is_empty() { Err(BadKey::NoUsableKey) } else { Ok(Self(keys)) }
    }

    /// Whether any key is for any of these algorithms.
    pub fn serve_any(&self, algorithms: &[Algorithm]) -> bool {
        self.0.iter().any(|key| key.algorithms.iter().any(|algorithm| algorithms.contains(algorithm)))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys that a token's `kid` may mean: those of that name, and those without one. One that names none means any.
    pub(super) fn named(&self, id: Option<&str>) -> impl Iterator<Item = &Key> {
        self.0.iter().filter(move |key| match (&key.id, id) {
            (Some(own), Some(wanted)) => own == wanted,
            (None, _) | (_, None) => true,
        })
    }
}

/// What a key is for, where it can be used at all.
fn algorithms_of(key: &DecodingKey) -> Option<Vec<Algorithm>> {
    // Reads the components back, so that what is no key of its family is found out here and not at the first token.
    let components = Jwk::from_decoding_key(key, None).ok()?;
    match &components.algorithm {
        AlgorithmParameters::RSA(rsa) => {
            RSA_BITS.contains(&bits(&URL_SAFE_NO_PAD.decode(&rsa.n).ok()?)).then(|| RSA.to_vec())
        }
        AlgorithmParameters::EllipticCurve(ec) => match ec.curve {
            EllipticCurve::P256 => Some(vec![Algorithm::ES256]),
            EllipticCurve::P384 => Some(vec![Algorithm::ES384]),
            _ => None,
        },
        AlgorithmParameters::OctetKeyPair(_) => Some(vec![Algorithm::EdDSA]),
        AlgorithmParameters::OctetKey(oct) => {
            (!oct.value.is_empty()).then(|| AlgorithmFamily::Hmac.algorithms().to_vec())
        }
        _ => None,
    }
}

/// The length of a big-endian number in bits.
fn bits(number: &[u8]) -> usize {
    let digits = number.iter().position(|&byte| byte != 0).map_or(&[][..], |first| &number[first..]);
    digits.first().map_or(0, |first| digits.len() * 8 - first.leading_zeros() as usize)
}

fn read_jwk(value: &Value) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(value.clone()).ok()?;
    let verifies = match (&jwk.common.public_key_use, &jwk.common.key_operations) {
        (Some(purpose), _) if *purpose != PublicKeyUse::Signature => false,
        (_, Some(operations)) => operations.contains(&KeyOperations::Verify),
        _ => true,
    };
    // A curve of the wrong type makes a key of the wrong length, which `algorithms_of` notices.
    let decoding = DecodingKey::from_jwk(&jwk).ok()?;
    let mut algorithms = algorithms_of(&decoding)?;
    if let Some(algorithm) = jwk.common.key_algorithm {
        let own = Algorithm::try_from(algorithm).ok()?;
        algorithms.retain(|other| *other == own);
    }
    (verifies && !algorithms.is_empty()).then_some(Key { id: jwk.common.key_id, algorithms, decoding })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::jwt::testing;

    #[test]
    fn what_a_key_is_for_is_read_from_the_key() {
        let kinds = [
            (testing::rsa(), RSA.to_vec()),
            (testing::ec256(), vec![Algorithm::ES256]),
            (testing::ec384(), vec![Algorithm::ES384]),
            (testing::ed(), vec![Algorithm::EdDSA]),
        ];
        for (pair, expected) in kinds {
            let Keys(from_pem) = Keys::pem(&pair.public_pem).unwrap();
            assert_eq!(from_pem[0].algorithms, expected);
            let Keys(from_jwk) = Keys::set(&json!({ "keys": [pair.jwk("a")] })).unwrap();
            assert_eq!((from_jwk[0].algorithms.clone(), from_jwk[0].id.as_deref()), (expected, Some("a")));
        }
    }

    #[test]
    fn what_is_no_key_is_refused_and_never_shown() {
        let rsa = testing::rsa();
        for text in
            ["", "secret", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", &rsa.private_pem]
        {
            assert_eq!(Keys::pem(text).unwrap_err(), BadKey::NotPublicPem, "{text}");
        }
        assert_eq!(Keys::secret(b"").unwrap_err(), BadKey::Empty);
        assert_eq!(Keys::secret(rsa.public_pem.as_bytes()).unwrap_err(), BadKey::PemAsSecret);
        let shown = format!("{:?}", Keys::secret(b"correct horse").unwrap());
        assert!(!shown.contains("correct") && shown.contains("redacted"), "{shown}");
    }

    #[test]
    fn of_a_set_only_what_verifies_signatures_counts() {
        let with = |field: &str, value: Value| {
            let mut key = testing::rsa().jwk("a");
            key[field] = value;
            Keys::set(&json!({ "keys": [key] })).map(|keys| keys.0[0].algorithms.clone())
        };
        assert_eq!(with("use", json!("enc")), Err(BadKey::NoUsableKey));
        assert_eq!(with("key_ops", json!(["encrypt"])), Err(BadKey::NoUsableKey));
        assert_eq!(with("alg", json!("RSA-OAEP")), Err(BadKey::NoUsableKey));
        assert_eq!(with("alg", json!("HS256")), Err(BadKey::NoUsableKey));
        assert_eq!(with("n", json!("AQAB")), Err(BadKey::NoUsableKey));
        assert_eq!(with("alg", json!("PS256")), Ok(vec![Algorithm::PS256]));
        let secret = json!({ "keys": [{ "kty": "oct", "k": "c2VjcmV0", "kid": "s" }] });
        assert!(Keys::set(&secret).is_ok());
        assert_eq!(Keys::public_set(&secret).unwrap_err(), BadKey::NoUsableKey);
        for nothing in [json!(null), json!([]), json!({ "keys": {} }), json!({ "keys": [1, "x", {}] })] {
            assert!(Keys::set(&nothing).is_err(), "{nothing}");
        }
    }

    #[test]
    fn bits_are_counted_without_leading_zeros() {
        assert_eq!((bits(&[]), bits(&[0, 0]), bits(&[0, 1, 0]), bits(&[0x80])), (0, 0, 9, 8));
    }
}
