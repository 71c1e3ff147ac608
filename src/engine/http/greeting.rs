//! TLS handshakes, also of ten thousand clients that come back at once.
//!
//! A handshake costs a signature, so that thousands of them take the processor for seconds. Were all of them begun at once, each would be
//! answered late and all would be given up by their clients before the first was done. So only some are on their way at a time, in the
//! order in which their first words came. One that hears nothing from its peer for a moment lets the next begin, and goes on beside it: who
//! says half of a handshake holds nobody up. And nobody is given up whose words are there and were not read yet.

use std::{
    future::{Future, poll_fn},
    io,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::sleep,
};
use tokio_rustls::{
    LazyConfigAcceptor,
    rustls::{ServerConfig, server::Acceptor},
    server::TlsStream,
};

use super::head_clock::HeadClock;
use crate::engine::tls::TlsConfig;

/// Handshakes on their way at a time.
const TURNS: usize = 256;
/// How long one that waits for its peer keeps its turn: longer than a way around the world.
const GRACE: Duration = Duration::from_millis(500);

/// The handshakes of one server.
#[derive(Debug)]
pub struct Greeting {
    config: Arc<ServerConfig>,
    /// What each step may take that the peer is waited for.
    patience: Duration,
    turns: Arc<Semaphore>,
    /// How many wait for a turn, and how many may.
    waiting: AtomicUsize,
    most: usize,
}

/// One who waits for a turn.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Greeting {
    /// Greets with a certificate. `most`: how many wait for their turn.
    pub fn new(tls: &TlsConfig, patience: Duration, most: usize) -> Self {
        Self::with_turns(TURNS, tls, patience, most)
    }

    fn with_turns(turns: usize, tls: &TlsConfig, patience: Duration, most: usize) -> Self {
        let turns = Arc::new(Semaphore::new(turns));
        Self { config: tls.server(), patience, turns, waiting: AtomicUsize::new(0), most }
    }

    /// Shakes hands. `None`: the peer speaks no TLS, took too long, or too many wait.
    pub async fn accept<S>(&self, stream: S, clock: &HeadClock) -> Option<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let hello = LazyConfigAcceptor::new(Acceptor::default(), stream);
        let hello = in_time(pin!(hello), clock, self.patience).await?.ok()?;
        let turn = self.turn().await?;
        let mut shaking = pin!(hello.into_stream(self.config.clone()));
        // What costs is done here, and the answer sent. The peer's time begins behind that.
        let begun = poll_fn(|context| Poll::Ready(shaking.as_mut().poll(context))).await;
        if let Poll::Ready(shaken) = begun {
            return shaken.ok();
        }
        let shaken = in_time(shaking, clock, self.patience);
        let mut shaken = pin!(shaken);
        tokio::select! {
            biased;
            shaken = &mut shaken => return shaken?.ok(),
            () = sleep(GRACE) => drop(turn),
        }
        shaken.await?.ok()
    }

    /// A turn, in the order in which they are asked for. `None`: too many wait.
    async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(turn) = self.turns.clone().try_acquire_owned() {
            return Some(turn);
        }
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        if before >= self.most {
            return None;
        }
        self.turns.clone().acquire_owned().await.ok()
    }
}

/// Waits for the peer, for so long. Who is late is heard first.
async fn in_time<F, T>(mut step: Pin<&mut F>, clock: &HeadClock, patience: Duration) -> Option<io::Result<T>>
where
    F: Future<Output = io::Result<T>>,
{
    let late = clock.step(patience);
    tokio::select! {
        biased;
        done = &mut step => Some(done),
        () = late => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::{
        io::{AsyncWriteExt, DuplexStream, duplex},
        time::{Instant, timeout},
    };
    use tokio_rustls::{
        TlsConnector,
        rustls::{
            ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme,
            client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
            crypto::aws_lc_rs,
            pki_types::{CertificateDer, ServerName, UnixTime},
        },
    };

    use super::*;
    use crate::engine::http::head_clock::HeadClocks;

    const CERT: &str = include_str!("../../../__tests__/support/certificates/ecdsa.cert.pem");
    const KEY: &str = include_str!("../../../__tests__/support/certificates/ecdsa.key.pem");
    const PATIENCE: Duration = Duration::from_secs(3_600);

    /// Takes whatever certificate is shown.
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
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn verify_tls13_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
        }
    }

    fn client() -> Arc<ClientConfig> {
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let versions = builder.with_safe_default_protocol_versions().unwrap();
        let trusting = versions.dangerous().with_custom_certificate_verifier(Arc::new(Anybody));
        Arc::new(trusting.with_no_client_auth())
    }

    fn name() -> ServerName<'static> {
        ServerName::try_from("localhost").unwrap()
    }

    /// One that says its whole first part, and nothing more.
    async fn silent() -> (DuplexStream, DuplexStream) {
        let (mut near, far) = duplex(64 * 1024);
        let mut hello = Vec::new();
        ClientConnection::new(client(), name()).unwrap().write_tls(&mut hello).unwrap();
        near.write_all(&hello).await.unwrap();
        (near, far)
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_stop_half_way_hold_up_the_others_for_a_moment_and_no_longer() {
        let tls: TlsConfig = serde_json::from_value(json!({ "cert": CERT, "key": KEY })).unwrap();
        let greeting = Arc::new(Greeting::with_turns(1, &tls, PATIENCE, 100));
        let clocks = HeadClocks::new(100);
        let mut kept = Vec::new();
        let begun = Instant::now();
        for _ in 0..3 {
            let (near, far) = silent().await;
            let (greeting, clock) = (greeting.clone(), clocks.add());
            kept.push((near, tokio::spawn(async move { greeting.accept(far, &clock).await.is_some() })));
            tokio::task::yield_now().await;
        }
        let (near, far) = duplex(64 * 1024);
        let clock = clocks.add();
        let connector = TlsConnector::from(client());
        let (shaken, connected) = timeout(PATIENCE, async {
            tokio::join!(greeting.accept(far, &clock), connector.connect(name(), near))
        })
        .await
        .unwrap();
        assert!(shaken.is_some() && connected.is_ok());
        // Each of the three had the only turn for a moment.
        let waited = begun.elapsed();
        assert!(waited >= GRACE * 3 && waited < GRACE * 4, "{waited:?}");
        assert!(kept.iter().all(|(_, silent)| !silent.is_finished()), "they may still go on");
        clocks.give_up();
        for (_near, silent) in kept {
            assert!(!silent.await.unwrap());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_wait_for_their_turn_than_may() {
        let tls: TlsConfig = serde_json::from_value(json!({ "cert": CERT, "key": KEY })).unwrap();
        let greeting = Greeting::with_turns(0, &tls, PATIENCE, 1);
        let clocks = HeadClocks::new(100);
        let (clock, other) = (clocks.add(), clocks.add());
        let (_one, first) = silent().await;
        let (_two, second) = silent().await;
        let waits = greeting.accept(first, &clock);
        let mut waits = pin!(waits);
        assert!(timeout(Duration::from_secs(1), &mut waits).await.is_err());
        assert!(greeting.accept(second, &other).await.is_none());
        assert!(timeout(Duration::from_secs(1), &mut waits).await.is_err());
    }
}
