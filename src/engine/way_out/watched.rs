//! The socket of a connection whose way out is watched.

use std::{
    io,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

use super::WayOut;
use crate::engine::lock::lock;

/// A socket whose way out is watched.
#[derive(Debug)]
pub struct Watched<S> {
    pub(super) socket: S,
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
        Self { socket, end: End { way, key } }
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

/// A socket that can be closed at once.
pub trait Resets {
    /// When the socket is closed the kernel keeps nothing of it, and the peer gets a reset.
    fn reset_when_closed(&self);
}

impl Resets for TcpStream {
    fn reset_when_closed(&self) {
        let _ = socket2::SockRef::from(self).set_linger(Some(Duration::ZERO));
    }
}

impl Resets for TlsStream<TcpStream> {
    fn reset_when_closed(&self) {
        self.get_ref().0.reset_when_closed();
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(context, buffer)
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
