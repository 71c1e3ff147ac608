//! A WebSocket that takes over a polling session, after a probe.

use std::{cell::RefCell, io, sync::Arc};

use tokio::time::{sleep, timeout};

use super::{
    CLOSE_TIMEOUT, Frame, Session,
    outbox::{Batch, Outbox},
    reader::{FrameReader, Incoming},
    stream::Stream,
    websocket,
};
use crate::engine::config::ms;

/// Bytes of a probe and an upgrade packet, and whatever follows them at once.
const READ_SIZE: usize = 4 * 1024;

thread_local! {
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_SIZE].into());
}

/// Runs the handshake of an upgrade, and the session afterwards. Where it fails, the polling session lives on.
pub async fn run(session: Arc<Session>, stream: Arc<Stream>, base64: bool, early: Vec<u8>) {
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
        Ok(Some(following)) if session.complete_upgrade(stream.clone(), base64) => {
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
    stream: &Stream,
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
                    // Before it is answered: from then on the client polls no more.
                    if !session.probed() {
                        return None;
                    }
                    write(stream, &[Frame::text(&["3probe"])]).await.ok()?;
                    probed = true;
                }
                Incoming::Text(text) if probed && text.as_str() == "5" => return Some(messages.collect()),
                Incoming::Ping(payload) => write(stream, &[Frame::pong(&payload)]).await.ok()?,
                _ => return None,
            }
        }
        let mut woken = std::pin::pin!(session.wake().notified());
        woken.as_mut().enable();
        if !session.awaits_upgrade() {
            return None;
        }
        let is_over = !session.is_open();
        tokio::select! {
            ready = stream.readable() => ready.ok()?,
            () = woken => continue,
            () = sleep(CLOSE_TIMEOUT), if is_over => return None,
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
async fn refuse(stream: &Stream) {
    let _ = timeout(CLOSE_TIMEOUT, write(stream, &[Frame::close(1000, "")])).await;
}

async fn write(stream: &Stream, frames: &[Frame]) -> io::Result<()> {
    let mut outbox = Outbox::default();
    outbox.push(frames, usize::MAX);
    let mut batch = Batch::default();
    outbox.take(&mut batch);
    while !batch.write_to(stream)? {
        stream.writable().await?;
    }
    Ok(())
}
