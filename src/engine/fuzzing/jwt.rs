//! Tokens and keys. Nobody makes a token without the key; what is accepted says what it says, and is the one that was signed.

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, AlgorithmFamily, EncodingKey, crypto};
use serde_json::{Map, Value, json};

use super::wire;
use crate::engine::jwt::{Claims, Keys, Policy, TokenError, sign, verify};

/// When all tokens are judged, in Unix seconds.
const NOW: f64 = 1_000_000.0;
const SECRET: &[u8] = b"the secret of the fuzz target, which is none";
/// A public key whose other half was thrown away.
const PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEjOcowm/pJ6Yp5IlvhykhEMZFLGNw
zt7W1/7y3pQDA+YKRNN7rbpqgcxaWNKW0LkdG7BZTw0aB/7S54CyvqkylA==
-----END PUBLIC KEY-----";

static SHARED: LazyLock<Keys> = LazyLock::new(|| Keys::secret(SECRET).expect("a secret"));
static PUBLIC: LazyLock<Keys> = LazyLock::new(|| Keys::pem(PUBLIC_KEY).expect("a public key"));
static SET: LazyLock<Keys> = LazyLock::new(|| {
    let key = URL_SAFE_NO_PAD.encode(SECRET);
    let other = json!({ "kty": "oct", "kid": "other", "k": "b3RoZXI" });
    let own = json!({ "kty": "oct", "kid": "own", "alg": "HS256", "k": key });
    Keys::set(&json!({ "keys": [other, own] })).expect("a set")
});
static POLICIES: LazyLock<[Policy; 2]> = LazyLock::new(|| {
    let strict = Policy {
        algorithms: Some(vec![Algorithm::HS256]),
        issuers: vec!["https://issuer.example".to_owned()],
        audiences: vec!["chat".to_owned()],
        leeway: 5.0,
        sub_length: 8,
    };
    [Policy { sub_length: 256, ..Policy::default() }, strict]
});

/// By its first byte: `k`, a key; `s`, a header, a line's end, and claims, to be signed; `c`, claims that a program signs;
/// anything else is a token, with this byte.
pub fn jwt(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match text.as_bytes().first() {
        Some(b'k') => key(&text[1..]),
        Some(b's') => signed(&text[1..]),
        Some(b'c') => program(&text[1..]),
        _ => token(text),
    }
}

/// What may be no key of any kind; and a set that anybody may have seen brings no secret.
fn key(text: &str) {
    let _ = (Keys::pem(text), Keys::secret(text.as_bytes()));
    let Ok(set) = serde_json::from_str(text) else { return };
    let all = Keys::set(&set);
    if let Ok(keys) = Keys::public_set(&set) {
        assert!(!keys.serve_any(AlgorithmFamily::Hmac.algorithms()));
        assert!(all.is_ok_and(|all| !all.is_empty()) && !keys.is_empty());
    }
}

/// A token as it comes.
fn token(text: &str) {
    for policy in &*POLICIES {
        for keys in [&*SHARED, &*SET] {
            if let Ok(claims) = verify(text, keys, policy, NOW) {
                check_accepted(text, &claims, policy);
            }
        }
        assert!(verify(text, &PUBLIC, policy, NOW).is_err(), "nobody can have signed it");
    }
}

/// A token of any header and any claims, well signed.
fn signed(text: &str) {
    let (header, claims) = text.split_once('\n').unwrap_or((r#"{"alg":"HS256"}"#, text));
    let header = URL_SAFE_NO_PAD.encode(header);
    let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims));
    for algorithm in [Algorithm::HS256, Algorithm::HS512] {
        let with_public = signature(&message, PUBLIC_KEY.as_bytes(), algorithm);
        token(&format!("{message}.{with_public}"));
        let token = format!("{message}.{}", signature(&message, SECRET, algorithm));
        for policy in &*POLICIES {
            if let Ok(read) = verify(&token, &SHARED, policy, NOW) {
                assert_eq!(read.text, claims);
                check_accepted(&token, &read, policy);
                check_changed(&token, text.len());
            }
            assert!(verify(&token, &PUBLIC, policy, NOW).is_err(), "a public key is no secret");
        }
    }
}

/// What a program signs is well signed, whatever it says.
fn program(text: &str) {
    let Ok(claims) = serde_json::from_str::<Map<String, Value>>(text) else { return };
    let Ok(token) = sign(claims, SECRET, None, 60.0, None, NOW) else { return };
    match verify(&token, &SHARED, &POLICIES[0], NOW) {
        Ok(read) => check_accepted(&token, &read, &POLICIES[0]),
        // Longer than tokens are, or deeper than JSON is read.
        Err(TokenError::Malformed) => assert!(token.len() > 1_000),
        Err(error) => assert!(matches!(error, TokenError::Claim(_) | TokenError::Expired), "{error}"),
    }
}

fn signature(message: &str, secret: &[u8], algorithm: Algorithm) -> String {
    crypto::sign(message.as_bytes(), &EncodingKey::from_secret(secret), algorithm).expect("a signature")
}

/// An accepted token was made with the key, and its claims are what they have to be.
fn check_accepted(token: &str, claims: &Claims, policy: &Policy) {
    let parts: Vec<&str> = token.split('.').collect();
    let decode = |part: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("text");
    let (header, read) = (wire::json(&decode(parts[0])), wire::json(&claims.text));
    if header.is_null() || read.is_null() {
        return;
    }
    let algorithm: Algorithm = header["alg"].as_str().expect("alg").parse().expect("an algorithm");
    assert!(policy.algorithms.as_ref().is_none_or(|allowed| allowed.contains(&algorithm)));
    assert!(["crit", "jwk", "jku", "x5u"].iter().all(|name| header.get(name).is_none()));
    assert_eq!(parts[2], signature(&format!("{}.{}", parts[0], parts[1]), SECRET, algorithm));

    assert_eq!(claims.text, decode(parts[1]));
    let time = |name: &str| read.get(name).map(|value| value.as_f64().expect("a time"));
    assert_eq!((read["sub"].as_str(), time("exp")), (Some(claims.sub.as_str()), Some(claims.exp)));
    assert!((1..=policy.sub_length).contains(&(claims.sub.len() as u64)));
    assert!(claims.exp + policy.leeway > NOW);
    assert!(time("nbf").is_none_or(|time| time <= NOW + policy.leeway));
    assert!(time("iat").is_none_or(|time| time <= NOW + policy.leeway + 60.0));
    let is_ours = |value: &Value, known: &[String]| known.iter().any(|known| value == known.as_str());
    assert!(policy.issuers.is_empty() || is_ours(&read["iss"], &policy.issuers));
    let audiences = read["aud"].as_array().cloned().unwrap_or_else(|| vec![read["aud"].clone()]);
    assert!(policy.audiences.is_empty() || audiences.iter().any(|one| is_ours(one, &policy.audiences)));
}

/// A good token with one letter changed is none.
fn check_changed(token: &str, seed: usize) {
    let at = seed.wrapping_mul(31) % token.len();
    for letter in ["A", "B", "-", "=", ".", ""] {
        let changed = format!("{}{letter}{}", &token[..at], &token[at + 1..]);
        assert!(changed == token || verify(&changed, &SHARED, &POLICIES[0], NOW).is_err(), "{changed}");
    }
    assert!(verify(&format!("{token}="), &SHARED, &POLICIES[0], NOW).is_err());
}
