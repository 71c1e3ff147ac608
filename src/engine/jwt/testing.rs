//! Keys and tokens for tests: made when they are wanted, so that none is in the repository.

use std::sync::OnceLock;

use aws_lc_rs::{
    encoding::AsDer,
    rsa::{KeyPair as RsaPair, KeySize},
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair,
    },
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{DecodingKey, EncodingKey, crypto, jwk::Jwk};
use serde_json::{Value, json};

/// Both halves of a pair.
pub struct Pair {
    pub private_pem: String,
    pub public_pem: String,
    key: DecodingKey,
}

impl Pair {
    fn new(private: &[u8], public: &[u8], key: DecodingKey) -> Self {
        let pem = |tag: &str, der: &[u8]| {
            let text = STANDARD.encode(der);
            format!("-----BEGIN {tag}-----\n{text}\n-----END {tag}-----\n")
        };
        Self { private_pem: pem("PRIVATE KEY", private), public_pem: pem("PUBLIC KEY", public), key }
    }

    /// The public half as a JSON Web Key.
    pub fn jwk(&self, id: &str) -> Value {
        let mut jwk = serde_json::to_value(Jwk::from_decoding_key(&self.key, None).unwrap()).unwrap();
        jwk["kid"] = json!(id);
        jwk
    }
}

pub fn rsa() -> &'static Pair {
    // Making one takes a while.
    static PAIR: OnceLock<Pair> = OnceLock::new();
    PAIR.get_or_init(another_rsa)
}

pub fn another_rsa() -> Pair {
    let pair = RsaPair::generate(KeySize::Rsa2048).unwrap();
    let private = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
    let public = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(pair.public_key()).unwrap();
    let key = DecodingKey::from_rsa_der(pair.public_key().as_ref());
    Pair::new(private.as_ref(), public.as_ref(), key)
}

fn ec(algorithm: &'static EcdsaSigningAlgorithm) -> Pair {
    let pair = EcdsaKeyPair::generate(algorithm).unwrap();
    let private = pair.to_pkcs8v1().unwrap();
    let public = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(pair.public_key()).unwrap();
    Pair::new(private.as_ref(), public.as_ref(), DecodingKey::from_ec_der(pair.public_key().as_ref()))
}

pub fn ec256() -> &'static Pair {
    static PAIR: OnceLock<Pair> = OnceLock::new();
    PAIR.get_or_init(|| ec(&ECDSA_P256_SHA256_FIXED_SIGNING))
}

pub fn ec384() -> &'static Pair {
    static PAIR: OnceLock<Pair> = OnceLock::new();
    PAIR.get_or_init(|| ec(&ECDSA_P384_SHA384_FIXED_SIGNING))
}

pub fn ed() -> &'static Pair {
    static PAIR: OnceLock<Pair> = OnceLock::new();
    PAIR.get_or_init(another_ed)
}

fn another_ed() -> Pair {
    let pair = Ed25519KeyPair::generate().unwrap();
    let private = pair.to_pkcs8v1().unwrap();
    let public = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(pair.public_key()).unwrap();
    Pair::new(private.as_ref(), public.as_ref(), DecodingKey::from_ed_der(pair.public_key().as_ref()))
}

/// A token of any header and any claims, as texts, signed as the header's `alg` says where that is one.
pub fn token(header: &str, claims: &str, key: &EncodingKey) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let named: Value = serde_json::from_str(header).unwrap_or_default();
    let signature = match named["alg"].as_str().and_then(|name| name.parse().ok()) {
        Some(algorithm) => crypto::sign(message.as_bytes(), key, algorithm).unwrap(),
        None => String::new(),
    };
    format!("{message}.{signature}")
}

/// A token signed with HS256 and a secret.
pub fn hs256(claims: &str, secret: &str) -> String {
    token(r#"{"alg":"HS256"}"#, claims, &EncodingKey::from_secret(secret.as_bytes()))
}
