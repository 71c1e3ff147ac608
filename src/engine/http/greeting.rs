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
        let turns = Arc::new(Semaphore::new(TURNS));
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
