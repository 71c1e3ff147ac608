//! Lines 13–15 of the threat list.

use base64::Engine as _;
use jsonwebtoken::EncodingKey;
use serde_json::json;

use super::*;
use crate::engine::jwt::testing;

const NOW: f64 = 1_700_000_000.0;
const GOOD: &str = r#"{"sub":"ada","exp":1700000060,"iat":1700000000}"#;

fn policy() -> Policy {
    Policy { sub_length: 256, ..Policy::default() }
}

fn secret() -> Keys {
    Keys::secret(b"secret").unwrap()
}

fn claims(text: &str) -> Result<Claims, TokenError> {
    verify(&testing::hs256(text, "secret"), &secret(), &policy(), NOW)
}

#[test]
fn a_good_token() {
    let verified = claims(GOOD).unwrap();
    assert_eq!((verified.sub.as_str(), verified.exp, verified.text.as_str()), ("ada", 1_700_000_060.0, GOOD));
    assert!(claims(r#"{"sub":"ada","exp":1700000060}"#).is_ok(), "iat is the issuer's to give");
}

#[test]
fn line_13_algorithms_that_are_none_or_not_the_keys() {
    let rsa = testing::rsa();
    let key = EncodingKey::from_secret(b"secret");
    for alg in ["none", "None", "NONE", "nOnE", "", "HS257", "hs256", "ES512", "RS256 "] {
        let token = testing::token(&json!({ "alg": alg }).to_string(), GOOD, &key);
        assert_eq!(verify(&token, &secret(), &policy(), NOW), Err(TokenError::Algorithm), "{alg:?}");
    }
    let missing = testing::token("{}", GOOD, &key);
    assert_eq!(verify(&missing, &secret(), &policy(), NOW), Err(TokenError::Algorithm));
    let numbered = testing::token(r#"{"alg":1}"#, GOOD, &key);
    assert_eq!(verify(&numbered, &secret(), &policy(), NOW), Err(TokenError::Malformed));

    // The public half as a secret, in every shape that somebody may have it in.
    let public = Keys::pem(&rsa.public_pem).unwrap();
    let named = Keys::set(&json!({ "keys": [rsa.jwk("a")] })).unwrap();
    let der =
        base64::engine::general_purpose::STANDARD.decode(rsa.public_pem.lines().nth(1).unwrap()).unwrap();
    for bytes in [rsa.public_pem.as_bytes(), rsa.public_pem.trim().as_bytes(), &der] {
        for header in [r#"{"alg":"HS256"}"#, r#"{"alg":"HS512","kid":"a"}"#] {
            let token = testing::token(header, GOOD, &EncodingKey::from_secret(bytes));
            assert_eq!(verify(&token, &public, &policy(), NOW), Err(TokenError::Algorithm));
            assert_eq!(verify(&token, &named, &policy(), NOW), Err(TokenError::Algorithm));
        }
    }
    let signed = EncodingKey::from_rsa_pem(rsa.private_pem.as_bytes()).unwrap();
    let ps = testing::token(r#"{"alg":"PS256"}"#, GOOD, &signed);
    assert!(verify(&ps, &public, &policy(), NOW).is_ok());
    let only = Policy { algorithms: Some(vec![Algorithm::RS256]), ..policy() };
    assert_eq!(verify(&ps, &public, &only, NOW), Err(TokenError::Algorithm), "not among those given");
}

#[test]
fn line_13_headers_that_bring_a_key_or_an_extension() {
    let key = EncodingKey::from_secret(b"secret");
    for (field, value) in [
        ("jwk", json!({ "kty": "oct", "k": "c2VjcmV0" })),
        ("jku", json!("http://127.0.0.1:9/keys")),
        ("x5u", json!("http://127.0.0.1:9/cert")),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("crit", json!(null)),
    ] {
        let mut header = json!({ "alg": "HS256" });
        header[field] = value;
        let token = testing::token(&header.to_string(), GOOD, &key);
        assert_eq!(verify(&token, &secret(), &policy(), NOW), Err(TokenError::Header), "{header}");
    }
    let chained = testing::token(r#"{"alg":"HS256","x5c":["AAAA"],"x5t":"x","typ":"at+jwt"}"#, GOOD, &key);
    assert!(verify(&chained, &secret(), &policy(), NOW).is_ok(), "read by nobody");
    let twice = testing::token(r#"{"alg":"none","alg":"HS256"}"#, GOOD, &key);
    assert_eq!(verify(&twice, &secret(), &policy(), NOW), Err(TokenError::Malformed));
}

#[test]
fn line_13_what_is_no_token() {
    let good = testing::hs256(GOOD, "secret");
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (header, body) = signed.split_once('.').unwrap();
    for text in [
        "",
        ".",
        "..",
        "...",
        "garbage",
        signed,
        &format!("{good}."),
        &format!(".{good}"),
        &format!("{header}.{body}.x.{signature}"),
        &format!("{header}=.{body}.{signature}"),
        &format!(" {good}"),
        &format!("{header}.{body}.{}", "A".repeat(20_000)),
        &testing::token(r#"["HS256"]"#, GOOD, &EncodingKey::from_secret(b"secret")),
        &testing::hs256(r#"["ada",1700000060]"#, "secret"),
        &testing::hs256(&"[".repeat(10_000), "secret"),
        &testing::hs256("null", "secret"),
        &testing::hs256(r#"{"sub":"ada","sub":"eve","exp":1700000060}"#, "secret"),
        &testing::hs256(r#"{"sub":"\ud800","exp":1700000060}"#, "secret"),
    ] {
        assert_eq!(verify(text, &secret(), &policy(), NOW), Err(TokenError::Malformed), "{text:.80}");
    }
    for text in [format!("{signed}."), format!("{signed}.AAAA"), format!("{signed}.{}A", &signature[1..])] {
        assert_eq!(verify(&text, &secret(), &policy(), NOW), Err(TokenError::Signature), "{text}");
    }
    let other = testing::hs256(GOOD, "another secret");
    assert_eq!(verify(&other, &secret(), &policy(), NOW), Err(TokenError::Signature));
}

#[test]
fn line_14_the_same_kid_under_another_issuer() {
    let rsa = testing::rsa();
    let keys = Keys::set(&json!({ "keys": [rsa.jwk("k1")] })).unwrap();
    let policy = Policy { issuers: vec!["https://a.example".into()], ..policy() };
    let of = |pair: &testing::Pair, kid: &str, issuer: &str| {
        let key = EncodingKey::from_rsa_pem(pair.private_pem.as_bytes()).unwrap();
        let claims = json!({ "sub": "ada", "exp": NOW + 60.0, "iss": issuer });
        let header = json!({ "alg": "RS256", "kid": kid });
        verify(&testing::token(&header.to_string(), &claims.to_string(), &key), &keys, &policy, NOW)
    };
    assert!(of(rsa, "k1", "https://a.example").is_ok());
    assert_eq!(of(rsa, "k1", "https://b.example"), Err(TokenError::Claim("iss")));
    assert_eq!(of(&testing::another_rsa(), "k1", "https://a.example"), Err(TokenError::Signature));
    assert_eq!(of(rsa, "k2", "https://a.example"), Err(TokenError::UnknownKey));
    assert_eq!(of(rsa, "k2", "https://b.example"), Err(TokenError::Claim("iss")), "asks for no keys");
    let none = testing::token(
        r#"{"alg":"RS256","kid":"k1"}"#,
        GOOD,
        &EncodingKey::from_rsa_pem(rsa.private_pem.as_bytes()).unwrap(),
    );
    assert_eq!(verify(&none, &keys, &policy, NOW), Err(TokenError::Claim("iss")), "an issuer is asked for");
}

#[test]
fn line_15_times() {
    for exp in ["\"1700000060\"", "null", "1e20", "-1", "true", "[]", "{}", "8640000000001"] {
        let text = format!(r#"{{"sub":"ada","exp":{exp}}}"#);
        assert_eq!(claims(&text), Err(TokenError::Claim("exp")), "{exp}");
    }
    assert_eq!(claims(r#"{"sub":"ada"}"#), Err(TokenError::Claim("exp")), "missing");
    for broken in ["NaN", "Infinity", "1e999", "0x10"] {
        let text = format!(r#"{{"sub":"ada","exp":{broken}}}"#);
        assert_eq!(claims(&text), Err(TokenError::Malformed), "{broken}");
    }
    for past in ["0", "1699999999", "1700000000", "1700000000.0"] {
        let text = format!(r#"{{"sub":"ada","exp":{past}}}"#);
        assert_eq!(claims(&text), Err(TokenError::Expired), "{past}");
    }
    assert_eq!(claims(r#"{"sub":"ada","exp":1700000000.5}"#).unwrap().exp, 1_700_000_000.5);
    for (nbf, good) in
        [("1700000000", true), ("1700000001", false), ("\"now\"", false), ("null", false), ("-1", false)]
    {
        let text = format!(r#"{{"sub":"ada","exp":1700000060,"nbf":{nbf}}}"#);
        assert_eq!(claims(&text).is_ok(), good, "nbf {nbf}");
    }
    for (iat, good) in
        [("1700000060", true), ("1700000061", false), ("4e9", false), ("\"now\"", false), ("1e20", false)]
    {
        let text = format!(r#"{{"sub":"ada","exp":1700000090,"iat":{iat}}}"#);
        assert_eq!(claims(&text).is_ok(), good, "iat {iat}");
    }
    let lenient = Policy { leeway: 5.0, ..policy() };
    let at = |now: f64| verify(&testing::hs256(GOOD, "secret"), &secret(), &lenient, now).is_ok();
    assert!(at(NOW + 64.9) && !at(NOW + 65.0), "leeway is added to exp");
}

#[test]
fn line_15_the_user() {
    for sub in ["\"\"", "7", "null", "[\"ada\"]", "{}", "true"] {
        let text = format!(r#"{{"sub":{sub},"exp":1700000060}}"#);
        assert_eq!(claims(&text), Err(TokenError::Claim("sub")), "{sub}");
    }
    assert_eq!(claims(r#"{"exp":1700000060}"#), Err(TokenError::Claim("sub")), "missing");
    let long = |length: usize| claims(&format!(r#"{{"sub":"{}","exp":1700000060}}"#, "x".repeat(length)));
    assert!(long(256).is_ok());
    assert_eq!(long(257), Err(TokenError::Claim("sub")));
    assert_eq!(long(1 << 20), Err(TokenError::Malformed));
}

#[test]
fn audiences() {
    let policy = Policy { audiences: vec!["chat".into(), "web".into()], ..policy() };
    for (aud, good) in [
        (r#""chat""#, true),
        (r#"["mail","web"]"#, true),
        (r#"["mail"]"#, false),
        (r#"[]"#, false),
        (r#"["chat "]"#, false),
        ("null", false),
        ("7", false),
        (r#"{"chat":1}"#, false),
    ] {
        let text = format!(r#"{{"sub":"ada","exp":1700000060,"aud":{aud}}}"#);
        let judged = verify(&testing::hs256(&text, "secret"), &secret(), &policy, NOW);
        assert_eq!(judged.is_ok(), good, "{aud}");
    }
    assert_eq!(
        verify(&testing::hs256(GOOD, "secret"), &secret(), &policy, NOW),
        Err(TokenError::Claim("aud"))
    );
}

#[test]
fn what_is_wrong_is_said_without_the_token() {
    let token = testing::hs256(r#"{"sub":"ada","exp":"a secret"}"#, "secret");
    let error = verify(&token, &secret(), &policy(), NOW).unwrap_err();
    assert_eq!(error.to_string(), "The token's 'exp' is not accepted");
}
