//! A session without a network, for the fuzz targets: what a client would POST or send goes in, what its next GET would
//! be answered with comes out.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use bytes::Bytes;
use socketioxide_core::Str;

pub use super::reader::{FrameReader, Incoming};
pub use super::revision::Payload;
use super::{
    CloseReason, Frame, Head, Revision, Session, Transport, polling, revision::Dialect, session::Link,
};

/// A polling session that nobody polls.
#[derive(Debug)]
pub struct Offline(Arc<Session>);

impl Offline {
    /// Opens one; the packet that tells its client of it is taken out.
    pub fn open(transport: &Arc<Transport>) -> Self {
        Self::open_as(transport, Revision::V4, false)
    }

    /// The same, of a client that speaks another revision; `base64`: and takes no bytes.
    pub fn open_as(transport: &Arc<Transport>, revision: Revision, base64: bool) -> Self {
        let head = Head {
            url: "/socket.io/?EIO=4&transport=polling".into(),
            headers: "{}".into(),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 1)),
            issued: 0,
            xdomain: false,
            secure: false,
        };
        let link = Link::Polling { waiting: false, receiving: false };
        let dialect = Dialect { revision, base64 };
        let session =
            transport.open(transport.opening(), head, dialect, link).expect("there is a place for it");
        let offline = Self(session);
        let opened = offline.poll().expect("a packet");
        let open: &[u8] = if revision == Revision::V4 { b"0{" } else { b":0{" };
        assert!(opened.body.windows(open.len()).any(|window| window == open));
        offline
    }

    /// Takes a polling payload, as a POST with this body; `binary`: of bytes.
    pub fn post(&self, body: &[u8], binary: bool) -> Result<(), CloseReason> {
        let received = polling::receive(&self.0, body, binary);
        if let Err(reason) = received {
            self.0.close(reason);
        }
        received
    }

    /// Takes a text message, as from a WebSocket, without the packet around it.
    pub fn text(&self, text: Str) {
        if let Some(receiver) = self.0.receiver().filter(|_| self.0.is_open()) {
            receiver.message(text);
        }
    }

    /// Takes a binary message, as from a WebSocket.
    pub fn binary(&self, bytes: Bytes) {
        if let Some(receiver) = self.0.receiver().filter(|_| self.0.is_open()) {
            receiver.binary(bytes);
        }
    }

    /// Queues the frames of one packet for the client.
    pub fn send(&self, frames: &[Frame]) -> bool {
        self.0.send(frames)
    }

    /// Closes the session, as when its client said so.
    pub fn close(&self) {
        self.0.close(CloseReason::TransportClose);
    }

    /// What a GET would be answered with now.
    pub fn poll(&self) -> Option<Payload> {
        let polled = self.0.take_poll(true)?;
        if polled.counts {
            self.0.poll_is_out(true);
        }
        Some(polled.payload)
    }

    /// Whether the session is open.
    pub fn is_open(&self) -> bool {
        self.0.is_open()
    }
}
