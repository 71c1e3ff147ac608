//! A server with a certificate, and clients that take it for what it is.

use std::{net::SocketAddr, sync::Arc};

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
        client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        crypto::{aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
        pki_types::{CertificateDer, ServerName, UnixTime},
    },
};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::support::within;

const CERT: &str = include_str!("../support/certificates/rsa.cert.pem");
const KEY: &str = include_str!("../support/certificates/rsa.key.pem");

/// The configuration, with a certificate: of RSA, whose signatures cost most.
pub fn config(mut config: Value) -> Value {
    config["tls"] = json!({ "cert": CERT, "key": KEY });
    config
}

/// Takes whatever certificate is shown: what it costs is the server's matter here, not whose it is.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let provider = aws_lc_rs::default_provider();
        verify_tls12_signature(message, cert, signed, &provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let provider = aws_lc_rs::default_provider();
        verify_tls13_signature(message, cert, signed, &provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// A WebSocket through TLS, on a connection.
pub async fn websocket(stream: TcpStream) -> WebSocketStream<TlsStream<TcpStream>> {
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody))
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    let url = "ws://localhost/socket.io/?EIO=4&transport=websocket";
    let (mut socket, _) = client_async(url, stream).await.unwrap();
    socket.next().await.unwrap().unwrap();
    socket
}

/// Comes, and goes when it was told that it is connected.
pub async fn visit(target: SocketAddr) {
    within("a visit", async {
        websocket(TcpStream::connect(target).await.unwrap()).await;
    })
    .await;
}
