//! The socket of a connection whose way out is watched.

use std::{
    io,
    pin::{Pin, pin},
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, Waker, ready},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, Interest, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};
use tokio_rustls::server::TlsStream;

use super::WayOut;
use crate::engine::lock::lock;

/// How long after its last byte a peer may still get an answer. hyper takes the end of what a peer sends for the end of the connection; a peer
/// that sends no more may still read (`nc -N`).
const HALF_CLOSED: Duration = Duration::from_millis(100);
/// The same where what it sent is not read, counted from when some of it was last: the app may be about to read.
const HALF_CLOSED_UNREAD: Duration = Duration::from_secs(1);

/// A socket whose way out is watched.
#[derive(Debug)]
pub struct Watched<S> {
    pub(super) socket: S,
    /// The peer sends no more; hyper hears of it then.
    half_closed: Option<Pin<Box<Sleep>>>,
    /// Since when it is known that the peer sends no more, of which nothing was read since.
    silent: Option<Instant>,
    end: End,
}

/// Where the watching ends: the socket is gone, or no longer HTTP's.
#[derive(Debug)]
struct End {
    way: Arc<WayOut>,
    key: usize,
}

impl Drop for End {
    fn drop(&mut self) {
        let way = &self.way;
        lock(&way.all.ways).try_remove(self.key);
        way.over.store(true, Ordering::SeqCst);
        way.forget(way.taken.swap(0, Ordering::SeqCst));
        // Dropped outside the lock.
        let kept = {
            let mut kept = lock(&way.kept);
            kept.over = true;
            std::mem::take(&mut kept.all)
        };
        drop(kept);
    }
}

impl<S> Watched<S> {
    pub(super) fn new(socket: S, way: Arc<WayOut>, key: usize) -> Self {
        Self { socket, half_closed: None, silent: None, end: End { way, key } }
    }

    /// Its way out.
    pub fn way(&self) -> &Arc<WayOut> {
        &self.end.way
    }

    /// The socket, which is watched no longer.
    pub fn into_socket(self) -> S {
        self.socket
    }
}

impl<S: Resets> Watched<S> {
    /// Whether the connection was cut.
    fn check(&self) -> io::Result<()> {
        if self.end.way.is_cut() { Err(self.cut()) } else { Ok(()) }
    }

    /// Whether the peer is gone, where hyper would not notice.
    fn look_for_end(&mut self, context: &Context<'_>) -> io::Result<()> {
        if !self.end.way.is_deaf() {
            return Ok(());
        }
        // Now and then it is woken to look again.
        self.end.way.is_of(context);
        let is_gone = match self.socket.peer_end() {
            PeerEnd::Open => false,
            PeerEnd::SendsNoMore => {
                self.silent.get_or_insert_with(Instant::now).elapsed() >= HALF_CLOSED_UNREAD
            }
            PeerEnd::Gone => true,
        };
        if is_gone { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }

    fn cut(&self) -> io::Error {
        // The kernel would keep what the peer does not read.
        self.socket.reset_when_closed();
        io::Error::new(io::ErrorKind::TimedOut, "the peer does not read")
    }

    /// What could not be done for now, is not done at all where the connection was cut.
    fn judge<T>(&self, context: &Context<'_>, done: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match done {
            Poll::Ready(done) => {
                self.end.way.went_on();
                Poll::Ready(done)
            }
            Poll::Pending if self.end.way.is_blocked(context) => Poll::Pending,
            Poll::Pending => Poll::Ready(Err(self.cut())),
        }
    }
}

/// What is known of a peer without reading what it sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerEnd {
    /// It may send more.
    Open,
    /// It sends no more. It may still read.
    SendsNoMore,
    /// It reset the connection.
    Gone,
}

/// A socket that can be closed at once, and be looked at for the end of its peer.
pub trait Resets {
    /// When the socket is closed the kernel keeps nothing of it, and the peer gets a reset.
    fn reset_when_closed(&self);

    /// How far the peer is.
    fn peer_end(&self) -> PeerEnd;
}

impl Resets for TcpStream {
    fn reset_when_closed(&self) {
        let _ = socket2::SockRef::from(self).set_linger(Some(Duration::ZERO));
    }

    fn peer_end(&self) -> PeerEnd {
        // What the runtime knows already: it is told of both ends, whether somebody reads or not.
        let known = pin!(self.ready(Interest::READABLE | Interest::WRITABLE));
        match known.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(ready)) if ready.is_write_closed() => PeerEnd::Gone,
            Poll::Ready(Ok(ready)) if ready.is_read_closed() => PeerEnd::SendsNoMore,
            _ => PeerEnd::Open,
        }
    }
}

impl Resets for TlsStream<TcpStream> {
    fn reset_when_closed(&self) {
        self.get_ref().0.reset_when_closed();
    }

    fn peer_end(&self) -> PeerEnd {
        self.get_ref().0.peer_end()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.half_closed.is_none() {
            let filled = buffer.filled().len();
            let read = Pin::new(&mut self.socket).poll_read(context, buffer);
            self.end.way.listens.store(read.is_pending(), Ordering::Relaxed);
            ready!(read)?;
            self.silent = None;
            if buffer.filled().len() > filled || buffer.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
        }
        let pause = self.half_closed.get_or_insert_with(|| Box::pin(sleep(HALF_CLOSED)));
        pause.as_mut().poll(context).map(Ok)
    }
}

impl<S: AsyncWrite + Resets + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        let written = Pin::new(&mut self.socket).poll_write(context, bytes);
        self.judge(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        self.look_for_end(context)?;
        let flushed = Pin::new(&mut self.socket).poll_flush(context);
        if let Poll::Ready(Ok(())) = flushed {
            self.end.way.is_out();
        }
        self.judge(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        let shut = Pin::new(&mut self.socket).poll_shutdown(context);
        self.judge(context, shut)
    }
}
