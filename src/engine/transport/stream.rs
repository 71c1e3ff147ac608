//! The socket below a WebSocket: bare, or with TLS in it. Reads and writes what is possible now, from any thread.

use std::{
    fmt,
    io::{self, Read as _, Write as _},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{io::Interest, net::TcpStream};
use tokio_rustls::{rustls::ServerConnection, server::TlsStream};

use crate::engine::lock::lock;

/// Most encrypted bytes that wait for the socket to take them.
const MAX_ENCRYPTED: usize = 64 * 1024;

/// A connected socket.
#[derive(Debug)]
pub enum Stream {
    /// As it is.
    Bare(TcpStream),
    /// With TLS in it.
    Tls(Box<Tls>),
}

/// A socket and its TLS.
pub struct Tls {
    socket: TcpStream,
    /// A std mutex: held for one read or write that does not wait.
    connection: Mutex<ServerConnection>,
    /// Decrypted bytes wait to be read.
    readable: AtomicBool,
    /// No encrypted bytes wait to be written.
    flushed: AtomicBool,
}

impl fmt::Debug for Tls {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Tls").field("socket", &self.socket).finish_non_exhaustive()
    }
}

impl From<TcpStream> for Stream {
    fn from(socket: TcpStream) -> Self {
        Self::Bare(socket)
    }
}

impl From<TlsStream<TcpStream>> for Stream {
    fn from(stream: TlsStream<TcpStream>) -> Self {
        let (socket, mut connection) = stream.into_inner();
        connection.set_buffer_limit(Some(MAX_ENCRYPTED));
        let flushed = AtomicBool::new(!connection.wants_write());
        // Whether it holds decrypted bytes is not known before it was asked.
        let readable = AtomicBool::new(true);
        Self::Tls(Box::new(Tls { socket, connection: Mutex::new(connection), readable, flushed }))
    }
}

impl Stream {
    fn socket(&self) -> &TcpStream {
        match self {
            Self::Bare(socket) => socket,
            Self::Tls(tls) => &tls.socket,
        }
    }

    /// Waits until there may be something to read.
    ///
    /// # Errors
    /// The socket's own.
    pub async fn readable(&self) -> io::Result<()> {
        match self {
            Self::Tls(tls) if tls.readable.load(Ordering::Acquire) => Ok(()),
            _ => self.socket().readable().await,
        }
    }

    /// Waits until the socket may take something.
    ///
    /// # Errors
    /// The socket's own.
    pub async fn writable(&self) -> io::Result<()> {
        self.socket().writable().await
    }

    /// Reads what is there; 0: the peer's end.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] where nothing is; the socket's own; [`io::ErrorKind::InvalidData`] for broken TLS.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Bare(socket) => read_socket(socket, buffer),
            Self::Tls(tls) => tls.try_read(buffer),
        }
    }

    /// Writes what the socket takes.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] where it takes nothing; the socket's own.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Bare(socket) => socket.try_write(bytes),
            Self::Tls(tls) => tls.try_write(bytes),
        }
    }

    /// Whether everything that was written is the kernel's.
    pub fn is_flushed(&self) -> bool {
        match self {
            Self::Bare(_) => true,
            Self::Tls(tls) => tls.flushed.load(Ordering::Acquire),
        }
    }

    /// Hands the kernel what waits here; whether that was all.
    ///
    /// # Errors
    /// The socket's own.
    pub fn try_flush(&self) -> io::Result<bool> {
        match self {
            Self::Tls(tls) if !self.is_flushed() => tls.flush(&mut lock(&tls.connection)),
            _ => Ok(true),
        }
    }

    /// Says that nothing more will be written, as far as the socket takes that.
    pub fn say_goodbye(&self) {
        if let Self::Tls(tls) = self {
            let mut connection = lock(&tls.connection);
            connection.send_close_notify();
            let _ = tls.flush(&mut connection);
        }
    }

    /// When the socket is closed the kernel keeps nothing of it, and the peer gets a reset.
    pub fn reset_when_closed(&self) {
        let _ = socket2::SockRef::from(self.socket()).set_linger(Some(Duration::ZERO));
    }
}

