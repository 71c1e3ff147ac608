//! Which revision of Engine.IO a session speaks, and what follows from it for polling payloads.

use std::collections::VecDeque;

use engineioxide_core::ProtocolVersion;

use super::{CloseReason, Frame, v3};

/// A revision of the protocol. A session has one from its handshake to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revision {
    /// Socket.IO 3 and later.
    V4,
    /// Socket.IO 1 and 2, where they are let in.
    V3,
}

/// How a client is written to over one transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// The revision.
    pub revision: Revision,
    /// Whether it takes no bytes, so that binary is text. In the polling of version 4 it always is.
    pub base64: bool,
}

/// The body of an answer to a poll.
#[derive(Debug, PartialEq, Eq)]
pub struct Payload {
    /// The packets, as the session's revision writes them.
    pub body: Vec<u8>,
    /// Whether the body is bytes and no text.
    pub binary: bool,
}

/// A packet that came in a polling payload.
#[derive(Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// A packet that is text, its type in front.
    Text(&'a str),
    /// A message of bytes.
    Binary(&'a [u8]),
}

impl Revision {
    /// Its number, which clients name as `EIO`.
    pub fn number(self) -> u8 {
        match self {
            Self::V4 => 4,
            Self::V3 => 3,
        }
    }

    /// Writes packets as one payload. `base64`: its reader takes no bytes.
    pub fn write(self, frames: &VecDeque<Frame>, base64: bool) -> Payload {
        match self {
            Self::V3 => v3::write(frames, base64),
            Self::V4 => {
                let mut body = Vec::with_capacity(frames.iter().map(Frame::cost).sum());
                for frame in frames {
                    frame.append_to_payload(&mut body);
                }
                Payload { body, binary: false }
            }
        }
    }

    /// Reads a payload and hands over its packets, in order, until `take` or the payload says that the session is to be closed.
    pub fn read(
        self,
        body: &[u8],
        binary: bool,
        take: &mut dyn FnMut(Part<'_>) -> Result<(), CloseReason>,
    ) -> Result<(), CloseReason> {
        match self {
            Self::V3 if binary => v3::read_binary(body, take),
            Self::V3 => v3::read_text(text(body)?, take),
            Self::V4 => text(body)?.split('\x1e').try_for_each(|packet| take(Part::Text(packet))),
        }
    }
}

/// Text that came.
pub(super) fn text(bytes: &[u8]) -> Result<&str, CloseReason> {
    std::str::from_utf8(bytes).map_err(|_| CloseReason::InvalidText)
}

impl From<Revision> for ProtocolVersion {
    fn from(revision: Revision) -> Self {
        match revision {
            Revision::V3 => Self::V3,
            Revision::V4 => Self::V4,
        }
    }
}
