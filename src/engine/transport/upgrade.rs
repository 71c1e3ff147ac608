//! A WebSocket that takes over a polling session, after a probe.

use std::{cell::RefCell, io, sync::Arc};

use tokio::{net::TcpStream, time::timeout};

use super::{
    CLOSE_TIMEOUT, Frame, Session,
    outbox::{Batch, Outbox},
    reader::{FrameReader, Incoming},
    websocket,
};
use crate::engine::config::ms;

/// Bytes of a probe and an upgrade packet, and whatever follows them at once.
const READ_SIZE: usize = 4 * 1024;

thread_local! {
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_SIZE].into());
}

/// Runs the handshake of an upgrade, and the session afterwards. Where it fails, the polling session lives on.
pub async fn run(session: Arc<Session>, stream: Arc<TcpStream>, early: Vec<u8>) {
    if !session.begin_upgrade() {
        // Another one was first, or the session has a WebSocket already.
        refuse(&stream).await;
        return;
    }
    let options = &session.transport().options;
    let mut reader = FrameReader::new(options.max_payload());
    let limit = ms(options.socket.upgrade_timeout);
    let probed = timeout(limit, probe(&session, &stream, &mut reader, early)).await;
    match probed {
        Ok(Some(following)) if session.complete_upgrade(stream.clone()) => {
            websocket::run(session, stream, reader, following).await;
        }
        _ => {
            session.cancel_upgrade();
            refuse(&stream).await;
        }
    }
}

/// Waits for `2probe`, answers it, waits for `5`. What came behind that is returned.
async fn probe(
    session: &Arc<Session>,
    stream: &TcpStream,
    reader: &mut FrameReader,
    mut early: Vec<u8>,
) -> Option<Vec<Incoming>> {
    let mut incoming = Vec::new();
    reader.feed(&mut early, &mut |message| incoming.push(message)).ok()?;
    let mut probed = false;
    loop {
        let mut messages = std::mem::take(&mut incoming).into_iter();
        while let Some(message) = messages.next() {
            match message {
                Incoming::Text(text) if !probed && text.as_str() == "2probe" => {
                    write(stream, &[Frame::text(&["3probe"])]).await.ok()?;
                    session.probed();
                    probed = true;
                }
                Incoming::Text(text) if probed && text.as_str() == "5" => return Some(messages.collect()),
                Incoming::Ping(payload) => write(stream, &[Frame::pong(&payload)]).await.ok()?,
                _ => return None,
            }
        }
        let mut woken = std::pin::pin!(session.wake().notified());
        woken.as_mut().enable();
        if !session.is_open() {
            return None;
        }
        tokio::select! {
            ready = stream.readable() => ready.ok()?,
            () = woken => continue,
        }
        let read: io::Result<()> = BUFFER.with_borrow_mut(|buffer| {
            let count = stream.try_read(buffer)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            reader
                .feed(&mut buffer[..count], &mut |message| incoming.push(message))
                .map_err(|_| io::ErrorKind::InvalidData.into())
        });
        match read {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return None,
            _ => {}
        }
    }
}

/// Closes a WebSocket that no session uses.
async fn refuse(stream: &TcpStream) {
    let _ = timeout(CLOSE_TIMEOUT, write(stream, &[Frame::close(1000, "")])).await;
}

async fn write(stream: &TcpStream, frames: &[Frame]) -> io::Result<()> {
    let mut outbox = Outbox::default();
    outbox.push(frames, usize::MAX);
    let mut batch = Batch::default();
    outbox.take(&mut batch);
    while !batch.write_to(stream)? {
        stream.writable().await?;
    }
    Ok(())
}
