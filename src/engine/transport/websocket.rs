//! The task of one WebSocket: reads it, and writes where a flusher could not.

use std::{cell::RefCell, io, pin::pin, sync::Arc};

use engineioxide_core::Packet;
use socketioxide_core::Str;
use tokio::{task::yield_now, time::timeout};

use super::{
    CLOSE_TIMEOUT, CloseReason, Receiver, Revision, Session,
    reader::{FrameReader, Incoming},
    stream::Stream,
    v3,
};

/// Bytes read at once: one buffer per thread, not per connection.
const READ_SIZE: usize = 64 * 1024;

thread_local! {
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_SIZE].into());
}

/// Runs a session on its WebSocket until both are gone. `early`: bytes that came together with the upgrade request.
pub async fn run(session: Arc<Session>, stream: Arc<Stream>, mut reader: FrameReader, early: Vec<Incoming>) {
    let linked = Linked(session);
    let session = &linked.0;
    // One that ended while it was upgraded has only its last words left.
    if let Some(receiver) = session.receiver() {
        converse(session, &*receiver, &stream, &mut reader, early).await;
    }
    // Boxed: an open connection's task does not carry the state of its end.
    Box::pin(part(session, &stream, reader)).await;
}

/// Reads and writes until the session is over.
async fn converse(
    session: &Arc<Session>,
    receiver: &dyn Receiver,
    stream: &Stream,
    reader: &mut FrameReader,
    early: Vec<Incoming>,
) {
    for incoming in early {
        handle(session, receiver, incoming);
    }
    loop {
        let mut woken = pin!(session.wake().notified());
        woken.as_mut().enable();
        let intent = session.intent();
        if intent.closing {
            return;
        }
        tokio::select! {
            ready = stream.readable(), if intent.reads => {
                let read = ready.and_then(|()| read_available(session, receiver, stream, reader));
                match read {
                    Ok(Read::All) => {}
                    // One buffer each turn: a peer that sends faster than it is read waits for every other connection.
                    Ok(Read::Full) => yield_now().await,
                    Ok(Read::End) => session.close(CloseReason::TransportClose),
                    Ok(Read::Broken(reason)) => session.close(reason),
                    Err(_) => session.close(CloseReason::TransportError),
                }
            }
            ready = stream.writable(), if intent.writes => match ready {
                Ok(()) => session.unblock(),
                Err(_) => session.close(CloseReason::TransportError),
            },
            () = woken => {}
        }
    }
}

/// A session whose task runs. However that ends, by a panic or because the server is killed, no socket and no session stays behind.
struct Linked(Arc<Session>);

impl Drop for Linked {
    fn drop(&mut self) {
        self.0.close(CloseReason::TransportError);
        self.0.unlink();
    }
}

enum Read {
    /// Nothing is left to read for now.
    All,
    /// The buffer was full: there may be more.
    Full,
    End,
    Broken(CloseReason),
}

/// Reads what is there, one buffer at most, and handles it.
fn read_available(
    session: &Arc<Session>,
    receiver: &dyn Receiver,
    stream: &Stream,
    reader: &mut FrameReader,
) -> io::Result<Read> {
    BUFFER.with_borrow_mut(|buffer| {
        let count = match stream.try_read(buffer) {
            Ok(0) => return Ok(Read::End),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Read::All),
            Err(error) => return Err(error),
        };
        // What one read brings, is answered in one write.
        let result = session.transport().together(|| {
            reader.feed(&mut buffer[..count], &mut |incoming| handle(session, receiver, incoming))
        });
        Ok(match result {
            Err(reason) => Read::Broken(reason),
            Ok(()) if count == buffer.len() => Read::Full,
            Ok(()) => Read::All,
        })
    })
}

fn handle(session: &Arc<Session>, receiver: &dyn Receiver, incoming: Incoming) {
    if !session.is_open() {
        return;
    }
    match incoming {
        Incoming::Text(text) => {
            if let Err(reason) = packet(session, receiver, text) {
                session.close(reason);
            }
        }
        Incoming::Binary(bytes) => match session.revision() {
            Revision::V4 => receiver.binary(bytes),
            Revision::V3 => match v3::message(&bytes) {
                Ok(message) => receiver.binary(bytes.slice_ref(message)),
                Err(reason) => session.close(reason),
            },
        },
        Incoming::Ping(payload) => session.websocket_pong(&payload),
        Incoming::Close => session.close(CloseReason::TransportClose),
    }
}

/// Handles one Engine.IO packet of an open session, from whichever transport.
pub fn packet(session: &Arc<Session>, receiver: &dyn Receiver, text: Str) -> Result<(), CloseReason> {
    let revision = session.revision();
    match Packet::parse(revision.into(), text).map_err(|_| CloseReason::ParseError)? {
        Packet::Message(text) => receiver.message(text),
        Packet::Binary(bytes) | Packet::BinaryV3(bytes) => receiver.binary(bytes),
        // In version 4 it is the server that pings, in version 3 the client.
        Packet::Pong if revision == Revision::V4 => session.pong(),
        Packet::Ping | Packet::PingUpgrade if revision == Revision::V3 => session.pinged(),
        Packet::Pong | Packet::Ping | Packet::PingUpgrade => return Err(CloseReason::TransportError),
        Packet::Close => return Err(CloseReason::TransportClose),
        Packet::Upgrade | Packet::Noop | Packet::PongUpgrade | Packet::Open(_) => {}
    }
    Ok(())
}

/// Sends what is left, the close frame last, and waits for the peer to go, both for a limited time.
async fn part(session: &Arc<Session>, stream: &Stream, mut reader: FrameReader) {
    let drains = timeout(CLOSE_TIMEOUT, async {
        loop {
            let mut woken = pin!(session.wake().notified());
            woken.as_mut().enable();
            session.flush();
            if session.is_drained() {
                return;
            }
            if session.intent().writes {
                match stream.writable().await {
                    Ok(()) => session.unblock(),
                    Err(_) => return,
                }
            } else {
                woken.await;
            }
        }
    });
    // Of one who did not read nothing more is awaited: its outbox was dropped.
    if !session.is_stalled() && drains.await.is_ok() {
        stream.say_goodbye();
        // A peer that closes first spares the server a TIME_WAIT, and unread bytes would turn the close into a reset.
        let _ = timeout(CLOSE_TIMEOUT, read_to_end(stream, &mut reader)).await;
    } else {
        // The kernel would keep megabytes for a peer that does not read.
        stream.reset_when_closed();
    }
}

/// Discards what comes until the peer closes.
async fn read_to_end(stream: &Stream, reader: &mut FrameReader) {
    let mut over = false;
    while !over {
        if stream.readable().await.is_err() {
            return;
        }
        over = BUFFER.with_borrow_mut(|buffer| match stream.try_read(buffer) {
            Ok(0) => true,
            Ok(count) => {
                let mut closed = false;
                let broken =
                    reader.feed(&mut buffer[..count], &mut |incoming| closed |= incoming == Incoming::Close);
                closed || broken.is_err()
            }
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
        });
    }
}
