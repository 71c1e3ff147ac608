//! An Engine.IO packet, encoded once for any number of receivers.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::{BufMut, Bytes, BytesMut};
use smallvec::SmallVec;
use tungstenite::protocol::frame::{
    FrameHeader,
    coding::{Control, Data, OpCode},
};

/// Longest header of an unmasked frame.
const MAX_HEADER: usize = 10;

/// One packet as a WebSocket frame. Long-polling takes the payload out of it, so that both transports share one encoding.
/// Cloning shares the bytes.
#[derive(Clone, Debug)]
pub struct Frame {
    bytes: Bytes,
    header: u8,
    binary: bool,
    /// It answers what its receiver asked for.
    asked: bool,
}

/// The frames of one packet: the packet itself and its attachments. They enter an outbox together.
pub type Frames = SmallVec<[Frame; 1]>;

impl Frame {
    /// A text packet, from its parts.
    pub fn text(parts: &[&str]) -> Self {
        Self::encode(OpCode::Data(Data::Text), parts.iter().map(|part| part.as_bytes()))
    }

    /// A binary packet.
    pub fn binary(bytes: &[u8]) -> Self {
        Self::encode(OpCode::Data(Data::Binary), std::iter::once(bytes))
    }

    /// A WebSocket close frame. It never reaches a polling client.
    pub(super) fn close(code: u16, reason: &str) -> Self {
        Self::encode(
            OpCode::Control(Control::Close),
            [code.to_be_bytes().as_slice(), reason.as_bytes()].into_iter(),
        )
    }

    /// A WebSocket pong frame.
    pub(super) fn pong(payload: &[u8]) -> Self {
        Self::encode(OpCode::Control(Control::Pong), std::iter::once(payload))
    }

    fn encode<'a>(opcode: OpCode, parts: impl Iterator<Item = &'a [u8]> + Clone) -> Self {
        let length: usize = parts.clone().map(<[u8]>::len).sum();
        let mut bytes = header(opcode, length, length);
        let header = bytes.len() as u8;
        for part in parts {
            bytes.extend_from_slice(part);
        }
        Self { bytes: bytes.freeze(), header, binary: opcode == OpCode::Data(Data::Binary), asked: false }
    }

    /// Two pieces that together are this frame with one more byte in front of its payload, which they share.
    pub(super) fn with_first_byte(&self, first: u8) -> (Self, Self) {
        let payload = self.bytes.slice(usize::from(self.header)..);
        let mut front = header(OpCode::Data(Data::Binary), payload.len() + 1, 1);
        front.put_u8(first);
        let piece = |bytes| Self { bytes, header: 0, binary: false, asked: self.asked };
        (piece(front.freeze()), piece(payload))
    }

    /// The same binary packet as text, for a WebSocket whose peer takes no bytes.
    pub(super) fn as_text(&self) -> Self {
        Self::text(&["b", &STANDARD.encode(self.packet())]).asked_if(self.asked)
    }

    /// The same frame, as one that answers what its receiver asked for, or as one that does not.
    pub(super) fn asked_if(mut self, asked: bool) -> Self {
        self.asked = asked;
        self
    }

    /// Whether it answers what its receiver asked for.
    pub(super) fn is_asked(&self) -> bool {
        self.asked
    }

    /// Whether it is a binary packet.
    pub(super) fn is_binary(&self) -> bool {
        self.binary
    }

    /// The packet without the frame around it.
    pub(in crate::engine) fn packet(&self) -> &[u8] {
        &self.bytes[usize::from(self.header)..]
    }

    /// The bytes that go out on a WebSocket.
    pub(super) fn wire(&self) -> &[u8] {
        &self.bytes
    }

    /// What the frame costs the outbox that holds it.
    pub(super) fn cost(&self) -> usize {
        self.bytes.len() + size_of::<Self>()
    }

    /// Appends the packet to a long-polling payload.
    pub(super) fn append_to_payload(&self, payload: &mut Vec<u8>) {
        let packet = self.packet();
        if !payload.is_empty() {
            payload.push(b'\x1e');
        }
        if self.binary {
            payload.push(b'b');
            payload.extend_from_slice(STANDARD.encode(packet).as_bytes());
        } else {
            payload.extend_from_slice(packet);
        }
    }
}

/// The header of an unmasked frame, with room for so much behind it.
fn header(opcode: OpCode, length: usize, room: usize) -> BytesMut {
    let mut bytes = BytesMut::with_capacity(MAX_HEADER + room);
    let mut head = [0_u8; MAX_HEADER];
    let mut rest = &mut head[..];
    let header = FrameHeader { opcode, ..FrameHeader::default() };
    // Ten bytes hold the header of any unmasked frame, and writing to a slice fails only for want of room.
    let written = match header.format(length as u64, &mut rest) {
        Ok(()) => MAX_HEADER - rest.len(),
        Err(_) => 0,
    };
    bytes.extend_from_slice(&head[..written]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_encoding_serves_both_transports() {
        let text = Frame::text(&["4", "hello"]);
        assert_eq!(text.wire(), b"\x81\x064hello");
        let binary = Frame::binary(&[1, 2, 3, 4]);
        assert_eq!(binary.wire(), b"\x82\x04\x01\x02\x03\x04");
        let mut payload = Vec::new();
        text.append_to_payload(&mut payload);
        binary.append_to_payload(&mut payload);
        assert_eq!(payload, b"4hello\x1ebAQIDBA==");
    }

    #[test]
    fn long_payloads_have_long_headers() {
        for (length, header) in [(125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let frame = Frame::text(&[&"x".repeat(length)]);
            assert_eq!(frame.wire().len(), length + header);
        }
    }
}