impl Tls {
    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut connection = lock(&self.connection);
        loop {
            match connection.reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // One that goes without a goodbye is gone all the same: a WebSocket's messages say where they end.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                // Where the buffer is full, more may be behind it.
                Ok(count) => {
                    self.readable.store(count == buffer.len(), Ordering::Release);
                    return Ok(count);
                }
                Err(error) => return Err(error),
            }
            self.readable.store(false, Ordering::Release);
            connection.read_tls(&mut Socket(&self.socket))?;
            let processed = connection.process_new_packets();
            // Also what went wrong is told to the peer.
            self.flush(&mut connection)?;
            processed.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        }
    }

    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut connection = lock(&self.connection);
        if !self.flush(&mut connection)? {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = connection.writer().write(bytes)?;
        self.flush(&mut connection)?;
        Ok(count)
    }

    fn flush(&self, connection: &mut ServerConnection) -> io::Result<bool> {
        while connection.wants_write() {
            match connection.write_tls(&mut Socket(&self.socket)) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.flushed.store(false, Ordering::Release);
                    return Ok(false);
                }
                Err(error) => return Err(error),
            }
        }
        self.flushed.store(true, Ordering::Release);
        Ok(true)
    }
}

/// Reads what is there. A read that does not fill the buffer has taken everything, which the runtime is told: it would have the socket read
/// once more to find nothing, a system call for each message.
fn read_socket(socket: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    // Where readiness is told by edges, the next bytes are another one.
    if !cfg!(any(target_os = "linux", target_os = "android")) {
        return socket.try_read(buffer);
    }
    let mut taken = 0;
    let read = socket.try_io(Interest::READABLE, || {
        let count = (&*socket2::SockRef::from(socket)).read(buffer)?;
        if count == 0 || count == buffer.len() {
            return Ok(count);
        }
        // Forgets that the socket is readable, as far as that was known before the read: what came behind it is not forgotten.
        taken = count;
        Err(io::ErrorKind::WouldBlock.into())
    });
    if taken > 0 { Ok(taken) } else { read }
}

/// A socket as rustls reads and writes one.
struct Socket<'a>(&'a TcpStream);

impl io::Read for Socket<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        read_socket(self.0, buffer)
    }
}

impl io::Write for Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, slices: &[io::IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Poll},
    };

    use tokio::{io::AsyncWriteExt as _, net::TcpListener};

    use super::*;

    async fn is_readable_now(stream: &Stream) -> bool {
        let mut readable = pin!(stream.readable());
        std::future::poll_fn(|context: &mut Context<'_>| {
            Poll::Ready(readable.as_mut().poll(context).is_ready())
        })
        .await
    }

    #[tokio::test]
    async fn a_read_that_took_everything_is_followed_by_no_other() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let stream = Stream::from(listener.accept().await.unwrap().0);
        let mut buffer = [0; 8];
        for round in 0..100 {
            peer.write_all(b"four").await.unwrap();
            stream.readable().await.unwrap();
            assert_eq!(stream.try_read(&mut buffer).unwrap(), 4, "{round}");
            assert!(!is_readable_now(&stream).await, "{round}");
        }
        // One that may have left something is.
        peer.write_all(b"eight by").await.unwrap();
        peer.write_all(b"te").await.unwrap();
        let mut count = 0;
        while count < 10 {
            stream.readable().await.unwrap();
            count += stream.try_read(&mut buffer).unwrap_or(0);
        }
        // The end is seen, also behind a last message.
        peer.write_all(b"end").await.unwrap();
        drop(peer);
        loop {
            stream.readable().await.unwrap();
            match stream.try_read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => assert_eq!(&buffer[..count], b"end"),
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
        }
    }
}
