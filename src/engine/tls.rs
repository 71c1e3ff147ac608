//! The certificate that a server shows, read and checked before anything listens.

use std::{fmt, sync::Arc};

use serde::Deserialize;
use tokio_rustls::rustls::{
    self, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
};

/// What is spoken inside.
const PROTOCOL: &[u8] = b"http/1.1";

/// The settings as they come: PEM each, the certificate first of its chain.
#[derive(Deserialize)]
pub struct TlsSettings {
    cert: String,
    key: String,
}

/// A certificate with its key, ready to be served with.
#[derive(Clone, Deserialize)]
#[serde(try_from = "TlsSettings")]
pub struct TlsConfig(Arc<ServerConfig>);

impl TlsConfig {
    /// What connections are taken with.
    pub fn server(&self) -> Arc<ServerConfig> {
        self.0.clone()
    }
}

impl fmt::Debug for TlsConfig {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key is a secret.
        out.write_str("TlsConfig")
    }
}

/// What is wrong with a certificate or a key, after the name of the field. Shows nothing of either.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTls {
    /// No certificate in it.
    #[error("cert: must be a certificate in PEM, its chain behind it")]
    Cert,
    /// No key in it.
    #[error("key: must be a private key in PEM, without a passphrase")]
    Key,
    /// A key that nothing can be signed with here.
    #[error("key: must be an RSA, ECDSA or Ed25519 key")]
    Kind,
    /// One belongs to another.
    #[error("key: must be the key of tls.cert")]
    Mismatch,
    /// A certificate that cannot be read.
    #[error("cert: must be a certificate that can be read (X.509)")]
    Unreadable,
}

impl TryFrom<TlsSettings> for TlsConfig {
    type Error = BadTls;

    fn try_from(TlsSettings { cert, key }: TlsSettings) -> Result<Self, BadTls> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(cert.as_bytes())
            .collect::<Result<_, pem::Error>>()
            .ok()
            .filter(|chain: &Vec<_>| !chain.is_empty())
            .ok_or(BadTls::Cert)?;
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| BadTls::Key)?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        if provider.key_provider.load_private_key(key.clone_key()).is_err() {
            return Err(BadTls::Kind);
        }
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => BadTls::Mismatch,
                _ => BadTls::Unreadable,
            })?;
        config.alpn_protocols = vec![PROTOCOL.into()];
        Ok(Self(Arc::new(config)))
    }
}
